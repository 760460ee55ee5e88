// Diagonals and triangles of matrices, which lie along two axes of a tensor.
#pragma once

#include <cstdint>

#include "../tensor.hpp"

namespace xgrad XGRAD_API {

// ---- Diagonals ----

/// Which diagonal of a tensor's matrices.
struct DiagonalOptions {
  std::int64_t offset = 0;  ///< how many columns above the main diagonal; below it when negative
  int axis1 = 0;            ///< the axis that counts the rows
  int axis2 = 1;            ///< the axis that counts the columns
};
/// A diagonal of each matrix that lies along two axes of x, along a new last axis: a view. An offset beyond the matrix
/// gives no elements.
///
/// Shapes: x [n, n, a] -> [a, n], n the length of the diagonal.
/// Derivative: g on the diagonal, 0 elsewhere.
/// Throws: std::invalid_argument for fewer than two axes and one that is named twice; std::out_of_range for an axis
/// that x does not have.
/// Example: `diagonal(x, {.offset = 1, .axis1 = -2, .axis2 = -1})`
Tensor diagonal(const Operand& x, DiagonalOptions options = {});
/// x with the elements of source on a diagonal, as a new tensor.
///
/// Shapes: x [n, n, a], source [a, n], diagonal(x)'s -> x's.
/// Dtype: that of x and source, promoted.
/// Derivative: g with zeros on the diagonal for x, diagonal(g) for source.
/// Throws: std::invalid_argument for a source of another shape; else as diagonal().
/// NumPy: -
Tensor diagonal_scatter(const Operand& x, const Operand& source, DiagonalOptions options = {});
/// A vector as the diagonal of a matrix; the diagonal of a matrix as a vector, a view.
///
/// Shapes: x [n] -> [n + |offset|, n + |offset|]; x [m, n] -> [length of the diagonal].
/// Derivative: diag(g, offset), 0 elsewhere.
/// Throws: std::invalid_argument unless x has one axis or two, and where an int64 cannot count the bytes.
Tensor diag(const Operand& x, std::int64_t offset = 0);
/// All elements of x, in row-major order, as the diagonal of a matrix.
///
/// Shapes: x [...] -> [n + |offset|, n + |offset|], n the number of elements.
/// Derivative: the diagonal of g in x's shape.
/// Throws: std::invalid_argument where an int64 cannot count the bytes.
Tensor diagflat(const Operand& x, std::int64_t offset = 0);
/// Each row of x (along the last axis) as the diagonal of a matrix, which lies along two axes of the result.
///
/// Shapes: x [a, n] -> [a, n + |offset|, n + |offset|].
/// Derivative: diagonal(g, options).
/// Throws: std::invalid_argument for a scalar, a tensor of kMaxDims axes, an axis that is named twice, and where an
/// int64 cannot count the bytes; std::out_of_range for an axis that the result does not have.
/// Example: `diag_embed(x, {.offset = -1})`
/// NumPy: -
Tensor diag_embed(const Operand& x, DiagonalOptions options = {.offset = 0, .axis1 = -2, .axis2 = -1});

// ---- Triangles ----

/// The lower triangle of each matrix along the last two axes: elements above the diagonal are 0.
///
/// Shapes: x [..., m, n] -> x's.
/// Derivative: tril(g, offset).
/// Throws: std::invalid_argument for fewer than two axes.
/// NumPy: `tril`, which makes a matrix of a vector
Tensor tril(const Operand& x, std::int64_t offset = 0);
/// The upper triangle of each matrix along the last two axes: elements below the diagonal are 0.
///
/// Shapes: x [..., m, n] -> x's.
/// Derivative: triu(g, offset).
/// Throws: std::invalid_argument for fewer than two axes.
/// NumPy: `triu`, which makes a matrix of a vector
Tensor triu(const Operand& x, std::int64_t offset = 0);
/// Row and column of each element of the lower triangle of a matrix, in row-major order.
///
/// Shapes: [2, number of elements].
/// Dtype: int64.
/// Throws: std::invalid_argument for a negative number of rows or columns and where an int64 cannot count the bytes.
/// Example: `Tensor at = tril_indices(2, 3); x[{at[0], at[1]}]`
/// NumPy: `tril_indices`, two arrays
Tensor tril_indices(std::int64_t rows, std::int64_t columns, std::int64_t offset = 0,
                    SourceLocation where = SourceLocation::current());
/// Row and column of each element of the upper triangle of a matrix, in row-major order.
///
/// Shapes: [2, number of elements].
/// Dtype: int64.
/// Throws: std::invalid_argument for a negative number of rows or columns and where an int64 cannot count the bytes.
/// NumPy: `triu_indices`, two arrays
Tensor triu_indices(std::int64_t rows, std::int64_t columns, std::int64_t offset = 0,
                    SourceLocation where = SourceLocation::current());

}  // namespace xgrad
