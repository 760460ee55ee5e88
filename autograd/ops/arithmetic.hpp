// Arithmetic on the elements of tensors: + - * /, powers and roots, signs.
//
// Operands of different shapes broadcast by NumPy's rule, and each cotangent is summed back to its operand's shape. Mixed
// dtypes promote; as in PyTorch, a number, and a 0-d tensor beside one with axes, has a say only if it is of a later kind:
// boolean, integer, floating. In what follows g is the cotangent, y the result.
#pragma once

#include "../number.hpp"
#include "../tensor.hpp"

namespace xgrad XGRAD_API {

/// Sum of two tensors, element by element; of booleans: or.
/// Shapes: a and b broadcast to the result's shape.
/// Dtype: the common one; integers stay.
/// Derivative: g to a, g to b.
Tensor add(const Operand& a, const Operand& b);

/// Difference of two tensors, element by element.
/// Shapes: a and b broadcast to the result's shape.
/// Dtype: the common one; integers stay.
/// Derivative: g to a, -g to b.
/// Throws: std::invalid_argument where both are boolean.
Tensor sub(const Operand& a, const Operand& b);

/// Product of two tensors, element by element; of booleans: and.
/// Shapes: a and b broadcast to the result's shape.
/// Dtype: the common one; integers stay.
/// Derivative: g b to a, g a to b.
Tensor mul(const Operand& a, const Operand& b);

/// Quotient of two tensors, element by element.
/// Shapes: a and b broadcast to the result's shape.
/// Dtype: the common one, integers become float32.
/// Derivative: g / b to a, -g a / b^2 to b.
Tensor div(const Operand& a, const Operand& b);

/// Negative of each element.
/// Shapes: the result has x's.
/// Dtype: x's; integers stay.
/// Derivative: -g.
/// Throws: std::invalid_argument where x is boolean.
Tensor neg(const Operand& x);

inline Tensor operator+(const Operand& a, const Operand& b) { return add(a, b); }
inline Tensor operator-(const Operand& a, const Operand& b) { return sub(a, b); }
inline Tensor operator*(const Operand& a, const Operand& b) { return mul(a, b); }
inline Tensor operator/(const Operand& a, const Operand& b) { return div(a, b); }
inline Tensor operator-(const Operand& x) { return neg(x); }

// Other names may stand for the same tensor: += would have to change it for all of them, or for none. `a = a + b` gives
// this name a new tensor; `a.assign(a + b)` writes into the elements of a leaf.
Tensor& operator+=(Tensor& a, const Operand& b) = delete;  // write a = a + b, or a.assign(a + b)
Tensor& operator-=(Tensor& a, const Operand& b) = delete;  // write a = a - b, or a.assign(a - b)
Tensor& operator*=(Tensor& a, const Operand& b) = delete;  // write a = a * b, or a.assign(a * b)
Tensor& operator/=(Tensor& a, const Operand& b) = delete;  // write a = a / b, or a.assign(a / b)

/// Power a^b, element by element.
/// Shapes: a and b broadcast to the result's shape.
/// Dtype: the common one; two integers give an integer.
/// Derivative: g b a^(b-1) to a, 0 where b is 0; g y log a to b, 0 where a is 0 and b is not negative.
/// Throws: std::invalid_argument for an integer to a negative integer, and where both are boolean.
Tensor pow(const Operand& a, const Operand& b);

/// Square x^2 of each element.
/// Shapes: the result has x's.
/// Dtype: x's; integers stay.
/// Derivative: 2 g x.
Tensor square(const Operand& x);

/// Reciprocal 1 / x of each element.
/// Shapes: the result has x's.
/// Dtype: x's, integers become float32.
/// Derivative: -g y^2.
Tensor reciprocal(const Operand& x);

/// Square root of each element; nan below 0.
/// Shapes: the result has x's.
/// Dtype: x's, integers become float32.
/// Derivative: g / (2 y), which is inf at 0.
Tensor sqrt(const Operand& x);

/// Absolute value |x| of each element.
/// Shapes: the result has x's.
/// Dtype: x's; integers stay.
/// Derivative: g sign(x), 0 at 0.
Tensor abs(const Operand& x);

/// Sign of each element: -1, 0 or 1, and nan of nan.
/// Shapes: the result has x's.
/// Dtype: x's; integers and booleans stay.
/// Derivative: 0.
Tensor sign(const Operand& x);

}  // namespace xgrad
