// What activations are made of, beside exp and its kin.
#pragma once

#include "tails.hpp"
#include "wide.hpp"

namespace xgrad {
namespace XGRAD_SIMD_NAMESPACE {

/// factor (exp(x / divisor) - 1)
template <Float64 T>
inline Batch<T> scaled_expm1(double factor, double divisor, Batch<T> x) {
  return factor * expm1(x / divisor);
}
template <Float32 T>
inline Batch<T> scaled_expm1(double factor, double divisor, Batch<T> x) {
  return simd_math::in_double([=](Batch<double> x) { return scaled_expm1(factor, divisor, x); }, x);
}

/// factor exp(x / divisor), with what rounding takes from the quotient.
template <Float64 T>
inline Batch<T> scaled_exp(double factor, double divisor, Batch<T> x) {
  using Constants = simd_math::ExpConstants<double>;
  Batch<double> z = x / divisor, low = 0;
  if constexpr (simd::kFuses) low = fma(-z, Batch<double>(divisor), x) / divisor;
  low = where(abs(z) < 800, low, Batch<double>(0));
  z = at_most(Constants::kMost, at_least(Constants::kLeast, z));
  return factor * simd_math::Exponential<double>(z, low).value();
}
template <Float32 T>
inline Batch<T> scaled_exp(double factor, double divisor, Batch<T> x) {
  return simd_math::in_double([=](Batch<double> x) { return scaled_exp(factor, divisor, x); }, x);
}

/// x (x + 3) / 6 where -3 < x < 3, 0 below, x above.
template <Float64 T>
inline Batch<T> hardswish(Batch<T> x) {
  return x * (min(max(x + 3, Batch<double>(0)), Batch<double>(6)) / 6);
}
template <Float32 T>
inline Batch<T> hardswish(Batch<T> x) {
  return simd_math::in_double([](Batch<double> x) { return hardswish(x); }, x);
}

/// tanh(log(1 + exp(x))), the factor of x in mish: n / (n + 2) with n = (1 + exp(x))^2 - 1.
template <Float64 T>
inline Batch<T> mish_gate(Batch<T> x) {
  Batch<double> e = exp(negative_abs(x));
  Batch<double> n = e * (e + 2), m = 1 + 2 * e;
  return where(x < 0, n, m) / where(x < 0, n + 2, m + 2 * (e * e));
}
template <Float32 T>
inline Batch<T> mish_gate(Batch<T> x) {
  return simd_math::in_double([](Batch<double> x) { return mish_gate(x); }, x);
}
/// Its derivative.
template <Float64 T>
inline Batch<T> mish_gate_slope(Batch<T> x) {
  Batch<double> e = exp(negative_abs(x));
  Batch<double> square = e * e;
  Batch<double> below = where(x < 0, square + 2 * e + 2, 1 + 2 * e + 2 * square);
  return 4 * (1 + e) * where(x < 0, e, square) / (below * below);
}
template <Float32 T>
inline Batch<T> mish_gate_slope(Batch<T> x) {
  return simd_math::in_double([](Batch<double> x) { return mish_gate_slope(x); }, x);
}
/// x mish_gate(x); nan at -infinity.
template <Float64 T>
inline Batch<T> mish(Batch<T> x) {
  Batch<double> value = x * mish_gate(x);
  if (all(x >= 0)) return value;
  const simd_math::Decay<double> decay(x);
  Batch<double> e = decay.value, z = at_least(simd_math::kVanished<double>, x);
  Batch<double> tail = decay.times(z * (e + 2) / fma(e, e + 2, Batch<double>(2)));
  return where(x < 0 && abs(x) < std::numeric_limits<double>::infinity(), tail, value);
}
template <Float32 T>
inline Batch<T> mish(Batch<T> x) {
  return simd_math::in_double([](Batch<double> x) { return mish(x); }, x);
}
/// Its derivative. For negative x, where the two terms cancel (to 0 near -1.19), over one denominator.
template <Float64 T>
inline Batch<T> mish_slope(Batch<T> x) {
  Batch<double> positive = mish_gate(x) + at_most(800, x) * mish_gate_slope(x);
  if (all(x >= 0)) return positive;
  const simd_math::Decay<double> decay(x);
  Batch<double> e = decay.value, z = at_least(simd_math::kVanished<double>, x);
  Batch<double> above = fma(e, fma(e, e + 4, fma(Batch<double>(4), z, Batch<double>(6))), 4 * (z + 1));
  Batch<double> sum = e + 2;
  Batch<double> below = fma(e, sum, Batch<double>(2));
  // What rounding takes from the denominator counts twice.
  Batch<double> lost = fma(e, sum, 2 - below) + e * (e - (sum - 2));
  Batch<double> quotient = above / (below * below);
  return where(x < 0, decay.times(fma(quotient, -2 * lost / below, quotient)), positive);
}
template <Float32 T>
inline Batch<T> mish_slope(Batch<T> x) {
  return simd_math::in_double([](Batch<double> x) { return mish_slope(x); }, x);
}

/// 1 / (1 + |x|)^2, the derivative of softsign: not 0 where the square overflows.
template <Float64 T>
inline Batch<T> softsign_slope(Batch<T> x) {
  Batch<double> size = abs(x);
  Batch<double> d = 1 + size;
  Batch<double> low = where(size < 1, size - (d - 1), 1 - (d - size));  // what rounding took from d
  Batch<double> y = 1 / fma(d, d, 2 * d * low);
  Mask<double> is_large = size > 0x1p500;
  return any(is_large) ? where(is_large, 1 / size / size, y) : y;
}
template <Float32 T>
inline Batch<T> softsign_slope(Batch<T> x) {
  auto of_doubles = [](Batch<double> x) {
    Batch<double> d = 1 + abs(x);
    return 1 / (d * d);
  };
  return simd_math::in_double(of_doubles, x);
}

}  // namespace XGRAD_SIMD_NAMESPACE
}  // namespace xgrad
