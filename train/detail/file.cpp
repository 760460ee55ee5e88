#include "file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace xgrad::train::detail {

namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail_to_write(const char* who, const std::string& path, const std::string& problem,
                                SourceLocation where) {
  fail<std::runtime_error>(where,
                           concat(who, ": '", path, "' must be a file that can be written, but: ", problem, "."));
}

/// Opens a new file in the folder of `path`. Its name is short: a suffix would make some names too long.
int open_beside(const std::string& path, std::string& name) {
  static std::atomic<unsigned> number{0};
  const std::string folder = path.substr(0, path.rfind('/') + 1);  // npos + 1 is 0
  for (int attempt = 0; attempt < 1000; ++attempt) {
    name = folder + ".xgrad-" + std::to_string(getpid()) + "-" + std::to_string(++number) + ".part";
    const int descriptor = open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor >= 0 || errno != EEXIST) return descriptor;
  }
  return -1;
}

}  // namespace

void make_folder_of(const char* who, const std::string& path, SourceLocation where) {
  const fs::path target(path);
  if (!target.has_parent_path()) return;
  std::error_code error, ignored;
  fs::create_directories(target.parent_path(), error);
  // The file itself would only tell that the folder is not there.
  if (error && !fs::is_directory(target.parent_path(), ignored)) fail_to_write(who, path, error.message(), where);
}

void write_file(const char* who, const std::string& path, std::string_view bytes, SourceLocation where) {
  make_folder_of(who, path, where);
  std::string temporary;
  const int descriptor = open_beside(path, temporary);
  if (descriptor < 0) fail_to_write(who, path, std::strerror(errno), where);
  int problem = 0;
  while (!bytes.empty() && problem == 0) {
    const ssize_t count = ::write(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0)
      problem = count == 0 ? ENOSPC : errno;
    else
      bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  if (close(descriptor) != 0 && problem == 0) problem = errno;
  if (problem == 0 && std::rename(temporary.c_str(), path.c_str()) == 0) return;
  if (problem == 0) problem = errno;
  std::remove(temporary.c_str());
  fail_to_write(who, path, std::strerror(problem), where);
}

std::string extension_of(const std::string& path) {
  std::string extension = std::filesystem::path(path).extension().string();
  if (!extension.empty()) extension.erase(0, 1);
  for (char& c : extension)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return extension;
}

}  // namespace xgrad::train::detail
