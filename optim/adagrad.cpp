#include "adagrad.hpp"

#include "detail/update.hpp"

namespace xgrad XGRAD_API {
namespace optim {

void AdagradOptions::check(SourceLocation where) const {
  check_not_negative(kOptimizer, "lr", lr, where);
  check_not_negative(kOptimizer, "lr_decay", lr_decay, where);
  check_not_negative(kOptimizer, "initial_accumulator_value", initial_accumulator_value, where);
  check_not_negative(kOptimizer, "eps", eps, where);
  check_not_negative(kOptimizer, "weight_decay", weight_decay, where);
}

std::vector<Kept> Adagrad::keeps(const AdagradOptions& options, const Tensor& w) const {
  return {{"sum_of_squares", w, options.initial_accumulator_value}};
}

void Adagrad::update(const AdagradOptions& options, Tensor& w, const Tensor& g, State& state) {
  const Descent descent(options);
  const Root root(options);
  const double lr = options.lr / (1 + static_cast<double>(state.steps - 1) * options.lr_decay);
  each(w, g, state["sum_of_squares"], [=](auto& w, auto g, auto& a) {
    auto d = descent(g, w);
    a += d * d;
    w -= lr * d / root(a);
  });
}

template class OptimizerOf<AdagradOptions>;

}  // namespace optim
}  // namespace xgrad
