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

/// One step of L-BFGS with its line search, of twenty iterations, down a bowl whose axes differ a thousandfold, in float64.
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
  };
  return kOperations;
}

}  // namespace bench
