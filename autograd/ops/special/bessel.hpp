// What the derivatives of Bessel functions are made of, on tensors: functions of every order.
#pragma once

#include "../../tensor.hpp"

namespace xgrad {

/// The derivatives of i1, i0e and i1e.
Tensor i1_slope(const Tensor& x);
Tensor i0e_slope(const Tensor& x);
Tensor i1e_slope(const Tensor& x);
/// I_n, J_n, Y_n, and the means of c^n exp(-c |x|) with c = 1 - cos(t) over a circle, of which i0e's derivatives are
/// made.
Tensor bessel_i(int n, const Tensor& x);
Tensor bessel_j(int n, const Tensor& x);
Tensor bessel_y(int n, const Tensor& x);
Tensor bessel_decay(int n, const Tensor& x);

}  // namespace xgrad
