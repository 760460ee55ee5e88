// Losses of numbers: mse, mae and rmse.
#include "../detail/formula.hpp"
#include "../detail/reduction.hpp"
#include "../elementwise.hpp"
#include "../reduce/norm.hpp"
#include "common.hpp"

namespace xgrad {

using namespace internal;

Tensor mse(const Operand& x, const Operand& target, Reduction reduction) {
  check_same_shape("mse", x, target);
  CallSite site(x.where());
  return reduce_losses(binary<reads_a | reads_b, reads_a | reads_b>(
                           "mse", x, target, [](auto x, auto t) { return square(x - t); },
                           [](auto g, auto x, auto t, auto) { return g * (x - t) * 2; },
                           [](auto g, auto x, auto t, auto) { return g * (t - x) * 2; }),
                       reduction);
}

Tensor mae(const Operand& x, const Operand& target, Reduction reduction) {
  check_same_shape("mae", x, target);
  CallSite site(x.where());
  return reduce_losses(binary<reads_a | reads_b, reads_a | reads_b>(
                           "mae", x, target, [](auto x, auto t) { return abs(x - t); },
                           [](auto g, auto x, auto t, auto) { return g * sign(x - t); },
                           [](auto g, auto x, auto t, auto) { return g * sign(t - x); }),
                       reduction);
}

Tensor rmse(const Operand& x, const Operand& target) {
  check_same_shape("rmse", x, target);
  CallSite site(x.where());
  Tensor difference = floating_operand("rmse", x - target);
  const unsigned mask = axis_mask("rmse", Axes::all(), difference.ndim(), x.where());
  return root_of_squares("rmse", difference, mask, Shape{}, static_cast<double>(difference.numel()), x.where());
}

}  // namespace xgrad
