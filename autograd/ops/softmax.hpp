// The softmax and its relatives, none of which overflows: exponents are taken relative to the largest element.
#pragma once

#include "reduce.hpp"

namespace xgrad XGRAD_API {

/// Softmax along one axis: exp(x) / sum(exp(x)). A primitive, for its stability and speed. A row that is -inf throughout,
/// or that holds inf, is nan; so is one with a nan.
/// Shapes: `x [...] -> [...]`.
/// Dtype: floating; integers and booleans become the default dtype.
/// Derivative: y (g - sum(g y)), accurate to the last bits also where one y is nearly 1.
/// Throws: std::out_of_range for an axis that x does not have.
/// Example: `softmax(x)`, `softmax(x, 0)`.
Tensor softmax(const Operand& x, int axis = -1);

/// Softmax of -x along one axis: the least element has the greatest share.
/// Shapes: `x [...] -> [...]`.
/// Dtype: floating; integers and booleans become float32.
/// Derivative: -y (g - sum(g y)).
/// Throws: std::out_of_range for an axis that x does not have.
/// NumPy: -
/// PyTorch: nn.functional.softmin
Tensor softmin(const Operand& x, int axis = -1);

/// Logarithm of the softmax along one axis: x - logsumexp(x). A primitive, for its stability and speed.
/// A value nearer to 0 than the dtype's rounding of 1, of a winner by 17 in float32 or 37 in float64, is 0, as in PyTorch; its
/// derivative is exact all the same.
/// Shapes: `x [...] -> [...]`.
/// Dtype: floating; integers and booleans become the default dtype.
/// Derivative: g - exp(y) sum(g), accurate to the last bits also where one exp(y) is nearly 1.
/// Throws: std::out_of_range for an axis that x does not have.
Tensor log_softmax(const Operand& x, int axis = -1);

/// Logarithm of the sum of the exponentials over the axes: log(sum(exp(x))). A primitive, for its stability. -inf where all
/// elements are -inf, and of no elements; inf where one is.
/// Shapes: `x [...] -> x's shape without the axes` (with extent 1 there: keepdims).
/// Dtype: floating; integers and booleans become the default dtype.
/// Derivative: g softmax(x) over the axes, however large the result; 0 where all elements are -inf.
/// Throws: std::out_of_range for an axis that x does not have, std::invalid_argument for one named twice.
Tensor logsumexp(const Operand& x, const Axes& axes = Axes::all(), ReduceOptions options = {});

}  // namespace xgrad
