// The elementwise formulas: a function's value, and its derivative with respect to each operand, written once.
//
//     struct Sin {
//       static constexpr Reads reads = reads_x;
//       static auto value(auto x) { return sin(x); }
//       static auto slope(auto x) { return cos(x); }      // is handed what `reads` names, in the order x, y
//     };
//
// value() is called with batches (and with single integers, where the operator keeps them). The slope is called with
// batches (first-order backward, one pass), with duals (map()), and with tensors (every further order), so that it is
// written in functions that all of them have. A slope that is a comparison stands for 1 or 0: it selects, so that no
// nan is made of 0 * inf. In place of slope() a formula has
//
//     divisor(...)        where the slope is 1 / divisor
//     pull(g, ...)        where the cotangent is no product
//     slope_a, slope_b, or pull_a, pull_b, with a_reads and b_reads, for two operands
//     has_pole            where the slope may be infinite or nan: a dual's directions that are 0 stay 0
//
// and beside it
//
//     value_and_slope(x)  of batches, {value, slope}: where both together cost much less than each by itself
//
// Parameters are members: a formula is a plain struct and goes to a kernel by value.
//
// No slope is rebuilt from a rounded output where that loses it (1 - y^2 near |y| = 1).
#pragma once

#include "math.hpp"
#include "math/tails.hpp"

namespace xgrad {
namespace internal {

/// Which values a derivative reads besides the cotangent: x (or a), b, and the result y.
enum Reads : unsigned { reads_nothing = 0, reads_x = 1, reads_a = 1, reads_b = 2, reads_y = 4 };
constexpr Reads operator|(Reads r, Reads s) { return static_cast<Reads>(unsigned{r} | unsigned{s}); }

/// Calls use(value...) with those of a, b, y that kReads names, in that order. The others may be null.
template <Reads kReads, class V, class Use>
decltype(auto) with_values(const V* a, const V* b, const V* y, const Use& use) {
  auto with_y = [&](const auto&... before) -> decltype(auto) {
    if constexpr ((kReads & reads_y) != 0)
      return use(before..., *y);
    else
      return use(before...);
  };
  auto with_b = [&](const auto&... before) -> decltype(auto) {
    if constexpr ((kReads & reads_b) != 0)
      return with_y(before..., *b);
    else
      return with_y(before...);
  };
  if constexpr ((kReads & reads_a) != 0)
    return with_b(*a);
  else
    return with_b();
}

}  // namespace internal

namespace XGRAD_SIMD_NAMESPACE {
namespace formulas {

using internal::Reads;
using enum internal::Reads;

// ---- Powers and signs ----

struct Abs {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return abs(x); }
  static auto slope(auto x) { return sign(x); }
};
/// What is constant but for its jumps.
struct Step {
  static constexpr Reads reads = reads_nothing;
  static auto pull(auto g) { return zeros_like(g); }
};
struct Sign : Step {
  static auto value(auto x) { return sign(x); }
};
struct Floor : Step {
  static auto value(auto x) { return floor(x); }
};
struct Ceil : Step {
  static auto value(auto x) { return ceil(x); }
};
struct Trunc : Step {
  static auto value(auto x) { return trunc(x); }
};
struct Round : Step {
  static auto value(auto x) { return round(x); }
};
struct Square {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return x * x; }
  static auto slope(auto x) { return 2 * x; }
};
struct Reciprocal {
  static constexpr Reads reads = reads_y;
  static constexpr bool has_pole = true;
  static auto value(auto x) { return 1 / x; }
  static auto slope(auto y) { return -(y * y); }
};
struct Sqrt {
  static constexpr Reads reads = reads_y;
  static auto value(auto x) { return sqrt(x); }
  static auto divisor(auto y) { return 2 * y; }
};
/// x^c for one number c.
struct PowNumber {
  static constexpr Reads reads = reads_x;
  static constexpr bool has_pole = true;
  double c;
  auto value(auto x) const { return pow(x, c); }
  auto slope(auto x) const { return c == 0 ? zeros_like(x) : c * pow(x, c - 1); }
};
/// a^b. Where a factor of a derivative is 0 the derivative is 0, even if the other factor is infinite or nan there: to
/// the base that is b, and to the exponent a^b at a = 0.
struct Pow {
  static constexpr Reads a_reads = reads_a | reads_b;
  static constexpr Reads b_reads = reads_a | reads_b | reads_y;
  static constexpr bool has_pole = true;
  static auto value(auto a, auto b) { return pow(a, b); }
  template <class V>
  static V slope_a(const V& a, const V& b) {
    return where(b == 0, zeros_like(a), b * pow(a, b - 1));
  }
  template <class V>
  static V slope_b(const V& a, const V& b, const V& y) {
    auto is_zero = logical_and(a == 0, b >= 0);
    return where(is_zero, zeros_like(a), y * log(where(is_zero, ones_like(a), a)));
  }
};

// ---- Choices. At a tie half of each derivative; 0 beside a NaN, to which every comparison is false. ----

struct Maximum {
  static constexpr Reads a_reads = reads_a | reads_b;
  static constexpr Reads b_reads = reads_a | reads_b;
  static auto value(auto a, auto b) { return max(a, b); }
  static auto pull_a(auto g, auto a, auto b) { return where(a > b, g, where(a == b, g * 0.5, zeros_like(g))); }
  static auto pull_b(auto g, auto a, auto b) { return pull_a(g, b, a); }
};
struct Minimum {
  static constexpr Reads a_reads = reads_a | reads_b;
  static constexpr Reads b_reads = reads_a | reads_b;
  static auto value(auto a, auto b) { return min(a, b); }
  static auto pull_a(auto g, auto a, auto b) { return where(a < b, g, where(a == b, g * 0.5, zeros_like(g))); }
  static auto pull_b(auto g, auto a, auto b) { return pull_a(g, b, a); }
};
struct Clamp {
  static constexpr Reads reads = reads_x;
  double low, high;
  template <class V>
  V value(V x) const {
    return min(max(x, V(low)), V(high));
  }
  auto slope(auto x) const { return logical_and(x >= low, x <= high); }
};

// ---- Exponentials and logarithms ----

struct Exp {
  static constexpr Reads reads = reads_y;
  static auto value(auto x) { return exp(x); }
  static auto slope(auto y) { return y; }
};
struct Expm1 {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return expm1(x); }
  static auto slope(auto x) { return exp(x); }
};
struct Log {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return log(x); }
  static auto divisor(auto x) { return x; }
};
struct Log1p {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return log1p(x); }
  static auto divisor(auto x) { return 1 + x; }
};

// ---- Trigonometric functions ----

struct Sin {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return sin(x); }
  static auto slope(auto x) { return cos(x); }
};
struct Cos {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return cos(x); }
  static auto slope(auto x) { return -sin(x); }
};
struct Tanh {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return tanh(x); }
  template <class T>
  static Batch<T> slope(Batch<T> x) {
    return sigmoid_slope(2 * x, T(4));
  }
  static auto slope(auto x) { return 4 * sigmoid_slope(2 * x); }
  template <class T>
  static auto value_and_slope(Batch<T> x) {
    return tanh_and_slope(x);
  }
};

// ---- The bell curve and its integrals. Where a factor x meets a vanishing one, x is bounded: inf * 0 would be
// nan. ----

/// exp(-x^2)
struct Bell {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return bell(x); }
  static auto slope(auto x) { return -2 * bounded(x, 30) * bell(x); }
};
struct Erf {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return erf(x); }
  template <class T>
  static Batch<T> slope(Batch<T> x) {
    return simd_math::times_bell(Batch<T>(2 * std::numbers::inv_sqrtpi), at_most(30, abs(x)), T(1));
  }
  static auto slope(auto x) { return 2 * std::numbers::inv_sqrtpi * bell(x); }
};
struct Erfc {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return erfc(x); }
  template <class T>
  static Batch<T> slope(Batch<T> x) {
    return simd_math::times_bell(Batch<T>(-2 * std::numbers::inv_sqrtpi), at_most(30, abs(x)), T(1));
  }
  static auto slope(auto x) { return -2 * std::numbers::inv_sqrtpi * bell(x); }
};
struct NormalDensity {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return normal_density(x); }
  static auto slope(auto x) { return -bounded(x, 40) * normal_density(x); }
};
struct NormalCdf {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return normal_cdf(x); }
  static auto slope(auto x) { return normal_density(x); }
};

// ---- Activations ----

struct Sigmoid {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return sigmoid(x); }
  static auto slope(auto x) { return sigmoid_slope(x); }
};
struct SigmoidSlope {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return sigmoid_slope(x); }
  static auto slope(auto x) { return -sigmoid_slope(x) * tanh(0.5 * x); }
};
struct LogSigmoid {
  static constexpr Reads reads = reads_x;
  template <class V>
  static V value(V x) {
    return min(x, V(0)) - log1p(exp(-abs(x)));
  }
  static auto slope(auto x) { return sigmoid(-x); }
};
/// log(1 + exp(beta x)) / beta; x itself where beta x > threshold.
struct Softplus {
  static constexpr Reads reads = reads_x;
  double beta = 1, threshold = 20;
  template <class T>
  Batch<T> value(Batch<T> x) const {
    return where(beta * x > threshold, x, softplus(x, beta));
  }
  template <class T>
  Batch<T> slope(Batch<T> x) const {
    return where(beta * x > threshold, Batch<T>(1), softplus_slope(x, beta));
  }
  template <class V>
  V slope(const V& x) const {
    V z = beta * x;
    return where(z > threshold, ones_like(x), sigmoid(z));
  }
};
struct Relu {
  static constexpr Reads reads = reads_y;
  template <class V>
  static V value(V x) {
    return max(x, V(0));
  }
  static auto slope(auto y) { return y > 0; }
};
struct LeakyRelu {
  static constexpr Reads reads = reads_x;
  double negative_slope;
  auto value(auto x) const { return where(x > 0, x, x * negative_slope); }
  auto pull(auto g, auto x) const { return where(x > 0, g, g * negative_slope); }
};
struct Elu {
  static constexpr Reads reads = reads_x;
  double alpha;
  auto value(auto x) const { return where(x > 0, x, alpha * expm1(x)); }
  /// exp of the positive side could overflow, and 0 * inf would reach the second order.
  auto slope(auto x) const { return where(x > 0, ones_like(x), alpha * exp(where(x > 0, zeros_like(x), x))); }
};
struct Silu {
  static constexpr Reads reads = reads_x;
  template <class T>
  static Batch<T> value(Batch<T> x) {
    return silu(x);
  }
  template <class T>
  static Batch<T> slope(Batch<T> x) {
    return silu_slope(x);
  }
  static auto slope(auto x) { return sigmoid(x) + bounded(x, 800) * sigmoid_slope(x); }
};
/// x Phi(x)
struct Gelu {
  static constexpr Reads reads = reads_x;
  template <class T>
  static Batch<T> value(Batch<T> x) {
    return gelu(x);
  }
  template <class T>
  static Batch<T> slope(Batch<T> x) {
    return gelu_slope(x);
  }
  static auto slope(auto x) { return normal_cdf(x) + bounded(x, 40) * normal_density(x); }
};
/// x sigmoid(2 u) with u = sqrt(2 / pi) (x + 0.044715 x^3), which is x (1 + tanh(u)) / 2. Beyond 32 it is 0 or x.
struct GeluTanh {
  static constexpr Reads reads = reads_x;
  static constexpr double kCubic = 0.044715;
  static constexpr double kTwice = 2 * std::numbers::sqrt2 * std::numbers::inv_sqrtpi;  // 2 sqrt(2 / pi)
  template <class T>
  static Batch<T> value(Batch<T> x) {
    return gelu_tanh(x);
  }
  template <class T>
  static Batch<T> slope(Batch<T> x) {
    return gelu_tanh_slope(x);
  }
  static auto slope(auto x) {
    auto z = bounded(x, 32);
    auto square = z * z;
    auto u = kTwice * z * (1 + kCubic * square);
    return sigmoid(u) + z * (kTwice * (1 + 3 * kCubic * square)) * sigmoid_slope(u);
  }
};

}  // namespace formulas
}  // namespace XGRAD_SIMD_NAMESPACE
}  // namespace xgrad
