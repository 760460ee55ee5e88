// A tensor as rows along one of its axes, for kernels that see memory as [rows, length].
#pragma once

#include "../../tensor.hpp"

namespace xgrad::internal {

/// The elements of x along an axis, row after row without gaps: x itself where they lie so, else a copy. Not recorded.
/// A scalar is one row of one element.
struct AxisRows {
  AxisRows(const char* operation, const Tensor& x, int axis, SourceLocation where);

  Tensor x;
  std::int64_t rows = 1, length = 1;
};

/// What a kernel writes row after row for the elements of a tensor of this shape along an axis.
class NewRows {
 public:
  NewRows(const char* operation, const Shape& shape, DType dtype, int axis, SourceLocation where);

  /// Where the rows are written.
  const Tensor& rows() const { return rows_; }
  /// The tensor of the shape, to be called when they have been.
  Tensor tensor() const;

 private:
  const char* operation_;
  Shape shape_;
  int axis_;
  SourceLocation where_;
  Tensor rows_;
};

/// The shape with another extent along the axis; a scalar stays one.
Shape with_extent(const Shape& shape, int axis, std::int64_t extent);

/// A tensor without gaps as [outer, the axis, inner]: the products of the extents before and after it.
struct AxisBlocks {
  AxisBlocks(const Shape& shape, int axis);
  std::int64_t outer = 1, length = 1, inner = 1;
};

/// x where it is contiguous, else a copy that is. Not recorded.
Tensor without_gaps(const char* operation, const Tensor& x, SourceLocation where);

}  // namespace xgrad::internal
