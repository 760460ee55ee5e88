// Signs, exponents and last bits of numbers.
#pragma once

#include "logarithm.hpp"

namespace xgrad {
namespace XGRAD_SIMD_NAMESPACE {

/// Whether the sign bit is set: of -0, too.
template <class T>
Mask<T> signbit(Batch<T> x) {
  return has_sign(x);
}
/// |a| with the sign of b.
template <class T>
Batch<T> copysign(Batch<T> a, Batch<T> b) {
  return with_sign(abs(a), b);
}

/// The number next to a in the direction of b.
template <class T>
Batch<T> nextafter(Batch<T> a, Batch<T> b) {
  // Without their sign, numbers are ordered as their bits are.
  Batch<T> outward = simd::from_words(simd::words_of(a.lanes) + 1),
           inward = simd::from_words(simd::words_of(a.lanes) - 1);
  Batch<T> next = where((a < b) != (a > 0), inward, outward);
  next = where(a == 0, with_sign(Batch<T>(std::numeric_limits<T>::denorm_min()), b), next);
  next = where(a == b, b, next);
  return where(isnan(a) || isnan(b), a + b, next);
}

/// a 2^b, rounded once where b is whole.
template <Float64 T>
inline Batch<T> ldexp(Batch<T> a, Batch<T> b) {
  Mask<double> is_usual = abs(b) < 1022;
  Batch<double> y = a * exp2(b);
  if (all(is_usual)) return y;
  // In steps, as 2^b may overflow where the product does not.
  b = at_most(2200, at_least(-2200, b));
  Batch<double> third = trunc(b * (1.0 / 3));
  Batch<double> step = exp2(third);
  return where(is_usual, y, a * step * step * exp2(b - 2 * third));
}
template <Float32 T>
inline Batch<T> ldexp(Batch<T> a, Batch<T> b) {
  auto of_doubles = [](Batch<double> a, Batch<double> b) { return a * exp2(at_most(400, at_least(-400, b))); };
  return simd_math::in_double(of_doubles, a, b);
}

/// -1 / (2 x sqrt(x)), the derivative of 1 / sqrt(x).
template <Float64 T>
inline Batch<T> rsqrt_slope(Batch<T> x) {
  return -0.5 / sqrt(x) / x;
}
template <Float32 T>
inline Batch<T> rsqrt_slope(Batch<T> x) {
  return simd_math::in_double([](Batch<double> x) { return rsqrt_slope(x); }, x);
}

/// n of x = m 2^n with m from 1/2 up to 1; 0 of 0, infinity and NaN.
template <class T>
Batch<T> binary_exponent(Batch<T> x) {
  using Limits = std::numeric_limits<T>;
  using Word = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  constexpr int kMantissa = Limits::digits - 1;
  constexpr T kWhole = T(Word(1) << kMantissa);  // numbers from here on count in ones in their last bits
  Batch<T> size = abs(x);
  Mask<T> is_small = size < Limits::min();
  Batch<T> scaled = where(is_small, size * kWhole, size);
  Batch<T> biased =
      Batch<T>(simd::from_words((simd::words_of(scaled.lanes) >> kMantissa) | std::bit_cast<Word>(kWhole)));
  Batch<T> n = biased - (kWhole + T(Limits::max_exponent - 2));
  n = where(is_small, n - T(kMantissa), n);
  return where(size > 0 && size < Limits::infinity(), n, Batch<T>(0));
}

}  // namespace XGRAD_SIMD_NAMESPACE
}  // namespace xgrad
