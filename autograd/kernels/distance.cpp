#include "distance.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "../base/launch.hpp"
#include "../tensor_impl.hpp"
#include "few_terms.hpp"
#include "transpose.hpp"
#include "walk.hpp"

namespace xgrad XGRAD_API {
namespace internal {
namespace {

// Elements of differences that are worth a thread.
constexpr std::int64_t kDifferences = 1 << 15;
// Distances that are summed side by side, and differences that are summed without a break.
constexpr int kSide = 64;
constexpr std::int64_t kRun = 64;

enum class Norm { count, sum, euclid, largest, power };

Norm norm_of(double p) {
  if (p == 0) return Norm::count;
  if (p == 1) return Norm::sum;
  if (p == 2) return Norm::euclid;
  return std::isinf(p) ? Norm::largest : Norm::power;
}

std::int64_t batches_of(int ndim, const std::int64_t* lead) {
  std::int64_t count = 1;
  for (int axis = 0; axis < ndim; ++axis) count *= lead[axis];
  return count;
}

/// Larger of two, nan where either is nan.
template <class T>
T larger_or_nan(T a, T b) {
  return b > a || b != b ? b : a;
}

/// One distance with powers relative to the largest difference, so that they neither overflow nor underflow.
template <class T>
T scaled_distance(const T* x, const T* other, std::int64_t d, T p) {
  T largest = 0;
  for (std::int64_t k = 0; k < d; ++k) largest = larger_or_nan(largest, std::abs(x[k] - other[k]));
  if (!(largest > 0) || std::isinf(largest)) return largest;
  T sum = 0;
  for (std::int64_t k = 0; k < d; ++k) {
    const T ratio = std::abs(x[k] - other[k]) / largest;
    sum += p == 2 ? ratio * ratio : std::pow(ratio, p);
  }
  return largest * (p == 2 ? std::sqrt(sum) : std::pow(sum, 1 / p));
}

/// Whether a sum of squares has neither overflowed nor lost terms below the least normal number.
template <class T>
bool is_safe(T sum) {
  constexpr T kLeast = std::numeric_limits<T>::min() / (std::numeric_limits<T>::epsilon() * T(4096));
  return sum >= kLeast && sum <= std::numeric_limits<T>::max();
}

/// Rows of distances: rows of all batches, counted one after the other.
template <class T>
struct DistanceRows {
  DistancePairs<T> pairs;
  T* y;

  static void run(const DistanceRows& a, std::int64_t begin, std::int64_t end) {
    const DistancePairs<T>& p = a.pairs;
    for (std::int64_t at = begin; at < end; ++at) {
      const Walk x(p.lead_ndim, p.lead, p.x_strides, at / p.m), other(p.lead_ndim, p.lead, p.other_strides, at / p.m);
      const T* row = p.x + x.offset() + at % p.m * p.d;
      for (std::int64_t j = 0; j < p.n; j += kSide)
        side(p, row, p.other + other.offset() + j * p.d, std::min<std::int64_t>(kSide, p.n - j), a.y + at * p.n + j);
    }
  }

  static void side(const DistancePairs<T>& p, const T* x, const T* other, std::int64_t count, T* y) {
    switch (norm_of(p.p)) {
      case Norm::count:
        // A nan makes the count nan.
        return sums(p, x, other, count, y, [](T sum, T d) { return sum + (d == 0 ? T(0) : d == d ? T(1) : d); });
      case Norm::sum:
        return sums(p, x, other, count, y, [](T sum, T d) { return sum + std::abs(d); });
      case Norm::largest:
        return sums(p, x, other, count, y, [](T most, T d) { return larger_or_nan(most, std::abs(d)); });
      case Norm::euclid:
        sums(p, x, other, count, y, [](T sum, T d) { return sum + d * d; });
        for (std::int64_t j = 0; j < count; ++j)
          y[j] = is_safe(y[j]) ? std::sqrt(y[j]) : scaled_distance(x, other + j * p.d, p.d, T(2));
        return;
      case Norm::power:
        for (std::int64_t j = 0; j < count; ++j) y[j] = scaled_distance(x, other + j * p.d, p.d, static_cast<T>(p.p));
    }
  }

  /// Side by side, from a transposed block, so that the compiler makes SIMD of it whatever d is.
  template <class F>
  static void sums(const DistancePairs<T>& p, const T* x, const T* other, std::int64_t count, T* y, const F& step) {
    alignas(64) T block[kRun * kSide];
    alignas(64) T sum[kSide];
    std::fill_n(y, count, T(0));
    for (std::int64_t k = 0; k < p.d; k += kRun) {
      const std::int64_t length = std::min(kRun, p.d - k);
      transpose_block(other + k, p.d, count, length, block, kSide);
      std::fill_n(sum, kSide, T(0));
      for (std::int64_t q = 0; q < length; ++q) {
        const T element = x[k + q];
        const T* column = block + q * kSide;
        for (std::int64_t j = 0; j < count; ++j) sum[j] = step(sum[j], element - column[j]);
      }
      const bool is_largest = std::isinf(p.p);
      for (std::int64_t j = 0; j < count; ++j) y[j] = is_largest ? larger_or_nan(y[j], sum[j]) : y[j] + sum[j];
    }
  }
};

template <class T>
T sign_of(T d) {
  return d > 0 ? T(1) : d < 0 ? T(-1) : d;
}

/// Rows of the gradient.
template <class T>
struct DistanceGradientRows {
  DistancePairs<T> pairs;
  const T* g;
  const T* y;
  std::int64_t row, column;
  T* gradient;
  double* sums;  // [rows, d]; null: all pairs are added up in T

  static void run(const DistanceGradientRows& a, std::int64_t begin, std::int64_t end) {
    const DistancePairs<T>& p = a.pairs;
    for (std::int64_t at = begin; at < end; ++at) {
      const std::int64_t batch = at / p.m, i = at % p.m;
      const Walk x(p.lead_ndim, p.lead, p.x_strides, batch), other(p.lead_ndim, p.lead, p.other_strides, batch);
      const std::int64_t from = batch * p.m * p.n + i * a.row;
      T* to = a.gradient + at * p.d;
      double* sums = a.sums != nullptr ? a.sums + at * p.d : nullptr;
      if (sums != nullptr) std::fill_n(sums, p.d, 0.0);
      const std::int64_t block = sums != nullptr ? kFewTerms : p.n;
      std::fill_n(to, p.d, T(0));
      for (std::int64_t first = 0; first < p.n; first += block) {
        for (std::int64_t j = first; j < std::min(first + block, p.n); ++j)
          add(p, p.x + x.offset() + i * p.d, p.other + other.offset() + j * p.d, a.g[from + j * a.column],
              a.y[from + j * a.column], to);
        if (sums == nullptr) continue;
        for (std::int64_t k = 0; k < p.d; ++k) {
          sums[k] += to[k];
          to[k] = 0;
        }
      }
      if (sums == nullptr) continue;
      for (std::int64_t k = 0; k < p.d; ++k) to[k] = static_cast<T>(sums[k]);
    }
  }

  static void add(const DistancePairs<T>& p, const T* x, const T* other, T g, T y, T* to) {
    if (y == 0) return;
    switch (norm_of(p.p)) {
      case Norm::count:
        return;
      case Norm::sum:
        for (std::int64_t k = 0; k < p.d; ++k) to[k] += g * sign_of(x[k] - other[k]);
        return;
      case Norm::euclid:
        for (std::int64_t k = 0; k < p.d; ++k) to[k] += g * ((x[k] - other[k]) / y);
        return;
      case Norm::largest: {
        std::int64_t reached = 0;
        for (std::int64_t k = 0; k < p.d; ++k) reached += std::abs(x[k] - other[k]) == y;
        if (reached == 0) {  // y is nan
          for (std::int64_t k = 0; k < p.d; ++k) to[k] += g * y;
          return;
        }
        const T share = g / static_cast<T>(reached);
        for (std::int64_t k = 0; k < p.d; ++k)
          if (std::abs(x[k] - other[k]) == y) to[k] += share * sign_of(x[k] - other[k]);
        return;
      }
      case Norm::power: {
        const T power = static_cast<T>(p.p - 1);
        for (std::int64_t k = 0; k < p.d; ++k) {
          const T d = x[k] - other[k];
          if (d != 0) to[k] += g * sign_of(d) * std::pow(std::abs(d) / y, power);
        }
      }
    }
  }
};

}  // namespace

template <class T>
void distances(const DistancePairs<T>& pairs, T* y) {
  const std::int64_t work = std::max<std::int64_t>(1, pairs.n * pairs.d);
  launch(DistanceRows<T>{pairs, y}, batches_of(pairs.lead_ndim, pairs.lead) * pairs.m, kDifferences / work + 1);
}

template <class T>
void distance_gradient(const DistancePairs<T>& pairs, const T* g, const T* y, std::int64_t row, std::int64_t column,
                       T* gradient) {
  const std::int64_t work = std::max<std::int64_t>(1, pairs.n * pairs.d);
  const std::int64_t rows = batches_of(pairs.lead_ndim, pairs.lead) * pairs.m;
  Tensor sums;
  if (std::is_same_v<T, float> && pairs.n > kFewTerms) sums = new_tensor({rows, pairs.d}, DType::float64);
  launch(DistanceGradientRows<T>{pairs, g, y, row, column, gradient, sums.defined() ? data_of<double>(sums) : nullptr},
         rows, kDifferences / work + 1);
}

#define XGRAD_INSTANTIATE(T)                               \
  template void distances<T>(const DistancePairs<T>&, T*); \
  template void distance_gradient<T>(const DistancePairs<T>&, const T*, const T*, std::int64_t, std::int64_t, T*);
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

}  // namespace internal
}  // namespace xgrad
