#include "idx.hpp"

#include <filesystem>
#include <string_view>
#include <system_error>
#include <vector>

#include "../autograd/ops/arithmetic.hpp"
#include "../autograd/ops/choose.hpp"
#include "../autograd/ops/create.hpp"

namespace xgrad XGRAD_API {
namespace data {
namespace {

template <class T>
Tensor from_bytes(std::string_view bytes, const Shape& shape, SourceLocation where) {
  std::vector<T> values(bytes.size());
  for (std::size_t i = 0; i < bytes.size(); ++i) values[i] = static_cast<T>(static_cast<unsigned char>(bytes[i]));
  return from_data(values.data(), shape, where);
}

/// The file that there is of "train-images-idx3-ubyte", the same with a dot before idx3, and both with .gz at the end;
/// the first where there is none.
std::string find_file(const std::string& folder, const std::string& file) {
  std::string dotted = file;
  dotted[file.find("-idx")] = '.';
  for (const std::string& name : {file, dotted, file + ".gz", dotted + ".gz"}) {
    const std::filesystem::path path = std::filesystem::path(folder) / name;
    std::error_code error;
    // A file that cannot be looked at (a loop of links) is there: to open it will tell why.
    if (std::filesystem::exists(path, error) || error) return path.string();
  }
  return (std::filesystem::path(folder) / file).string();
}

Tensor read_part(const std::string& path, const char* what, int axes, DType dtype, SourceLocation where) {
  Tensor array = read_idx(path, dtype, where);
  if (array.ndim() != axes)
    throw FileError(path, 0, 0,
                    concat(what, " of ", axes, axes == 1 ? " axis are" : " axes are", " expected, but the shape is ",
                           array.shape(), '.'));
  return array;
}

}  // namespace

Tensor read_idx(const std::string& path, DType dtype, SourceLocation where) {
  check(dtype != DType::boolean, where, "read_idx: dtype must be int64, float32 or float64, but it is ", dtype, '.');
  CallSite site(where);
  const FileContents contents = read_file(path);
  std::string_view rest = contents.bytes;
  auto require = [&](bool holds, const auto&... problem) {
    if (!holds) throw FileError(path, 0, 0, concat(problem..., '.'));
  };
  require(contents.problem.empty(), contents.problem, " after ", rest.size(), " bytes");

  // Two zero bytes, the type of the elements, the number of axes; then the extents, 32 bits each, big end
  // first.
  constexpr char kUnsignedByte = 8;
  constexpr std::uint64_t kMostElements = std::uint64_t{1} << 48;
  require(rest.size() >= 4 && rest[0] == 0 && rest[1] == 0, "an IDX file is expected, but it does not begin as one");
  require(rest[2] == kUnsignedByte, "elements of type 8 (unsigned bytes) are expected, but their type is ",
          static_cast<int>(static_cast<unsigned char>(rest[2])));
  const int axes = static_cast<unsigned char>(rest[3]);
  require(axes <= kMaxDims, "at most ", kMaxDims, " axes are expected, but the file has ", axes);
  rest.remove_prefix(4);
  require(rest.size() >= std::size_t{4} * axes, "the file ends within the extents of its ", axes, " axes");
  Shape shape;
  // Of the extents that are not 0, for an array without elements has strides as well.
  std::uint64_t span = 1;
  for (int axis = 0; axis < axes; ++axis) {
    std::uint32_t extent = 0;
    for (int i = 0; i < 4; ++i) extent = extent << 8 | static_cast<unsigned char>(rest[i]);
    rest.remove_prefix(4);
    shape.push_back(extent);
    require(extent == 0 || span <= kMostElements / extent, "the extents must be of an array of at most ", kMostElements,
            " elements, but they are larger: ", extent, " along axis ", axis);
    if (extent != 0) span *= extent;
  }
  const auto count = static_cast<std::uint64_t>(shape.numel());
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
  const std::string start = part == MnistPart::train ? "train" : "t10k";
  const std::string label_file = find_file(folder, start + "-labels-idx1-ubyte");
  const Tensor images = read_part(find_file(folder, start + "-images-idx3-ubyte"), "images", 3, DType::float32, where);
  const Tensor labels = read_part(label_file, "labels", 1, DType::int64, where);
  if (labels.size(0) != images.size(0))
    throw FileError(
        label_file, 0, 0,
        concat("one label for each of ", images.size(0), " images is expected, but there are ", labels.size(0), '.'));
  return {images / 255, labels};
}

}  // namespace data
}  // namespace xgrad
