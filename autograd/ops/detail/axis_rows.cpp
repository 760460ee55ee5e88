#include "axis_rows.hpp"

#include "../../kernels/elementwise.hpp"
#include "../../tensor_impl.hpp"
#include "result.hpp"

namespace xgrad::internal {
namespace {

bool is_last(int axis, const Shape& shape) { return axis >= shape.ndim() - 1; }

/// The shape, or strides, with the axis moved to the end.
Shape axis_last(const Shape& list, int axis) {
  Shape moved = list;
  for (int k = axis; k + 1 < list.ndim(); ++k) moved[k] = list[k + 1];
  if (!list.empty()) moved[-1] = list[axis];
  return moved;
}

}  // namespace

AxisRows::AxisRows(const char* operation, const Tensor& tensor, int axis, SourceLocation where) {
  const TensorImpl& impl = *tensor.impl();
  if (tensor.ndim() > 0) {
    length = impl.shape[axis];
    rows = length == 0 ? 0 : impl.numel / length;
  }
  const Tensor moved = is_last(axis, impl.shape)
                           ? tensor
                           : new_view(tensor, axis_last(impl.shape, axis), axis_last(impl.strides, axis), impl.data);
  x = without_gaps(operation, moved, where);
}

NewRows::NewRows(const char* operation, const Shape& shape, DType dtype, int axis, SourceLocation where)
    : operation_(operation),
      shape_(shape),
      axis_(axis),
      where_(where),
      rows_(new_result(operation, is_last(axis, shape) ? shape : axis_last(shape, axis), dtype, where)) {}

Tensor NewRows::tensor() const {
  if (is_last(axis_, shape_)) return rows_;
  Tensor result = new_result(operation_, shape_, rows_.dtype(), where_);
  const TensorImpl& impl = *result.impl();
  copy_into(new_view(result, axis_last(shape_, axis_), axis_last(impl.strides, axis_), impl.data), rows_);
  return result;
}

Shape with_extent(const Shape& shape, int axis, std::int64_t extent) {
  Shape changed = shape;
  if (!changed.empty()) changed[axis] = extent;
  return changed;
}

AxisBlocks::AxisBlocks(const Shape& shape, int axis) {
  for (int k = 0; k < shape.ndim(); ++k) (k < axis ? outer : k == axis ? length : inner) *= shape[k];
}

Tensor without_gaps(const char* operation, const Tensor& x, SourceLocation where) {
  if (x.is_contiguous()) return x;
  Tensor copy = new_result(operation, x.shape(), x.dtype(), where);
  copy_into(copy, x);
  return copy;
}

}  // namespace xgrad::internal
