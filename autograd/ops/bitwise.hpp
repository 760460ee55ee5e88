// Bits of integers and booleans, and common divisors. Nothing here has a derivative.
#pragma once

#include "../tensor.hpp"

namespace xgrad XGRAD_API {

/// Bits that are set in both.
/// Shapes: a and b broadcast to the result's shape.
/// Dtype: the common one, int64 or boolean.
/// Derivative: none.
/// Throws: std::invalid_argument for floating operands.
Tensor bitwise_and(const Operand& a, const Operand& b);
/// Bits that are set in at least one of two.
/// Shapes: a and b broadcast to the result's shape.
/// Dtype: the common one, int64 or boolean.
/// Derivative: none.
/// Throws: std::invalid_argument for floating operands.
Tensor bitwise_or(const Operand& a, const Operand& b);
/// Bits that are set in exactly one of two.
/// Shapes: a and b broadcast to the result's shape.
/// Dtype: the common one, int64 or boolean.
/// Derivative: none.
/// Throws: std::invalid_argument for floating operands.
Tensor bitwise_xor(const Operand& a, const Operand& b);
/// Bits that are not set: -1 - x of an integer.
/// Shapes: the result has x's.
/// Dtype: x's, int64 or boolean.
/// Derivative: none.
/// Throws: std::invalid_argument for a floating operand.
Tensor bitwise_not(const Operand& x);

inline Tensor operator&(const Operand& a, const Operand& b) { return bitwise_and(a, b); }
inline Tensor operator|(const Operand& a, const Operand& b) { return bitwise_or(a, b); }
inline Tensor operator^(const Operand& a, const Operand& b) { return bitwise_xor(a, b); }
inline Tensor operator~(const Operand& x) { return bitwise_not(x); }

/// a with its bits moved up by b, that is a 2^b, of which the lower 64 bits stay; 0 where b is not from 0 to 63.
/// Shapes: a and b broadcast to the result's shape.
/// Dtype: int64.
/// Derivative: none.
/// Throws: std::invalid_argument for floating operands, and where both are boolean.
/// NumPy: `left_shift`
Tensor bitwise_left_shift(const Operand& a, const Operand& b);
/// a with its bits moved down by b, that is floor(a / 2^b); 0 or -1, by the sign of a, where b is not from 0 to 63.
/// Shapes: a and b broadcast to the result's shape.
/// Dtype: int64.
/// Derivative: none.
/// Throws: std::invalid_argument for floating operands, and where both are boolean.
/// NumPy: `right_shift`
Tensor bitwise_right_shift(const Operand& a, const Operand& b);
inline Tensor operator<<(const Operand& a, const Operand& b) { return bitwise_left_shift(a, b); }
inline Tensor operator>>(const Operand& a, const Operand& b) { return bitwise_right_shift(a, b); }

/// Greatest common divisor, not negative; that of 0 and b is |b|.
/// Shapes: a and b broadcast to the result's shape.
/// Dtype: int64.
/// Derivative: none.
/// Throws: std::invalid_argument for floating operands, and where both are boolean.
Tensor gcd(const Operand& a, const Operand& b);
/// Least common multiple, not negative; 0 where either is 0.
/// Shapes: a and b broadcast to the result's shape.
/// Dtype: int64.
/// Derivative: none.
/// Throws: std::invalid_argument for floating operands, and where both are boolean.
Tensor lcm(const Operand& a, const Operand& b);

}  // namespace xgrad
