// Comparisons and tests of elements: boolean results, through which no gradient flows.
#pragma once

#include "../tensor.hpp"

namespace xgrad XGRAD_API {

/// Whether a == b, element by element; nan equals nothing.
/// Shapes: a and b broadcast to the result's shape.
/// Dtype: boolean, after promotion to the common one.
/// Derivative: none.
/// NumPy: `equal`; its `array_equal` is `all(equal(a, b))`
/// PyTorch: `eq`; its `equal` is one bool: `all(equal(a, b)).item<bool>()`
Tensor equal(const Operand& a, const Operand& b);
/// Whether a != b, element by element; nan differs from everything.
/// Shapes: a and b broadcast to the result's shape.
/// Dtype: boolean, after promotion to the common one.
/// Derivative: none.
/// PyTorch: `not_equal`, `ne`
Tensor not_equal(const Operand& a, const Operand& b);
/// Whether a < b, element by element; false beside nan.
/// Shapes: a and b broadcast to the result's shape.
/// Dtype: boolean, after promotion to the common one.
/// Derivative: none.
/// PyTorch: `less`, `lt`
Tensor less(const Operand& a, const Operand& b);
/// Whether a <= b, element by element; false beside nan.
/// Shapes: a and b broadcast to the result's shape.
/// Dtype: boolean, after promotion to the common one.
/// Derivative: none.
/// PyTorch: `less_equal`, `le`
Tensor less_equal(const Operand& a, const Operand& b);
/// Whether a > b, element by element; false beside nan.
/// Shapes: a and b broadcast to the result's shape.
/// Dtype: boolean, after promotion to the common one.
/// Derivative: none.
/// PyTorch: `greater`, `gt`
Tensor greater(const Operand& a, const Operand& b);
/// Whether a >= b, element by element; false beside nan.
/// Shapes: a and b broadcast to the result's shape.
/// Dtype: boolean, after promotion to the common one.
/// Derivative: none.
/// PyTorch: `greater_equal`, `ge`
Tensor greater_equal(const Operand& a, const Operand& b);

inline Tensor operator==(const Operand& a, const Operand& b) { return equal(a, b); }
inline Tensor operator!=(const Operand& a, const Operand& b) { return not_equal(a, b); }
inline Tensor operator<(const Operand& a, const Operand& b) { return less(a, b); }
inline Tensor operator<=(const Operand& a, const Operand& b) { return less_equal(a, b); }
inline Tensor operator>(const Operand& a, const Operand& b) { return greater(a, b); }
inline Tensor operator>=(const Operand& a, const Operand& b) { return greater_equal(a, b); }

/// Whether both elements are true. A number is true when it is not 0.
/// Shapes: a and b broadcast to the result's shape.
/// Dtype: boolean, of any dtype.
/// Derivative: none.
Tensor logical_and(const Operand& a, const Operand& b);
/// Whether at least one of two elements is true. A number is true when it is not 0.
/// Shapes: a and b broadcast to the result's shape.
/// Dtype: boolean, of any dtype.
/// Derivative: none.
Tensor logical_or(const Operand& a, const Operand& b);
/// Whether exactly one of two elements is true. A number is true when it is not 0.
/// Shapes: a and b broadcast to the result's shape.
/// Dtype: boolean, of any dtype.
/// Derivative: none.
Tensor logical_xor(const Operand& a, const Operand& b);
/// Whether an element is false. A number is false when it is 0.
/// Shapes: the result has x's.
/// Dtype: boolean, of any dtype.
/// Derivative: none.
Tensor logical_not(const Operand& x);

// Both sides are computed: these are operators on elements.
inline Tensor operator&&(const Operand& a, const Operand& b) { return logical_and(a, b); }
inline Tensor operator||(const Operand& a, const Operand& b) { return logical_or(a, b); }
inline Tensor operator!(const Operand& x) { return logical_not(x); }

/// Whether an element is nan; an integer never is.
/// Shapes: the result has x's.
/// Dtype: boolean, of any dtype.
/// Derivative: none.
Tensor isnan(const Operand& x);
/// Whether an element is infinite; an integer never is.
/// Shapes: the result has x's.
/// Dtype: boolean, of any dtype.
/// Derivative: none.
Tensor isinf(const Operand& x);
/// Whether an element is neither nan nor infinite.
/// Shapes: the result has x's.
/// Dtype: boolean, of any dtype.
/// Derivative: none.
Tensor isfinite(const Operand& x);

/// Whether an element is +infinity; an integer never is.
/// Shapes: the result has x's.
/// Dtype: boolean, of any dtype.
/// Derivative: none.
Tensor isposinf(const Operand& x);
/// Whether an element is -infinity; an integer never is.
/// Shapes: the result has x's.
/// Dtype: boolean, of any dtype.
/// Derivative: none.
Tensor isneginf(const Operand& x);
/// Whether an element has a minus sign: of -0 and of a nan with one, too.
/// Shapes: the result has x's.
/// Dtype: boolean, of any dtype.
/// Derivative: none.
Tensor signbit(const Operand& x);

struct AllcloseOptions {
  double rtol = 1e-5;      ///< beside |b|
  double atol = 1e-8;      ///< by itself
  bool equal_nan = false;  ///< whether nan is close to nan
};
/// Whether |a - b| <= atol + rtol |b|, element by element. Two infinities of one sign are close; nan is close to
/// nothing unless equal_nan is set. Integers are subtracted exactly.
/// Shapes: a and b broadcast to the result's shape.
/// Dtype: boolean; floating ones are compared in float64.
/// Derivative: none.
/// Throws: std::invalid_argument for a negative tolerance.
/// PyTorch: `isclose`, which subtracts integers in float32
Tensor isclose(const Operand& a, const Operand& b, AllcloseOptions tolerance = {});

/// Whether isclose() holds for all elements.
/// Shapes: a and b broadcast.
/// Dtype: compared in float64, integers exactly.
/// Throws: std::invalid_argument for a negative tolerance.
/// Derivative: none.
bool allclose(const Operand& a, const Operand& b, AllcloseOptions tolerance = {});

}  // namespace xgrad
