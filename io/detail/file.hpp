// Files as the readers and writers of io/ see them: read at any place, and written whole or not at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "../../autograd/error.hpp"
#include "../../data/file.hpp"

namespace xgrad::io::detail {

using data::FileError;

/// Throws FileError: "model.safetensors: the problem.".
[[noreturn]] void fail_file(const std::string& path, std::string problem);

template <class... Parts>
void check_file(bool holds, const std::string& path, const Parts&... problem) {
  if (!holds) [[unlikely]]
    fail_file(path, concat(problem...));
}

/// A name from a file as a message shows it: between quotes, without control characters, a long one cut short.
std::string shown_name(std::string_view name);
/// The same as a part of a message, put together only where the message is needed.
struct Shown {
  std::string_view name;
};
inline void append_text(std::string& out, Shown shown) { out += shown_name(shown.name); }

/// A file that is open for reading. Its size is taken once: what is beyond is not read.
class InputFile {
 public:
  /// Throws FileError where there is none, or what is there is no regular file.
  explicit InputFile(const std::string& path);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  const std::string& path() const { return path_; }
  std::uint64_t size() const { return size_; }

  /// Reads that many bytes. Throws FileError where the file has become shorter, or the system cannot read it.
  void read(void* to, std::size_t count, std::uint64_t at) const;

  /// A piece of a file and where it goes.
  struct Piece {
    void* to;
    std::size_t count;
    std::uint64_t at;
  };
  /// Reads many pieces, on several threads where they are large: the system copies each page, and writes to fresh
  /// memory fault.
  void read(const Piece* pieces, std::size_t count) const;

  /// Tells the system that what is in the file is read from its begin to its end, or is not needed again.
  int descriptor() const { return descriptor_; }

 private:
  std::string path_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
};

/// A file that appears under its name when all of it is on the disk, in place of what was there; until then, and where
/// something fails, that stays as it is. It is written under another name in the same folder, which goes with the
/// object.
class OutputFile {
 public:
  /// Throws FileError where the folder cannot be written to, or there is something else than a file of that name.
  explicit OutputFile(const std::string& path);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  const std::string& path() const { return path_; }
  /// How much has been written.
  std::uint64_t size() const { return at_ + buffered_; }

  void write(const void* bytes, std::size_t count);
  void write(std::string_view bytes) { write(bytes.data(), bytes.size()); }
  /// Writes over what has been written.
  void write_at(std::uint64_t at, std::string_view bytes);
  /// Has the file on the disk, then the name. Nothing can be written after it.
  void commit();

  /// Whether a file of this name is what a writer left behind that was killed: one that nobody writes.
  static bool is_abandoned(const std::string& path);

 private:
  void flush();
  void write_out(const char* bytes, std::size_t count, std::uint64_t at);
  [[noreturn]] void fail_to(const char* action) const;

  std::string path_;       // as it was given
  std::string target_;     // what a symbolic link of that name leads to
  std::string temporary_;  // empty once it has gone
  int descriptor_ = -1;
  std::uint64_t at_ = 0;
  std::string buffer_;
  std::size_t buffered_ = 0;
};

}  // namespace xgrad::io::detail
