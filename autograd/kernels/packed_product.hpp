// Products with a matrix that is laid out for them once and used many times: the weights of a recurrent layer, which
// multiply a few rows at each step. BLAS would lay them out anew at each.
//
// An element's sum goes along the inner axis from its first to its last, whatever block it stands in: rows may be
// shared out among threads in any way, and the bits stay.
#pragma once

#include <algorithm>
#include <cstdint>

#include "matmul.hpp"
#include "small_gemm.hpp"

namespace xgrad::internal {

/// Columns that lie together.
template <class T>
inline constexpr std::int64_t kPanel = 2 * Batch<T>::kSize;

/// How many elements a packed matrix [k, n] takes.
template <class T>
constexpr std::int64_t packed_size(std::int64_t k, std::int64_t n) {
  return (n + kPanel<T> - 1) / kPanel<T> * kPanel<T> * k;
}

/// So many batches from one place to another that does not overlap it. Of 128 bytes std::copy_n makes a call.
template <int kBatches, class T>
[[gnu::always_inline]] inline void copy_batches(const T* from, T* to) {
  for (int v = 0; v < kBatches; ++v) {
    const int at = v * Batch<T>::kSize;
    Batch<T>::load(from + at).store(to + at);
  }
}

/// Packs b [k, n]: panels one after the other, each [k, kPanel], the last one filled up with zeros.
template <class T>
void pack(std::int64_t k, std::int64_t n, const Matrix<T>& b, T* to) {
  std::int64_t begin = 0;
  if (b.column_stride == 1) {
    // A row at a time, as it lies in memory.
    begin = n / kPanel<T> * kPanel<T>;
    for (std::int64_t p = 0; p < k; ++p) {
      const T* from = b.data + p * b.row_stride;
      for (std::int64_t j = 0; j < begin; j += kPanel<T>) copy_batches<2>(from + j, to + j * k + p * kPanel<T>);
    }
    to += begin * k;
  }
  for (; begin < n; begin += kPanel<T>, to += k * kPanel<T>) {
    const std::int64_t count = std::min(kPanel<T>, n - begin);
    const T* from = b.data + begin * b.column_stride;
    if (b.column_stride == 1 || b.row_stride != 1) {
      for (std::int64_t p = 0; p < k; ++p)
        for (std::int64_t j = 0; j < count; ++j) to[p * kPanel<T> + j] = from[p * b.row_stride + j * b.column_stride];
    } else {
      transpose_block(from, b.column_stride, count, k, to, kPanel<T>);
    }
    if (count < kPanel<T>)
      for (std::int64_t p = 0; p < k; ++p) std::fill_n(to + p * kPanel<T> + count, kPanel<T> - count, T(0));
  }
}

/// c [m, n] = a b + beta c, or a b + a row, for a packed b [k, n]; a [m, k] with its strides, which may be Fixed, c
/// with neighbours along its rows, which are `ldc` apart. `start` is beta, of which 0 does not read c, or OntoRow.
template <class T, class Row, class Column, class Start>
void packed_product(std::int64_t m, std::int64_t n, std::int64_t k, const T* a, Row row, Column column, const T* packed,
                    Start start, T* c, std::int64_t ldc) {
  constexpr int kSize = Batch<T>::kSize;
  for (std::int64_t j = 0; j < n; j += kPanel<T>, packed += k * kPanel<T>) {
    auto columns = [&]<int kBatches>(std::integral_constant<int, kBatches>, int last) {
      constexpr int kRows = kSums / kBatches;
      const Start onto = from_column(start, j);
      if (last == kSize)
        small_gemm_columns<kRows, kBatches, true>(m, k, a, row, column, packed, kPanel<T>, onto, c + j, ldc, last);
      else
        small_gemm_columns<kRows, kBatches, false>(m, k, a, row, column, packed, kPanel<T>, onto, c + j, ldc, last);
    };
    const int left = static_cast<int>(std::min(n - j, kPanel<T>));
    if (left > kSize)
      columns(std::integral_constant<int, 2>{}, left - kSize);
    else
      columns(std::integral_constant<int, 1>{}, left);
  }
}

}  // namespace xgrad::internal
