// The softmax of raw memory: of rows of neighbours, each read while it is in the cache, and of columns side by side.
// What softmax, log_softmax, logsumexp and cross_entropy are made of. T: float or double.
//
// No derivative is formed as 1 - p of a p that is rounded to 1: where one element has more than half of the sum, what
// it lacks of 1 is added up from the others.
#pragma once

#include <cmath>
#include <cstdint>

#include "reduce.hpp"

namespace xgrad::internal {

/// What the exponents are taken relative to, so that none overflows: the largest element. An infinite one would give
/// inf - inf.
template <class T>
T finite_or_zero(T largest) {
  return std::isfinite(largest) ? largest : T(0);
}

/// Sum of exp(x - center).
struct ExpSumFold : SumFold {
  static constexpr bool kCentered = true;
  static constexpr bool kIsCostly = true;
  template <class V>
  static V step(V sum, V x, V center) {
    if constexpr (IsBatch<V>)
      return sum + exp(x - center);
    else
      return sum + std::exp(x - center);
  }
  template <class V>
  static V neutral(V) {
    return V(lowest_of<V>());
  }
};

/// The largest element of each reduction (0 where that is infinite) and the sum of the exponentials relative to it.
template <class T>
void exponential_sums(const ReducePlan& plan, const T* x, T* centers, T* sums);

/// y [rows, length] = softmax of each row of x, or its logarithm.
template <class T>
void softmax_rows(const T* x, T* y, std::int64_t rows, std::int64_t length);
template <class T>
void log_softmax_rows(const T* x, T* y, std::int64_t rows, std::int64_t length);

/// A tensor seen as [outer, length, inner], the softmax along its middle axis. inner = 1: rows.
struct SoftmaxShape {
  std::int64_t outer;
  std::int64_t length;
  std::int64_t inner;
};

/// to = y (g - sum(g y)), for y = softmax(x).
template <class T>
void softmax_cotangent(const T* g, const T* y, T* to, const SoftmaxShape& shape);
/// to = g - exp(y) sum(g), for y = log_softmax(x).
template <class T>
void log_softmax_cotangent(const T* g, const T* y, T* to, const SoftmaxShape& shape);

/// The samples of a loss: which class each has, and how much it counts.
template <class T>
struct Labels {
  const std::int64_t* labels;
  const T* weights;  // null: 1, else one for each class
  std::int64_t ignore_index;

  bool is_ignored(std::int64_t i) const { return labels[i] == ignore_index; }
  /// Of a sample that is not ignored.
  T weight(std::int64_t i) const { return weights != nullptr ? weights[labels[i]] : T(1); }
  /// Whether what the sample's logits are must reach neither loss nor gradient.
  bool is_silent(std::int64_t i) const { return is_ignored(i) || weight(i) == T(0); }
};

/// losses[i] = -log softmax(row i)[label i], 0 for a silent sample. `softmax` is filled where it is not null.
template <class T>
void cross_entropy_rows(const T* logits, const Labels<T>& samples, std::int64_t rows, std::int64_t classes, T* softmax,
                        T* losses);

/// to = (softmax - onehot) g weight / divisor; to may be softmax. g's elements are g_step apart (0: one for all).
template <class T>
void cross_entropy_cotangent_rows(const T* softmax, const Labels<T>& samples, const T* g, std::int64_t g_step,
                                  double divisor, T* to, std::int64_t rows, std::int64_t classes);

}  // namespace xgrad::internal
