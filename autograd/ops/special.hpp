// Special functions of elements.
#pragma once

#include "../number.hpp"
#include "../tensor.hpp"

namespace xgrad XGRAD_API {

/// Error function of each element: 2/sqrt(pi) times the integral of exp(-t^2) from 0 to x.
/// Shapes: the result has x's.
/// Dtype: x's, integers become float32.
/// Derivative: g 2/sqrt(pi) exp(-x^2).
Tensor erf(const Operand& x);

/// Complementary error function 1 - erf(x) of each element, accurate also where it is tiny.
/// Shapes: the result has x's.
/// Dtype: x's, integers become float32.
/// Derivative: -g 2/sqrt(pi) exp(-x^2).
/// Source: Shepherd, Laframboise, Chebyshev approximation of (1 + 2x) exp(x^2) erfc(x), Math. Comp. 36, 1981.
Tensor erfc(const Operand& x);

}  // namespace xgrad
