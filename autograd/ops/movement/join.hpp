// cat() on behalf of the operations that are one, and what they share.
#pragma once

#include <span>
#include <vector>

#include "../../tensor.hpp"

namespace xgrad::internal {

/// The tensors in their common dtype; `room` holds those that had to be converted.
/// Throws: std::invalid_argument, naming the operation, where there are none and for one that is undefined.
std::span<const Tensor> in_common_dtype(const char* operation, std::span<const Tensor> tensors,
                                        std::vector<Tensor>& room, SourceLocation where);

/// cat() by the name of the operation, in errors and in the graph.
Tensor cat_as(const char* operation, std::span<const Tensor> tensors, int axis, SourceLocation where);

}  // namespace xgrad::internal
