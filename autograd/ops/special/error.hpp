// What the derivatives of the error function's family are made of, on tensors.
#pragma once

#include "../../tensor.hpp"

namespace xgrad {

/// The derivatives of erfinv, ndtr, ndtri and log_ndtr.
Tensor erfinv_slope(const Tensor& x);
Tensor ndtr_slope(const Tensor& x);
Tensor ndtri_slope(const Tensor& p);
Tensor log_ndtr_slope(const Tensor& x);
/// exp(x^2) times the integral of erfc from x on, and the n-fold integral.
Tensor erfcx_integral(const Tensor& x);
Tensor erfcx_integral(int n, const Tensor& x);

}  // namespace xgrad
