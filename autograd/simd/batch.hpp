// Batch<T>: as many elements as a SIMD register holds, with the functions that formulas are written in.
//
// Numbers mix into formulas (`1 - y * y`, `max(x, 0)`), and every function is found by argument-dependent look-up
// alone, so that `relu` by itself names the operator on tensors. The formula that is written for a Batch compiles for a
// Tensor too (formulas.hpp). Users' files include this header with map(): it takes little time to compile.
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <limits>
#include <numbers>
#include <type_traits>

#include "register.hpp"

namespace xgrad {
namespace XGRAD_SIMD_NAMESPACE {

template <class T>
concept Number = std::integral<T> || std::floating_point<T>;

// A function for batches of one type is a template all the same,
// `template <Float64 T> inline Batch<T> tan(Batch<T> x)`: a user's file compiles those alone that it calls. `inline` is
// for the compiler's judgement of what to inline.
template <class T>
concept Float32 = std::same_as<T, float>;
template <class T>
concept Float64 = std::same_as<T, double>;

/// The result of comparing two batches.
template <class T>
struct Mask {
  using Bits = simd::MaskBits<T>;
  Bits bits;

  /// For the message alone: a comparison of lanes has an answer for each.
  template <std::same_as<bool> B>
  explicit operator B() const {
    static_assert(sizeof(B) == 0,
                  "a formula compares many elements at once: write where(condition, a, b), not ?: or if");
    return false;
  }

  friend Mask operator&&(Mask a, Mask b) { return {Bits(a.bits & b.bits)}; }
  friend Mask operator||(Mask a, Mask b) { return {Bits(a.bits | b.bits)}; }
  friend Mask logical_and(Mask a, Mask b) { return a && b; }
  friend Mask logical_or(Mask a, Mask b) { return a || b; }
  friend Mask operator!(Mask a) { return {Bits(~a.bits)}; }
  friend Mask operator!=(Mask a, Mask b) { return {Bits(a.bits ^ b.bits)}; }
  friend bool any(Mask a) { return simd::any(a.bits); }
  friend bool all(Mask a) { return simd::all(a.bits); }
};

/// kExponentShift is 1.5 * 2^23 + 127 in float32, 1.5 * 2^52 + 1023 in float64. Adding it rounds x to an integer n, and
/// leaves n + 127 (n + 1023), the biased exponent of 2^n, in the low bits.
template <class T>
inline constexpr T kExponentShift = sizeof(T) == 4 ? T(0x1.8p23 + 127) : T(0x1.8p52 + 1023);

/// float or double elements, kSize of them.
template <class T>
struct Batch {
  using Element = T;
  using Register = simd::Register<T>;
  static constexpr int kSize = simd::kBytes / sizeof(T);

  Register lanes;

  Batch() = default;
  Batch(Register lanes) : lanes(lanes) {}
  template <Number N>
  Batch(N number) : lanes(simd::broadcast(static_cast<T>(number))) {}

  static Batch load(const T* from) {
    Register lanes;
    std::memcpy(&lanes, from, sizeof(lanes));
    return lanes;
  }
  void store(T* to) const { std::memcpy(to, &lanes, sizeof(lanes)); }

  friend Batch operator+(Batch a, Batch b) { return a.lanes + b.lanes; }
  friend Batch operator-(Batch a, Batch b) { return a.lanes - b.lanes; }
  friend Batch operator*(Batch a, Batch b) { return a.lanes * b.lanes; }
  friend Batch operator/(Batch a, Batch b) { return a.lanes / b.lanes; }
  friend Batch operator-(Batch a) { return -a.lanes; }
  Batch& operator+=(Batch b) { return *this = *this + b; }
  Batch& operator-=(Batch b) { return *this = *this - b; }
  Batch& operator*=(Batch b) { return *this = *this * b; }
  Batch& operator/=(Batch b) { return *this = *this / b; }

  friend Mask<T> operator==(Batch a, Batch b) { return {simd::equal(a.lanes, b.lanes)}; }
  friend Mask<T> operator!=(Batch a, Batch b) { return {simd::not_equal(a.lanes, b.lanes)}; }
  friend Mask<T> operator<(Batch a, Batch b) { return {simd::less(a.lanes, b.lanes)}; }
  friend Mask<T> operator<=(Batch a, Batch b) { return {simd::less_equal(a.lanes, b.lanes)}; }
  friend Mask<T> operator>(Batch a, Batch b) { return b < a; }
  friend Mask<T> operator>=(Batch a, Batch b) { return b <= a; }

  friend Batch where(Mask<T> condition, Batch a, Batch b) { return simd::select(condition.bits, a.lanes, b.lanes); }
  friend Mask<T> isnan(Batch x) { return x != x; }
  friend Mask<T> isinf(Batch x) { return abs(x) == std::numeric_limits<T>::infinity(); }
  friend Mask<T> isfinite(Batch x) { return abs(x) < std::numeric_limits<T>::infinity(); }

  /// NaN where either is NaN. (The instructions answer the second operand then.)
  friend Batch max(Batch a, Batch b) { return where(isnan(a), a, simd::maximum(a.lanes, b.lanes)); }
  friend Batch min(Batch a, Batch b) { return where(isnan(a), a, simd::minimum(a.lanes, b.lanes)); }

  friend Batch abs(Batch x) { return simd::absolute(x.lanes); }
  friend Batch sqrt(Batch x) { return simd::square_root(x.lanes); }
  friend Batch floor(Batch x) { return simd::round_down(x.lanes); }
  friend Batch ceil(Batch x) { return simd::round_up(x.lanes); }
  friend Batch trunc(Batch x) { return simd::round_to_zero(x.lanes); }
  /// Halves to the even number.
  friend Batch round(Batch x) { return simd::round_even(x.lanes); }
  friend Batch sign(Batch x) { return where(abs(x) > 0, with_sign(1, x), x + 0); }
  friend Batch square(Batch x) { return x * x; }
  friend Batch zeros_like(Batch) { return 0; }
  friend Batch ones_like(Batch) { return 1; }
  friend Batch reciprocal(Batch x) { return 1 / x; }
  /// a b + c, rounded once where the machine can.
  friend Batch fma(Batch a, Batch b, Batch c) { return simd::fused(a.lanes, b.lanes, c.lanes); }

  // ---- For functions that are built here (simd_math.hpp) ----

  /// x, but no less than a number, no more than a number. NaN where x is.
  friend Batch at_least(T low, Batch x) { return simd::maximum(Batch(low).lanes, x.lanes); }
  friend Batch at_most(T high, Batch x) { return simd::minimum(Batch(high).lanes, x.lanes); }
  friend Batch negative_abs(Batch x) { return simd::with_sign(x.lanes, -Register{}); }
  /// `size`, which is not negative, with the sign of x.
  friend Batch with_sign(Batch size, Batch x) { return simd::with_sign(size.lanes, x.lanes); }
  /// x, its sign flipped where y has one.
  friend Batch flip_sign(Batch x, Batch y) {
    return simd::from_words(simd::words_of(x.lanes) ^ (simd::words_of(y.lanes) & simd::words_of(-Register{})));
  }

  /// x without the lower half of its mantissa, so that products of two such are exact.
  friend Batch upper_half(Batch x) {
    using Word = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
    constexpr int kDropped = (std::numeric_limits<T>::digits + 1) / 2;
    return simd::from_words(simd::words_of(x.lanes) & ~((Word(1) << kDropped) - 1));
  }
  /// x within [-limit, limit]. NaN where x is.
  friend Batch bounded(Batch x, double limit) { return at_most(T(limit), at_least(T(-limit), x)); }
  /// x, its bits moved towards the sign.
  friend Batch bits_up(Batch x, int count) { return simd::from_words(simd::words_of(x.lanes) << count); }
  /// Where x has a sign, be it of a zero.
  friend Mask<T> has_sign(Batch x) { return {simd::has_sign(x.lanes)}; }

  /// 2^n, from kExponentShift<T> + n with a whole n from -127 (0 then) to 128 (infinity); double: -1023 to
  /// 1024.
  friend Batch exponent_from(Batch shifted) {
    constexpr int kMantissa = std::numeric_limits<T>::digits - 1;
    return simd::from_words(simd::words_of(shifted.lanes) << kMantissa);
  }
  /// x 2^n, rounded once, for a whole n for which 2^n is normal.
  friend Batch times_power(Batch x, Batch n) {
#if XGRAD_SIMD_BYTES == 64
    if constexpr (sizeof(T) == 4)
      return Batch(_mm512_scalef_ps(x.lanes, n.lanes));
    else
      return Batch(_mm512_scalef_pd(x.lanes, n.lanes));
#else
    return x * exponent_from(n + kExponentShift<T>);
#endif
  }
  /// x 2^n, rounded once, for `shifted` as above, but n within twice the exponent's range. x is neither huge nor tiny.
  friend Batch scale(Batch x, Batch shifted) {
    constexpr T kShift = kExponentShift<T>;
    Batch n = shifted - kShift;
#if XGRAD_SIMD_BYTES == 64
    return times_power(x, n);  // the instruction takes any n
#else
    // One product will do where no power is infinite and no result denormal.
    if (all(abs(n) < std::numeric_limits<T>::max_exponent - 1)) return x * exponent_from(shifted);
    Batch half = fma(n, Batch(T(0.5)), Batch(kShift));
    Batch rest = n - (half - kShift) + kShift;
    return x * exponent_from(half) * exponent_from(rest);
#endif
  }
  /// The same for n <= 0.
  friend Batch scale_down(Batch x, Batch shifted) {
#if XGRAD_SIMD_BYTES == 64
    return scale(x, shifted);
#else
    return x * exponent_from(shifted + 64) * T(0x1p-64);
#endif
  }
  /// x = m 2^e with m from sqrt(1/2) to sqrt(2) and a whole e. x is positive and no denormal.
  friend void split_exponent(Batch x, Batch& m, Batch& e) {
    using Word = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
    constexpr int kMantissa = std::numeric_limits<T>::digits - 1;
    constexpr Word kOne = std::bit_cast<Word>(T(1));
    constexpr Word kLeast = std::bit_cast<Word>(T(1 / std::numbers::sqrt2));
    constexpr T kWhole = T(Word(1) << kMantissa);  // numbers from here on count in ones in their last bits
    simd::Words<T> words = simd::words_of(x.lanes) + (kOne - kLeast);
    e = Batch(simd::from_words((words >> kMantissa) | std::bit_cast<Word>(kWhole))) -
        (kWhole + T(std::numeric_limits<T>::max_exponent - 1));
    m = simd::from_words((words & ((Word(1) << kMantissa) - 1)) + kLeast);
  }

  /// Each lane by libm: for functions without a vectorised form that is accurate enough.
  template <class F>
  friend Batch each_lane(F f, Batch a, Batch b) {
    alignas(64) T x[kSize], y[kSize];
    a.store(x);
    b.store(y);
    for (int i = 0; i < kSize; ++i) x[i] = f(x[i], y[i]);
    return load(x);
  }
  friend Batch pow(Batch a, Batch b) { return power(a, b); }

  friend T reduce_sum(Batch x) {
    return join_lanes(x, [](Batch a, Batch b) { return a + b; });
  }
  /// join() of all lanes, in halves.
  template <class Join>
  friend T join_lanes(Batch x, const Join& join) {
    if constexpr (kSize > 8) x = join(x, Batch(simd::exchange<8>(x.lanes)));
    if constexpr (kSize > 4) x = join(x, Batch(simd::exchange<4>(x.lanes)));
    if constexpr (kSize > 2) x = join(x, Batch(simd::exchange<2>(x.lanes)));
    return join(x, Batch(simd::exchange<1>(x.lanes))).lanes[0];
  }
};

// The same functions on one integer, as formulas take them on integer tensors: without branches, so that the compiler
// vectorises the loop.
template <std::integral T>
T max(T a, T b) {
  return a > b ? a : b;
}
template <std::integral T>
T min(T a, T b) {
  return a < b ? a : b;
}
template <std::integral T>
T abs(T x) {
  return x < 0 ? -x : x;
}
template <std::integral T>
T sign(T x) {
  return (x > 0) - (x < 0);
}
template <std::integral T>
T floor(T x) {
  return x;
}
template <std::integral T>
T ceil(T x) {
  return x;
}
template <std::integral T>
T trunc(T x) {
  return x;
}
template <std::integral T>
T round(T x) {
  return x;
}
template <std::integral T>
bool isnan(T) {
  return false;
}
template <std::integral T>
bool isinf(T) {
  return false;
}
template <std::integral T>
bool isfinite(T) {
  return true;
}
inline bool logical_and(bool a, bool b) { return a & b; }
inline bool logical_or(bool a, bool b) { return a | b; }

/// A choice between two numbers: where(x > 0, 1, 0).
template <class T, Number A, Number B>
Batch<T> where(Mask<T> condition, A a, B b) {
  return where(condition, Batch<T>(a), Batch<T>(b));
}

/// The first and the second half of the lanes as doubles.
inline void widen(Batch<float> x, Batch<double>& low, Batch<double>& high) {
  simd::widen(x.lanes, low.lanes, high.lanes);
}
/// The reverse of widen().
inline Batch<float> narrow(Batch<double> low, Batch<double> high) { return simd::narrow(low.lanes, high.lanes); }

}  // namespace XGRAD_SIMD_NAMESPACE

using XGRAD_SIMD_NAMESPACE::Batch;
using XGRAD_SIMD_NAMESPACE::Mask;
using XGRAD_SIMD_NAMESPACE::Number;

// The same functions on one number: integer elements are computed one by one (the compiler vectorises the
// loop).
template <Number T>
T where(bool condition, T a, T b) {
  return condition ? a : b;
}

}  // namespace xgrad
