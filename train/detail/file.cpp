#include "file.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace xgrad::train::detail {

void write_file(const char* who, const std::string& path, std::string_view bytes, SourceLocation where) {
  namespace fs = std::filesystem;
  const fs::path target(path);
  std::error_code error;
  if (target.has_parent_path()) fs::create_directories(target.parent_path(), error);
  const std::string temporary = path + "." + std::to_string(getpid()) + ".part";
  std::FILE* file = std::fopen(temporary.c_str(), "wb");
  check<std::runtime_error>(
      file != nullptr, where, who, ": '", path,
      "' must be a file that can be written, but: ", [] { return std::string(std::strerror(errno)); }, ".");
  const bool is_written = std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size();
  const int problem = is_written ? 0 : errno;
  const bool is_closed = std::fclose(file) == 0;
  if (is_written && is_closed && std::rename(temporary.c_str(), path.c_str()) == 0) return;
  const std::string message = std::strerror(is_written ? errno : problem);
  std::remove(temporary.c_str());
  fail<std::runtime_error>(where,
                           concat(who, ": '", path, "' must be a file that can be written, but: ", message, "."));
}

std::string extension_of(const std::string& path) {
  std::string extension = std::filesystem::path(path).extension().string();
  if (!extension.empty()) extension.erase(0, 1);
  for (char& c : extension)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return extension;
}

}  // namespace xgrad::train::detail
