#include "overlap.hpp"

#include <cstdlib>
#include <numeric>

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

Addresses addresses_of(const Elements& x) {
  const auto at = reinterpret_cast<std::uintptr_t>(x.data);
  Addresses all{at, at + static_cast<std::uintptr_t>(x.size)};
  for (int axis = 0; axis < x.shape.ndim(); ++axis) {
    if (x.shape[axis] == 0) return {at, at};
    const std::int64_t reach = (x.shape[axis] - 1) * x.strides[axis] * x.size;
    (reach < 0 ? all.begin : all.end) += static_cast<std::uintptr_t>(reach);
  }
  return all;
}

bool may_overlap(const Elements& a, const Elements& b) {
  const Addresses x = addresses_of(a), y = addresses_of(b);
  if (x.begin == x.end || y.begin == y.end || x.end <= y.begin || y.end <= x.begin) return false;
  // All elements of either are whole steps away from its first.
  std::int64_t step = 0;
  for (const Elements* elements : {&a, &b})
    for (int axis = 0; axis < elements->shape.ndim(); ++axis)
      if (elements->shape[axis] > 1) step = std::gcd(step, elements->strides[axis] * elements->size);
  if (step == 0) return true;
  const auto apart =
      static_cast<std::int64_t>(reinterpret_cast<std::uintptr_t>(b.data) - reinterpret_cast<std::uintptr_t>(a.data));
  const std::int64_t beyond = (apart % step + step) % step;  // of an element of a, the next one of b
  return beyond < a.size || step - beyond < b.size;
}

}  // namespace xgrad::internal
