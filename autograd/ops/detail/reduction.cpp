#include "reduction.hpp"

#include "promote.hpp"
#include "result.hpp"

namespace xgrad::internal {

Shape reduced_shape(const Shape& shape, unsigned mask, bool keepdims) {
  Shape result;
  for (int axis = 0; axis < shape.ndim(); ++axis) {
    bool reduced = (mask >> axis & 1) != 0;
    if (!reduced)
      result.push_back(shape[axis]);
    else if (keepdims)
      result.push_back(1);
  }
  return result;
}

std::int64_t reduced_count(const Shape& shape, unsigned mask) {
  std::int64_t count = 1;
  for (int axis = 0; axis < shape.ndim(); ++axis)
    if ((mask >> axis & 1) != 0) count *= shape[axis];
  return count;
}

PlannedOperand::PlannedOperand(const Tensor& tensor, unsigned mask) : x(tensor) {
  if (plan_reduction(*x.impl(), mask, plan)) return;
  x = new_tensor(tensor.shape(), tensor.dtype());
  copy_into(x, tensor);
  plan_reduction(*x.impl(), mask, plan);
}

// ---- Sums ----

Tensor sum_value(const Tensor& x, unsigned mask, const Shape& shape) {
  // Along an axis where a broadcast repeats the elements, the sum is a multiple of one of them.
  Shape extents = x.shape();
  double repeats = 1;
  for (int axis = 0; axis < x.ndim(); ++axis) {
    if ((mask >> axis & 1) == 0 || x.strides()[axis] != 0 || extents[axis] < 2) continue;
    repeats *= static_cast<double>(extents[axis]);
    extents[axis] = 1;
  }
  Tensor once = repeats == 1 ? x : new_view(x, extents, x.strides(), x.impl()->data);
  return dispatch_floating(x.dtype(), [&]<class T>(T) {
    Tensor y = fold<SumFold, T>(once, mask, shape);
    if (repeats != 1) for_each_element<T>(y, [n = static_cast<T>(repeats)](T sum) { return sum * n; });
    return y;
  });
}

Tensor mean_value(const Tensor& x, unsigned mask, const Shape& shape) {
  Tensor y = sum_value(x, mask, shape);
  std::int64_t count = reduced_count(x.shape(), mask);
  dispatch_floating(
      x.dtype(), [&]<class T>(T) { for_each_element<T>(y, [n = static_cast<T>(count)](T sum) { return sum / n; }); });
  return y;
}

Tensor integer_sum(const Tensor& x, unsigned mask, const Shape& shape) {
  if (x.dtype() == DType::boolean) return fold<SumFold, bool, std::int64_t>(x, mask, shape);
  if (x.dtype() == DType::int64) return fold<SumFold, std::int64_t>(x, mask, shape);
  return {};
}

// ---- Views, and the sum that undoes them ----

namespace {

/// x in `shape`, which differs in axes of extent 1 alone, as a view.
Tensor view_with_axes(const Tensor& x, const Shape& shape) {
  const TensorImpl& impl = *x.impl();
  Strides strides = shape;
  int from = impl.shape.ndim() - 1;
  for (int axis = shape.ndim() - 1; axis >= 0; --axis) {
    while (from >= 0 && impl.shape[from] == 1 && shape[axis] != 1) --from;
    const bool matches = from >= 0 && impl.shape[from] == shape[axis];
    strides[axis] = matches ? impl.strides[from--] : 0;
  }
  return new_view(x, shape, impl.contiguous ? row_major(shape) : strides, impl.data);
}

Tensor reshaped_by_ones(const char* name, const Tensor& x, const Shape& shape, SourceLocation where) {
  if (x.shape() == shape) return x;
  return record(name, where, {x}, view_with_axes(x, shape), {},
                [](Vjp& vjp) { vjp.give(0, reshaped_by_ones("reshape", vjp.g(), vjp.shape(0), vjp.where())); });
}

Tensor expanded(const Tensor& x, const Shape& shape, SourceLocation where) {
  if (x.shape() == shape) return x;
  const TensorImpl& impl = *x.impl();
  Strides strides = Shape::filled(shape.ndim(), 0);
  const int lead = shape.ndim() - impl.shape.ndim();
  for (int axis = lead; axis < shape.ndim(); ++axis)
    if (impl.shape[axis - lead] != 1) strides[axis] = impl.strides[axis - lead];
  return record("expand", where, {x}, new_result_view("expand", where, x, shape, strides, impl.data), {},
                [](Vjp& vjp) { vjp.give(0, recorded_sum_to("sum_to", vjp.g(), vjp.shape(0), vjp.where())); });
}

}  // namespace

unsigned stretched_axes(const Shape& from, const Shape& to) {
  unsigned mask = 0;
  const int lead = from.ndim() - to.ndim();
  for (int axis = 0; axis < from.ndim(); ++axis)
    if (axis < lead || to[axis - lead] != from[axis]) mask |= 1u << axis;
  return mask;
}

Tensor recorded_sum_to(const char* name, const Tensor& x, const Shape& shape, SourceLocation where) {
  if (x.shape() == shape) return x;
  const unsigned mask = stretched_axes(x.shape(), shape);
  if (!is_floating(x.dtype())) return integer_sum(x, mask, shape);
  return record(name, where, {x}, sum_value(x, mask, shape), {},
                [](Vjp& vjp) { vjp.give(0, expanded(vjp.g(), vjp.shape(0), vjp.where())); });
}

Tensor with_kept_axes(const Tensor& reduced, const Shape& shape, unsigned mask) {
  return reshaped_by_ones("reshape", reduced, reduced_shape(shape, mask, true), CallSite::or_else({}));
}

Tensor stretch(const Tensor& reduced, const Shape& shape, unsigned mask) {
  return expanded(reduced.ndim() == 0 ? reduced : with_kept_axes(reduced, shape, mask), shape, CallSite::or_else({}));
}

// ---- Operands ----

Tensor floating_operand(const char* name, const Operand& operand) {
  const Tensor& x = operand.tensor(name);
  return is_floating(x.dtype()) ? x : cast_for(name, Operand(x, operand.where()), to_floating(x.dtype()));
}

Tensor floating_operand(const char* name, const Operand& operand, std::optional<DType> dtype) {
  if (!dtype) return floating_operand(name, operand);
  check(is_floating(*dtype), operand.where(), name, ": dtype must be floating, but it is ", *dtype, ".");
  return cast_for(name, operand, *dtype);
}

Axes axes_of(unsigned mask) {
  std::vector<int> axes;
  for (int axis = 0; mask >> axis != 0; ++axis)
    if ((mask >> axis & 1) != 0) axes.push_back(axis);
  return axes;
}

}  // namespace xgrad::internal
