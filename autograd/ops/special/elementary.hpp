// What the derivatives of sinc and entr are made of, on tensors.
#pragma once

#include "../../tensor.hpp"

namespace xgrad {

/// The derivative of sinc, and the n-th.
Tensor sinc_slope(const Tensor& x);
Tensor sinc_derivative(int n, const Tensor& x);
/// The derivative of entr.
Tensor entr_slope(const Tensor& x);

}  // namespace xgrad
