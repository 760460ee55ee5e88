// median, nanmedian, mode, quantile and nanquantile.
#include <cmath>
#include <limits>

#include "../../extend.hpp"
#include "../../kernels/fill.hpp"
#include "../../kernels/sort.hpp"
#include "../../tensor_impl.hpp"
#include "../arithmetic.hpp"
#include "../cast.hpp"
#include "../choose.hpp"
#include "../compare.hpp"
#include "../create.hpp"
#include "../detail/axis_rows.hpp"
#include "../detail/promote.hpp"
#include "../detail/reduction.hpp"
#include "../detail/result.hpp"
#include "../index.hpp"
#include "../movement.hpp"
#include "../rounding.hpp"
#include "../sort/picked.hpp"
#include "../statistics.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

namespace {

/// The axis of a statistic that needs an element along it.
int occupied_axis(const char* name, const Tensor& x, int axis, SourceLocation where) {
  axis = normalize_axis(name, axis, x.ndim(), where);
  check(x.ndim() == 0 || x.shape()[axis] > 0, where, name, ": it needs at least one element on axis ", axis,
        ", but x is ", x.shape(), ".");
  return axis;
}

// ---- Medians ----

/// g shared evenly by the elements that equal the median.
void median_rule(Vjp& vjp) {
  const Tensor& x = vjp.input(0);
  if (x.numel() == 0) return vjp.give(0, zeros(x.shape(), {.dtype = x.dtype()}));
  const Tensor y = vjp.output().detach();
  const Tensor equals = std::isnan(y.item()) ? isnan(x) : x == y;
  vjp.give(0, where(equals, vjp.g() / cast(sum(equals), x.dtype()), 0));
}

Tensor median_of_all(const char* name, const Operand& operand, Rank rank) {
  const Tensor& x = operand.tensor(name);
  const SourceLocation place = operand.where();
  check(x.numel() > 0 || is_floating(x.dtype()), place, name,
        ": x must have an element where it holds integers, but it is ", x.shape(), ".");
  Tensor y = new_result(name, {}, x.dtype(), place);
  const Tensor elements = without_gaps(name, x, place);
  dispatch(x.dtype(), [&]<class T>(T) {
    fill(data_of<T>(y), 1, std::numeric_limits<T>::quiet_NaN());
    std::int64_t position = 0;
    if (x.numel() > 0) pick_of_rows<T>(data_of<T>(elements), data_of<T>(y), &position, {1, x.numel()}, rank, 0);
  });
  return record(name, place, {x}, std::move(y), {Uses::input(0) | Uses::output()}, median_rule);
}

Picked median_along(const char* name, const Operand& operand, int axis, ReduceOptions options, Rank rank) {
  const Tensor& x = operand.tensor(name);
  axis = occupied_axis(name, x, axis, operand.where());
  return picked_of_rows(name, x, axis, options.keepdims, rank, 0, operand.where());
}

// ---- Quantiles ----

/// q in the dtype that ranks are computed in, with one axis. Throws unless all are in [0, 1].
Tensor checked_shares(const char* name, const Operand& q_operand, DType dtype, SourceLocation where) {
  const Tensor q = cast_for(name, q_operand, dtype);
  check(q.ndim() <= 1, where, name, ": q must be a number or have one axis, but it is ", q.shape(), ".");
  for (double share : q.to_vector<double>())
    check(0 <= share && share <= 1, where, name, ": q must be in [0, 1], but it is ", share, ".");
  return reshape(q, {q.numel()});
}

/// The elements of sorted, along its last axis, at these ranks, which broadcast with its other axes; where a row has a
/// nan, its last one.
Tensor at_ranks(const Tensor& sorted, const Tensor& ranks, const Tensor& has_nan) {
  Tensor places = cast(ranks, DType::int64);
  if (has_nan.defined()) places = where(has_nan, sorted.size(-1) - 1, places);
  return gather(sorted, -1, places);
}

Tensor quantile_of(const char* name, const Operand& operand, const Operand& q_operand, const QuantileOptions& options,
                   bool ignores_nan) {
  const SourceLocation place = operand.where();
  const CallSite site(place);
  const Tensor x = floating_operand(name, operand);
  check(x.numel() > 0, place, name, ": x must have elements, but it is ", x.shape(), ".");
  int axis = 0;
  if (options.axis) axis = normalize_axis(name, *options.axis, x.ndim(), place);
  const bool is_along = options.axis && x.ndim() > 0;
  const unsigned mask = is_along ? 1u << axis : (1u << x.ndim()) - 1;
  const Shape kept = reduced_shape(x.shape(), mask, options.keepdims);
  const bool has_axis = !q_operand.is_number() && q_operand.tensor(name).ndim() == 1;
  check(!has_axis || kept.ndim() < kMaxDims, place, name, ": the result has at most ", kMaxDims, " axes, but x is ",
        x.shape(), ", and q adds one.");

  // The axis last, in order.
  Tensor rows = x;
  if (is_along) {
    std::vector<int> order;
    for (int k = 0; k < x.ndim(); ++k)
      if (k != axis) order.push_back(k);
    order.push_back(axis);
    rows = permute(x, order);
  } else {
    rows = reshape(x, {x.numel()});
  }
  const Tensor sorted = sort(rows).values;
  const std::int64_t n = sorted.size(-1);

  // A float32 holds the ranks of so many elements.
  constexpr std::int64_t kMany = 1 << 24;
  const DType rank_dtype = n > kMany ? DType::float64 : x.dtype();
  const Tensor q = checked_shares(name, q_operand, rank_dtype, place);
  Tensor ranks, has_nan;
  if (ignores_nan) {
    const Tensor counts = sum(logical_not(isnan(rows)), -1, {.keepdims = true});
    ranks = q * cast(maximum(counts - 1, 0), rank_dtype);
  } else {
    ranks = q * static_cast<double>(n - 1);
    has_nan = isnan(narrow(sorted.detach(), -1, -1, 1));
    // One for each row.
    Shape shape = sorted.shape();
    shape[-1] = q.numel();
    ranks = expand(ranks, shape);
  }

  Tensor y;
  const Tensor fixed = ranks.detach();
  switch (options.interpolation) {
    case QuantileInterpolation::lower:
      y = at_ranks(sorted, floor(fixed), has_nan);
      break;
    case QuantileInterpolation::higher:
      y = at_ranks(sorted, ceil(fixed), has_nan);
      break;
    case QuantileInterpolation::nearest:
      y = at_ranks(sorted, round(fixed), has_nan);
      break;
    default: {
      const Tensor below = at_ranks(sorted, floor(fixed), has_nan), above = at_ranks(sorted, ceil(fixed), has_nan);
      const Tensor weight = options.interpolation == QuantileInterpolation::midpoint
                                ? full({}, 0.5, {.dtype = x.dtype()})
                                : cast(ranks - floor(fixed), x.dtype());
      // Between two equal infinities inf - inf would be nan, and between -inf and a number -inf + inf.
      constexpr double kInfinity = std::numeric_limits<double>::infinity();
      const Tensor is_infinite =
          logical_or(logical_and(isinf(below), below == above), logical_and(below == -kInfinity, above < kInfinity));
      y = where(is_infinite, below, below + weight * (above - below));
    }
  }
  Shape shape = kept;
  if (has_axis) shape.insert(0, q.numel(), place);
  std::vector<int> q_first{y.ndim() - 1};
  for (int k = 0; k + 1 < y.ndim(); ++k) q_first.push_back(k);
  return reshape(permute(y, q_first), shape);
}

}  // namespace

Tensor median(const Operand& x) { return median_of_all("median", x, Rank::median); }
Tensor nanmedian(const Operand& x) { return median_of_all("nanmedian", x, Rank::nan_median); }
Picked median(const Operand& x, int axis, ReduceOptions options) {
  return median_along("median", x, axis, options, Rank::median);
}
Picked nanmedian(const Operand& x, int axis, ReduceOptions options) {
  return median_along("nanmedian", x, axis, options, Rank::nan_median);
}

Picked mode(const Operand& operand, int axis, ReduceOptions options) {
  const Tensor& x = operand.tensor("mode");
  const SourceLocation where = operand.where();
  axis = occupied_axis("mode", x, axis, where);
  const Shape shape = reduced_shape(x.shape(), x.ndim() == 0 ? 0 : 1u << axis, options.keepdims);
  Tensor values = new_result("mode", shape, x.dtype(), where);
  Tensor positions = new_result("mode", shape, DType::int64, where);
  const AxisRows from("mode", x, axis, where);
  dispatch(x.dtype(), [&]<class T>(T) {
    mode_of_rows<T>(data_of<T>(from.x), data_of<T>(values), data_of<std::int64_t>(positions), {from.rows, from.length});
  });
  return recorded_picks("mode", where, x, axis, std::move(values), std::move(positions));
}

Tensor quantile(const Operand& x, const Operand& q, QuantileOptions options) {
  return quantile_of("quantile", x, q, options, false);
}
Tensor nanquantile(const Operand& x, const Operand& q, QuantileOptions options) {
  return quantile_of("nanquantile", x, q, options, true);
}

}  // namespace xgrad
