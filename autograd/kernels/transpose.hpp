// Transposing small blocks of raw memory.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <type_traits>

#if defined(__AVX__)
#include <immintrin.h>
#endif

namespace xgrad::internal {

#if defined(__AVX__)
/// Two halves of a register from two places.
inline __m256 load_halves(const float* low, const float* high) {
  return _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(low)), _mm_loadu_ps(high), 1);
}
inline __m256d load_halves(const double* low, const double* high) {
  return _mm256_insertf128_pd(_mm256_castpd128_pd256(_mm_loadu_pd(low)), _mm_loadu_pd(high), 1);
}

/// to[j][i] = from[i][j] for 8 x 8 elements: four columns of rows r and r + 4 in a register, then within its halves.
inline void transpose_square(const float* from, std::int64_t from_stride, float* to, std::int64_t to_stride) {
  for (int half = 0; half < 2; ++half, from += 4, to += 4 * to_stride) {
    __m256 r0 = load_halves(from, from + 4 * from_stride);
    __m256 r1 = load_halves(from + from_stride, from + 5 * from_stride);
    __m256 r2 = load_halves(from + 2 * from_stride, from + 6 * from_stride);
    __m256 r3 = load_halves(from + 3 * from_stride, from + 7 * from_stride);
    __m256 low01 = _mm256_unpacklo_ps(r0, r1);
    __m256 high01 = _mm256_unpackhi_ps(r0, r1);
    __m256 low23 = _mm256_unpacklo_ps(r2, r3);
    __m256 high23 = _mm256_unpackhi_ps(r2, r3);
    _mm256_storeu_ps(to, _mm256_shuffle_ps(low01, low23, 0x44));
    _mm256_storeu_ps(to + to_stride, _mm256_shuffle_ps(low01, low23, 0xee));
    _mm256_storeu_ps(to + 2 * to_stride, _mm256_shuffle_ps(high01, high23, 0x44));
    _mm256_storeu_ps(to + 3 * to_stride, _mm256_shuffle_ps(high01, high23, 0xee));
  }
}

/// The same for 4 x 4 elements.
inline void transpose_square(const double* from, std::int64_t from_stride, double* to, std::int64_t to_stride) {
  for (int half = 0; half < 2; ++half, from += 2, to += 2 * to_stride) {
    __m256d r0 = load_halves(from, from + 2 * from_stride);
    __m256d r1 = load_halves(from + from_stride, from + 3 * from_stride);
    _mm256_storeu_pd(to, _mm256_unpacklo_pd(r0, r1));
    _mm256_storeu_pd(to + to_stride, _mm256_unpackhi_pd(r0, r1));
  }
}
#endif

/// to[j][i] = from[i][j], one by one. Kept apart, as its indices would take the registers of what it is inlined into.
template <std::int64_t kSize>
[[gnu::noinline]] void transpose_plainly(const char* from, std::int64_t from_stride, std::int64_t rows,
                                         std::int64_t columns, char* to, std::int64_t to_stride) {
  for (std::int64_t r = 0; r < rows; ++r, from += from_stride * kSize, to += kSize) {
    char* at = to;
    for (std::int64_t c = 0; c < columns; ++c, at += to_stride * kSize) std::memcpy(at, from + c * kSize, kSize);
  }
}

/// to[j][i] = from[i][j] for rows x columns elements of 4 or 8 bytes, whatever their type: they are moved as bytes.
/// Strides are in elements.
template <std::int64_t kSize>
void transpose_bytes(const char* from, std::int64_t from_stride, std::int64_t rows, std::int64_t columns, char* to,
                     std::int64_t to_stride) {
  constexpr std::int64_t kSquare = 32 / kSize;
  for (std::int64_t i = 0; i < rows; i += kSquare) {
    std::int64_t i_end = std::min(rows, i + kSquare);
    for (std::int64_t j = 0; j < columns; j += kSquare) {
      std::int64_t j_end = std::min(columns, j + kSquare);
      const char* first = from + (i * from_stride + j) * kSize;
      char* target = to + (j * to_stride + i) * kSize;
#if defined(__AVX__)
      using Lane = std::conditional_t<kSize == 4, float, double>;  // intrinsics may load and store any type's elements
      if (i_end - i == kSquare && j_end - j == kSquare) {
        transpose_square(reinterpret_cast<const Lane*>(first), from_stride, reinterpret_cast<Lane*>(target), to_stride);
        continue;
      }
#endif
      transpose_plainly<kSize>(first, from_stride, i_end - i, j_end - j, target, to_stride);
    }
  }
}

template <class T>
void transpose_block(const T* from, std::int64_t from_stride, std::int64_t rows, std::int64_t columns, T* to,
                     std::int64_t to_stride) {
  transpose_bytes<sizeof(T)>(reinterpret_cast<const char*>(from), from_stride, rows, columns,
                             reinterpret_cast<char*>(to), to_stride);
}

}  // namespace xgrad::internal
