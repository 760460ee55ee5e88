// Dual numbers: a value together with its derivatives along N directions, carried through a formula by the
// chain rule (forward mode). map() evaluates a user's lambda on duals of SIMD batches to get all its partial
// derivatives in one pass; duals of duals give the second order. Griewank, Walther, Evaluating Derivatives,
// 2nd ed., SIAM 2008, ch. 3.
#pragma once

#include "math.hpp"

namespace xgrad {
namespace XGRAD_SIMD_NAMESPACE {

/// V is a Batch, or a Dual again. The functions are those of Batch; conventions at kinks are the operators'.
template <class V, int N>
struct Dual {
  V value;
  V d[N];

  Dual() = default;
  Dual(V value) : value(value) {
    for (V& part : d) part = V(0);
  }
  template <Number T>
  Dual(T number) : Dual(V(number)) {}

  /// The variable that direction i belongs to.
  static Dual variable(V value, int i) {
    Dual x(value);
    x.d[i] = V(1);
    return x;
  }

  /// f(x) where f'(x) is known.
  static Dual chain(const Dual& x, V value, V slope) {
    Dual y;
    y.value = value;
    for (int i = 0; i < N; ++i) y.d[i] = slope * x.d[i];
    return y;
  }
  /// The same where the slope may be infinite or nan: directions that x does not depend on stay out of it.
  static Dual chain_at_pole(const Dual& x, V value, V slope) {
    return combine(value, [&](int i) { return times(slope, x.d[i]); });
  }
  template <class F>
  static Dual combine(V value, const F& part) {
    Dual y;
    y.value = value;
    for (int i = 0; i < N; ++i) y.d[i] = part(i);
    return y;
  }

  friend Dual operator+(const Dual& a, const Dual& b) {
    return combine(a.value + b.value, [&](int i) { return a.d[i] + b.d[i]; });
  }
  friend Dual operator-(const Dual& a, const Dual& b) {
    return combine(a.value - b.value, [&](int i) { return a.d[i] - b.d[i]; });
  }
  friend Dual operator*(const Dual& a, const Dual& b) {
    return combine(a.value * b.value, [&](int i) { return a.d[i] * b.value + a.value * b.d[i]; });
  }
  friend Dual operator/(const Dual& a, const Dual& b) {
    V ratio = a.value / b.value;
    return combine(ratio, [&](int i) { return times(1 / b.value, a.d[i] - times(ratio, b.d[i])); });
  }
  friend Dual operator-(const Dual& x) {
    return combine(-x.value, [&](int i) { return -x.d[i]; });
  }

  // With a plain number on one side there is nothing to differentiate on that side.
  template <Number T>
  friend Dual operator+(const Dual& a, T b) {
    return combine(a.value + b, [&](int i) { return a.d[i]; });
  }
  template <Number T>
  friend Dual operator+(T a, const Dual& b) {
    return b + a;
  }
  template <Number T>
  friend Dual operator-(const Dual& a, T b) {
    return combine(a.value - b, [&](int i) { return a.d[i]; });
  }
  template <Number T>
  friend Dual operator-(T a, const Dual& b) {
    return combine(a - b.value, [&](int i) { return -b.d[i]; });
  }
  template <Number T>
  friend Dual operator*(const Dual& a, T b) {
    return combine(a.value * b, [&](int i) { return a.d[i] * b; });
  }
  template <Number T>
  friend Dual operator*(T a, const Dual& b) {
    return b * a;
  }
  template <Number T>
  friend Dual operator/(const Dual& a, T b) {
    return combine(a.value / b, [&](int i) { return a.d[i] / b; });
  }
  template <Number T>
  friend Dual operator/(T a, const Dual& b) {
    V y = a / b.value;
    return chain_at_pole(b, y, -y / b.value);
  }
  Dual& operator+=(const Dual& b) { return *this = *this + b; }
  Dual& operator-=(const Dual& b) { return *this = *this - b; }
  Dual& operator*=(const Dual& b) { return *this = *this * b; }
  Dual& operator/=(const Dual& b) { return *this = *this / b; }

  friend auto operator==(const Dual& a, const Dual& b) { return a.value == b.value; }
  friend auto operator!=(const Dual& a, const Dual& b) { return a.value != b.value; }
  friend auto operator<(const Dual& a, const Dual& b) { return a.value < b.value; }
  friend auto operator<=(const Dual& a, const Dual& b) { return a.value <= b.value; }
  friend auto operator>(const Dual& a, const Dual& b) { return a.value > b.value; }
  friend auto operator>=(const Dual& a, const Dual& b) { return a.value >= b.value; }
  friend auto isnan(const Dual& x) { return isnan(x.value); }
  friend auto isinf(const Dual& x) { return isinf(x.value); }
  friend auto isfinite(const Dual& x) { return isfinite(x.value); }

  template <class M>
  friend Dual where(M condition, const Dual& a, const Dual& b) {
    return combine(where(condition, a.value, b.value), [&](int i) { return where(condition, a.d[i], b.d[i]); });
  }
  /// At a tie half of each derivative; 0 where either is NaN.
  friend Dual max(const Dual& a, const Dual& b) {
    return where(a > b, a, where(b > a, b, where(a == b, (a + b) * 0.5, Dual(max(a.value, b.value)))));
  }
  friend Dual min(const Dual& a, const Dual& b) {
    return where(a < b, a, where(b < a, b, where(a == b, (a + b) * 0.5, Dual(min(a.value, b.value)))));
  }

  friend Dual abs(const Dual& x) { return chain(x, abs(x.value), sign(x.value)); }
  friend Dual sign(const Dual& x) { return sign(x.value); }
  friend Dual floor(const Dual& x) { return floor(x.value); }
  friend Dual ceil(const Dual& x) { return ceil(x.value); }
  friend Dual trunc(const Dual& x) { return trunc(x.value); }
  friend Dual round(const Dual& x) { return round(x.value); }
  friend Dual zeros_like(const Dual&) { return 0; }
  friend Dual square(const Dual& x) { return chain(x, square(x.value), 2 * x.value); }
  friend Dual reciprocal(const Dual& x) { return 1 / x; }
  friend Dual sqrt(const Dual& x) {
    V y = sqrt(x.value);
    return chain_at_pole(x, y, 0.5 / y);
  }
  friend Dual exp(const Dual& x) {
    V y = exp(x.value);
    return chain(x, y, y);
  }
  friend Dual expm1(const Dual& x) {
    V y = expm1(x.value);
    return chain(x, y, y + 1);
  }
  friend Dual log(const Dual& x) { return chain_at_pole(x, log(x.value), 1 / x.value); }
  friend Dual log1p(const Dual& x) { return chain_at_pole(x, log1p(x.value), 1 / (1 + x.value)); }
  friend Dual sin(const Dual& x) { return chain(x, sin(x.value), cos(x.value)); }
  friend Dual cos(const Dual& x) { return chain(x, cos(x.value), -sin(x.value)); }
  friend Dual tanh(const Dual& x) {
    V y = tanh(x.value);
    return chain(x, y, 1 - y * y);
  }
  friend Dual sigmoid(const Dual& x) {
    V y = sigmoid(x.value);
    return chain(x, y, y * (1 - y));
  }
  friend Dual erf(const Dual& x) {
    constexpr double kTwoOverSqrtPi = 1.12837916709551257390;
    return chain(x, erf(x.value), kTwoOverSqrtPi * exp(-x.value * x.value));
  }
  template <Number T>
  friend Dual pow(const Dual& x, T c) {
    if (c == 0) return 1;
    return chain_at_pole(x, pow(x.value, c), c * pow(x.value, c - 1));
  }
  friend Dual pow(const Dual& a, const Dual& b) {
    V y = pow(a.value, b.value);
    V zero(0);
    V slope_a = where(b.value == zero, zero, b.value * pow(a.value, b.value - 1));
    V slope_b = where(a.value == zero && b.value >= zero, zero, y * log(a.value));
    return combine(y, [&](int i) { return times(slope_a, a.d[i]) + times(slope_b, b.d[i]); });
  }

 private:
  /// slope d, and 0 where d is, whatever the slope.
  static V times(const V& slope, const V& d) { return where(is_zero(d), V(0), slope * d); }

  friend auto is_zero(const Dual& x) {
    auto zero = is_zero(x.value);
    for (const V& part : x.d) zero = zero && is_zero(part);
    return zero;
  }
};
template <class T>
Mask<T> is_zero(Batch<T> x) {
  return x == 0;
}

/// The value as a constant.
template <class T>
Batch<T> without_slope(const Batch<T>& x) {
  return x;
}
template <class V, int N>
Dual<V, N> without_slope(const Dual<V, N>& x) {
  return x.value;
}

/// A type that formulas of map() are evaluated on.
template <class V>
inline constexpr bool kIsLane = false;
template <class T>
inline constexpr bool kIsLane<Batch<T>> = true;
template <class V, int N>
inline constexpr bool kIsLane<Dual<V, N>> = true;
template <class V>
concept Lane = kIsLane<V>;

// Functions that are made of others, so that one definition serves batches and duals.
template <Lane V>
V relu(const V& x) {
  return where(x > V(0), x, where(isnan(x), without_slope(x), V(0)));
}
template <Lane V>
V leaky_relu(const V& x, double slope = 0.01) {
  return where(x > V(0), x, x * slope);
}
template <Lane V>
V elu(const V& x, double alpha = 1) {
  return where(x > V(0), x, alpha * expm1(where(x > V(0), V(0), x)));
}
template <Lane V>
V silu(const V& x) {
  return x * sigmoid(x);
}
template <Lane V>
V gelu(const V& x) {
  constexpr double kInvSqrt2 = 0.70710678118654752440;
  return 0.5 * x * (1 + erf(x * kInvSqrt2));
}
/// log(1 + exp(x)); x itself above 20.
template <class T>
Batch<T> softplus(const Batch<T>& x) {
  return where(x > Batch<T>(20), x, max(x, Batch<T>(0)) + log1p(exp(-abs(x))));
}
template <class V, int N>
Dual<V, N> softplus(const Dual<V, N>& x) {
  return Dual<V, N>::chain(x, softplus(x.value), where(x.value > V(20), V(1), sigmoid(x.value)));
}
template <class T>
Batch<T> log_sigmoid(const Batch<T>& x) {
  return min(x, Batch<T>(0)) - log1p(exp(-abs(x)));
}
template <class V, int N>
Dual<V, N> log_sigmoid(const Dual<V, N>& x) {
  return Dual<V, N>::chain(x, log_sigmoid(x.value), sigmoid(-x.value));
}
template <Lane V>
V clamp(const V& x, double low, double high) {
  return where(x < V(low), V(low), where(x > V(high), V(high), where(isnan(x), without_slope(x), x)));
}
/// The larger, the smaller of a lane and a number.
template <Lane V, Number T>
V maximum(const V& a, T b) {
  return max(a, V(b));
}
template <Lane V, Number T>
V maximum(T a, const V& b) {
  return max(V(a), b);
}
template <Lane V>
V maximum(const V& a, const V& b) {
  return max(a, b);
}
template <Lane V, Number T>
V minimum(const V& a, T b) {
  return min(a, V(b));
}
template <Lane V, Number T>
V minimum(T a, const V& b) {
  return min(V(a), b);
}
template <Lane V>
V minimum(const V& a, const V& b) {
  return min(a, b);
}

}  // namespace XGRAD_SIMD_NAMESPACE

using XGRAD_SIMD_NAMESPACE::Dual;
using XGRAD_SIMD_NAMESPACE::kIsLane;
using XGRAD_SIMD_NAMESPACE::Lane;
}  // namespace xgrad
