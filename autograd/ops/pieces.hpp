// Tensors cut into pieces, and pieces put together, in more ways than split(), cat() and stack() of movement.hpp.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <vector>

#include "../tensor.hpp"

namespace xgrad XGRAD_API {

// ---- Cutting ----

/// The slice of x at one position of an axis, a view without that axis: x[{slice(), i}] for axis 1. A negative position
/// counts from the end.
///
/// Shapes: x [a, n, b], axis 1 -> [a, b].
/// Derivative: g at that place, 0 elsewhere.
/// Throws: std::out_of_range for a position beyond the axis and an axis that x does not have; std::invalid_argument for
/// a scalar.
/// NumPy: `x[..., i]`; its `select` chooses by conditions: `where` here
Tensor select(const Operand& x, int axis, std::int64_t position);
/// The slices of x at every position of an axis: views without that axis.
///
/// Shapes: x [n, a, b] -> n tensors [a, b].
/// Derivative: the slices' gradients side by side.
/// Throws: std::out_of_range for an axis that x does not have; std::invalid_argument for a scalar.
/// NumPy: -
std::vector<Tensor> unbind(const Operand& x, int axis = 0);
/// At most `count` pieces of x along the axis, all of the size ceil(extent / count) but the last: views. There are
/// fewer where that size uses the axis up before; split(x, size) takes the size, tensor_split(x, count) makes exactly
/// `count`.
///
/// Shapes: x [5, b], 4 -> [2, b], [2, b], [1, b].
/// Derivative: the pieces' gradients one after the other.
/// Throws: std::invalid_argument for a scalar and a count that is not above 0; std::out_of_range for an axis that x
/// does not have.
/// NumPy: -
std::vector<Tensor> chunk(const Operand& x, std::int64_t count, int axis = 0);
/// Exactly `count` pieces of x along the axis, the first ones larger by 1 where it does not come out even: views.
///
/// Shapes: x [5, b], 3 -> [2, b], [2, b], [1, b].
/// Derivative: the pieces' gradients one after the other.
/// Throws: std::invalid_argument for a scalar and a count that is not above 0; std::out_of_range for an axis that x
/// does not have.
/// NumPy: `array_split`
std::vector<Tensor> tensor_split(const Operand& x, std::int64_t count, int axis = 0);
/// The pieces of x between bounds along the axis, from the start to the end: views. Bounds are read as those of slices,
/// cut to the axis, negative ones counted from the end; a piece whose end comes before its start is empty.
///
/// Shapes: x [5, b], {1, 3} -> [1, b], [2, b], [2, b].
/// Derivative: the pieces' gradients at their places.
/// Throws: std::invalid_argument for a scalar; std::out_of_range for an axis that x does not have.
std::vector<Tensor> tensor_split(const Operand& x, const std::vector<std::int64_t>& bounds, int axis = 0);
/// The pieces of x for a tensor of bounds, or for a count in a scalar tensor: views.
///
/// Shapes: x [5, b], bounds [2] of 1 and 3 -> [1, b], [2, b], [2, b]; a count of 3 -> [2, b], [2, b], [1, b].
/// Dtype: bounds int64.
/// Derivative: the pieces' gradients at their places.
/// Throws: as for a vector or a number; std::invalid_argument for bounds of another dtype or with more than one axis.
std::vector<Tensor> tensor_split(const Operand& x, const Tensor& bounds, int axis = 0);
/// `count` pieces of equal size along axis 1, along axis 0 of a vector: views.
///
/// Shapes: x [a, 6], 3 -> [a, 2], [a, 2], [a, 2]; [6], 3 -> [2], [2], [2].
/// Derivative: the pieces' gradients one after the other.
/// Throws: std::invalid_argument for a scalar, and unless the count divides the extent.
std::vector<Tensor> hsplit(const Operand& x, std::int64_t count);
/// The pieces between bounds along axis 1, along axis 0 of a vector: views.
///
/// Shapes: x [a, 5], {1, 3} -> [a, 1], [a, 2], [a, 2]; [5], {1, 3} -> [1], [2], [2].
/// Derivative: the pieces' gradients at their places.
/// Throws: std::invalid_argument for a scalar.
std::vector<Tensor> hsplit(const Operand& x, const std::vector<std::int64_t>& bounds);
/// `count` pieces of equal size along axis 0: views.
///
/// Shapes: x [6, b], 3 -> [2, b], [2, b], [2, b].
/// Derivative: the pieces' gradients one after the other.
/// Throws: std::invalid_argument for fewer than two axes, and unless the count divides the extent.
std::vector<Tensor> vsplit(const Operand& x, std::int64_t count);
/// The pieces between bounds along axis 0: views.
///
/// Shapes: x [5, b], {1, 3} -> [1, b], [2, b], [2, b].
/// Derivative: the pieces' gradients at their places.
/// Throws: std::invalid_argument for fewer than two axes.
std::vector<Tensor> vsplit(const Operand& x, const std::vector<std::int64_t>& bounds);
/// `count` pieces of equal size along axis 2: views.
///
/// Shapes: x [a, b, 6], 3 -> [a, b, 2], [a, b, 2], [a, b, 2].
/// Derivative: the pieces' gradients one after the other.
/// Throws: std::invalid_argument for fewer than three axes, and unless the count divides the extent.
std::vector<Tensor> dsplit(const Operand& x, std::int64_t count);
/// The pieces between bounds along axis 2: views.
///
/// Shapes: x [a, b, 5], {1, 3} -> [a, b, 1], [a, b, 2], [a, b, 2].
/// Derivative: the pieces' gradients at their places.
/// Throws: std::invalid_argument for fewer than three axes.
std::vector<Tensor> dsplit(const Operand& x, const std::vector<std::int64_t>& bounds);

// ---- Joining ----

/// Tensors one after the other along axis 1, vectors and scalars along axis 0.
///
/// Shapes: [a, b], [a, c] -> [a, b + c]; [b], [c] -> [b + c].
/// Dtype: promoted.
/// Derivative: each tensor's piece of g.
/// Throws: std::invalid_argument for no tensors and for extents that differ along another axis.
Tensor hstack(std::span<const Tensor> tensors, SourceLocation where = SourceLocation::current());
/// Tensors in braces one after the other along axis 1.
Tensor hstack(std::initializer_list<Tensor> tensors, SourceLocation where = SourceLocation::current());
/// Tensors one below the other along axis 0, vectors as rows.
///
/// Shapes: [a, c], [b, c] -> [a + b, c]; n times [c] -> [n, c].
/// Dtype: promoted.
/// Derivative: each tensor's piece of g.
/// Throws: std::invalid_argument for no tensors and for extents that differ along another axis.
Tensor vstack(std::span<const Tensor> tensors, SourceLocation where = SourceLocation::current());
/// Tensors in braces one below the other along axis 0.
Tensor vstack(std::initializer_list<Tensor> tensors, SourceLocation where = SourceLocation::current());
/// Tensors one behind the other along axis 2, with axes added as by atleast_3d().
///
/// Shapes: n times [a, b] -> [a, b, n]; n times [b] -> [1, b, n].
/// Dtype: promoted.
/// Derivative: each tensor's piece of g.
/// Throws: std::invalid_argument for no tensors and for extents that differ along another axis.
Tensor dstack(std::span<const Tensor> tensors, SourceLocation where = SourceLocation::current());
/// Tensors in braces one behind the other along axis 2.
Tensor dstack(std::initializer_list<Tensor> tensors, SourceLocation where = SourceLocation::current());
/// Vectors as the columns of a matrix; tensors of more axes one after the other along axis 1.
///
/// Shapes: n times [a] -> [a, n]; [a, b], [a] -> [a, b + 1].
/// Dtype: promoted.
/// Derivative: each tensor's piece of g.
/// Throws: std::invalid_argument for no tensors and for extents that differ along another axis.
Tensor column_stack(std::span<const Tensor> tensors, SourceLocation where = SourceLocation::current());
/// Tensors in braces as columns.
Tensor column_stack(std::initializer_list<Tensor> tensors, SourceLocation where = SourceLocation::current());
/// A matrix with these matrices along its diagonal and zeros elsewhere; a vector counts as a row, a scalar as [1, 1].
///
/// Shapes: [a, b], [c, d] -> [a + c, b + d].
/// Dtype: promoted; as in arithmetic a scalar has a say only if it is of a later kind: boolean, integer, floating.
/// Derivative: each matrix' block of g.
/// Throws: std::invalid_argument for no tensors and for more than two axes.
/// NumPy: `scipy.linalg.block_diag`
Tensor block_diag(std::span<const Tensor> tensors, SourceLocation where = SourceLocation::current());
/// Matrices in braces along the diagonal of a matrix.
Tensor block_diag(std::initializer_list<Tensor> tensors, SourceLocation where = SourceLocation::current());

// ---- Grids ----

/// Which axis of a grid counts along the first vector.
enum class GridIndexing : std::uint8_t {
  ij,  ///< the first one, as in a matrix: [n, m] of vectors [n], [m]
  xy   ///< the second one, as in a picture: [m, n]
};
/// The coordinates of a grid: each vector stretched over the axes of the others, as views.
///
/// Shapes: [n], [m] -> [n, m] twice; a scalar counts as [1].
/// Dtype: each its own.
/// Derivative: g summed over the axes of the others.
/// Throws: std::invalid_argument for no tensors, more than kMaxDims of them, and those with more than one axis.
/// Example: `auto grid = meshgrid({arange(3), arange(2)});  // grid[0], grid[1]: [3, 2]`
/// NumPy: `meshgrid(indexing='ij')`; its own default is 'xy', `GridIndexing::xy` here
/// PyTorch: `meshgrid(indexing='ij')`
std::vector<Tensor> meshgrid(std::span<const Tensor> tensors, GridIndexing indexing = GridIndexing::ij,
                             SourceLocation where = SourceLocation::current());
/// The coordinates of a grid over vectors in braces.
std::vector<Tensor> meshgrid(std::initializer_list<Tensor> tensors, GridIndexing indexing = GridIndexing::ij,
                             SourceLocation where = SourceLocation::current());
/// All ways to take one element of each vector, as rows, the last vector's elements varying fastest; of one vector
/// itself.
///
/// Shapes: k vectors [n_1] ... [n_k] -> [n_1 ... n_k, k].
/// Dtype: promoted.
/// Derivative: g summed over the rows that have the element.
/// Throws: std::invalid_argument for no tensors, tensors that are no vectors, and where an int64 cannot count the
/// bytes.
/// NumPy: -
/// PyTorch: `cartesian_prod`
Tensor cartesian_prod(std::span<const Tensor> tensors, SourceLocation where = SourceLocation::current());
/// All ways to take one element of each vector in braces.
Tensor cartesian_prod(std::initializer_list<Tensor> tensors, SourceLocation where = SourceLocation::current());

/// Options of combinations().
struct CombinationOptions {
  bool with_replacement = false;  ///< an element may be taken several times
};
/// All ways to take `count` elements of a vector in its order, as rows in the order of their positions. Of count 0:
/// [0].
///
/// Shapes: x [n] -> [n over count, count].
/// Derivative: g summed over the rows that have the element.
/// Throws: std::invalid_argument unless x is a vector, for a negative count, and where an int64 cannot count the bytes.
/// Example: `combinations(x[0], 2, {.with_replacement = true})`
/// NumPy: -
Tensor combinations(const Operand& x, std::int64_t count = 2, CombinationOptions options = {});

}  // namespace xgrad
