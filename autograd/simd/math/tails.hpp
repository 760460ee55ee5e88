// Functions whose tails are products with a vanishing exponential: the product is rounded once, before it is scaled
// down, so that neither a denormal factor nor a rounded exponent is multiplied.
#pragma once

#include "../math.hpp"

namespace xgrad {
namespace XGRAD_SIMD_NAMESPACE {
namespace simd_math {

/// What rounding takes from product = a b.
template <class T>
Batch<T> error_of_product(Batch<T> a, Batch<T> b, Batch<T> product) {
  if constexpr (simd::kFuses) {
    return fma(a, b, -product);
  } else {
    // In halves of the mantissa, whose products are exact. (Dekker, Numer. Math. 18, 1971.)
    Batch<T> a_high = upper_half(a), b_high = upper_half(b);
    Batch<T> a_low = a - a_high, b_low = b - b_high;
    return ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low;
  }
}

/// The product with a number.
template <class T>
TwoParts<T> times_number(Batch<T> x, double number) {
  const T high = static_cast<T>(number), low = static_cast<T>(number - static_cast<double>(high));
  Batch<T> product = x * high;
  return {product, fma(x, Batch<T>(low), error_of_product(x, Batch<T>(high), product))};
}

/// exp(-|z|) = 2^n (1 + q) for z in two parts, with what its neighbours take.
template <class T>
struct Decay {
  Exponential<T> e;
  Batch<T> q, value, divisor;  // exp(-|z|) and 1 + exp(-|z|)

  Decay(Batch<T> z, Batch<T> low)
      : e(at_least(kVanished<T>, negative_abs(z)), where(abs(z) < -kVanished<T>, -flip_sign(low, z), Batch<T>(0))),
        q(e.r + e.s),
        value(e.value_up_to_one()),
        divisor(1 + value) {}
  explicit Decay(Batch<T> z)
      : e(at_least(kVanished<T>, negative_abs(z))), q(e.r + e.s), value(e.value_up_to_one()), divisor(1 + value) {}

  /// y exp(-|z|), rounded once.
  Batch<T> times(Batch<T> y) const { return scale_down(fma(y, q, y), e.shifted); }
  /// The derivative of x sigmoid(z) for x and z below 0: exp(-|z|) over the square of the divisor, times
  /// sum = 1 + x dz/dx + exp(-|z|). That vanishes somewhere, and is made of what is exact, or nearly, before it
  /// cancels.
  Batch<T> gate_slope(Batch<T> sum) const { return times(sum / fma(value, value + 2, Batch<T>(1))); }
};

/// exp(size^2 / 2) cdf(-size) for 0 <= size <= 40.
template <Float64 T>
inline TwoParts<T> half_erfcx(Batch<T> size) {
  return erfcx_of_size(size * (1 / std::numbers::sqrt2), 0.5);
}
/// The same for float, where rounding size / sqrt(2) would take half a digit: (1 + 3/2 size) times it is a polynomial
/// of (size - c) / (size + c), up to size = 14.6, with an error of 5e-9. Near 0 it is one of what size differs from
/// 0.35 by. Both c and 0.35 are such that the values there are floats.
template <Float32 T>
inline TwoParts<T> half_erfcx(Batch<T> size) {
  constexpr float kCenter = 0x1.0f98bcp+2f, kAtCenter = 0x1.5171c2p-1f;
  Batch<float> t = (size - kCenter) / (size + kCenter);
  Batch<float> rest =
      t * polynomial(t, -0x1.fc35c6p-5f, -0x1.0b5e7p-5f, 0x1.2c29a6p-4f, -0x1.0c0316p-4f, 0x1.2f250ap-5f,
                     -0x1.a1df32p-7f, 0x1.4957cep-10f, 0x1.02af06p-10f, -0x1.289d04p-12f);
  Batch<float> dividend = kAtCenter + rest;
  const Batch<float> slope = 1.5f;
  Batch<float> divisor = fma(slope, size, Batch<float>(1));
  Batch<float> far = dividend / divisor, far_low = 0;
  if constexpr (simd::kFuses) {
    // What is left of the division, and of dividend and divisor. 1 / divisor is about 1.545 of the quotient.
    Batch<float> left =
        fma(-far, divisor, dividend) + fma(-far, fma(slope, size, 1 - divisor), rest - (dividend - kAtCenter));
    far_low = left * far * 1.545f;
  }
  const Mask<float> is_near = size < 0.7071f;
  if (!any(is_near)) return {far, far_low};
  constexpr float kPoint = 0x1.67fedap-2f, kAtPoint = 0x1.8af474p-2f;
  Batch<float> u = size - kPoint;
  Batch<float> more = u * polynomial(u, -0x1.0daad4p-2f, 0x1.2c26c6p-3f, -0x1.213568p-4f, 0x1.f28158p-6f,
                                     -0x1.88af92p-7f, 0x1.25aabcp-8f, -0x1.89d0eap-10f);
  Batch<float> near = kAtPoint + more;
  return {where(is_near, near, far), where(is_near, more - (near - kAtPoint), far_low)};
}

/// 2 sqrt(2 / pi) (x + 0.044715 x^3) in two parts, for |x| <= 32.
template <class T>
TwoParts<T> gelu_exponent(Batch<T> x) {
  constexpr double kTwice = 2 * std::numbers::sqrt2 * std::numbers::inv_sqrtpi;
  // What rounding to double takes from the two coefficients matters to double alone.
  constexpr double kTwiceLow = -0x1.cbc0d30ebfd15p-54, kCubic = 0x1.2444f2a4d8b4bp-4,
                   kCubicLow = -0x1.6c843a29d1c70p-61;
  Batch<T> square = x * x;
  TwoParts<T> cubic = times_number(square, kCubic);
  cubic.low = fma(error_of_square(x, square), Batch<T>(static_cast<T>(kCubic)), cubic.low);
  const T first = static_cast<T>(kTwice);
  const T first_low = static_cast<T>(kTwice - static_cast<double>(first) + kTwiceLow);
  Batch<T> sum = cubic.high + first;
  // What rounding takes from the sum of two positive numbers, whichever is the larger.
  Batch<T> part = sum - cubic.high;
  Batch<T> low = (cubic.high - (sum - part)) + (first - part);
  low += cubic.low + first_low;
  if constexpr (sizeof(T) == 8) low = fma(square, Batch<T>(kCubicLow), low);
  Batch<T> product = x * sum;
  return {product, fma(x, low, error_of_product(x, sum, product))};
}

}  // namespace simd_math

/// x / (1 + exp(-x)); nan at -infinity.
template <class T>
Batch<T> silu(Batch<T> x) {
  using namespace simd_math;
  const Decay<T> decay(x);
  Batch<T> y = at_least(kVanished<T>, x) / decay.divisor;
  y = where(x < 0, decay.times(y), y);
  return where(x == -std::numeric_limits<T>::infinity(), Batch<T>(std::numeric_limits<T>::quiet_NaN()), y);
}
template <class T>
Batch<T> silu_slope(Batch<T> x) {
  using namespace simd_math;
  const Decay<T> decay(x);
  Batch<T> size = at_most(-kVanished<T>, abs(x));
  Batch<T> tail = decay.gate_slope((1 - size) + decay.value);
  return where(x < 0, tail, 1 - tail);
}

/// x times the normal distribution function; nan at -infinity.
template <class T>
Batch<T> gelu(Batch<T> x) {
  using namespace simd_math;
  Batch<T> size = at_most(40, abs(x));
  const TwoParts<T> factor = half_erfcx(size);
  Batch<T> y = size * factor.high;
  Batch<T> low = fma(size, factor.low, error_of_product(size, factor.high, y));
  Batch<T> tail = times_bell(y, low, size, T(0.5));
  y = where(x < 0, -tail, x - tail);
  return where(x == -std::numeric_limits<T>::infinity(), Batch<T>(std::numeric_limits<T>::quiet_NaN()), y);
}
template <class T>
Batch<T> gelu_slope(Batch<T> x) {
  using namespace simd_math;
  constexpr double kDensity = std::numbers::inv_sqrtpi / std::numbers::sqrt2;
  constexpr T kHigh = static_cast<T>(kDensity), kLow = static_cast<T>(kDensity - static_cast<double>(kHigh));
  Batch<T> size = at_most(40, abs(x));
  const TwoParts<T> factor = half_erfcx(size);
  Batch<T> y = fma(size, Batch<T>(-kHigh), factor.high);
  Batch<T> low = factor.low;
  if constexpr (sizeof(T) == 4 && simd::kFuses) {
    // What rounding takes from y.
    Batch<T> product = factor.high - y;
    low = fma(size, Batch<T>(-kLow), low) + (fma(size, Batch<T>(-kHigh), product) + (factor.high - (y + product)));
  }
  Batch<T> tail = times_bell(y, low, size, T(0.5));
  return where(x < 0, tail, 1 - tail);
}

/// x sigmoid(z) with z = 2 sqrt(2 / pi) (x + 0.044715 x^3); nan at -infinity.
template <class T>
Batch<T> gelu_tanh(Batch<T> x) {
  using namespace simd_math;
  Batch<T> bounded_x = bounded(x, 32);
  const TwoParts<T> z = gelu_exponent(bounded_x);
  const Decay<T> decay(z.high, z.low);
  Batch<T> y = at_least(T(-32), x) / decay.divisor;
  y = where(x < 0, decay.times(y), y);
  return where(x == -std::numeric_limits<T>::infinity(), Batch<T>(std::numeric_limits<T>::quiet_NaN()), y);
}
template <class T>
Batch<T> gelu_tanh_slope(Batch<T> x) {
  using namespace simd_math;
  constexpr double kTwice = 2 * std::numbers::sqrt2 * std::numbers::inv_sqrtpi;
  Batch<T> size = at_most(32, abs(x));
  const TwoParts<T> z = gelu_exponent(size);
  const Decay<T> decay(z.high, z.low);
  constexpr double kSquare = 3 * 0.044715 * kTwice;
  constexpr T kSquareHigh = static_cast<T>(kSquare), kTwiceHigh = static_cast<T>(kTwice);
  constexpr T kSquareLow = static_cast<T>(kSquare - kSquareHigh), kTwiceLow = static_cast<T>(kTwice - kTwiceHigh);
  Batch<T> square = size * size;
  Batch<T> slope = fma(square, Batch<T>(kSquareHigh), Batch<T>(kTwiceHigh));
  Batch<T> low = fma(square, Batch<T>(kSquareLow), Batch<T>(kTwiceLow));
  low = fma(error_of_square(size, square), Batch<T>(kSquareHigh), low);
  Batch<T> tail = decay.gate_slope(fma(-size, slope, fma(-size, low, decay.divisor)));
  return where(x < 0, tail, 1 - tail);
}

/// log(1 + exp(beta x)) / beta, and its derivative.
template <class T>
Batch<T> softplus(Batch<T> x, double beta) {
  using namespace simd_math;
  const TwoParts<T> z = times_number(x, beta);
  const Decay<T> decay(z.high, z.low);
  Batch<T> rest = log1p(decay.times(Batch<T>(1))) / static_cast<T>(beta);
  return where(z.high > 0, x + rest, rest);
}
template <class T>
Batch<T> softplus_slope(Batch<T> x, double beta) {
  using namespace simd_math;
  const TwoParts<T> z = times_number(x, beta);
  const Decay<T> decay(z.high, z.low);
  Batch<T> y = 1 / decay.divisor;
  return where(z.high < 0, decay.times(y), y);
}

}  // namespace XGRAD_SIMD_NAMESPACE
}  // namespace xgrad
