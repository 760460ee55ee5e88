// Functions of floats by way of doubles: where a float's own arithmetic would lose more than two units of the last
// place.
#pragma once

#include "../math.hpp"

namespace xgrad {
namespace XGRAD_SIMD_NAMESPACE {
namespace simd_math {

/// f(x...) in doubles, rounded once.
template <class F>
Batch<float> in_double(const F& f, Batch<float> x) {
  Batch<double> low, high;
  widen(x, low, high);
  return narrow(f(low), f(high));
}
template <class F>
Batch<float> in_double(const F& f, Batch<float> a, Batch<float> b) {
  Batch<double> a_low, a_high, b_low, b_high;
  widen(a, a_low, a_high);
  widen(b, b_low, b_high);
  return narrow(f(a_low, b_low), f(a_high, b_high));
}

}  // namespace simd_math
}  // namespace XGRAD_SIMD_NAMESPACE
}  // namespace xgrad
