// The formulas of special functions (formulas.hpp says what a formula is). Derivatives are functions of their own, of
// the operand, so that no order loses what its rounded value has lost; families close under differentiation.
#pragma once

#include <cstdint>

#include "../formulas.hpp"
#include "../special/bessel.hpp"
#include "../special/elementary.hpp"
#include "../special/error.hpp"
#include "../special/gamma.hpp"
#include "../special/series.hpp"

namespace xgrad {
namespace XGRAD_SIMD_NAMESPACE {

// Functions of one number (special/series.hpp), lane by lane.

template <class T>
Batch<T> polygamma(std::int64_t n, Batch<T> x) {
  return each_lane([n](T x, T) { return static_cast<T>(internal::polygamma_of(n, x)); }, x, x);
}
template <class T>
Batch<T> zeta(Batch<T> s, Batch<T> q) {
  return each_lane([](T s, T q) { return static_cast<T>(internal::hurwitz_zeta(s, q)); }, s, q);
}
template <class T>
Batch<T> erfcx_integral(int n, Batch<T> x) {
  return each_lane([n](T x, T) { return static_cast<T>(internal::erfcx_integral_of(n, x)); }, x, x);
}
template <class T>
Batch<T> sinc_derivative(int n, Batch<T> x) {
  return each_lane([n](T x, T) { return static_cast<T>(internal::sinc_derivative_of(n, x)); }, x, x);
}
template <class T>
Batch<T> bessel_i(int n, Batch<T> x) {
  return each_lane([n](T x, T) { return static_cast<T>(internal::bessel_i_of(n, x)); }, x, x);
}
template <class T>
Batch<T> bessel_decay(int n, Batch<T> x) {
  return each_lane([n](T x, T) { return static_cast<T>(internal::bessel_decay_of(n, x)); }, x, x);
}
template <class T>
Batch<T> bessel_j(int n, Batch<T> x) {
  return each_lane([n](T x, T) { return static_cast<T>(internal::bessel_j_of(n, x)); }, x, x);
}
template <class T>
Batch<T> bessel_y(int n, Batch<T> x) {
  return each_lane([n](T x, T) { return static_cast<T>(internal::bessel_y_of(n, x)); }, x, x);
}

namespace formulas {

// ---- The gamma function ----

struct Lgamma {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return lgamma(x); }
  static auto slope(auto x) { return digamma(x); }
};
struct Digamma {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return digamma(x); }
  static auto slope(auto x) { return trigamma(x); }
};
struct Trigamma {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return trigamma(x); }
  static auto slope(auto x) { return polygamma(2, x); }
};
/// Of n >= 2. Of orders so large that doubles do not tell them apart only the parity counts.
struct Polygamma {
  static constexpr Reads reads = reads_x;
  std::int64_t n;
  auto value(auto x) const { return polygamma(n, x); }
  auto slope(auto x) const { return polygamma(n < std::int64_t{1} << 60 ? n + 1 : n - 1, x); }
};
/// p (p - 1) / 4 log(pi) + the sum of lgamma(x - j / 2) over j = 0 ... p - 1.
struct Multigammaln {
  static constexpr Reads reads = reads_x;
  std::int64_t p;
  template <class T>
  Batch<T> value(Batch<T> x) const {
    if constexpr (sizeof(T) == 4) {
      return simd_math::in_double([this](Batch<double> part) { return value(part); }, x);
    } else {
      constexpr double kLogPi = 1.14472988584940017414342735135305871;
      Batch<T> sum = static_cast<double>(p) * static_cast<double>(p - 1) / 4 * kLogPi;
      for (std::int64_t j = 0; j < p; ++j) sum += lgamma(x - 0.5 * static_cast<double>(j));
      return sum;
    }
  }
  template <class T>
  Batch<T> slope(Batch<T> x) const {
    if constexpr (sizeof(T) == 4) {
      return simd_math::in_double([this](Batch<double> part) { return slope(part); }, x);
    } else {
      Batch<T> sum = digamma(x);
      for (std::int64_t j = 1; j < p; ++j) sum += digamma(x - 0.5 * static_cast<double>(j));
      return sum;
    }
  }
  /// A recorded tensor.
  template <class V>
  V slope(const V& x) const {
    V sum = digamma(x);
    for (std::int64_t j = 1; j < p; ++j) sum = sum + digamma(x - 0.5 * static_cast<double>(j));
    return sum;
  }
};

// ---- The error function and the normal distribution ----

struct Erfinv {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return erfinv(x); }
  static auto slope(auto x) { return erfinv_slope(x); }
};
struct ErfinvSlope {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return erfinv_slope(x); }
  static auto slope(auto x) {
    auto s = erfinv_slope(x);
    return 2 * erfinv(x) * (s * s);
  }
};
struct Erfcx {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return erfcx(x); }
  static auto slope(auto x) { return -2 * erfcx_integral(x); }
};
struct ErfcxIntegral {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return erfcx_integral(x); }
  static auto slope(auto x) { return -4 * erfcx_integral(2, x); }
};
struct ErfcxIntegralOf {
  static constexpr Reads reads = reads_x;
  int n;
  auto value(auto x) const { return erfcx_integral(n, x); }
  auto slope(auto x) const { return -2.0 * (n + 1) * erfcx_integral(n + 1, x); }
};
struct Ndtr {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return ndtr(x); }
  static auto slope(auto x) { return ndtr_slope(x); }
};
struct Ndtri {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return ndtri(x); }
  static auto slope(auto x) { return ndtri_slope(x); }
};
struct NdtriSlope {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return ndtri_slope(x); }
  static auto slope(auto x) {
    auto s = ndtri_slope(x);
    return ndtri(x) * (s * s);
  }
};
struct LogNdtr {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return log_ndtr(x); }
  static auto slope(auto x) { return log_ndtr_slope(x); }
};
/// m = density / distribution has the derivative -m (m + x), of which m + x is sqrt(2) W1 / W0 with W0 = erfcx(-x /
/// sqrt(2)) and W1 its integral: no difference where x is far below 0, and the plain sum elsewhere. Very far, where W1
/// vanishes in W0, it is the series' 1 - 1 / x^2 + 6 / x^4 - 50 / x^6.
struct LogNdtrSlope {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return log_ndtr_slope(x); }
  static auto slope(auto x) {
    constexpr double kVeryFar = -1e4;
    auto is_very_far = x < kVeryFar;
    auto u = 1 / where(is_very_far, x, zeros_like(x) + kVeryFar);
    auto square = u * u;
    auto near = where(is_very_far, zeros_like(x), x);
    auto is_negative = near < 0;
    auto z = where(is_negative, near, zeros_like(x)) * (-1 / std::numbers::sqrt2);
    auto sum = where(is_negative, std::numbers::sqrt2 * erfcx_integral(z) / erfcx(z),
                     log_ndtr_slope(near) + where(is_negative, zeros_like(x), bounded(near, 40)));
    return where(is_very_far, square * (1 + square * (50 * square - 6)) - 1, -log_ndtr_slope(near) * sum);
  }
};

// ---- Bessel functions ----

struct I0 {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return i0(x); }
  static auto slope(auto x) { return i1(x); }
};
struct I1 {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return i1(x); }
  static auto slope(auto x) { return i1_slope(x); }
};
struct I1Slope {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return i1_slope(x); }
  static auto slope(auto x) { return 0.75 * i1(x) + 0.25 * bessel_i(3, x); }
};
struct BesselI {
  static constexpr Reads reads = reads_x;
  int n;
  auto value(auto x) const { return bessel_i(n, x); }
  auto slope(auto x) const { return 0.5 * bessel_i(n - 1, x) + 0.5 * bessel_i(n + 1, x); }
};
/// exp(-|x|) I_0(x) and its family. It is the mean of exp(-c |x|) with c = 1 - cos(t) over a circle, and exp(-|x|)
/// I_1(x) that of (1 - c) exp(-c |x|) times x's sign. Of the means with powers of c in front, bessel_decay, all
/// derivatives are made: they fall fast with the power where x is large, so that nothing cancels.
struct I0e {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return i0e(x); }
  static auto slope(auto x) { return i0e_slope(x); }
};
struct I0eSlope {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return i0e_slope(x); }
  static auto slope(auto x) { return bessel_decay(2, x); }
};
struct I1e {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return i1e(x); }
  static auto slope(auto x) { return i1e_slope(x); }
};
struct I1eSlope {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return i1e_slope(x); }
  static auto slope(auto x) { return sign(x) * (bessel_decay(2, x) - bessel_decay(3, x)); }
};
struct BesselDecay {
  static constexpr Reads reads = reads_x;
  int n;
  auto value(auto x) const { return bessel_decay(n, x); }
  auto slope(auto x) const { return -sign(x) * bessel_decay(n + 1, x); }
};
struct BesselK0 {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return bessel_k0(x); }
  static auto slope(auto x) { return -bessel_k1(x); }
};
struct BesselK1 {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return bessel_k1(x); }
  static auto slope(auto x) { return -(bessel_k0(x) + bessel_k1(x) / x); }
};
struct BesselJ {
  static constexpr Reads reads = reads_x;
  int n;
  auto value(auto x) const { return bessel_j(n, x); }
  template <class T>
  Batch<T> slope(Batch<T> x) const {
    return each_lane([n = n](T x, T) { return static_cast<T>(internal::bessel_j_slope_of(n, x)); }, x, x);
  }
  template <class V>
  V slope(const V& x) const {
    return 0.5 * bessel_j(n - 1, x) - 0.5 * bessel_j(n + 1, x);
  }
};
struct BesselY {
  static constexpr Reads reads = reads_x;
  int n;
  auto value(auto x) const { return bessel_y(n, x); }
  template <class T>
  Batch<T> slope(Batch<T> x) const {
    return each_lane([n = n](T x, T) { return static_cast<T>(internal::bessel_y_slope_of(n, x)); }, x, x);
  }
  template <class V>
  V slope(const V& x) const {
    return 0.5 * bessel_y(n - 1, x) - 0.5 * bessel_y(n + 1, x);
  }
};

// ---- Elementary ----

struct Sinc {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return sinc(x); }
  static auto slope(auto x) { return sinc_slope(x); }
};
struct SincSlope {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return sinc_slope(x); }
  static auto slope(auto x) { return sinc_derivative(2, x); }
};
struct SincDerivative {
  static constexpr Reads reads = reads_x;
  int n;
  auto value(auto x) const { return sinc_derivative(n, x); }
  auto slope(auto x) const { return sinc_derivative(n + 1, x); }
};
/// Without a bound; NaN outside of [0, 1], in the derivative too. Its derivative is a sum, as that of 1 / (x (1 - x))
/// is a difference of infinities where x^2 vanishes.
struct Logit {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return logit(x); }
  static auto slope(auto x) {
    auto is_inside = logical_and(x >= 0, x <= 1);
    return where(is_inside, 1 / x + 1 / (1 - x), zeros_like(x) + std::numeric_limits<double>::quiet_NaN());
  }
};
/// Of x within [eps, 1 - eps]; with eps above one half, the lower bound comes first.
struct BoundedLogit {
  static constexpr Reads reads = reads_x;
  double eps;
  template <class T>
  Batch<T> value(Batch<T> x) const {
    const T low = static_cast<T>(eps), high = 1 - low;
    return logit(where(x < low, Batch<T>(low), where(x > high, Batch<T>(high), x)));
  }
  /// At the bounds of the element's type.
  template <class T>
  Batch<T> slope(Batch<T> x) const {
    const T low = static_cast<T>(eps), high = 1 - low;
    return where(x >= low && x <= high, 1 / x + 1 / (1 - x), where(isnan(x), x, Batch<T>(0)));
  }
  template <class V>
  V slope(const V& x) const {
    auto is_inside = logical_and(x >= eps, x <= 1 - eps);
    V inside = where(is_inside, x, zeros_like(x) + 0.5);
    return where(is_inside, 1 / inside + 1 / (1 - inside), where(isnan(x), x, zeros_like(x)));
  }
};
struct Entr {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return entr(x); }
  static auto slope(auto x) { return entr_slope(x); }
};
struct EntrSlope {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return entr_slope(x); }
  static auto slope(auto x) { return -1 / x; }
};
/// a log(b), 0 where a is 0, unless b is NaN. Where a is 0 the derivative to it is 0 too for b <= 0; that to b is 0 at
/// (0, 0).
struct Xlogy {
  static constexpr Reads a_reads = reads_a | reads_b;
  static constexpr Reads b_reads = reads_a | reads_b;
  template <class V>
  static V value(V a, V b) {
    return where(isnan(b), b, where(a == 0, V(0), a * log(b)));
  }
  template <class V>
  static V slope_a(const V& a, const V& b) {
    auto is_zero = logical_and(a == 0, b <= 0);
    return where(is_zero, zeros_like(a), log(where(is_zero, ones_like(b), b)));
  }
  template <class V>
  static V slope_b(const V& a, const V& b) {
    auto is_zero = logical_and(a == 0, b == 0);
    return where(is_zero, zeros_like(a), a / where(is_zero, ones_like(b), b));
  }
};
/// a log(1 + b), likewise.
struct Xlog1py {
  static constexpr Reads a_reads = reads_a | reads_b;
  static constexpr Reads b_reads = reads_a | reads_b;
  template <class V>
  static V value(V a, V b) {
    return where(isnan(b), b, where(a == 0, V(0), a * log1p(b)));
  }
  template <class V>
  static V slope_a(const V& a, const V& b) {
    auto is_zero = logical_and(a == 0, b <= -1);
    return where(is_zero, zeros_like(a), log1p(where(is_zero, zeros_like(b), b)));
  }
  template <class V>
  static V slope_b(const V& a, const V& b) {
    auto is_zero = logical_and(a == 0, b == -1);
    return where(is_zero, zeros_like(a), a / (1 + where(is_zero, zeros_like(b), b)));
  }
};

}  // namespace formulas
}  // namespace XGRAD_SIMD_NAMESPACE
}  // namespace xgrad
