// The normal distribution and the error function: inverses, logarithms, and what is scaled by exp(x^2), on batches.
//
// Everything is computed in double; floats are widened first and rounded once at the end. No derivative is made of a rounded
// result whose error it would multiply: exp(y^2) with erfc(y) = t is erfcx(y) / t.
#pragma once

#include "gamma.hpp"

namespace xgrad {
namespace XGRAD_SIMD_NAMESPACE {
namespace simd_math {

/// The normal quantile divided by q, for p = 1/2 + q and |q| <= 0.425. (Wichura, Algorithm AS 241, PPND16, Appl. Statist. 37,
/// 1988, as are the two below.)
inline Batch<double> central_quantile(Batch<double> q) {
  Batch<double> r = fma(-q, q, Batch<double>(0.180625));
  return polynomial(r, 3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3,
                    1.3731693765509461125e4, 4.5921953931549871457e4, 6.7265770927008700853e4, 3.3430575583588128105e4,
                    2.5090809287301226727e3) /
         polynomial(r, 1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
                    2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4, 5.2264952788528545610e3);
}
/// The size of the normal quantile at the probability t <= 0.075 of a tail.
inline Batch<double> tail_quantile(Batch<double> t) {
  Batch<double> s = sqrt(-log(t));
  const Mask<double> is_far = s > 5;
  Batch<double> r = s - 1.6;
  Batch<double> size = polynomial(r, 1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0,
                                  3.64784832476320460504e0, 1.27045825245236838258e0, 2.41780725177450611770e-1,
                                  2.27238449892691845833e-2, 7.74545014278341407640e-4) /
                       polynomial(r, 1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
                                  1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4,
                                  1.05075007164441684324e-9);
  if (any(is_far)) {
    r = s - 5;
    Batch<double> far = polynomial(r, 6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0,
                                   2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
                                   2.71155556874348757815e-5, 2.01033439929228813265e-7) /
                        polynomial(r, 1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1,
                                   1.48753612908506148525e-2, 7.86869131145613259100e-4, 1.84631831751005468180e-5,
                                   1.42151175831644588870e-7, 2.04426310338993978564e-15);
    size = where(is_far, far, size);
  }
  return where(t == 0, Batch<double>(std::numeric_limits<double>::infinity()), size);
}

/// (1 + 2 x) exp(x^2) erfc(x) for x >= 0, in (x - 3) / (x + 3). The error is 5e-17.
inline Batch<double> erfcx_times(Batch<double> t) {
  return polynomial(t, 0x1.40c522d7e4987p+0, -0x1.15c084bb9e8f3p-3, -0x1.85a15c58a9d8ap-5, 0x1.098366a5b46f4p-3,
                    -0x1.e88b803a57db5p-4, 0x1.17ca2877f1efdp-4, -0x1.8574c406cdf63p-6, 0x1.4b884e3f360b4p-9,
                    0x1.ef1bd9c57a0f1p-10, -0x1.98db500f3c86ep-11, -0x1.b911001fd754bp-14, 0x1.065a1b41b6a01p-13,
                    0x1.4bc238a9c7931p-18, -0x1.5137b295a8b4fp-16, -0x1.7f9eb5b0edfd8p-21, 0x1.d1ba15a836ae1p-19,
                    0x1.5b43cae9ad80dp-22, -0x1.48696b53a65b7p-21, -0x1.9de0c65b2f923p-24, 0x1.98e3386fb419fp-24,
                    0x1.ecfe6135ca83dp-32, -0x1.f46c98e0ee335p-28, 0x1.114bbed985c6ep-26, -0x1.5c161834c55c1p-29,
                    -0x1.01f13ce6e6a01p-27, 0x1.47b94102c3f05p-30, 0x1.5f2fdda7a2535p-30, -0x1.88514a187e478p-33);
}
/// (1 + 2 x)^2 (1 / sqrt(pi) - x exp(x^2) erfc(x)), as above. The error is 3e-17.
inline Batch<double> erfcx_integral_times(Batch<double> t) {
  return polynomial(t, 0x1.5505d7303d7d9p+0, -0x1.a4cdbfd763eabp-4, -0x1.6320a4dc30a9ep-2, 0x1.bb88737fb5395p-2,
                    -0x1.e3417ae5abef1p-3, 0x1.3bd7aad5668ep-7, 0x1.59dcb84bb8a29p-4, -0x1.011072b7f111bp-4,
                    0x1.042712f79e59fp-6, 0x1.450661601a074p-8, -0x1.06a305d8562e2p-8, -0x1.f0796bcf9a9cbp-14,
                    0x1.84516d8bbbb16p-11, -0x1.14145d9c3a49fp-15, -0x1.29394c3b8667bp-13, 0x1.2e2630bda8b77p-18,
                    0x1.e9b82bc6d19adp-16, 0x1.aef14a2915904p-20, -0x1.9ddbbc33b3289p-18, -0x1.539c74b801c3p-20,
                    0x1.54a7c28ad29dap-20, 0x1.1baaa94757191p-21, -0x1.18ebffabd496dp-22, -0x1.68f5855bfd5f5p-23,
                    0x1.0417880a5cdep-24, 0x1.6917ce3143775p-25, -0x1.daa2339482f6ep-27, -0x1.03f25cb5b2e49p-27,
                    0x1.f18171dfc2c6cp-30, 0x1.904eb13be3b8ap-31);
}
inline Batch<double> erfcx_variable(Batch<double> size) {
  Batch<double> x = at_most(1e18, size);
  return (x - 3) / (x + 3);
}
/// exp(x^2) erfc(x) for x >= 0.
inline Batch<double> erfcx_of_size(Batch<double> size) {
  return erfcx_times(erfcx_variable(size)) * 0.5 / (size + 0.5);
}

/// exp(x^2), for which the rounding of x^2 is made up.
inline Batch<double> growing_bell(Batch<double> x) {
  Batch<double> size = at_most(27, abs(x));
  Batch<double> square = size * size;
  Exponential<double> e(at_most(ExpConstants<double>::kMost, square), error_of_square(size, square));
  return e.value();
}

}  // namespace simd_math

/// exp(x^2) erfc(x)
[[gnu::noinline]] inline Batch<double> erfcx(Batch<double> x) {
  using namespace simd_math;
  const Mask<double> is_negative = x < 0;
  Batch<double> value = erfcx_of_size(abs(x));
  if (!any(is_negative)) return value;
  return where(is_negative, 2 * growing_bell(x) - value, value);
}

/// exp(x^2) times the integral of erfc from x on: 1 / sqrt(pi) - x erfcx(x), without the subtraction. Half the size of
/// erfcx's derivative.
[[gnu::noinline]] inline Batch<double> erfcx_integral(Batch<double> x) {
  using namespace simd_math;
  Batch<double> size = abs(x);
  Batch<double> t = erfcx_variable(size);
  Batch<double> divisor = size + 0.5;
  Batch<double> value = erfcx_integral_times(t) * 0.25 / divisor / divisor;
  const Mask<double> is_negative = x < 0;
  if (!any(is_negative)) return value;
  Batch<double> scaled = 2 * growing_bell(x) - erfcx_times(t) * 0.5 / divisor;
  return where(is_negative, fma(size, scaled, Batch<double>(std::numbers::inv_sqrtpi)), value);
}

/// The inverse of erf; NaN outside of [-1, 1].
[[gnu::noinline]] inline Batch<double> erfinv(Batch<double> x) {
  using namespace simd_math;
  constexpr double kHalf = 0.5 / std::numbers::sqrt2;
  Batch<double> size = abs(x);
  Batch<double> central = x * (central_quantile(x * 0.5) * kHalf);
  const Mask<double> is_central = size <= 0.85;
  if (all(is_central)) return central;
  Batch<double> tail = tail_quantile((1 - size) * 0.5) * (1 / std::numbers::sqrt2);
  return where(is_central, central, flip_sign(tail, x));
}

/// sqrt(pi) / 2 exp(erfinv(x)^2)
[[gnu::noinline]] inline Batch<double> erfinv_slope(Batch<double> x) {
  using namespace simd_math;
  constexpr double kHalfRoot = 0.5 / std::numbers::inv_sqrtpi;
  Batch<double> size = abs(x);
  Batch<double> y = erfinv(size);
  const Mask<double> is_central = size <= 0.5;
  Batch<double> slope = exp(where(is_central, y * y, Batch<double>(0)));
  if (!all(is_central)) slope = where(is_central, slope, erfcx_of_size(y) / (1 - size));
  return where(size == 1, Batch<double>(std::numeric_limits<double>::infinity()), slope * kHalfRoot);
}

/// The normal quantile: the inverse of the distribution function; NaN outside of [0, 1].
[[gnu::noinline]] inline Batch<double> ndtri(Batch<double> p) {
  using namespace simd_math;
  Batch<double> q = p - 0.5;
  Batch<double> central = q * central_quantile(q);
  const Mask<double> is_central = abs(q) <= 0.425;
  if (all(is_central)) return central;
  return where(is_central, central, flip_sign(tail_quantile(min(p, 1 - p)), q));
}

/// sqrt(2 pi) exp(ndtri(p)^2 / 2)
[[gnu::noinline]] inline Batch<double> ndtri_slope(Batch<double> p) {
  using namespace simd_math;
  constexpr double kRoot = std::numbers::sqrt2 / std::numbers::inv_sqrtpi;
  Batch<double> y = abs(ndtri(p));
  Batch<double> t = min(p, 1 - p);
  const Mask<double> is_central = t >= 0.25;
  Batch<double> slope = exp(where(is_central, y * y * 0.5, Batch<double>(0)));
  if (!all(is_central)) slope = where(is_central, slope, erfcx_of_size(y * (1 / std::numbers::sqrt2)) * 0.5 / t);
  return where(t == 0, Batch<double>(std::numeric_limits<double>::infinity()), slope * kRoot);
}

/// The normal distribution function.
[[gnu::noinline]] inline Batch<double> ndtr(Batch<double> x) { return normal_cdf(x); }

/// log(ndtr(x)), in the far tail too.
[[gnu::noinline]] inline Batch<double> log_ndtr(Batch<double> x) {
  using namespace simd_math;
  Batch<double> rest = normal_cdf(negative_abs(x));
  Batch<double> value = where(x < 0, log(rest), log1p(-rest));
  const Mask<double> is_far = x < -1;
  if (!any(is_far)) return value;
  Batch<double> far = log(erfcx_of_size(abs(x) * (1 / std::numbers::sqrt2)) * 0.5) - x * x * 0.5;
  return where(is_far, far, value);
}

/// The density divided by the distribution function.
[[gnu::noinline]] inline Batch<double> log_ndtr_slope(Batch<double> x) {
  using namespace simd_math;
  constexpr double kRoot = std::numbers::sqrt2 * std::numbers::inv_sqrtpi;
  const Mask<double> is_negative = x < 0;
  Batch<double> negative = kRoot / erfcx_of_size(abs(x) * (1 / std::numbers::sqrt2));
  if (all(is_negative)) return negative;
  return where(is_negative, negative, normal_density(x) / normal_cdf(x));
}

#define XGRAD_IN_DOUBLES(name)                                                      \
  inline Batch<float> name(Batch<float> x) {                                        \
    return simd_math::in_doubles([](Batch<double> part) { return name(part); }, x); \
  }
XGRAD_IN_DOUBLES(erfcx)
XGRAD_IN_DOUBLES(erfcx_integral)
XGRAD_IN_DOUBLES(erfinv)
XGRAD_IN_DOUBLES(erfinv_slope)
XGRAD_IN_DOUBLES(ndtri)
XGRAD_IN_DOUBLES(ndtri_slope)
XGRAD_IN_DOUBLES(ndtr)
XGRAD_IN_DOUBLES(log_ndtr)
XGRAD_IN_DOUBLES(log_ndtr_slope)
#undef XGRAD_IN_DOUBLES

}  // namespace XGRAD_SIMD_NAMESPACE
}  // namespace xgrad
