// Operators that only move elements. Most answer with a view: no element is copied.
#pragma once

#include <span>
#include <vector>

#include "../tensor.hpp"

namespace xgrad XGRAD_API {

/// The elements of x in row-major order in another shape: a view where the layout allows it (always for a contiguous
/// x), else a copy. One extent may be -1 and follows from the others.
///
/// Shapes: x [...], shape with as many elements -> shape.
/// Derivative: reshape(g, x.shape()).
/// Throws: std::invalid_argument when the number of elements differs, for two extents of -1, and for one that could be
/// any.
/// Example: `reshape(x, {3, -1})`
Tensor reshape(const Operand& x, const Shape& shape);
/// x with the axes `first` to `last`, both included, as one: a view where the layout allows it, else a copy.
///
/// Shapes: x [a, b, c, d], 1, 2 -> [a, b c, d]; a scalar -> [1].
/// Derivative: reshape(g, x.shape()).
/// Throws: std::out_of_range for an axis that x does not have; std::invalid_argument when first comes after last.
/// NumPy: `ndarray.flatten`, which copies
Tensor flatten(const Operand& x, int first = 0, int last = -1);
/// x with two axes swapped: a view.
///
/// Shapes: x [a, b, c], 0, 2 -> [c, b, a].
/// Derivative: transpose(g, axis1, axis2).
/// Throws: std::out_of_range for an axis that x does not have.
/// NumPy: `transpose`, which reverses all axes: `permute(x, {2, 1, 0})` here; of two axes `swapaxes`
/// PyTorch: `transpose(x, axis1, axis2)`; of the last two `Tensor.mT`
Tensor transpose(const Operand& x, int axis1, int axis2);
/// x with its last two axes swapped, a view; x itself when it has fewer than two.
///
/// Shapes: x [..., m, n] -> [..., n, m].
/// Derivative: transpose(g).
Tensor transpose(const Operand& x);
/// x with its axes in this order: a view.
///
/// Shapes: x [a, b, c], {2, 0, 1} -> [c, a, b].
/// Derivative: g with its axes in the inverse order.
/// Throws: std::invalid_argument unless each axis is named once; std::out_of_range for an axis that x does not have.
/// NumPy: `transpose(x, order)`
Tensor permute(const Operand& x, const Axes& order);
/// x stretched to the shape by NumPy's rule, a view: axes are matched from the last, and those of extent 1 are
/// repeated. An extent of -1 keeps that of x.
///
/// Shapes: x [b, 1], {a, b, c} -> [a, b, c].
/// Derivative: g summed over the axes that were stretched.
/// Throws: std::invalid_argument where an extent of x is neither 1 nor the shape's, for fewer axes than x has, and
/// where an int64 cannot count the elements.
/// NumPy: `broadcast_to`
/// PyTorch: `Tensor.expand`
Tensor expand(const Operand& x, const Shape& shape);
/// x without those of these axes whose extent is 1, a view; an axis of another extent stays, as in PyTorch.
///
/// Shapes: x [a, 1, b, 1] -> [a, b].
/// Derivative: reshape(g, x.shape()).
/// Throws: std::out_of_range for an axis that x does not have; std::invalid_argument for one that is named twice.
/// NumPy: `squeeze`, which refuses a named axis whose extent is not 1; it stays here
/// PyTorch: `squeeze`, of one axis or all
Tensor squeeze(const Operand& x, const Axes& axes = Axes::all());
/// x with a new axis of extent 1 at this place of the result: a view.
///
/// Shapes: x [a, b], 1 -> [a, 1, b]; x [a, b], -1 -> [a, b, 1].
/// Derivative: reshape(g, x.shape()).
/// Throws: std::out_of_range for a place that the result does not have; std::invalid_argument when x has kMaxDims axes.
/// NumPy: `expand_dims`
Tensor unsqueeze(const Operand& x, int axis);
/// x with the elements along these axes in reverse order: a view.
///
/// Shapes: x [...] -> x's.
/// Derivative: flip(g, axes).
/// Throws: std::out_of_range for an axis that x does not have; std::invalid_argument for one that is named twice.
/// NumPy: `flip`, along all axes where none is named
Tensor flip(const Operand& x, const Axes& axes);

/// Tensors one after the other along an axis that they have. A tensor of shape [0] is skipped, as in PyTorch.
///
/// Shapes: [a, b], [a, c], axis 1 -> [a, b + c].
/// Dtype: promoted.
/// Derivative: each tensor's piece of g.
/// Throws: std::invalid_argument for no tensors, scalars, extents that differ along another axis, and where an int64
/// cannot hold the sum of the extents; std::out_of_range for an axis that they do not have.
/// NumPy: `concatenate`
/// PyTorch: `cat`, `concat`
Tensor cat(std::span<const Tensor> tensors, int axis = 0, SourceLocation where = SourceLocation::current());
/// Tensors in braces one after the other along an axis: `cat({a, b}, 1)`.
Tensor cat(std::initializer_list<Tensor> tensors, int axis = 0, SourceLocation where = SourceLocation::current());
Tensor concat(std::initializer_list<Tensor> tensors, int axis = 0) = delete;  // write cat({a, b})
/// Tensors of one shape side by side along a new axis at this place of the result.
///
/// Shapes: n tensors [a, b], axis 1 -> [a, n, b].
/// Dtype: promoted.
/// Derivative: each tensor's piece of g.
/// Throws: std::invalid_argument for no tensors, shapes that differ, and where an int64 cannot count the bytes;
/// std::out_of_range for a place that the result does not have.
Tensor stack(std::span<const Tensor> tensors, int axis = 0, SourceLocation where = SourceLocation::current());
/// Tensors in braces side by side along a new axis: `stack({a, b}, -1)`.
Tensor stack(std::initializer_list<Tensor> tensors, int axis = 0, SourceLocation where = SourceLocation::current());
/// The pieces of x of this size along the axis, views; the last one is smaller where it does not come out even.
///
/// Shapes: x [5, b], 2 -> [2, b], [2, b], [1, b].
/// Derivative: the pieces' gradients one after the other.
/// Throws: std::invalid_argument for a scalar and a size that is not above 0; std::out_of_range for an axis that x does
/// not have.
/// NumPy: `split`, whose number is how many pieces: `tensor_split(x, count)` here
/// PyTorch: `split`, by sizes, as here
std::vector<Tensor> split(const Operand& x, std::int64_t size, int axis = 0);
/// The pieces of x of these sizes along the axis: views.
///
/// Shapes: x [5, b], {1, 4} -> [1, b], [4, b].
/// Derivative: the pieces' gradients one after the other.
/// Throws: std::invalid_argument for a scalar, a negative size, and unless the sizes add up to the extent;
/// std::out_of_range for an axis that x does not have.
std::vector<Tensor> split(const Operand& x, const std::vector<std::int64_t>& sizes, int axis = 0);
/// split by sizes of another integer type: `split(x, std::vector<int>{1, 4})`.
template <std::integral T>
std::vector<Tensor> split(const Operand& x, const std::vector<T>& sizes, int axis = 0) {
  return split(x, std::vector<std::int64_t>(sizes.begin(), sizes.end()), axis);
}

}  // namespace xgrad
