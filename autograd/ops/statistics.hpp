// Statistics that go by order or by counting: medians, quantiles, the most frequent element, histograms, covariances.
// (Means, variances and norms are in reduce.hpp.) NaN is the largest of all.
#pragma once

#include <optional>

#include "../tensor.hpp"
#include "reduce.hpp"
#include "sort.hpp"

namespace xgrad XGRAD_API {

// ---- By order ----

/// Median of all elements: the middle one, of an even number the lower of the two; nan if any is nan, and of no
/// elements.
/// Shapes: `x [...] -> a scalar`.
/// Dtype: x's.
/// Derivative: g, split evenly among the elements that equal it.
/// Throws: std::invalid_argument for an integer x without elements.
/// NumPy: `median`, of an even number the mean of the middle two: `quantile(x, 0.5)` here
/// PyTorch: `median`, the lower of the middle two, as here
Tensor median(const Operand& x);
/// Median along one axis, and its position: that of a stable sort; of the first nan, if there is one.
/// Shapes: `x [..., n, ...] -> x's shape without the axis`, twice.
/// Dtype: x's, and int64.
/// Derivative: g at the position, 0 elsewhere.
/// Throws: std::invalid_argument for an axis of no elements; std::out_of_range for one that x does not have.
Picked median(const Operand& x, int axis, ReduceOptions options = {});
/// Median of the elements that are not nan; nan where all are.
/// Shapes: `x [...] -> a scalar`.
/// Dtype: x's.
/// Derivative: g, split evenly among the elements that equal it.
/// Throws: as median().
/// NumPy: `nanmedian`, of an even number the mean of the middle two: `nanquantile(x, 0.5)` here
/// PyTorch: `nanmedian`, the lower of the middle two, as here
Tensor nanmedian(const Operand& x);
/// Median along one axis of the elements that are not nan, and its position; of the first nan where all are.
/// Shapes: `x [..., n, ...] -> x's shape without the axis`, twice.
/// Dtype: x's, and int64.
/// Derivative: g at the position, 0 elsewhere.
/// Throws: as median() along one axis.
Picked nanmedian(const Operand& x, int axis, ReduceOptions options = {});
/// Most frequent element along an axis, the smallest of equally frequent ones, and the last of its positions. Each nan
/// is an element of its own.
/// Shapes: `x [..., n, ...] -> x's shape without the axis`, twice.
/// Dtype: x's, and int64.
/// Derivative: g at the position, 0 elsewhere.
/// Throws: std::invalid_argument for an axis of no elements; std::out_of_range for one that x does not have.
/// NumPy: -
Picked mode(const Operand& x, int axis = -1, ReduceOptions options = {});

/// What a quantile is that lies between two elements.
enum class QuantileInterpolation : std::uint8_t {
  linear,    ///< between them, by the distance
  lower,     ///< the smaller one
  higher,    ///< the larger one
  midpoint,  ///< half of both
  nearest,   ///< the nearer one; at half the distance that of even rank
};
/// Options of quantile and nanquantile.
struct QuantileOptions {
  std::optional<int> axis = {};  ///< without one all elements
  bool keepdims = false;         ///< keep the reduced axes, with extent 1
  QuantileInterpolation interpolation = QuantileInterpolation::linear;
};
/// Quantiles: the element (or what lies between two) below which a share q of all lies. nan where any element is nan.
/// Shapes: `x [a, n, b], q a number -> [a, b]`; `q [k] -> [k, a, b]`; without an axis a scalar, or [k].
/// Dtype: floating, x's; integers and booleans become the default dtype.
/// Derivative: to the elements that it lies between, by their weights; to q where it is interpolated linearly.
/// Throws: std::invalid_argument unless 0 <= q <= 1, for a q of several axes, and for no elements; std::out_of_range
/// for an axis that x does not have.
/// Example: `quantile(x, 0.9)`, `quantile(x, tensor({0.25, 0.75}), {.axis = 0})`.
/// NumPy: `quantile(method=)`
/// PyTorch: `quantile(interpolation=)`
Tensor quantile(const Operand& x, const Operand& q, QuantileOptions options = {});
/// Quantiles of the elements that are not nan; nan where all are: see quantile.
/// Shapes: `x [a, n, b], q a number -> [a, b]`; `q [k] -> [k, a, b]`; without an axis a scalar, or [k].
/// Dtype: floating, x's; integers and booleans become the default dtype.
/// Derivative: as of quantile(), to the elements that are not nan.
/// Throws: as quantile().
/// NumPy: `nanquantile(method=)`
/// PyTorch: `nanquantile(interpolation=)`
Tensor nanquantile(const Operand& x, const Operand& q, QuantileOptions options = {});

// ---- By counting ----

/// Options of bincount.
struct BincountOptions {
  Tensor weights = {};          ///< what each element counts, else 1
  std::int64_t min_length = 0;  ///< how long the result is at least
};
/// How often each of the integers 0, 1, ... comes in x, or the sum of the weights of its elements.
/// Shapes: `x [n] -> [max(x) + 1]`, or min_length.
/// Dtype: int64; with weights theirs, of integers and booleans float64.
/// Derivative: to the weights: g at the integers.
/// Throws: std::invalid_argument unless x is int64, has one axis, and no element is negative, for weights of another
/// shape, and where an int64 cannot count the bytes; std::bad_alloc, with the operation
/// and the line in what().
/// Example: `bincount(tensor({0, 2, 2}), {.min_length = 10})`
/// PyTorch: `bincount`
Tensor bincount(const Operand& x, const BincountOptions& options = {});

/// Options of histogram with evenly spaced bins.
struct HistogramOptions {
  /// From the lower end of the first bin to the upper end of the last; low = high: from the smallest element to the
  /// largest.
  double low = 0, high = 0;
  Tensor weights = {};   ///< what each element counts, else 1
  bool density = false;  ///< divide by the total and by each bin's width: the integral is then 1
};
/// Counts in bins.
struct Histogram {
  Tensor counts;  ///< [bins]
  Tensor edges;   ///< [bins + 1]
};
/// How many elements fall into each of `bins` evenly spaced bins. A bin holds its lower edge, the last one its upper
/// edge too. Elements outside are left out, and nan.
/// Shapes: `x [...] -> counts [bins], edges [bins + 1]`.
/// Dtype: x's; integers and booleans become the default dtype.
/// Derivative: none.
/// Throws: std::invalid_argument for bins < 1, low > high, ends that are not finite, and weights of another shape.
Histogram histogram(const Operand& x, std::int64_t bins, const HistogramOptions& options = {});
/// How many elements fall between edges, which ascend: see histogram.
/// Shapes: `x [...], edges [bins + 1] -> counts [bins], edges`.
/// Dtype: floating, the common one.
/// Derivative: none.
/// Throws: std::invalid_argument unless the edges have one axis and ascend, and for weights of another shape; low and
/// high are not read.
Histogram histogram(const Operand& x, const Tensor& edges, const HistogramOptions& options = {});
/// Counts in evenly spaced bins alone: histogram(x, bins, {.low = low, .high = high}).counts.
/// Shapes: `x [...] -> [bins]`.
/// Dtype: x's; integers and booleans become the default dtype.
/// Derivative: none.
/// Throws: as histogram().
/// NumPy: `histogram(x, bins)[0]`
Tensor histc(const Operand& x, std::int64_t bins = 100, double low = 0, double high = 0);

// ---- Of several variables ----

/// Options of cov.
struct CovOptions {
  double correction = 1;      ///< taken off the number of observations by which is divided
  Tensor frequencies = {};    ///< int64: how often each observation comes
  Tensor reliabilities = {};  ///< floating: the weight of each observation
};
/// Covariances of variables, each a row of observations: sum(w (x - mean) (y - mean)) / (sum(w) - correction) with
/// weights w = frequencies times reliabilities, 1 where none are given. With reliabilities r the correction is
/// multiplied by sum(w r) / sum(w). A divisor that is not above 0 gives inf or nan.
/// Shapes: `x [variables, observations] -> [variables, variables]`; of one variable, also as `x [observations]`, a
/// scalar.
/// Dtype: floating; integers become the default dtype; that of the weights promotes.
/// Derivative: to x and to the reliabilities.
/// Throws: std::invalid_argument for more than two axes, booleans, and weights that are negative, add up to 0, or are
/// of another dtype or length.
/// NumPy: `cov(ddof=, fweights=, aweights=)`
/// PyTorch: `cov(correction=, fweights=, aweights=)`
Tensor cov(const Operand& x, const CovOptions& options = {});
/// Correlation coefficients of variables, each a row of observations: the covariances divided by the standard
/// deviations, within [-1, 1].
/// Shapes: `x [variables, observations] -> [variables, variables]`; of one variable a scalar.
/// Dtype: floating; integers become the default dtype.
/// Derivative: to x.
/// Throws: std::invalid_argument for more than two axes and booleans.
Tensor corrcoef(const Operand& x);

}  // namespace xgrad
