// Indices that come as a tensor: checked before anything is read or written.
#pragma once

#include "../../tensor.hpp"

namespace xgrad::internal {

/// The indices, contiguous, after checking them all against the axis of x.
Tensor checked_indices(const char* operation, const Tensor& indices, const Tensor& x, int axis, SourceLocation where);

/// The indices, contiguous and counted from 0, after checking them all against an axis of this extent: negative ones count from
/// the end.
Tensor wrapped_indices(const char* operation, const Tensor& indices, const Shape& shape, int axis,
                       SourceLocation where);

}  // namespace xgrad::internal
