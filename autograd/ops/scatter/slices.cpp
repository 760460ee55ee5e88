#include "../../kernels/elementwise.hpp"
#include "../../tensor_impl.hpp"
#include "../cast.hpp"
#include "../detail/index_check.hpp"
#include "../detail/promote.hpp"
#include "../detail/result.hpp"
#include "../detail/window.hpp"
#include "../index/places.hpp"
#include "../index/selection.hpp"
#include "../movement.hpp"
#include "../scatter.hpp"
#include "scatter.hpp"

// Slices, and elements in row-major order.

namespace xgrad XGRAD_API {

using namespace internal;

namespace {

/// The positions along one axis, at most one axis of them. A scalar x counts as [1].
Tensor positions(const char* operation, Tensor checked, const Tensor& x, SourceLocation where) {
  check(checked.ndim() <= 1, where, operation, ": the indices must be a scalar or have one axis, but they are ",
        checked.shape(), ".");
  check(x.ndim() > 0 || checked.numel() == 1, where, operation,
        ": for a scalar there must be one index, but there are ", checked.numel(), ".");
  return reshape(Operand(checked, where), {checked.numel()});
}

Tensor as_vector(const Tensor& x, SourceLocation where) { return x.ndim() > 0 ? x : reshape(Operand(x, where), {1}); }

Tensor in_shape_of(const Tensor& y, const Tensor& x, SourceLocation where) {
  return y.shape() == x.shape() ? y : reshape(Operand(y, where), x.shape());
}

}  // namespace

Tensor index_copy(const Operand& operand, int axis, const Tensor& given_indices, const Operand& source_operand) {
  const char* const kName = "index_copy";
  SourceLocation where = operand.where();
  auto [x, source] = promoted_pair(kName, operand, source_operand);
  axis = normalize_axis(kName, axis, x.ndim(), where);
  Tensor indices = positions(kName, checked_indices(kName, given_indices, x, axis, where), x, where);
  Shape expected = x.shape();
  if (!expected.empty()) expected[axis] = indices.numel();
  bool fits = source.shape() == expected || (x.ndim() == 0 && source.numel() == 1);
  check(fits, where, "index_copy: source must be ", expected, " for x ", x.shape(), " and ", indices.numel(),
        " indices on axis ", axis, ", but it is ", source.shape(), ".");
  Tensor slices = x.ndim() > 0 ? source : reshape(Operand(source, where), {1});
  return in_shape_of(put_at(kName, as_vector(x, where), {axis, 1}, indices, slices, where), x, where);
}

Tensor index_fill(const Operand& operand, int axis, const Tensor& given_indices, const Operand& value_operand) {
  const char* const kName = "index_fill";
  SourceLocation where = operand.where();
  const bool is_number = value_operand.is_number();
  const DType dtype = is_number ? operand.dtype(kName) : common_dtype(kName, {&operand, &value_operand});
  const Tensor x = cast_for(kName, operand, dtype);
  const Tensor value =
      is_number ? value_operand.number_as(dtype, kName) : cast_for(kName, {value_operand.tensor(kName), where}, dtype);
  axis = normalize_axis(kName, axis, x.ndim(), where);
  check(value.ndim() == 0, where, "index_fill: the value must be a number or a scalar, but it is ", value.shape(), ".");
  Tensor indices = positions(kName, wrapped_indices(kName, given_indices, x.shape(), axis, where), x, where);
  Tensor all = as_vector(x, where);
  Shape shape = all.shape();
  shape[axis] = indices.numel();
  checked_numel(kName, shape, where);
  return in_shape_of(put_at(kName, all, {axis, 1}, indices, expand(Operand(value, where), shape), where), x, where);
}

namespace {

Tensor put_slice(const char* operation, const Tensor& x, const Tensor& source, const AxisWindow& window,
                 SourceLocation where) {
  Shape expected = x.shape();
  expected[window.axis] = window.length;
  if (window.drops_axis) expected.erase(window.axis);
  check(source.shape() == expected, where, operation, ": source must be ", expected, " as the slice of x ", x.shape(),
        ", but it is ", source.shape(), ".");
  return put_window(operation, x, window, source, where);
}

int sliced_axis(const char* operation, const Tensor& x, int axis, SourceLocation where) {
  check(x.ndim() > 0, where, operation, ": x must have at least one axis, but it is a scalar.");
  return normalize_axis(operation, axis, x.ndim(), where);
}

}  // namespace

Tensor select_scatter(const Operand& operand, const Operand& source_operand, int axis, std::int64_t position) {
  SourceLocation where = operand.where();
  auto [x, source] = promoted_pair("select_scatter", operand, source_operand);
  axis = sliced_axis("select_scatter", x, axis, where);
  position = checked_position("select_scatter", x, axis, position, where);
  return put_slice("select_scatter", x, source, AxisWindow{axis, true, position, 1, 1}, where);
}

Tensor slice_scatter(const Operand& operand, const Operand& source_operand, int axis, Slice given) {
  SourceLocation where = operand.where();
  auto [x, source] = promoted_pair("slice_scatter", operand, source_operand);
  axis = sliced_axis("slice_scatter", x, axis, where);
  check(given.step != 0, where, "slice_scatter: the step must not be 0, but it is.");
  Range range = resolve(given, x.shape()[axis], where);
  return put_slice("slice_scatter", x, source, AxisWindow{axis, false, range.start, range.step, range.length}, where);
}

// ---- In row-major order ----

Tensor masked_scatter(const Operand& operand, const Tensor& mask, const Operand& source_operand) {
  const char* const kName = "masked_scatter";
  SourceLocation where = operand.where();
  auto [x, source] = promoted_pair(kName, operand, source_operand);
  check(mask.defined(), where, "masked_scatter: the mask must be defined, but it is not: ", internal::kWhyUndefined);
  check(mask.dtype() == DType::boolean, where, "masked_scatter: the mask must be boolean, but it is ", mask.dtype(),
        ".");
  Shape shape = broadcast_shapes(kName, x.shape(), mask.shape(), where);
  Tensor all = new_checked(kName, shape, DType::boolean, where);
  if (all.numel() > 0) copy_into(all, mask);
  std::int64_t count = positions_of(kName, all, where).numel();
  check(count <= source.numel(), where, "masked_scatter: source must have an element for each of the ", count,
        " places where the mask is true, but it is ", source.shape(), ".");
  CallSite site(where);
  Tensor used = narrow(reshape(source, {source.numel()}), 0, 0, count);
  return put_masked_at(kName, x.shape() == shape ? x : expand(x, shape), all, used, where);
}

Tensor put(const Operand& operand, const Tensor& given_indices, const Operand& source_operand,
           IndexPutOptions options) {
  const char* const kName = "put";
  SourceLocation where = operand.where();
  auto [x, source] = promoted_pair(kName, operand, source_operand);
  Tensor indices = wrapped_indices(kName, given_indices, {x.numel()}, 0, where);
  check(source.numel() == indices.numel(), where, "put: source must have as many elements as there are indices, but ",
        source.shape(), " has ", source.numel(), " and there are ", indices.numel(), ".");
  CallSite site(where);
  Tensor flat = reshape(x, {x.numel()}), values = reshape(source, {source.numel()});
  indices = reshape(indices, {indices.numel()});
  Tensor y = options.accumulate ? add_at(kName, flat, {0, 1}, indices, values, where)
                                : put_at(kName, flat, {0, 1}, indices, values, where);
  return reshape(y, x.shape());
}

}  // namespace xgrad
