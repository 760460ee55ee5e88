#include "radam.hpp"

#include <cmath>

#include "detail/update.hpp"

namespace xgrad XGRAD_API {
namespace optim {

void RAdamOptions::check(SourceLocation where) const {
  check_not_negative(kOptimizer, "lr", lr, where);
  check_decay(kOptimizer, "betas.first", betas.first, where);
  check_decay(kOptimizer, "betas.second", betas.second, where);
  check_not_negative(kOptimizer, "eps", eps, where);
  check_not_negative(kOptimizer, "weight_decay", weight_decay, where);
}

std::vector<Kept> RAdam::keeps(const RAdamOptions&, const Tensor& w) const { return {{"mean", w}, {"mean_square", w}}; }

void RAdam::update(const RAdamOptions& options, Tensor& w, const Tensor& g, State& state) {
  const Descent descent(options);
  const double beta1 = options.betas.first, beta2 = options.betas.second, eps = options.eps;
  const double t = static_cast<double>(state.steps);
  const double left1 = 1 - std::pow(beta1, t), left2 = 1 - std::pow(beta2, t);
  const double most = 2 / (1 - beta2) - 1;
  const double length = most - 2 * t * (1 - left2) / left2;
  const bool is_rectified = length > 5;
  const double lr = options.lr / left1;
  const double rectified =
      is_rectified ? lr * std::sqrt(left2 * (length - 4) * (length - 2) * most / ((most - 4) * (most - 2) * length))
                   : 0;
  each(w, g, state["mean"], state["mean_square"], [=](auto& w, auto g, auto& m, auto& v) {
    auto d = descent(g, w);
    m = beta1 * m + (1 - beta1) * d;
    v = beta2 * v + (1 - beta2) * d * d;
    if (is_rectified)
      w -= rectified * m / (sqrt(v) + eps);
    else
      w -= lr * m;
  });
}

template class OptimizerOf<RAdamOptions>;

}  // namespace optim
}  // namespace xgrad
