// What the derivatives of trigonometric functions are made of, on tensors: for second and higher orders. The names are
// those of the batches' and duals' functions (simd/math/angle.hpp, hyperbolic.hpp), so that one formula serves all.
#pragma once

#include "../../tensor.hpp"

namespace xgrad {

/// 1 / cos(x)^2
Tensor secant_square(const Tensor& x);
/// 1 / (1 + x^2)
Tensor lorentz(const Tensor& x);
/// 1 / sqrt(1 - x^2)
Tensor asin_slope(const Tensor& x);
/// 1 / sqrt(x^2 - 1)
Tensor acosh_slope(const Tensor& x);
/// 1 / (1 - x^2)
Tensor atanh_slope(const Tensor& x);
/// tanh(x)^2
Tensor tanh_square(const Tensor& x);
/// a / hypot(a, b), 0 at (0, 0)
Tensor direction(const Tensor& a, const Tensor& b);
/// b / (a^2 + b^2), 0 at (0, 0)
Tensor winding(const Tensor& a, const Tensor& b);

}  // namespace xgrad
