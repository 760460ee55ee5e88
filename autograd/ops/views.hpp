// Other names, orders and cuts of the same elements: views in the words of PyTorch and NumPy, made of those in
// movement.hpp.
#pragma once

#include <initializer_list>
#include <span>
#include <vector>

#include "../tensor.hpp"

namespace xgrad XGRAD_API {

// ---- Shapes ----

/// The elements of x in another shape, always a view: reshape() that never copies. One extent may be -1.
///
/// Shapes: x [...], shape with as many elements -> shape.
/// Derivative: reshape(g, x.shape()).
/// Throws: std::invalid_argument where reshape() does, and where the layout of x would need a copy.
/// NumPy: `reshape`
/// PyTorch: `Tensor.view`
Tensor view(const Operand& x, const Shape& shape);
/// The elements of x in the shape of another tensor: a view. Only the shape of `other` counts.
///
/// Shapes: x [...], other with as many elements -> other's.
/// Derivative: reshape(g, x.shape()).
/// Throws: std::invalid_argument as view().
/// NumPy: -
/// PyTorch: `Tensor.view_as`
Tensor view_as(const Operand& x, const Tensor& other);
/// The elements of x in the shape of another tensor: a view where the layout allows it. Only the shape of `other`
/// counts.
///
/// Shapes: x [...], other with as many elements -> other's.
/// Derivative: reshape(g, x.shape()).
/// Throws: std::invalid_argument when the numbers of elements differ.
/// NumPy: -
/// PyTorch: `Tensor.reshape_as`
Tensor reshape_as(const Operand& x, const Tensor& other);
/// The elements of x along one axis, in row-major order: a view where the layout allows it.
///
/// Shapes: x [...] -> [numel].
/// Derivative: reshape(g, x.shape()).
Tensor ravel(const Operand& x);
/// x with one axis as several, a view where the layout allows it: the way back from flatten(). One size may be -1.
///
/// Shapes: x [a, b c, d], axis 1, sizes {b, c} -> [a, b, c, d].
/// Derivative: reshape(g, x.shape()).
/// Throws: std::invalid_argument unless the sizes multiply to the axis' extent, for no sizes, and for a scalar;
/// std::out_of_range for an axis that x does not have.
/// NumPy: `reshape`
/// PyTorch: `Tensor.unflatten`
Tensor unflatten(const Operand& x, int axis, const Shape& sizes);
/// x with at least one axis: a scalar becomes [1].
///
/// Shapes: [] -> [1]; else x's.
/// Derivative: reshape(g, x.shape()).
Tensor atleast_1d(const Operand& x);
/// x with at least two axes; new ones come first.
///
/// Shapes: [] -> [1, 1]; [n] -> [1, n]; else x's.
/// Derivative: reshape(g, x.shape()).
Tensor atleast_2d(const Operand& x);
/// x with at least three axes, as in NumPy and PyTorch: a vector lies along the middle one, a matrix keeps its first
/// two.
///
/// Shapes: [] -> [1, 1, 1]; [n] -> [1, n, 1]; [m, n] -> [m, n, 1]; else x's.
/// Derivative: reshape(g, x.shape()).
Tensor atleast_3d(const Operand& x);

// ---- The order of axes ----

/// A matrix with its axes swapped, a view; x itself when it has fewer than two axes.
///
/// Shapes: x [m, n] -> [n, m].
/// Derivative: t(g).
/// Throws: std::invalid_argument for more than two axes: transpose(x) swaps the last two.
/// NumPy: `ndarray.T`
Tensor t(const Operand& x);
/// x with two axes swapped, a view: transpose(x, axis1, axis2) by NumPy's name.
///
/// Shapes: x [a, b, c], 0, 2 -> [c, b, a].
/// Derivative: swapaxes(g, axis1, axis2).
/// Throws: std::out_of_range for an axis that x does not have.
Tensor swapaxes(const Operand& x, int axis1, int axis2);
/// x with two axes swapped, a view: transpose(x, axis1, axis2) by another name.
///
/// Shapes: x [a, b, c], 0, 2 -> [c, b, a].
/// Derivative: swapdims(g, axis1, axis2).
/// Throws: std::out_of_range for an axis that x does not have.
/// NumPy: `swapaxes`
Tensor swapdims(const Operand& x, int axis1, int axis2);
/// x with the axes `from` at the places `to` of the result, the others in their order between them: a view.
///
/// Shapes: x [a, b, c], 0, -1 -> [b, c, a].
/// Derivative: movedim(g, to, from).
/// Throws: std::out_of_range for an axis or a place that x does not have; std::invalid_argument for one that is named
/// twice and for as many axes as places are not.
/// Example: `movedim(x, {0, 1}, {-1, 0})`
/// NumPy: `moveaxis`
Tensor movedim(const Operand& x, const Axes& from, const Axes& to);
/// x with the axes `from` at the places `to` of the result, a view: movedim() by NumPy's name.
///
/// Shapes: x [a, b, c], 0, -1 -> [b, c, a].
/// Derivative: moveaxis(g, to, from).
/// Throws: as movedim().
Tensor moveaxis(const Operand& x, const Axes& from, const Axes& to);

// ---- Broadcasting ----

/// x stretched to the shape by NumPy's rule, a view: expand() by another name.
///
/// Shapes: x [b, 1], {a, b, c} -> [a, b, c].
/// Derivative: g summed over the axes that were stretched.
/// Throws: std::invalid_argument where an extent of x is neither 1 nor the shape's.
Tensor broadcast_to(const Operand& x, const Shape& shape);
/// x stretched to the shape of another tensor: a view. Only the shape of `other` counts.
///
/// Shapes: x [b, 1], other [a, b, c] -> [a, b, c].
/// Derivative: g summed over the axes that were stretched.
/// Throws: std::invalid_argument where an extent of x is neither 1 nor that of `other`.
/// NumPy: -
/// PyTorch: `Tensor.expand_as`
Tensor expand_as(const Operand& x, const Tensor& other);

/// Tensors stretched to the shape that they have in common by NumPy's rule: views.
///
/// Shapes: [b, 1], [c] -> [b, c] each.
/// Dtype: each its own.
/// Derivative: g summed over the axes that were stretched.
/// Throws: std::invalid_argument for no tensors and where extents differ and none is 1.
/// Example: `auto both = broadcast_tensors({x, tensor({1, 2, 3})});  // both[0], both[1]`
/// NumPy: `broadcast_arrays`
std::vector<Tensor> broadcast_tensors(std::span<const Tensor> tensors,
                                      SourceLocation where = SourceLocation::current());
/// Tensors in braces stretched to the shape that they have in common.
std::vector<Tensor> broadcast_tensors(std::initializer_list<Tensor> tensors,
                                      SourceLocation where = SourceLocation::current());

/// x summed to a shape that broadcasts to its own: the transpose of broadcast_to().
///
/// Shapes: x [a, b, c], {b, 1} -> [b, 1].
/// Dtype: x's; integers and booleans that are summed give int64.
/// Derivative: g stretched to x's shape.
/// Throws: std::invalid_argument for a shape that does not broadcast to x's.
/// NumPy: -
/// PyTorch: `Tensor.sum_to_size`
Tensor sum_to_size(const Operand& x, const Shape& shape);

// ---- Directions ----

/// x with its columns (axis 1) in reverse order: a view.
///
/// Shapes: x [a, b, ...] -> x's.
/// Derivative: fliplr(g).
/// Throws: std::invalid_argument for fewer than two axes.
Tensor fliplr(const Operand& x);
/// x with its rows (axis 0) in reverse order: a view.
///
/// Shapes: x [a, ...] -> x's.
/// Derivative: flipud(g).
/// Throws: std::invalid_argument for a scalar.
Tensor flipud(const Operand& x);
/// x turned `turns` times by 90 degrees in the plane of two axes, from the first towards the second: a view. A negative
/// number turns the other way.
///
/// Shapes: x [a, b] -> [b, a] for an odd number of turns, else x's.
/// Derivative: rot90(g, -turns, plane).
/// Throws: std::invalid_argument unless the plane is two different axes and x has two; std::out_of_range for an axis
/// that x does not have.
Tensor rot90(const Operand& x, std::int64_t turns = 1, const Axes& plane = {0, 1});

// ---- Windows ----

/// All pieces of `size` elements along an axis that begin at 0, step, 2 step, ...: a view with them along a new last
/// axis, in which elements of overlapping pieces share memory.
///
/// Shapes: x [a, n, b], axis 1 -> [a, (n - size) / step + 1, b, size]; a scalar -> [size], size 0 or 1.
/// Derivative: the pieces of g added at their places.
/// Throws: std::invalid_argument for a size that is negative or larger than the axis and a step that is not above 0;
/// std::out_of_range for an axis that x does not have.
/// NumPy: `lib.stride_tricks.sliding_window_view`
/// PyTorch: `Tensor.unfold`
Tensor unfold(const Operand& x, int axis, std::int64_t size, std::int64_t step);

}  // namespace xgrad
