// Operators that run along an axis: each result is made of the elements up to it, or of neighbours.
#pragma once

#include <optional>
#include <vector>

#include "../tensor.hpp"
#include "reduce.hpp"

namespace xgrad XGRAD_API {

/// Options of cumsum and cumprod.
struct CumulativeOptions {
  std::optional<DType> dtype = {};  ///< x is cast to it first
};
/// Running sum along an axis: y_k = x_0 + ... + x_k. Of float32 computed in float64, of float64 with the rounding
/// errors kept beside the sum; integers wrap around.
/// Shapes: `x [..., n, ...] -> x's`.
/// Dtype: x's; booleans give int64; or the one asked for.
/// Derivative: the running sum of g from the end.
/// Throws: std::out_of_range for an axis that x does not have.
/// Example: `cumsum(x, 0)`, `cumsum(x, -1, {.dtype = DType::float64})`.
/// NumPy: `cumsum`, of the flattened array where no axis is named: `cumsum(flatten(x), 0)`
Tensor cumsum(const Operand& x, int axis, CumulativeOptions options = {});
/// Running product along an axis: y_k = x_0 ... x_k. Of float32 computed in float64; integers wrap around.
/// Shapes: `x [..., n, ...] -> x's`.
/// Dtype: x's; booleans give int64; or the one asked for.
/// Derivative: formed without a division, so it is right where elements are 0, in every order.
/// Throws: std::out_of_range for an axis that x does not have.
/// NumPy: `cumprod`, of the flattened array where no axis is named: `cumprod(flatten(x), 0)`
Tensor cumprod(const Operand& x, int axis, CumulativeOptions options = {});
/// Running logarithm of sums of exponentials along an axis: y_k = log(exp(x_0) + ... + exp(x_k)), which does not
/// overflow.
/// Shapes: `x [..., n, ...] -> x's`.
/// Dtype: floating; integers and booleans become the default dtype.
/// Derivative: the sum of g_k exp(x - y_k); 0 where all up to an element are -inf.
/// Throws: std::out_of_range for an axis that x does not have.
/// NumPy: `logaddexp.accumulate`
Tensor logcumsumexp(const Operand& x, int axis);
/// Largest element so far along an axis, and its position: the last of equals. After a nan all are nan, at the last
/// one.
/// Shapes: `x [..., n, ...] -> x's`, twice.
/// Dtype: x's, and int64.
/// Derivative: g at the positions, added up.
/// Throws: std::out_of_range for an axis that x does not have.
/// NumPy: `maximum.accumulate`, without positions
Extreme cummax(const Operand& x, int axis);
/// Smallest element so far along an axis, and its position: see cummax.
/// Shapes: `x [..., n, ...] -> x's`, twice.
/// Dtype: x's, and int64.
/// Derivative: g at the positions, added up.
/// Throws: std::out_of_range for an axis that x does not have.
/// NumPy: `minimum.accumulate`, without positions
Extreme cummin(const Operand& x, int axis);

/// Options of diff.
struct DiffOptions {
  int n = 1;  ///< how many times; 0 gives x itself
  int axis = -1;
  Tensor prepend = {};  ///< put before x along the axis first
  Tensor append = {};   ///< put after x
};
/// Differences between neighbours along an axis, x_{k+1} - x_k, taken n times. Of booleans: whether neighbours differ.
/// Shapes: `x [..., m, ...] -> [..., max(m - n, 0), ...]`, where m counts what is prepended and appended.
/// Dtype: that of x and what is put beside it, promoted.
/// Derivative: differences of g, to x and to what is put beside it.
/// Throws: std::invalid_argument for a scalar, n < 0, and for tensors beside x with other axes than x or other extents
/// but on the axis; std::out_of_range for an axis that x does not have.
/// Example: `diff(x)`, `diff(x, {.n = 2, .axis = 0})`.
Tensor diff(const Operand& x, const DiffOptions& options = {});

/// Options of trapezoid and cumulative_trapezoid.
struct TrapezoidOptions {
  double dx = 1;  ///< the distance between the points
  int axis = -1;
};
/// Integral of y along an axis by the trapezoidal rule, the points evenly spaced. Of fewer than two points 0.
/// Shapes: `y [..., n, ...] -> y's shape without the axis`.
/// Dtype: floating; integers and booleans become the default dtype.
/// Derivative: g times each point's weight.
/// Throws: std::invalid_argument for a scalar; std::out_of_range for an axis that y does not have.
/// NumPy: `trapz`
Tensor trapezoid(const Operand& y, TrapezoidOptions options = {});
/// Integral of y along an axis by the trapezoidal rule, with the points x. `x` has one axis, as long as y's, or
/// broadcasts with y.
/// Shapes: `y [..., n, ...], x [n] -> y's shape without the axis`.
/// Dtype: floating, the common one; integers and booleans become the default dtype.
/// Derivative: to y and to x.
/// Throws: std::invalid_argument for a scalar, and for an x of another length.
/// Example: `trapezoid(x, tensor({0., 1., 3.}))`, `trapezoid(x, tensor({0, 2}), {.axis = 0})`.
Tensor trapezoid(const Operand& y, const Tensor& x, TrapezoidOptions options = {});
/// Integral up to each point but the first: see trapezoid.
/// Shapes: `y [..., n, ...] -> [..., max(n - 1, 0), ...]`.
/// Dtype: floating; integers and booleans become the default dtype.
/// Derivative: to y.
/// Throws: std::invalid_argument for a scalar; std::out_of_range for an axis that y does not have.
/// NumPy: `scipy.integrate.cumulative_trapezoid`
Tensor cumulative_trapezoid(const Operand& y, TrapezoidOptions options = {});
/// Integral up to each point but the first, with the points x: see trapezoid.
/// Shapes: `y [..., n, ...], x [n] -> [..., max(n - 1, 0), ...]`.
/// Dtype: floating, the common one; integers and booleans become the default dtype.
/// Derivative: to y and to x.
/// Throws: std::invalid_argument for a scalar, and for an x of another length.
Tensor cumulative_trapezoid(const Operand& y, const Tensor& x, TrapezoidOptions options = {});

/// Options of gradient.
struct GradientOptions {
  std::vector<double> spacing = {};      ///< the distance between points: none for 1, one for all axes, or one for each
  std::vector<Tensor> coordinates = {};  ///< in place of spacing: the points along each axis
  Axes axes = Axes::all();
  int edge_order = 1;  ///< 1 or 2: the order of the differences at both ends
};
/// Derivative of a function of which x are samples, along each of the axes: central differences of the second order
/// within, one-sided ones at both ends. (The derivative of a computation is grad().)
/// Shapes: `x [...] -> x's`, once for each axis.
/// Dtype: floating; integers and booleans become the default dtype; that of coordinates promotes.
/// Derivative: to x, and to coordinates.
/// Throws: std::invalid_argument where an axis has fewer than edge_order + 1 points, for another edge_order, and for
/// spacing or coordinates that do not fit the axes.
/// Example: `Tensor slope = gradient(x, {.spacing = {0.1}})[0];`
/// NumPy: `gradient`, along one axis an array and no list
std::vector<Tensor> gradient(const Operand& x, const GradientOptions& options = {});

}  // namespace xgrad
