// How a tensor's elements are spread, as logs keep it.
#pragma once

#include <cstdint>
#include <vector>

#include "../../autograd/tensor.hpp"

namespace xgrad::train::detail {

struct Spread {
  std::vector<double> edges;  // one more than counts; empty where no element is finite
  std::vector<double> counts;
  std::int64_t lost = 0;  // elements that are not finite
  double low = 0, high = 0, count = 0, sum = 0, squares = 0;
};

/// Counts the elements in 40 bins between the smallest and the largest.
Spread spread_of(const Tensor& values, SourceLocation where);

}  // namespace xgrad::train::detail
