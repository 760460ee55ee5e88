// Batch<T>: as many elements as a SIMD register holds, with the functions that formulas are written in.
//
// A thin layer over xsimd. It lets numbers mix into formulas (`1 - y * y`, `max(x, 0)`), makes every function
// be found by argument-dependent look-up alone (so that `relu` by itself names the operator on tensors), and is the
// one place that knows xsimd. The formula that is written for a Batch compiles for a Tensor too (ops/elementwise.cpp).
#pragma once

#include <bit>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <numbers>
#include <type_traits>

// g++ 12 warns of the deliberately undefined registers in its own AVX-512 intrinsics (GCC bug 105593).
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <xsimd/xsimd.hpp>
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

// Code for different instruction sets may meet in one program (a library built for AVX2, a user's file for
// SSE2). The types' names tell them apart, so that the linker never puts one in the other's place.
#if defined(__AVX512F__)
#define XGRAD_SIMD_NAMESPACE simd_avx512
#elif defined(__AVX2__)
#define XGRAD_SIMD_NAMESPACE simd_avx2
#elif defined(__AVX__)
#define XGRAD_SIMD_NAMESPACE simd_avx
#elif defined(__SSE4_2__)
#define XGRAD_SIMD_NAMESPACE simd_sse42
#else
#define XGRAD_SIMD_NAMESPACE simd_baseline
#endif

// Whether there are widen() and narrow().
#if defined(__AVX512F__) || defined(__AVX2__)
#define XGRAD_SIMD_WIDENS 1
#else
#define XGRAD_SIMD_WIDENS 0
#endif

namespace xgrad {
namespace XGRAD_SIMD_NAMESPACE {

#if XSIMD_WITH_AVX512BW
// xsimd 8.1's select() for AVX512BW does not compile; the step below has the same float and double functions.
using SimdArch = xsimd::avx512dq;
#else
using SimdArch = xsimd::default_arch;
#endif

template <class T>
concept Number = std::integral<T> || std::floating_point<T>;

/// The result of comparing two batches.
template <class T>
struct Mask {
  xsimd::batch_bool<T, SimdArch> bits;

  friend Mask operator&&(Mask a, Mask b) { return {a.bits & b.bits}; }
  friend Mask operator||(Mask a, Mask b) { return {a.bits | b.bits}; }
  friend Mask logical_and(Mask a, Mask b) { return a && b; }
  friend Mask logical_or(Mask a, Mask b) { return a || b; }
  friend Mask operator!(Mask a) { return {~a.bits}; }
  // xsimd 8.1's ^ of AVX-512 masks is an or.
  friend Mask operator!=(Mask a, Mask b) { return (a && !b) || (!a && b); }
  friend bool any(Mask a) { return xsimd::any(a.bits); }
  friend bool all(Mask a) { return xsimd::all(a.bits); }
};

/// A number whose neighbours are 1 apart, and which ends in the bits of the exponent of 1: whole numbers
/// added to it change those bits. Adding it rounds to a whole number.
template <class T>
inline constexpr T kExponentShift = sizeof(T) == 4 ? T(0x1.8p23 + 127) : T(0x1.8p52 + 1023);

/// float or double elements, kSize of them.
template <class T>
struct Batch {
  using Element = T;
  static constexpr int kSize = static_cast<int>(xsimd::batch<T, SimdArch>::size);

  xsimd::batch<T, SimdArch> lanes;

  Batch() = default;
  Batch(xsimd::batch<T, SimdArch> lanes) : lanes(lanes) {}
  template <Number N>
  Batch(N number) : lanes(static_cast<T>(number)) {}

  static Batch load(const T* from) { return xsimd::batch<T, SimdArch>::load_unaligned(from); }
  void store(T* to) const { lanes.store_unaligned(to); }

  friend Batch operator+(Batch a, Batch b) { return a.lanes + b.lanes; }
  friend Batch operator-(Batch a, Batch b) { return a.lanes - b.lanes; }
  friend Batch operator*(Batch a, Batch b) { return a.lanes * b.lanes; }
  friend Batch operator/(Batch a, Batch b) { return a.lanes / b.lanes; }
  friend Batch operator-(Batch a) { return -a.lanes; }
  Batch& operator+=(Batch b) { return *this = *this + b; }
  Batch& operator-=(Batch b) { return *this = *this - b; }
  Batch& operator*=(Batch b) { return *this = *this * b; }
  Batch& operator/=(Batch b) { return *this = *this / b; }

  friend Mask<T> operator==(Batch a, Batch b) { return {a.lanes == b.lanes}; }
  // xsimd 8.1's != is false for NaN on AVX and AVX-512.
  friend Mask<T> operator!=(Batch a, Batch b) { return !(a == b); }
  friend Mask<T> operator<(Batch a, Batch b) { return {a.lanes < b.lanes}; }
  friend Mask<T> operator<=(Batch a, Batch b) { return {a.lanes <= b.lanes}; }
  friend Mask<T> operator>(Batch a, Batch b) { return {b.lanes < a.lanes}; }
  friend Mask<T> operator>=(Batch a, Batch b) { return {b.lanes <= a.lanes}; }

  friend Batch where(Mask<T> condition, Batch a, Batch b) {
    return xsimd::select(condition.bits, a.lanes, b.lanes);
  }
  friend Mask<T> isnan(Batch x) { return {xsimd::isnan(x.lanes)}; }
  friend Mask<T> isinf(Batch x) { return abs(x) == std::numeric_limits<T>::infinity(); }
  friend Mask<T> isfinite(Batch x) { return abs(x) < std::numeric_limits<T>::infinity(); }

  /// NaN where either is NaN. (The instructions answer the second operand then.)
  friend Batch max(Batch a, Batch b) { return where(isnan(a), a, xsimd::max(a.lanes, b.lanes)); }
  friend Batch min(Batch a, Batch b) { return where(isnan(a), a, xsimd::min(a.lanes, b.lanes)); }

  friend Batch abs(Batch x) { return xsimd::abs(x.lanes); }
  friend Batch sqrt(Batch x) { return xsimd::sqrt(x.lanes); }
  friend Batch floor(Batch x) { return xsimd::floor(x.lanes); }
  friend Batch ceil(Batch x) { return xsimd::ceil(x.lanes); }
  friend Batch trunc(Batch x) { return xsimd::trunc(x.lanes); }
  friend Batch round(Batch x) { return xsimd::nearbyint(x.lanes); }
  friend Batch sign(Batch x) { return where(abs(x) > 0, with_sign(1, x), x + 0); }
  friend Batch square(Batch x) { return x * x; }
  friend Batch zeros_like(Batch) { return 0; }
  friend Batch ones_like(Batch) { return 1; }
  friend Batch reciprocal(Batch x) { return 1 / x; }
  /// a b + c, rounded once where the machine can.
  friend Batch fma(Batch a, Batch b, Batch c) {
#if defined(__AVX512F__)
    // xsimd 8.1's is a product and a sum.
    if constexpr (sizeof(T) == 4)
      return Batch(_mm512_fmadd_ps(a.lanes, b.lanes, c.lanes));
    else
      return Batch(_mm512_fmadd_pd(a.lanes, b.lanes, c.lanes));
#else
    return xsimd::fma(a.lanes, b.lanes, c.lanes);
#endif
  }
  // xsimd's are accurate and quick.
  friend Batch log(Batch x) { return xsimd::log(x.lanes); }
  friend Batch log1p(Batch x) { return xsimd::log1p(x.lanes); }
  friend Batch sin(Batch x) { return xsimd::sin(x.lanes); }
  friend Batch cos(Batch x) { return xsimd::cos(x.lanes); }

  // ---- For functions that are built here (simd_math.hpp) ----

  /// x, but no less than a number, no more than a number. NaN where x is.
  friend Batch at_least(T low, Batch x) { return xsimd::max(Batch(low).lanes, x.lanes); }
  friend Batch at_most(T high, Batch x) { return xsimd::min(Batch(high).lanes, x.lanes); }
  friend Batch negative_abs(Batch x) { return x.lanes | Batch(T(-0.0)).lanes; }
  /// `size`, which is not negative, with the sign of x.
  friend Batch with_sign(Batch size, Batch x) { return size.lanes | xsimd::bitofsign(x.lanes); }

  /// 2^n, from kExponentShift<T> + n with a whole n from -127 (0 then) to 128 (infinity); double: -1023 to
  /// 1024.
  friend Batch exponent_from(Batch shifted) {
    using Words = xsimd::batch<xsimd::as_integer_t<T>, SimdArch>;
    constexpr int kMantissa = std::numeric_limits<T>::digits - 1;
    return xsimd::bitwise_cast<xsimd::batch<T, SimdArch>>(xsimd::bitwise_cast<Words>(shifted.lanes)
                                                          << kMantissa);
  }
  /// x 2^n, rounded once, for a whole n within twice the exponent's range. x is neither huge nor tiny.
  friend Batch scale(Batch x, Batch n) {
#if defined(__AVX512F__)
    if constexpr (sizeof(T) == 4)
      return Batch(_mm512_scalef_ps(x.lanes, n.lanes));
    else
      return Batch(_mm512_scalef_pd(x.lanes, n.lanes));
#else
    constexpr T kShift = kExponentShift<T>;
    Batch half = fma(n, Batch(T(0.5)), Batch(kShift));
    Batch rest = n - (half - kShift) + kShift;
    return x * exponent_from(half) * exponent_from(rest);
#endif
  }
  /// The same for n <= 0.
  friend Batch scale_down(Batch x, Batch n) {
#if defined(__AVX512F__)
    return scale(x, n);
#else
    return x * exponent_from(n + (kExponentShift<T> + 64)) * T(0x1p-64);
#endif
  }
  /// x = m 2^e with m from sqrt(1/2) to sqrt(2) and a whole e. x is positive and no denormal.
  friend void split_exponent(Batch x, Batch& m, Batch& e) {
    using Word = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
    using Words = xsimd::batch<Word, SimdArch>;
    using Lanes = xsimd::batch<T, SimdArch>;
    constexpr int kMantissa = std::numeric_limits<T>::digits - 1;
    constexpr Word kOne = std::bit_cast<Word>(T(1));
    constexpr Word kLeast = std::bit_cast<Word>(T(1 / std::numbers::sqrt2));
    constexpr T kWhole = T(Word(1) << kMantissa);  // numbers from here on count in ones in their last bits
    Words bits = xsimd::bitwise_cast<Words>(x.lanes) + Words(kOne - kLeast);
    e = Batch(xsimd::bitwise_cast<Lanes>((bits >> kMantissa) | Words(std::bit_cast<Word>(kWhole)))) -
        (kWhole + T(std::numeric_limits<T>::max_exponent - 1));
    m = xsimd::bitwise_cast<Lanes>((bits & Words((Word(1) << kMantissa) - 1)) + Words(kLeast));
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

  /// Over the lanes.
  friend T reduce_sum(Batch x) { return xsimd::hadd(x.lanes); }
  friend T reduce_max(Batch x) {
    alignas(64) T lane[kSize];
    x.store(lane);
    T result = lane[0];
    for (int i = 1; i < kSize; ++i) result = lane[i] > result || lane[i] != lane[i] ? lane[i] : result;
    return result;
  }
};

#if XGRAD_SIMD_WIDENS
namespace simd_math {

/// The first and the second half of the lanes as doubles.
inline void widen(Batch<float> x, Batch<double>& low, Batch<double>& high) {
#if defined(__AVX512F__)
  __m512 lanes = x.lanes;
  low = Batch<double>(_mm512_cvtps_pd(_mm512_castps512_ps256(lanes)));
  high = Batch<double>(_mm512_cvtps_pd(_mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(lanes), 1))));
#else
  __m256 lanes = x.lanes;
  low = Batch<double>(_mm256_cvtps_pd(_mm256_castps256_ps128(lanes)));
  high = Batch<double>(_mm256_cvtps_pd(_mm256_extractf128_ps(lanes, 1)));
#endif
}

/// The reverse of widen().
inline Batch<float> narrow(Batch<double> low, Batch<double> high) {
#if defined(__AVX512F__)
  __m512d first = _mm512_castps_pd(_mm512_castps256_ps512(_mm512_cvtpd_ps(low.lanes)));
  return Batch<float>(
      _mm512_castpd_ps(_mm512_insertf64x4(first, _mm256_castps_pd(_mm512_cvtpd_ps(high.lanes)), 1)));
#else
  return Batch<float>(_mm256_set_m128(_mm256_cvtpd_ps(high.lanes), _mm256_cvtpd_ps(low.lanes)));
#endif
}

}  // namespace simd_math
#endif

}  // namespace XGRAD_SIMD_NAMESPACE

using XGRAD_SIMD_NAMESPACE::Batch;
using XGRAD_SIMD_NAMESPACE::Mask;
using XGRAD_SIMD_NAMESPACE::Number;
using XGRAD_SIMD_NAMESPACE::SimdArch;

// The same functions on one number: integer elements are computed one by one (the compiler vectorises the
// loop).
template <Number T>
T where(bool condition, T a, T b) {
  return condition ? a : b;
}

}  // namespace xgrad

// exp, tanh and the like: a part of this header, in a file of its own.
#include "autograd/internal/simd_math.hpp"
