// Normalisation of raw memory: groups of elements shifted and scaled to mean 0 and variance 1, and an affine map of the
// channels. T: float or double.
//
// Elements are [outer, period, channels, inner] without gaps. A group is either a row, that is the last two axes
// (layer, group and instance norm), or all that has one place along `period` (batch norm; channels is 1 then). Weights
// and biases are [period, channels].
//
// The mean is kept as an element of the group and the mean difference from it: of elements that differ by little,
// neither the differences nor their mean are lost in rounding.
#pragma once

#include <cstdint>

namespace xgrad::internal {

struct NormLayout {
  std::int64_t outer, period, channels, inner;
  bool by_row;

  std::int64_t rows() const { return outer * period; }
  std::int64_t row() const { return channels * inner; }
  std::int64_t groups() const { return by_row ? rows() : period; }
  /// Elements of a group.
  std::int64_t count() const { return by_row ? row() : outer * inner; }
};

/// What is known of each group: its mean is centers + shifts, scales is 1 / sqrt(variance + eps). One number for each
/// group.
template <class T>
struct NormStatistics {
  T *centers, *shifts, *scales, *variances;
};

/// How statistics are taken.
struct NormKind {
  double eps;
  bool centered;  // else the mean counts as 0: root mean square
};

/// Fills the statistics of x.
template <class T>
void norm_statistics(const NormLayout& layout, const T* x, const NormKind& kind, const NormStatistics<T>& statistics);

/// y = (x - mean) scale weight + bias. weight and bias may be null.
template <class T>
void normalize_elements(const NormLayout& layout, const T* x, const NormStatistics<T>& statistics, const T* weight,
                        const T* bias, T* y);

/// Parts of the gradients of weight and bias, which are sums over the first axis of [parts, 2, period, channels]: how
/// many.
std::int64_t norm_parts(const NormLayout& layout);

/// The cotangents: gx (may be null), and where `parts` is not null the parts of weight's and bias's. Where
/// `are_constants`, the statistics did not come from x.
template <class T>
void norm_cotangents(const NormLayout& layout, const T* g, const T* x, const NormStatistics<T>& statistics,
                     const T* weight, const NormKind& kind, bool are_constants, T* gx, T* parts);

}  // namespace xgrad::internal
