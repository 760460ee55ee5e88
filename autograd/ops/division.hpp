// Division with a whole quotient, and what it leaves.
//
// A floating a / 0 is infinite or nan, as in div(); of integers it throws. The least int64 by -1 is the least int64
// again, as integers wrap.
#pragma once

#include "../number.hpp"
#include "../tensor.hpp"

namespace xgrad XGRAD_API {

/// How div() rounds its quotients.
enum class Rounding {
  none,   ///< not at all
  trunc,  ///< towards 0, as C does
  floor,  ///< down, as Python's // does
};
/// Quotient of two tensors, rounded.
/// Shapes: a and b broadcast to the result's shape.
/// Dtype: the common one; integers stay where the quotient is rounded.
/// Derivative: 0, or that of div() for Rounding::none.
/// Throws: std::invalid_argument where an integer is divided by 0, and where both are boolean.
/// NumPy: `floor_divide`, 0 of an integer by 0; `trunc(a / b)`
/// PyTorch: `div(rounding_mode=)`
Tensor div(const Operand& a, const Operand& b, Rounding rounding);

/// Greatest whole number that is not above a / b, for Rounding::floor. Also where a / b itself would be rounded up to
/// the next one.
/// Shapes: a and b broadcast to the result's shape.
/// Dtype: the common one; integers stay.
/// Derivative: 0.
/// Throws: std::invalid_argument where an integer is divided by 0, and where both are boolean.
/// NumPy: `floor_divide`, 0 of an integer by 0
Tensor floor_divide(const Operand& a, const Operand& b);

/// Rest a - b trunc(a / b), exact: as C's fmod and % on integers, it has the sign of a.
/// Shapes: a and b broadcast to the result's shape.
/// Dtype: the common one; integers stay.
/// Derivative: g to a, -g trunc(a / b) to b.
/// Throws: std::invalid_argument where an integer is divided by 0, and where both are boolean.
/// NumPy: `fmod`, 0 of an integer by 0
Tensor fmod(const Operand& a, const Operand& b);

/// Rest a - b floor(a / b): as Python's %, it has the sign of b.
/// Shapes: a and b broadcast to the result's shape.
/// Dtype: the common one; integers stay.
/// Derivative: g to a, -g floor(a / b) to b.
/// Throws: std::invalid_argument where an integer is divided by 0, and where both are boolean.
/// NumPy: `remainder`, in which a rest of 0 has the sign of b, and 0 of an integer by 0
Tensor remainder(const Operand& a, const Operand& b);
inline Tensor operator%(const Operand& a, const Operand& b) { return remainder(a, b); }

}  // namespace xgrad
