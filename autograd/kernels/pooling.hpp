// Pooling of raw memory: the largest element, or the mean, of windows that move along up to three axes of each plane.
#pragma once

#include <cstdint>

namespace xgrad::internal {

/// Windows over planes. Fewer than three axes: the first ones have extent 1.
struct PoolGeometry {
  static constexpr int kAxes = 3;

  std::int64_t planes;
  std::int64_t in[kAxes], out[kAxes], kernel[kAxes], stride[kAxes], dilation[kAxes], before[kAxes];

  static std::int64_t product(const std::int64_t (&extents)[kAxes]) { return extents[0] * extents[1] * extents[2]; }
};

/// y = the largest element of each window, nan where there is one; where it is in its plane: the first of equals, the
/// last nan; -1 where none of its elements lies in x, and y is the least value. indices may be null. T: float, double
/// or std::int64_t.
template <class T>
void max_pool(const PoolGeometry& geometry, const T* x, T* y, std::int64_t* indices);

/// The same for windows that cut each axis into `out` parts as even as can be. Only planes, in and out count.
template <class T>
void adaptive_max_pool(const PoolGeometry& geometry, const T* x, T* y, std::int64_t* indices);

/// The most windows that an element may lie in, or any number above a few hundred.
std::int64_t most_windows_of_element(const PoolGeometry& geometry, bool is_adaptive);

/// to [planes, in] = 0, and at indices [planes, out] that are not negative the sum of g's elements there. An index
/// comes at most `most_uses` times in a plane.
template <class T>
void unpool(std::int64_t planes, std::int64_t in, std::int64_t out, std::int64_t most_uses, const T* g,
            const std::int64_t* indices, T* to);

/// What the sum over a window is divided by.
struct PoolDivisor {
  std::int64_t fixed = 0;      // where it is not 0
  bool counts_padding = true;  // else the elements of x
};

/// y = the mean of each window. T: float, double or std::int64_t, whose quotient is truncated.
template <class T>
void average_pool(const PoolGeometry& geometry, const PoolDivisor& divisor, const T* x, T* y);

/// The transpose: x = each element of g spread over its window.
template <class T>
void average_pool_back(const PoolGeometry& geometry, const PoolDivisor& divisor, const T* g, T* x);

}  // namespace xgrad::internal
