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
