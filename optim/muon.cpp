#include "muon.hpp"

#include <algorithm>
#include <cmath>

#include "../autograd/ops/arithmetic.hpp"
#include "../autograd/ops/cast.hpp"
#include "../autograd/ops/create.hpp"
#include "../autograd/ops/movement.hpp"
#include "../autograd/ops/products.hpp"
#include "../autograd/ops/reduce.hpp"
#include "detail/update.hpp"

namespace xgrad XGRAD_API {
namespace optim {

namespace {

bool is_matrix(const MuonOptions& options, const Tensor& w) { return options.orthogonal && w.ndim() >= 2; }

/// Near the orthogonal matrix next to x [n, m]: singular values come to lie between 0.7 and 1.2.
Tensor orthogonalized(Tensor x, int steps) {
  const bool tall = x.size(0) > x.size(1);
  if (tall) x = transpose(x);
  x = x / (norm(x, Axes::all()) + 1e-7);
  for (int step = 0; step < steps; ++step) {
    const Tensor gram = matmul(x, transpose(x));
    x = 3.4445 * x + matmul(2.0315 * matmul(gram, gram) - 4.7750 * gram, x);
  }
  return tall ? transpose(x) : x;
}

}  // namespace

void MuonOptions::check(SourceLocation where) const {
  check_not_negative(kOptimizer, "lr", lr, where);
  check_decay(kOptimizer, "momentum", momentum, where);
  xgrad::check(ns_steps >= 1, where, kOptimizer, ": ns_steps must be at least 1, but it is ", ns_steps, '.');
  check_not_negative(kOptimizer, "weight_decay", weight_decay, where);
  check_not_negative(kOptimizer, "adamw_lr_factor", adamw_lr_factor, where);
  check_decay(kOptimizer, "adamw_betas.first", adamw_betas.first, where);
  check_decay(kOptimizer, "adamw_betas.second", adamw_betas.second, where);
  check_not_negative(kOptimizer, "adamw_eps", adamw_eps, where);
}

std::vector<Kept> Muon::keeps(const MuonOptions& options, const Tensor& w) const {
  if (is_matrix(options, w)) return {{"momentum", w}};
  return {{"mean", w}, {"mean_square", w}};
}

/// The step of a matrix. It takes memory, so that it comes before anything is written.
std::vector<Tensor> Muon::prepare(const MuonOptions& options, const Tensor& w, const Tensor& g,
                                  const State& state) const {
  if (!is_matrix(options, w) || w.numel() == 0) return {};
  const Descent descent(options.maximize, 0);
  Tensor direction = zeros_like(w);
  each(direction, g, state["momentum"],
       [=, momentum = options.momentum, nesterov = options.nesterov](auto& d, auto g, auto b) {
         auto down = descent(g, b);
         auto next = momentum * b + down;
         d = nesterov ? down + momentum * next : next;
       });
  // In the order of w: update() is to find nothing that must be packed first.
  return {contiguous(reshape(orthogonalized(flatten(direction, 1), options.ns_steps), w.shape()))};
}

void Muon::update(const MuonOptions& options, Tensor& w, const Tensor& g, State& state) {
  const Descent descent(options.maximize, 0);
  if (!is_matrix(options, w)) {
    const auto [beta1, beta2] = options.adamw_betas;
    const double lr = options.lr * options.adamw_lr_factor, shrink = 1 - lr * options.weight_decay;
    const double t = static_cast<double>(state.steps), eps = options.adamw_eps;
    const double rate = lr / (1 - std::pow(beta1, t)), c = 1 / std::sqrt(1 - std::pow(beta2, t));
    each(w, g, state["mean"], state["mean_square"],
         [=, beta1 = beta1, beta2 = beta2](auto& w, auto g, auto& m, auto& v) {
           auto d = descent(g, w);
           m = beta1 * m + (1 - beta1) * d;
           v = beta2 * v + (1 - beta2) * d * d;
           w = shrink * w - rate * m / (c * sqrt(v) + eps);
         });
    return;
  }

  if (w.numel() == 0) return;
  const double momentum = options.momentum, shrink = 1 - options.lr * options.weight_decay;
  const double rows = static_cast<double>(w.size(0)), columns = static_cast<double>(w.numel()) / rows;
  const double rate = options.lr * std::sqrt(std::max(1.0, rows / columns));
  const Tensor& step = state.prepared[0];
  each(w, g, state["momentum"], step, [=](auto& w, auto g, auto& b, auto step) {
    b = momentum * b + descent(g, b);
    w = shrink * w - rate * step;
  });
}

template class OptimizerOf<MuonOptions>;

}  // namespace optim
}  // namespace xgrad
