#include "sgd.hpp"

#include "detail/update.hpp"

namespace xgrad::optim {

void SGDOptions::check(SourceLocation where) const {
  check_not_negative(kOptimizer, "lr", lr, where);
  check_not_negative(kOptimizer, "momentum", momentum, where);
  check_finite(kOptimizer, "dampening", dampening, where);
  check_not_negative(kOptimizer, "weight_decay", weight_decay, where);
  xgrad::check(!nesterov || momentum > 0, where, kOptimizer, ": nesterov needs momentum > 0, but momentum is ",
               momentum);
  xgrad::check(!nesterov || dampening == 0, where, kOptimizer, ": nesterov needs dampening 0, but dampening is ",
               dampening);
}

void SGD::update(const SGDOptions& options, Tensor& w, const Tensor& g, State& state) {
  const Descent descent(options);
  const double lr = options.lr;
  if (options.momentum == 0) {
    each(w, g, [=](auto& w, auto g) { w -= lr * descent(g, w); });
    return;
  }

  const double momentum = options.momentum;
  const double share = state.buffers[0].defined() ? 1 - options.dampening : 1;  // the first gradient is taken whole
  Tensor& buffer = buffer_like(w, state.buffers[0]);
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

}  // namespace xgrad::optim
