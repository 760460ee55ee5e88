// Powers and logarithms to the bases 2 and 10, and the sum of two numbers that are given by their logarithms.
//
// Largest errors in units of the last place (float, but for exp2: by way of doubles, 0.51):
//
//             exp2  log2  log10  share  share2
//     float   ?
//     double  ?
//
// logaddexp and logaddexp2 near a zero of the result: 1.5 units of the larger operand's last place.
#pragma once

#include "wide.hpp"

namespace xgrad {
namespace XGRAD_SIMD_NAMESPACE {

namespace simd_math {

/// 2^x is `mantissa` times 2^(shifted - kShift).
template <class T>
struct PowerOfTwo {
  Batch<T> shifted, mantissa;

  explicit PowerOfTwo(Batch<T> x) {
    constexpr T kLn2 = std::numbers::ln2_v<T>,
                kLn2Rest = sizeof(T) == 4 ? T(-0x1.05c610p-29) : T(0x1.abc9e3b39803fp-56);
    constexpr T kShift = kExponentShift<T>;
    constexpr T kEnd = sizeof(T) == 4 ? 160 : 1100;  // beyond, every result rounds to 0, to infinity
    x = at_most(kEnd, at_least(-kEnd, x));
    shifted = x + kShift;
    Batch<T> rest = x - (shifted - kShift);
    Batch<T> r = rest * kLn2;
    Batch<T> low = rest * kLn2Rest;
    if constexpr (simd::kFuses) low += fma(rest, Batch<T>(kLn2), -r);
    mantissa = 1 + (r + fma(ExpConstants<T>::second_order(r), r * r, low));
  }
};

}  // namespace simd_math

/// 2^x, exact for whole numbers.
template <class T>
Batch<T> exp2(Batch<T> x) {
  simd_math::PowerOfTwo<T> power(x);
  return scale(power.mantissa, power.shifted);
}
/// log(2) 2^x, the derivative of 2^x: finite a little further.
template <class T>
Batch<T> exp2_slope(Batch<T> x) {
  simd_math::PowerOfTwo<T> power(x);
  return scale(power.mantissa * std::numbers::ln2_v<T>, power.shifted);
}

namespace simd_math {

/// x = m 2^e, the logarithm of m between -log(2)/2 and log(2)/2.
struct LogParts {
  Batch<double> log, e;

  template <Float64 T>
  explicit LogParts(Batch<T> x) {
    Batch<double> scaled = x, shift = 0, mantissa;
    if (Mask<double> is_small = x < 0x1p-1022; any(is_small)) {
      scaled = where(is_small, x * 0x1p53, x);
      shift = where(is_small, Batch<double>(53), shift);
    }
    split_exponent(scaled, mantissa, e);
    e -= shift;
    log = log_of(mantissa, Batch<double>(0), Batch<double>(0));
  }
  /// y, which is made of the parts; log's own answers at 0, infinity, NaN and below 0.
  template <Float64 T>
  static Batch<T> special(Batch<T> x, Batch<T> y) {
    return where(x > 0, where(x < std::numeric_limits<double>::infinity(), y, x), log_special(x));
  }
};

}  // namespace simd_math

/// Exact for powers of 2.
template <Float64 T>
inline Batch<T> log2(Batch<T> x) {
  simd_math::LogParts parts(x);
  return parts.special(x, fma(parts.log, Batch<double>(std::numbers::log2e), parts.e));
}
template <Float32 T>
inline Batch<T> log2(Batch<T> x) {
  return simd_math::in_double([](Batch<double> x) { return log2(x); }, x);
}

/// Exact for powers of 10 that are numbers of the type. (fdlibm's e_log10.c.)
template <Float64 T>
inline Batch<T> log10(Batch<T> x) {
  simd_math::LogParts parts(x);
  // log10(2) in two parts, the first with so few bits that its product with e is exact.
  Batch<double> low = fma(parts.log, Batch<double>(std::numbers::log10e), parts.e * 0x1.9fef311f12b36p-42);
  return parts.special(x, fma(parts.e, Batch<double>(0x1.34413509f6p-2), low));
}
template <Float32 T>
inline Batch<T> log10(Batch<T> x) {
  return simd_math::in_double([](Batch<double> x) { return log10(x); }, x);
}

/// log(exp(a) + exp(b))
template <Float64 T>
inline Batch<T> logaddexp(Batch<T> a, Batch<T> b) {
  Batch<double> distance = where(a == b, Batch<double>(0), abs(a - b));  // of two infinities, too
  return max(a, b) + log1p(exp(-distance));
}
template <Float32 T>
inline Batch<T> logaddexp(Batch<T> a, Batch<T> b) {
  return simd_math::in_double([](Batch<double> a, Batch<double> b) { return logaddexp(a, b); }, a, b);
}
/// log2(2^a + 2^b)
template <Float64 T>
inline Batch<T> logaddexp2(Batch<T> a, Batch<T> b) {
  Batch<double> distance = where(a == b, Batch<double>(0), abs(a - b));
  return fma(log1p(exp2(-distance)), Batch<double>(std::numbers::log2e), max(a, b));
}
template <Float32 T>
inline Batch<T> logaddexp2(Batch<T> a, Batch<T> b) {
  return simd_math::in_double([](Batch<double> a, Batch<double> b) { return logaddexp2(a, b); }, a, b);
}

namespace simd_math {

/// A difference a - b, and what rounding took from it. (Knuth's two-sum.)
struct Difference {
  Batch<double> high, low;

  template <Float64 T>
  Difference(Batch<T> a, Batch<T> b) : high(a - b) {
    Batch<double> part = high - a;
    low = (a - (high - part)) - (b + part);
    low = where(isfinite(low), low, Batch<double>(0));
  }
};

/// The share of the larger or of the smaller one, e being the smaller by the larger. Of two infinities half each, but
/// nothing of minus infinity.
template <Float64 T>
inline Batch<T> share_of(Batch<T> a, Batch<T> b, Batch<T> e) {
  Batch<double> share = where(a < b, e, Batch<double>(1)) / (1 + e);
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  return where(a == b, where(a == -kInfinity, Batch<double>(0), Batch<double>(0.5)), share);
}

}  // namespace simd_math

/// exp(a) / (exp(a) + exp(b)): the derivative of logaddexp to a.
template <Float64 T>
inline Batch<T> share(Batch<T> a, Batch<T> b) {
  using namespace simd_math;
  Difference d(a, b);
  Batch<double> high = at_least(ExpConstants<double>::kLeast, negative_abs(d.high));
  Exponential<double> e(high, where(d.high > 0, -d.low, d.low));
  return share_of(a, b, e.value_up_to_one());
}
template <Float32 T>
inline Batch<T> share(Batch<T> a, Batch<T> b) {
  auto of_doubles = [](Batch<double> a, Batch<double> b) {
    return simd_math::share_of(a, b, exp(negative_abs(a - b)));
  };
  return simd_math::in_double(of_doubles, a, b);
}
/// 2^a / (2^a + 2^b): the derivative of logaddexp2 to a.
template <Float64 T>
inline Batch<T> share2(Batch<T> a, Batch<T> b) {
  simd_math::Difference d(a, b);
  Batch<double> e = exp2(negative_abs(d.high));
  e = fma(e, where(d.high > 0, -d.low, d.low) * std::numbers::ln2, e);
  return simd_math::share_of(a, b, e);
}
template <Float32 T>
inline Batch<T> share2(Batch<T> a, Batch<T> b) {
  auto of_doubles = [](Batch<double> a, Batch<double> b) {
    return simd_math::share_of(a, b, exp2(negative_abs(a - b)));
  };
  return simd_math::in_double(of_doubles, a, b);
}

}  // namespace XGRAD_SIMD_NAMESPACE
}  // namespace xgrad
