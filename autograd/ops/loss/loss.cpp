// The losses of numbers, and of yes and no: each an elementwise operator, reduced.
#include "../loss.hpp"

#include <cmath>

#include "../detail/formula.hpp"

namespace xgrad {
namespace {

using namespace internal;

/// exp(-100): below it binary_cross_entropy cuts the logarithm.
constexpr double kSmallest = 3.7200759760208356e-44;

void check_same_shape(const char* name, const Operand& x, const Operand& target) {
  const Shape& shape = x.tensor(name).shape();
  const Shape& expected = target.tensor(name).shape();
  check(shape == expected, x.where(), name, ": x and target must have one shape, but x is ", shape, " and target is ",
        expected, ". Reshape one of them.");
}

/// A weight that stretches to x's shape, in its dtype.
void check_weight(const char* name, const char* what, const Tensor& weight, const Operand& x) {
  const Shape& shape = x.tensor(name).shape();
  check(!weight.defined() || broadcasts_to(weight.shape(), shape), x.where(), name, ": ", what,
        " must broadcast to x's shape, but x is ", shape, " and it is ", weight.defined() ? weight.shape() : Shape{},
        ".");
}

Tensor reduce(const Tensor& losses, Reduction reduction) {
  if (reduction == Reduction::none) return losses;
  return reduction == Reduction::sum ? sum(losses) : mean(losses);
}

}  // namespace

Tensor mse(const Operand& x, const Operand& target, Reduction reduction) {
  check_same_shape("mse", x, target);
  CallSite site(x.where());
  return reduce(binary<reads_a | reads_b, reads_a | reads_b>(
                    "mse", x, target, [](auto x, auto t) { return square(x - t); },
                    [](auto g, auto x, auto t, auto) { return g * (x - t) * 2; },
                    [](auto g, auto x, auto t, auto) { return g * (t - x) * 2; }),
                reduction);
}

Tensor mae(const Operand& x, const Operand& target, Reduction reduction) {
  check_same_shape("mae", x, target);
  CallSite site(x.where());
  return reduce(binary<reads_a | reads_b, reads_a | reads_b>(
                    "mae", x, target, [](auto x, auto t) { return abs(x - t); },
                    [](auto g, auto x, auto t, auto) { return g * sign(x - t); },
                    [](auto g, auto x, auto t, auto) { return g * sign(t - x); }),
                reduction);
}

Tensor rmse(const Operand& x, const Operand& target) {
  check_same_shape("rmse", x, target);
  CallSite site(x.where());
  // The norm has the convention at 0; the square root's own derivative is infinite there.
  return norm(x - target) * (1 / std::sqrt(static_cast<double>(x.tensor("rmse").numel())));
}

Tensor binary_cross_entropy(const Operand& x, const Operand& target, BinaryCrossEntropyOptions options) {
  constexpr const char* kName = "binary_cross_entropy";
  check_same_shape(kName, x, target);
  check_weight(kName, "weight", options.weight, x);
  CallSite site(x.where());
  const Tensor& probabilities = x.tensor(kName);
  if (probabilities.numel() > 0) {
    double low = amin(probabilities.detach()).item();
    double high = amax(probabilities.detach()).item();
    check(low >= 0 && high <= 1, x.where(), kName, ": x must be in [0, 1], but its smallest element is ", low,
          " and its largest ", high, ". Pass logits to binary_cross_entropy_with_logits.");
  }

  // The inner where() keeps 0 * inf out of the second derivative.
  auto log_x = [](auto x) { return where(x > kSmallest, log(where(x > kSmallest, x, 1)), -100); };
  auto log_rest = [](auto x) { return where(x < 1, log1p(-where(x < 1, x, 0)), -100); };
  Tensor losses = binary<reads_a | reads_b, reads_a>(
      kName, x, target, [=](auto x, auto t) { return (t - 1) * log_rest(x) - t * log_x(x); },
      [](auto g, auto x, auto t, auto) {
        auto variance = x * (1 - x);
        return g * (x - t) / where(variance > 1e-12, variance, 1e-12);
      },
      [=](auto g, auto x, auto, auto) { return g * (log_rest(x) - log_x(x)); });
  if (options.weight.defined()) losses = losses * options.weight;
  return reduce(losses, options.reduction);
}

Tensor binary_cross_entropy_with_logits(const Operand& x, const Operand& target, BinaryCrossEntropyWithLogitsOptions options) {
  constexpr const char* kName = "binary_cross_entropy_with_logits";
  check_same_shape(kName, x, target);
  check_weight(kName, "weight", options.weight, x);
  check_weight(kName, "pos_weight", options.pos_weight, x);
  CallSite site(x.where());
  Tensor losses;
  if (options.pos_weight.defined()) {
    losses = (target - 1) * log_sigmoid(neg(x)) - options.pos_weight * target * log_sigmoid(x);
  } else {
    losses = binary<reads_a | reads_b, reads_a>(
        kName, x, target, [](auto x, auto t) { return max(x, 0) - x * t + log1p(exp(-abs(x))); },
        [](auto g, auto x, auto t, auto) { return g * (sigmoid(x) - t); },
        [](auto g, auto x, auto, auto) { return -g * x; });
  }
  if (options.weight.defined()) losses = losses * options.weight;
  return reduce(losses, options.reduction);
}

}  // namespace xgrad
