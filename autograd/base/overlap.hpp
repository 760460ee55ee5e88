// Layouts in which elements share memory.
#pragma once

#include <cstdint>

#include "../shape.hpp"

namespace xgrad::internal {

/// An axis along which elements of this layout may share places with others, as expand() and unfold() make them: the
/// one of the smallest stride. -1 where each element has a place of its own.
int overlapping_axis(const Shape& shape, const Strides& strides);

/// Elements of `size` bytes each in a layout, the first of them at `data`.
struct Elements {
  const void* data;
  std::int64_t size;
  const Shape& shape;
  const Strides& strides;
};

/// The bytes of all elements, from the first in memory to the end of the last; none where there are no elements.
struct Addresses {
  std::uintptr_t begin, end;
};
Addresses addresses_of(const Elements& elements);

/// Whether an element of one may have a byte in common with one of the other. No where their addresses or their steps
/// tell them apart: two halves, two columns, every other element from 0 and from 1.
bool may_overlap(const Elements& a, const Elements& b);

}  // namespace xgrad::internal
