// The softmax and its relatives, none of which overflows: exponents are taken relative to the largest element.
#pragma once

#include <optional>

#include "reduce.hpp"

namespace xgrad XGRAD_API {

/// Options of softmax, softmin and log_softmax.
struct SoftmaxOptions {
  std::optional<DType> dtype = {};  ///< floating; x is cast to it first, and it is the result's
};

/// Softmax along one axis: exp(x) / sum(exp(x)). A primitive, for its stability and speed. A row that is -inf
/// throughout, or that holds inf, is nan; so is one with a nan.
/// Shapes: `x [...] -> [...]`.
/// Dtype: floating; integers and booleans become the default dtype.
/// Derivative: y (g - sum(g y)), accurate to the last bits also where one y is nearly 1.
/// Throws: std::out_of_range for an axis that x does not have.
/// Example: `softmax(x)`, `softmax(x, 0)`.
/// NumPy: -
/// PyTorch: `nn.functional.softmax`, `softmax`, whose axis has to be named
Tensor softmax(const Operand& x, int axis = -1);
/// Softmax along one axis in the dtype that is asked for.
/// Shapes: `x [...] -> [...]`.
/// Dtype: the one asked for.
/// Derivative: as of softmax() without options.
/// Throws: as above; std::invalid_argument for a dtype that is not floating.
/// Example: `softmax(x, -1, {.dtype = DType::float64})`.
Tensor softmax(const Operand& x, int axis, SoftmaxOptions options);

/// Softmax of -x along one axis: the least element has the greatest share.
/// Shapes: `x [...] -> [...]`.
/// Dtype: floating; integers and booleans become the default dtype.
/// Derivative: -y (g - sum(g y)).
/// Throws: std::out_of_range for an axis that x does not have.
/// NumPy: -
/// PyTorch: `nn.functional.softmin`, whose axis has to be named
Tensor softmin(const Operand& x, int axis = -1);
/// Softmax of -x along one axis in the dtype that is asked for.
/// Shapes: `x [...] -> [...]`.
/// Dtype: the one asked for.
/// Derivative: as of softmin() without options.
/// Throws: as above; std::invalid_argument for a dtype that is not floating.
Tensor softmin(const Operand& x, int axis, SoftmaxOptions options);

/// Logarithm of the softmax along one axis: x - logsumexp(x). A primitive, for its stability and speed. A row that is
/// -inf throughout, or that holds inf, is nan, as that of softmax().
/// A value nearer to 0 than the dtype's rounding of 1, of a winner by 17 in float32 or 37 in float64, is 0, as in
/// PyTorch; its derivative is exact all the same.
/// Shapes: `x [...] -> [...]`.
/// Dtype: floating; integers and booleans become the default dtype.
/// Derivative: g - exp(y) sum(g), accurate to the last bits also where one exp(y) is nearly 1.
/// Throws: std::out_of_range for an axis that x does not have.
/// NumPy: -
/// PyTorch: `nn.functional.log_softmax`, `log_softmax`, whose axis has to be named
Tensor log_softmax(const Operand& x, int axis = -1);
/// Logarithm of the softmax along one axis in the dtype that is asked for.
/// Shapes: `x [...] -> [...]`.
/// Dtype: the one asked for.
/// Derivative: as of log_softmax() without options.
/// Throws: as above; std::invalid_argument for a dtype that is not floating.
Tensor log_softmax(const Operand& x, int axis, SoftmaxOptions options);

/// Logarithm of the sum of the exponentials over the axes: log(sum(exp(x))). A primitive, for its stability. -inf where
/// all elements are -inf, and of no elements; inf where one is.
/// Shapes: `x [...] -> x's shape without the axes` (with extent 1 there: keepdims).
/// Dtype: floating; integers and booleans become the default dtype.
/// Derivative: g softmax(x) over the axes, however large the result; 0 where all elements are -inf.
/// Throws: std::out_of_range for an axis that x does not have, std::invalid_argument for one named twice.
/// NumPy: `logaddexp.reduce`, along axis 0 where none is named
/// PyTorch: `logsumexp`, whose axes have to be named
Tensor logsumexp(const Operand& x, const Axes& axes = Axes::all(), ReduceOptions options = {});

}  // namespace xgrad
