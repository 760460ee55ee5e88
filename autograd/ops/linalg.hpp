// Matrix products, by OpenBLAS.
#pragma once

#include "../tensor.hpp"

namespace xgrad XGRAD_API {

/// Matrix product. a [..., m, k], b [..., k, n] -> [..., m, n]; leading axes broadcast. A 1-d operand is a row (a) or a
/// column (b) whose axis vanishes from the result. Transposed operands are not copied. Gradients g b^T, a^T g.
/// Throws std::invalid_argument for scalars and where inner sizes differ.
Tensor matmul(const Operand& a, const Operand& b);

/// x weight^T + bias in one operation: x [..., in], weight [out, in], bias [out] or undefined -> [..., out].
/// A node of its own for speed: the bias is added by the product. Gradients g weight, g^T x, sum of g.
Tensor affine(const Operand& x, const Tensor& weight, const Tensor& bias = {});

/// sum(a b) of two 1-d tensors. -> scalar.
Tensor dot(const Operand& a, const Operand& b);
/// a [m], b [n] -> [m, n].
Tensor outer(const Operand& a, const Operand& b);

}  // namespace xgrad
