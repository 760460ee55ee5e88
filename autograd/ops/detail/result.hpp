// What operators share that make a tensor: its memory, the conversion of what goes into it, and their errors.
#pragma once

#include "../../tensor.hpp"

namespace xgrad::internal {

/// A fresh contiguous tensor for an operator's result, its elements not set: the only way to one, so that running out of
/// memory names the operation and the user's line.
/// Throws: OutOfMemory.
Tensor new_result(const char* operation, const Shape& shape, DType dtype, SourceLocation where);

/// new_result for a shape that the user or a sum of extents has made.
/// Throws: std::invalid_argument, naming the operation, for a negative extent and where an int64 cannot count the bytes.
Tensor new_checked(const char* operation, const Shape& shape, DType dtype, SourceLocation where);

/// new_checked with all elements 0.
Tensor new_zeros(const char* operation, const Shape& shape, DType dtype, SourceLocation where);

/// The tensor as its creator's options want it: a variable, or as it is.
Tensor with_options(Tensor tensor, const TensorOptions& options, SourceLocation where);

}  // namespace xgrad::internal
