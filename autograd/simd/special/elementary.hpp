// sinc, logit and entr, on batches. Computed in double.
#pragma once

#include "gamma.hpp"

namespace xgrad {
namespace XGRAD_SIMD_NAMESPACE {

/// sin(pi x) / (pi x), 1 at 0.
[[gnu::noinline]] inline Batch<double> sinc(Batch<double> x) {
  using namespace simd_math;
  const Mask<double> is_near = abs(x) <= 0.5;
  Batch<double> near = sine_ratio(where(is_near, x, Batch<double>(0)));
  if (all(is_near)) return near;
  Batch<double> whole = round(x);
  Batch<double> r = x - whole;
  Batch<double> sine = r * sine_ratio(r);
  sine = where(is_odd(whole), -sine, sine);
  return where(is_near, near, sine / x);
}
/// The derivative of sinc: (cos(pi x) - sinc(x)) / x.
[[gnu::noinline]] inline Batch<double> sinc_slope(Batch<double> x) {
  using namespace simd_math;
  const Mask<double> is_near = abs(x) <= 0.5;
  Batch<double> z = where(is_near, x * x, Batch<double>(0));
  Batch<double> near = x * polynomial(z, -0x1.a51a6625307d3p+1, 0x1.9f9cb402bc429p+1, -0x1.24feab558796fp+0,
                                      0x1.ac6805cc8f9bbp-3, -0x1.8061c405788f1p-6, 0x1.d2e9f9ed017d2p-10,
                                      -0x1.996d496422a58p-14, 0x1.0801ada243498p-18, -0x1.eed506186bd3fp-27);
  if (all(is_near)) return near;
  Batch<double> whole = round(x);
  Batch<double> cosine = cosine_of_turns(x - whole);
  cosine = where(is_odd(whole), -cosine, cosine);
  return where(is_near, near, (cosine - sinc(x)) / x);
}

/// log(x / (1 - x)); its zero at 1/2 is the logarithm of 1 + (2 x - 1) / (1 - x).
[[gnu::noinline]] inline Batch<double> logit(Batch<double> x) {
  Batch<double> rest = 1 - x;
  const Mask<double> is_middle = x >= 0.25 && x <= 0.75;
  Batch<double> value = log(x / rest);
  if (!any(is_middle)) return value;
  return where(is_middle, log1p(((x - 0.5) + (x - 0.5)) / rest), value);
}

/// -x log(x), 0 at 0, -infinity below.
[[gnu::noinline]] inline Batch<double> entr(Batch<double> x) {
  Batch<double> value = where(x > 0, -x * log(x), x + 0);
  return where(x < 0, Batch<double>(-std::numeric_limits<double>::infinity()), value);
}
/// -1 - log(x)
[[gnu::noinline]] inline Batch<double> entr_slope(Batch<double> x) { return -1 - log(x); }

#define XGRAD_IN_DOUBLES(name)                                                     \
  inline Batch<float> name(Batch<float> x) {                                       \
    return simd_math::in_double([](Batch<double> part) { return name(part); }, x); \
  }
XGRAD_IN_DOUBLES(sinc)
XGRAD_IN_DOUBLES(sinc_slope)
XGRAD_IN_DOUBLES(logit)
XGRAD_IN_DOUBLES(entr)
XGRAD_IN_DOUBLES(entr_slope)
#undef XGRAD_IN_DOUBLES

}  // namespace XGRAD_SIMD_NAMESPACE
}  // namespace xgrad
