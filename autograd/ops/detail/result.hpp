// What operators share that make a tensor: its memory, the conversion of what goes into it, and their errors.
#pragma once

#include "../../base/allocator.hpp"
#include "../../tensor.hpp"

namespace xgrad::internal {

/// A fresh contiguous tensor for an operator's result, its elements not set: the only way to one, so that running out
/// of memory names the operation and the user's line.
/// Throws: OutOfMemory.
Tensor new_result(const char* operation, const Shape& shape, DType dtype, SourceLocation where);

/// new_result for a shape that the user or a sum of extents has made.
/// Throws: std::invalid_argument, naming the operation, for a negative extent and where an int64 cannot count the
/// bytes.
Tensor new_checked(const char* operation, const Shape& shape, DType dtype, SourceLocation where);

/// new_checked with all elements 0.
Tensor new_zeros(const char* operation, const Shape& shape, DType dtype, SourceLocation where);

/// new_view() in an operation's name, which its errors have.
/// Throws: OutOfMemory.
Tensor new_result_view(const char* operation, SourceLocation where, const Tensor& base, const Shape& shape,
                       const Strides& strides, void* data);

/// What `compute` answers with; where it runs out of memory for values in between, the operation is named.
template <class F>
auto with_memory_for(const char* operation, SourceLocation where, const F& compute) {
  try {
    return compute();
  } catch (const OutOfMemory& error) {
    error.pass_on(operation, "values in between", where);
  }
}

/// The tensor as its creator's options want it: a variable, or as it is.
Tensor with_options(Tensor tensor, const TensorOptions& options, SourceLocation where);

}  // namespace xgrad::internal
