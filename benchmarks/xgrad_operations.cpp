// The rows of single operators in xgrad.
#include "operations.hpp"

#include <xgrad/xgrad.hpp>

namespace bench {
namespace {

using xgrad::Shape;
using xgrad::Tensor;

Tensor random(const Shape& shape, unsigned seed = 1) { return from_vector(numbers(shape.numel(), seed), shape); }

/// A task from a function that computes tensors: its outcome is the sum of each one's squares, and its last element.
template <class F>
Task task_of(F f) {
  auto results = std::make_shared<std::vector<Tensor>>();
  return {[=] {
            results->clear();
            *results = f();
          },
          [=] {
            std::vector<double> outcome;
            for (const Tensor& result : *results) {
              const Tensor flat = reshape(cast(result, xgrad::DType::float64), {-1});
              outcome.push_back(sum(square(flat)).item());
              outcome.push_back(flat[-1].item());
            }
            return outcome;
          }};
}

/// Whole numbers below `bound`.
Tensor places(const Shape& shape, std::int64_t bound, unsigned seed = 7) {
  return from_vector(bench::places(shape.numel(), bound, seed), shape);
}

/// Half of a stack of symmetric, positive definite matrices.
Tensor definite(const Shape& shape) {
  const Tensor a = cast(random(shape), xgrad::DType::float64);
  const std::int64_t n = shape.back();
  return matmul(a, transpose(a, -2, -1)) + static_cast<double>(n) * xgrad::eye(n, {.dtype = xgrad::DType::float64});
}

/// A function and its gradient: f of these variables, with a cotangent of ones, as what f computes and each variable's
/// gradient.
template <class F>
Task pulled(std::vector<Tensor> variables, F f) {
  for (Tensor& variable : variables) variable.set_requires_grad();
  const Tensor cotangent = ones_like(f(variables).detach());
  return task_of([=] {
    std::vector<Tensor> results{f(variables)};
    for (Tensor& gradient : grad(results[0], variables, cotangent)) results.push_back(std::move(gradient));
    results[0] = results[0].detach();
    return results;
  });
}

using Variables = const std::vector<Tensor>&;

std::vector<Tensor> both(xgrad::Picked picked) { return {std::move(picked.values), std::move(picked.indices)}; }

std::vector<Tensor> parameters(int count, std::int64_t size) {
  std::vector<Tensor> made;
  for (int i = 0; i < count; ++i)
    made.push_back(cast(random({size}, i + 1), xgrad::DType::float64).detach().set_requires_grad());
  return made;
}

/// A step of AdamW by gradients that stay, in float32.
Task adamw(int count, std::int64_t size) {
  std::vector<Tensor> weights;
  for (int i = 0; i < count; ++i) {
    weights.push_back(random({size}, i + 1).set_requires_grad());
    weights.back().set_grad(random({size}, i + 2));
  }
  auto optimizer = std::make_shared<xgrad::optim::AdamW>(weights);
  return task_of([=] {
    optimizer->step();
    return std::vector{weights[0].detach(), weights.back().detach()};
  });
}

/// One step of L-BFGS with its line search, of twenty iterations, down a bowl whose axes differ a thousandfold, in
/// float64.
Task lbfgs(int count, std::int64_t size) {
  const std::vector<Tensor> start = parameters(count, size);
  std::vector<Tensor> curvatures;
  for (const Tensor& w : start) curvatures.push_back(exp(3.5 * w.detach()));
  return task_of([=] {
    std::vector<Tensor> weights;
    for (const Tensor& w : start) weights.push_back(copy(w.detach()).set_requires_grad());
    xgrad::optim::LBFGS optimizer(weights, {.max_iter = 20,
                                            .tolerance_grad = 0,
                                            .tolerance_change = 0,
                                            .line_search = xgrad::optim::LineSearch::strong_wolfe});
    optimizer.step([&] {
      Tensor loss;
      for (std::size_t i = 0; i < weights.size(); ++i) {
        const Tensor own = sum(curvatures[i] * square(weights[i] - 1));
        loss = loss.defined() ? loss + own : own;
      }
      return loss;
    });
    return std::vector{weights[0].detach(), weights.back().detach()};
  });
}

}  // namespace

const Operations& xgrad_operations() {
  static const Operations kOperations = {
      {"sort 1000000", [] { return task_of([x = random({1'000'000})] { return both(sort(x)); }); }},
      {"sort 10000x100",
       [] {
         return task_of([x = random({10'000, 100})] { return both(sort(x)); });
       }},
      {"topk 10 of 1000000", [] { return task_of([x = random({1'000'000})] { return both(topk(x, 10)); }); }},
      {"cumsum 1000000", [] { return task_of([x = random({1'000'000})] { return std::vector{cumsum(x, 0)}; }); }},
      {"cumsum 1000x1000, axis 0",
       [] {
         return task_of([x = random({1'000, 1'000})] { return std::vector{cumsum(x, 0)}; });
       }},
      {"adamw 20x50000", [] { return adamw(20, 50'000); }},
      {"adamw 2000x50", [] { return adamw(2'000, 50); }},
      {"lbfgs 4x25000, 20 iterations", [] { return lbfgs(4, 25'000); }},
      {"lbfgs 10x100, 20 iterations", [] { return lbfgs(10, 100); }},
      {"index_select 1000000 of 100000x8, both ways",
       [] {
         return pulled({random({100'000, 8})},
                       [index = places({1'000'000}, 100'000)](Variables v) { return index_select(v[0], 0, index); });
       }},
      {"gather 1000000x8 of 100000x8, both ways",
       [] {
         return pulled({random({100'000, 8})},
                       [index = places({1'000'000, 8}, 100'000)](Variables v) { return gather(v[0], 0, index); });
       }},
      {"x[mask] 1000000, half of them, both ways",
       [] {
         return pulled({random({1'000'000})}, [mask = random({1'000'000}, 2) > 0](Variables v) { return v[0][mask]; });
       }},
      {"einsum bij,bjk->bik 32x64x64x64, both ways",
       [] {
         return pulled({random({32, 64, 64}), random({32, 64, 64}, 2)}, [](Variables v) {
           return xgrad::einsum("bij,bjk->bik", {v[0], v[1]});
         });
       }},
      {"einsum ij,kj,kl->il 256, both ways",
       [] {
         return pulled({random({256, 256}), random({256, 256}, 2), random({256, 256}, 3)}, [](Variables v) {
           return xgrad::einsum("ij,kj,kl->il", {v[0], v[1], v[2]});
         });
       }},
      {"cholesky 256x256 float64, both ways",
       [] {
         return pulled({definite({256, 256})}, [](Variables v) { return xgrad::linalg::cholesky(v[0]); });
       }},
      {"solve 256x256 float64, both ways",
       [] {
         return pulled({definite({256, 256}), cast(random({256, 1}, 2), xgrad::DType::float64)},
                       [](Variables v) { return xgrad::linalg::solve(v[0], v[1]); });
       }},
      {"cholesky 1000x8x8 float64, both ways",
       [] {
         return pulled({definite({1'000, 8, 8})}, [](Variables v) { return xgrad::linalg::cholesky(v[0]); });
       }},
      {"solve 1000x8x8 float64, both ways",
       [] {
         return pulled({definite({1'000, 8, 8}), cast(random({1'000, 8, 1}, 2), xgrad::DType::float64)},
                       [](Variables v) { return xgrad::linalg::solve(v[0], v[1]); });
       }},
  };
  return kOperations;
}

}  // namespace bench
