#include "softmax.hpp"

#include "../extend.hpp"
#include "../kernels/fill.hpp"
#include "../kernels/softmax_rows.hpp"
#include "arithmetic.hpp"
#include "cast.hpp"
#include "choose.hpp"
#include "compare.hpp"
#include "create.hpp"
#include "detail/reduction.hpp"
#include "detail/result.hpp"
#include "exponential.hpp"
#include "movement.hpp"
#include "softmax/cotangent.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

namespace {

/// The tensor as the softmax along the mask's axis sees it: its own axis last where that is `inner` = 1. A scalar is
/// one row.
SoftmaxShape softmax_shape(const Shape& shape, unsigned mask) {
  SoftmaxShape seen{1, 1, 1};
  bool is_inside = false;
  for (int axis = 0; axis < shape.ndim(); ++axis) {
    if ((mask >> axis & 1) != 0) {
      seen.length = shape[axis];
      is_inside = true;
    } else {
      (is_inside ? seen.inner : seen.outer) *= shape[axis];
    }
  }
  return seen;
}

template <class T>
void softmax_columns(const Tensor& x, const Tensor& y, unsigned mask, bool in_logs) {
  Shape kept = reduced_shape(x.shape(), mask, true);
  Tensor center = new_tensor(kept, x.dtype());
  Tensor sum = new_tensor(kept, x.dtype());
  PlannedOperand operand(x, mask);
  exponential_sums(operand.plan, data_of<T>(operand.x), data_of<T>(center), data_of<T>(sum));
  // As along rows: nan where all elements are -inf, or one is inf.
  for_each_element<T>(sum, [in_logs](T sum) {
    if (!(sum > 0 && std::isfinite(sum))) return std::numeric_limits<T>::quiet_NaN();
    return in_logs ? std::log(sum) : 1 / sum;
  });
  if (in_logs)
    return compute_into<T>(
        y, [](auto x, auto center, auto log_sum) { return x - center - log_sum; }, x, center, sum);
  compute_into<T>(
      y, [](auto x, auto center, auto factor) { return exp(x - center) * factor; }, x, center, sum);
}

Tensor softmax_value(const char* name, const Tensor& x, unsigned mask, bool in_logs, SourceLocation where) {
  Tensor y = new_result(name, x.shape(), x.dtype(), where);
  if (x.numel() == 0) return y;
  dispatch_floating(x.dtype(), [&]<class T>(T) {
    auto [outer, length, inner] = softmax_shape(x.shape(), mask);
    if (inner != 1 || !x.is_contiguous()) return softmax_columns<T>(x, y, mask, in_logs);
    if (in_logs)
      log_softmax_rows(data_of<T>(x), data_of<T>(y), outer, length);
    else
      softmax_rows(data_of<T>(x), data_of<T>(y), outer, length);
  });
  return y;
}

/// Not recorded: the first order.
Tensor cotangent_value(const Tensor& given, const Tensor& y, unsigned mask, bool in_logs) {
  Tensor result = new_tensor(y.shape(), y.dtype());
  if (y.numel() == 0) return result;
  Tensor g = contiguous(given);
  SoftmaxShape shape = softmax_shape(y.shape(), mask);
  dispatch_floating(y.dtype(), [&]<class T>(T) {
    if (in_logs)
      log_softmax_cotangent(data_of<T>(g), data_of<T>(y), data_of<T>(result), shape);
    else
      softmax_cotangent(data_of<T>(g), data_of<T>(y), data_of<T>(result), shape);
  });
  return result;
}

/// g - exp(y) sum(g) of operators: where one element has more than half of the sum, its 1 - exp(y) is the others' sum.
Tensor log_softmax_cotangent_of_operators(const Tensor& g, const Tensor& y, const Axes& axis) {
  Tensor p = exp(y);
  Tensor wins = p.detach() > 0.5;
  Tensor rest = sum(where(wins, 0, p), axis, {.keepdims = true});
  Tensor others = sum(where(wins, 0, g), axis, {.keepdims = true});
  return where(wins, g * rest - p * others, g - p * sum(g, axis, {.keepdims = true}));
}

Tensor recorded_softmax(const char* name, const Operand& operand, int axis, bool in_logs, SoftmaxOptions options = {}) {
  Tensor x = floating_operand(name, operand, options.dtype);
  unsigned mask = axis_mask(name, axis, x.ndim(), operand.where());
  return record(
      name, operand.where(), {x},
      with_memory_for(name, operand.where(), [&] { return softmax_value(name, x, mask, in_logs, operand.where()); }),
      {Uses::output()}, [mask, in_logs](Vjp& vjp) {
        if (!vjp.creates_graph())
          vjp.give(0, cotangent_value(vjp.g(), vjp.output(), mask, in_logs));
        else if (in_logs)
          vjp.give(0, log_softmax_cotangent_of_operators(vjp.g(), vjp.output(), axes_of(mask)));
        else
          vjp.give(0, softmax_cotangent_of_operators(vjp.g(), vjp.output(), axes_of(mask)));
      });
}

}  // namespace

Tensor softmax(const Operand& x, int axis) { return recorded_softmax("softmax", x, axis, false); }
Tensor softmax(const Operand& x, int axis, SoftmaxOptions options) {
  return recorded_softmax("softmax", x, axis, false, options);
}
Tensor softmin(const Operand& x, int axis) { return softmin(x, axis, {}); }
Tensor softmin(const Operand& x, int axis, SoftmaxOptions options) {
  Tensor floating = floating_operand("softmin", x, options.dtype);
  axis_mask("softmin", axis, floating.ndim(), x.where());
  CallSite site(x.where());
  return softmax(-floating, axis);
}
Tensor log_softmax(const Operand& x, int axis) { return recorded_softmax("log_softmax", x, axis, true); }
Tensor log_softmax(const Operand& x, int axis, SoftmaxOptions options) {
  return recorded_softmax("log_softmax", x, axis, true, options);
}

// ---- logsumexp ----

namespace {

/// log(sum) + center, with the center, which is the largest element, and the sum of exp(x - center).
struct LogSumExp {
  Tensor y, center, sum;
};

template <class T>
LogSumExp logsumexp_value(const Tensor& x, unsigned mask, const Shape& shape) {
  LogSumExp parts{new_tensor(shape, dtype_of<T>), new_tensor(shape, dtype_of<T>), new_tensor(shape, dtype_of<T>)};
  if (x.numel() == 0) {
    fill<T>(data_of<T>(parts.y), parts.y.numel(), lowest_of<T>());
    return parts;
  }
  PlannedOperand operand(x, mask);
  exponential_sums(operand.plan, data_of<T>(operand.x), data_of<T>(parts.center), data_of<T>(parts.sum));
  compute_into<T>(
      parts.y, [](auto sum, auto center) { return log(sum) + center; }, parts.sum, parts.center);
  return parts;
}

/// g exp(x - center) / sum, of what the value was made of: exp(x - y) with a y that is rounded (to 1 ulp of 1e7, say)
/// would not add up to 1. Where all of x is -inf the gradient is 0. Recorded, the softmax is one operator with a rule
/// of its own: a quotient's would take the winner's derivative for the difference of two numbers that round to the same
/// one.
void logsumexp_rule(Vjp& vjp, unsigned mask) {
  const Tensor& x = vjp.input(0);
  if (x.numel() == 0) return vjp.give(0, zeros(x.shape(), {.dtype = x.dtype()}));
  Tensor g = with_kept_axes(vjp.g(), x.shape(), mask);
  Tensor center = with_kept_axes(vjp.output(1).detach(), x.shape(), mask);
  Tensor total = with_kept_axes(vjp.output(2).detach(), x.shape(), mask);
  auto weighted = [&](const Tensor& g) {
    return dispatch_floating(x.dtype(), [&]<class T>(T) {
      Tensor factor = compute<T>(
          total.shape(),
          [](auto total, auto g) { return g / where(total == decltype(total)(0), decltype(total)(1), total); }, total,
          g);
      return compute<T>(
          x.shape(), [](auto x, auto center, auto factor) { return exp(x - center) * factor; }, x, center, factor);
    });
  };
  if (!vjp.creates_graph()) return vjp.give(0, weighted(g));
  Tensor p =
      record("logsumexp", vjp.where(), {x}, weighted(ones(total.shape(), {.dtype = x.dtype()})), {Uses::output()},
             [mask](Vjp& vjp) { vjp.give(0, softmax_cotangent_of_operators(vjp.g(), vjp.output(), axes_of(mask))); });
  vjp.give(0, g * p);
}

}  // namespace

Tensor logsumexp(const Operand& operand, const Axes& axes, ReduceOptions options) {
  Tensor x = floating_operand("logsumexp", operand);
  unsigned mask = axis_mask("logsumexp", axes, x.ndim(), operand.where());
  Shape shape = reduced_shape(x.shape(), mask, options.keepdims);
  LogSumExp parts = with_memory_for("logsumexp", operand.where(), [&] {
    return dispatch_floating(x.dtype(), [&]<class T>(T) { return logsumexp_value<T>(x, mask, shape); });
  });
  if (!is_recording({x})) return std::move(parts.y);
  std::vector<Tensor> outputs{std::move(parts.y), std::move(parts.center), std::move(parts.sum)};
  return record("logsumexp", operand.where(), {x}, std::move(outputs),
                {Uses::input(0) | Uses::output(1) | Uses::output(2)},
                [mask](Vjp& vjp) { logsumexp_rule(vjp, mask); })[0];
}

}  // namespace xgrad
