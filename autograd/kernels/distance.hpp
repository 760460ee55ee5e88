// Distances between the rows of matrices, and their gradients.
#pragma once

#include <cstdint>

#include "../config.hpp"
#include "../shape.hpp"

namespace xgrad XGRAD_API {
namespace internal {

/// A batch of pairs of matrices x [m, d] and other [n, d], each contiguous; a stride of 0 along a leading axis repeats
/// one.
template <class T>
struct DistancePairs {
  const T* x;
  const T* other;
  std::int64_t m, n, d;
  double p;
  int lead_ndim;
  std::int64_t lead[kMaxDims];
  std::int64_t x_strides[kMaxDims];
  std::int64_t other_strides[kMaxDims];
};

/// y[batch, i, j] = the p-norm of x[i] - other[j].
template <class T>
void distances(const DistancePairs<T>& pairs, T* y);

/// gradient[batch, i] = sum over j of g[i, j] times the norm's derivative by x[i]. Element (i, j) of g and y is stored
/// at i * row + j * column, that of the next in the batch m * n further.
template <class T>
void distance_gradient(const DistancePairs<T>& pairs, const T* g, const T* y, std::int64_t row, std::int64_t column,
                       T* gradient);

}  // namespace internal
}  // namespace xgrad
