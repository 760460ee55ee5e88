// Reading data files, plain or compressed by gzip, and the error that tells where one is wrong.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

#include "../autograd/config.hpp"

namespace xgrad XGRAD_API {
namespace data {

/// Error in a data file, which is missing, empty, truncated or malformed. The message has its place in the file and the
/// line that called for it: "digits.csv.gz:17:3: column 2: a number is expected, but it is 'abc'. at train.cpp:12".
class FileError : public std::runtime_error {
 public:
  /// Makes the message from the place and the problem. `line` and `column` (a position in bytes) count from 1; 0 where
  /// the file has no lines or none was read.
  FileError(std::string file, std::int64_t line, std::int64_t column, const std::string& problem);

  const std::string& file() const { return file_; }  ///< its path
  std::int64_t line() const { return line_; }        ///< counted from 1; 0: none
  std::int64_t column() const { return column_; }    ///< position in bytes, counted from 1; 0: none

 private:
  std::string file_;
  std::int64_t line_, column_;
};

/// Contents of a file, decompressed.
struct FileContents {
  std::string bytes;
  std::string
      problem;  ///< why reading ended early, when it did: a gzip stream that is truncated, damaged, or followed by
                ///< other bytes; without a full stop
};

/// Reads a whole file. One compressed by gzip is known by its first bytes, whatever its name; it may be of several
/// members and end in zeros. Throws FileError when the file cannot be opened or read.
FileContents read_file(const std::string& path);

}  // namespace data
}  // namespace xgrad
