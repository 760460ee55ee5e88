#include "file.hpp"

#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>

#include "../autograd/error.hpp"

namespace xgrad XGRAD_API {
namespace data {
namespace {

std::string place(const std::string& file, std::int64_t line, std::int64_t column) {
  if (file.empty()) return "file '': ";
  return line == 0 ? file + ": " : file + ':' + std::to_string(line) + ':' + std::to_string(column) + ": ";
}

constexpr std::size_t kChunk = 1 << 18;

/// Decompresses a gzip stream that comes in pieces. zlib's own gzread() drops what follows the first member where it is
/// no second one: a table whose end was appended uncompressed would lose it.
class Inflater {
 public:
  explicit Inflater(FileContents& contents) : contents_(contents) {
    constexpr int kGzip = 16 + MAX_WBITS;
    if (inflateInit2(&stream_, kGzip) != Z_OK) throw std::bad_alloc();
  }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  /// False when the stream is damaged: the problem is noted then, and no more is taken.
  bool take(const char* bytes, std::size_t count) {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes));
    stream_.avail_in = static_cast<uInt>(count);
    while (stream_.avail_in > 0) {
      if (!in_member_) {
        if (in_padding_ || *stream_.next_in != kMagic[0]) {
          in_padding_ = true;
          return take_padding();
        }
        inflateReset(&stream_);
        in_member_ = true;
        member_bytes_ = 0;
      }
      if (!inflate_some()) return false;
    }
    return true;
  }
  void finish() {
    if (!in_member_) return;
    // A byte or two like a member's first are no member.
    contents_.problem = members_ > 0 && member_bytes_ < 2 ? kTrailing : "the gzip stream is truncated";
  }

  static bool is_gzip(std::string_view bytes) {
    return bytes.size() >= 2 && static_cast<unsigned char>(bytes[0]) == kMagic[0] &&
           static_cast<unsigned char>(bytes[1]) == kMagic[1];
  }

 private:
  bool inflate_some() {
    std::string& bytes = contents_.bytes;
    const std::size_t size = bytes.size();
    bytes.resize(size + kChunk);
    stream_.next_out = reinterpret_cast<Bytef*>(bytes.data() + size);
    stream_.avail_out = kChunk;
    const uInt before = stream_.avail_in;
    const int code = inflate(&stream_, Z_NO_FLUSH);
    bytes.resize(size + kChunk - stream_.avail_out);
    member_bytes_ += before - stream_.avail_in;
    if (code == Z_MEM_ERROR) throw std::bad_alloc();
    if (code == Z_STREAM_END) {
      in_member_ = false;
      ++members_;
    } else if (code != Z_OK && code != Z_BUF_ERROR) {
      // What follows a member and has no member's header belongs to no gzip stream.
      const bool no_header =
          members_ > 0 && stream_.msg != nullptr && std::string_view(stream_.msg) == "incorrect header check";
      contents_.problem = no_header ? kTrailing
                                    : std::string("the gzip stream is damaged (") +
                                          (stream_.msg != nullptr ? stream_.msg : "no reason is known") + ')';
      return false;
    }
    return true;
  }
  bool take_padding() {
    const bool zeros =
        std::all_of(stream_.next_in, stream_.next_in + stream_.avail_in, [](Bytef byte) { return byte == 0; });
    if (!zeros) contents_.problem = kTrailing;
    return zeros;
  }

  static constexpr unsigned char kMagic[] = {0x1f, 0x8b};
  static constexpr const char* kTrailing = "the gzip stream ends, but other bytes follow";

  FileContents& contents_;
  z_stream stream_{};
  bool in_member_ = true, in_padding_ = false;
  std::size_t members_ = 0, member_bytes_ = 0;
};

}  // namespace

FileError::FileError(std::string file, std::int64_t line, std::int64_t column, const std::string& problem)
    : std::runtime_error(with_place(shortened(place(file, line, column) + problem), {})),
      file_(std::move(file)),
      line_(line),
      column_(column) {}

FileContents read_file(const std::string& path) {
  errno = 0;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), std::fclose);
  if (file == nullptr)
    throw FileError(path, 0, 0, std::string("the file cannot be opened: ") + std::strerror(errno) + '.');

  FileContents contents;
  std::string chunk(kChunk, '\0');
  std::unique_ptr<Inflater> inflater;
  for (bool first = true;; first = false) {
    const std::size_t count = std::fread(chunk.data(), 1, kChunk, file.get());
    if (std::ferror(file.get()) != 0)
      throw FileError(path, 0, 0, std::string("the file cannot be read: ") + std::strerror(errno) + '.');
    if (count == 0) break;
    if (first && Inflater::is_gzip({chunk.data(), count})) inflater = std::make_unique<Inflater>(contents);
    if (inflater == nullptr)
      contents.bytes.append(chunk, 0, count);
    else if (!inflater->take(chunk.data(), count))
      return contents;
  }
  if (inflater != nullptr) inflater->finish();
  return contents;
}

}  // namespace data
}  // namespace xgrad
