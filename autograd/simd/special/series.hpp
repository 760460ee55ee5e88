// Special functions of one number, for orders and operands that no loop spends its time on: sums, recurrences, and
// libm.
#pragma once

#include <cstdint>

namespace xgrad {
namespace internal {

/// Hurwitz's zeta function, the sum of (q + k)^-s over k = 0, 1 ... As in Cephes it is infinite at s = 1 and at the
/// poles q = 0, -1 ..., and NaN for s < 1, and for q < 0 and a broken s.
double hurwitz_zeta(double s, double q);

/// The n-th derivative of digamma, for n >= 2.
double polygamma_of(std::int64_t n, double x);

/// exp(x^2) times the n-fold integral of erfc from x on. Its derivative is -2 (n + 1) times that of n + 1.
double erfcx_integral_of(int n, double x);

/// The n-th derivative of sin(pi x) / (pi x).
double sinc_derivative_of(int n, double x);

/// The modified Bessel function I_n, and exp(-|x|) times it.
double bessel_i_of(int n, double x);
double bessel_ie_of(int n, double x);

/// The mean of c^n exp(-c |x|), with c = 1 - cos(t), over a circle: of n = 0 exp(-|x|) I_0(x). For n up to 40.
double bessel_decay_of(int n, double x);

/// The Bessel functions J_n and Y_n, and their derivatives.
double bessel_j_of(int n, double x);
double bessel_y_of(int n, double x);
double bessel_j_slope_of(int n, double x);
double bessel_y_slope_of(int n, double x);

}  // namespace internal
}  // namespace xgrad
