// Arithmetic on the elements of tensors: + - * /, powers and roots, signs.
//
// Operands of different shapes broadcast by NumPy's rule, and each cotangent is summed back to its operand's shape.
// Mixed dtypes promote; as in PyTorch, a number, and a 0-d tensor beside one with axes, has a say only if it is of a
// later kind: boolean, integer, floating. In what follows g is the cotangent, y the result.
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
/// NumPy: `subtract`
/// PyTorch: `sub`, `subtract`
Tensor sub(const Operand& a, const Operand& b);

/// Product of two tensors, element by element; of booleans: and.
/// Shapes: a and b broadcast to the result's shape.
/// Dtype: the common one; integers stay.
/// Derivative: g b to a, g a to b.
/// NumPy: `multiply`
/// PyTorch: `mul`, `multiply`
Tensor mul(const Operand& a, const Operand& b);

/// Quotient of two tensors, element by element.
/// Shapes: a and b broadcast to the result's shape.
/// Dtype: the common one, integers become the default dtype.
/// Derivative: g / b to a, -g a / b^2 to b.
/// NumPy: `divide`
/// PyTorch: `div`, `divide`
Tensor div(const Operand& a, const Operand& b);

/// Negative of each element.
/// Shapes: the result has x's.
/// Dtype: x's; integers stay.
/// Derivative: -g.
/// Throws: std::invalid_argument where x is boolean.
/// NumPy: `negative`
/// PyTorch: `neg`, `negative`
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
Tensor& operator%=(Tensor& a, const Operand& b) = delete;  // write a = a % b, or a.assign(a % b)

/// Power a^b, element by element.
/// Shapes: a and b broadcast to the result's shape.
/// Dtype: the common one; two integers give an integer.
/// Derivative: g b a^(b-1) to a, 0 where b is 0; g y log a to b, 0 where a is 0 and b is not negative.
/// Throws: std::invalid_argument for an integer to a negative integer, and where both are boolean.
/// NumPy: `power`
/// PyTorch: `pow`, in which tensors of integers to a negative power are 0 or 1; refused here
Tensor pow(const Operand& a, const Operand& b);

/// Square x^2 of each element.
/// Shapes: the result has x's.
/// Dtype: x's; integers stay.
/// Derivative: 2 g x.
Tensor square(const Operand& x);

/// Reciprocal 1 / x of each element.
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
/// Derivative: -g y^2.
/// NumPy: `reciprocal`, which truncates that of integers
Tensor reciprocal(const Operand& x);

/// Square root of each element; nan below 0.
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
/// Derivative: g / (2 y), which is inf at 0.
Tensor sqrt(const Operand& x);

/// Absolute value |x| of each element.
/// Shapes: the result has x's.
/// Dtype: x's; integers stay.
/// Derivative: g sign(x), 0 at 0.
/// PyTorch: `abs`, `absolute`
Tensor abs(const Operand& x);

/// Sign of each element: -1, 0 or 1, and nan of nan.
/// Shapes: the result has x's.
/// Dtype: x's; integers and booleans stay.
/// Derivative: 0.
/// PyTorch: `sign`, 0 of a nan
Tensor sign(const Operand& x);

/// a + alpha b, element by element.
/// Shapes: a and b broadcast to the result's shape.
/// Dtype: the common one; integers stay.
/// Derivative: g to a, alpha g to b.
/// Throws: std::invalid_argument unless alpha is a number, and an integer where the result is.
Tensor add(const Operand& a, const Operand& b, const Operand& alpha);

/// a - alpha b, element by element.
/// Shapes: a and b broadcast to the result's shape.
/// Dtype: the common one; integers stay.
/// Derivative: g to a, -alpha g to b.
/// Throws: std::invalid_argument where both are boolean, and unless alpha is a number, an integer where the result is.
Tensor sub(const Operand& a, const Operand& b, const Operand& alpha);

/// b - alpha a, element by element: sub() the other way round.
/// Shapes: a and b broadcast to the result's shape.
/// Dtype: the common one; integers stay.
/// Derivative: -alpha g to a, g to b.
/// Throws: std::invalid_argument where both are boolean, and unless alpha is a number, an integer where the result is.
/// NumPy: -
Tensor rsub(const Operand& a, const Operand& b, const Operand& alpha = 1);

/// x itself, which must be a number.
/// Shapes: the result has x's.
/// Dtype: x's.
/// Derivative: g.
/// Throws: std::invalid_argument where x is boolean.
/// PyTorch: `positive`
Tensor positive(const Operand& x);
inline Tensor operator+(const Operand& x) { return positive(x); }

/// Reciprocal 1 / sqrt(x) of the square root; nan below 0, infinite at 0.
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
/// Derivative: -g y / (2 x).
/// NumPy: -
Tensor rsqrt(const Operand& x);

/// Cube root of each element, of negative ones too.
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
/// Derivative: g / (3 y^2); infinite at 0.
/// PyTorch: -
Tensor cbrt(const Operand& x);

/// Power a^b, computed in float64 whatever the dtypes.
/// Shapes: a and b broadcast to the result's shape.
/// Dtype: float64.
/// Derivative: that of pow().
Tensor float_power(const Operand& a, const Operand& b);

/// |a| with the sign of b, which a zero has, too.
/// Shapes: a and b broadcast to the result's shape.
/// Dtype: the common one, integers become the default dtype.
/// Derivative: g to a, with its sign changed where the signs of a and b differ, 0 where a is 0; 0 to b.
Tensor copysign(const Operand& a, const Operand& b);

/// Number of the dtype that is next to a in the direction of b.
/// Shapes: a and b broadcast to the result's shape.
/// Dtype: the common one, integers become the default dtype.
/// Derivative: g to a, 0 to b.
/// PyTorch: `nextafter`, which has no derivative
Tensor nextafter(const Operand& a, const Operand& b);

/// a 2^b, rounded once where b is whole: also where 2^b itself overflows or underflows.
/// Shapes: a and b broadcast to the result's shape.
/// Dtype: the common one, integers become the default dtype.
/// Derivative: g 2^b to a, g y log(2) to b.
/// PyTorch: `ldexp`, which computes 2^b of integers in float32
Tensor ldexp(const Operand& a, const Operand& b);

/// What frexp() answers with: x = mantissa 2^exponent.
struct Frexp {
  Tensor mantissa;  ///< between 1/2 and 1 in size, or x itself where that is 0, infinite or nan
  Tensor exponent;  ///< int64; 0 where x is 0, infinite or nan
};
/// Each element as a mantissa times a power of 2.
/// Shapes: both results have x's.
/// Dtype: the mantissa x's, integers become the default dtype; the exponent int64.
/// Derivative: g 2^-exponent from the mantissa, nothing from the exponent.
Frexp frexp(const Operand& x);

/// x + value a b, element by element. Where the result is an integer, value is truncated to one, as in PyTorch.
/// Shapes: x, a and b broadcast to the result's shape.
/// Dtype: the common one; integers stay.
/// Derivative: g to x, g value b to a, g value a to b.
/// Throws: std::invalid_argument unless value is a number, which int64 must hold where the result is an integer; where
/// all are boolean.
/// NumPy: -
Tensor addcmul(const Operand& x, const Operand& a, const Operand& b, const Operand& value = 1);

/// x + value a / b, element by element.
/// Shapes: x, a and b broadcast to the result's shape.
/// Dtype: the common one, integers become the default dtype.
/// Derivative: g to x, g value / b to a, -g value a / b^2 to b.
/// NumPy: -
/// PyTorch: `addcdiv`, which refuses integers
Tensor addcdiv(const Operand& x, const Operand& a, const Operand& b, double value = 1);

/// Number between a, at weight 0, and b, at weight 1: a + weight (b - a), exact at both ends where both are
/// finite.
/// Shapes: a, b and weight broadcast to the result's shape.
/// Dtype: the common one, integers become the default dtype.
/// Derivative: g (1 - weight) to a, g weight to b, g (b - a) to weight.
/// NumPy: -
Tensor lerp(const Operand& a, const Operand& b, const Operand& weight);

}  // namespace xgrad
