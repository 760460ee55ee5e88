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
  throw std::runtime_error("the tensor file holds the dtype " + name + ", which the format does not name");
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
    xgrad::Shape shape;
    for (const Value& extent : entry["shape"].list()) shape.push_back(extent.integer());
    const DType dtype = dtype_named(entry["dtype"].text());
    const auto offset = begin + static_cast<std::uint64_t>(entry["data_offsets"].list()[0].integer());
    if (offset + static_cast<std::uint64_t>(shape.numel()) * size_of(dtype) > bytes_.size())
      throw std::runtime_error(path.string() + " ends before the last element of " + name);
    entries_.emplace(name, Entry{dtype, shape, offset});
  }
}

xgrad::Tensor Archive::load(const std::string& name) const {
  const auto found = entries_.find(name);
  if (found == entries_.end()) throw std::runtime_error("the tensor file has no tensor " + name);
  const Entry& entry = found->second;
  const char* bytes = bytes_.data() + entry.offset;
  switch (entry.dtype) {
    case DType::float64:
      return copied<double>(bytes, entry.shape);
    case DType::float32:
      return copied<float>(bytes, entry.shape);
    case DType::int64:
      return copied<std::int64_t>(bytes, entry.shape);
    case DType::boolean:
      return copied<bool>(bytes, entry.shape);
  }
  throw std::logic_error("unreachable");
}

xgrad::Tensor Archive::laid_out(const xgrad::Tensor& x) const {
  if (layout_ == Layout::contiguous || x.ndim() == xgrad::kMaxDims) return x;
  return xgrad::stack({x, x}, -1)[{xgrad::ellipsis, 0}];
}

}  // namespace conformance
