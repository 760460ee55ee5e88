// Tangent, the inverse trigonometric functions, and the length and direction of (a, b).
//
// Largest errors in units of the last place (float: by way of doubles, 0.51 for all of them):
//
//             tan    secant_square  asin   acos   atan   lorentz  atan2  hypot  direction  winding
//     double  ?
#pragma once

#include "wide.hpp"

namespace xgrad {
namespace XGRAD_SIMD_NAMESPACE {
namespace simd_math {

inline constexpr double kHalfPi = 0x1.921fb54442d18p+0, kHalfPiRest = 0x1.1a62633145c07p-54;

}  // namespace simd_math

namespace simd_math {

/// sin(r) and cos(r) of |x| = n pi / 2 + r, with what rounding takes from r carried along.
struct FineAngle {
  Batch<double> n, sine, cosine;

  template <Float64 T>
  explicit FineAngle(Batch<T> size) : n(quarters_of(size)) {
    Batch<double> first, second;  // r is their difference
    if constexpr (simd::kFuses) {
      first = fma(n, Batch<double>(-kHalfPi), size);  // exact
      second = n * kHalfPiRest;
    } else {
      first = size - n * 0x1.921fb544p+0;
      second = n * 0x1.0b4611a6p-34;
    }
    Batch<double> r = first - second;
    Batch<double> low = (first - r) - second;
    low = simd::kFuses ? low + rest_of_product(n, second) : low - n * 0x1.3198a2e037073p-69;
    Batch<double> z = r * r;
    sine = r + fma(r * z, sine_series(z), low);
    Batch<double> half = z * 0.5;
    Batch<double> whole = 1 - half;
    cosine = whole + (((1 - whole) - half) + fma(z * z, cosine_series(z), -r * low));
  }
  /// What the third part of pi / 2 and the rounding of `second` contribute, with fused products.
  template <Float64 T>
  static Batch<T> rest_of_product(Batch<T> n, Batch<T> second) {
    return fma(n, Batch<double>(0x1.f1976b7ed8fbcp-110), -fma(n, Batch<double>(kHalfPiRest), -second));
  }
  /// An odd number of quarters exchanges sine and cosine. It is the number's last bit.
  Mask<double> is_odd() const { return has_sign(bits_up(n + kWholeShift<double>, 63)); }
};

}  // namespace simd_math

template <Float64 T>
inline Batch<T> tan(Batch<T> x) {
  using namespace simd_math;
  Batch<double> size = abs(x);
  FineAngle angle(size);
  Mask<double> is_odd = angle.is_odd();
  Batch<double> y = where(is_odd, angle.cosine, angle.sine) / where(is_odd, -angle.sine, angle.cosine);
  y = flip_sign(y, x);
  Mask<double> is_usual = !(size > kMostAngle<double>);  // NaN, too
  if (all(is_usual)) return y;
  return where(is_usual, y, each_lane([](double angle, double) { return __builtin_tan(angle); }, x, x));
}
template <Float32 T>
inline Batch<T> tan(Batch<T> x) {
  return simd_math::in_double([](Batch<double> x) { return tan(x); }, x);
}

/// 1 / cos(x)^2
template <Float64 T>
inline Batch<T> secant_square(Batch<T> x) {
  using namespace simd_math;
  Batch<double> size = abs(x);
  FineAngle angle(size);
  Batch<double> cosine = where(angle.is_odd(), angle.sine, angle.cosine);
  Mask<double> is_usual = !(size > kMostAngle<double>);
  if (!all(is_usual))
    cosine = where(is_usual, cosine, each_lane([](double angle, double) { return __builtin_cos(angle); }, x, x));
  return 1 / (cosine * cosine);
}
template <Float32 T>
inline Batch<T> secant_square(Batch<T> x) {
  return simd_math::in_double([](Batch<double> x) { return secant_square(x); }, x);
}

namespace simd_math {

/// (asin(s) - s) / s for z = s^2 <= 1/4. (fdlibm's e_asin.c, Sun Microsystems 1993; its error is 2^-58.75.)
template <Float64 T>
inline Batch<T> arcsine_series(Batch<T> z) {
  Batch<double> p = polynomial(z, 1.66666666666666657415e-01, -3.25565818622400915405e-01, 2.01212532134862925881e-01,
                               -4.00555345006794114027e-02, 7.91534994289814532176e-04, 3.47933107596021167570e-05);
  Batch<double> q = polynomial(z, 1.0, -2.40339491173441421878e+00, 2.02094576023350569471e+00,
                               -6.88283971605453293030e-01, 7.70381505559019352791e-02);
  return z * (p / q);
}

/// asin(|x|) is `angle` where |x| < 1/2; above, pi/2 - asin(|x|) is twice it, by way of sqrt((1 - |x|) / 2).
struct Arcsine {
  Mask<double> is_near;
  Batch<double> angle;

  template <Float64 T>
  explicit Arcsine(Batch<T> size) : is_near(size < 0.5) {
    Batch<double> z = where(is_near, size * size, (1 - size) * 0.5);
    Batch<double> s = where(is_near, size, sqrt(z));
    angle = fma(s, arcsine_series(z), s);
  }
};

}  // namespace simd_math

/// NaN outside of [-1, 1].
template <Float64 T>
inline Batch<T> asin(Batch<T> x) {
  using namespace simd_math;
  Arcsine a(abs(x));
  return with_sign(where(a.is_near, a.angle, kHalfPi - (2 * a.angle - kHalfPiRest)), x);
}
template <Float32 T>
inline Batch<T> asin(Batch<T> x) {
  return simd_math::in_double([](Batch<double> x) { return asin(x); }, x);
}

/// NaN outside of [-1, 1].
template <Float64 T>
inline Batch<T> acos(Batch<T> x) {
  using namespace simd_math;
  Arcsine a(abs(x));
  Batch<double> near = kHalfPi - (with_sign(a.angle, x) - kHalfPiRest);
  Batch<double> far = 2 * a.angle;
  return where(a.is_near, near, where(x < 0, 2 * kHalfPi - (far - 2 * kHalfPiRest), far));
}
template <Float32 T>
inline Batch<T> acos(Batch<T> x) {
  return simd_math::in_double([](Batch<double> x) { return acos(x); }, x);
}

/// 1 / sqrt(1 - x^2), the derivative of asin: the factors lose nothing near 1.
template <Float64 T>
inline Batch<T> asin_slope(Batch<T> x) {
  return 1 / sqrt((1 - x) * (1 + x));
}
template <Float32 T>
inline Batch<T> asin_slope(Batch<T> x) {
  return simd_math::in_double([](Batch<double> x) { return asin_slope(x); }, x);
}

namespace simd_math {

/// atan(x) for x >= 0: the angle of c = 0, 1/2, 1, 3/2 or infinity, and that of (x - c) / (1 + c x), which is at most
/// 7/16. (fdlibm's s_atan.c.)
template <Float64 T>
inline Batch<T> arctangent(Batch<T> x) {
  using B = Batch<double>;
  Mask<double> m0 = x < 0.4375, m1 = x < 0.6875, m2 = x < 1.1875, m3 = x < 2.4375;
  B above = where(m0, x, where(m1, 2 * x - 1, where(m2, x - 1, where(m3, x - 1.5, B(-1)))));
  B below = where(m0, B(1), where(m1, 2 + x, where(m2, x + 1, where(m3, fma(B(1.5), x, B(1)), x))));
  B high = where(
      m0, B(0),
      where(m1, B(0x1.dac670561bb4fp-2), where(m2, B(0.5 * kHalfPi), where(m3, B(0x1.f730bd281f69bp-1), B(kHalfPi)))));
  B low = where(m0, B(0),
                where(m1, B(0x1.a2b7f222f65e2p-56),
                      where(m2, B(0.5 * kHalfPiRest), where(m3, B(0x1.007887af0cbbdp-56), B(kHalfPiRest)))));
  B t = above / below;
  B z = t * t;
  B series = z * polynomial(z, 3.33333333333329318027e-01, -1.99999999998764832476e-01, 1.42857142725034663711e-01,
                            -1.11111104054623557880e-01, 9.09088713343650656196e-02, -7.69187620504482999495e-02,
                            6.66107313738753120669e-02, -5.83357013379057348645e-02, 4.97687799461593236017e-02,
                            -3.65315727442169155270e-02, 1.62858201153657823623e-02);
  return high - (fma(t, series, -low) - t);
}

}  // namespace simd_math

template <Float64 T>
inline Batch<T> atan(Batch<T> x) {
  return with_sign(simd_math::arctangent(abs(x)), x);
}
template <Float32 T>
inline Batch<T> atan(Batch<T> x) {
  return simd_math::in_double([](Batch<double> x) { return atan(x); }, x);
}

/// 1 / (1 + x^2), the derivative of atan: tiny, but not 0, where x^2 overflows.
template <Float64 T>
inline Batch<T> lorentz(Batch<T> x) {
  Batch<double> y = 1 / fma(x, x, Batch<double>(1));
  Mask<double> is_large = abs(x) > 0x1p500;
  return any(is_large) ? where(is_large, (1 / x) / x, y) : y;
}
template <Float32 T>
inline Batch<T> lorentz(Batch<T> x) {
  return simd_math::in_double([](Batch<double> x) { return 1 / (1 + x * x); }, x);
}

/// The angle of the point (b, a), from -pi to pi; signs of zeros as in C.
template <Float64 T>
inline Batch<T> atan2(Batch<T> a, Batch<T> b) {
  using namespace simd_math;
  Batch<double> height = abs(a), width = abs(b);
  Batch<double> ratio = height / width;
  // 0 / 0 and inf / inf
  ratio = where(height == width, where(height == 0, Batch<double>(0), Batch<double>(1)), ratio);
  Batch<double> angle = arctangent(ratio);
  angle = where(has_sign(b), 2 * kHalfPi - (angle - 2 * kHalfPiRest), angle);
  return where(isnan(a) || isnan(b), a + b, with_sign(angle, a));
}
template <Float32 T>
inline Batch<T> atan2(Batch<T> a, Batch<T> b) {
  return simd_math::in_double([](Batch<double> a, Batch<double> b) { return atan2(a, b); }, a, b);
}

namespace simd_math {

/// (a, b) = 2^n (x, y), the larger of which is about 1 in size. n is up to 1 off the range of exponents: two factors,
/// 2^half and 2^rest, undo the scaling.
struct Scaled {
  Batch<double> x, y;
  Batch<double> half, rest;  // powers of two

  template <Float64 T>
  Scaled(Batch<T> a, Batch<T> b) {
    constexpr double kLeast = 0x1p-1022;
    Batch<double> size = max(abs(a), abs(b));
    // Denormals, zeros and infinities are left to fixed powers; NaN stays.
    size = at_most(0x1p1023, at_least(kLeast, size));
    Batch<double> mantissa, n;
    split_exponent(size, mantissa, n);
    constexpr double kShift = kExponentShift<double>;
    Batch<double> shifted_half = fma(n, Batch<double>(0.5), Batch<double>(kShift));
    Batch<double> n_half = shifted_half - kShift;
    Batch<double> n_rest = n - n_half;
    half = exponent_from(shifted_half);
    rest = exponent_from(n_rest + kShift);
    Batch<double> down_half = exponent_from(kShift - n_half), down_rest = exponent_from(kShift - n_rest);
    x = a * down_half * down_rest;
    y = b * down_half * down_rest;
  }
};

}  // namespace simd_math

/// sqrt(a^2 + b^2), which overflows and underflows only where the result does; infinite where either is.
template <Float64 T>
inline Batch<T> hypot(Batch<T> a, Batch<T> b) {
  simd_math::Scaled s(a, b);
  Batch<double> length = sqrt(fma(s.x, s.x, s.y * s.y)) * s.half * s.rest;
  return where(isinf(a) || isinf(b), Batch<double>(std::numeric_limits<double>::infinity()), length);
}
template <Float32 T>
inline Batch<T> hypot(Batch<T> a, Batch<T> b) {
  Batch<float> length =
      simd_math::in_double([](Batch<double> a, Batch<double> b) { return sqrt(a * a + b * b); }, a, b);
  return where(isinf(a) || isinf(b), Batch<float>(std::numeric_limits<float>::infinity()), length);
}

/// a / hypot(a, b), and 0 at (0, 0).
template <Float64 T>
inline Batch<T> direction(Batch<T> a, Batch<T> b) {
  simd_math::Scaled s(a, b);
  return where(a == 0, a, s.x / sqrt(fma(s.x, s.x, s.y * s.y)));
}
template <Float32 T>
inline Batch<T> direction(Batch<T> a, Batch<T> b) {
  return simd_math::in_double(
      [](Batch<double> a, Batch<double> b) { return where(a == 0, a, a / sqrt(a * a + b * b)); }, a, b);
}

/// b / (a^2 + b^2), and 0 at (0, 0): how fast the angle of (b, a) changes with a.
template <Float64 T>
inline Batch<T> winding(Batch<T> a, Batch<T> b) {
  simd_math::Scaled s(a, b);
  return where(b == 0, b, s.y / fma(s.x, s.x, s.y * s.y) / s.half / s.rest);
}
template <Float32 T>
inline Batch<T> winding(Batch<T> a, Batch<T> b) {
  return simd_math::in_double([](Batch<double> a, Batch<double> b) { return where(b == 0, b, b / (a * a + b * b)); }, a,
                              b);
}

}  // namespace XGRAD_SIMD_NAMESPACE
}  // namespace xgrad
