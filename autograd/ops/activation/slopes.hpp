// What the derivatives of activations are made of, on tensors: for second and higher orders. The names are those of the
// batches' functions (simd/math/activation.hpp).
#pragma once

#include "../../tensor.hpp"

namespace xgrad {

/// factor exp(x / divisor)
Tensor scaled_exp(double factor, double divisor, const Tensor& x);
/// The derivative of mish.
Tensor mish_slope(const Tensor& x);
/// 1 / (1 + |x|)^2
Tensor softsign_slope(const Tensor& x);

}  // namespace xgrad
