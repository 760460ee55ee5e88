#include "levenberg_marquardt.hpp"

#include <algorithm>
#include <cmath>

#include "../autograd/grad_mode.hpp"
#include "../autograd/ops/arithmetic.hpp"
#include "../autograd/ops/create.hpp"
#include "../autograd/ops/movement.hpp"
#include "detail/derivatives.hpp"
#include "detail/update.hpp"
#include "detail/vectors.hpp"

namespace xgrad XGRAD_API {
namespace optim {
namespace {

Tensor vector_of(const Tensor& residuals) { return reshape(residuals.detach(), {residuals.numel()}) * 1.0; }

/// The least of |J p + r|^2 + damping |p|^2, by conjugate gradients on J itself: J' J is never formed.
Tensor damped_step(const Jacobian& jacobian, const Tensor& r, const Tensor& gradient, double damping,
                   std::int64_t most) {
  Tensor p = zeros_like(gradient), rest = -r, s = -gradient;
  Tensor d = s * 1.0;
  double ss = dot(s, s);
  const double target = 1e-28 * ss;
  for (std::int64_t i = 0; i < most && ss > target; ++i) {
    const Tensor q = jacobian.times(d);
    const double curvature = dot(q, q) + damping * dot(d, d);
    if (!(curvature > 0)) break;
    const double alpha = ss / curvature;
    add_scaled(p, alpha, d);
    add_scaled(rest, -alpha, q);
    s = moved(jacobian.transposed_times(rest), -damping, p);
    const double before = ss;
    ss = dot(s, s);
    d = moved(s, ss / before, d);
  }
  return p;
}

}  // namespace

void LevenbergMarquardtOptions::check(SourceLocation where) const {
  xgrad::check(lr > 0 && lr <= 1, where, kOptimizer, ": lr must be above 0 and at most 1, but it is ", lr, '.');
  check_not_negative(kOptimizer, "damping", damping, where);
  xgrad::check(max_tries >= 1, where, kOptimizer, ": max_tries must be at least 1, but it is ", max_tries, '.');
  xgrad::check(max_cg >= 0, where, kOptimizer, ": max_cg must be at least 0, but it is ", max_cg, '.');
  check_not_negative(kOptimizer, "tolerance_grad", tolerance_grad, where);
}

std::vector<Kept> LevenbergMarquardt::keeps(const LevenbergMarquardtOptions&, const Tensor& w) const {
  if (!w.is_same(parameters()[0])) return {};
  return {Kept::number("damping", -1), Kept::number("growth", 2)};
}

Tensor LevenbergMarquardt::step(const Function<Tensor()>& residuals, SourceLocation where) {
  const LevenbergMarquardtOptions& options = this->options();
  check(static_cast<bool>(residuals), where, name(), ": the closure must be callable, but it is empty.");
  const auto evaluate = [&] {
    Tensor values = residuals();
    check(
        values.defined() && values.numel() > 0 && is_floating(values.dtype()), where, name(),
        ": the closure must return residuals, a floating tensor that is not empty, but it is ",
        [&] { return values.defined() ? concat(values.dtype(), ' ', values.shape()) : "undefined"; }, '.');
    check_not_used_up(values, where);
    return values;
  };
  const std::vector<Tensor> reached = reachable();
  const Tensor values = evaluate();
  check<std::logic_error>(
      values.requires_grad(), where, name(),
      ": the residuals must require a gradient, but they do not. Compute them outside of NoGrad from "
      "parameters that are not all frozen.");
  ParameterVector moving(reached);
  const std::int64_t most = options.max_cg > 0 ? options.max_cg : std::min<std::int64_t>(2 * moving.size(), 500);

  NoGrad no_grad;
  const Tensor r = vector_of(values);
  const double loss = 0.5 * dot(r, r);
  Tensor answer = full({}, loss, {.dtype = values.dtype()});
  if (reached.empty()) return answer;
  Jacobian jacobian(values, reached, where);
  const Tensor gradient = jacobian.transposed_times(r);
  const double slope = largest_of(gradient);
  if (options.nonfinite != NonFinite::proceed && !(std::isfinite(loss) && std::isfinite(slope))) {
    check<std::runtime_error>(options.nonfinite == NonFinite::skip, where, name(),
                              ": residuals and gradients must be finite, but half the sum of squares is ", loss,
                              " and the gradient's largest element ", slope, ". Nothing was updated.");
    return answer;
  }

  const double* kept_damping = states()[0].find_number("damping");
  const double* kept_growth = states()[0].find_number("growth");
  double damping = kept_damping ? *kept_damping : -1, growth = kept_growth ? *kept_growth : 2;
  NamedNumbers numbers = {{"damping", damping}, {"growth", growth}};  // made before anything moves
  if (slope > options.tolerance_grad) {
    if (damping < 0) {
      const Tensor along = jacobian.times(gradient);
      damping = options.damping * dot(along, along) / dot(gradient, gradient);
    }
    const Tensor start = moving.values();
    const std::vector<Tensor> start_parts = moving.parts(start);  // to go back takes no memory then
    try {
      for (std::int64_t tries = 1;; ++tries) {
        const Tensor p = damped_step(jacobian, r, gradient, damping, most) * options.lr;
        const Tensor linear = moved(r, 1, jacobian.times(p));
        moving.assign(moved(start, 1, p));
        if (options.damping == 0) break;
        const Tensor there = vector_of(evaluate());
        const double fall = loss - 0.5 * dot(there, there), promise = loss - 0.5 * dot(linear, linear);
        if (fall > 0) {
          const double ratio = fall / promise;
          damping *= std::max(1.0 / 3, 1 - std::pow(2 * ratio - 1, 3));
          growth = 2;
          break;
        }
        damping *= growth;
        growth *= 2;
        moving.assign(start_parts);
        if (tries == options.max_tries || !std::isfinite(damping)) break;
        GradMode recording(true);
        jacobian = Jacobian(evaluate(), reached, where);  // the writing has used up the graph of the one before
      }
    } catch (...) {
      moving.assign(start_parts);
      throw;
    }
  }
  for (std::size_t i = 0; i < parameters().size(); ++i) ++state_of(i).steps;
  numbers[0].second = damping;
  numbers[1].second = growth;
  state_of(0).numbers = std::move(numbers);
  return answer;
}

void LevenbergMarquardt::set_group_lr(int group, double lr, SourceLocation where) {
  OptimizerOf::set_group_lr(group, lr > 1 && lr < 1 + 1e-9 ? 1 : lr, where);
}

template class OptimizerOf<LevenbergMarquardtOptions>;

}  // namespace optim
}  // namespace xgrad
