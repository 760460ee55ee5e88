#include "reshape.hpp"

namespace xgrad::internal {

/// Axes of the old shape that lie in memory as one run ("chunks") may be cut anew, others must stay apart.
std::optional<Strides> reshaped_strides(const Shape& shape, const Strides& strides, const Shape& target) {
  Strides result = target;
  int view_axis = target.ndim() - 1;
  std::int64_t chunk_numel = 1;
  std::int64_t chunk_stride = shape.empty() ? 1 : strides.back();
  for (int axis = shape.ndim() - 1; axis >= 0; --axis) {
    chunk_numel *= shape[axis];
    bool chunk_ends = axis == 0 || (shape[axis - 1] != 1 && strides[axis - 1] != chunk_numel * chunk_stride);
    if (!chunk_ends) continue;
    std::int64_t covered = 1;
    while (view_axis >= 0 && (covered < chunk_numel || target[view_axis] == 1)) {
      result[view_axis] = covered * chunk_stride;
      covered *= target[view_axis];
      --view_axis;
    }
    if (covered != chunk_numel) return std::nullopt;
    if (axis > 0) {
      chunk_stride = strides[axis - 1];
      chunk_numel = 1;
    }
  }
  if (view_axis != -1) return std::nullopt;
  return result;
}

Shape resolved_shape(const char* operation, const Shape& from, std::int64_t numel, Shape shape, SourceLocation where) {
  int open_axis = -1;
  std::int64_t known = 1;
  bool overflow = false;
  for (int axis = 0; axis < shape.ndim(); ++axis) {
    check(shape[axis] >= -1, where, operation, ": extents must be -1 or not negative, but the shape is ", shape, ".");
    if (shape[axis] != -1) {
      overflow |= __builtin_mul_overflow(known, shape[axis], &known);
      continue;
    }
    check(open_axis == -1, where, operation, ": only one extent may be -1, but the shape is ", shape, ".");
    open_axis = axis;
  }
  check(!overflow, where, operation, ": the number of elements must fit in an int64, but the shape is ", shape, ".");
  if (open_axis != -1) {
    check(known != 0, where, operation, ": the extent -1 must follow from the others, but in ", shape, " for x ", from,
          " any extent would do. Write it out.");
    check(numel % known == 0, where, operation, ": the shape must hold the ", numel, " elements of x ", from, ", but ",
          shape, " holds a multiple of ", known, ".");
    shape[open_axis] = numel / known;
  } else {
    check(known == numel, where, operation, ": the shape must hold the ", numel, " elements of x ", from, ", but ",
          shape, " holds ", known, ".");
  }
  checked_numel(operation, shape, where);  // an extent of 0 hides that others overflow
  return shape;
}

Shape expanded_shape(const char* operation, const Shape& from, const Shape& target, SourceLocation where) {
  int lead = target.ndim() - from.ndim();
  check(lead >= 0, where, operation, ": the shape must have at least as many axes as x ", from, ", but it is ", target,
        ".");
  Shape shape = target;
  for (int axis = 0; axis < target.ndim(); ++axis) {
    std::int64_t extent = axis < lead ? 1 : from[axis - lead];
    if (shape[axis] == -1 && axis >= lead) shape[axis] = extent;
    check(shape[axis] >= 0, where, operation, ": new axes must have an extent of their own, but axis ", axis, " of ",
          target, " is ", target[axis], ".");
    check(extent == shape[axis] || extent == 1, where, operation, ": only an extent of 1 can be stretched, but axis ",
          axis - lead, " of x ", from, " is ", extent, " and axis ", axis, " of ", target, " is ", shape[axis], ".");
  }
  checked_numel(operation, shape, where);
  return shape;
}

}  // namespace xgrad::internal
