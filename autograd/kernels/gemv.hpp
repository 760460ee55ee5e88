// The product of a matrix and a vector, which memory bounds: no call to BLAS, and the same bits however it is split.
#pragma once

#include <algorithm>
#include <cstdint>

#include "../simd/partial.hpp"

namespace xgrad::internal {

/// y[i] = a[i] x + beta y[i] for each of m rows of k neighbours, `a_stride` apart. y's elements are `y_stride` apart.
template <class T>
void rows_times_vector(std::int64_t m, std::int64_t k, const T* a, std::int64_t a_stride, const T* x, T beta, T* y,
                       std::int64_t y_stride) {
  constexpr int kSize = Batch<T>::kSize;
  auto finish = [&](std::int64_t i, T sum) { y[i * y_stride] = beta == T(0) ? sum : sum + beta * y[i * y_stride]; };
  if (k < kSize / 2) {
    for (std::int64_t i = 0; i < m; ++i) {
      T sum = 0;
      for (std::int64_t p = 0; p < k; ++p) sum += a[i * a_stride + p] * x[p];
      finish(i, sum);
    }
    return;
  }
  // A row's sum is formed in the same way whether it is done alone or with others.
  auto sum_rows = [&]<int kRows>(std::integral_constant<int, kRows>, std::int64_t i) {
    const T* row = a + i * a_stride;
    Batch<T> even[kRows], odd[kRows];
    for (int r = 0; r < kRows; ++r) even[r] = odd[r] = Batch<T>(0);
    std::int64_t p = 0;
    for (; p + 2 * kSize <= k; p += 2 * kSize) {
      Batch<T> x0 = Batch<T>::load(x + p);
      Batch<T> x1 = Batch<T>::load(x + p + kSize);
      for (int r = 0; r < kRows; ++r) {
        even[r] = fma(Batch<T>::load(row + r * a_stride + p), x0, even[r]);
        odd[r] = fma(Batch<T>::load(row + r * a_stride + p + kSize), x1, odd[r]);
      }
    }
    for (; p < k; p += kSize) {
      int count = static_cast<int>(std::min<std::int64_t>(kSize, k - p));
      Batch<T> x0 = load_part(x + p, count, Batch<T>(0));
      for (int r = 0; r < kRows; ++r) even[r] = fma(load_part(row + r * a_stride + p, count, Batch<T>(0)), x0, even[r]);
    }
    for (int r = 0; r < kRows; ++r) finish(i + r, join_lanes(even[r] + odd[r], [](auto u, auto v) { return u + v; }));
  };
  std::int64_t i = 0;
  for (; i + 4 <= m; i += 4) sum_rows(std::integral_constant<int, 4>{}, i);
  for (; i < m; ++i) sum_rows(std::integral_constant<int, 1>{}, i);
}

/// y[j] = sum over p of x[p] a[p][j] + beta y[j] for n neighbouring columns; a's rows are `a_stride` apart, x's
/// elements
/// `x_stride`.
template <class T>
void vector_times_columns(std::int64_t n, std::int64_t k, const T* a, std::int64_t a_stride, const T* x,
                          std::int64_t x_stride, T beta, T* y) {
  constexpr int kSize = Batch<T>::kSize;
  constexpr std::int64_t kTile = 1024;  // columns whose sums stay in the L1 cache
  constexpr int kRows = 8;              // rows that are added between a load and a store of the sums
  // Rows that are added up without a break; the sums of more are added in double. A float32 to which ones are added one
  // by one stops at 2^24.
  constexpr std::int64_t kBlock = 4096;
  if (k > kBlock) {
    double total[kTile];
    T part[kTile];
    for (std::int64_t first = 0; first < n; first += kTile) {
      const std::int64_t count = std::min(kTile, n - first);
      for (std::int64_t j = 0; j < count; ++j)
        total[j] = beta == T(0) ? 0.0 : static_cast<double>(beta) * static_cast<double>(y[first + j]);
      for (std::int64_t p = 0; p < k; p += kBlock) {
        vector_times_columns(count, std::min(kBlock, k - p), a + p * a_stride + first, a_stride, x + p * x_stride,
                             x_stride, T(0), part);
        for (std::int64_t j = 0; j < count; ++j) total[j] += static_cast<double>(part[j]);
      }
      for (std::int64_t j = 0; j < count; ++j) y[first + j] = static_cast<T>(total[j]);
    }
    return;
  }
  for (std::int64_t first = 0; first < n; first += kTile) {
    std::int64_t last = std::min(n, first + kTile);
    if (beta == T(0)) std::fill(y + first, y + last, T(0));
    if (beta != T(0) && beta != T(1))
      for (std::int64_t j = first; j < last; ++j) y[j] *= beta;
    auto add_rows = [&]<int kCount>(std::integral_constant<int, kCount>, std::int64_t p) {
      const T* rows = a + p * a_stride;
      Batch<T> factor[kCount];
      for (int r = 0; r < kCount; ++r) factor[r] = Batch<T>(x[(p + r) * x_stride]);
      std::int64_t j = first;
      for (; j + kSize <= last; j += kSize) {
        Batch<T> sum = Batch<T>::load(y + j);
        for (int r = 0; r < kCount; ++r) sum = fma(factor[r], Batch<T>::load(rows + r * a_stride + j), sum);
        sum.store(y + j);
      }
      if (j == last) return;
      int count = static_cast<int>(last - j);
      Batch<T> sum = load_part(y + j, count, Batch<T>(0));
      for (int r = 0; r < kCount; ++r)
        sum = fma(factor[r], load_part(rows + r * a_stride + j, count, Batch<T>(0)), sum);
      store_part(y + j, count, sum);
    };
    std::int64_t p = 0;
    for (; p + kRows <= k; p += kRows) add_rows(std::integral_constant<int, kRows>{}, p);
    for (; p < k; ++p) add_rows(std::integral_constant<int, 1>{}, p);
  }
}

}  // namespace xgrad::internal
