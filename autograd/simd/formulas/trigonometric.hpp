// Formulas (../formulas.hpp) of the trigonometric and hyperbolic functions and their inverses, and of the length and
// angle of (a, b).
#pragma once

#include "../formulas.hpp"
#include "../math/angle.hpp"
#include "../math/hyperbolic.hpp"

namespace xgrad {
namespace XGRAD_SIMD_NAMESPACE {
namespace formulas {

/// g times a slope, and 0 where that is infinite and g is 0: at an end of the domain a cotangent of 0 makes no nan.
template <class G, class V>
G times_pole(const G& g, const V& slope) {
  return g * where(logical_and(g == 0, isinf(slope)), zeros_like(slope), slope);
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

// Inverse functions whose slope is infinite at an end of the domain; slopes of slopes are made of themselves.
struct Asin {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return asin(x); }
  static auto pull(auto g, auto x) { return times_pole(g, asin_slope(x)); }
};
struct Acos {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return acos(x); }
  static auto pull(auto g, auto x) { return -times_pole(g, asin_slope(x)); }
};
/// 1 / sqrt(1 - x^2)
struct AsinSlope {
  static constexpr Reads reads = reads_x | reads_y;
  static auto value(auto x) { return asin_slope(x); }
  static auto pull(auto g, auto x, auto y) { return times_pole(g, x * y * y * y); }
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
  static auto slope(auto x) { return direction(ones_like(x), x); }
};
struct Acosh {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return acosh(x); }
  static auto pull(auto g, auto x) { return times_pole(g, acosh_slope(x)); }
};
/// 1 / sqrt(x^2 - 1)
struct AcoshSlope {
  static constexpr Reads reads = reads_x | reads_y;
  static auto value(auto x) { return acosh_slope(x); }
  static auto pull(auto g, auto x, auto y) { return times_pole(g, -(x * y * y * y)); }
};
struct Atanh {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return atanh(x); }
  static auto pull(auto g, auto x) { return times_pole(g, atanh_slope(x)); }
};
/// 1 / (1 - x^2)
struct AtanhSlope {
  static constexpr Reads reads = reads_x | reads_y;
  static auto value(auto x) { return atanh_slope(x); }
  static auto pull(auto g, auto x, auto y) { return times_pole(g, 2 * (x * y * y)); }
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

// ---- Of two operands: (b, a) as a point of the plane. direction and winding are each other's derivatives, and are 0
// at (0, 0). ----

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
