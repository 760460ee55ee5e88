// Formulas (../formulas.hpp) of choices beside maximum and minimum.
#pragma once

#include "../formulas.hpp"

namespace xgrad {
namespace XGRAD_SIMD_NAMESPACE {

/// On one integer, as on a batch.
template <std::integral T>
T where(bool condition, T a, T b) {
  return condition ? a : b;
}

namespace formulas {

/// max(a, b), which is a at a tie. Nothing flows to a nan, to which comparisons are false.
struct ClampMin {
  static constexpr Reads a_reads = reads_a | reads_b;
  static constexpr Reads b_reads = reads_a | reads_b;
  static auto value(auto a, auto b) { return max(a, b); }
  static auto slope_a(auto a, auto b) { return a >= b; }
  static auto slope_b(auto a, auto b) { return a < b; }
};
struct ClampMax {
  static constexpr Reads a_reads = reads_a | reads_b;
  static constexpr Reads b_reads = reads_a | reads_b;
  static auto value(auto a, auto b) { return min(a, b); }
  static auto slope_a(auto a, auto b) { return a <= b; }
  static auto slope_b(auto a, auto b) { return a > b; }
};

/// The other one beside a nan; a at a tie, and where both are nan.
struct Fmax {
  static constexpr Reads a_reads = reads_a | reads_b;
  static constexpr Reads b_reads = reads_a | reads_b;
  static auto value(auto a, auto b) { return where(isnan(b), a, where(isnan(a), b, max(a, b))); }
  static auto slope_a(auto a, auto b) { return logical_or(a >= b, isnan(b)); }
  static auto slope_b(auto a, auto b) { return logical_or(a < b, logical_and(isnan(a), b == b)); }
};
struct Fmin {
  static constexpr Reads a_reads = reads_a | reads_b;
  static constexpr Reads b_reads = reads_a | reads_b;
  static auto value(auto a, auto b) { return where(isnan(b), a, where(isnan(a), b, min(a, b))); }
  static auto slope_a(auto a, auto b) { return logical_or(a <= b, isnan(b)); }
  static auto slope_b(auto a, auto b) { return logical_or(a > b, logical_and(isnan(a), b == b)); }
};

/// 0 below 0, 1 above, b at 0.
struct Heaviside {
  static constexpr Reads a_reads = reads_nothing;
  static constexpr Reads b_reads = reads_a;
  template <class V>
  static V value(V a, V b) {
    return where(a == 0, b, where(a > 0, V(1), where(a < 0, V(0), a)));
  }
  static auto pull_a(auto g) { return zeros_like(g); }
  static auto pull_b(auto g, auto a) { return where(a == 0, g, zeros_like(g)); }
};

}  // namespace formulas
}  // namespace XGRAD_SIMD_NAMESPACE
}  // namespace xgrad
