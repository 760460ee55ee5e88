// The tensors that the cases name: a file in the safetensors format.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <xgrad/autograd/tensor.hpp>

namespace conformance {

/// How the tensors lie in memory that operations are called with.
enum class Layout { contiguous, strided };

class Archive {
 public:
  /// Throws std::runtime_error when the file cannot be read or is not of the format.
  explicit Archive(const std::filesystem::path& path, Layout layout = Layout::contiguous);

  /// A fresh tensor with the stored elements; no two calls share memory. Throws Unsupported where xgrad has no such
  /// tensors.
  xgrad::Tensor load(const std::string& name) const;
  /// x in the layout in which operations are to get it: x itself, or (recorded) a view of every other element
  /// of a larger tensor.
  xgrad::Tensor laid_out(const xgrad::Tensor& x) const;

 private:
  // As the file says it: a tensor that xgrad cannot hold concerns only the cases that name it.
  struct Entry {
    std::string dtype;
    std::vector<std::int64_t> extents;
    std::uint64_t begin;
    std::uint64_t end;
  };
  Layout layout_;
  std::string bytes_;
  std::map<std::string, Entry> entries_;
};

}  // namespace conformance
