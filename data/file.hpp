// Reading data files, plain or compressed by gzip, and the error that tells where one is wrong.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

#include "../autograd/config.hpp"

namespace xgrad XGRAD_API {
namespace data {

/// A data file is missing, empty, truncated or malformed: "digits.csv.gz:17:3: a number is expected, but
/// ...".
class FileError : public std::runtime_error {
 public:
  /// `line` and `column` (a position in bytes) count from 1; 0 where the file has no lines or none was read.
  FileError(std::string file, std::int64_t line, std::int64_t column, const std::string& problem);

  const std::string& file() const { return file_; }
  std::int64_t line() const { return line_; }
  std::int64_t column() const { return column_; }

 private:
  std::string file_;
  std::int64_t line_, column_;
};

/// What a file holds, decompressed.
struct FileContents {
  std::string bytes;
  std::string problem;  ///< why reading ended early, when it did: a truncated or damaged gzip stream
};

/// The whole file; one compressed by gzip is known by its first bytes, whatever its name. Throws FileError
/// when it cannot be opened or read.
FileContents read_file(const std::string& path);

}  // namespace data
}  // namespace xgrad
