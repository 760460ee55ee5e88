#include "append_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace xgrad::train::detail {

bool AppendFile::open(const char* who, const std::string& path, bool is_new, SourceLocation where) {
  close();
  who_ = who;
  path_ = path;
  descriptor_ = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | (is_new ? O_EXCL : 0), 0666);
  if (descriptor_ < 0 && is_new && errno == EEXIST) return false;
  if (descriptor_ < 0)
    fail<std::runtime_error>(
        where, concat(who, ": '", path, "' must be a file that can be written, but: ", std::strerror(errno), "."));
  return true;
}

void AppendFile::write(std::string_view bytes, SourceLocation where) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor_, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0)
      fail<std::runtime_error>(
          where, concat(who_, ": '", path_, "' must be a file that can be written, but: ", std::strerror(errno), "."));
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

void AppendFile::close() {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
}

}  // namespace xgrad::train::detail
