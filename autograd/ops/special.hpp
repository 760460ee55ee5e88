// Special functions of elements.
#pragma once

#include <cstdint>

#include "../number.hpp"
#include "../tensor.hpp"

namespace xgrad XGRAD_API {

/// Error function of each element: 2/sqrt(pi) times the integral of exp(-t^2) from 0 to x.
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
/// Derivative: g 2/sqrt(pi) exp(-x^2).
Tensor erf(const Operand& x);

/// Complementary error function 1 - erf(x) of each element, accurate also where it is tiny.
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
/// Derivative: -g 2/sqrt(pi) exp(-x^2).
/// Source: Shepherd, Laframboise, Chebyshev approximation of (1 + 2x) exp(x^2) erfc(x), Math. Comp. 36, 1981.
Tensor erfc(const Operand& x);

// ---- The error function and the normal distribution ----

/// Scaled complementary error function exp(x^2) erfc(x) of each element; it does not underflow.
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
/// Derivative: g (2 x erfcx(x) - 2/sqrt(pi)), computed without the subtraction; to every order from repeated integrals
/// of erfc.
Tensor erfcx(const Operand& x);

/// Inverse error function of each element: -inf and inf at -1 and 1, nan outside.
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
/// Derivative: g sqrt(pi)/2 exp(erfinv(x)^2), accurate also where 1 - |x| is tiny.
Tensor erfinv(const Operand& x);

/// Normal distribution function of each element: (1 + erf(x / sqrt(2))) / 2, accurate in the lower tail.
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
/// Derivative: g exp(-x^2 / 2) / sqrt(2 pi).
Tensor ndtr(const Operand& x);

/// Normal quantile of each element, the inverse of ndtr(): -inf and inf at 0 and 1, nan outside.
/// Shapes: the result has p's.
/// Dtype: p's, integers become the default dtype.
/// Derivative: g sqrt(2 pi) exp(ndtri(p)^2 / 2).
Tensor ndtri(const Operand& p);

/// Logarithm of ndtr(x) of each element, accurate in both tails.
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
/// Derivative: g exp(-x^2 / 2) / sqrt(2 pi) / ndtr(x), which is about -x in the lower tail.
Tensor log_ndtr(const Operand& x);

// ---- The gamma function ----

/// Logarithm of |Gamma(x)| of each element: inf at 0, -1, -2 ... and at both infinities.
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
/// Derivative: g digamma(x).
/// NumPy: `scipy.special.gammaln`
/// PyTorch: `lgamma`, `special.gammaln`
Tensor lgamma(const Operand& x);

/// Derivative of lgamma(x) of each element: -inf at 0, inf at -0, nan at -1, -2 ...
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
/// Derivative: g polygamma(1, x).
/// NumPy: `scipy.special.digamma`
/// PyTorch: `digamma`, `special.psi`
Tensor digamma(const Operand& x);

/// Derivative of digamma(x) of order n of each element; digamma itself for n = 0. It is infinite at the other poles.
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
/// Derivative: g polygamma(n + 1, x).
/// Throws: std::invalid_argument unless n >= 0.
Tensor polygamma(std::int64_t n, const Operand& x);

/// Logarithm of the multivariate gamma function of dimension p (PyTorch's mvlgamma) of each element: p (p - 1) / 4
/// log(pi) + the sum of lgamma(x - j / 2) over j = 0 ... p - 1.
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
/// Derivative: g times the sum of digamma(x - j / 2).
/// Throws: std::invalid_argument unless 1 <= p <= 2^20.
Tensor multigammaln(const Operand& x, std::int64_t p);

/// Hurwitz's zeta function: the sum of (q + k)^-x over k = 0, 1 ... It is inf at x = 1 and at q = 0, -1 ...; nan for x
/// < 1, and for q < 0 unless x is whole.
/// Shapes: x and q broadcast to the result's shape.
/// Dtype: the common one, integers become the default dtype.
/// Derivative: to q: -g x zeta(x + 1, q). That to x is not offered.
/// Throws: std::logic_error in the backward pass where a gradient to x is asked for.
Tensor zeta(const Operand& x, const Operand& q);

// ---- Bessel functions ----

/// Modified Bessel function I of order 0 of each element.
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
/// Derivative: g i1(x).
/// NumPy: `i0`
Tensor i0(const Operand& x);

/// Modified Bessel function of order 0, scaled: exp(-|x|) i0(x) of each element.
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
/// Derivative: g (i1e(x) - sign(x) i0e(x)), without the subtraction; 0 at 0.
Tensor i0e(const Operand& x);

/// Modified Bessel function I of order 1 of each element.
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
/// Derivative: g (i0(x) - i1(x) / x), g / 2 at 0.
Tensor i1(const Operand& x);

/// Modified Bessel function of order 1, scaled: exp(-|x|) i1(x) of each element.
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
/// Derivative: g (i0e(x) - i1e(x) (sign(x) + 1 / x)), g / 2 at 0.
Tensor i1e(const Operand& x);

/// Modified Bessel function K of order 0 of each element: inf at 0, nan below.
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
/// Derivative: -g bessel_k1(x).
/// NumPy: -
/// PyTorch: `special.modified_bessel_k0`
Tensor bessel_k0(const Operand& x);

/// Modified Bessel function K of order 1 of each element: inf at 0, nan below.
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
/// Derivative: -g (bessel_k0(x) + bessel_k1(x) / x).
/// NumPy: -
/// PyTorch: `special.modified_bessel_k1`
Tensor bessel_k1(const Operand& x);

/// Bessel function J of order 0 of each element.
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
/// Derivative: -g bessel_j1(x).
Tensor bessel_j0(const Operand& x);

/// Bessel function J of order 1 of each element.
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
/// Derivative: g (bessel_j0(x) - bessel_j1(x) / x), g / 2 at 0.
Tensor bessel_j1(const Operand& x);

/// Bessel function Y of order 0 of each element: -inf at 0, nan below.
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
/// Derivative: -g bessel_y1(x).
Tensor bessel_y0(const Operand& x);

/// Bessel function Y of order 1 of each element: -inf at 0, nan below.
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
/// Derivative: g (bessel_y0(x) - bessel_y1(x) / x).
Tensor bessel_y1(const Operand& x);

// ---- Elementary ----

/// Cardinal sine sin(pi x) / (pi x) of each element: 1 at 0, exactly 0 at the other whole numbers, nan at infinities.
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
/// Derivative: g (cos(pi x) - sinc(x)) / x; at 0 the first is 0 and the second -pi^2 / 3.
/// NumPy: `sinc`
Tensor sinc(const Operand& x);

/// Entropy -x log(x) of each element: 0 at 0, -inf below.
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
/// Derivative: -g (1 + log(x)): inf at 0, nan below.
Tensor entr(const Operand& x);

/// Logarithm of the odds x / (1 - x) of each element, the inverse of sigmoid(): nan outside of [0, 1].
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
/// Derivative: g / (x (1 - x)), nan outside of [0, 1].
Tensor logit(const Operand& x);

/// Logarithm of the odds of each element, which is first limited to [eps, 1 - eps]; a negative eps stands for no limit.
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
/// Derivative: g / (x (1 - x)), 0 outside of [eps, 1 - eps].
Tensor logit(const Operand& x, double eps);

/// Product x log(y), element by element: 0 where x is 0, unless y is nan.
/// Shapes: x and y broadcast to the result's shape.
/// Dtype: the common one, integers become the default dtype.
/// Derivative: to x: g log(y), and 0 where x is 0 and y <= 0; to y: g x / y, and 0 at (0, 0).
Tensor xlogy(const Operand& x, const Operand& y);

/// Product x log(1 + y), element by element: 0 where x is 0, unless y is nan.
/// Shapes: x and y broadcast to the result's shape.
/// Dtype: the common one, integers become the default dtype.
/// Derivative: to x: g log(1 + y), and 0 where x is 0 and y <= -1; to y: g x / (1 + y), and 0 at (0, -1).
Tensor xlog1py(const Operand& x, const Operand& y);

}  // namespace xgrad
