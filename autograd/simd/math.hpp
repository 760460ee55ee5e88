// The transcendental functions of Batch.
//
// Largest errors in units of the last place, with fused multiply-add and without:
//
//             exp          expm1        tanh         sigmoid      erf          pow
//     float   0.90  0.92   1.20  1.18   1.72  1.80   1.65  1.79   1.11  1.40   0.54  0.54
//     double  0.85  0.86   1.23  1.22   1.59  1.77   1.64  1.78   1.18  1.31   libm  libm
//
//             log          log1p        sin          cos
//     float   0.83  0.83   0.83  0.87   1.57  1.56   1.56  1.58
//     double  0.86  0.86   0.80  0.84   1.58  1.58   1.58  1.59
//
// (float: every seventh number there is, but for pow; double and pow: millions of random ones.) A lane's
// result does not depend on its neighbours. NaN, infinities, signed zeros and denormals are as in libm.
// benchmarks/functions.cpp measures them beside xsimd's.
//
// Where no source is given, the coefficients are minimax: the Remez exchange algorithm in 60 digits, for the error
// that is given beside them; each is rounded to the type in turn, lowest power first, and those above it are fitted
// again.
#pragma once

#include "batch.hpp"

namespace xgrad {
namespace XGRAD_SIMD_NAMESPACE {
namespace simd_math {

/// c0 + c1 x + (c2 + c3 x) x^2 + ...: in pairs, so that half of the multiplications need not wait.
template <class T, class... C>
Batch<T> polynomial_by_pairs(Batch<T> x, Batch<T> square, T c0, T c1, C... more) {
  Batch<T> pair = fma(x, Batch<T>(c1), Batch<T>(c0));
  if constexpr (sizeof...(C) == 0)
    return pair;
  else if constexpr (sizeof...(C) == 1)
    return fma(square, Batch<T>(more...), pair);
  else
    return fma(square, polynomial_by_pairs(x, square, more...), pair);
}

/// c0 + c1 x + c2 x^2 + ...
template <class T, class... C>
Batch<T> polynomial(Batch<T> x, T c0, C... more) {
  if constexpr (sizeof...(C) == 0)
    return c0;
  else if constexpr (sizeof...(C) < 8)
    return fma(x, polynomial(x, more...), Batch<T>(c0));
  else
    return polynomial_by_pairs(x, x * x, c0, more...);
}

/// What exp() is made of. log(2) is the sum of two numbers, of which the first has so few bits that its
/// product with the exponent is exact.
template <class T>
struct ExpConstants;

template <>
struct ExpConstants<float> {
  // Beyond these exp(x) rounds to 0, to infinity.
  static constexpr float kLeast = -104, kMost = 89;
  static constexpr float kLog2High = 0.693359375f, kLog2Low = -2.12194440e-4f;

  /// (exp(r) - 1 - r) / r^2 for |r| <= log(2) / 2; relative to exp(r) - 1 the error is 1.5e-8.
  template <Float32 T>
  static Batch<T> second_order(Batch<T> r) {
    return polynomial(r, 0x1.fffffep-2f, 0x1.5554aap-3f, 0x1.55579cp-5f, 0x1.122cap-7f, 0x1.6ab054p-10f);
  }
};

template <>
struct ExpConstants<double> {
  static constexpr double kLeast = -746, kMost = 710;
  static constexpr double kLog2High = 0.693145751953125, kLog2Low = 1.42860682030941723212e-6;

  /// As above, with an error of 3.5e-19.
  template <Float64 T>
  static Batch<T> second_order(Batch<T> r) {
    return polynomial(r, 0.5, 0x1.5555555555557p-3, 0x1.5555555555549p-5, 0x1.111111110feabp-7, 0x1.6c16c16c1d007p-10,
                      0x1.a01a01ad1e4a3p-13, 0x1.a01a0180764c3p-16, 0x1.71ddfea4e357bp-19, 0x1.27e533479be42p-22,
                      0x1.af549dab4a4f9p-26, 0x1.1ee57c2403124p-29);
  }
};

/// exp(x) = 2^n (1 + r + s), where n is whole, |r| <= log(2) / 2, and s is small beside r. (Cody, Waite,
/// Software Manual for the Elementary Functions, Prentice-Hall 1980, ch. 6.) x is between kLeast and kMost.
template <class T>
struct Exponential {
  using Constants = ExpConstants<T>;
  static constexpr T kShift = kExponentShift<T>;

  Batch<T> shifted, n, r, s;

  explicit Exponential(Batch<T> x) {
    reduce(x);
    approximate(n * -Constants::kLog2Low);
  }

  /// exp(x + correction), where the correction is what rounding took from x.
  Exponential(Batch<T> x, Batch<T> correction) {
    reduce(x);
    approximate(fma(n, Batch<T>(-Constants::kLog2Low), correction));
  }

  void reduce(Batch<T> x) {
    shifted = fma(x, Batch<T>(std::numbers::log2e_v<T>), Batch<T>(kShift));
    n = shifted - kShift;
    r = fma(n, Batch<T>(-Constants::kLog2High), x);
  }
  void approximate(Batch<T> low) {
    Batch<T> reduced = r + low;
    s = fma(Constants::second_order(reduced), reduced * reduced, low);
  }

  /// 2^n, for x from -87 to 88 (-708 to 709 for double).
  Batch<T> power() const { return exponent_from(shifted); }

  /// exp(x)
  Batch<T> value() const { return scale(1 + (r + s), shifted); }

  /// exp(x), cheaper, for x <= 0.
  Batch<T> value_up_to_one() const { return scale_down(1 + (r + s), shifted); }

  /// exp(x) - 1, for x within the range of power().
  Batch<T> minus_one() const { return minus_one(power()); }
  /// The same with another power of 2.
  Batch<T> minus_one(Batch<T> power) const { return fma(power, s, fma(power, r, power - 1)); }
};

/// exp(x), for x <= 0 no less than kLeast: what sigmoid() and its derivative are made of. Where products and sums are
/// fused the polynomial needs no parts, which is three operations fewer.
template <class T>
Batch<T> exp_up_to_one(Batch<T> x) {
  using Constants = ExpConstants<T>;
  if constexpr (simd::kFuses) {
    Batch<T> shifted = fma(x, Batch<T>(std::numbers::log2e_v<T>), Batch<T>(kExponentShift<T>));
    Batch<T> n = shifted - kExponentShift<T>;
    Batch<T> r = fma(n, Batch<T>(-Constants::kLog2Low), fma(n, Batch<T>(-Constants::kLog2High), x));
    Batch<T> one = 1;
    return scale_down(fma(r, fma(r, Constants::second_order(r), one), one), shifted);
  } else {
    return Exponential<T>(x).value_up_to_one();
  }
}

/// 1 - exp(log_rest), for log_rest from -87 to 0.
template <class T>
Batch<T> without_rest(Batch<T> log_rest) {
  Exponential<T> rest(log_rest);
  Batch<T> power = rest.power();
  return 1 - fma(power, rest.r + rest.s, power);
}

}  // namespace simd_math

/// Results below the least normal number are rounded as any other.
template <class T>
Batch<T> exp(Batch<T> x) {
  using Constants = simd_math::ExpConstants<T>;
  return simd_math::Exponential<T>(at_most(Constants::kMost, at_least(Constants::kLeast, x))).value();
}

template <class T>
Batch<T> expm1(Batch<T> x) {
  using Constants = simd_math::ExpConstants<T>;
  constexpr T kMinusOne = sizeof(T) == 4 ? -18 : -38;  // below, the result rounds to -1
  simd_math::Exponential<T> e(at_most(Constants::kMost, at_least(kMinusOne, x)));
  // Half of the result is computed first, as 2^n may be infinite where the result is not.
  Batch<T> half_power = exponent_from(e.shifted - 1);
  Batch<T> half = fma(half_power, e.s, fma(half_power, e.r, half_power - T(0.5)));
  return where(abs(x) < std::numeric_limits<T>::epsilon(), x, half + half);
}

namespace simd_math {

/// tanh(|x|) = y / (y + 2) with y = exp(2 |x|) - 1. It is computed as h + h q, with h = y / 2 and q = -y / (y + 2), or
/// h = 1 and q = -2 / (y + 2): the error of the quotient then weighs less.
template <class T>
struct HyperbolicTangent {
  Batch<T> h, q;

  explicit HyperbolicTangent(Batch<T> y) {
    Batch<T> c = at_most(2, y);
    h = c * T(0.5);
    q = c / (-2 - y);
  }
  Batch<T> value() const { return fma(h, q, h); }
};

}  // namespace simd_math

template <class T>
Batch<T> tanh(Batch<T> x) {
  constexpr T kOne = sizeof(T) == 4 ? 20 : 40;  // above, the result rounds to 1
  Batch<T> y = simd_math::Exponential<T>(at_most(kOne, abs(x) * 2)).minus_one();
  return with_sign(simd_math::HyperbolicTangent<T>(y).value(), x);
}

/// A function and its derivative.
template <class T>
struct ValueAndSlope {
  Batch<T> value, slope;
};

/// tanh(x), bit for bit, and its derivative, by one exponential and one quotient: it is
/// 1 - q^2 with the first q above, and -q (q + 2) with the second, where nothing
/// cancels.
template <class T>
ValueAndSlope<T> tanh_and_slope(Batch<T> x) {
  constexpr T kZero = sizeof(T) == 4 ? 110 : 760;  // above, the derivative rounds to 0
  constexpr T kCap = kExponentShift<T> + T(sizeof(T) == 4 ? 40 : 80);
  simd_math::Exponential<T> e(at_most(kZero, abs(x) * 2));
  // A large power of 2 is capped, since it need not be finite, and what is missing is made up for at the end.
  Batch<T> shifted = at_most(kCap, e.shifted);
  simd_math::HyperbolicTangent<T> tangent(e.minus_one(exponent_from(shifted)));
  Batch<T> q = tangent.q;
  Batch<T> slope = fma(-q, q, where(tangent.h < 1, Batch<T>(1), -2 * q));
  return {with_sign(tangent.value(), x), times_power(slope, shifted - e.shifted)};
}

/// 1 / (1 + exp(-x)), as 1 - e / (1 + e), or e - e e / (1 + e) for negative x, with e = exp(-|x|).
template <class T>
Batch<T> sigmoid(Batch<T> x) {
  using Constants = simd_math::ExpConstants<T>;
  Batch<T> e = simd_math::exp_up_to_one(at_least(Constants::kLeast, negative_abs(x)));
  Batch<T> c = where(x < 0, e, Batch<T>(1));
  return fma(c, e / (-1 - e), c);
}

/// Near 0 an odd polynomial; else 1 - exp(p(|x|)), where p(x) = log(1 - erf(x)): there the error of p weighs
/// little.
template <Float32 T>
inline Batch<T> erf(Batch<T> x) {
  constexpr float kNear = 0.875f;
  constexpr float kOne = 3.95f;  // above, the result rounds to 1
  Batch<float> size = abs(x);
  // erf(x) / x - 1; relative to erf(x) the error is 1.5e-8.
  Batch<float> ratio = simd_math::polynomial(x * x, 0x1.06eba6p-3f, -0x1.8126ecp-2f, 0x1.ce1b86p-4f, -0x1.b69b8ep-6f,
                                             0x1.479bfcp-8f, -0x1.3ba434p-11f);
  Batch<float> near = fma(x, ratio, x);
  Mask<float> is_near = size < kNear;
  if (all(is_near)) return near;
  // log(1 - erf(x)); relative to erf(x) the error is 2e-9.
  Batch<float> log_rest = simd_math::polynomial(at_most(kOne, size), -0x1.181e38p-13f, -0x1.20c06cp+0f, -0x1.46026ep-1f,
                                                -0x1.ab5332p-4f, 0x1.6f54cep-6f, -0x1.954efp-9f, 0x1.a582a8p-13f);
  return where(is_near, near, with_sign(simd_math::without_rest(log_rest), x));
}

template <Float64 T>
inline Batch<T> erf(Batch<T> x) {
  constexpr double kNear = 1;
  constexpr double kOne = 5.95;
  Batch<double> size = abs(x);
  // Relative to erf(x) the error is 1.6e-17.
  Batch<double> ratio = simd_math::polynomial(x * x, 0x1.06eba8214db68p-3, -0x1.812746b03799dp-2, 0x1.ce2f21a03f8b9p-4,
                                              -0x1.b82ce311a97b8p-6, 0x1.565bcceed8dc6p-8, -0x1.c02daeb67042ep-11,
                                              0x1.f9a29697a0055p-14, -0x1.f4c82bf9d11a8p-17, 0x1.b96b290ca5927p-20,
                                              -0x1.5b8ada7139ebdp-23, 0x1.d3cf48478db9cp-27, -0x1.a20817140e4aap-31);
  Batch<double> near = fma(x, ratio, x);
  Mask<double> is_near = size < kNear;
  if (all(is_near)) return near;
  // Relative to erf(x) the error is 7e-18.
  Batch<double> log_rest = simd_math::polynomial(
      at_most(kOne, size), -0x1.0dfc0cb0dfbb3p-21, -0x1.20dd1fd280771p+0, -0x1.45f627607cd7ap-1, -0x1.a4ac5b87ec112p-4,
      0x1.37228d10c907fp-6, 0x1.ae95f19149c8bp-12, -0x1.f6418a5cd2792p-10, 0x1.940b3eb6ee1b4p-11,
      -0x1.1b3bf0a9bb30bp-13, -0x1.53f6ce3f2c42dp-16, 0x1.7ee03a392f2p-16, -0x1.22ceba9d0d0dbp-17,
      0x1.1ea1b123e45f5p-19, -0x1.90cf3a8f38966p-22, 0x1.8ebeebae4ead5p-25, -0x1.0e579460916a7p-28,
      0x1.c1a8764f18757p-33, -0x1.5acaa718a561bp-38);
  return where(is_near, near, with_sign(simd_math::without_rest(log_rest), x));
}

/// e / (1 + e)^2 with e = exp(-|x|): the derivative of sigmoid(x), as accurate at both ends as in the middle. The
/// square is 1 + e (2 + e): what rounding takes from the sum weighs little. The factor is a power of 2, multiplied in
/// before the quotient.
template <class T>
Batch<T> sigmoid_slope(Batch<T> x, T factor = 1) {
  using Constants = simd_math::ExpConstants<T>;
  Batch<T> e = simd_math::exp_up_to_one(at_least(Constants::kLeast, negative_abs(x)));
  return (factor == 1 ? e : e * factor) / fma(e, e + 2, Batch<T>(1));
}

namespace simd_math {

/// What rounding takes from square = x x.
template <class T>
Batch<T> error_of_square(Batch<T> x, Batch<T> square) {
  if constexpr (simd::kFuses) {
    return fma(x, x, -square);
  } else {
    // In halves of the mantissa, whose products are exact. (Dekker, Numer. Math. 18, 1971.)
    Batch<T> high = upper_half(x);
    Batch<T> low = x - high;
    return ((high * high - square) + 2 * high * low) + low * low;
  }
}

/// Where x exp(x) rounds to 0.
template <class T>
inline constexpr T kVanished = sizeof(T) == 4 ? T(-120) : T(-752);

/// exp(-factor x^2) times y + low, for factor 1 or 1/2: x^2 is rounded, and what that loses would be multiplied by x^2.
/// |x| and |y| are below 40.
template <class T>
Batch<T> times_bell(Batch<T> y, Batch<T> low, Batch<T> x, T factor) {
  Batch<T> square = x * x;
  Batch<T> lost = error_of_square(x, square) * -factor;
  Exponential<T> e(at_least(kVanished<T>, square * -factor), lost);
  return scale_down(y + fma(y, e.r + e.s, low), e.shifted);
}
template <class T>
Batch<T> times_bell(Batch<T> y, Batch<T> x, T factor) {
  return times_bell(y, Batch<T>(0), x, factor);
}

/// A number in two parts, the second what rounding takes from the first.
template <class T>
struct TwoParts {
  Batch<T> high, low;
};

/// (1 + 2 x) exp(x^2) erfc(x) for 0 <= x <= 40, by Chebyshev's polynomials of (x - 3) / (x + 3): it is between 1 and
/// 1.28. (Shepherd, Laframboise, Math. Comp. 36, 1981.) The error is 5e-9, and 9e-18 for double.
/// The polynomial is of what it differs by from its value at x = 3, so that its roundings are small beside the whole.
template <Float32 T>
inline TwoParts<T> scaled_erfc(Batch<T> x) {
  constexpr float kMiddle = 0x1.40c522p+0f;
  Batch<float> t = (x - 3) / (x + 3);
  Batch<float> rest = t * polynomial(t, -0x1.15c08p-3f, -0x1.85a112p-5f, 0x1.0982dap-3f, -0x1.e88d3p-4f, 0x1.17d31ep-4f,
                                     -0x1.8557aap-6f, 0x1.479072p-9f, 0x1.eb8a6ep-10f, -0x1.7cdef6p-11f,
                                     -0x1.84299ep-14f, 0x1.44433ep-14f);
  Batch<float> sum = kMiddle + rest;
  return {sum, rest - (sum - kMiddle)};
}
template <Float64 T>
inline TwoParts<T> scaled_erfc(Batch<T> x) {
  constexpr double kMiddle = 0x1.40c522d7e4987p+0;
  Batch<double> t = (x - 3) / (x + 3);
  Batch<double> rest =
      t * polynomial(t, -0x1.15c084bb9e8f2p-3, -0x1.85a15c58aa4f5p-5, 0x1.098366a5b4640p-3, -0x1.e88b803a4a881p-4,
                     0x1.17ca2877f2e0ap-4, -0x1.8574c40b69c6ap-6, 0x1.4b884e411d2b0p-9, 0x1.ef1bdd0e61218p-10,
                     -0x1.98db50c1995dap-11, -0x1.b912639d3c363p-14, 0x1.065a32b51fa50p-13, 0x1.4c228d0f252afp-18,
                     -0x1.513b2bf2e7a13p-16, -0x1.885c4173e8118p-21, 0x1.d20dc1d6f2168p-19, 0x1.7dfecd6d595a4p-22,
                     -0x1.4b09042715313p-21, -0x1.2dabcbdb3b408p-23, 0x1.b56217b9146ccp-24, 0x1.60bcb894e79d1p-25,
                     -0x1.c96dae03284b5p-27, -0x1.1a5abb05ab718p-27, 0x1.0f1968e597de2p-30, 0x1.cd7350f20ad1ap-31);
  Batch<double> sum = kMiddle + rest;
  return {sum, rest - (sum - kMiddle)};
}

/// exp(x^2) erfc(x) for 0 <= x <= 1/2, where the quotient (x - 3) / (x + 3) would lose digits. The error is 5e-10, and
/// 1e-17 for double, where it holds from -1/4 on.
template <Float32 T>
inline Batch<T> erfcx_near_zero(Batch<T> x) {
  return polynomial(x, 0x1p+0f, -0x1.20dd74p+0f, 0x1.ffff8cp-1f, -0x1.811e54p-1f, 0x1.ff52d2p-2f, -0x1.307076p-2f,
                    0x1.3d5814p-3f, -0x1.011354p-4f, 0x1.cdd46ap-7f);
}
template <Float64 T>
inline Batch<T> erfcx_near_zero(Batch<T> x) {
  return polynomial(x, 0x1p+0, -0x1.20dd750429b6cp+0, 0x1.ffffffffffffcp-1, -0x1.812746b037cf6p-1, 0x1.0000000000acp-1,
                    -0x1.341f6bc004359p-2, 0x1.55555553eda57p-3, -0x1.6023e8f5a1b84p-4, 0x1.555556828cb79p-5,
                    -0x1.39037378039d6p-6, 0x1.11109cd08ade2p-7, -0x1.c74a4409f45dep-9, 0x1.6c3d592b58b34p-10,
                    -0x1.18d80e1f82ac9p-11, 0x1.9da73c107f0b3p-13, -0x1.08dcc7a45e854p-14, 0x1.9ff91853eb7f5p-17);
}
/// exp(x^2) erfc(x) for 0 <= x <= 40, times a factor of 1 or 1/2.
template <class T>
TwoParts<T> erfcx_of_size(Batch<T> x, T factor) {
  const TwoParts<T> scaled = scaled_erfc(x);
  Batch<T> dividend = scaled.high * factor;
  Batch<T> divisor = fma(Batch<T>(2), x, Batch<T>(1));
  Batch<T> far = dividend / divisor;
  // What is left of the division, and of the divisor. 1 / divisor is about 0.85 of the quotient here.
  Batch<T> rest = fma(-far, divisor, dividend) + fma(scaled.low, Batch<T>(factor), -far * (2 * x - (divisor - 1)));
  Batch<T> low = rest * far * (T(0.85) / factor);
  if constexpr (!simd::kFuses) low = 0;
  const Mask<T> is_near = x < T(0.5);
  if (!any(is_near)) return {far, low};
  return {where(is_near, erfcx_near_zero(x) * factor, far), where(is_near, Batch<T>(0), low)};
}

}  // namespace simd_math

/// exp(-x^2)
template <class T>
Batch<T> bell(Batch<T> x) {
  return simd_math::times_bell(Batch<T>(1), at_most(30, abs(x)), T(1));
}

/// The normal distribution's density, exp(-x^2 / 2) / sqrt(2 pi).
template <class T>
Batch<T> normal_density(Batch<T> x) {
  constexpr double kFactor = std::numbers::inv_sqrtpi / std::numbers::sqrt2;
  constexpr T kHigh = static_cast<T>(kFactor), kLow = static_cast<T>(kFactor - static_cast<double>(kHigh));
  return simd_math::times_bell(Batch<T>(kHigh), Batch<T>(kLow), at_most(40, abs(x)), T(0.5));
}

/// 1 - erf(x), without the subtraction for positive x.
template <class T>
Batch<T> erfc(Batch<T> x) {
  Batch<T> size = at_most(30, abs(x));
  const simd_math::TwoParts<T> scaled = simd_math::erfcx_of_size(size, T(1));
  Batch<T> rest = simd_math::times_bell(scaled.high, scaled.low, size, T(1));
  return where(x < 0, 2 - rest, rest);
}

/// The normal distribution function, erfc(-x / sqrt(2)) / 2, without the rounding of the quotient.
template <class T>
Batch<T> normal_cdf(Batch<T> x) {
  Batch<T> size = at_most(40, abs(x));
  const simd_math::TwoParts<T> scaled = simd_math::erfcx_of_size(size * T(1 / std::numbers::sqrt2), T(0.5));
  Batch<T> rest = simd_math::times_bell(scaled.high, scaled.low, size, T(0.5));
  return where(x > 0, 1 - rest, rest);
}

namespace simd_math {

/// What log() is made of: log(2) in two parts, the first with so few bits that its product with the exponent is exact.
/// (fdlibm's e_log.c and FreeBSD's e_logf.c, Sun Microsystems 1993.)
template <class T>
struct LogConstants;

template <>
struct LogConstants<float> {
  static constexpr float kLog2High = 0x1.62e3p-1f, kLog2Low = 0x1.2fefa2p-17f;

  /// (log(1 + s) - log(1 - s)) / s - 2 = z (c0 + c1 z + ...) for z = s^2 <= 0.0295; this is the sum, its error 2^-34.
  template <Float32 T>
  static Batch<T> series(Batch<T> z) {
    return polynomial(z, 0x1.555554p-1f, 0x1.999c26p-2f, 0x1.23d3dcp-2f, 0x1.f13c4cp-3f);
  }
};

template <>
struct LogConstants<double> {
  static constexpr double kLog2High = 0x1.62e42feep-1, kLog2Low = 0x1.a39ef35793c76p-33;

  /// As above, with an error of 2^-58.
  template <Float64 T>
  static Batch<T> series(Batch<T> z) {
    return polynomial(z, 0x1.5555555555593p-1, 0x1.999999997fa04p-2, 0x1.2492494229359p-2, 0x1.c71c51d8e78afp-3,
                      0x1.7466496cb03dep-3, 0x1.39a09d078c69fp-3, 0x1.2f112df3e5244p-3);
  }
};

/// log(x) + correction, for a positive x that is no denormal. With x = (1 + f) 2^e and s = f / (2 + f) it is
/// e log(2) + f - f^2 / 2 + s (f^2 / 2 + series).
template <class T>
Batch<T> log_of(Batch<T> x, Batch<T> shift, Batch<T> correction) {
  using Constants = LogConstants<T>;
  Batch<T> mantissa, e;
  split_exponent(x, mantissa, e);
  e -= shift;
  Batch<T> f = mantissa - 1;
  Batch<T> s = f / (f + 2);
  Batch<T> z = s * s;
  Batch<T> half_square = f * f * T(0.5);
  Batch<T> rest = fma(s, fma(z, Constants::series(z), half_square), fma(e, Batch<T>(Constants::kLog2Low), correction));
  return fma(e, Batch<T>(Constants::kLog2High), f - (half_square - rest));
}

/// -infinity at 0, NaN below.
template <class T>
Batch<T> log_special(Batch<T> x) {
  return where(x == 0, Batch<T>(-std::numeric_limits<T>::infinity()), Batch<T>(std::numeric_limits<T>::quiet_NaN()));
}

}  // namespace simd_math

template <class T>
Batch<T> log(Batch<T> x) {
  using Limits = std::numeric_limits<T>;
  Batch<T> scaled = x, shift = 0;
  if (Mask<T> is_small = x < Limits::min(); any(is_small)) {
    scaled = where(is_small, x * T(std::uint64_t(1) << Limits::digits), x);
    shift = where(is_small, Batch<T>(Limits::digits), shift);
  }
  Batch<T> y = simd_math::log_of(scaled, shift, Batch<T>(0));
  return where(x > 0, where(x < Limits::infinity(), y, x), simd_math::log_special(x));
}

/// log(u) + c / u, where c is what rounding took from u = 1 + x.
template <class T>
Batch<T> log1p(Batch<T> x) {
  Batch<T> u = 1 + x;
  Batch<T> c = where(x > 1, 1 - (u - x), x - (u - 1));
  Batch<T> y = simd_math::log_of(u, Batch<T>(0), c / u);
  y = where(x < std::numeric_limits<T>::infinity() && x != 0, y, x);
  return where(u > 0, y, simd_math::log_special(u));
}

namespace simd_math {

/// x = n pi / 2 + r with a whole n and |r| <= pi / 4, for |x| <= kMostAngle.
template <class T>
struct Angle {
  Batch<T> n, r;
};

template <class T>
inline constexpr T kMostAngle = sizeof(T) == 4 ? 0x1p16 : 0x1p20;

/// Added to a number, it leaves the whole part in the last bits of the sum.
template <class T>
inline constexpr T kWholeShift = T(1.5) / std::numeric_limits<T>::epsilon();

/// x in quarters of a turn, rounded to a whole number.
template <class T>
Batch<T> quarters_of(Batch<T> x) {
  return fma(x, Batch<T>(2 * std::numbers::inv_pi_v<T>), Batch<T>(kWholeShift<T>)) - kWholeShift<T>;
}

template <Float64 T>
inline Angle<T> reduce_angle(Batch<T> x) {
  Batch<double> n = quarters_of(x);
  if constexpr (simd::kFuses) {
    Batch<double> r = fma(n, Batch<double>(-0x1.921fb54442d18p+0), x);  // exact
    r = fma(n, Batch<double>(-0x1.1a62633145c07p-54), r);
    return {n, fma(n, Batch<double>(0x1.f1976b7ed8fbcp-110), r)};
  } else {
    // Parts of 33 bits, whose products with n are exact. (fdlibm's e_rem_pio2.c.)
    Batch<double> first = x - n * 0x1.921fb544p+0;
    Batch<double> second = n * 0x1.0b4611a6p-34;
    Batch<double> r = first - second;
    Batch<double> low = (first - r) - second - n * 0x1.3198a2e037073p-69;
    return {n, r + low};
  }
}

template <Float32 T>
inline Angle<T> reduce_angle(Batch<T> x) {
  if constexpr (simd::kFuses) {
    Batch<float> n = quarters_of(x);
    Batch<float> r = fma(n, Batch<float>(-0x1.921fb6p+0f), x);  // exact
    r = fma(n, Batch<float>(0x1.777a5cp-25f), r);
    return {n, fma(n, Batch<float>(0x1.ee59dap-50f), r)};
  } else {
    auto reduce = [](Batch<double> x, Batch<double>& n) {
      n = quarters_of(x);
      return x - n * 0x1.921fb544p+0 - n * 0x1.0b4611a62633p-34;
    };
    Batch<double> low, high, n_low, n_high;
    widen(x, low, high);
    low = reduce(low, n_low);
    high = reduce(high, n_high);
    return {narrow(n_low, n_high), narrow(low, high)};
  }
}

/// (sin(r) - r) / r^3 and (cos(r) - 1 + r^2 / 2) / r^4, of z = r^2. (Cephes's sinf.c, fdlibm's k_sin.c, k_cos.c.)
template <Float32 T>
inline Batch<T> sine_series(Batch<T> z) {
  return polynomial(z, -1.6666654611e-1f, 8.3321608736e-3f, -1.9515295891e-4f);
}
template <Float64 T>
inline Batch<T> sine_series(Batch<T> z) {
  return polynomial(z, -0x1.5555555555549p-3, 0x1.111111110f8a6p-7, -0x1.a01a019c161d5p-13, 0x1.71de357b1fe7dp-19,
                    -0x1.ae5e68a2b9cebp-26, 0x1.5d93a5acfd57cp-33);
}
template <Float32 T>
inline Batch<T> cosine_series(Batch<T> z) {
  return polynomial(z, 4.166664568298827e-2f, -1.388731625493765e-3f, 2.443315711809948e-5f);
}
template <Float64 T>
inline Batch<T> cosine_series(Batch<T> z) {
  return polynomial(z, 0x1.555555555554cp-5, -0x1.6c16c16c15177p-10, 0x1.a01a019cb159p-16, -0x1.27e4f809c52adp-22,
                    0x1.1ee9ebdb4b1c4p-29, -0x1.8fae9be8838d4p-37);
}

/// sin(x) or cos(x).
template <bool kCosine, class T, class Libm>
Batch<T> sine_or_cosine(Batch<T> x, Libm libm) {
  Batch<T> size = abs(x);
  Angle<T> angle = reduce_angle(size);
  Batch<T> r = angle.r;
  Batch<T> z = r * r;
  Batch<T> sine = fma(r * z, sine_series(z), r);
  Batch<T> cosine = fma(z * z, cosine_series(z), fma(z, Batch<T>(T(-0.5)), Batch<T>(1)));
  // An odd number of quarters exchanges sine and cosine; two turn the sign. They are the number's last bits.
  Batch<T> quarters = angle.n + (kWholeShift<T> + T(kCosine));
  constexpr int kSign = 8 * sizeof(T) - 1;
  Batch<T> y = where(has_sign(bits_up(quarters, kSign)), cosine, sine);
  y = flip_sign(y, bits_up(quarters, kSign - 1));
  if constexpr (!kCosine) y = flip_sign(y, x);
  Mask<T> is_usual = !(size > kMostAngle<T>);  // NaN, too
  if (all(is_usual)) return y;
  return where(is_usual, y, each_lane(libm, x, x));
}

}  // namespace simd_math

template <class T>
Batch<T> sin(Batch<T> x) {
  return simd_math::sine_or_cosine<false>(x, [](T angle, T) { return static_cast<T>(__builtin_sin(angle)); });
}
template <class T>
Batch<T> cos(Batch<T> x) {
  return simd_math::sine_or_cosine<true>(x, [](T angle, T) { return static_cast<T>(__builtin_cos(angle)); });
}

namespace simd_math {

/// a^b to float's accuracy, for numbers that are floats, a >= 0. NaN where the logarithm of a is 0 and b
/// infinite, and the other way round.
template <Float64 T>
inline Batch<T> power_of_size(Batch<T> a, Batch<T> b) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  constexpr double kShift = kExponentShift<double>;
  Batch<double> mantissa, exponent;
  split_exponent(a, mantissa, exponent);
  // log2(1 + t) / t with a relative error of 4.2e-13.
  Batch<double> t = mantissa - 1;
  Batch<double> log2 = polynomial(
      t, 0x1.71547652b89ep+0, -0x1.715476528d4bep-1, 0x1.ec709dbd2398dp-2, -0x1.715476b43cbf5p-2, 0x1.2776c940ece76p-2,
      -0x1.ec7061e3308c9p-3, 0x1.a615465fe2e9ep-3, -0x1.715b8d192f7f9p-3, 0x1.488d07490b968p-3, -0x1.272ba66b5e217p-3,
      0x1.087cae7cde31ep-3, -0x1.e9fc2377b95bbp-4, 0x1.024d0265a95b7p-3, -0x1.f9f23c553c404p-4, 0x1.02cc7989b6f9cp-4);
  log2 = fma(t, log2, exponent);
  log2 = where(a == 0, Batch<double>(-kInfinity), where(a < kInfinity, log2, a));
  // Past these ends every result rounds to 0, to infinity.
  Batch<double> z = at_most(200, at_least(-200, b * log2));
  Batch<double> shifted = z + kShift;
  // 2^r for |r| <= 1/2 with a relative error of 2e-9. Powers of two are exact.
  Batch<double> r = z - (shifted - kShift);
  Batch<double> value = polynomial(r, 1.0, 0x1.62e430af259c7p-1, 0x1.ebfbdc3c0fed7p-3, 0x1.c6aee88f10e73p-5,
                                   0x1.3b2d4d06a23cfp-7, 0x1.5f3e52ef85bc7p-10, 0x1.41fbaf8eb7bedp-13);
  return value * exponent_from(shifted);
}

}  // namespace simd_math

/// |a|^b in doubles, then the cases of std::pow.
template <Float32 T>
inline Batch<T> power(Batch<T> a, Batch<T> b) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  Batch<float> size = abs(a);
  Batch<double> size_low, size_high, b_low, b_high;
  widen(size, size_low, size_high);
  widen(b, b_low, b_high);
  Batch<float> y = narrow(simd_math::power_of_size(size_low, b_low), simd_math::power_of_size(size_high, b_high));
  y = where(size == 1 || b == 0, Batch<float>(1), y);
  Mask<float> is_whole = trunc(b) == b;
  Batch<float> half = b * 0.5f;
  Mask<float> is_odd = is_whole && trunc(half) != half;
  y = where(is_odd, with_sign(y, a), y);
  // size == 1 has given 1 for NaN, too.
  return where(a < 0 && size < kInfinity && !is_whole, Batch<float>(kNan), y);
}
template <Float64 T>
inline Batch<T> power(Batch<T> a, Batch<T> b) {
  return each_lane([](double x, double y) { return __builtin_pow(x, y); }, a, b);
}

}  // namespace XGRAD_SIMD_NAMESPACE
}  // namespace xgrad
