#include "overlap.hpp"

#include <cstdlib>

namespace xgrad::internal {

int overlapping_axis(const Shape& shape, const Strides& strides) {
  // The axes by their strides: each must reach beyond all that the smaller ones span.
  int order[kMaxDims], count = 0;
  for (int axis = 0; axis < shape.ndim(); ++axis) {
    if (shape[axis] == 0) return -1;
    if (shape[axis] == 1) continue;
    int at = count++;
    for (; at > 0 && std::abs(strides[order[at - 1]]) > std::abs(strides[axis]); --at) order[at] = order[at - 1];
    order[at] = axis;
  }
  std::int64_t span = 0;
  for (int i = 0; i < count; ++i) {
    std::int64_t stride = std::abs(strides[order[i]]);
    if (stride <= span) return order[i];
    span += stride * (shape[order[i]] - 1);
  }
  return -1;
}

}  // namespace xgrad::internal
