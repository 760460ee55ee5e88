// Products of small matrices, where BLAS's preparations cost more than the product.
#pragma once

#include <algorithm>
#include <cstdint>

#include "autograd/internal/partial.hpp"
#include "autograd/internal/transpose.hpp"

namespace xgrad::internal {

/// c = a b + beta c for rows x kBatches registers of c, which stay in registers. a's element (i, p) stands at
/// a[i * row + p * column]; b and c have neighbours along their rows. Of the last register `last` lanes count.
template <int kRows, int kBatches, class T>
void small_gemm_block(std::int64_t k, const T* a, std::int64_t row, std::int64_t column, const T* b,
                      std::int64_t ldb, T beta, T* c, std::int64_t ldc, int last) {
  constexpr int kSize = Batch<T>::kSize;
  Batch<T> sum[kRows][kBatches];
  for (auto& sums : sum)
    for (Batch<T>& each : sums) each = Batch<T>(0);
  auto multiply = [&](auto load_last) {
    for (std::int64_t p = 0; p < k; ++p) {
      Batch<T> right[kBatches];
      for (int v = 0; v + 1 < kBatches; ++v) right[v] = Batch<T>::load(b + p * ldb + v * kSize);
      right[kBatches - 1] = load_last(b + p * ldb + (kBatches - 1) * kSize);
      for (int r = 0; r < kRows; ++r) {
        Batch<T> left = a[r * row + p * column];
        for (int v = 0; v < kBatches; ++v) sum[r][v] = fma(left, right[v], sum[r][v]);
      }
    }
  };
  if (last == kSize)
    multiply([](const T* from) { return Batch<T>::load(from); });
  else
    multiply([last](const T* from) { return load_part(from, last, Batch<T>(0)); });
  for (int r = 0; r < kRows; ++r)
    for (int v = 0; v < kBatches; ++v) {
      T* to = c + r * ldc + v * kSize;
      int count = v + 1 < kBatches ? kSize : last;
      if (beta != T(0)) sum[r][v] = fma(Batch<T>(beta), load_part(to, count, Batch<T>(0)), sum[r][v]);
      store_part(to, count, sum[r][v]);
    }
}

/// Rows in blocks of kRows, then one by one.
template <int kRows, int kBatches, class T>
void small_gemm_columns(std::int64_t m, std::int64_t k, const T* a, std::int64_t row, std::int64_t column,
                        const T* b, std::int64_t ldb, T beta, T* c, std::int64_t ldc, int last) {
  std::int64_t i = 0;
  for (; i + kRows <= m; i += kRows)
    small_gemm_block<kRows, kBatches>(k, a + i * row, row, column, b, ldb, beta, c + i * ldc, ldc, last);
  for (; i + 2 <= m; i += 2)
    small_gemm_block<2, kBatches>(k, a + i * row, row, column, b, ldb, beta, c + i * ldc, ldc, last);
  if (i < m) small_gemm_block<1, kBatches>(k, a + i * row, row, column, b, ldb, beta, c + i * ldc, ldc, last);
}

/// c [m, n] = a b + beta c for a of any strides and b [k, n], c with neighbours along their rows.
template <class T>
void small_gemm(std::int64_t m, std::int64_t n, std::int64_t k, const T* a, std::int64_t row,
                std::int64_t column, const T* b, std::int64_t ldb, T beta, T* c, std::int64_t ldc) {
  constexpr int kSize = Batch<T>::kSize;
  for (std::int64_t j = 0; j < n; j += 2 * kSize) {
    int left = static_cast<int>(std::min<std::int64_t>(n - j, 2 * kSize));
    if (left > kSize)
      small_gemm_columns<4, 2>(m, k, a, row, column, b + j, ldb, beta, c + j, ldc, left - kSize);
    else
      small_gemm_columns<8, 1>(m, k, a, row, column, b + j, ldb, beta, c + j, ldc, left);
  }
}

/// The most elements that small_gemm_transposed() takes of b.
inline constexpr std::int64_t kSmallTransposed = 8192;

/// The same for b whose neighbours stand along its columns, `ldb` apart: it is transposed first.
template <class T>
void small_gemm_transposed(std::int64_t m, std::int64_t n, std::int64_t k, const T* a, std::int64_t row,
                           std::int64_t column, const T* b, std::int64_t ldb, T beta, T* c,
                           std::int64_t ldc) {
  alignas(64) T transposed[kSmallTransposed];
  transpose_block(b, ldb, n, k, transposed, n);
  small_gemm(m, n, k, a, row, column, transposed, n, beta, c, ldc);
}

}  // namespace xgrad::internal
