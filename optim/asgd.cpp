#include "asgd.hpp"

#include <algorithm>
#include <cmath>

#include "detail/update.hpp"

namespace xgrad XGRAD_API {
namespace optim {

void ASGDOptions::check(SourceLocation where) const {
  check_not_negative(kOptimizer, "lr", lr, where);
  check_not_negative(kOptimizer, "lambd", lambd, where);
  check_finite(kOptimizer, "alpha", alpha, where);
  check_finite(kOptimizer, "t0", t0, where);
  check_not_negative(kOptimizer, "weight_decay", weight_decay, where);
}

std::vector<Kept> ASGD::keeps(const ASGDOptions&, const Tensor& w) const { return {{"average", w}}; }

void ASGD::update(const ASGDOptions& options, Tensor& w, const Tensor& g, State& state) {
  const Descent descent(options);
  const double before = static_cast<double>(state.steps - 1);
  const double lr = options.lr / std::pow(1 + options.lambd * options.lr * before, options.alpha);
  const double shrink = 1 - options.lambd * lr, share = 1 / std::max(1.0, before - options.t0);
  const bool is_average = share < 1;  // it starts as the first weights
  each(w, g, state["average"], [=](auto& w, auto g, auto& average) {
    w = shrink * w - lr * descent(g, w);
    if (is_average)
      average = averaged(average, w, share);
    else
      average = w;
  });
}

template class OptimizerOf<ASGDOptions>;

}  // namespace optim
}  // namespace xgrad
