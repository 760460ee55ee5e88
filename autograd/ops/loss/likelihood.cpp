// Losses of distributions: kl_div, poisson_nll_loss and gaussian_nll_loss.
#include <cmath>
#include <numbers>

#include "../arithmetic.hpp"
#include "../choose.hpp"
#include "../compare.hpp"
#include "../create.hpp"
#include "../detail/formula.hpp"
#include "../exponential.hpp"
#include "../movement.hpp"
#include "../reduce.hpp"
#include "common.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

namespace {

/// t (log t - x), and nothing of a t that is 0: neither 0 * inf nor the infinite slope of t log t.
struct Divergence {
  static constexpr Reads a_reads = reads_b, b_reads = reads_a | reads_b;
  static auto value(auto x, auto t) { return where(t == 0, 0, t * (log(t) - x)); }
  static auto slope_a(auto t) { return -t; }
  static auto slope_b(auto x, auto t) {
    auto is_zero = t == 0;
    return where(is_zero, 0, log(where(is_zero, 1, t)) - where(is_zero, 0, x) + 1);
  }
};
/// exp(t) (t - x), and nothing of a t whose exponential is 0.
struct DivergenceOfLogs {
  static constexpr Reads a_reads = reads_b, b_reads = reads_a | reads_b;
  static auto value(auto x, auto t) {
    auto p = exp(t);
    return where(p == 0, 0, p * (t - x));
  }
  static auto slope_a(auto t) { return -exp(t); }
  static auto slope_b(auto x, auto t) {
    auto p = exp(t);
    auto is_zero = p == 0;
    return where(is_zero, 0, p * (where(is_zero, 0, t - x) + 1));
  }
};

struct PoissonOfLogRate {
  static constexpr Reads a_reads = reads_a | reads_b, b_reads = reads_a;
  static auto value(auto x, auto t) { return exp(x) - where(t == 0, 0, t * x); }
  static auto slope_a(auto x, auto t) { return exp(x) - t; }
  static auto slope_b(auto x) { return -x; }
};
struct PoissonOfRate {
  static constexpr Reads a_reads = reads_a | reads_b, b_reads = reads_a;
  double eps;
  auto value(auto x, auto t) const { return x - t * log(x + eps); }
  auto slope_a(auto x, auto t) const { return 1 - t / (x + eps); }
  auto slope_b(auto x) const { return -log(x + eps); }
};
/// Stirling's approximation of log(t!) for t > 1, else 0.
struct Stirling {
  static constexpr Reads reads = reads_x;
  static auto value(auto t) { return where(t > 1, t * log(t) - t + 0.5 * log(2 * std::numbers::pi * t), 0); }
  static auto slope(auto t) {
    auto above = where(t > 1, t, 1);
    return where(t > 1, log(above) + 0.5 / above, 0);
  }
};

Reduction plain(KlDivReduction reduction) {
  return reduction == KlDivReduction::none   ? Reduction::none
         : reduction == KlDivReduction::mean ? Reduction::mean
                                             : Reduction::sum;
}

}  // namespace

Tensor kl_div(const Operand& x, const Operand& target, KlDivOptions options) {
  check_same_shape("kl_div", x, target);
  CallSite site(x.where());
  Tensor losses =
      options.log_target ? binary("kl_div", x, target, DivergenceOfLogs{}) : binary("kl_div", x, target, Divergence{});
  const bool divides = options.reduction == KlDivReduction::batchmean && losses.ndim() > 0;
  const std::int64_t samples = divides ? losses.shape()[0] : 1;
  Tensor result = reduce_losses(losses, plain(options.reduction));
  return divides ? result / static_cast<double>(samples) : result;
}

Tensor poisson_nll_loss(const Operand& x, const Operand& target, PoissonNllLossOptions options) {
  check_same_shape("poisson_nll_loss", x, target);
  CallSite site(x.where());
  Tensor losses = options.log_input ? binary("poisson_nll_loss", x, target, PoissonOfLogRate{})
                                    : binary("poisson_nll_loss", x, target, PoissonOfRate{options.eps});
  if (options.full) losses = losses + unary("poisson_nll_loss", target, Stirling{});
  return reduce_losses(losses, options.reduction);
}

Tensor gaussian_nll_loss(const Operand& x, const Operand& target, const Operand& variance,
                         GaussianNllLossOptions options) {
  constexpr const char* kName = "gaussian_nll_loss";
  const Shape& shape = x.tensor(kName).shape();
  broadcast_shapes(kName, shape, target.tensor(kName).shape(), x.where());
  const Tensor& given = variance.tensor(kName);
  Shape lead = shape, one_each = shape;
  if (shape.ndim() > 0) {
    lead.erase(shape.ndim() - 1);
    one_each[-1] = 1;
  }
  check(given.shape() == shape || given.shape() == one_each || given.shape() == lead, x.where(), kName,
        ": variance must have x's shape, or that with 1 in place of the last extent or without it, but x is ", shape,
        " and variance is ", given.shape(), ".");
  check(options.eps > 0, x.where(), kName, ": eps must be above 0, but it is ", options.eps, ".");
  CallSite site(x.where());
  Tensor v = floating_operand(kName, given);
  if (v.numel() > 0) {
    const double least = amin(v.detach()).item();
    check(!(least < 0), x.where(), kName, ": variance must not be negative, but its least element is ", least, ".");
  }
  if (v.shape() != shape && v.shape() == lead) v = unsqueeze(v, -1);
  v = clamp(v, options.eps, std::nullopt);
  Tensor losses = 0.5 * (log(v) + square(sub(x, target)) / v);
  if (options.full) losses = losses + 0.5 * std::log(2 * std::numbers::pi);
  return reduce_losses(losses, options.reduction);
}

}  // namespace xgrad
