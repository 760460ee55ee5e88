#include "adafactor.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "../autograd/ops/arithmetic.hpp"
#include "../autograd/ops/cast.hpp"
#include "../autograd/ops/choose.hpp"
#include "../autograd/ops/compare.hpp"
#include "../autograd/ops/create.hpp"
#include "../autograd/ops/movement.hpp"
#include "../autograd/ops/reduce.hpp"
#include "detail/update.hpp"

namespace xgrad XGRAD_API {
namespace optim {
namespace {

double root_mean_square(const Tensor& x) {
  return norm(x, Axes::all()).item() / std::sqrt(static_cast<double>(x.numel()));
}

/// That of the weights, by which the step is scaled. Infinite ones, as a mask may have, do not count: they do not move,
/// and the others would be torn along.
double size_of(const Tensor& w) {
  const double size = root_mean_square(w);
  if (std::isfinite(size)) return size;
  const Tensor finite = isfinite(w);
  const double count = sum(cast(finite, DType::float64)).item();
  const Tensor rest = where(finite, cast(w.detach(), DType::float64), 0.0);
  return count > 0 ? norm(rest, Axes::all()).item() / std::sqrt(count) : 0;
}

}  // namespace

void AdafactorOptions::check(SourceLocation where) const {
  check_not_negative(kOptimizer, "lr", lr, where);
  check_finite(kOptimizer, "beta2_decay", beta2_decay, where);
  xgrad::check(beta2_decay < 0, where, kOptimizer, ": beta2_decay must be below 0, but it is ", beta2_decay, '.');
  check_not_negative(kOptimizer, "eps1", eps1, where);
  check_not_negative(kOptimizer, "eps2", eps2, where);
  xgrad::check(clip_threshold > 0, where, kOptimizer, ": clip_threshold must be above 0, but it is ", clip_threshold,
               '.');
  check_not_negative(kOptimizer, "weight_decay", weight_decay, where);
}

std::vector<Kept> Adafactor::keeps(const AdafactorOptions&, const Tensor& w) const {
  if (w.ndim() < 2) return {{"mean_square", w}};
  Shape rows = w.shape(), columns = w.shape();
  rows[rows.ndim() - 1] = 1;
  columns[columns.ndim() - 2] = 1;
  return {{"row_mean_square", rows, w.dtype()}, {"column_mean_square", columns, w.dtype()}};
}

/// The step for parameters and running averages, and what these become. All of it takes memory, so that it comes before
/// anything is written.
std::vector<Tensor> Adafactor::prepare(const AdafactorOptions& options, const Tensor& w, const Tensor& g,
                                       const State& state) const {
  if (w.numel() == 0) return {};
  const bool single = w.dtype() == DType::float32;
  const double eps = options.eps1 > 0 ? options.eps1
                     : single         ? std::numeric_limits<float>::epsilon()
                                      : std::numeric_limits<double>::epsilon();
  const double least = eps * eps, t = static_cast<double>(state.steps + 1);
  const double fresh = std::pow(t, options.beta2_decay);
  const auto average = [=](const Tensor& kept, const Tensor& now) {
    Tensor next = zeros_like(kept);
    each(next, kept, now, [=](auto& next, auto kept, auto now) { next = kept + fresh * (now - kept); });
    return next;
  };

  Tensor step = zeros_like(w);
  each(step, g, [sign = options.maximize ? -1.0 : 1.0](auto& d, auto g) { d = sign * g; });
  const Tensor squares = square(step);
  std::vector<Tensor> made;
  if (w.ndim() < 2) {
    made = {average(state["mean_square"], squares)};
    each(step, std::as_const(made[0]), [=](auto& d, auto v) { d = d / sqrt(max(v, least)); });
  } else {
    const Tensor rows = average(state["row_mean_square"], mean(squares, -1, {.keepdims = true}));
    const Tensor columns = average(state["column_mean_square"], mean(squares, -2, {.keepdims = true}));
    const Tensor shares = rows / clamp_min(mean(rows, -2, {.keepdims = true}), eps);
    each(step, expand(shares, w.shape()), expand(columns, w.shape()),
         [=](auto& d, auto r, auto c) { d = d / sqrt(max(r * c, least)); });
    made = {rows, columns};
  }
  const double rate = std::max(options.eps2, size_of(w)) * std::min(options.lr, 1 / std::sqrt(t)) /
                      std::max(1.0, root_mean_square(step) / options.clip_threshold);
  each(step, [=](auto& d) { d = rate * d; });
  made.push_back(step);
  return made;
}

void Adafactor::update(const AdafactorOptions& options, Tensor& w, const Tensor&, State& state) {
  if (w.numel() == 0) return;
  const double shrink = 1 - options.lr * options.weight_decay;
  const Tensor& step = state.prepared.back();
  each(w, step, [=](auto& w, auto d) { w = shrink * w - d; });
  const auto take = [&](const char* name, const Tensor& value) {
    each(state[name], value, [](auto& kept, auto next) { kept = next; });
  };
  if (w.ndim() < 2) return take("mean_square", state.prepared[0]);
  take("row_mean_square", state.prepared[0]);
  take("column_mean_square", state.prepared[1]);
}

template class OptimizerOf<AdafactorOptions>;

}  // namespace optim
}  // namespace xgrad
