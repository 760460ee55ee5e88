// What the functions that make tensors from a shape and options share.
#pragma once

#include "autograd/tensor.hpp"

namespace xgrad::internal {

/// new_tensor, after checking that no extent is negative and that the elements can be counted. Throws
/// std::invalid_argument, and std::bad_alloc where memory runs out, naming the operation.
Tensor new_checked(const char* operation, const Shape& shape, DType dtype, SourceLocation where);

/// The number as an element: not 0 is true, integers truncate. Throws std::invalid_argument where int64
/// cannot hold it.
template <class T>
T element_of(const char* operation, double number, SourceLocation where);

}  // namespace xgrad::internal
