// Batch<T>: as many elements as a SIMD register holds, with the functions that formulas are written in.
//
// A thin layer over xsimd. It lets numbers mix into formulas (`1 - y * y`, `max(x, 0)`), makes every function
// be found by argument-dependent look-up in namespace xgrad, and is the one place that knows xsimd. The
// formula that is written for a Batch compiles for a Tensor too (ops/elementwise.cpp).
#pragma once

#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>

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

namespace xgrad {
inline namespace XGRAD_SIMD_NAMESPACE {

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
  // The names that a formula uses, as tensors have no && and ||.
  friend Mask logical_and(Mask a, Mask b) { return a && b; }
  friend Mask logical_or(Mask a, Mask b) { return a || b; }
  friend Mask operator!(Mask a) { return {~a.bits}; }
  // xsimd 8.1's ^ of AVX-512 masks is an or.
  friend Mask operator!=(Mask a, Mask b) { return (a && !b) || (!a && b); }
  friend bool any(Mask a) { return xsimd::any(a.bits); }
  friend bool all(Mask a) { return xsimd::all(a.bits); }
};

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
  friend Mask<T> isnan(Batch x) { return x != x; }
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
  friend Batch sign(Batch x) {
    return where(x > 0, Batch(1), where(x < 0, Batch(-1), where(isnan(x), x, Batch(0))));
  }
  friend Batch square(Batch x) { return x * x; }
  friend Batch zeros_like(Batch) { return 0; }
  friend Batch reciprocal(Batch x) { return 1 / x; }
  friend Batch exp(Batch x) {
    Batch y = xsimd::exp(x.lanes);
    // xsimd answers inf a little before the type's largest value is reached.
    if constexpr (sizeof(T) == 4) {
      Mask<T> near_end = x > T(88.37) && x < T(88.8);
      if (any(near_end)) [[unlikely]]
        y = where(near_end, square(Batch(xsimd::exp((x * T(0.5)).lanes))), y);
    }
    return y;
  }
  friend Batch expm1(Batch x) { return xsimd::expm1(x.lanes); }
  friend Batch log(Batch x) { return xsimd::log(x.lanes); }
  friend Batch log1p(Batch x) { return xsimd::log1p(x.lanes); }
  friend Batch sin(Batch x) { return xsimd::sin(x.lanes); }
  friend Batch cos(Batch x) { return xsimd::cos(x.lanes); }
  friend Batch tanh(Batch x) { return xsimd::tanh(x.lanes); }
  friend Batch erf(Batch x) { return xsimd::erf(x.lanes); }
  friend Batch fma(Batch a, Batch b, Batch c) { return xsimd::fma(a.lanes, b.lanes, c.lanes); }
  friend Batch sigmoid(Batch x) { return 1 / (1 + exp(-x)); }

  /// Each lane by libm: for functions without a vectorised form that is accurate enough.
  template <class F>
  friend Batch each_lane(F f, Batch a, Batch b) {
    alignas(64) T x[kSize], y[kSize];
    a.store(x);
    b.store(y);
    for (int i = 0; i < kSize; ++i) x[i] = f(x[i], y[i]);
    return load(x);
  }
  friend Batch pow(Batch a, Batch b) {
    return each_lane([](T x, T y) { return std::pow(x, y); }, a, b);
  }

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

}  // namespace XGRAD_SIMD_NAMESPACE

// The same functions on one number: integer elements are computed one by one (the compiler vectorises the
// loop).
template <Number T>
T where(bool condition, T a, T b) {
  return condition ? a : b;
}

}  // namespace xgrad
