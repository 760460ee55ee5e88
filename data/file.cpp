#include "file.hpp"

#include <zlib.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace xgrad::data {
namespace {

std::string place(const std::string& file, std::int64_t line, std::int64_t column) {
  if (file.empty()) return "file '': ";
  return line == 0 ? file + ": " : file + ':' + std::to_string(line) + ':' + std::to_string(column) + ": ";
}

}  // namespace

FileError::FileError(std::string file, std::int64_t line, std::int64_t column, const std::string& problem)
    : std::runtime_error(place(file, line, column) + problem), file_(std::move(file)), line_(line), column_(column) {}

FileContents read_file(const std::string& path) {
  // zlib hands plain files through as they are.
  errno = 0;
  std::unique_ptr<gzFile_s, int (*)(gzFile)> file(gzopen(path.c_str(), "rb"), gzclose);
  if (file == nullptr) throw FileError(path, 0, 0, std::string("the file cannot be opened: ") + std::strerror(errno));

  constexpr unsigned kChunk = 1 << 18;
  gzbuffer(file.get(), kChunk);
  FileContents contents;
  int count;
  do {
    const std::size_t size = contents.bytes.size();
    contents.bytes.resize(size + kChunk);
    count = gzread(file.get(), contents.bytes.data() + size, kChunk);
    contents.bytes.resize(size + static_cast<std::size_t>(count > 0 ? count : 0));
  } while (count > 0);

  if (count < 0) {
    int code;
    const std::string reason = gzerror(file.get(), &code);
    if (code == Z_ERRNO) throw FileError(path, 0, 0, std::string("the file cannot be read: ") + std::strerror(errno));
    contents.problem = "the gzip stream is damaged (" + reason + ')';
  } else if (gzclose(file.release()) == Z_BUF_ERROR) {
    contents.problem = "the gzip stream is truncated";
  }
  return contents;
}

}  // namespace xgrad::data
