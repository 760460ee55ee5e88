// A file that only grows, each piece handed to the system at once: what was written stays when the program is killed.
// A piece is written whole or not at all: one that a full disk cuts off is taken back.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "../../autograd/error.hpp"

namespace xgrad::train::detail {

class AppendFile {
 public:
  AppendFile() = default;
  ~AppendFile() { close(); }
  AppendFile(const AppendFile&) = delete;
  AppendFile& operator=(const AppendFile&) = delete;

  /// Opens a file for appending. `is_new`: it must not exist yet; answers with false where it does.
  /// Throws std::runtime_error, beginning with `who`.
  bool open(const char* who, const std::string& path, bool is_new, SourceLocation where);
  /// Throws std::runtime_error where the piece cannot be written; the next one then stands after whole ones all the
  /// same.
  void write(std::string_view bytes, SourceLocation where);
  void close();
  bool is_open() const { return descriptor_ >= 0; }
  const std::string& path() const { return path_; }

 private:
  bool cut_back();
  [[noreturn]] void fail_with(int problem, SourceLocation where) const;

  const char* who_ = "";
  std::string path_;
  int descriptor_ = -1;
  std::int64_t whole_ = -1;  // length up to the end of the last whole piece, where a part of one stands after it
};

}  // namespace xgrad::train::detail
