// Formulas (../formulas.hpp) to the bases 2 and 10, and of numbers given by their logarithms.
#pragma once

#include "../formulas.hpp"
#include "../math/logarithm.hpp"

namespace xgrad {
namespace XGRAD_SIMD_NAMESPACE {
namespace formulas {

struct Exp2 {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return exp2(x); }
  static auto slope(auto x) { return exp2_slope(x); }
};
/// log(2) 2^x
struct Exp2Slope {
  static constexpr Reads reads = reads_y;
  static auto value(auto x) { return exp2_slope(x); }
  static auto slope(auto y) { return std::numbers::ln2 * y; }
};
// In this order nothing overflows before the slope does.
struct Log2 {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return log2(x); }
  static auto pull(auto g, auto x) { return std::numbers::log2e * g / x; }
};
struct Log10 {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return log10(x); }
  static auto pull(auto g, auto x) { return std::numbers::log10e * g / x; }
};

struct LogAddExp {
  static constexpr Reads a_reads = reads_a | reads_b;
  static constexpr Reads b_reads = reads_a | reads_b;
  static auto value(auto a, auto b) { return logaddexp(a, b); }
  static auto slope_a(auto a, auto b) { return share(a, b); }
  static auto slope_b(auto a, auto b) { return share(b, a); }
};
/// exp(a) / (exp(a) + exp(b))
struct Share {
  static constexpr Reads a_reads = reads_a | reads_b;
  static constexpr Reads b_reads = reads_a | reads_b;
  static auto value(auto a, auto b) { return share(a, b); }
  static auto slope_a(auto a, auto b) { return share(a, b) * share(b, a); }
  static auto slope_b(auto a, auto b) { return -share(a, b) * share(b, a); }
};
struct LogAddExp2 {
  static constexpr Reads a_reads = reads_a | reads_b;
  static constexpr Reads b_reads = reads_a | reads_b;
  static auto value(auto a, auto b) { return logaddexp2(a, b); }
  static auto slope_a(auto a, auto b) { return share2(a, b); }
  static auto slope_b(auto a, auto b) { return share2(b, a); }
};
/// 2^a / (2^a + 2^b)
struct Share2 {
  static constexpr Reads a_reads = reads_a | reads_b;
  static constexpr Reads b_reads = reads_a | reads_b;
  static auto value(auto a, auto b) { return share2(a, b); }
  static auto slope_a(auto a, auto b) { return std::numbers::ln2 * (share2(a, b) * share2(b, a)); }
  static auto slope_b(auto a, auto b) { return -std::numbers::ln2 * (share2(a, b) * share2(b, a)); }
};

}  // namespace formulas
}  // namespace XGRAD_SIMD_NAMESPACE
}  // namespace xgrad
