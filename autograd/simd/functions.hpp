// The functions that map() knows beside those of dual.hpp, on duals and, where batches have none of their own, on
// lanes: one line each, as value and derivative are those of the formula.
#pragma once

#include "dual.hpp"
#include "formulas/activation.hpp"
#include "formulas/arithmetic.hpp"
#include "formulas/choose.hpp"
#include "formulas/exponential.hpp"
#include "formulas/trigonometric.hpp"

namespace xgrad {
namespace XGRAD_SIMD_NAMESPACE {

#define XGRAD_ON_DUALS(name, Formula)        \
  template <class V, int N>                  \
  Dual<V, N> name(const Dual<V, N>& x) {     \
    return evaluate(formulas::Formula{}, x); \
  }
XGRAD_ON_DUALS(cbrt, Cbrt)
XGRAD_ON_DUALS(cbrt_slope, CbrtSlope)
XGRAD_ON_DUALS(tan, Tan)
XGRAD_ON_DUALS(secant_square, SecantSquare)
XGRAD_ON_DUALS(asin, Asin)
XGRAD_ON_DUALS(acos, Acos)
XGRAD_ON_DUALS(asin_slope, AsinSlope)
XGRAD_ON_DUALS(acosh_slope, AcoshSlope)
XGRAD_ON_DUALS(atanh_slope, AtanhSlope)
XGRAD_ON_DUALS(rsqrt_slope, RsqrtSlope)
XGRAD_ON_DUALS(hardswish, Hardswish)
XGRAD_ON_DUALS(atan, Atan)
XGRAD_ON_DUALS(lorentz, Lorentz)
XGRAD_ON_DUALS(sinh, Sinh)
XGRAD_ON_DUALS(cosh, Cosh)
XGRAD_ON_DUALS(asinh, Asinh)
XGRAD_ON_DUALS(acosh, Acosh)
XGRAD_ON_DUALS(atanh, Atanh)
XGRAD_ON_DUALS(tanhshrink, Tanhshrink)
XGRAD_ON_DUALS(tanh_square, TanhSquare)
XGRAD_ON_DUALS(exp2, Exp2)
XGRAD_ON_DUALS(exp2_slope, Exp2Slope)
XGRAD_ON_DUALS(log2, Log2)
XGRAD_ON_DUALS(log10, Log10)
XGRAD_ON_DUALS(mish, Mish)
#undef XGRAD_ON_DUALS

/// A function of two duals, or of a dual and a number.
#define XGRAD_ON_DUALS(name, Formula)                         \
  template <class V, int N>                                   \
  Dual<V, N> name(const Dual<V, N>& a, const Dual<V, N>& b) { \
    return evaluate(formulas::Formula{}, a, b);               \
  }                                                           \
  template <class V, int N, Number T>                         \
  Dual<V, N> name(const Dual<V, N>& a, T b) {                 \
    return name(a, Dual<V, N>(b));                            \
  }                                                           \
  template <class V, int N, Number T>                         \
  Dual<V, N> name(T a, const Dual<V, N>& b) {                 \
    return name(Dual<V, N>(a), b);                            \
  }                                                           \
  template <class E, Number T>                                \
  Batch<E> name(Batch<E> a, T b) {                            \
    return name(a, Batch<E>(b));                              \
  }                                                           \
  template <class E, Number T>                                \
  Batch<E> name(T a, Batch<E> b) {                            \
    return name(Batch<E>(a), b);                              \
  }
XGRAD_ON_DUALS(atan2, Atan2)
XGRAD_ON_DUALS(hypot, Hypot)
XGRAD_ON_DUALS(direction, Direction)
XGRAD_ON_DUALS(winding, Winding)
XGRAD_ON_DUALS(logaddexp, LogAddExp)
XGRAD_ON_DUALS(logaddexp2, LogAddExp2)
XGRAD_ON_DUALS(share, Share)
XGRAD_ON_DUALS(share2, Share2)
XGRAD_ON_DUALS(fmod, Fmod)
XGRAD_ON_DUALS(remainder, Remainder)
XGRAD_ON_DUALS(copysign, Copysign)
XGRAD_ON_DUALS(ldexp, Ldexp)
#undef XGRAD_ON_DUALS

/// Whether the sign bit is set: of -0, too.
template <class V, int N>
auto signbit(const Dual<V, N>& x) {
  return signbit(x.value);
}

/// factor exp(x / divisor)
template <class V, int N>
Dual<V, N> scaled_exp(double factor, double divisor, const Dual<V, N>& x) {
  return factor * exp(x / divisor);
}
/// The derivatives of mish and softsign, on duals as on tensors.
template <class V, int N>
Dual<V, N> mish_slope(const Dual<V, N>& x) {
  Dual<V, N> y = softplus(x);
  return tanh(y) + x * (4 * sigmoid_slope(2 * y) * sigmoid(x));
}
template <class V, int N>
Dual<V, N> softsign_slope(const Dual<V, N>& x) {
  Dual<V, N> d = 1 + abs(x);
  return 1 / d / d;
}

// Functions that batches have from here.
template <Lane V>
V rsqrt(const V& x) {
  return evaluate(formulas::Rsqrt{}, x);
}
template <Lane V>
V frac(const V& x) {
  return evaluate(formulas::Fraction{}, x);
}
template <Lane V>
V deg2rad(const V& x) {
  return evaluate(formulas::Multiple{std::numbers::pi / 180}, x);
}
template <Lane V>
V rad2deg(const V& x) {
  return evaluate(formulas::Multiple{180 / std::numbers::pi}, x);
}
template <Lane V>
V celu(const V& x, double alpha = 1) {
  return evaluate(formulas::Celu{alpha}, x);
}
template <Lane V>
V selu(const V& x) {
  return evaluate(formulas::Selu{}, x);
}
template <Lane V>
V softsign(const V& x) {
  return evaluate(formulas::Softsign{}, x);
}
template <Lane V>
V hardtanh(const V& x, double low = -1, double high = 1) {
  return evaluate(formulas::Hardtanh{low, high}, x);
}
template <Lane V>
V relu6(const V& x) {
  return evaluate(formulas::Hardtanh{0, 6}, x);
}
template <Lane V>
V hardsigmoid(const V& x) {
  return evaluate(formulas::Hardsigmoid{}, x);
}
template <Lane V>
V hardshrink(const V& x, double lambda = 0.5) {
  return evaluate(formulas::Hardshrink{lambda}, x);
}
template <Lane V>
V softshrink(const V& x, double lambda = 0.5) {
  return evaluate(formulas::Softshrink{lambda}, x);
}
template <Lane V>
V threshold(const V& x, double bound, double value) {
  return evaluate(formulas::Threshold{bound, value}, x);
}
/// Of two lanes: fmax, fmin, and x between bounds that are lanes.
template <Lane V>
V fmax(const V& a, const V& b) {
  return evaluate(formulas::Fmax{}, a, b);
}
template <Lane V>
V fmin(const V& a, const V& b) {
  return evaluate(formulas::Fmin{}, a, b);
}
template <Lane V>
V clamp_min(const V& x, const V& low) {
  return evaluate(formulas::ClampMin{}, x, low);
}
template <Lane V, Number T>
V clamp_min(const V& x, T low) {
  return clamp_min(x, V(low));
}
template <Lane V>
V clamp_max(const V& x, const V& high) {
  return evaluate(formulas::ClampMax{}, x, high);
}
template <Lane V, Number T>
V clamp_max(const V& x, T high) {
  return clamp_max(x, V(high));
}
template <Lane V>
V heaviside(const V& x, const V& at_zero) {
  return evaluate(formulas::Heaviside{}, x, at_zero);
}
template <Lane V, Number T>
V heaviside(const V& x, T at_zero) {
  return heaviside(x, V(at_zero));
}
/// Exact at both ends, as the operator.
template <Lane V>
V lerp(const V& a, const V& b, const V& weight) {
  return where(abs(weight) < 0.5, a + weight * (b - a), b - (b - a) * (1 - weight));
}
template <Lane V, Number T>
V lerp(const V& a, const V& b, T weight) {
  return lerp(a, b, V(weight));
}

}  // namespace XGRAD_SIMD_NAMESPACE
}  // namespace xgrad
