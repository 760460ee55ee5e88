#include "adamax.hpp"

#include <cmath>

#include "detail/update.hpp"

namespace xgrad XGRAD_API {
namespace optim {

void AdamaxOptions::check(SourceLocation where) const {
  check_not_negative(kOptimizer, "lr", lr, where);
  check_decay(kOptimizer, "betas.first", betas.first, where);
  check_decay(kOptimizer, "betas.second", betas.second, where);
  check_not_negative(kOptimizer, "eps", eps, where);
  check_not_negative(kOptimizer, "weight_decay", weight_decay, where);
}

std::vector<Kept> Adamax::keeps(const AdamaxOptions&, const Tensor& w) const { return {{"mean", w}, {"largest", w}}; }

void Adamax::update(const AdamaxOptions& options, Tensor& w, const Tensor& g, State& state) {
  const Descent descent(options);
  const double beta1 = options.betas.first, beta2 = options.betas.second, eps = options.eps;
  const double lr = options.lr / (1 - std::pow(beta1, static_cast<double>(state.steps)));
  each(w, g, state["mean"], state["largest"], [=](auto& w, auto g, auto& m, auto& u) {
    auto d = descent(g, w);
    m = beta1 * m + (1 - beta1) * d;
    u = max(beta2 * u, abs(d) + eps);
    w -= lr * m / u;
  });
}

template class OptimizerOf<AdamaxOptions>;

}  // namespace optim
}  // namespace xgrad
