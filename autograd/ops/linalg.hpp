// Matrix products, by OpenBLAS.
#pragma once

#include "../tensor.hpp"

namespace xgrad XGRAD_API {

/// Matrix product. A 1-d operand is a row (a) or a column (b) whose axis vanishes from the result. Transposed operands are
/// not copied.
/// Shapes: `a [..., m, k], b [..., k, n] -> [..., m, n]`; leading axes broadcast.
/// Dtype: the operands' common one; not boolean.
/// Derivative: g b^T and a^T g, summed over the axes that were broadcast.
/// Throws: std::invalid_argument for scalars and where inner sizes differ.
Tensor matmul(const Operand& a, const Operand& b);

/// Affine map: x weight^T + bias. A primitive, for speed: the product itself adds the bias. An undefined bias is none.
/// Shapes: `x [..., in], weight [out, in], bias [out] -> [..., out]`.
/// Dtype: the operands' common one.
/// Derivative: g weight for x, g^T x for weight, the sum of g over the rows for bias.
/// Throws: std::invalid_argument for other shapes.
Tensor affine(const Operand& x, const Tensor& weight, const Tensor& bias = {});

/// Inner product: sum(a b) of two 1-d tensors, pairwise over blocks.
/// Shapes: `a [n], b [n] -> []`.
/// Dtype: the operands' common one; not boolean.
/// Derivative: g b and g a.
/// Throws: std::invalid_argument for other shapes.
Tensor dot(const Operand& a, const Operand& b);

/// Outer product: each element of a times each of b.
/// Shapes: `a [m], b [n] -> [m, n]`.
/// Dtype: the operands' common one.
/// Derivative: g b for a, g^T a for b.
/// Throws: std::invalid_argument for operands that are not 1-d.
Tensor outer(const Operand& a, const Operand& b);

}  // namespace xgrad
