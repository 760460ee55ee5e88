// The tensors that the cases name: a file in the safetensors format.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "autograd/tensor.hpp"

namespace conformance {

class Archive {
 public:
  /// Throws std::runtime_error when the file cannot be read or is not of the format.
  explicit Archive(const std::filesystem::path& path);

  /// A fresh tensor with the stored elements; no two calls share memory.
  xgrad::Tensor load(const std::string& name) const;

 private:
  struct Entry {
    xgrad::DType dtype;
    xgrad::Shape shape;
    std::size_t offset;
  };
  std::string bytes_;
  std::map<std::string, Entry> entries_;
};

}  // namespace conformance
