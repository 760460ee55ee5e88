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
