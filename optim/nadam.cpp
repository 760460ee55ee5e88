#include "nadam.hpp"

#include <cmath>

#include "detail/update.hpp"

namespace xgrad XGRAD_API {
namespace optim {

void NAdamOptions::check(SourceLocation where) const {
  check_not_negative(kOptimizer, "lr", lr, where);
  check_decay(kOptimizer, "betas.first", betas.first, where);
  check_decay(kOptimizer, "betas.second", betas.second, where);
  check_not_negative(kOptimizer, "eps", eps, where);
  check_not_negative(kOptimizer, "weight_decay", weight_decay, where);
  check_not_negative(kOptimizer, "momentum_decay", momentum_decay, where);
}

std::vector<Kept> NAdam::keeps(const NAdamOptions&, const Tensor& w) const {
  return {{"mean", w}, {"mean_square", w}, Kept::number("momentum_product", 1)};
}

void NAdam::update(const NAdamOptions& options, Tensor& w, const Tensor& g, State& state) {
  const Descent descent(options);
  const double beta1 = options.betas.first, beta2 = options.betas.second, eps = options.eps;
  const double t = static_cast<double>(state.steps);
  const double mu = beta1 * (1 - 0.5 * std::pow(0.96, t * options.momentum_decay));
  const double mu_next = beta1 * (1 - 0.5 * std::pow(0.96, (t + 1) * options.momentum_decay));
  double& product = state.number("momentum_product");
  product *= mu;
  const double of_g = options.lr * (1 - mu) / (1 - product);
  const double of_m = options.lr * mu_next / (1 - product * mu * mu_next);
  const double c = 1 / std::sqrt(1 - std::pow(beta2, t));
  each(w, g, state["mean"], state["mean_square"], [=](auto& w, auto g, auto& m, auto& v) {
    auto d = descent(g, w);
    m = beta1 * m + (1 - beta1) * d;
    v = beta2 * v + (1 - beta2) * d * d;
    w -= (of_g * d + of_m * m) / (c * sqrt(v) + eps);
  });
}

template class OptimizerOf<NAdamOptions>;

}  // namespace optim
}  // namespace xgrad
