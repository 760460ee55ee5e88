// Trigonometric and hyperbolic functions of elements.
#pragma once

#include "../number.hpp"
#include "../tensor.hpp"

namespace xgrad XGRAD_API {

/// Sine of each element, in radians; nan of an infinity.
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
/// Derivative: g cos(x).
Tensor sin(const Operand& x);

/// Cosine of each element, in radians; nan of an infinity.
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
/// Derivative: -g sin(x).
Tensor cos(const Operand& x);

/// Hyperbolic tangent of each element.
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
/// Derivative: g / cosh(x)^2, from x: 1 - y^2 would be 0 where y rounds to 1.
Tensor tanh(const Operand& x);

/// Tangent of each element, in radians; nan of an infinity.
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
/// Derivative: g / cos(x)^2.
Tensor tan(const Operand& x);

/// Angle between -pi/2 and pi/2 whose sine the element is; nan outside of [-1, 1].
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
/// Derivative: g / sqrt(1 - x^2): infinite at -1 and 1, unless g is 0 there.
/// Source: fdlibm, e_asin.c.
/// NumPy: `arcsin`
Tensor asin(const Operand& x);

/// Angle between 0 and pi whose cosine the element is; nan outside of [-1, 1].
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
/// Derivative: -g / sqrt(1 - x^2): infinite at -1 and 1, unless g is 0 there.
/// Source: fdlibm, e_acos.c.
/// NumPy: `arccos`
Tensor acos(const Operand& x);

/// Angle between -pi/2 and pi/2 whose tangent the element is.
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
/// Derivative: g / (1 + x^2), also where x^2 overflows.
/// Source: fdlibm, s_atan.c.
/// NumPy: `arctan`
Tensor atan(const Operand& x);

/// Angle of the point (b, a) from -pi to pi, that is atan(a / b) in the right quadrant; 0 or pi, with the sign of a,
/// where a is 0.
/// Shapes: a and b broadcast to the result's shape.
/// Dtype: the common one, integers become the default dtype.
/// Derivative: g b / (a^2 + b^2) to a, -g a / (a^2 + b^2) to b, whose squares neither overflow nor underflow; 0 at (0,
/// 0).
/// NumPy: `arctan2`
Tensor atan2(const Operand& a, const Operand& b);

/// Length sqrt(a^2 + b^2) of (a, b), whose squares neither overflow nor underflow; infinite where either is.
/// Shapes: a and b broadcast to the result's shape.
/// Dtype: the common one, integers become the default dtype.
/// Derivative: g a / y to a, g b / y to b; 0 at (0, 0).
Tensor hypot(const Operand& a, const Operand& b);

/// Hyperbolic sine of each element.
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
/// Derivative: g cosh(x).
Tensor sinh(const Operand& x);

/// Hyperbolic cosine of each element.
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
/// Derivative: g sinh(x).
Tensor cosh(const Operand& x);

/// Number whose hyperbolic sine the element is.
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
/// Derivative: g / sqrt(1 + x^2), also where x^2 overflows.
/// NumPy: `arcsinh`
Tensor asinh(const Operand& x);

/// Number not below 0 whose hyperbolic cosine the element is; nan below 1.
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
/// Derivative: g / sqrt(x^2 - 1), also where x^2 overflows; infinite at 1, unless g is 0 there.
/// NumPy: `arccosh`
Tensor acosh(const Operand& x);

/// Number whose hyperbolic tangent the element is; infinite at -1 and 1, nan beyond.
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
/// Derivative: g / (1 - x^2): infinite at -1 and 1, unless g is 0 there.
/// NumPy: `arctanh`
Tensor atanh(const Operand& x);

/// Angles in degrees as radians: x pi / 180.
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
/// Derivative: g pi / 180.
Tensor deg2rad(const Operand& x);

/// Angles in radians as degrees: 180 x / pi.
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
/// Derivative: 180 g / pi.
Tensor rad2deg(const Operand& x);

}  // namespace xgrad
