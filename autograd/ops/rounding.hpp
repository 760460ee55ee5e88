// Rounding of elements to whole numbers. Integers are what they are; the derivative is 0.
#pragma once

#include "../number.hpp"
#include "../tensor.hpp"

namespace xgrad XGRAD_API {

/// Greatest whole number that is not above the element.
/// Shapes: the result has x's.
/// Dtype: x's; integers stay.
/// Derivative: 0.
/// NumPy: `floor`, which makes integers floating
Tensor floor(const Operand& x);

/// Least whole number that is not below the element.
/// Shapes: the result has x's.
/// Dtype: x's; integers stay.
/// Derivative: 0.
/// NumPy: `ceil`, which makes integers floating
Tensor ceil(const Operand& x);

/// Element without its fraction: rounded towards 0.
/// Shapes: the result has x's.
/// Dtype: x's; integers stay.
/// Derivative: 0.
/// NumPy: `trunc`, which makes integers floating
/// PyTorch: `trunc`, `fix`
Tensor trunc(const Operand& x);

/// Nearest whole number, halves to the even one.
/// Shapes: the result has x's.
/// Dtype: x's; integers stay.
/// Derivative: 0.
Tensor round(const Operand& x);

/// Nearest multiple of 10^-decimals, halves to the even one: of 1234.5 with decimals -2 that is 1200.
/// Shapes: the result has x's.
/// Dtype: x's; integers stay.
/// Derivative: 0.
/// NumPy: `round(x, decimals)`
/// PyTorch: `round(decimals=)`
Tensor round(const Operand& x, int decimals);

/// Fraction x - trunc(x), with the sign of x; nan of an infinity.
/// Shapes: the result has x's.
/// Dtype: x's; integers stay.
/// Derivative: g.
/// NumPy: `modf(x)[0]`, 0 of an infinity
Tensor frac(const Operand& x);

}  // namespace xgrad
