// Trigonometric and hyperbolic functions of elements.
#pragma once

#include "../number.hpp"
#include "../tensor.hpp"

namespace xgrad XGRAD_API {

/// Sine of each element, in radians; nan of an infinity.
/// Shapes: the result has x's.
/// Dtype: x's, integers become float32.
/// Derivative: g cos(x).
Tensor sin(const Operand& x);

/// Cosine of each element, in radians; nan of an infinity.
/// Shapes: the result has x's.
/// Dtype: x's, integers become float32.
/// Derivative: -g sin(x).
Tensor cos(const Operand& x);

/// Hyperbolic tangent of each element.
/// Shapes: the result has x's.
/// Dtype: x's, integers become float32.
/// Derivative: g / cosh(x)^2, from x: 1 - y^2 would be 0 where y rounds to 1.
Tensor tanh(const Operand& x);

}  // namespace xgrad
