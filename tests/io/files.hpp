// Files for tests of readers and writers: a folder that lives as long as a test case, and bytes put together by hand.
#pragma once

#include <stdlib.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include <xgrad/autograd/ops.hpp>
#include "../source_dir.hpp"

namespace xgrad::testing {

/// A folder of its own, removed at the end.
class Folder {
 public:
  Folder() {
    std::string path = (std::filesystem::temp_directory_path() / "xgrad_io_XXXXXX").string();
    path_ = mkdtemp(path.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string path() const { return path_; }
  std::string operator()(const std::string& name) const { return path_ + '/' + name; }
  /// Writes a file, and answers with its path.
  std::string write(const std::string& name, std::string_view bytes) const {
    std::ofstream((*this)(name), std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return (*this)(name);
  }
  std::string read(const std::string& name) const {
    std::ifstream file((*this)(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  /// How many files are in it.
  int count() const {
    int count = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(path_)) ++count;
    return count;
  }

 private:
  std::string path_;
};

/// An integer as `bytes` bytes, the lowest first.
inline std::string little(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i) & 0xFF);
  return text;
}

/// The bytes of a number as they lie in memory.
template <class T>
std::string bytes_of(std::initializer_list<T> values) {
  std::string bytes;
  for (T value : values) bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
  return bytes;
}

/// Whether two tensors have the same dtype, shape and bits.
inline bool same_bits(const Tensor& a, const Tensor& b) {
  if (!a.defined() || !b.defined() || a.dtype() != b.dtype() || a.shape() != b.shape()) return false;
  const Tensor x = contiguous(a.detach()), y = contiguous(b.detach());
  auto equal = [&]<class T>(T) {
    return std::string_view(reinterpret_cast<const char*>(x.data<T>()), sizeof(T) * x.numel()) ==
           std::string_view(reinterpret_cast<const char*>(y.data<T>()), sizeof(T) * y.numel());
  };
  switch (a.dtype()) {
    case DType::boolean:
      return equal(bool{});
    case DType::int64:
      return equal(std::int64_t{});
    case DType::float32:
      return equal(float{});
    default:
      return equal(double{});
  }
}

}  // namespace xgrad::testing
