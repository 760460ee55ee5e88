// Powers of two by which elements are multiplied before they are squared, where their squares would overflow or
// underflow.
#pragma once

#include <cmath>
#include <limits>

#include "reduction.hpp"

namespace xgrad::internal {

template <class V>
V magnitude(V x) {
  if constexpr (IsBatch<V>)
    return abs(x);
  else
    return std::abs(x);
}

struct LargestMagnitudeFold : MaxFold {
  template <class V>
  static V start() {
    return V(0);
  }
  template <class V>
  static V step(V largest, V x, V) {
    return larger(largest, magnitude(x));
  }
  template <class V>
  static V neutral(V) {
    return V(0);
  }
};

/// Whether a sum of squares has neither overflowed nor lost terms below the least normal number. Of 0 it is not known.
template <class T>
bool is_safe_square_sum(T sum) {
  constexpr T kLeast = std::numeric_limits<T>::min() / (std::numeric_limits<T>::epsilon() * T(4096));
  return sum >= kLeast && sum <= std::numeric_limits<T>::max();
}

/// Whether that holds for all elements of a contiguous tensor.
template <class T>
bool are_safe_square_sums(const Tensor& sums) {
  const T* data = data_of<T>(sums);
  for (std::int64_t i = 0; i < sums.numel(); ++i)
    if (!is_safe_square_sum(data[i])) return false;
  return true;
}

/// For each group that the mask reduces, the power of two that brings its largest magnitude near 1; 1 where that is 0
/// or not finite. In the kept axes' shape.
Tensor power_of_two_scales(const Tensor& x, unsigned mask);

/// Overwrites sums of squares with the roots of their quotients by `divisor`. Where a sum is not safe the root is that
/// of the scaled sum, scaled back; without scales all are safe.
template <class T>
void take_roots(Tensor& sums, const Tensor& scales, const Tensor& scaled_sums, double divisor) {
  const T by = static_cast<T>(divisor);
  for (std::int64_t i = 0; i < sums.numel(); ++i) {
    T& sum = data_of<T>(sums)[i];
    sum = scales.defined() && !is_safe_square_sum(sum)
              ? std::sqrt(data_of<T>(scaled_sums)[i] / by) / data_of<T>(scales)[i]
              : std::sqrt(sum / by);
  }
}

}  // namespace xgrad::internal
