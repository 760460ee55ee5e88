// Losses of numbers: mse, mae, rmse, huber_loss and smooth_l1_loss.
#include "../arithmetic.hpp"
#include "../choose.hpp"
#include "../compare.hpp"
#include "../create.hpp"
#include "../detail/formula.hpp"
#include "../detail/reduction.hpp"
#include "../reduce/norm.hpp"
#include "common.hpp"

namespace xgrad XGRAD_API {

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
/// Quadratic near 0, linear from `bound` on; the quadratic is z^2 / (2 divisor).
struct BoundedError {
  static constexpr Reads a_reads = reads_a | reads_b, b_reads = reads_a | reads_b;
  double bound, divisor;
  auto value(auto x, auto t) const {
    auto z = x - t;
    auto size = abs(z);
    return where(size < bound, 0.5 * z * z / divisor, (bound / divisor) * (size - 0.5 * bound));
  }
  auto pull_a(auto g, auto x, auto t) const {
    auto z = x - t;
    return where(abs(z) < bound, g * (z / divisor), g * (sign(z) * (bound / divisor)));
  }
  auto pull_b(auto g, auto x, auto t) const { return pull_a(g, t, x); }
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

Tensor huber_loss(const Operand& x, const Operand& target, HuberLossOptions options) {
  check_same_shape("huber_loss", x, target);
  check(options.delta > 0, x.where(), "huber_loss: delta must be above 0, but it is ", options.delta, ".");
  CallSite site(x.where());
  return reduce_losses(binary("huber_loss", x, target, BoundedError{options.delta, 1}), options.reduction);
}

Tensor smooth_l1_loss(const Operand& x, const Operand& target, SmoothL1LossOptions options) {
  check_same_shape("smooth_l1_loss", x, target);
  check(options.beta >= 0, x.where(), "smooth_l1_loss: beta must not be negative, but it is ", options.beta, ".");
  CallSite site(x.where());
  if (options.beta == 0) return reduce_losses(binary("smooth_l1_loss", x, target, AbsoluteError{}), options.reduction);
  return reduce_losses(binary("smooth_l1_loss", x, target, BoundedError{options.beta, options.beta}),
                       options.reduction);
}

}  // namespace xgrad
