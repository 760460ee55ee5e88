#include "archive.hpp"

#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>

#include <xgrad/autograd/ops.hpp>
#include "json.hpp"

namespace conformance {
namespace {

using xgrad::DType;

DType dtype_named(const std::string& name) {
  if (name == "F64") return DType::float64;
  if (name == "F32") return DType::float32;
  if (name == "I64") return DType::int64;
  if (name == "BOOL") return DType::boolean;
  throw Unsupported("xgrad has no dtype " + name);
}

xgrad::Shape shape_of(const std::vector<std::int64_t>& extents) {
  if (extents.size() > static_cast<std::size_t>(xgrad::kMaxDims))
    throw Unsupported("xgrad's tensors have at most " + std::to_string(xgrad::kMaxDims) + " axes, not " +
                      std::to_string(extents.size()));
  return xgrad::Shape(extents);
}

template <class T>
xgrad::Tensor copied(const char* bytes, const xgrad::Shape& shape) {
  // The file's bytes are not aligned for T.
  const auto count = static_cast<std::size_t>(shape.numel());
  const auto values = std::make_unique<T[]>(count + 1);
  std::memcpy(values.get(), bytes, count * sizeof(T));
  return xgrad::from_data<T>(values.get(), shape);
}

}  // namespace

Archive::Archive(const std::filesystem::path& path, Layout layout) : layout_(layout) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path.string());
  bytes_.assign(std::istreambuf_iterator<char>(file), {});

  std::uint64_t header_size = 0;
  if (bytes_.size() >= sizeof header_size) std::memcpy(&header_size, bytes_.data(), sizeof header_size);
  const std::uint64_t begin = sizeof header_size + header_size;
  if (header_size == 0 || begin > bytes_.size()) throw std::runtime_error(path.string() + " is truncated");

  const Value header = parse_json(std::string_view(bytes_).substr(sizeof header_size, header_size));
  for (const auto& [name, entry] : header.members()) {
    if (name == "__metadata__") continue;
    std::vector<std::int64_t> extents;
    for (const Value& extent : entry["shape"].list()) extents.push_back(extent.integer());
    const auto offset = [&, &offsets = entry["data_offsets"].list()](std::size_t i) {
      return begin + static_cast<std::uint64_t>(offsets.at(i).integer());
    };
    if (offset(1) > bytes_.size()) throw std::runtime_error(path.string() + " ends before the last element of " + name);
    entries_.emplace(name, Entry{entry["dtype"].text(), std::move(extents), offset(0), offset(1)});
  }
}

xgrad::Tensor Archive::load(const std::string& name) const {
  const auto found = entries_.find(name);
  if (found == entries_.end()) throw std::runtime_error("the tensor file has no tensor " + name);
  const Entry& entry = found->second;
  const DType dtype = dtype_named(entry.dtype);
  const xgrad::Shape shape = shape_of(entry.extents);
  if (static_cast<std::uint64_t>(shape.numel()) * size_of(dtype) != entry.end - entry.begin)
    throw std::runtime_error("the tensor file has too many or too few bytes for " + name);
  const char* bytes = bytes_.data() + entry.begin;
  switch (dtype) {
    case DType::float64:
      return copied<double>(bytes, shape);
    case DType::float32:
      return copied<float>(bytes, shape);
    case DType::int64:
      return copied<std::int64_t>(bytes, shape);
    case DType::boolean:
      return copied<bool>(bytes, shape);
  }
  throw std::logic_error("unreachable");
}

xgrad::Tensor Archive::laid_out(const xgrad::Tensor& x) const {
  if (layout_ == Layout::contiguous || x.ndim() == xgrad::kMaxDims) return x;
  return xgrad::stack({x, x}, -1)[{xgrad::ellipsis, 0}];
}

}  // namespace conformance
