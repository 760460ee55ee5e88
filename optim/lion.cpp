#include "lion.hpp"

#include "detail/update.hpp"

namespace xgrad XGRAD_API {
namespace optim {

void LionOptions::check(SourceLocation where) const {
  check_not_negative(kOptimizer, "lr", lr, where);
  check_decay(kOptimizer, "betas.first", betas.first, where);
  check_decay(kOptimizer, "betas.second", betas.second, where);
  check_not_negative(kOptimizer, "weight_decay", weight_decay, where);
}

std::vector<Kept> Lion::keeps(const LionOptions&, const Tensor& w) const { return {{"mean", w}}; }

void Lion::update(const LionOptions& options, Tensor& w, const Tensor& g, State& state) {
  const Descent descent(options.maximize, 0);
  const double lr = options.lr, beta1 = options.betas.first, beta2 = options.betas.second;
  const double shrink = 1 - lr * options.weight_decay;
  each(w, g, state["mean"], [=](auto& w, auto g, auto& m) {
    auto d = descent(g, w);
    w = shrink * w - lr * sign(beta1 * m + (1 - beta1) * d);
    m = beta2 * m + (1 - beta2) * d;
  });
}

template class OptimizerOf<LionOptions>;

}  // namespace optim
}  // namespace xgrad
