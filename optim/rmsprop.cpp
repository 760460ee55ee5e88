#include "rmsprop.hpp"

#include "detail/update.hpp"

namespace xgrad XGRAD_API {
namespace optim {

void RMSPropOptions::check(SourceLocation where) const {
  check_not_negative(kOptimizer, "lr", lr, where);
  check_decay(kOptimizer, "alpha", alpha, where);
  check_not_negative(kOptimizer, "eps", eps, where);
  check_not_negative(kOptimizer, "momentum", momentum, where);
  check_not_negative(kOptimizer, "weight_decay", weight_decay, where);
}

std::vector<Kept> RMSProp::keeps(const RMSPropOptions& options, const Tensor& w) const {
  std::vector<Kept> kept = {{"mean_square", w}};
  if (options.centered) kept.emplace_back("mean", w);
  kept.emplace_back("momentum", w);
  kept.back().is_optional = options.momentum == 0;  // a schedule may lead it up again: what was kept stays
  return kept;
}

void RMSProp::update(const RMSPropOptions& options, Tensor& w, const Tensor& g, State& state) {
  const Descent descent(options);
  const Root root(options);
  const double lr = options.lr, alpha = options.alpha, momentum = options.momentum;
  Tensor& mean_square = state["mean_square"];

  // v and the direction, the same in all four forms; v - m^2 can round below 0.
  auto advance = [=](auto d, auto& v) {
    v = alpha * v + (1 - alpha) * d * d;
    return d / root(v);
  };
  auto advance_centered = [=](auto d, auto& v, auto& m) {
    v = alpha * v + (1 - alpha) * d * d;
    m = alpha * m + (1 - alpha) * d;
    return d / root(max(v - m * m, 0));
  };

  if (options.centered && momentum > 0) {
    each(w, g, mean_square, state["mean"], state["momentum"], [=](auto& w, auto g, auto& v, auto& m, auto& b) {
      b = momentum * b + advance_centered(descent(g, w), v, m);
      w -= lr * b;
    });
  } else if (options.centered) {
    each(w, g, mean_square, state["mean"],
         [=](auto& w, auto g, auto& v, auto& m) { w -= lr * advance_centered(descent(g, w), v, m); });
  } else if (momentum > 0) {
    each(w, g, mean_square, state["momentum"], [=](auto& w, auto g, auto& v, auto& b) {
      b = momentum * b + advance(descent(g, w), v);
      w -= lr * b;
    });
  } else {
    each(w, g, mean_square, [=](auto& w, auto g, auto& v) { w -= lr * advance(descent(g, w), v); });
  }
}

template class OptimizerOf<RMSPropOptions>;

}  // namespace optim
}  // namespace xgrad
