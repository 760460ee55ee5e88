// Exponentials and logarithms of elements.
#pragma once

#include "../number.hpp"
#include "../tensor.hpp"

namespace xgrad XGRAD_API {

/// Exponential e^x of each element.
/// Shapes: the result has x's.
/// Dtype: x's, integers become float32.
/// Derivative: g y.
Tensor exp(const Operand& x);

/// e^x - 1 of each element, accurate near 0.
/// Shapes: the result has x's.
/// Dtype: x's, integers become float32.
/// Derivative: g e^x, from x: y + 1 would be 0 where y rounds to -1.
Tensor expm1(const Operand& x);

/// Natural logarithm of each element; nan below 0, -inf at 0.
/// Shapes: the result has x's.
/// Dtype: x's, integers become float32.
/// Derivative: g / x.
Tensor log(const Operand& x);

/// log(1 + x) of each element, accurate near 0; nan below -1, -inf at -1.
/// Shapes: the result has x's.
/// Dtype: x's, integers become float32.
/// Derivative: g / (1 + x).
Tensor log1p(const Operand& x);

}  // namespace xgrad
