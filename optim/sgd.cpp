#include "sgd.hpp"

#include "detail/update.hpp"

namespace xgrad XGRAD_API {
namespace optim {

void SGDOptions::check(SourceLocation where) const {
  check_not_negative(kOptimizer, "lr", lr, where);
  check_not_negative(kOptimizer, "momentum", momentum, where);
  check_finite(kOptimizer, "dampening", dampening, where);
  check_not_negative(kOptimizer, "weight_decay", weight_decay, where);
  xgrad::check(!nesterov || momentum > 0, where, kOptimizer, ": nesterov needs momentum > 0, but it is ", momentum,
               '.');
  xgrad::check(!nesterov || dampening == 0, where, kOptimizer, ": nesterov needs dampening 0, but it is ", dampening,
               '.');
}

void SGDOptions::check_in_run(SourceLocation where) const {
  SGDOptions checked = *this;
  if (momentum == 0) checked.nesterov = false;
  checked.check(where);
}

std::vector<Kept> SGD::keeps(const SGDOptions& options, const Tensor& w) const {
  std::vector<Kept> kept = {{"momentum", w}, Kept::number("momentum_steps")};
  // A schedule that has led momentum to 0 may lead it up again: what was kept stays.
  for (Kept& each : kept) each.is_optional = options.momentum == 0;
  return kept;
}

void SGD::update(const SGDOptions& options, Tensor& w, const Tensor& g, State& state) {
  const Descent descent(options);
  const double lr = options.lr;
  if (options.momentum == 0) {
    each(w, g, [=](auto& w, auto g) { w -= lr * descent(g, w); });
    return;
  }

  const double momentum = options.momentum;
  Tensor& buffer = state["momentum"];
  const double share = state.number("momentum_steps")++ > 0 ? 1 - options.dampening : 1;  // the first is taken whole
  if (options.nesterov) {
    each(w, g, buffer, [=](auto& w, auto g, auto& b) {
      auto d = descent(g, w);
      b = momentum * b + share * d;
      w -= lr * (d + momentum * b);
    });
  } else {
    each(w, g, buffer, [=](auto& w, auto g, auto& b) {
      b = momentum * b + share * descent(g, w);
      w -= lr * b;
    });
  }
}

template class OptimizerOf<SGDOptions>;

}  // namespace optim
}  // namespace xgrad
