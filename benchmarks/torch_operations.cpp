// The rows of single operators in libtorch. With torch_peer.cpp the only file that includes libtorch.
#include "operations.hpp"

#ifdef XGRAD_WITH_TORCH

#include <torch/torch.h>

namespace bench {
namespace {

torch::Tensor random(torch::IntArrayRef shape, unsigned seed = 1) {
  std::vector<float> values = numbers(c10::multiply_integers(shape), seed);
  return torch::from_blob(values.data(), shape).clone();
}

/// A task from a function that computes tensors: its outcome is the sum of each one's squares, and its last element.
template <class F>
Task task_of(F f) {
  auto results = std::make_shared<std::vector<torch::Tensor>>();
  return {[=] {
            results->clear();
            *results = f();
          },
          [=] {
            std::vector<double> outcome;
            for (const torch::Tensor& result : *results) {
              const torch::Tensor flat = result.to(torch::kFloat64).reshape(-1);
              outcome.push_back(torch::sum(torch::square(flat)).item<double>());
              outcome.push_back(flat[-1].item<double>());
            }
            return outcome;
          }};
}

torch::Tensor places(torch::IntArrayRef shape, std::int64_t bound, unsigned seed = 7) {
  std::vector<std::int64_t> values = bench::places(c10::multiply_integers(shape), bound, seed);
  return torch::from_blob(values.data(), shape, torch::kInt64).clone();
}

torch::Tensor definite(torch::IntArrayRef shape) {
  const torch::Tensor a = random(shape).to(torch::kFloat64);
  const std::int64_t n = shape.back();
  return torch::matmul(a, a.transpose(-2, -1)) + static_cast<double>(n) * torch::eye(n, torch::kFloat64);
}

using Variables = const std::vector<torch::Tensor>&;

/// A function and its gradient: f of these variables, with a cotangent of ones, as what f computes and each variable's
/// gradient.
template <class F>
Task pulled(std::vector<torch::Tensor> variables, F f) {
  for (torch::Tensor& variable : variables) variable = variable.detach().requires_grad_();
  const torch::Tensor cotangent = torch::ones_like(f(variables).detach());
  return task_of([=] {
    const torch::Tensor y = f(variables);
    std::vector<torch::Tensor> results = torch::autograd::grad({y}, variables, {cotangent});
    results.insert(results.begin(), y.detach());
    return results;
  });
}

std::vector<torch::Tensor> both(std::tuple<torch::Tensor, torch::Tensor> pair) {
  return {std::move(std::get<0>(pair)), std::move(std::get<1>(pair))};
}

Task adamw(int count, std::int64_t size) {
  std::vector<torch::Tensor> weights;
  for (int i = 0; i < count; ++i) {
    weights.push_back(random({size}, i + 1).set_requires_grad(true));
    weights.back().mutable_grad() = random({size}, i + 2);
  }
  auto optimizer = std::make_shared<torch::optim::AdamW>(weights);
  return task_of([=] {
    optimizer->step();
    return std::vector{weights[0].detach(), weights.back().detach()};
  });
}

Task lbfgs(int count, std::int64_t size) {
  std::vector<torch::Tensor> start, curvatures;
  for (int i = 0; i < count; ++i) {
    start.push_back(random({size}, i + 1).to(torch::kFloat64));
    curvatures.push_back(torch::exp(3.5 * start.back()));
  }
  return task_of([=] {
    std::vector<torch::Tensor> weights;
    for (const torch::Tensor& w : start) weights.push_back(w.clone().set_requires_grad(true));
    torch::optim::LBFGS optimizer(
        weights,
        torch::optim::LBFGSOptions().max_iter(20).tolerance_grad(0).tolerance_change(0).line_search_fn("strong_wolfe"));
    optimizer.step([&] {
      optimizer.zero_grad();
      torch::Tensor loss;
      for (std::size_t i = 0; i < weights.size(); ++i) {
        const torch::Tensor own = torch::sum(curvatures[i] * torch::square(weights[i] - 1));
        loss = loss.defined() ? loss + own : own;
      }
      loss.backward();
      return loss;
    });
    return std::vector{weights[0].detach(), weights.back().detach()};
  });
}

}  // namespace

const Operations& torch_operations() {
  static const Operations kOperations = {
      {"sort 1000000", [] { return task_of([x = random({1'000'000})] { return both(torch::sort(x)); }); }},
      {"sort 10000x100",
       [] {
         return task_of([x = random({10'000, 100})] { return both(torch::sort(x)); });
       }},
      {"topk 10 of 1000000", [] { return task_of([x = random({1'000'000})] { return both(torch::topk(x, 10)); }); }},
      {"cumsum 1000000",
       [] { return task_of([x = random({1'000'000})] { return std::vector{torch::cumsum(x, 0)}; }); }},
      {"cumsum 1000x1000, axis 0",
       [] {
         return task_of([x = random({1'000, 1'000})] { return std::vector{torch::cumsum(x, 0)}; });
       }},
      {"adamw 20x50000", [] { return adamw(20, 50'000); }},
      {"adamw 2000x50", [] { return adamw(2'000, 50); }},
      {"lbfgs 4x25000, 20 iterations", [] { return lbfgs(4, 25'000); }},
      {"lbfgs 10x100, 20 iterations", [] { return lbfgs(10, 100); }},
      {"index_select 1000000 of 100000x8, both ways",
       [] {
         return pulled({random({100'000, 8})}, [index = places({1'000'000}, 100'000)](Variables v) {
           return torch::index_select(v[0], 0, index);
         });
       }},
      {"gather 1000000x8 of 100000x8, both ways",
       [] {
         return pulled({random({100'000, 8})}, [index = places({1'000'000, 8}, 100'000)](Variables v) {
           return torch::gather(v[0], 0, index);
         });
       }},
      {"x[mask] 1000000, half of them, both ways",
       [] {
         return pulled({random({1'000'000})},
                       [mask = random({1'000'000}, 2) > 0](Variables v) { return v[0].index({mask}); });
       }},
      {"einsum bij,bjk->bik 32x64x64x64, both ways",
       [] {
         return pulled({random({32, 64, 64}), random({32, 64, 64}, 2)}, [](Variables v) {
           return torch::einsum("bij,bjk->bik", {v[0], v[1]});
         });
       }},
      {"einsum ij,kj,kl->il 256, both ways",
       [] {
         return pulled({random({256, 256}), random({256, 256}, 2), random({256, 256}, 3)}, [](Variables v) {
           return torch::einsum("ij,kj,kl->il", {v[0], v[1], v[2]});
         });
       }},
      {"cholesky 256x256 float64, both ways",
       [] {
         return pulled({definite({256, 256})}, [](Variables v) { return torch::linalg_cholesky(v[0]); });
       }},
      {"solve 256x256 float64, both ways",
       [] {
         return pulled({definite({256, 256}), random({256, 1}, 2).to(torch::kFloat64)},
                       [](Variables v) { return torch::linalg_solve(v[0], v[1]); });
       }},
      {"cholesky 1000x8x8 float64, both ways",
       [] {
         return pulled({definite({1'000, 8, 8})}, [](Variables v) { return torch::linalg_cholesky(v[0]); });
       }},
      {"solve 1000x8x8 float64, both ways",
       [] {
         return pulled({definite({1'000, 8, 8}), random({1'000, 8, 1}, 2).to(torch::kFloat64)},
                       [](Variables v) { return torch::linalg_solve(v[0], v[1]); });
       }},
  };
  return kOperations;
}

}  // namespace bench

#else

namespace bench {

const Operations& torch_operations() {
  static const Operations kNone;
  return kNone;
}

}  // namespace bench

#endif
