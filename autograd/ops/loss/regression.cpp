// Losses of numbers: mse, mae and rmse.
#include "../arithmetic.hpp"
#include "../choose.hpp"
#include "../compare.hpp"
#include "../create.hpp"
#include "../detail/formula.hpp"
#include "../detail/reduction.hpp"
#include "../reduce/norm.hpp"
#include "common.hpp"

namespace xgrad {

using namespace internal;

namespace {

struct SquaredError {
  static constexpr Reads a_reads = reads_a | reads_b, b_reads = reads_a | reads_b;
  static auto value(auto x, auto t) { return square(x - t); }
  static auto pull_a(auto g, auto x, auto t) { return g * (x - t) * 2; }
  static auto pull_b(auto g, auto x, auto t) { return g * (t - x) * 2; }
};
struct AbsoluteError {
  static constexpr Reads a_reads = reads_a | reads_b, b_reads = reads_a | reads_b;
  static auto value(auto x, auto t) { return abs(x - t); }
  static auto slope_a(auto x, auto t) { return sign(x - t); }
  static auto slope_b(auto x, auto t) { return sign(t - x); }
};

}  // namespace

Tensor mse(const Operand& x, const Operand& target, Reduction reduction) {
  check_same_shape("mse", x, target);
  CallSite site(x.where());
  return reduce_losses(binary("mse", x, target, SquaredError{}), reduction);
}

Tensor mae(const Operand& x, const Operand& target, Reduction reduction) {
  check_same_shape("mae", x, target);
  CallSite site(x.where());
  return reduce_losses(binary("mae", x, target, AbsoluteError{}), reduction);
}

Tensor rmse(const Operand& x, const Operand& target) {
  check_same_shape("rmse", x, target);
  CallSite site(x.where());
  Tensor difference = floating_operand("rmse", x - target);
  const unsigned mask = axis_mask("rmse", Axes::all(), difference.ndim(), x.where());
  return root_of_squares("rmse", difference, mask, Shape{}, static_cast<double>(difference.numel()), x.where());
}

}  // namespace xgrad
