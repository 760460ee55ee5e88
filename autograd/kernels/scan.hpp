// Running along an axis: sums, products, logarithms of sums, extremes and recurrences of all elements up to each one.
//
// A tensor is seen as [outer, length, inner] without gaps. Where inner = 1 rows are run along, else tiles of
// neighbouring columns at once, so that memory is read in order either way. Backward scans run from the last element to
// the first.
#pragma once

#include <cstdint>

namespace xgrad::internal {

/// What is run along: the axis of `length`.
struct ScanShape {
  std::int64_t outer = 1, length = 1, inner = 1;
};

enum class ScanOrder : bool { forward, backward };

/// y_k = x_0 + ... + x_k. T: float, double or int64. Of floats computed in double; of doubles with the rounding errors
/// kept beside the sum.
template <class T>
void running_sum(const T* x, T* y, const ScanShape& shape, ScanOrder order);

/// y_k = x_0 ... x_k. T: float, double or int64; of floats in double.
template <class T>
void running_product(const T* x, T* y, const ScanShape& shape);

/// y_k = b_k + a_k y_{k-1}, y_0 = b_0 (backward: from the last one on). T: float or double; of floats in double.
template <class T>
void running_recurrence(const T* a, const T* b, T* y, const ScanShape& shape, ScanOrder order);

/// y_k = log(exp(x_0) + ... + exp(x_k)), relative to the largest so far, so that nothing overflows. T: float or double.
/// Where they are not null, its two parts are written too: the largest so far, and the logarithm of the sum relative to
/// it, 0 where the largest is not finite.
template <class T>
void running_logsumexp(const T* x, T* y, T* maxima, T* log_sums, const ScanShape& shape);

/// The largest (or smallest) element so far and its position: the last of equals. After a nan the last nan. Any T.
template <class T>
void running_extreme(const T* x, T* values, std::int64_t* positions, const ScanShape& shape, bool largest);

}  // namespace xgrad::internal
