#include "index_check.hpp"

#include <algorithm>

#include "../../kernels/elementwise.hpp"
#include "../../tensor_impl.hpp"
#include "result.hpp"

namespace xgrad::internal {

Tensor checked_indices(const char* operation, const Tensor& indices, const Tensor& x, int axis, SourceLocation where) {
  check(indices.defined(), where, operation, ": the indices must be defined, but they are default-constructed.");
  check(indices.dtype() == DType::int64, where, operation, ": the indices must be int64, but they are ",
        indices.dtype(), ".");
  Tensor checked = indices;
  if (!indices.is_contiguous()) {
    checked = new_result(operation, indices.shape(), DType::int64, where);
    copy_into(checked, indices);
  }
  const auto* values = data_of<std::int64_t>(checked);
  std::int64_t count = checked.numel();
  std::int64_t extent = x.ndim() == 0 ? 1 : x.shape()[axis];
  bool wrong = false;  // a loop without a way out is vectorised
  for (std::int64_t i = 0; i < count; ++i)
    wrong |= static_cast<std::uint64_t>(values[i]) >= static_cast<std::uint64_t>(extent);
  if (!wrong) [[likely]]
    return checked;
  std::int64_t at = std::find_if(values, values + count, [=](std::int64_t i) { return i < 0 || i >= extent; }) - values;
  fail<std::out_of_range>(
      where, concat(operation, ": indices must be in [0, ", extent, ") on axis ", axis, " of x ", x.shape(),
                    ", but the one at ", position_of(at, checked.shape()), " is ", values[at], "."));
}

}  // namespace xgrad::internal
