#include "idx.hpp"

#include <filesystem>
#include <string_view>
#include <vector>

#include "../autograd/ops/create.hpp"
#include "../autograd/ops/elementwise.hpp"

namespace xgrad::data {
namespace {

template <class T>
Tensor from_bytes(std::string_view bytes, const Shape& shape, SourceLocation where) {
  std::vector<T> values(bytes.size());
  for (std::size_t i = 0; i < bytes.size(); ++i) values[i] = static_cast<T>(static_cast<unsigned char>(bytes[i]));
  return from_data(values.data(), shape, where);
}

/// The file under its own name or with .gz at the end.
std::string find_file(const std::string& folder, const char* file) {
  const std::filesystem::path path = std::filesystem::path(folder) / file;
  return std::filesystem::exists(path) ? path.string() : path.string() + ".gz";
}

}  // namespace

Tensor read_idx(const std::string& path, DType dtype, SourceLocation where) {
  check(dtype != DType::boolean, where, "read_idx: dtype must be int64, float32 or float64, but is ", dtype);
  const FileContents contents = read_file(path);
  std::string_view rest = contents.bytes;
  auto require = [&](bool holds, const auto&... problem) {
    if (!holds) throw FileError(path, 0, 0, concat(problem...));
  };
  require(contents.problem.empty(), contents.problem, " after ", rest.size(), " bytes");

  // Two zero bytes, the type of the elements, the number of axes; then the extents, 32 bits each, big end
  // first.
  constexpr char kUnsignedByte = 8;
  require(rest.size() >= 4 && rest[0] == 0 && rest[1] == 0, "an IDX file is expected, but it does not begin as one");
  require(rest[2] == kUnsignedByte, "elements of type 8 (unsigned bytes) are expected, but the type is ",
          static_cast<int>(rest[2]));
  const int axes = static_cast<unsigned char>(rest[3]);
  require(axes <= kMaxDims, "at most ", kMaxDims, " axes are expected, but the file has ", axes);
  rest.remove_prefix(4);
  require(rest.size() >= std::size_t{4} * axes, "the file ends within the extents of its ", axes, " axes");
  Shape shape;
  std::uint64_t count = 1;
  for (int axis = 0; axis < axes; ++axis) {
    std::uint32_t extent = 0;
    for (int i = 0; i < 4; ++i) extent = extent << 8 | static_cast<unsigned char>(rest[i]);
    rest.remove_prefix(4);
    shape.push_back(extent);
    require(extent == 0 || count <= rest.max_size() / extent, "the extents are too large");
    count *= extent;
  }
  require(rest.size() == count, "the extents ", shape, " need ", count, " bytes of elements, but the file has ",
          rest.size());

  switch (dtype) {
    case DType::int64:
      return from_bytes<std::int64_t>(rest, shape, where);
    case DType::float32:
      return from_bytes<float>(rest, shape, where);
    default:
      return from_bytes<double>(rest, shape, where);
  }
}

Dataset read_mnist(const std::string& folder, MnistPart part, SourceLocation where) {
  CallSite site(where);
  const bool train = part == MnistPart::train;
  const Tensor images =
      read_idx(find_file(folder, train ? "train-images-idx3-ubyte" : "t10k-images-idx3-ubyte"), DType::float32, where);
  const Tensor labels =
      read_idx(find_file(folder, train ? "train-labels-idx1-ubyte" : "t10k-labels-idx1-ubyte"), DType::int64, where);
  Dataset dataset{images / 255, labels};
  dataset.size(where);
  return dataset;
}

}  // namespace xgrad::data
