// What the derivatives of saturating functions are made of, on tensors: for second and higher orders. The names are
// those of the batches' and duals' functions, so that one formula serves all (simd/formulas.hpp).
#pragma once

#include "../../tensor.hpp"

namespace xgrad {

/// sigmoid(x) sigmoid(-x), the derivative of sigmoid.
Tensor sigmoid_slope(const Tensor& x);
/// exp(-x^2)
Tensor bell(const Tensor& x);
/// Density and distribution function of the normal distribution.
Tensor normal_density(const Tensor& x);
Tensor normal_cdf(const Tensor& x);
/// x, but no more than `limit` in size: a factor of what has vanished there.
Tensor bounded(const Tensor& x, double limit);

}  // namespace xgrad
