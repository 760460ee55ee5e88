// Operators that only move elements. Most answer with a view: no element is copied.
#pragma once

#include <span>
#include <vector>

#include "../tensor.hpp"

namespace xgrad XGRAD_API {

/// The elements in row-major order in another shape; one extent may be -1. A view where the layout allows it
/// (always for a contiguous x), else a copy. Throws std::invalid_argument when the number of elements
/// differs.
Tensor reshape(const Operand& x, const Shape& shape);
/// Axes `first` to `last`, both included, as one.
Tensor flatten(const Operand& x, int first = 0, int last = -1);
/// Two axes swapped (a view).
Tensor transpose(const Operand& x, int axis1, int axis2);
/// The last two axes swapped; x itself when it has fewer than two (a view).
Tensor transpose(const Operand& x);
/// The axes in this order (a view). Throws unless each axis is named once.
Tensor permute(const Operand& x, const Axes& order);
/// x stretched to the shape by NumPy's rule (a view); -1 keeps an extent. Gradient: summed back.
Tensor expand(const Operand& x, const Shape& shape);
/// Without the axes of extent 1 among these (a view); an axis of another extent stays, as in PyTorch.
Tensor squeeze(const Operand& x, const Axes& axes = Axes::all());
/// With a new axis of extent 1 at this place of the result (a view).
Tensor unsqueeze(const Operand& x, int axis);
/// The elements along these axes in reverse order (a view).
Tensor flip(const Operand& x, const Axes& axes);

/// Tensors one after the other along an axis. They must agree in the other extents; dtypes promote. An empty
/// tensor of shape [0] is passed over, as in PyTorch.
Tensor cat(std::span<const Tensor> tensors, int axis = 0, SourceLocation where = SourceLocation::current());
Tensor cat(std::initializer_list<Tensor> tensors, int axis = 0, SourceLocation where = SourceLocation::current());
/// Tensors of one shape along a new axis.
Tensor stack(std::span<const Tensor> tensors, int axis = 0, SourceLocation where = SourceLocation::current());
Tensor stack(std::initializer_list<Tensor> tensors, int axis = 0, SourceLocation where = SourceLocation::current());
/// Pieces of `size` along the axis, the last one smaller where it does not come out even (views).
std::vector<Tensor> split(const Operand& x, std::int64_t size, int axis = 0);
/// Pieces of these sizes, which must add up to the extent (views).
std::vector<Tensor> split(const Operand& x, const std::vector<std::int64_t>& sizes, int axis = 0);

}  // namespace xgrad
