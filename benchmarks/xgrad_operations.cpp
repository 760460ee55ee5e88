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
  };
  return kOperations;
}

}  // namespace bench
