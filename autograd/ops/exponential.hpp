// Exponentials and logarithms of elements.
#pragma once

#include "../number.hpp"
#include "../tensor.hpp"

namespace xgrad XGRAD_API {

/// Exponential e^x of each element.
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
/// Derivative: g y.
Tensor exp(const Operand& x);

/// e^x - 1 of each element, accurate near 0.
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
/// Derivative: g e^x, from x: y + 1 would be 0 where y rounds to -1.
Tensor expm1(const Operand& x);

/// Natural logarithm of each element; nan below 0, -inf at 0.
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
/// Derivative: g / x.
Tensor log(const Operand& x);

/// log(1 + x) of each element, accurate near 0; nan below -1, -inf at -1.
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
/// Derivative: g / (1 + x).
Tensor log1p(const Operand& x);

/// Power 2^x of each element, exact for whole numbers.
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
/// Derivative: g y log(2).
Tensor exp2(const Operand& x);

/// Logarithm to the base 2, exact for powers of 2; nan below 0, -inf at 0.
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
/// Derivative: g / (x log(2)).
Tensor log2(const Operand& x);

/// Logarithm to the base 10; nan below 0, -inf at 0.
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
/// Derivative: g / (x log(10)).
/// Source: fdlibm, e_log10.c.
Tensor log10(const Operand& x);

/// log(exp(a) + exp(b)), neither of which overflows; -inf where both are.
/// Shapes: a and b broadcast to the result's shape.
/// Dtype: the common one, integers become the default dtype.
/// Derivative: g exp(a) / (exp(a) + exp(b)) to a, the rest to b; where both are infinite half each, or 0 for -inf.
Tensor logaddexp(const Operand& a, const Operand& b);

/// log2(2^a + 2^b), neither of which overflows; -inf where both are.
/// Shapes: a and b broadcast to the result's shape.
/// Dtype: the common one, integers become the default dtype.
/// Derivative: g 2^a / (2^a + 2^b) to a, the rest to b; where both are infinite half each, or 0 for -inf.
Tensor logaddexp2(const Operand& a, const Operand& b);

}  // namespace xgrad
