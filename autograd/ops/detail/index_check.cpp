#include "index_check.hpp"

#include <algorithm>

#include "../../kernels/elementwise.hpp"
#include "../../tensor_impl.hpp"
#include "result.hpp"

namespace xgrad::internal {

namespace {

/// The indices, contiguous.
Tensor given_indices(const char* operation, const Tensor& indices, SourceLocation where) {
  check(indices.defined(), where, operation, ": the indices must be defined, but they are default-constructed.");
  check(indices.dtype() == DType::int64, where, operation, ": the indices must be int64, but they are ",
        indices.dtype(), ".");
  if (indices.is_contiguous()) return indices;
  Tensor checked = new_result(operation, indices.shape(), DType::int64, where);
  copy_into(checked, indices);
  return checked;
}

/// Throws for the first index outside of [least, extent).
[[noreturn]] void fail_index(const char* operation, const Tensor& indices, std::int64_t least, std::int64_t extent,
                             const Shape& shape, int axis, SourceLocation where) {
  const auto* values = data_of<std::int64_t>(indices);
  std::int64_t at =
      std::find_if(values, values + indices.numel(), [=](std::int64_t i) { return i < least || i >= extent; }) - values;
  fail<std::out_of_range>(
      where, concat(operation, ": indices must be in [", least, ", ", extent, ") on axis ", axis, " of x ", shape,
                    ", but the one at ", position_of(at, indices.shape()), " is ", values[at], "."));
}

}  // namespace

Tensor checked_indices(const char* operation, const Tensor& indices, const Tensor& x, int axis, SourceLocation where) {
  Tensor checked = given_indices(operation, indices, where);
  const auto* values = data_of<std::int64_t>(checked);
  std::int64_t count = checked.numel();
  std::int64_t extent = x.ndim() == 0 ? 1 : x.shape()[axis];
  bool wrong = false;  // a loop without a way out is vectorised
  for (std::int64_t i = 0; i < count; ++i)
    wrong |= static_cast<std::uint64_t>(values[i]) >= static_cast<std::uint64_t>(extent);
  if (wrong) [[unlikely]]
    fail_index(operation, checked, 0, extent, x.shape(), axis, where);
  return checked;
}

Tensor wrapped_indices(const char* operation, const Tensor& indices, const Shape& shape, int axis,
                       SourceLocation where) {
  Tensor checked = given_indices(operation, indices, where);
  const auto* values = data_of<std::int64_t>(checked);
  std::int64_t count = checked.numel(), extent = shape.ndim() == 0 ? 1 : shape[axis];
  const auto size = static_cast<std::uint64_t>(extent);
  bool wrong = false;
  std::int64_t signs = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    wrong |= static_cast<std::uint64_t>(values[i]) + size >= 2 * size;
    signs |= values[i];
  }
  if (wrong) [[unlikely]]
    fail_index(operation, checked, -extent, extent, shape, axis, where);
  if (signs >= 0) return checked;
  Tensor wrapped = new_result(operation, checked.shape(), DType::int64, where);
  auto* to = data_of<std::int64_t>(wrapped);
  for (std::int64_t i = 0; i < count; ++i) to[i] = values[i] < 0 ? values[i] + extent : values[i];
  return wrapped;
}

}  // namespace xgrad::internal
