// What the derivatives of Bessel functions are made of, on tensors: functions of every order.
#pragma once

#include "../../tensor.hpp"

namespace xgrad {

/// The derivatives of i1, i0e and i1e.
Tensor i1_slope(const Tensor& x);
Tensor i0e_slope(const Tensor& x);
Tensor i1e_slope(const Tensor& x);
/// I_n, exp(-|x|) I_n(x), J_n, Y_n.
Tensor bessel_i(int n, const Tensor& x);
Tensor bessel_ie(int n, const Tensor& x);
Tensor bessel_j(int n, const Tensor& x);
Tensor bessel_y(int n, const Tensor& x);

}  // namespace xgrad
