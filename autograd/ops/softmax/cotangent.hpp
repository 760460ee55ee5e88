// The derivative of a softmax in operators: what those of softmax, logsumexp, cross_entropy and attention are made of
// where they are recorded.
#pragma once

#include "../reduce.hpp"

namespace xgrad::internal {

/// y (g - sum(g y)) of operators, for y that add up to 1 over the axes, or are all 0. So g may be taken relative to
/// that of the winner, the element with more than half of the sum: its own difference is then 0 rather than what
/// rounding left of 1 - y.
Tensor softmax_cotangent_of_operators(const Tensor& g, const Tensor& y, const Axes& axes);

}  // namespace xgrad::internal
