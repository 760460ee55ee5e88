// In which order einsum() and multi_dot() multiply several operands.
#pragma once

#include <utility>
#include <vector>

#include "contract.hpp"

namespace xgrad::internal {

/// What is to be multiplied: the labels of each operand, the extent of each label, and the labels of the result.
struct Contraction {
  std::vector<LabelSet> operands;
  std::vector<double> extents;  // by label
  LabelSet result;
};

/// Pairs of positions in a list from which both are taken and to whose end their product is added, until one is left.
/// The fewest multiplications for up to kOptimalOperands, the cheapest pair next for more; from the left among equals.
/// Empty where each order has a product of more than kMaxDims axes (and for one operand).
std::vector<std::pair<int, int>> contraction_order(const Contraction& contraction);
inline constexpr int kOptimalOperands = 8;

}  // namespace xgrad::internal
