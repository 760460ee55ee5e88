#include "newton_cg.hpp"

#include <algorithm>
#include <cmath>

#include "../autograd/grad_mode.hpp"
#include "../autograd/ops/arithmetic.hpp"
#include "../autograd/ops/create.hpp"
#include "detail/derivatives.hpp"
#include "detail/update.hpp"
#include "detail/vectors.hpp"

namespace xgrad XGRAD_API {
namespace optim {
namespace {

struct Step {
  Tensor p;
  double promise = 0;  // by how much the quadratic falls
  bool at_edge = false;
};

/// t > 0 with |p + t d| = radius.
double to_edge(const Tensor& p, const Tensor& d, double radius) {
  const double dd = dot(d, d), pd = dot(p, d), pp = dot(p, p);
  const double root = std::sqrt(std::max(pd * pd + dd * (radius * radius - pp), 0.0));
  return pd > 0 ? (radius * radius - pp) / (pd + root) : (root - pd) / dd;
}

/// Steihaug's conjugate gradients: nearly the least of g p + p H p / 2 within |p| <= radius.
Step within_region(const Curvature& curvature, double radius, std::int64_t most) {
  const Tensor& g = curvature.gradient();
  Tensor p = zeros_like(g), r = g * 1.0, hp = zeros_like(g);
  Tensor d = -g;
  double rr = dot(r, r);
  const double norm = std::sqrt(rr), target = std::min(0.5, std::sqrt(norm)) * norm;
  const auto result = [&](bool at_edge) { return Step{p, -(dot(g, p) + 0.5 * dot(p, hp)), at_edge}; };
  for (std::int64_t i = 0; i < most; ++i) {
    const Tensor hd = curvature.times(d);
    const double dhd = dot(d, hd), alpha = rr / dhd;
    const Tensor next = dhd > 0 ? moved(p, alpha, d) : p;
    if (!(dhd > 0) || std::sqrt(dot(next, next)) >= radius) {
      const double t = to_edge(p, d, radius);
      p = moved(p, t, d);
      hp = moved(hp, t, hd);
      return result(true);
    }
    p = next;
    hp = moved(hp, alpha, hd);
    r = moved(r, alpha, hd);
    const double before = rr;
    rr = dot(r, r);
    if (std::sqrt(rr) <= target) break;
    d = moved(-r, rr / before, d);
  }
  return result(false);
}

}  // namespace

void NewtonCGOptions::check(SourceLocation where) const {
  check_finite(kOptimizer, "lr", lr, where);
  xgrad::check(lr > 0, where, kOptimizer, ": lr must be above 0, but it is ", lr, '.');
  check_finite(kOptimizer, "initial_radius", initial_radius, where);
  xgrad::check(initial_radius > 0, where, kOptimizer, ": initial_radius must be above 0, but it is ", initial_radius,
               '.');
  xgrad::check(acceptance >= 0 && acceptance < 0.25, where, kOptimizer,
               ": acceptance must be at least 0 and below 0.25, but it is ", acceptance, '.');
  xgrad::check(max_iter >= 1, where, kOptimizer, ": max_iter must be at least 1, but it is ", max_iter, '.');
  xgrad::check(max_cg >= 0, where, kOptimizer, ": max_cg must be at least 0, but it is ", max_cg, '.');
  check_not_negative(kOptimizer, "tolerance_grad", tolerance_grad, where);
}

std::vector<Kept> NewtonCG::keeps(const NewtonCGOptions& options, const Tensor& w) const {
  if (!w.is_same(parameters()[0])) return {};
  return {Kept::number("radius", std::min(options.initial_radius, options.lr))};
}

Tensor NewtonCG::step(const Function<Tensor()>& loss, SourceLocation where) {
  const NewtonCGOptions& options = this->options();
  const std::vector<Tensor> reached = reachable();
  if (reached.empty()) return loss_of(loss, where).detach();
  ParameterVector moving(reached);
  const std::int64_t n = moving.size();
  const std::int64_t most = options.max_cg > 0 ? options.max_cg : std::min<std::int64_t>(n, 250);
  const double* kept = states()[0].find_number("radius");
  double radius = std::min(kept ? *kept : options.initial_radius, options.lr);

  NoGrad no_grad;
  Tensor best = moving.values();
  // Made before anything moves: to go back takes no memory.
  const std::vector<Tensor> start = moving.parts(best);
  NamedNumbers numbers = {{"radius", radius}};
  Tensor answer;
  try {
    const auto evaluate = [&] {
      GradMode recording(true);
      return loss_of(loss, where);
    };
    Tensor value = evaluate();
    answer = value.detach();
    for (std::int64_t iteration = 0; iteration < options.max_iter; ++iteration) {
      const Curvature curvature = [&] {
        GradMode recording(true);
        return Curvature(value, reached, where);
      }();
      const double now = value.item(), slope = std::sqrt(dot(curvature.gradient(), curvature.gradient()));
      if (iteration == 0 && options.nonfinite != NonFinite::proceed && !(std::isfinite(now) && std::isfinite(slope))) {
        check<std::runtime_error>(options.nonfinite == NonFinite::skip, where, name(),
                                  ": loss and gradients must be finite, but the loss is ", now,
                                  " and the gradient's norm ", slope, ". Nothing was updated.");
        return answer;
      }
      if (!(slope > options.tolerance_grad)) break;
      const Step step = within_region(curvature, radius, most);
      const double length = std::sqrt(dot(step.p, step.p));
      const Tensor there = moved(best, 1, step.p);
      moving.assign(there);
      const Tensor tried = evaluate();
      const double fall = now - tried.item(), ratio = fall / step.promise;
      // What rounding leaves of the loss cannot tell a good step from a bad one.
      const bool is_noise = std::abs(fall) <= 1e-15 * std::abs(now) && step.promise <= 1e-14 * std::abs(now);
      if (!(ratio >= 0.25) && !is_noise)
        radius = 0.25 * std::min(length, radius);
      else if (ratio > 0.75 && step.at_edge)
        radius = std::min(2 * radius, options.lr);
      if (ratio > options.acceptance && fall >= 0) {
        best = there;
        value = tried;
      } else {
        moving.assign(best);
        if (is_noise || radius == 0) break;
        if (iteration + 1 < options.max_iter) value = evaluate();  // its graph was used up by the writing
      }
    }
  } catch (...) {
    moving.assign(start);
    throw;
  }
  for (std::size_t i = 0; i < parameters().size(); ++i) ++state_of(i).steps;
  numbers[0].second = radius;
  state_of(0).numbers = std::move(numbers);
  return answer;
}

template class OptimizerOf<NewtonCGOptions>;

}  // namespace optim
}  // namespace xgrad
