// cumsum, cumprod, logcumsumexp, cummax and cummin.
//
// The rules of cumprod and logcumsumexp are linear recurrences: for cumprod dx_k = (x_0 ... x_{k-1}) s_k with
// s_k = g_k + x_{k+1} s_{k+1}, which divides by nothing. A recurrence's own rule is a recurrence in the other
// direction, so that every order takes one pass.
#include "../../kernels/scan.hpp"

#include <limits>

#include "../../extend.hpp"
#include "../../tensor_impl.hpp"
#include "../activation.hpp"
#include "../arithmetic.hpp"
#include "../choose.hpp"
#include "../compare.hpp"
#include "../create.hpp"
#include "../cumulative.hpp"
#include "../detail/axis_rows.hpp"
#include "../detail/promote.hpp"
#include "../detail/reduction.hpp"
#include "../detail/result.hpp"
#include "../index.hpp"
#include "../movement.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

namespace {

ScanShape scan_shape(const Shape& shape, int axis) {
  const AxisBlocks blocks(shape, axis);
  return {blocks.outer, blocks.length, blocks.inner};
}

ScanOrder reverse(ScanOrder order) { return order == ScanOrder::forward ? ScanOrder::backward : ScanOrder::forward; }

/// dispatch() for the types that sums and products are computed in.
template <class F>
void dispatch_summable(DType dtype, const F& f) {
  if (dtype == DType::int64)
    f(std::int64_t{});
  else
    dispatch_floating(dtype, f);
}

/// x in the dtype that is asked for, booleans as integers.
Tensor summable(const char* name, const Operand& operand, std::optional<DType> dtype) {
  check(dtype != DType::boolean, operand.where(), name, ": dtype must be that of numbers, but it is boolean.");
  if (dtype) return cast_for(name, operand, *dtype);
  const Tensor& x = operand.tensor(name);
  return x.dtype() == DType::boolean ? cast_for(name, Operand(x, operand.where()), DType::int64) : x;
}

/// Element k - 1 (backward: k + 1) along an axis in place of element k; `edge`, of extent 1, where there is none.
Tensor neighbours(const Tensor& x, int axis, ScanOrder order, const Tensor& edge) {
  const std::int64_t n = x.shape()[axis];
  // No list in a conditional operator: where narrow() throws, g++ 12 destroys tensors of it that were never made.
  if (order == ScanOrder::forward) return cat({edge, narrow(x, axis, 0, n - 1)}, axis);
  return cat({narrow(x, axis, 1, n - 1), edge}, axis);
}
Tensor neighbours(const Tensor& x, int axis, ScanOrder order, double edge) {
  return neighbours(x, axis, order, full(with_extent(x.shape(), axis, 1), edge, {.dtype = x.dtype()}));
}

/// Whether there is anything to run along.
bool is_trivial(const Shape& shape, int axis) { return shape.numel() == 0 || shape.empty() || shape[axis] == 1; }

// ---- Sums ----

Tensor recorded_sum(const Tensor& x, int axis, ScanOrder order, SourceLocation where) {
  const Tensor from = without_gaps("cumsum", x, where);
  Tensor y = new_result("cumsum", x.shape(), x.dtype(), where);
  dispatch_summable(x.dtype(), [&]<class T>(T) {
    running_sum<T>(data_of<T>(from), data_of<T>(y), scan_shape(x.shape(), axis), order);
  });
  return record("cumsum", where, {x}, std::move(y), {},
                [axis, order](Vjp& vjp) { vjp.give(0, recorded_sum(vjp.g(), axis, reverse(order), vjp.where())); });
}

// ---- Recurrences ----

/// y_k = b_k + a_k y_{k-1}, or backward, along an axis that is not trivial. Of one floating dtype and shape.
Tensor recurrence(const Tensor& a, const Tensor& b, int axis, ScanOrder order, SourceLocation where) {
  const Tensor factors = without_gaps("recurrence", a, where);
  const Tensor terms = without_gaps("recurrence", b, where);
  Tensor y = new_result("recurrence", b.shape(), b.dtype(), where);
  dispatch_floating(b.dtype(), [&]<class T>(T) {
    running_recurrence<T>(data_of<T>(factors), data_of<T>(terms), data_of<T>(y), scan_shape(b.shape(), axis), order);
  });
  return record("recurrence", where, {a, b}, std::move(y), {Uses::input(0) | Uses::output(), Uses::input(0)},
                [axis, order](Vjp& vjp) {
                  const Tensor after = neighbours(vjp.input(0), axis, reverse(order), 0);
                  const Tensor sums = recurrence(after, vjp.g(), axis, reverse(order), vjp.where());
                  if (vjp.needs(0)) vjp.give(0, sums * neighbours(vjp.output(), axis, order, 0));
                  if (vjp.needs(1)) vjp.give(1, sums);
                });
}

void cumprod_rule(Vjp& vjp, int axis) {
  if (is_trivial(vjp.shape(0), axis)) return vjp.give(0, vjp.g());
  const Tensor& x = vjp.input(0);
  const Tensor before = neighbours(vjp.output(), axis, ScanOrder::forward, 1);
  const Tensor after = neighbours(x, axis, ScanOrder::backward, 0);
  vjp.give(0, before * recurrence(after, vjp.g(), axis, ScanOrder::backward, vjp.where()));
}

/// dx_k = exp(x_k - y_k) s_k with s_k = g_k + exp(y_k - y_{k+1}) s_{k+1}. With d = x_{k+1} - y_k these exponentials are
/// sigmoid(d) of the element that joins and sigmoid(-d) of the sum that it joins, whose own derivatives lose nothing
/// where one of the two rounds to 1. d is formed of the parts of y, output 1, the logarithm of the sum relative to the
/// largest, and output 2, the largest: y itself is rounded (to 1 ulp of 1e7, say). Output 1 moves as y does, as the
/// largest may be any number.
void logcumsumexp_rule(Vjp& vjp, int axis) {
  constexpr double kLowest = -std::numeric_limits<double>::infinity();
  const Tensor& x = vjp.input(0);
  Tensor g = vjp.has(0) ? vjp.g(0) : vjp.g(1);
  if (vjp.has(0) && vjp.has(1)) g = g + vjp.g(1);
  if (is_trivial(vjp.shape(0), axis)) return vjp.give(0, where(x == kLowest, 0, g));
  const std::int64_t n = x.shape()[axis];
  const Tensor maxima = vjp.output(2).detach();
  const Tensor joining = narrow(x, axis, 1, n - 1), before = narrow(maxima, axis, 0, n - 1);
  const Tensor stays = logical_and(isinf(before), joining == before);  // inf - inf would be nan
  const Tensor d = where(stays, kLowest, joining - before - narrow(vjp.output(1), axis, 0, n - 1));
  const Tensor one = ones(with_extent(x.shape(), axis, 1), {.dtype = x.dtype()});
  const Tensor factors = cat({sigmoid(-d), one}, axis);
  const Tensor sums = recurrence(factors, g, axis, ScanOrder::backward, vjp.where());
  vjp.give(0, where(maxima == kLowest, 0, cat({one, sigmoid(d)}, axis) * sums));
}

// ---- Extremes ----

Extreme extreme_so_far(const char* name, const Operand& operand, int axis, bool largest) {
  const Tensor& x = operand.tensor(name);
  const SourceLocation where = operand.where();
  axis = normalize_axis(name, axis, x.ndim(), where);
  const Tensor from = without_gaps(name, x, where);
  Tensor values = new_result(name, x.shape(), x.dtype(), where);
  Tensor positions = new_result(name, x.shape(), DType::int64, where);
  dispatch(x.dtype(), [&]<class T>(T) {
    running_extreme<T>(data_of<T>(from), data_of<T>(values), data_of<std::int64_t>(positions),
                       scan_shape(x.shape(), axis), largest);
  });
  std::vector<Tensor> outputs{std::move(values), std::move(positions)};
  outputs = record(name, where, {x}, std::move(outputs), {Uses::output(1)}, [axis](Vjp& vjp) {
    const Tensor none = zeros(vjp.shape(0), {.dtype = vjp.dtype(0)});
    vjp.give(0, scatter_add(none, axis, vjp.output(1), vjp.g()));
  });
  return {outputs[0], outputs[1]};
}

}  // namespace

Tensor cumsum(const Operand& operand, int axis, CumulativeOptions options) {
  const Tensor x = summable("cumsum", operand, options.dtype);
  return recorded_sum(x, normalize_axis("cumsum", axis, x.ndim(), operand.where()), ScanOrder::forward,
                      operand.where());
}

Tensor cumprod(const Operand& operand, int axis, CumulativeOptions options) {
  const SourceLocation where = operand.where();
  const Tensor x = summable("cumprod", operand, options.dtype);
  axis = normalize_axis("cumprod", axis, x.ndim(), where);
  const Tensor from = without_gaps("cumprod", x, where);
  Tensor y = new_result("cumprod", x.shape(), x.dtype(), where);
  dispatch_summable(
      x.dtype(), [&]<class T>(T) { running_product<T>(data_of<T>(from), data_of<T>(y), scan_shape(x.shape(), axis)); });
  return record("cumprod", where, {x}, std::move(y), {Uses::input(0) | Uses::output()},
                [axis](Vjp& vjp) { cumprod_rule(vjp, axis); });
}

Tensor logcumsumexp(const Operand& operand, int axis) {
  const SourceLocation where = operand.where();
  const Tensor x = floating_operand("logcumsumexp", operand);
  axis = normalize_axis("logcumsumexp", axis, x.ndim(), where);
  const Tensor from = without_gaps("logcumsumexp", x, where);
  Tensor y = new_result("logcumsumexp", x.shape(), x.dtype(), where);
  const bool is_recorded = is_recording({x});
  Tensor log_sums, maxima;
  if (is_recorded) {
    log_sums = new_result("logcumsumexp", x.shape(), x.dtype(), where);
    maxima = new_result("logcumsumexp", x.shape(), x.dtype(), where);
  }
  dispatch_floating(x.dtype(), [&]<class T>(T) {
    running_logsumexp<T>(data_of<T>(from), data_of<T>(y), is_recorded ? data_of<T>(maxima) : nullptr,
                         is_recorded ? data_of<T>(log_sums) : nullptr, scan_shape(x.shape(), axis));
  });
  if (!is_recorded) return y;
  std::vector<Tensor> outputs{std::move(y), std::move(log_sums), std::move(maxima)};
  return record("logcumsumexp", where, {x}, std::move(outputs), {Uses::input(0) | Uses::output(1) | Uses::output(2)},
                [axis](Vjp& vjp) { logcumsumexp_rule(vjp, axis); })[0];
}

Extreme cummax(const Operand& x, int axis) { return extreme_so_far("cummax", x, axis, true); }
Extreme cummin(const Operand& x, int axis) { return extreme_so_far("cummin", x, axis, false); }

}  // namespace xgrad
