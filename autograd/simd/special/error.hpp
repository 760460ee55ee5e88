// The normal distribution and the error function: inverses, logarithms, and what is scaled by exp(x^2), on batches.
//
// Everything is computed in double; floats are widened first and rounded once at the end. No derivative is made of a
// rounded result whose error it would multiply: exp(y^2) with erfc(y) = t is erfcx(y) / t.
#pragma once

#include "../math/tails.hpp"
#include "gamma.hpp"

namespace xgrad {
namespace XGRAD_SIMD_NAMESPACE {
namespace simd_math {

/// erfinv(x) for |x| <= 1/2.
inline Batch<double> erfinv_near_zero(Batch<double> x) {
  constexpr double kFirst = 0.5 / std::numbers::inv_sqrtpi;
  Batch<double> z = x * x;
  // (erfinv(x) / x - sqrt(pi) / 2) / x^2
  Batch<double> rest = polynomial(
      z, 0x1.db29fb2fee5e1p-3, 0x1.053c2c0ab98fp-3, 0x1.62847c4753b94p-4, 0x1.0a1318c27706bp-4, 0x1.a7c850a0c336ap-5,
      0x1.5eec4adf6332p-5, 0x1.2aa6938a2d38bp-5, 0x1.048516d94fe7ap-5, 0x1.bb025b6356768p-6, 0x1.f55001484a1a2p-6,
      -0x1.04425202b3395p-11, 0x1.5d457bc6e5c36p-4, -0x1.8151416c21e7p-4, 0x1.e67c018e72154p-4);
  return fma(x * z, rest, x * kFirst);
}
/// The y > 0 with erfc(y) = 2 t, for 0 <= t <= 1/4: with s = sqrt(-log(t)), what s exceeds it by is small and smooth.
inline TwoParts<double> tail_quantile(Batch<double> t) {
  constexpr double kFar = 6.2;
  Batch<double> square = -log(t);
  Batch<double> s = at_most(28, sqrt(square));
  // What rounding took from the root.
  Batch<double> low = (square - s * s - error_of_square(s, s * s)) * 0.5 / s;
  // The excess is first + rest.
  Batch<double> first = 0x1.be4974ebee3c1p-2, u = (s - 2.7) / (s + 2.7);
  Batch<double> rest =
      u * polynomial(u, -0x1.1446786b1beb4p-1, 0x1.f128ce146f25ap-3, -0x1.79278ccb19085p-3, 0x1.e6a62210efdd2p-4,
                     -0x1.969e195704c2ep-4, 0x1.3387502de60bbp-4, -0x1.133636dab8a6fp-4, 0x1.c04a75d1e20e9p-5,
                     -0x1.9bb92cb6d6b5fp-5, 0x1.5d5fcb46cfa9ap-5, -0x1.46a903b46c2dcp-5, 0x1.1dcf27649bf59p-5,
                     -0x1.0e75335ce42afp-5, 0x1.cb96dc8d067b1p-6, -0x1.bbbe81dde1e43p-6, 0x1.37aa685aa1bccp-5,
                     -0x1.e9af0bb774cfep-6, -0x1.0430326c7e93ep-4, 0x1.010ec3b3ce48p-10, 0x1.87651808445f5p-2,
                     -0x1.113e465f722a8p-4, -0x1.b9a918e989abap-1, 0x1.291894b124d34p-6, 0x1.e968d21c023aep-1);
  const Mask<double> is_far = s > kFar;
  if (any(is_far)) {
    first = where(is_far, Batch<double>(0x1.2ec7a7ed21aa1p-3), first);
    u = (s - 13) / (s + 13);
    Batch<double> far =
        u * polynomial(u, -0x1.c2f24ce37591p-3, 0x1.2c0d19833209ap-3, -0x1.fdf65ad21e5aep-4, 0x1.a3af99a3deff1p-4,
                       -0x1.72f6780c1a182p-4, 0x1.41a5aed854ce4p-4, -0x1.21c508045941p-4, 0x1.0161238e6e147p-4,
                       -0x1.d51d03d0dfce1p-5, 0x1.a6bcced4cba6cp-5, -0x1.849ddcdd60f96p-5, 0x1.6228ed203e401p-5,
                       -0x1.463e20c5db54fp-5, 0x1.28cfa4e209e1cp-5, -0x1.2547a8bd57a1ap-5, 0x1.244177c33a774p-5,
                       -0x1.5617082e9c8b8p-6, 0x1.3b393ae3a2ac2p-7, -0x1.a9dff44131ac4p-5, 0x1.0ac9a1a6346e8p-4);
    rest = where(is_far, far, rest);
  }
  Batch<double> most = s - first, difference = most - rest;
  low = low + ((s - most) - first) + ((most - difference) - rest);
  Batch<double> y = difference + low;
  return {where(t == 0, Batch<double>(std::numeric_limits<double>::infinity()), y), (difference - y) + low};
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
/// 1 / sqrt(pi) - x exp(x^2) erfc(x) for x from 1/4 to 3/4, where the quotient (x - 3) / (x + 3) would lose digits. The
/// error is 1e-18.
inline Batch<double> erfcx_integral_near_half(Batch<double> x) {
  return polynomial(x - 0.5, 0x1.067f263ec85e7p-2, -0x1.6ff861544dbffp-2, 0x1.55021bd369ddp-2, -0x1.fc9a0570ff5bbp-3,
                    0x1.4786f912f7d7fp-3, -0x1.79973b69b96c1p-4, 0x1.8e2e1450c08b4p-5, -0x1.85b04909f13ebp-6,
                    0x1.65a4049e5186p-7, -0x1.3636bb71c7572p-8, 0x1.ffb8c0f0c9641p-10, -0x1.9326ebdb3ec98p-11,
                    0x1.30d885e077a2bp-12, -0x1.c884970c6427dp-14, 0x1.4035c23fdd292p-15);
}
inline Batch<double> erfcx_variable(Batch<double> size) {
  Batch<double> x = at_most(1e18, size);
  return (x - 3) / (x + 3);
}
/// exp(x^2) erfc(x) for x >= 0, times a factor.
inline Batch<double> erfcx_of_any_size(Batch<double> size, double factor = 1) {
  return erfcx_times(erfcx_variable(size)) * (0.5 * factor) / (size + 0.5);
}

/// exp(y^2) erfc(y) factor / t for 0 <= y <= 40, with what the roundings on the way take.
inline Batch<double> erfcx_over(TwoParts<double> y, double factor, Batch<double> t) {
  const double scale = 0.5 * factor;
  TwoParts<double> scaled = scaled_erfc(y.high);
  Batch<double> half = y.high + 0.5, product = scaled.high * scale;
  Batch<double> value = product / half, back = value * half;
  Batch<double> rest = (product - back) - error_of_product(value, half, back) +
                       error_of_product(scaled.high, Batch<double>(scale), product) + scaled.low * scale;
  Batch<double> lost = y.high - (half - 0.5);
  Batch<double> slope = 2 * y.high * value - 2 * std::numbers::inv_sqrtpi * factor;
  Batch<double> low = y.low * slope + (rest - lost * value) / half;
  Batch<double> quotient = value / t;
  const Mask<double> is_large = quotient > 1e290;  // products of halves of it would leave the range
  Batch<double> safe = where(is_large, Batch<double>(0), quotient), whole = safe * t;
  return where(is_large, quotient, safe + ((value - whole) - error_of_product(safe, t, whole) + low) / t);
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
  const Mask<double> is_less = x < 0.5;
  Batch<double> value = erfcx_of_any_size(abs(x));
  if (!any(is_less)) return value;
  Batch<double> less = where(x < -0.25, 2 * growing_bell(x) - value, erfcx_near_zero(x));
  return where(is_less, less, value);
}

/// exp(x^2) times the integral of erfc from x on: 1 / sqrt(pi) - x erfcx(x), without the subtraction. Half the size of
/// erfcx's derivative.
[[gnu::noinline]] inline Batch<double> erfcx_integral(Batch<double> x) {
  using namespace simd_math;
  Batch<double> size = abs(x);
  Batch<double> t = erfcx_variable(size);
  Batch<double> half = size + 0.5;
  // half^2, with what rounding took from half.
  Batch<double> divisor = fma(half, half, 2 * half * (size - (half - 0.5)));
  Batch<double> value = erfcx_integral_times(t) * 0.25;
  value = where(size < 1e100, value / divisor, value / half / half);
  const Mask<double> is_less = x < 0.75;
  if (!any(is_less)) return value;
  value = where(is_less, erfcx_integral_near_half(x), value);
  const Mask<double> is_other = x < 0.25;
  if (!any(is_other)) return value;
  Batch<double> scaled = where(x < -0.25, 2 * growing_bell(x) - erfcx_times(t) * 0.5 / half, erfcx_near_zero(x));
  return where(is_other, fma(-x, scaled, Batch<double>(std::numbers::inv_sqrtpi)), value);
}

/// The inverse of erf; NaN outside of [-1, 1].
[[gnu::noinline]] inline Batch<double> erfinv(Batch<double> x) {
  using namespace simd_math;
  Batch<double> size = abs(x);
  Batch<double> near = erfinv_near_zero(x);
  const Mask<double> is_near = size <= 0.5;
  if (all(is_near)) return near;
  return where(is_near, near, flip_sign(tail_quantile((1 - size) * 0.5).high, x));
}

/// sqrt(pi) / 2 exp(erfinv(x)^2)
[[gnu::noinline]] inline Batch<double> erfinv_slope(Batch<double> x) {
  using namespace simd_math;
  constexpr double kHalfRoot = 0.5 / std::numbers::inv_sqrtpi;
  Batch<double> size = abs(x);
  Batch<double> y = erfinv_near_zero(x);
  const Mask<double> is_near = size <= 0.5;
  Batch<double> near = exp(where(is_near, y * y, Batch<double>(0))) * kHalfRoot;
  if (all(is_near)) return near;
  Batch<double> rest = 1 - size;
  Batch<double> slope = where(is_near, near, erfcx_over(tail_quantile(rest * 0.5), kHalfRoot, rest));
  return where(size == 1, Batch<double>(std::numeric_limits<double>::infinity()), slope);
}

/// The normal quantile: the inverse of the distribution function; NaN outside of [0, 1].
[[gnu::noinline]] inline Batch<double> ndtri(Batch<double> p) {
  using namespace simd_math;
  Batch<double> x = (p - 0.5) * 2;
  Batch<double> near = erfinv_near_zero(x);
  const Mask<double> is_near = abs(x) <= 0.5;
  if (!all(is_near)) near = where(is_near, near, flip_sign(tail_quantile(min(p, 1 - p)).high, x));
  return near * std::numbers::sqrt2;
}

/// sqrt(2 pi) exp(ndtri(p)^2 / 2)
[[gnu::noinline]] inline Batch<double> ndtri_slope(Batch<double> p) {
  using namespace simd_math;
  constexpr double kRoot = std::numbers::sqrt2 / std::numbers::inv_sqrtpi;
  Batch<double> x = (p - 0.5) * 2;
  Batch<double> t = min(p, 1 - p);
  Batch<double> y = erfinv_near_zero(x);
  const Mask<double> is_near = abs(x) <= 0.5;
  Batch<double> near = exp(where(is_near, y * y, Batch<double>(0))) * kRoot;
  if (all(is_near)) return near;
  Batch<double> slope = where(is_near, near, erfcx_over(tail_quantile(t), 0.5 * kRoot, t));
  return where(t == 0, Batch<double>(std::numeric_limits<double>::infinity()), slope);
}

/// The normal distribution function.
[[gnu::noinline]] inline Batch<double> ndtr(Batch<double> x) {
  const Mask<double> is_near = abs(x) <= 0.7;
  Batch<double> value = normal_cdf(x);
  if (!any(is_near)) return value;
  return where(is_near, fma(erf(x * (1 / std::numbers::sqrt2)), Batch<double>(0.5), Batch<double>(0.5)), value);
}

/// The normal density.
[[gnu::noinline]] inline Batch<double> ndtr_slope(Batch<double> x) { return normal_density(x); }

/// log(ndtr(x)), in the far tail too.
[[gnu::noinline]] inline Batch<double> log_ndtr(Batch<double> x) {
  using namespace simd_math;
  Batch<double> rest = ndtr(negative_abs(x));
  Batch<double> value = where(x < 0, log(rest), log1p(-rest));
  const Mask<double> is_far = x < -1;
  if (!any(is_far)) return value;
  Batch<double> far =
      log(erfcx_of_any_size(abs(x) * (1 / std::numbers::sqrt2)) * 0.5) - x * 0.5 * x;  // x^2 may be infinite
  return where(is_far, far, value);
}

/// The density divided by the distribution function.
[[gnu::noinline]] inline Batch<double> log_ndtr_slope(Batch<double> x) {
  using namespace simd_math;
  constexpr double kRoot = std::numbers::sqrt2 * std::numbers::inv_sqrtpi;
  const Mask<double> is_negative = x < 0;
  Batch<double> size = abs(x);
  // Far off it is |x| to the last bit, and the quotient would be by a denormal number.
  Batch<double> negative = where(size < 1e10, kRoot / erfcx(size * (1 / std::numbers::sqrt2)), size);
  if (all(is_negative)) return negative;
  return where(is_negative, negative, normal_density(x) / ndtr(x));
}

#define XGRAD_IN_DOUBLES(name)                                                     \
  inline Batch<float> name(Batch<float> x) {                                       \
    return simd_math::in_double([](Batch<double> part) { return name(part); }, x); \
  }
XGRAD_IN_DOUBLES(erfcx)
XGRAD_IN_DOUBLES(erfcx_integral)
XGRAD_IN_DOUBLES(erfinv)
XGRAD_IN_DOUBLES(erfinv_slope)
XGRAD_IN_DOUBLES(ndtri)
XGRAD_IN_DOUBLES(ndtri_slope)
XGRAD_IN_DOUBLES(ndtr)
XGRAD_IN_DOUBLES(ndtr_slope)
XGRAD_IN_DOUBLES(log_ndtr)
XGRAD_IN_DOUBLES(log_ndtr_slope)
#undef XGRAD_IN_DOUBLES

}  // namespace XGRAD_SIMD_NAMESPACE
}  // namespace xgrad
