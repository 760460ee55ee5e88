// Linear algebra: solvers, decompositions, matrix functions and norms, by LAPACK. Every function takes stacks of matrices:
// the last two axes are a matrix, those before them a batch.
#pragma once

#include <initializer_list>
#include <span>

#include "../tensor.hpp"

namespace xgrad XGRAD_API {

/// Sum of a matrix's diagonal.
/// Shapes: `x [m, n] -> []`.
/// Dtype: floating; integers and booleans become int64.
/// Derivative: g on the diagonal, 0 elsewhere.
/// Throws: std::invalid_argument unless x is a matrix.
Tensor trace(const Operand& x);

namespace linalg {

// ---- Products ----

/// Product of matrices in the order that takes the fewest multiplications. The first may be a row and the last a column:
/// their axis vanishes from the result, as in matmul.
/// Shapes: `[a, b], [b, c], [c, d] -> [a, d]`; `[b], [b, c], [c] -> []`.
/// Dtype: the operands' common one; not boolean.
/// Derivative: as of the product.
/// Throws: std::invalid_argument for less than two operands, other ranks, and inner sizes that differ.
/// Example: `linalg::multi_dot({a, b, c})`
Tensor multi_dot(std::span<const Tensor> tensors, SourceLocation where = SourceLocation::current());
/// Product of matrices in braces, in the order that takes the fewest multiplications.
Tensor multi_dot(std::initializer_list<Tensor> tensors, SourceLocation where = SourceLocation::current());

/// Inner products along an axis: sum(a b).
/// Shapes: `a [..., n], b [..., n] -> [...]`; the operands broadcast.
/// Dtype: the operands' common one; not boolean.
/// Derivative: g b and g a.
/// Throws: std::invalid_argument where the operands do not broadcast; std::out_of_range for an axis that is not there.
Tensor vecdot(const Operand& a, const Operand& b, int axis = -1);

/// Cross product of vectors of three elements along an axis; the other axes broadcast. xgrad::cross without an axis takes
/// the first one of extent 3.
/// Shapes: `a [..., 3], b [..., 3] -> [..., 3]`, with the same number of axes.
/// Dtype: the operands' common one; not boolean.
/// Derivative: cross(b, g) and cross(g, a).
/// Throws: std::invalid_argument unless the axis has extent 3 in both; std::out_of_range for one that is not there.
Tensor cross(const Operand& a, const Operand& b, int axis = -1);

}  // namespace linalg
}  // namespace xgrad
