// The machine's registers: the compiler's vector types, with names for the instructions that its operators do not
// reach. simd.hpp makes Batch of them.
//
// g++ and clang++ compile + - * /, comparisons and bits of vector types for any machine; what is left is written here
// for each instruction set. (xsimd did this before. It took a quarter of the time in which a user's file compiles, and
// version 8.1 is wrong in places: != of NaN, ^ and select() on AVX-512, where its fma() rounds twice. To be weighed
// again with xsimd 12 or later, which Debian 13 has.)
#pragma once

#include <bit>
#include <cstdint>
#include <type_traits>
#include <utility>

#if defined(__FAST_MATH__)
#error \
    "xgrad's formulas rest on the arithmetic of IEEE 754: compile files that include map() or each() without -ffast-math"
#endif

// Code for different instruction sets may meet in one program (a library built for AVX2, a user's file for
// SSE2). What depends on them stands in a namespace that tells them apart, so that the linker never puts one in the
// other's place.
#if defined(__AVX512F__)
#define XGRAD_SIMD_NAMESPACE simd_avx512
#define XGRAD_SIMD_BYTES 64
#elif defined(__AVX2__) && defined(__FMA__)
#define XGRAD_SIMD_NAMESPACE simd_avx2
#define XGRAD_SIMD_BYTES 32
#elif defined(__AVX2__)
#define XGRAD_SIMD_NAMESPACE simd_avx2_without_fma
#define XGRAD_SIMD_BYTES 32
#elif defined(__AVX__)
#define XGRAD_SIMD_NAMESPACE simd_avx
#define XGRAD_SIMD_BYTES 16
#elif defined(__SSE4_1__)
#define XGRAD_SIMD_NAMESPACE simd_sse41
#define XGRAD_SIMD_BYTES 16
#else
#define XGRAD_SIMD_NAMESPACE simd_baseline
#define XGRAD_SIMD_BYTES 16
#endif

// The headers with the intrinsics, the smallest that has them: <immintrin.h> takes half a second. SSE2, for which most
// users' files are compiled, needs none: <emmintrin.h> would take a fiftieth of the time of such a file.
// g++ 12 warns of the deliberately undefined registers in its own AVX-512 intrinsics (GCC bug 105593).
#if defined(__AVX__)
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
#elif defined(__SSE4_1__)
#include <smmintrin.h>
#endif

namespace xgrad {
namespace XGRAD_SIMD_NAMESPACE {
namespace simd {

/// The size of a register.
inline constexpr int kBytes = XGRAD_SIMD_BYTES;

typedef float Floats __attribute__((vector_size(kBytes)));
typedef double Doubles __attribute__((vector_size(kBytes)));
typedef std::uint32_t FloatWords __attribute__((vector_size(kBytes)));
typedef std::uint64_t DoubleWords __attribute__((vector_size(kBytes)));

/// The register of elements T, and its bits as unsigned words.
template <class T>
using Register = std::conditional_t<std::is_same_v<T, float>, Floats, Doubles>;
template <class T>
using Words = std::conditional_t<std::is_same_v<T, float>, FloatWords, DoubleWords>;

inline FloatWords words_of(Floats x) { return std::bit_cast<FloatWords>(x); }
inline DoubleWords words_of(Doubles x) { return std::bit_cast<DoubleWords>(x); }
inline Floats from_words(FloatWords x) { return std::bit_cast<Floats>(x); }
inline Doubles from_words(DoubleWords x) { return std::bit_cast<Doubles>(x); }

/// x without its sign.
template <class V>
V absolute(V x) {
  return from_words(words_of(x) & ~words_of(-V{}));
}
/// `size`, which is not negative, with the sign of x.
template <class V>
V with_sign(V size, V x) {
  return from_words(words_of(size) | (words_of(x) & words_of(-V{})));
}

/// x in every lane. (The vector types' operators take a number on one side.)
inline Floats broadcast(float x) { return x - Floats{}; }
inline Doubles broadcast(double x) { return x - Doubles{}; }

// A mask tells of each lane whether a comparison holds: a bit on AVX-512, all bits of the lane elsewhere.
#if XGRAD_SIMD_BYTES == 64
using FloatMask = __mmask16;
using DoubleMask = __mmask8;
inline FloatMask equal(Floats a, Floats b) { return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ); }
inline DoubleMask equal(Doubles a, Doubles b) { return _mm512_cmp_pd_mask(a, b, _CMP_EQ_OQ); }
inline FloatMask not_equal(Floats a, Floats b) { return _mm512_cmp_ps_mask(a, b, _CMP_NEQ_UQ); }
inline DoubleMask not_equal(Doubles a, Doubles b) { return _mm512_cmp_pd_mask(a, b, _CMP_NEQ_UQ); }
inline FloatMask less(Floats a, Floats b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ); }
inline DoubleMask less(Doubles a, Doubles b) { return _mm512_cmp_pd_mask(a, b, _CMP_LT_OQ); }
inline FloatMask less_equal(Floats a, Floats b) { return _mm512_cmp_ps_mask(a, b, _CMP_LE_OQ); }
inline DoubleMask less_equal(Doubles a, Doubles b) { return _mm512_cmp_pd_mask(a, b, _CMP_LE_OQ); }
inline FloatMask has_sign(Floats x) {
  return _mm512_test_epi32_mask(std::bit_cast<__m512i>(x), _mm512_set1_epi32(INT32_MIN));
}
inline DoubleMask has_sign(Doubles x) {
  return _mm512_test_epi64_mask(std::bit_cast<__m512i>(x), _mm512_set1_epi64(INT64_MIN));
}
#else
using FloatMask = decltype(Floats{} < Floats{});
using DoubleMask = decltype(Doubles{} < Doubles{});
inline FloatMask equal(Floats a, Floats b) { return a == b; }
inline DoubleMask equal(Doubles a, Doubles b) { return a == b; }
inline FloatMask not_equal(Floats a, Floats b) { return a != b; }
inline DoubleMask not_equal(Doubles a, Doubles b) { return a != b; }
inline FloatMask less(Floats a, Floats b) { return a < b; }
inline DoubleMask less(Doubles a, Doubles b) { return a < b; }
inline FloatMask less_equal(Floats a, Floats b) { return a <= b; }
inline DoubleMask less_equal(Doubles a, Doubles b) { return a <= b; }
inline FloatMask has_sign(Floats x) { return std::bit_cast<FloatMask>(x) < 0; }
inline DoubleMask has_sign(Doubles x) { return std::bit_cast<DoubleMask>(x) < 0; }
#endif
template <class T>
using MaskBits = std::conditional_t<std::is_same_v<T, float>, FloatMask, DoubleMask>;

/// Whether fused() rounds once.
#if XGRAD_SIMD_BYTES == 64 || (XGRAD_SIMD_BYTES == 32 && defined(__FMA__)) || defined(__aarch64__)
#define XGRAD_SIMD_FUSES 1
#else
#define XGRAD_SIMD_FUSES 0
#endif
inline constexpr bool kFuses = XGRAD_SIMD_FUSES;

// maximum(), minimum(): the second operand where either is NaN, and of two zeros.
// select(): a where the mask holds, else b. any(), all(): of the lanes. fused(): a b + c, rounded once where the
// machine can. round_...(): to whole numbers. widen(): the first and the second half of the lanes as doubles; narrow():
// back.
#if XGRAD_SIMD_BYTES == 64
inline Floats select(FloatMask mask, Floats a, Floats b) { return _mm512_mask_blend_ps(mask, b, a); }
inline Doubles select(DoubleMask mask, Doubles a, Doubles b) { return _mm512_mask_blend_pd(mask, b, a); }
inline bool any(FloatMask mask) { return mask != 0; }
inline bool any(DoubleMask mask) { return mask != 0; }
inline bool all(FloatMask mask) { return mask == 0xffff; }
inline bool all(DoubleMask mask) { return mask == 0xff; }
inline Floats maximum(Floats a, Floats b) { return _mm512_max_ps(a, b); }
inline Doubles maximum(Doubles a, Doubles b) { return _mm512_max_pd(a, b); }
inline Floats minimum(Floats a, Floats b) { return _mm512_min_ps(a, b); }
inline Doubles minimum(Doubles a, Doubles b) { return _mm512_min_pd(a, b); }
inline Floats square_root(Floats x) { return _mm512_sqrt_ps(x); }
inline Doubles square_root(Doubles x) { return _mm512_sqrt_pd(x); }
inline Floats fused(Floats a, Floats b, Floats c) { return _mm512_fmadd_ps(a, b, c); }
inline Doubles fused(Doubles a, Doubles b, Doubles c) { return _mm512_fmadd_pd(a, b, c); }
inline Floats round_even(Floats x) { return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
inline Doubles round_even(Doubles x) { return _mm512_roundscale_pd(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
inline Floats round_down(Floats x) { return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC); }
inline Doubles round_down(Doubles x) { return _mm512_roundscale_pd(x, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC); }
inline Floats round_up(Floats x) { return _mm512_roundscale_ps(x, _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC); }
inline Doubles round_up(Doubles x) { return _mm512_roundscale_pd(x, _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC); }
inline Floats round_to_zero(Floats x) { return _mm512_roundscale_ps(x, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC); }
inline Doubles round_to_zero(Doubles x) { return _mm512_roundscale_pd(x, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC); }
inline void widen(Floats x, Doubles& low, Doubles& high) {
  low = _mm512_cvtps_pd(_mm512_castps512_ps256(x));
  high = _mm512_cvtps_pd(_mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(x), 1)));
}
inline Floats narrow(Doubles low, Doubles high) {
  __m512d first = _mm512_castps_pd(_mm512_castps256_ps512(_mm512_cvtpd_ps(low)));
  return _mm512_castpd_ps(_mm512_insertf64x4(first, _mm256_castps_pd(_mm512_cvtpd_ps(high)), 1));
}
#elif XGRAD_SIMD_BYTES == 32
inline Floats select(FloatMask mask, Floats a, Floats b) { return _mm256_blendv_ps(b, a, std::bit_cast<Floats>(mask)); }
inline Doubles select(DoubleMask mask, Doubles a, Doubles b) {
  return _mm256_blendv_pd(b, a, std::bit_cast<Doubles>(mask));
}
inline bool any(FloatMask mask) { return _mm256_movemask_ps(std::bit_cast<Floats>(mask)) != 0; }
inline bool any(DoubleMask mask) { return _mm256_movemask_pd(std::bit_cast<Doubles>(mask)) != 0; }
inline bool all(FloatMask mask) { return _mm256_movemask_ps(std::bit_cast<Floats>(mask)) == 0xff; }
inline bool all(DoubleMask mask) { return _mm256_movemask_pd(std::bit_cast<Doubles>(mask)) == 0xf; }
inline Floats maximum(Floats a, Floats b) { return _mm256_max_ps(a, b); }
inline Doubles maximum(Doubles a, Doubles b) { return _mm256_max_pd(a, b); }
inline Floats minimum(Floats a, Floats b) { return _mm256_min_ps(a, b); }
inline Doubles minimum(Doubles a, Doubles b) { return _mm256_min_pd(a, b); }
inline Floats square_root(Floats x) { return _mm256_sqrt_ps(x); }
inline Doubles square_root(Doubles x) { return _mm256_sqrt_pd(x); }
#if XGRAD_SIMD_FUSES
inline Floats fused(Floats a, Floats b, Floats c) { return _mm256_fmadd_ps(a, b, c); }
inline Doubles fused(Doubles a, Doubles b, Doubles c) { return _mm256_fmadd_pd(a, b, c); }
#endif
inline Floats round_even(Floats x) { return _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
inline Doubles round_even(Doubles x) { return _mm256_round_pd(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
inline Floats round_down(Floats x) { return _mm256_floor_ps(x); }
inline Doubles round_down(Doubles x) { return _mm256_floor_pd(x); }
inline Floats round_up(Floats x) { return _mm256_ceil_ps(x); }
inline Doubles round_up(Doubles x) { return _mm256_ceil_pd(x); }
inline Floats round_to_zero(Floats x) { return _mm256_round_ps(x, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC); }
inline Doubles round_to_zero(Doubles x) { return _mm256_round_pd(x, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC); }
inline void widen(Floats x, Doubles& low, Doubles& high) {
  low = _mm256_cvtps_pd(_mm256_castps256_ps128(x));
  high = _mm256_cvtps_pd(_mm256_extractf128_ps(x, 1));
}
inline Floats narrow(Doubles low, Doubles high) { return _mm256_set_m128(_mm256_cvtpd_ps(high), _mm256_cvtpd_ps(low)); }
#else
#if defined(__SSE4_1__)
inline Floats select(FloatMask mask, Floats a, Floats b) { return _mm_blendv_ps(b, a, std::bit_cast<Floats>(mask)); }
inline Doubles select(DoubleMask mask, Doubles a, Doubles b) {
  return _mm_blendv_pd(b, a, std::bit_cast<Doubles>(mask));
}
inline Floats round_even(Floats x) { return _mm_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
inline Doubles round_even(Doubles x) { return _mm_round_pd(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
inline Floats round_down(Floats x) { return _mm_floor_ps(x); }
inline Doubles round_down(Doubles x) { return _mm_floor_pd(x); }
inline Floats round_up(Floats x) { return _mm_ceil_ps(x); }
inline Doubles round_up(Doubles x) { return _mm_ceil_pd(x); }
inline Floats round_to_zero(Floats x) { return _mm_round_ps(x, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC); }
inline Doubles round_to_zero(Doubles x) { return _mm_round_pd(x, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC); }
#else
template <class Mask, class V>
V select(Mask mask, V a, V b) {
  auto words = std::bit_cast<decltype(words_of(a))>(mask);
  return from_words((words & words_of(a)) | (~words & words_of(b)));
}
/// Numbers from 2^23 (2^52) on are whole, and adding it rounds.
template <class V>
V round_even(V x) {
  using Element = std::remove_reference_t<decltype(x[0])>;
  V whole = broadcast(std::is_same_v<V, Floats> ? Element(0x1p23) : Element(0x1p52));
  V size = absolute(x);
  return select(size < whole, with_sign((size + whole) - whole, x), x);
}
template <class V>
V round_down(V x) {
  V rounded = round_even(x);
  return select(rounded > x, rounded - 1, rounded);
}
template <class V>
V round_up(V x) {
  return -round_down(-x);
}
template <class V>
V round_to_zero(V x) {
  return with_sign(round_down(absolute(x)), x);
}
#endif
#if defined(__SSE2__)
inline bool any(FloatMask mask) { return __builtin_ia32_movmskps(std::bit_cast<Floats>(mask)) != 0; }
inline bool any(DoubleMask mask) { return __builtin_ia32_movmskpd(std::bit_cast<Doubles>(mask)) != 0; }
inline bool all(FloatMask mask) { return __builtin_ia32_movmskps(std::bit_cast<Floats>(mask)) == 0xf; }
inline bool all(DoubleMask mask) { return __builtin_ia32_movmskpd(std::bit_cast<Doubles>(mask)) == 3; }
inline Floats square_root(Floats x) { return __builtin_ia32_sqrtps(x); }
inline Doubles square_root(Doubles x) { return __builtin_ia32_sqrtpd(x); }
#else
// Other machines: loops over the lanes, which compilers turn into instructions.
inline bool any(FloatMask mask) { return (mask[0] | mask[1] | mask[2] | mask[3]) != 0; }
inline bool any(DoubleMask mask) { return (mask[0] | mask[1]) != 0; }
inline bool all(FloatMask mask) { return (mask[0] & mask[1] & mask[2] & mask[3]) != 0; }
inline bool all(DoubleMask mask) { return (mask[0] & mask[1]) != 0; }
inline Floats square_root(Floats x) {
  for (int i = 0; i < 4; ++i) x[i] = __builtin_sqrtf(x[i]);
  return x;
}
inline Doubles square_root(Doubles x) {
  for (int i = 0; i < 2; ++i) x[i] = __builtin_sqrt(x[i]);
  return x;
}
#endif
// Compilers make one instruction of each comparison with a choice, and of each conversion.
template <class V>
V maximum(V a, V b) {
  return a > b ? a : b;
}
template <class V>
V minimum(V a, V b) {
  return a < b ? a : b;
}
inline Doubles widen_low(Floats x) { return __builtin_convertvector(__builtin_shufflevector(x, x, 0, 1), Doubles); }
inline void widen(Floats x, Doubles& low, Doubles& high) {
  low = widen_low(x);
  high = widen_low(__builtin_shufflevector(x, x, 2, 3, 2, 3));
}
inline Floats narrow(Doubles low, Doubles high) {
  typedef float Half __attribute__((vector_size(kBytes / 2)));
  return __builtin_shufflevector(__builtin_convertvector(low, Half), __builtin_convertvector(high, Half), 0, 1, 2, 3);
}
#if XGRAD_SIMD_FUSES
inline Floats fused(Floats a, Floats b, Floats c) {
  for (int i = 0; i < 4; ++i) c[i] = __builtin_fmaf(a[i], b[i], c[i]);
  return c;
}
inline Doubles fused(Doubles a, Doubles b, Doubles c) {
  for (int i = 0; i < 2; ++i) c[i] = __builtin_fma(a[i], b[i], c[i]);
  return c;
}
#endif
#endif

#if !XGRAD_SIMD_FUSES
template <class V>
V fused(V a, V b, V c) {
  return a * b + c;
}
#endif

/// Each lane i exchanged with lane i ^ kStep.
template <int kStep, class V>
V exchange(V x) {
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    return __builtin_shufflevector(x, x, (static_cast<int>(I) ^ kStep)...);
  }
  (std::make_index_sequence<kBytes / sizeof(x[0])>{});
}

}  // namespace simd
}  // namespace XGRAD_SIMD_NAMESPACE
}  // namespace xgrad
