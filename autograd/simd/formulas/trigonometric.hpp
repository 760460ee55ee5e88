// Formulas (../formulas.hpp) of the trigonometric and hyperbolic functions and their inverses, and of the length and angle of
// (a, b).
#pragma once

#include "../formulas.hpp"
#include "../math/angle.hpp"
#include "../math/hyperbolic.hpp"

namespace xgrad {
namespace XGRAD_SIMD_NAMESPACE {
namespace formulas {

/// g / d, and 0 where both are 0: at an end of the domain, where the slope is infinite, a cotangent of 0 makes no nan.
template <class G, class V>
G over_pole(const G& g, const V& d) {
  return g / where(logical_and(g == 0, d == 0), ones_like(d), d);
}

struct Tan {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return tan(x); }
  static auto slope(auto x) { return secant_square(x); }
};
struct SecantSquare {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return secant_square(x); }
  static auto slope(auto x) { return 2 * secant_square(x) * tan(x); }
};

// The factors of 1 - x^2 lose nothing near its zeros.
struct Asin {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return asin(x); }
  static auto pull(auto g, auto x) { return over_pole(g, sqrt((1 - x) * (1 + x))); }
};
struct Acos {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return acos(x); }
  static auto pull(auto g, auto x) { return over_pole(-g, sqrt((1 - x) * (1 + x))); }
};
struct Atan {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return atan(x); }
  static auto slope(auto x) { return lorentz(x); }
};
struct Lorentz {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return lorentz(x); }
  static auto slope(auto x) { return -2 * (x * lorentz(x) * lorentz(x)); }
};

struct Sinh {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return sinh(x); }
  static auto slope(auto x) { return cosh(x); }
};
struct Cosh {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return cosh(x); }
  static auto slope(auto x) { return sinh(x); }
};
struct Asinh {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return asinh(x); }
  static auto divisor(auto x) { return hypot(x, ones_like(x)); }
};
struct Acosh {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return acosh(x); }
  /// From 1e9 on sqrt(x^2 - 1) is x, and x^2 may overflow.
  static auto pull(auto g, auto x) {
    auto is_large = x > 1e9;
    auto near = where(is_large, ones_like(x), x);
    return over_pole(g, where(is_large, x, sqrt((near - 1) * (near + 1))));
  }
};
struct Atanh {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return atanh(x); }
  static auto pull(auto g, auto x) { return over_pole(g, (1 - x) * (1 + x)); }
};

struct Tanhshrink {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return tanhshrink(x); }
  static auto slope(auto x) { return tanh_square(x); }
};
struct TanhSquare {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return tanh_square(x); }
  static auto slope(auto x) { return 8 * tanh(x) * sigmoid_slope(2 * x); }
};

// ---- Of two operands: (b, a) as a point of the plane. direction and winding are each other's derivatives, and are 0 at (0, 0). ----

struct Hypot {
  static constexpr Reads a_reads = reads_a | reads_b;
  static constexpr Reads b_reads = reads_a | reads_b;
  static auto value(auto a, auto b) { return hypot(a, b); }
  static auto slope_a(auto a, auto b) { return direction(a, b); }
  static auto slope_b(auto a, auto b) { return direction(b, a); }
};
/// a / hypot(a, b)
struct Direction {
  static constexpr Reads a_reads = reads_a | reads_b;
  static constexpr Reads b_reads = reads_a | reads_b;
  static auto value(auto a, auto b) { return direction(a, b); }
  static auto slope_a(auto a, auto b) { return direction(b, a) * winding(a, b); }
  static auto slope_b(auto a, auto b) { return -direction(a, b) * winding(a, b); }
};
struct Atan2 {
  static constexpr Reads a_reads = reads_a | reads_b;
  static constexpr Reads b_reads = reads_a | reads_b;
  static auto value(auto a, auto b) { return atan2(a, b); }
  static auto slope_a(auto a, auto b) { return winding(a, b); }
  static auto slope_b(auto a, auto b) { return -winding(b, a); }
};
/// b / (a^2 + b^2)
struct Winding {
  static constexpr Reads a_reads = reads_a | reads_b;
  static constexpr Reads b_reads = reads_a | reads_b;
  static auto value(auto a, auto b) { return winding(a, b); }
  static auto slope_a(auto a, auto b) { return -2 * (winding(a, b) * winding(b, a)); }
  static auto slope_b(auto a, auto b) {
    auto along = winding(a, b), across = winding(b, a);
    return (across - along) * (across + along);
  }
};

}  // namespace formulas
}  // namespace XGRAD_SIMD_NAMESPACE
}  // namespace xgrad
