// Zip archives of files that are read and written one after the other.
//
// A container of our own, as zlib has the compression alone, and a library for archives (libzip, minizip) would be one
// more that users have to install, for the few hundred lines that .npz files take, and refuses less of what lies.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "array.hpp"
#include "file.hpp"

namespace xgrad::io::detail {

/// A file in an archive.
struct ZipMember {
  std::string name;
  bool is_deflated = false;
  std::uint32_t checksum = 0;
  std::uint64_t stored_size = 0;  // in the archive
  std::uint64_t size = 0;
  std::uint64_t begin = 0, data = 0;  // where it begins in the archive, and its bytes do

  std::uint64_t end() const { return data + stored_size; }
};

/// The members in the order of the archive's directory. Throws FileError where the archive contradicts itself.
std::vector<ZipMember> zip_directory(const InputFile& file);

/// The bytes of a member, from its begin to its end.
class ZipSource : public ByteSource {
 public:
  /// `what` begins messages: "array 'x'".
  static std::unique_ptr<ZipSource> open(const InputFile& file, const ZipMember& member, std::string what);
  /// Throws FileError unless all has been read, the member ends there, and its checksum is right.
  virtual void finish() = 0;
};

/// Writes an archive.
class ZipWriter {
 public:
  explicit ZipWriter(OutputFile& file) : file_(file) {}

  /// Adds a member, whose bytes are those of the two parts.
  void add(const std::string& name, std::string_view first, std::string_view second, bool deflate);
  /// Writes the directory. Nothing can be added after it.
  void finish();

 private:
  /// Writes the bytes deflated, and answers with how many they have become.
  std::uint64_t write_deflated(std::string_view first, std::string_view second);

  OutputFile& file_;
  std::vector<ZipMember> members_;
};

}  // namespace xgrad::io::detail
