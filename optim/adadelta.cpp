#include "adadelta.hpp"

#include "detail/update.hpp"

namespace xgrad XGRAD_API {
namespace optim {

void AdadeltaOptions::check(SourceLocation where) const {
  check_not_negative(kOptimizer, "lr", lr, where);
  check_decay(kOptimizer, "rho", rho, where);
  check_not_negative(kOptimizer, "eps", eps, where);
  check_not_negative(kOptimizer, "weight_decay", weight_decay, where);
}

std::vector<Kept> Adadelta::keeps(const AdadeltaOptions&, const Tensor& w) const {
  return {{"mean_square", w}, {"mean_square_step", w}};
}

void Adadelta::update(const AdadeltaOptions& options, Tensor& w, const Tensor& g, State& state) {
  const Descent descent(options);
  const double lr = options.lr, rho = options.rho, eps = options.eps;
  each(w, g, state["mean_square"], state["mean_square_step"], [=](auto& w, auto g, auto& v, auto& u) {
    auto d = descent(g, w);
    v = rho * v + (1 - rho) * d * d;
    auto step = sqrt(u + eps) / sqrt(v + eps) * d;  // the quotient of both may be too small for float32
    u = rho * u + (1 - rho) * step * step;
    w -= lr * step;
  });
}

template class OptimizerOf<AdadeltaOptions>;

}  // namespace optim
}  // namespace xgrad
