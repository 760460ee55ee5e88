// Small matrices, one in each lane of SIMD batches: a stack of them is decomposed as many at a time as a register holds
// numbers. The algorithms are those of triangular.cpp and lapack.cpp, without branches on elements.
#pragma once

#include <algorithm>
#include <cstdint>

#include "../base/launch.hpp"
#include "../simd/batch.hpp"
#include "transpose.hpp"
#include "triangular.hpp"

namespace xgrad::internal::lanes {

/// Up to this order stacks are worked on in lanes.
inline constexpr std::int64_t kMost = 16;

template <class T>
inline constexpr std::int64_t kCount = Batch<T>::kSize;

/// Whether a stack goes in lanes.
inline bool fits(std::int64_t count, std::int64_t n) { return count > 1 && n <= kMost && n > 0; }

/// Matrices of `size` elements, one after the other, into lanes: no more than there are. The lanes that are left hold
/// zeros.
template <class T>
void gather(const T* from, std::int64_t size, std::int64_t count, Batch<T>* to) {
  T* elements = reinterpret_cast<T*>(to);  // lanes lie in order
  if (count < kCount<T>) std::fill_n(elements, size * kCount<T>, T(0));
  transpose_block(from, size, count, size, elements, kCount<T>);
}
template <class T>
void scatter(const Batch<T>* from, std::int64_t size, std::int64_t count, T* to) {
  transpose_block(reinterpret_cast<const T*>(from), kCount<T>, size, count, to, size);
}

template <class V>
void solve_left(Triangle t, std::int64_t n, std::int64_t k, const V* a, V* b) {
  const bool forward = t.upper == t.transposed;
  const std::int64_t down = t.transposed ? 1 : n, along = t.transposed ? n : 1;
  for (std::int64_t step = 0; step < n; ++step) {
    const std::int64_t i = forward ? step : n - 1 - step;
    const std::int64_t first = forward ? 0 : i + 1, last = forward ? i : n;
    V* row = b + i * k;
    for (std::int64_t c = 0; c < k; ++c) {
      V sum = row[c];
      for (std::int64_t j = first; j < last; ++j) sum = fma(-a[i * down + j * along], b[j * k + c], sum);
      row[c] = t.unit ? sum : sum / a[i * (n + 1)];
    }
  }
}

/// b [m, n] = b A^-1.
template <class V>
void solve_right(Triangle t, std::int64_t m, std::int64_t n, const V* a, V* b) {
  const Triangle transposed{t.upper, !t.transposed, t.unit};
  for (std::int64_t i = 0; i < m; ++i) solve_left(transposed, n, std::int64_t{1}, a, b + i * n);
}

/// Rows i and j swapped in the lanes where that is so.
template <class T>
void swap_rows(Mask<T> is, std::int64_t k, Batch<T>* x, Batch<T>* y) {
  if (!any(is)) return;
  for (std::int64_t c = 0; c < k; ++c) {
    const Batch<T> from_x = x[c], from_y = y[c];
    x[c] = where(is, from_y, from_x);
    y[c] = where(is, from_x, from_y);
  }
}

/// P A = L U in place; pivots are numbers in lanes. `failed` [n lanes] is the first pivot that is 0, counted from 1.
template <class T>
void lu(std::int64_t n, Batch<T>* a, Batch<T>* pivots, Batch<T>& failed) {
  using V = Batch<T>;
  failed = 0;
  for (std::int64_t k = 0; k < n; ++k) {
    V* row = a + k * n;
    V largest = abs(row[k]), place = static_cast<T>(k);
    for (std::int64_t i = k + 1; i < n; ++i) {
      const V size = abs(a[i * n + k]);
      const Mask<T> is_larger = size > largest;
      largest = where(is_larger, size, largest);
      place = where(is_larger, V(static_cast<T>(i)), place);
    }
    pivots[k] = place;
    for (std::int64_t i = k + 1; i < n; ++i) swap_rows(place == V(static_cast<T>(i)), n, row, a + i * n);
    const V pivot = row[k];
    const Mask<T> is_zero = pivot == V(0);
    failed = where(is_zero && failed == V(0), V(static_cast<T>(k + 1)), failed);
    const V inverse = where(is_zero, V(0), 1 / pivot);
    const bool is_exact = all(isfinite(inverse));
    for (std::int64_t i = k + 1; i < n; ++i) {
      V* below = a + i * n;
      const V factor = is_exact ? below[k] * inverse : where(is_zero, V(0), below[k] / pivot);
      below[k] = factor;
      for (std::int64_t j = k + 1; j < n; ++j) below[j] = fma(-factor, row[j], below[j]);
    }
  }
}

template <class T>
void apply_pivots(std::int64_t n, std::int64_t k, const Batch<T>* pivots, bool backwards, Batch<T>* b) {
  for (std::int64_t step = 0; step < n; ++step) {
    const std::int64_t i = backwards ? n - 1 - step : step;
    for (std::int64_t r = i + 1; r < n; ++r)
      swap_rows(pivots[i] == Batch<T>(static_cast<T>(r)), k, b + i * k, b + r * k);
  }
}

template <class T>
void solve_factors(std::int64_t n, std::int64_t k, const Batch<T>* lu, const Batch<T>* pivots, bool transposed,
                   Batch<T>* b) {
  if (!transposed) {
    apply_pivots(n, k, pivots, false, b);
    solve_left({false, false, true}, n, k, lu, b);
    solve_left({true, false, false}, n, k, lu, b);
  } else {
    solve_left({true, true, false}, n, k, lu, b);
    solve_left({false, true, true}, n, k, lu, b);
    apply_pivots(n, k, pivots, true, b);
  }
}

/// The lower factor in place of the lower triangle. `failed` as in lu(), of pivots that are not above 0.
template <class T>
void cholesky(std::int64_t n, Batch<T>* a, Batch<T>& failed) {
  using V = Batch<T>;
  failed = 0;
  for (std::int64_t k = 0; k < n; ++k) {
    const V pivot = a[k * (n + 1)];
    failed = where(pivot <= V(0) && failed == V(0), V(static_cast<T>(k + 1)), failed);
    const V root = sqrt(pivot), inverse = 1 / root;
    a[k * (n + 1)] = root;
    for (std::int64_t i = k + 1; i < n; ++i) a[i * n + k] *= inverse;
    for (std::int64_t i = k + 1; i < n; ++i) {
      const V factor = -a[i * n + k];
      for (std::int64_t j = k + 1; j <= i; ++j) a[i * n + j] = fma(factor, a[j * n + k], a[i * n + j]);
    }
  }
}

/// g = the cotangent of the matrix, for the lower factor's, of which the lower triangle counts.
template <class T>
void cholesky_cotangent(std::int64_t n, const Batch<T>* factor, Batch<T>* g) {
  using V = Batch<T>;
  // The lower triangle of L^T g, from the first row on: what it reads lies below.
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t j = 0; j <= i; ++j) {
      V sum = factor[i * (n + 1)] * g[i * n + j];
      for (std::int64_t k = i + 1; k < n; ++k) sum = fma(factor[k * n + i], g[k * n + j], sum);
      g[i * n + j] = sum;
    }
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t j = 0; j <= i; ++j) g[i * n + j] = g[j * n + i] = g[i * n + j] * T(0.5);
  solve_left({false, true}, n, n, factor, g);
  solve_right({false, false}, n, n, factor, g);
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t j = 0; j < i; ++j) g[i * n + j] = g[j * n + i] = (g[i * n + j] + g[j * n + i]) * T(0.5);
}

}  // namespace xgrad::internal::lanes
