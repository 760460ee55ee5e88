// What operators share that make a tensor: its memory, the conversion of what goes into it, and their errors.
#pragma once

#include "../../tensor.hpp"

namespace xgrad::internal {

/// new_tensor. Throws std::bad_alloc, naming the operation, where memory runs out.
Tensor new_result(const char* operation, const Shape& shape, DType dtype, SourceLocation where);

/// The same after checking that no extent is negative and that the elements can be counted. Throws
/// std::invalid_argument where not.
Tensor new_checked(const char* operation, const Shape& shape, DType dtype, SourceLocation where);

/// cast() on behalf of another operation, which its errors name.
Tensor cast_for(const char* operation, const Operand& x, DType dtype);

}  // namespace xgrad::internal
