#include "append_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
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
  if (descriptor_ < 0) fail_with(errno, where);
  return true;
}

void AppendFile::write(std::string_view bytes, SourceLocation where) {
  struct stat status {};
  // What could not be taken back when it was cut off is taken back now, before anything stands after it.
  if (whole_ >= 0 && !cut_back()) fail_with(errno, where);
  const bool has_length = fstat(descriptor_, &status) == 0 && S_ISREG(status.st_mode);
  const std::size_t all = bytes.size();
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor_, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      const int problem = count == 0 ? ENOSPC : errno;
      if (has_length && bytes.size() < all) {
        whole_ = status.st_size;
        cut_back();
      }
      fail_with(problem, where);
    }
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

bool AppendFile::cut_back() {
  if (ftruncate(descriptor_, static_cast<off_t>(whole_)) != 0) return false;
  whole_ = -1;
  return true;
}

void AppendFile::fail_with(int problem, SourceLocation where) const {
  fail<std::runtime_error>(
      where, concat(who_, ": '", path_, "' must be a file that can be written, but: ", std::strerror(problem), "."));
}

void AppendFile::close() {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
  whole_ = -1;
}

}  // namespace xgrad::train::detail
