// The hyperbolic functions beside tanh, and their inverses.
//
// Largest errors in units of the last place (float: by way of doubles, 0.51 for all of them):
//
//             sinh  cosh  asinh  acosh  atanh  tanh_square  tanhshrink
//     double  ?
#pragma once

#include "angle.hpp"

namespace xgrad {
namespace XGRAD_SIMD_NAMESPACE {
namespace simd_math {

/// exp(x) / 2, which is finite a little further than exp(x).
template <Float64 T>
inline Batch<T> half_exp(Batch<T> x) {
  Exponential<double> e(at_most(712, at_least(ExpConstants<double>::kLeast, x)));
  return scale(1 + (e.r + e.s), e.shifted - 1);
}

}  // namespace simd_math

template <Float64 T>
inline Batch<T> sinh(Batch<T> x) {
  Batch<double> size = abs(x);
  Mask<double> is_large = size > 20;  // exp(-x) is nothing beside exp(x)
  Batch<double> e = expm1(at_most(20, size));
  Batch<double> y = 0.5 * (e + e / (e + 1));
  if (any(is_large)) y = where(is_large, simd_math::half_exp(size), y);
  return with_sign(y, x);
}
template <Float32 T>
inline Batch<T> sinh(Batch<T> x) {
  return simd_math::in_double([](Batch<double> x) { return sinh(x); }, x);
}

template <Float64 T>
inline Batch<T> cosh(Batch<T> x) {
  Batch<double> half = simd_math::half_exp(abs(x));
  return half + 0.25 / half;
}
template <Float32 T>
inline Batch<T> cosh(Batch<T> x) {
  return simd_math::in_double([](Batch<double> x) { return cosh(x); }, x);
}

/// log1p(x + x^2 / (1 + sqrt(1 + x^2))); log(2 x) where x is large.
template <Float64 T>
inline Batch<T> asinh(Batch<T> x) {
  Batch<double> size = abs(x);
  Mask<double> is_large = size > 0x1p60;
  Batch<double> square = size * size;
  Batch<double> y = log1p(where(is_large, size, size + square / (1 + sqrt(1 + square))));
  y = where(is_large, y + std::numbers::ln2, y);
  return with_sign(y, x);
}
template <Float32 T>
inline Batch<T> asinh(Batch<T> x) {
  return simd_math::in_double([](Batch<double> x) { return asinh(x); }, x);
}

/// NaN below 1.
template <Float64 T>
inline Batch<T> acosh(Batch<T> x) {
  Mask<double> is_large = x > 0x1p60;
  Batch<double> t = x - 1;
  Batch<double> y = log1p(where(is_large, t, t + sqrt(t * (x + 1))));
  y = where(is_large, y + std::numbers::ln2, y);
  return where(x < 1, Batch<double>(std::numeric_limits<double>::quiet_NaN()), y);
}
template <Float32 T>
inline Batch<T> acosh(Batch<T> x) {
  return simd_math::in_double([](Batch<double> x) { return acosh(x); }, x);
}

/// 1 / sqrt(x^2 - 1), the derivative of acosh; NaN below 1. The square of a large number, whose root that is, may
/// overflow.
template <Float64 T>
inline Batch<T> acosh_slope(Batch<T> x) {
  Mask<double> is_large = x > 0x1p60;
  Batch<double> near = where(is_large, Batch<double>(1), x);
  Batch<double> root = where(is_large, x, sqrt((near - 1) * (near + 1)));
  return 1 / where(x < 1, Batch<double>(std::numeric_limits<double>::quiet_NaN()), root);
}
template <Float32 T>
inline Batch<T> acosh_slope(Batch<T> x) {
  return simd_math::in_double([](Batch<double> x) { return acosh_slope(x); }, x);
}

/// NaN outside of [-1, 1].
template <Float64 T>
inline Batch<T> atanh(Batch<T> x) {
  Batch<double> size = abs(x);
  return with_sign(0.5 * log1p(2 * size / (1 - size)), x);
}
template <Float32 T>
inline Batch<T> atanh(Batch<T> x) {
  return simd_math::in_double([](Batch<double> x) { return atanh(x); }, x);
}

/// 1 / (1 - x^2), the derivative of atanh.
template <Float64 T>
inline Batch<T> atanh_slope(Batch<T> x) {
  return 1 / ((1 - x) * (1 + x));
}
template <Float32 T>
inline Batch<T> atanh_slope(Batch<T> x) {
  return simd_math::in_double([](Batch<double> x) { return atanh_slope(x); }, x);
}

/// x - tanh(x): x^3 p(x^2) up to 1, where the difference would lose digits; above, (x - 1) + (1 - tanh(x)).
template <Float64 T>
inline Batch<T> tanhshrink(Batch<T> x) {
  Batch<double> size = abs(x);
  Batch<double> z = size * size;
  // (x - tanh(x)) / x^3 by interpolation at Chebyshev's points; the error is 6e-17.
  Batch<double> near =
      size * z *
      simd_math::polynomial(at_most(1, z), 0x1.5555555555555p-2, -0x1.11111111110b9p-3, 0x1.ba1ba1ba1453ep-5,
                            -0x1.664f4880d2a47p-6, 0x1.226e3519865dfp-7, -0x1.d6d3c538d0bbep-9, 0x1.7da2bdc3daa27p-10,
                            -0x1.3551ae34bdfffp-11, 0x1.f5211730ee038p-13, -0x1.94981e5bdbe6fp-14,
                            0x1.42090e21d3d28p-15, -0x1.ea19b73b128d8p-17, 0x1.4eb911dcd9788p-18,
                            -0x1.7238a0a7e22b6p-20, 0x1.1ab979c0ab58cp-22, -0x1.b028f6cb72ebfp-26);
  Mask<double> is_near = size < 1;
  if (all(is_near)) return with_sign(near, x);
  Batch<double> far = (size - 1) + 2 / (1 + exp(2 * size));
  return with_sign(where(is_near, near, far), x);
}
template <Float32 T>
inline Batch<T> tanhshrink(Batch<T> x) {
  return simd_math::in_double([](Batch<double> x) { return tanhshrink(x); }, x);
}

/// tanh(x)^2, the derivative of tanhshrink.
template <Float64 T>
inline Batch<T> tanh_square(Batch<T> x) {
  Batch<double> y = tanh(x);
  return y * y;
}
template <Float32 T>
inline Batch<T> tanh_square(Batch<T> x) {
  return simd_math::in_double([](Batch<double> x) { return tanh_square(x); }, x);
}

}  // namespace XGRAD_SIMD_NAMESPACE
}  // namespace xgrad
