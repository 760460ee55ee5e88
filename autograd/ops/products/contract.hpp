// What einsum() and tensordot() are made of: tensors whose axes have labels, and the product of two of them.
#pragma once

#include <cstdint>
#include <vector>

#include "../../tensor.hpp"

namespace xgrad::internal {

/// Labels from 0 to 63 as a set.
using LabelSet = std::uint64_t;
inline LabelSet set_of(int label) { return LabelSet{1} << label; }
inline LabelSet set_of(const std::vector<int>& labels) {
  LabelSet set = 0;
  for (int label : labels) set |= set_of(label);
  return set;
}

/// A tensor whose axes have labels, no two of them the same.
struct Labelled {
  Tensor tensor;
  std::vector<int> labels;
};

/// x with its axes in this order: x itself where they are.
Labelled in_order(const Labelled& x, const std::vector<int>& labels);

/// x summed over the axes whose labels are not kept.
Labelled summed_to(const Labelled& x, LabelSet kept);

/// The product of two terms, summed over the labels that are not kept. A label that both have has one extent. As far as
/// the layout of the product allows it, the result's axes are in the order of `wanted`, which may have labels that the
/// result has not.
Labelled contract(const Labelled& a, const Labelled& b, LabelSet kept, const std::vector<int>& wanted);

}  // namespace xgrad::internal
