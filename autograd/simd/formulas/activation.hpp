// Formulas (../formulas.hpp) of activations beside the common ones.
#pragma once

#include "../formulas.hpp"
#include "../math/activation.hpp"

namespace xgrad {
namespace XGRAD_SIMD_NAMESPACE {
namespace formulas {

/// x where x > 0, else alpha (exp(x / alpha) - 1).
struct Celu {
  static constexpr Reads reads = reads_x;
  double alpha;
  auto value(auto x) const { return where(x > 0, x, scaled_expm1(alpha, alpha, x)); }
  /// As in Elu.
  auto slope(auto x) const { return where(x > 0, ones_like(x), scaled_exp(1, alpha, where(x > 0, zeros_like(x), x))); }
};
/// scale x where x > 0, else scale alpha (exp(x) - 1).
struct Selu {
  static constexpr Reads reads = reads_x;
  static constexpr double kAlpha = 1.6732632423543772848170429916717, kScale = 1.0507009873554804934193349852946;
  static auto value(auto x) { return where(x > 0, kScale * x, scaled_expm1(kScale * kAlpha, 1, x)); }
  template <class V>
  static V slope(const V& x) {
    return where(x > 0, kScale * ones_like(x), scaled_exp(kScale * kAlpha, 1, where(x > 0, zeros_like(x), x)));
  }
};
struct Mish {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return mish(x); }
  static auto slope(auto x) { return mish_slope(x); }
};
struct Softsign {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return x / (1 + abs(x)); }
  static auto slope(auto x) { return softsign_slope(x); }
};
/// x between the bounds, and the bound beyond; slope 0 at the bounds.
struct Hardtanh {
  static constexpr Reads reads = reads_x;
  double low, high;
  template <class V>
  V value(V x) const {
    return min(max(x, V(low)), V(high));
  }
  auto slope(auto x) const { return logical_and(x > low, x < high); }
};
struct Hardsigmoid {
  static constexpr Reads reads = reads_x;
  template <class V>
  static V value(V x) {
    return min(max(x + 3, V(0)), V(6)) / 6;
  }
  static auto pull(auto g, auto x) { return where(logical_and(x > -3, x < 3), g / 6, zeros_like(g)); }
};
/// x hardsigmoid(x)
struct Hardswish {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return hardswish(x); }
  template <class V>
  static V slope(const V& x) {
    V inside = where(logical_and(x >= -3, x <= 3), (x + 1.5) / 3, zeros_like(x));
    return where(x > 3, ones_like(x), inside);
  }
};
/// 0 within lambda of 0, and x else.
struct Hardshrink {
  static constexpr Reads reads = reads_x;
  double lambda;
  auto value(auto x) const { return where(abs(x) <= lambda, zeros_like(x), x); }
  auto slope(auto x) const { return abs(x) > lambda; }
};
/// 0 within lambda of 0, and lambda nearer to it else.
struct Softshrink {
  static constexpr Reads reads = reads_x;
  double lambda;
  auto value(auto x) const { return where(x > lambda, x - lambda, where(x < -lambda, x + lambda, x * 0)); }
  auto slope(auto x) const { return abs(x) > lambda; }
};
/// x where it is above the bound, else a value.
struct Threshold {
  static constexpr Reads reads = reads_x;
  double bound, otherwise;
  template <class V>
  V value(V x) const {
    return where(x <= bound, V(otherwise), x);
  }
  auto slope(auto x) const { return x > bound; }
};

// ---- Of two operands ----

/// A leaky rectifier whose slope is an operand.
struct Prelu {
  static constexpr Reads a_reads = reads_a | reads_b;
  static constexpr Reads b_reads = reads_a;
  static auto value(auto a, auto b) { return where(a > 0, a, b * a); }
  static auto pull_a(auto g, auto a, auto b) { return where(a > 0, g, g * b); }
  static auto pull_b(auto g, auto a) { return where(a > 0, zeros_like(g), g * a); }
};
/// a sigmoid(b)
struct Gate {
  static constexpr Reads a_reads = reads_b;
  static constexpr Reads b_reads = reads_a | reads_b;
  static auto value(auto a, auto b) { return a * sigmoid(b); }
  static auto slope_a(auto b) { return sigmoid(b); }
  static auto slope_b(auto a, auto b) { return a * sigmoid_slope(b); }
};

}  // namespace formulas
}  // namespace XGRAD_SIMD_NAMESPACE
}  // namespace xgrad
