#include "rprop.hpp"

#include "detail/update.hpp"

namespace xgrad XGRAD_API {
namespace optim {

void RpropOptions::check(SourceLocation where) const {
  check_not_negative(kOptimizer, "lr", lr, where);
  xgrad::check(etas.first > 0 && etas.first < 1, where, kOptimizer,
               ": etas.first must be above 0 and below 1, but it is ", etas.first, '.');
  check_finite(kOptimizer, "etas.second", etas.second, where);
  xgrad::check(etas.second > 1, where, kOptimizer, ": etas.second must be above 1, but it is ", etas.second, '.');
  check_not_negative(kOptimizer, "step_sizes.first", step_sizes.first, where);
  xgrad::check(step_sizes.second >= step_sizes.first, where, kOptimizer,
               ": step_sizes.second must be at least step_sizes.first, but they are ", step_sizes.second, " and ",
               step_sizes.first, '.');
}

std::vector<Kept> Rprop::keeps(const RpropOptions& options, const Tensor& w) const {
  return {{"previous", w}, {"step_size", w, options.lr}};
}

void Rprop::update(const RpropOptions& options, Tensor& w, const Tensor& g, State& state) {
  const Descent descent(options.maximize, 0);
  const auto [shrink, grow] = options.etas;
  const double least = options.step_sizes.first, largest = options.step_sizes.second;
  each(w, g, state["previous"], state["step_size"],
       [=, shrink = shrink, grow = grow](auto& w, auto g, auto& previous, auto& size) {
         auto d = descent(g, w);
         auto turn = d * previous;
         size = min(max(size * where(turn > 0, grow, where(turn < 0, shrink, 1)), least), largest);
         d = where(turn < 0, 0, d);
         w -= sign(d) * size;
         previous = d;
       });
}

template class OptimizerOf<RpropOptions>;

}  // namespace optim
}  // namespace xgrad
