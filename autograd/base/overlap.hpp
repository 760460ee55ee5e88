// Layouts in which elements share memory.
#pragma once

#include "../shape.hpp"

namespace xgrad::internal {

/// An axis along which elements of this layout may share places with others, as expand() and unfold() make them: the one of the
/// smallest stride. -1 where each element has a place of its own.
int overlapping_axis(const Shape& shape, const Strides& strides);

}  // namespace xgrad::internal
