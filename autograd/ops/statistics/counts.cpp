// bincount, histogram and histc.
#include <algorithm>
#include <cmath>
#include <limits>

#include "../../kernels/search.hpp"
#include "../../tensor_impl.hpp"
#include "../arithmetic.hpp"
#include "../cast.hpp"
#include "../compare.hpp"
#include "../create.hpp"
#include "../detail/axis_rows.hpp"
#include "../detail/promote.hpp"
#include "../detail/reduction.hpp"
#include "../detail/result.hpp"
#include "../index.hpp"
#include "../movement.hpp"
#include "../statistics.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

Tensor bincount(const Operand& operand, const BincountOptions& options) {
  const Tensor& x = operand.tensor("bincount");
  const SourceLocation where = operand.where();
  const CallSite site(where);
  check(x.dtype() == DType::int64, where, "bincount: x must be int64, but it is ", x.dtype(), ".");
  check(x.ndim() == 1, where, "bincount: x must have one axis, but it is ", x.shape(), ".");
  check(options.min_length >= 0, where, "bincount: min_length must not be negative, but it is ", options.min_length,
        ".");
  const bool has_weights = options.weights.defined();
  if (has_weights)
    check(options.weights.shape() == x.shape(), where, "bincount: weights must have x's shape ", x.shape(),
          ", but they are ", options.weights.shape(), ".");
  const Tensor integers = without_gaps("bincount", x, where);
  const std::int64_t* values = data_of<std::int64_t>(integers);
  std::int64_t length = options.min_length;
  if (x.numel() > 0) {
    const auto [least, most] = std::minmax_element(values, values + x.numel());
    check(*least >= 0, where, "bincount: no element may be negative, but the one at ", least - values, " is ", *least,
          ".");
    check(*most < std::numeric_limits<std::int64_t>::max(), where,
          "bincount: an int64 must hold the largest element + 1, but the one at ", most - values, " is ", *most, ".");
    length = std::max(length, *most + 1);
  }
  const DType dtype = !has_weights                                ? DType::int64
                      : options.weights.dtype() == DType::float32 ? DType::float32
                                                                  : DType::float64;
  const Tensor counts = new_zeros("bincount", {length}, dtype, where);
  if (has_weights) return scatter_add(counts, 0, integers, cast_for("bincount", options.weights, dtype));
  count_integers(values, x.numel(), data_of<std::int64_t>(counts));
  return counts;
}

namespace {

/// Weights in x's dtype without gaps, or undefined.
Tensor checked_weights(const char* name, const Tensor& weights, const Tensor& x, SourceLocation where) {
  if (!weights.defined()) return {};
  check(weights.shape() == x.shape(), where, name, ": weights must have x's shape ", x.shape(), ", but they are ",
        weights.shape(), ".");
  return without_gaps(name, cast_for(name, Operand(weights.detach(), where), x.dtype()), where);
}

/// The histogram of x, floating, between edges of its dtype.
Histogram counted(const char* name, const Tensor& x, const Tensor& edges, bool evenly, const HistogramOptions& options,
                  SourceLocation where) {
  const Tensor weights = checked_weights(name, options.weights, x, where);
  const std::int64_t bins = edges.numel() - 1;
  const Tensor elements = without_gaps(name, x, where);
  Tensor counts = new_zeros(name, {bins}, DType::float64, where);
  dispatch_floating(x.dtype(), [&]<class T>(T) {
    count_into_bins<T>(data_of<T>(elements), weights.defined() ? data_of<T>(weights) : nullptr, x.numel(),
                       data_of<T>(edges), data_of<double>(counts), bins, evenly);
  });
  if (options.density) {
    const Tensor widths = narrow(edges, 0, 1, bins) - narrow(edges, 0, 0, bins);
    counts = counts / (sum(counts) * widths);
  }
  return {cast(counts, x.dtype()), edges};
}

Histogram evenly_counted(const char* name, const Operand& operand, std::int64_t bins, const HistogramOptions& options) {
  const SourceLocation where = operand.where();
  const CallSite site(where);
  const Tensor x = floating_operand(name, operand).detach();
  check(bins >= 1 && bins < std::numeric_limits<std::int64_t>::max(), where, name,
        ": bins must be at least 1, but it is ", bins, ".");
  double low = options.low, high = options.high;
  check(!(low > high), where, name, ": low must not be above high, but they are ", low, " and ", high, ".");
  if (low == high && x.numel() > 0) {
    low = amin(x).item();
    high = amax(x).item();
  }
  check(std::isfinite(low) && std::isfinite(high), where, name, ": the ends must be finite, but they are ", low,
        " and ", high, ".");
  if (low == high) {  // one value in the middle; of no elements from 0 to 1
    low -= x.numel() > 0 ? 0.5 : 0;
    high += x.numel() > 0 ? 0.5 : 1;
  }
  checked_weights(name, options.weights, x, where);
  const Tensor room =
      new_checked(name, {bins + 1}, x.dtype(), where);  // what cannot be counted is refused in this name
  return counted(name, x, linspace(low, high, bins + 1, {.dtype = x.dtype()}), true, options, where);
}

}  // namespace

Histogram histogram(const Operand& x, std::int64_t bins, const HistogramOptions& options) {
  return evenly_counted("histogram", x, bins, options);
}

Histogram histogram(const Operand& operand, const Tensor& given_edges, const HistogramOptions& options) {
  const SourceLocation where = operand.where();
  const CallSite site(where);
  const Operand edges_operand(given_edges, where);
  const DType dtype = to_floating(common_dtype("histogram", {&operand, &edges_operand}));
  const Tensor x = cast_for("histogram", operand, dtype).detach();
  const Tensor edges = without_gaps("histogram", cast_for("histogram", edges_operand, dtype).detach(), where);
  check(edges.ndim() == 1 && edges.numel() >= 2, where,
        "histogram: edges must have one axis and be at least two, but they are ", edges.shape(), ".");
  const std::vector<double> numbers = edges.to_vector<double>();
  for (std::size_t i = 0; i < numbers.size(); ++i)
    check(numbers[i] == numbers[i] && (i == 0 || numbers[i - 1] <= numbers[i]), where,
          "histogram: edges must ascend, but the one at ", i, " is ", numbers[i], ".");
  return counted("histogram", x, edges, false, options, where);
}

Tensor histc(const Operand& x, std::int64_t bins, double low, double high) {
  return evenly_counted("histc", x, bins, {.low = low, .high = high}).counts;
}

}  // namespace xgrad
