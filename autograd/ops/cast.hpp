// Conversion of elements, and copies of them.
#pragma once

#include "../tensor.hpp"

namespace xgrad XGRAD_API {

/// Elements in another dtype, or x itself when it has it. Floating to integer truncates; to boolean, what is not 0 is
/// true.
/// Shapes: the result has x's.
/// Dtype: the one asked for.
/// Derivative: g, converted back.
/// Throws: std::invalid_argument where int64 cannot hold an element (nan, inf, 1e30).
/// NumPy: `ndarray.astype(dtype)`, which does not refuse a nan as an integer
/// PyTorch: `Tensor.to(dtype)`, which does not refuse a nan as an integer
Tensor cast(const Operand& x, DType dtype);

/// Copy of the elements in fresh row-major memory.
/// Shapes: the result has x's.
/// Dtype: x's.
/// Derivative: g.
/// PyTorch: `clone`
Tensor copy(const Operand& x);

/// Tensor whose elements lie row-major without gaps: x itself where they do, else copy(x).
/// Shapes: the result has x's.
/// Dtype: x's.
/// Derivative: g.
/// NumPy: `ascontiguousarray`
/// PyTorch: `Tensor.contiguous()`
Tensor contiguous(const Operand& x);

}  // namespace xgrad
