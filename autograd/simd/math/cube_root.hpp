// The cube root of batches.
#pragma once

#include "wide.hpp"

namespace xgrad {
namespace XGRAD_SIMD_NAMESPACE {

/// A third of the logarithm gives all but the last bits, and a step of Newton's method those.
template <Float64 T>
inline Batch<T> cbrt(Batch<T> x) {
  // What Newton's step subtracts would lose its bits among the least numbers.
  const Mask<double> is_small = abs(x) < 0x1p-900;
  const Batch<double> size = abs(x) * where(is_small, Batch<double>(0x1p300), Batch<double>(1));
  const Batch<double> near = exp(log(size) / 3), square = near * near;
  const Batch<double> root =
      (near - fma(square, near, -size) / (3 * square)) * where(is_small, Batch<double>(0x1p-100), Batch<double>(1));
  return where(size > 0 && size < std::numeric_limits<double>::infinity(), with_sign(root, x), x);
}
template <Float32 T>
inline Batch<T> cbrt(Batch<T> x) {
  return simd_math::in_double([](Batch<double> x) { return cbrt(x); }, x);
}

/// The derivative of the cube root y: 1 / (3 y^2), with fewer roundings where x is a number other than 0.
template <Float64 T>
inline Batch<T> cbrt_slope(Batch<T> x) {
  const Batch<double> y = cbrt(x);
  return where(x == 0 || isinf(x), 1 / (y * y), y / x / 3);
}
template <Float32 T>
inline Batch<T> cbrt_slope(Batch<T> x) {
  return simd_math::in_double([](Batch<double> x) { return cbrt_slope(x); }, x);
}

}  // namespace XGRAD_SIMD_NAMESPACE
}  // namespace xgrad
