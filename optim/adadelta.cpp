#include "adadelta.hpp"

#include "detail/update.hpp"

namespace xgrad::optim {

void AdadeltaOptions::check(SourceLocation where) const {
  check_not_negative(kOptimizer, "lr", lr, where);
  check_decay(kOptimizer, "rho", rho, where);
  check_not_negative(kOptimizer, "eps", eps, where);
  check_not_negative(kOptimizer, "weight_decay", weight_decay, where);
}

void Adadelta::update(const AdadeltaOptions& options, Tensor& w, const Tensor& g, State& state) {
  const Descent descent(options);
  const double lr = options.lr, rho = options.rho, eps = options.eps;
  each(w, g, buffer_like(w, state.buffers[0]), buffer_like(w, state.buffers[1]),
       [=](auto& w, auto g, auto& v, auto& u) {
         auto d = descent(g, w);
         v = rho * v + (1 - rho) * d * d;
         auto step = sqrt((u + eps) / (v + eps)) * d;
         u = rho * u + (1 - rho) * step * step;
         w -= lr * step;
       });
}

template class OptimizerOf<AdadeltaOptions>;

}  // namespace xgrad::optim
