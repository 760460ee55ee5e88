// Formulas (../formulas.hpp) of divisions with a rest, and of signs, exponents and last bits.
#pragma once

#include "../formulas.hpp"
#include "../math/cube_root.hpp"
#include "../math/division.hpp"
#include "../math/parts.hpp"

namespace xgrad {
namespace XGRAD_SIMD_NAMESPACE {
namespace formulas {

struct Rsqrt {
  static constexpr Reads reads = reads_x;
  static constexpr bool has_pole = true;
  static auto value(auto x) { return 1 / sqrt(x); }
  static auto slope(auto x) { return rsqrt_slope(x); }
};
struct RsqrtSlope {
  static constexpr Reads reads = reads_x | reads_y;
  static constexpr bool has_pole = true;
  static auto value(auto x) { return rsqrt_slope(x); }
  static auto slope(auto x, auto y) { return -1.5 * y / x; }
};
struct Cbrt {
  static constexpr Reads reads = reads_x;
  static constexpr bool has_pole = true;
  static auto value(auto x) { return cbrt(x); }
  static auto slope(auto x) { return cbrt_slope(x); }
};
struct CbrtSlope {
  static constexpr Reads reads = reads_x | reads_y;
  static constexpr bool has_pole = true;
  static auto value(auto x) { return cbrt_slope(x); }
  static auto slope(auto x, auto y) { return y / x * (-2. / 3); }
};
struct Identity {
  static constexpr Reads reads = reads_nothing;
  static auto value(auto x) { return x; }
  static auto pull(auto g) { return g; }
};
/// A multiple of x.
struct Multiple {
  static constexpr Reads reads = reads_nothing;
  double factor;
  auto value(auto x) const { return x * factor; }
  auto pull(auto g) const { return g * factor; }
};
struct Fraction {
  static constexpr Reads reads = reads_nothing;
  static auto value(auto x) { return x - trunc(x); }
  static auto pull(auto g) { return g; }
};
struct NanToNum {
  static constexpr Reads reads = reads_x;
  double nan, positive, negative;
  template <class V>
  V value(V x) const {
    return where(isnan(x), V(nan), where(isinf(x), where(x > 0, V(positive), V(negative)), x));
  }
  static auto slope(auto x) { return isfinite(x); }
};

/// The rest y of a quotient that is rounded to a whole number: by that number b's share of y changes with b.
struct Rest {
  static constexpr Reads a_reads = reads_nothing;
  static constexpr Reads b_reads = reads_a | reads_b | reads_y;
  static auto pull_a(auto g) { return g; }
  static auto pull_b(auto g, auto a, auto b, auto y) { return -g * round((a - y) / b); }
};
struct Fmod : Rest {
  static auto value(auto a, auto b) { return fmod(a, b); }
};
struct Remainder : Rest {
  static auto value(auto a, auto b) { return remainder(a, b); }
};
/// What is constant but for its jumps.
struct StepOfTwo {
  static constexpr Reads a_reads = reads_nothing;
  static constexpr Reads b_reads = reads_nothing;
  static auto pull_a(auto g) { return zeros_like(g); }
  static auto pull_b(auto g) { return zeros_like(g); }
};
struct FloorDivide : StepOfTwo {
  static auto value(auto a, auto b) { return floor_divide(a, b); }
};
struct TruncDivide : StepOfTwo {
  static auto value(auto a, auto b) { return trunc(a / b); }
};

struct Copysign {
  static constexpr Reads a_reads = reads_a | reads_b;
  static constexpr Reads b_reads = reads_nothing;
  static auto value(auto a, auto b) { return copysign(a, b); }
  static auto pull_a(auto g, auto a, auto b) {
    return where(a == 0, zeros_like(g), where(signbit(a) != signbit(b), -g, g));
  }
  static auto pull_b(auto g) { return zeros_like(g); }
};
/// It moves with a.
struct Nextafter {
  static constexpr Reads a_reads = reads_nothing;
  static constexpr Reads b_reads = reads_nothing;
  static auto value(auto a, auto b) { return nextafter(a, b); }
  static auto pull_a(auto g) { return g; }
  static auto pull_b(auto g) { return zeros_like(g); }
};
struct Ldexp {
  static constexpr Reads a_reads = reads_b;
  static constexpr Reads b_reads = reads_y;
  static auto value(auto a, auto b) { return ldexp(a, b); }
  static auto pull_a(auto g, auto b) { return ldexp(g, b); }
  static auto pull_b(auto g, auto y) { return g * (std::numbers::ln2 * y); }
};

}  // namespace formulas
}  // namespace XGRAD_SIMD_NAMESPACE
}  // namespace xgrad
