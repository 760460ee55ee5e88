// What the scatters share.
#pragma once

#include "../../tensor.hpp"

namespace xgrad::internal {

/// x and source in their common dtype.
struct XAndSource {
  Tensor x, source;
};
XAndSource promoted_pair(const char* operation, const Operand& x, const Operand& source);

/// source, cut to the indices' shape where it is larger. Gradient: put into source's shape.
Tensor cut_to(const Tensor& source, const Shape& shape, SourceLocation where);

/// Where the elements that indices name along an axis lie in a contiguous tensor of this shape: int64 [number of
/// indices].
Tensor flat_places(const char* operation, const Shape& shape, const Tensor& indices, int axis, SourceLocation where);

/// Throws unless indices and source fit x as scatter_add() has it.
void check_scatter(const char* operation, const Tensor& x, const Tensor& indices, const Tensor& source, int axis,
                   SourceLocation where);

}  // namespace xgrad::internal
