// Operators that take axes away: sums, extremes, and what is built on them. Without axes they reduce all of them to one
// number; `sum(x, {0, 1}, {.keepdims = true})` keeps reduced axes with extent 1, `sum(x, Axes::all(), {.keepdims = true})`
// all of them.
#pragma once

#include <concepts>

#include "../tensor.hpp"

namespace xgrad XGRAD_API {

struct ReduceOptions {
  bool keepdims = false;  ///< keep the reduced axes, with extent 1
};

/// Pairwise sum in blocks; the same bits with any number of threads. Integers and booleans give int64. Gradient: g
/// spread over the reduced axes (a view). Empty: 0.
Tensor sum(const Operand& x, const Axes& axes = Axes::all(), ReduceOptions options = {});
/// sum / count, floating. Empty: nan.
Tensor mean(const Operand& x, const Axes& axes = Axes::all(), ReduceOptions options = {});
/// Product. Its gradient is right where elements are 0 too. Empty: 1.
Tensor prod(const Operand& x, const Axes& axes = Axes::all(), ReduceOptions options = {});

struct VarianceOptions {
  double correction = 1;  ///< divide by count - correction
  bool keepdims = false;
};
/// sum((x - mean)^2) / (count - correction). Gradient g 2 (x - mean) / (count - correction).
Tensor var(const Operand& x, const Axes& axes = Axes::all(), VarianceOptions options = {});
/// sqrt(var). With `using namespace xgrad` it is still called xgrad::std(x): `std` alone would be ambiguous. Gradient g (x - mean) / ((count - correction) y); 0 where y is 0, in every order.
Tensor std(const Operand& x, const Axes& axes = Axes::all(), VarianceOptions options = {});

/// The largest, the smallest; NaN if any is NaN. The gradient is split evenly among ties. Throws std::invalid_argument on
/// an empty reduction.
Tensor amax(const Operand& x, const Axes& axes = Axes::all(), ReduceOptions options = {});
Tensor amin(const Operand& x, const Axes& axes = Axes::all(), ReduceOptions options = {});
Tensor max(const Operand& x);
Tensor min(const Operand& x);
Tensor max(const Operand& a, const Tensor& b) = delete;  // of two tensors: maximum(a, b)
Tensor min(const Operand& a, const Tensor& b) = delete;  // of two tensors: minimum(a, b)
template <std::floating_point T>
Tensor max(const Operand& x, T number) = delete;  // of elements and a number: maximum(x, number)
template <std::floating_point T>
Tensor min(const Operand& x, T number) = delete;  // of elements and a number: minimum(x, number)
/// The largest along one axis and where it stands. The first one of equals, and it gets the whole gradient.
struct Extreme {
  Tensor values;
  Tensor indices;  ///< int64
};
Extreme max(const Operand& x, int axis, ReduceOptions options = {});
Extreme min(const Operand& x, int axis, ReduceOptions options = {});
/// Position of the first largest (smallest) element along the axis, int64; of NaN, if there is one.
Tensor argmax(const Operand& x, int axis, ReduceOptions options = {});
Tensor argmin(const Operand& x, int axis, ReduceOptions options = {});
/// ... in the flattened tensor.
Tensor argmax(const Operand& x);
Tensor argmin(const Operand& x);
/// Whether all (any) elements are not 0; boolean.
Tensor all(const Operand& x, const Axes& axes = Axes::all(), ReduceOptions options = {});
Tensor any(const Operand& x, const Axes& axes = Axes::all(), ReduceOptions options = {});

/// log(sum(exp(x))) without overflow. Gradient g softmax(x); all -inf gives -inf with gradient 0.
Tensor logsumexp(const Operand& x, const Axes& axes = Axes::all(), ReduceOptions options = {});
/// exp(x) / sum(exp(x)) along the axis. Gradient y (g - sum(g y)).
Tensor softmax(const Operand& x, int axis = -1);
/// log(softmax(x)) without overflow. Gradient g - exp(y) sum(g).
Tensor log_softmax(const Operand& x, int axis = -1);

struct NormOptions {
  double p = 2;  ///< sum(|x|^p)^(1/p); infinity: the largest |x|, -infinity: the smallest, 0: how many are not 0
  bool keepdims = false;
};
/// Vector norm over the axes. Gradient for p = 2: g x / y, 0 where y is 0, in every order.
Tensor norm(const Operand& x, const Axes& axes = Axes::all(), NormOptions options = {});

/// x summed over the axes along which `shape` was stretched to x's shape: undoes a broadcast. Gradient: g broadcast.
Tensor sum_to(const Operand& x, const Shape& shape);

}  // namespace xgrad
