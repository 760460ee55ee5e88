#include "adam.hpp"

#include <cmath>

#include "detail/update.hpp"

namespace xgrad XGRAD_API {
namespace optim {
namespace {

void check_adam(const auto& options, SourceLocation where) {
  check_not_negative(options.kOptimizer, "lr", options.lr, where);
  check_decay(options.kOptimizer, "betas.first", options.betas.first, where);
  check_decay(options.kOptimizer, "betas.second", options.betas.second, where);
  check_not_negative(options.kOptimizer, "eps", options.eps, where);
  check_not_negative(options.kOptimizer, "weight_decay", options.weight_decay, where);
}

/// 1 - beta^t for both betas: undoes the pull of m and v towards their start at 0.
struct BiasCorrection {
  double first, second;
};

/// Computed once for all parameters that have taken the same number of steps.
BiasCorrection bias_correction(std::pair<double, double> betas, std::int64_t steps) {
  struct Last {
    std::pair<double, double> betas;
    std::int64_t steps;
    BiasCorrection correction;
  };
  thread_local Last last{{0, 0}, 0, {}};
  if (steps != last.steps || betas != last.betas) {
    const auto t = static_cast<double>(steps);
    last = {betas, steps, {1 - std::pow(betas.first, t), 1 - std::pow(betas.second, t)}};
  }
  return last.correction;
}

std::vector<Kept> kept_by_adam(const auto& options, const Tensor& w) {
  std::vector<Kept> kept = {{"mean", w}, {"mean_square", w}};
  if (options.amsgrad) kept.emplace_back("largest_mean_square", w);
  return kept;
}

/// One fused pass over w, g and the state. `shrink` multiplies w, `descent` makes the gradient that m and v
/// follow.
void update_adam(const auto& options, double shrink, Descent descent, Tensor& w, const Tensor& g, State& state) {
  const double beta1 = options.betas.first, beta2 = options.betas.second;
  const BiasCorrection correction = bias_correction(options.betas, state.steps);
  // lr m' / (sqrt(v') + eps), the fraction expanded by c = sqrt(1 - beta2^t): one division an element fewer.
  const double c = std::sqrt(correction.second);
  const double lr = options.lr * c / correction.first;
  const Root root(options.eps * (options.eps_inside_root ? c * c : c), options.eps_inside_root);

  Tensor &mean = state["mean"], &mean_square = state["mean_square"];
  if (options.amsgrad) {
    each(w, g, mean, mean_square, state["largest_mean_square"], [=](auto& w, auto g, auto& m, auto& v, auto& largest) {
      auto d = descent(g, w);
      m = beta1 * m + (1 - beta1) * d;
      v = beta2 * v + (1 - beta2) * d * d;
      largest = max(largest, v);
      w = shrink * w - lr * m / root(largest);
    });
  } else {
    each(w, g, mean, mean_square, [=](auto& w, auto g, auto& m, auto& v) {
      auto d = descent(g, w);
      m = beta1 * m + (1 - beta1) * d;
      v = beta2 * v + (1 - beta2) * d * d;
      w = shrink * w - lr * m / root(v);
    });
  }
}

}  // namespace

void AdamOptions::check(SourceLocation where) const { check_adam(*this, where); }
void AdamWOptions::check(SourceLocation where) const { check_adam(*this, where); }

std::vector<Kept> Adam::keeps(const AdamOptions& options, const Tensor& w) const { return kept_by_adam(options, w); }
std::vector<Kept> AdamW::keeps(const AdamWOptions& options, const Tensor& w) const { return kept_by_adam(options, w); }

void Adam::update(const AdamOptions& options, Tensor& w, const Tensor& g, State& state) {
  update_adam(options, 1, Descent(options.maximize, options.weight_decay), w, g, state);
}

void AdamW::update(const AdamWOptions& options, Tensor& w, const Tensor& g, State& state) {
  update_adam(options, 1 - options.lr * options.weight_decay, Descent(options.maximize, 0), w, g, state);
}

template class OptimizerOf<AdamOptions>;

template class OptimizerOf<AdamWOptions>;

}  // namespace optim
}  // namespace xgrad
