// Operators that take axes away: sums, extremes, and what is built on them. Without axes they reduce all of them to one
// number; `sum(x, {0, 1}, {.keepdims = true})` keeps reduced axes with extent 1,
// `sum(x, Axes::all(), {.keepdims = true})` all of them. An empty list reduces nothing: `sum(x, {})` is x, as NumPy's
// axis=() has it; PyTorch 1.13's dim=() reduces all axes. An axis that x does not have throws std::out_of_range, one
// named twice std::invalid_argument.
#pragma once

#include <concepts>
#include <optional>

#include "../tensor.hpp"

namespace xgrad XGRAD_API {

/// Options of sum, mean, prod, nansum and nanmean.
struct SumOptions {
  bool keepdims = false;            ///< keep the reduced axes, with extent 1
  std::optional<DType> dtype = {};  ///< x is cast to it first, and it is the result's
};
/// Options of other reductions.
struct ReduceOptions {
  bool keepdims = false;  ///< keep the reduced axes, with extent 1

  operator SumOptions() const { return {.keepdims = keepdims}; }
};

/// Sum over the axes, pairwise in blocks; the same bits with any number of threads. Of no elements 0.
/// Shapes: `x [...] -> x's shape without the axes` (with extent 1 there: keepdims).
/// Dtype: x's; integers and booleans give int64; or the one asked for.
/// Derivative: g, stretched over the reduced axes (a view).
/// Example: `sum(x)`, `sum(x, 0)`, `sum(x, {0, -1}, {.keepdims = true})`, `sum(x, 0, {.dtype = DType::float64})`.
/// NumPy: `sum`, of which `axis=()` reduces none, as here
/// PyTorch: `sum`, of which `dim=()` reduces all axes, where `{}` reduces none here
Tensor sum(const Operand& x, const Axes& axes = Axes::all(), SumOptions options = {});
template <class = void>
Tensor sum(const Operand& x, SumOptions options) = delete;  // over all axes: sum(x, Axes::all(), {.keepdims = true})
/// Mean over the axes: sum / count. Of no elements nan.
/// Shapes: `x [...] -> x's shape without the axes`.
/// Dtype: floating; integers and booleans become the default dtype; or the one asked for.
/// Derivative: g / count, stretched over the reduced axes.
/// Throws: std::invalid_argument for a dtype that is not floating.
/// NumPy: `mean`, of which `axis=()` reduces none, as here
/// PyTorch: `mean`, which refuses integers, and of which `dim=()` reduces all axes, where `{}` reduces none here
Tensor mean(const Operand& x, const Axes& axes = Axes::all(), SumOptions options = {});
template <class = void>
Tensor mean(const Operand& x, SumOptions options) = delete;  // over all axes: mean(x, Axes::all(), {.keepdims = true})
/// Product over the axes. Of no elements 1.
/// Shapes: `x [...] -> x's shape without the axes`.
/// Dtype: x's; booleans give int64; or the one asked for.
/// Derivative: g times the product of the other elements, also where elements are 0.
/// PyTorch: `prod`, over one axis or all of them
Tensor prod(const Operand& x, const Axes& axes = Axes::all(), SumOptions options = {});
template <class = void>
Tensor prod(const Operand& x, SumOptions options) = delete;  // over all axes: prod(x, Axes::all(), {.keepdims = true})
/// Sum over the axes of the elements that are not nan. Of none 0.
/// Shapes: `x [...] -> x's shape without the axes`.
/// Dtype: x's; integers and booleans give int64; or the one asked for.
/// Derivative: g, stretched over the reduced axes; 0 where x is nan.
Tensor nansum(const Operand& x, const Axes& axes = Axes::all(), SumOptions options = {});
/// Mean over the axes of the elements that are not nan. Of none nan.
/// Shapes: `x [...] -> x's shape without the axes`.
/// Dtype: floating; integers and booleans become the default dtype; or the one asked for.
/// Derivative: g / count, stretched over the reduced axes; 0 where x is nan.
/// Throws: std::invalid_argument for a dtype that is not floating.
/// PyTorch: `nanmean`, which refuses integers
Tensor nanmean(const Operand& x, const Axes& axes = Axes::all(), SumOptions options = {});
/// How many elements over the axes are other than 0. nan is.
/// Shapes: `x [...] -> x's shape without the axes`.
/// Dtype: int64.
/// Derivative: none.
/// PyTorch: `count_nonzero`, of which `dim=()` reduces all axes, where `{}` reduces none here
Tensor count_nonzero(const Operand& x, const Axes& axes = Axes::all(), ReduceOptions options = {});

/// Options of var and std.
struct VarianceOptions {
  double correction = 1;  ///< divide by count - correction
  bool keepdims = false;  ///< keep the reduced axes, with extent 1
};
/// Variance over the axes: sum((x - mean)^2) / (count - correction), the mean's own rounding corrected for. Of no
/// elements nan.
/// Shapes: `x [...] -> x's shape without the axes`.
/// Dtype: floating; integers and booleans become the default dtype.
/// Derivative: g 2 (x - mean) / (count - correction).
/// NumPy: `var`, with `ddof=0`: `var(x, Axes::all(), {.correction = 0})` here
/// PyTorch: `var(correction=1)`
Tensor var(const Operand& x, const Axes& axes = Axes::all(), VarianceOptions options = {});
template <class = void>
Tensor var(const Operand& x,
           VarianceOptions options) = delete;  // over all axes: var(x, Axes::all(), {.correction = 0})
/// Standard deviation over the axes: sqrt(var), but neither overflowing nor underflowing where it is representable. Of
/// no elements nan. With `using namespace xgrad` it is still called xgrad::std(x).
/// Shapes: `x [...] -> x's shape without the axes`.
/// Dtype: floating; integers and booleans become the default dtype.
/// Derivative: g (x - mean) / ((count - correction) y); 0 where y is 0, in every order.
/// NumPy: `std`, with `ddof=0`: `xgrad::std(x, Axes::all(), {.correction = 0})` here
/// PyTorch: `std(correction=1)`
Tensor std(const Operand& x, const Axes& axes = Axes::all(), VarianceOptions options = {});
template <class = void>
Tensor std(const Operand& x,
           VarianceOptions options) = delete;  // over all axes: std(x, Axes::all(), {.correction = 0})
/// A variance and its mean.
struct VarianceAndMean {
  Tensor var, mean;
};
/// Variance and mean over the axes: var(x) and mean(x).
/// Shapes: `x [...] -> x's shape without the axes`, twice.
/// Dtype: floating; integers and booleans become the default dtype.
/// Derivative: those of var() and mean(), added.
/// NumPy: -
/// PyTorch: `var_mean(correction=1)`
VarianceAndMean var_mean(const Operand& x, const Axes& axes = Axes::all(), VarianceOptions options = {});
/// A standard deviation and its mean.
struct DeviationAndMean {
  Tensor std, mean;
};
/// Standard deviation and mean over the axes: std(x) and mean(x).
/// Shapes: `x [...] -> x's shape without the axes`, twice.
/// Dtype: floating; integers and booleans become the default dtype.
/// Derivative: those of std() and mean(), added.
/// NumPy: -
/// PyTorch: `std_mean(correction=1)`
DeviationAndMean std_mean(const Operand& x, const Axes& axes = Axes::all(), VarianceOptions options = {});

/// Largest element over the axes; nan if any is nan.
/// Shapes: `x [...] -> x's shape without the axes`.
/// Dtype: x's.
/// Derivative: g, split evenly among ties.
/// Throws: std::invalid_argument for a reduction of no elements.
/// PyTorch: `amax`, of which `dim=()` reduces all axes, where `{}` reduces none here
Tensor amax(const Operand& x, const Axes& axes = Axes::all(), ReduceOptions options = {});
template <class = void>
Tensor amax(const Operand& x,
            ReduceOptions options) = delete;  // over all axes: amax(x, Axes::all(), {.keepdims = true})
/// Smallest element over the axes; nan if any is nan.
/// Shapes: `x [...] -> x's shape without the axes`.
/// Dtype: x's.
/// Derivative: g, split evenly among ties.
/// Throws: std::invalid_argument for a reduction of no elements.
/// PyTorch: `amin`, of which `dim=()` reduces all axes, where `{}` reduces none here
Tensor amin(const Operand& x, const Axes& axes = Axes::all(), ReduceOptions options = {});
template <class = void>
Tensor amin(const Operand& x,
            ReduceOptions options) = delete;  // over all axes: amin(x, Axes::all(), {.keepdims = true})
/// A smallest and a largest element.
struct MinMax {
  Tensor min, max;
};
/// Smallest and largest element over the axes: amin(x) and amax(x).
/// Shapes: `x [...] -> x's shape without the axes`, twice.
/// Dtype: x's.
/// Derivative: those of amin() and amax(), added: each g, split evenly among ties.
/// Throws: std::invalid_argument for a reduction of no elements.
/// NumPy: -
/// PyTorch: `aminmax`, over one axis or all of them
MinMax aminmax(const Operand& x, const Axes& axes = Axes::all(), ReduceOptions options = {});
/// Largest element of all: amax(x).
/// Shapes: `x [...] -> []`.
/// Dtype: x's.
/// Derivative: g, split evenly among ties.
/// Throws: std::invalid_argument for no elements.
/// NumPy: `max`, whose `max(x, axis)` gives no positions, as `amax(x, axis)` here
/// PyTorch: `max`
Tensor max(const Operand& x);
/// Smallest element of all: amin(x).
/// Shapes: `x [...] -> []`.
/// Dtype: x's.
/// Derivative: g, split evenly among ties.
/// Throws: std::invalid_argument for no elements.
/// NumPy: `min`, whose `min(x, axis)` gives no positions, as `amin(x, axis)` here
/// PyTorch: `min`
Tensor min(const Operand& x);
Tensor max(const Operand& a, const Tensor& b) = delete;  // of two tensors: maximum(a, b)
Tensor min(const Operand& a, const Tensor& b) = delete;  // of two tensors: minimum(a, b)
template <std::floating_point T>
Tensor max(const Operand& x, T number) = delete;  // of elements and a number: maximum(x, number)
template <std::floating_point T>
Tensor min(const Operand& x, T number) = delete;  // of elements and a number: minimum(x, number)
/// An extreme along one axis, and where it was found.
struct Extreme {
  Tensor values;   ///< x's dtype
  Tensor indices;  ///< int64; the first of equals
};
/// Largest element along one axis, and its position: the first of equals; of nan, if there is one. Found in one pass.
/// The axis is a number, so that `max(x, {})` is axis 0; over an empty list of axes: amax(x, {}).
/// Shapes: `x [..., n, ...] -> x's shape without the axis`, twice.
/// Dtype: x's, and int64.
/// Derivative: the whole of g at the position, 0 elsewhere.
/// Throws: std::invalid_argument for an axis of no elements.
/// Example: `auto [values, indices] = max(x, 1);`
Extreme max(const Operand& x, int axis, ReduceOptions options = {});
/// Smallest element along one axis, and its position: see max.
/// Shapes: `x [..., n, ...] -> x's shape without the axis`, twice.
/// Dtype: x's, and int64.
/// Derivative: the whole of g at the position, 0 elsewhere.
/// Throws: std::invalid_argument for an axis of no elements.
Extreme min(const Operand& x, int axis, ReduceOptions options = {});
/// Position of the largest element along the axis: the first of equals; of nan, if there is one.
/// Shapes: `x [..., n, ...] -> x's shape without the axis`.
/// Dtype: int64.
/// Derivative: none.
/// Throws: std::invalid_argument for an axis of no elements.
Tensor argmax(const Operand& x, int axis, ReduceOptions options = {});
/// Position of the smallest element along the axis: see argmax.
/// Shapes: `x [..., n, ...] -> x's shape without the axis`.
/// Dtype: int64.
/// Derivative: none.
/// Throws: std::invalid_argument for an axis of no elements.
Tensor argmin(const Operand& x, int axis, ReduceOptions options = {});
/// Position of the largest element in the flattened tensor.
/// Shapes: `x [...] -> []`.
/// Dtype: int64.
/// Derivative: none.
/// Throws: std::invalid_argument for no elements.
Tensor argmax(const Operand& x);
/// Position of the smallest element in the flattened tensor.
/// Shapes: `x [...] -> []`.
/// Dtype: int64.
/// Derivative: none.
/// Throws: std::invalid_argument for no elements.
Tensor argmin(const Operand& x);
/// Position of the largest element in the flattened tensor, with extent 1 along every axis if so asked for.
/// Shapes: `x [...] -> []`, or `[1, ..., 1]`: keepdims.
/// Dtype: int64.
/// Derivative: none.
/// Throws: std::invalid_argument for no elements.
/// Example: `argmax(x, {.keepdims = true})`
Tensor argmax(const Operand& x, ReduceOptions options);
/// Position of the smallest element in the flattened tensor: see argmax.
/// Shapes: `x [...] -> []`, or `[1, ..., 1]`: keepdims.
/// Dtype: int64.
/// Derivative: none.
/// Throws: std::invalid_argument for no elements.
Tensor argmin(const Operand& x, ReduceOptions options);
/// Whether all elements over the axes are other than 0. Of no elements true.
/// Shapes: `x [...] -> x's shape without the axes`.
/// Dtype: boolean.
/// Derivative: none.
/// PyTorch: `all`, over one axis or all of them
Tensor all(const Operand& x, const Axes& axes = Axes::all(), ReduceOptions options = {});
template <class = void>
Tensor all(const Operand& x, ReduceOptions options) = delete;  // over all axes: all(x, Axes::all(), {.keepdims = true})
/// Whether any element over the axes is other than 0. Of no elements false.
/// Shapes: `x [...] -> x's shape without the axes`.
/// Dtype: boolean.
/// Derivative: none.
/// PyTorch: `any`, over one axis or all of them
Tensor any(const Operand& x, const Axes& axes = Axes::all(), ReduceOptions options = {});
template <class = void>
Tensor any(const Operand& x, ReduceOptions options) = delete;  // over all axes: any(x, Axes::all(), {.keepdims = true})

/// Options of norm.
struct NormOptions {
  double p = 2;  ///< sum(|x|^p)^(1/p); infinity: the largest |x|, -infinity: the smallest, 0: how many are not 0
  bool keepdims = false;            ///< keep the reduced axes, with extent 1
  std::optional<DType> dtype = {};  ///< floating; x is cast to it first, and it is the result's
};
/// Vector norm over the axes. Neither overflows nor underflows where the answer is representable.
/// Shapes: `x [...] -> x's shape without the axes`.
/// Dtype: floating; integers and booleans become the default dtype; or the one asked for.
/// Derivative: for p = 2 g x / y, 0 where y is 0, in every order. Else g sign(x) (|x| / y)^(p - 1), 0 where x or y is
/// 0; for an infinite p g, split evenly among ties.
/// Throws: std::invalid_argument for p = nan, for a dtype that is not floating, and for a reduction of no elements with
/// p < 0 or infinite.
/// Example: `norm(x)`, `norm(x, Axes::all(), {.p = 1})`, `norm(x, {0, 1})`.
/// NumPy: `linalg.norm`, whose second argument is the order: `norm(x, Axes::all(), {.p = 1})` here
/// PyTorch: `linalg.vector_norm`, `norm`, whose second argument is the order and which is 0 of no elements
Tensor norm(const Operand& x, const Axes& axes = Axes::all(), NormOptions options = {});
template <class = void>
Tensor norm(const Operand& x, NormOptions options) = delete;  // over all axes: norm(x, Axes::all(), {.p = 1})
// A bare integer is the order for users of NumPy and PyTorch, and would be an axis here. The order p:
// norm(x, Axes::all(), {.p = 1}); along an axis: norm(x, {1}).
template <std::integral T>
Tensor norm(const Operand& x, T order_or_axis) = delete;  // norm(x, {axis}), or {.p = order}
template <std::integral T>
Tensor norm(const Operand& x, T order_or_axis, NormOptions options) = delete;  // norm(x, {axis}, {...})
/// Distance of two tensors: the vector norm of a - b; 0 of tensors without elements, for every p.
/// Shapes: a and b broadcast; the result is a scalar.
/// Dtype: floating, the common one; integers and booleans become the default dtype.
/// Derivative: that of norm to a, its negative to b.
/// Throws: std::invalid_argument for p = nan.
/// NumPy: `linalg.norm(a - b)`
Tensor dist(const Operand& a, const Operand& b, double p = 2);
/// The slices of x along an axis, each scaled down to norm `max_norm` where its norm is larger (by max_norm / (norm +
/// 1e-7)).
/// Shapes: `x [...] -> x's`.
/// Dtype: floating; integers and booleans become the default dtype.
/// Derivative: through the norm where a slice is scaled, g where it is not.
/// Throws: std::invalid_argument unless p > 0 and max_norm >= 0, and for a scalar; std::out_of_range for an axis that x
/// does not have.
/// NumPy: -
Tensor renorm(const Operand& x, double p, int axis, double max_norm);

/// Sum over the axes along which `shape` was stretched to x's shape: undoes a broadcast.
/// Shapes: `x [...] -> shape`.
/// Dtype: x's; booleans that are summed give int64.
/// Derivative: g, broadcast to x's shape.
/// Throws: std::invalid_argument where `shape` does not broadcast to x's.
/// NumPy: -
/// PyTorch: `Tensor.sum_to_size`
Tensor sum_to(const Operand& x, const Shape& shape);

}  // namespace xgrad
