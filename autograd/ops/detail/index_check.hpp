// Indices that come as a tensor: checked before anything is read or written.
#pragma once

#include "../../tensor.hpp"

namespace xgrad::internal {

/// Whether all of them are in [0, extent). For a kernel that checks indices shortly before it reads them, so that they
/// come from memory once.
bool all_below(const std::int64_t* indices, std::int64_t count, std::int64_t extent);

/// The indices, contiguous, and none of them checked.
Tensor unchecked_indices(const char* operation, const Tensor& indices, SourceLocation where);

/// The indices, contiguous, after checking them all against the axis of x.
Tensor checked_indices(const char* operation, const Tensor& indices, const Tensor& x, int axis, SourceLocation where);

/// The indices, contiguous and counted from 0, after checking them all against an axis of this extent: negative ones
/// count from the end.
Tensor wrapped_indices(const char* operation, const Tensor& indices, const Shape& shape, int axis,
                       SourceLocation where);

}  // namespace xgrad::internal
