// The root of a sum of squares as a node: of norm() and of rmse().
#pragma once

#include "../../tensor.hpp"

namespace xgrad::internal {

/// sqrt(sum(x^2) / divisor) over the axes of the mask, in this shape, recorded under this name. Neither overflows nor
/// underflows where the answer is representable.
Tensor root_of_squares(const char* name, const Tensor& x, unsigned mask, const Shape& shape, double divisor,
                       SourceLocation where);

}  // namespace xgrad::internal
