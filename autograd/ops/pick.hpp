// Finding elements, and picking them by masks and flat positions.
#pragma once

#include <optional>
#include <vector>

#include "../tensor.hpp"

namespace xgrad XGRAD_API {

/// The positions of the elements that are not 0 (nan is not), in row-major order, one a row.
///
/// Shapes: x [a, b] -> [n, 2]; a scalar -> [n, 0], n 0 or 1.
/// Dtype: int64.
/// Derivative: none.
/// NumPy: `argwhere`; its `nonzero` is `nonzero_tuple(x)` here
Tensor nonzero(const Operand& x);
/// The positions of the elements that are not 0: nonzero() by NumPy's name.
///
/// Shapes: x [a, b] -> [n, 2].
/// Dtype: int64.
/// Derivative: none.
Tensor argwhere(const Operand& x);
/// The positions of the elements that are not 0 along each axis, as x[{...}] takes them: nonzero() with as_tuple in
/// PyTorch. A scalar counts as [1].
///
/// Shapes: x [a, b] -> [n] and [n].
/// Dtype: int64.
/// Derivative: none.
/// NumPy: `nonzero`
/// PyTorch: `nonzero(x, as_tuple=True)`
std::vector<Tensor> nonzero_tuple(const Operand& x);
/// The elements of x where the mask is true, in row-major order.
///
/// Shapes: x and mask broadcast -> [number of true].
/// Dtype: x's; mask boolean.
/// Derivative: g at those places, 0 elsewhere.
/// Throws: std::invalid_argument for a mask of another dtype and shapes that do not broadcast.
/// NumPy: `x[mask]`
Tensor masked_select(const Operand& x, const Tensor& mask);
/// The elements of x at these positions of its row-major order; negative ones count from the end.
///
/// Shapes: x [...], indices [...] -> indices'.
/// Dtype: x's; indices int64.
/// Derivative: g added at those positions, as accurately as sum().
/// Throws: std::out_of_range for a position outside of [-n, n), n the number of elements; std::invalid_argument for
/// indices of another dtype.
/// NumPy: `take`, which takes along an axis, too: `index_select(x, axis, indices)` here
/// PyTorch: `take`
Tensor take(const Operand& x, const Tensor& indices);
/// The elements of x that indices name along one axis, as gather(), but x and indices broadcast along the other axes.
/// Without an axis take() of indices that are not negative.
///
/// Shapes: x [a, n, 1], indices [1, m, b], axis 1 -> [a, m, b].
/// Dtype: x's; indices int64.
/// Derivative: g added at those places, as accurately as sum().
/// Throws: std::out_of_range for an index outside of [0, extent); std::invalid_argument for indices of another dtype,
/// another number of axes, and shapes that do not broadcast.
/// NumPy: `take_along_axis`
Tensor take_along_dim(const Operand& x, const Tensor& indices, std::optional<int> axis = std::nullopt);

}  // namespace xgrad
