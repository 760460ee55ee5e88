// Products of small matrices, where BLAS's preparations cost more than the product.
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "../simd/partial.hpp"
#include "transpose.hpp"

namespace xgrad::internal {

/// f(0) ... f(n - 1), with constants: g++ 12 unrolls a loop too late to keep the array that it traverses in registers.
template <int n, class F>
[[gnu::always_inline]] inline void unrolled(const F& f) {
  [&]<int... i>(std::integer_sequence<int, i...>) __attribute__((always_inline)) {
    (f(std::integral_constant<int, i>{}), ...);
  }
  (std::make_integer_sequence<int, n>{});
}

/// A stride that is known as the program is compiled: it costs no register and no addition.
template <std::int64_t stride>
using Fixed = std::integral_constant<std::int64_t, stride>;

/// What a product adds to where it is no multiple of c: the same row for each of c's.
template <class T>
struct OntoRow {
  const T* row;
};

/// What is added to stands there, for the element `to` of c in this column; and its factor.
template <class T>
const T* start_of(T, const T* to, std::int64_t) {
  return to;
}
template <class T>
const T* start_of(OntoRow<T> start, const T*, std::int64_t column) {
  return start.row + column;
}
template <class T>
T factor_of(T beta) {
  return beta;
}
template <class T>
T factor_of(OntoRow<T>) {
  return 1;
}
/// What the columns from `column` on begin as.
template <class T>
T from_column(T beta, std::int64_t) {
  return beta;
}
template <class T>
OntoRow<T> from_column(OntoRow<T> start, std::int64_t column) {
  return {start.row + column};
}

/// c = a b + beta c, or a b + a row, for kRows x kBatches registers of c, which stay in registers. a's element (i, p)
/// is a[i * row + p * column], row and column being numbers or Fixed; b and c have neighbours along their rows. Of the
/// last register `last` lanes count: all of them if it is kWhole.
template <int kRows, int kBatches, bool kWhole, class T, class Row, class Column, class Start>
void small_gemm_block(std::int64_t k, const T* a, Row row, Column column, const T* b, std::int64_t ldb, Start start,
                      T* c, std::int64_t ldc, int last) {
  constexpr int kSize = Batch<T>::kSize;
  constexpr int kWholes = kBatches - !kWhole;
  Batch<T> sum[kRows][kBatches];
  for (auto& sums : sum)
    for (Batch<T>& each : sums) each = Batch<T>(0);
  for (std::int64_t p = 0; p < k; ++p) {
    Batch<T> right[kBatches];
    for (int v = 0; v < kWholes; ++v) right[v] = Batch<T>::load(b + p * ldb + v * kSize);
    if constexpr (!kWhole) right[kWholes] = load_part(b + p * ldb + kWholes * kSize, last, Batch<T>(0));
    for (int r = 0; r < kRows; ++r) {
      Batch<T> left = a[r * row + p * column];
      for (int v = 0; v < kBatches; ++v) sum[r][v] = fma(left, right[v], sum[r][v]);
    }
  }
  unrolled<kRows>([&](auto r) __attribute__((always_inline)) {
    unrolled<kBatches>([&](auto v) __attribute__((always_inline)) {
      T* to = c + r * ldc + v * kSize;
      constexpr bool kPart = v == kWholes;
      if (const T factor = factor_of(start); factor != T(0)) {
        const T* from = start_of<T>(start, to, v * kSize);
        sum[r][v] = fma(Batch<T>(factor), kPart ? load_part(from, last, Batch<T>(0)) : Batch<T>::load(from), sum[r][v]);
      }
      if constexpr (kPart)
        store_part(to, last, sum[r][v]);
      else
        sum[r][v].store(to);
    });
  });
}

/// Rows in blocks of kRows, then of half as many, and so on.
template <int kRows, int kBatches, bool kWhole, class T, class Row, class Column, class Start>
void small_gemm_columns(std::int64_t m, std::int64_t k, const T* a, Row row, Column column, const T* b,
                        std::int64_t ldb, Start start, T* c, std::int64_t ldc, int last) {
  std::int64_t i = 0;
  for (; i + kRows <= m; i += kRows)
    small_gemm_block<kRows, kBatches, kWhole>(k, a + i * row, row, column, b, ldb, start, c + i * ldc, ldc, last);
  if constexpr (kRows > 1)
    if (i < m)
      small_gemm_columns<kRows / 2, kBatches, kWhole>(m - i, k, a + i * row, row, column, b, ldb, start, c + i * ldc,
                                                      ldc, last);
}

/// Registers that hold sums: of 32 or 16, some are left for the operands.
#if XGRAD_SIMD_BYTES == 64
inline constexpr int kSums = 16;
#else
inline constexpr int kSums = 8;
#endif

/// c [m, n] = a b + beta c for a of any strides and b [k, n], c with neighbours along their rows.
template <class T>
void small_gemm(std::int64_t m, std::int64_t n, std::int64_t k, const T* a, std::int64_t row, std::int64_t column,
                const T* b, std::int64_t ldb, T beta, T* c, std::int64_t ldc) {
  constexpr int kSize = Batch<T>::kSize;
  for (std::int64_t j = 0; j < n; j += 2 * kSize) {
    auto columns = [&]<int kBatches>(std::integral_constant<int, kBatches>, int last) {
      constexpr int kRows = kSums / kBatches;
      if (last == kSize)
        small_gemm_columns<kRows, kBatches, true>(m, k, a, row, column, b + j, ldb, beta, c + j, ldc, last);
      else
        small_gemm_columns<kRows, kBatches, false>(m, k, a, row, column, b + j, ldb, beta, c + j, ldc, last);
    };
    int left = static_cast<int>(std::min<std::int64_t>(n - j, 2 * kSize));
    if (left > kSize)
      columns(std::integral_constant<int, 2>{}, left - kSize);
    else
      columns(std::integral_constant<int, 1>{}, left);
  }
}

/// The most elements that small_gemm_transposed() takes of b.
inline constexpr std::int64_t kSmallTransposed = 8192;

/// The same for b whose neighbours stand along its columns, `ldb` apart: it is transposed first.
template <class T>
void small_gemm_transposed(std::int64_t m, std::int64_t n, std::int64_t k, const T* a, std::int64_t row,
                           std::int64_t column, const T* b, std::int64_t ldb, T beta, T* c, std::int64_t ldc) {
  alignas(64) T transposed[kSmallTransposed];
  transpose_block(b, ldb, n, k, transposed, n);
  small_gemm(m, n, k, a, row, column, transposed, n, beta, c, ldc);
}

}  // namespace xgrad::internal
