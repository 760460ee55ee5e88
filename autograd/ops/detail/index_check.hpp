// Indices that come as a tensor: checked before anything is read or written.
#pragma once

#include "../../tensor.hpp"

namespace xgrad::internal {

/// The indices, contiguous, after checking them all against the axis of x.
Tensor checked_indices(const char* operation, const Tensor& indices, const Tensor& x, int axis, SourceLocation where);

}  // namespace xgrad::internal
