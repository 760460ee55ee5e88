// Going along one row of neighbours in batches: what kernels that work by rows are made of. T: float or double.
#pragma once

#include <algorithm>
#include <cstdint>

#include "../simd/partial.hpp"
#include "reduce.hpp"

namespace xgrad::internal {

/// Elements of a row that are added up without a break.
inline constexpr std::int64_t kRowBlock = 4096;

/// Calls formula(begin of a batch, its count, values...) for a row in batches; the lanes beyond the last are `pad`.
template <class T, class F, class... From>
void for_batches(std::int64_t n, T pad, const F& formula, const From*... from) {
  constexpr int kSize = Batch<T>::kSize;
  std::int64_t i = 0;
  for (; i + kSize <= n; i += kSize) formula(i, kSize, Batch<T>::load(from + i)...);
  if (i == n) return;
  int count = static_cast<int>(n - i);
  formula(i, count, load_part(from + i, count, Batch<T>(pad))...);
}

template <class T>
void store_batch(T* to, int count, Batch<T> value) {
  count == Batch<T>::kSize ? value.store(to) : store_part(to, count, value);
}

/// to[i] = formula(from[i]...) for a row.
template <class T, class F, class... From>
void map_row(std::int64_t n, T pad, T* to, const F& formula, const From*... from) {
  for_batches<T>(
      n, pad, [&](std::int64_t at, int count, auto... values) { store_batch<T>(to + at, count, formula(values...)); },
      from...);
}

/// Sum of formula(from[i]...) over a row: in blocks, two batches side by side.
template <class T, class F, class... From>
T sum_row(std::int64_t n, T pad, const F& formula, const From*... from) {
  constexpr int kSize = Batch<T>::kSize;
  if (n <= kSize) {
    Batch<T> only = formula(load_part(from, static_cast<int>(n), Batch<T>(pad))...);
    return across<SumFold>(only);
  }
  double total = 0;
  for (std::int64_t begin = 0; begin < n; begin += kRowBlock) {
    const std::int64_t end = std::min(n, begin + kRowBlock);
    Batch<T> even = 0, odd = 0;
    std::int64_t i = begin;
    for (; i + 2 * kSize <= end; i += 2 * kSize) {
      even += formula(Batch<T>::load(from + i)...);
      odd += formula(Batch<T>::load(from + i + kSize)...);
    }
    for (; i < end; i += kSize) {
      int count = static_cast<int>(std::min<std::int64_t>(kSize, end - i));
      even += formula(load_part(from + i, count, Batch<T>(pad))...);
    }
    total += across<SumFold>(even + odd);
  }
  return static_cast<T>(total);
}

/// The batch with 0 in the lanes from `count` on.
template <class T>
Batch<T> first_of(Batch<T> value, int count) {
  alignas(64) T lanes[Batch<T>::kSize] = {};
  store_part(lanes, count, value);
  return Batch<T>::load(lanes);
}

/// Sums of two formulas over a row, in blocks; formula(values...) answers with a pair of batches. What it makes of the
/// lanes beyond the end does not count.
template <class T>
struct TwoSums {
  double first = 0, second = 0;
};
template <class T>
struct TwoBatches {
  Batch<T> first, second;
};
template <class T, class F, class... From>
TwoSums<T> sum_row_twice(std::int64_t n, const F& formula, const From*... from) {
  constexpr int kSize = Batch<T>::kSize;
  TwoSums<T> total;
  for (std::int64_t begin = 0; begin < n; begin += kRowBlock) {
    const std::int64_t end = std::min(n, begin + kRowBlock);
    TwoBatches<T> even{0, 0}, odd{0, 0};
    std::int64_t i = begin;
    for (; i + 2 * kSize <= end; i += 2 * kSize) {
      const TwoBatches<T> one = formula(Batch<T>::load(from + i)...);
      const TwoBatches<T> other = formula(Batch<T>::load(from + i + kSize)...);
      even.first += one.first;
      even.second += one.second;
      odd.first += other.first;
      odd.second += other.second;
    }
    for (; i < end; i += kSize) {
      const int count = static_cast<int>(std::min<std::int64_t>(kSize, end - i));
      TwoBatches<T> one = formula(load_part(from + i, count, Batch<T>(0))...);
      if (count < kSize) one = {first_of(one.first, count), first_of(one.second, count)};
      even.first += one.first;
      even.second += one.second;
    }
    total.first += across<SumFold>(even.first + odd.first);
    total.second += across<SumFold>(even.second + odd.second);
  }
  return total;
}

}  // namespace xgrad::internal
