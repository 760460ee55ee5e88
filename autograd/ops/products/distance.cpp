#include <algorithm>
#include <cmath>

#include "../../extend.hpp"
#include "../../kernels/distance.hpp"
#include "../../kernels/elementwise.hpp"
#include "../../tensor_impl.hpp"
#include "../arithmetic.hpp"
#include "../cast.hpp"
#include "../choose.hpp"
#include "../compare.hpp"
#include "../create.hpp"
#include "../detail/lead.hpp"
#include "../detail/promote.hpp"
#include "../detail/result.hpp"
#include "../diagonal.hpp"
#include "../index.hpp"
#include "../movement.hpp"
#include "../products.hpp"
#include "../reduce.hpp"
#include "../scatter.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

namespace {

Tensor contiguous_value(const Tensor& x) {
  if (x.is_contiguous()) return x;
  Tensor copied = new_tensor(x.shape(), x.dtype());
  copy_into(copied, x);
  return copied;
}

/// From one matrix of a contiguous x to the next along the leading axes, to which its own broadcast.
void set_strides(const Shape& shape, const Shape& lead, std::int64_t* strides) {
  const int shift = lead.ndim() - (shape.ndim() - 2);
  const Strides own = row_major(shape);
  for (int axis = 0; axis < lead.ndim(); ++axis)
    strides[axis] = axis < shift || shape[axis - shift] == 1 ? 0 : own[axis - shift];
}

template <class T>
DistancePairs<T> pairs_of(const Tensor& x, const Tensor& other, const Shape& lead, double p) {
  DistancePairs<T> pairs{
      data_of<T>(x), data_of<T>(other), x.size(-2), other.size(-2), x.size(-1), p, lead.ndim(), {}, {}, {}};
  std::copy(lead.begin(), lead.end(), pairs.lead);
  set_strides(x.shape(), lead, pairs.x_strides);
  set_strides(other.shape(), lead, pairs.other_strides);
  return pairs;
}

/// The gradient by x, of the shape that all pairs have.
Tensor gradient_value(const Tensor& x, const Tensor& other, const Tensor& g, const Tensor& y, const Shape& lead,
                      double p, bool is_left) {
  Tensor gradient = new_tensor(with_matrix(lead, x.size(-2), x.size(-1)), x.dtype());
  const std::int64_t columns = y.size(-1);
  dispatch_floating(x.dtype(), [&]<class T>(T) {
    distance_gradient<T>(pairs_of<T>(x, other, lead, p), data_of<T>(g), data_of<T>(y), is_left ? columns : 1,
                         is_left ? 1 : columns, data_of<T>(gradient));
  });
  return gradient;
}

/// The cotangent of the differences d = a[i] - b[j], of operators. g and y have an axis of extent 1 for d's last.
Tensor cotangent_of_differences(const Tensor& g, const Tensor& d, const Tensor& y, double p) {
  if (p == 1) return g * sign(d);
  if (std::isinf(p)) {
    Tensor reached = abs(d) == y;
    Tensor count = cast(sum(reached, -1, {.keepdims = true}), d.dtype());
    return where(reached, sign(d) * (g / where(count == 0, 1, count)), where(isnan(y), y, 0));
  }
  Tensor is_zero = y == 0;
  if (p == 2) return g * (where(is_zero, 0, d) / where(is_zero, 1, y));
  Tensor is_flat = logical_or(d == 0, is_zero);
  Tensor ratio = where(is_flat, 1, abs(d)) / where(is_zero, 1, y);
  return where(is_flat, 0, sign(d) * pow(ratio, p - 1) * g);
}

/// x with the leading axes as one, so that there is room for one more.
Tensor stack_of(const Tensor& x, const Shape& lead) {
  Tensor stretched = expand(x, with_matrix(lead, x.size(-2), x.size(-1)));
  return reshape(stretched, {lead.numel(), x.size(-2), x.size(-1)});
}

void rule_of_operators(Vjp& vjp, const Shape& lead, double p) {
  Tensor a = stack_of(vjp.input(0), lead), b = stack_of(vjp.input(1), lead);
  Tensor g = unsqueeze(stack_of(vjp.g(), lead), -1), y = unsqueeze(stack_of(vjp.output(), lead), -1);
  Tensor of_differences = cotangent_of_differences(g, unsqueeze(a, 2) - unsqueeze(b, 1), y, p);
  auto give = [&](int i, const Tensor& summed) {
    vjp.give(i, sum_to(reshape(summed, with_matrix(lead, vjp.shape(i)[-2], vjp.shape(i)[-1])), vjp.shape(i)));
  };
  if (vjp.needs(0)) give(0, sum(of_differences, 2));
  if (vjp.needs(1)) give(1, neg(sum(of_differences, 1)));
}

void distance_rule(Vjp& vjp, const Shape& lead, double p) {
  if (p == 0) {
    for (int i = 0; i < 2; ++i)
      if (vjp.needs(i)) vjp.give(i, zeros(vjp.shape(i), {.dtype = vjp.dtype(i)}));
    return;
  }
  if (vjp.creates_graph()) return rule_of_operators(vjp, lead, p);
  Tensor a = contiguous_value(vjp.input(0)), b = contiguous_value(vjp.input(1));
  Tensor g = contiguous_value(vjp.g());
  const Tensor& y = vjp.output();
  if (vjp.needs(0)) vjp.give(0, sum_to(gradient_value(a, b, g, y, lead, p, true), vjp.shape(0)));
  if (vjp.needs(1)) vjp.give(1, sum_to(gradient_value(b, a, g, y, lead, p, false), vjp.shape(1)));
}

/// The places in a matrix of all distances of n rows of those that pdist() answers with: row i from row j > i.
Tensor places_of_pairs(std::int64_t n) {
  const Tensor at = triu_indices(n, n, 1);
  return at[0] * n + at[1];
}

/// A value for each pair as a symmetric matrix with zeros on its diagonal: a row's distance from itself is no part of
/// pdist(), not where it is inf - inf either.
Tensor matrix_of_pairs(const Tensor& values, const Tensor& places, std::int64_t n) {
  const Tensor upper = reshape(index_copy(zeros({n * n}, {.dtype = values.dtype()}), 0, places, values), {n, n});
  return contiguous_value(upper + transpose(upper));
}

void distance_of_pairs_rule(Vjp& vjp, double p) {
  if (p == 0) return vjp.give(0, zeros(vjp.shape(0), {.dtype = vjp.dtype(0)}));
  const std::int64_t n = vjp.shape(0)[0];
  if (vjp.creates_graph()) {
    const Tensor& x = vjp.input(0);
    const Tensor at = triu_indices(n, n, 1);
    const Tensor of_differences = cotangent_of_differences(
        unsqueeze(vjp.g(), 1), index_select(x, 0, at[0]) - index_select(x, 0, at[1]), unsqueeze(vjp.output(), 1), p);
    const Tensor none = zeros(x.shape(), {.dtype = x.dtype()});
    return vjp.give(0, index_add(index_add(none, 0, at[0], of_differences), 0, at[1], neg(of_differences)));
  }
  const Tensor x = contiguous_value(vjp.input(0)), places = places_of_pairs(n);
  const Tensor g = matrix_of_pairs(vjp.g(), places, n), y = matrix_of_pairs(vjp.output(), places, n);
  vjp.give(0, gradient_value(x, x, g, y, Shape(), p, true));
}

void check_order(const char* name, double p, SourceLocation where) {
  check(p >= 0, where, name, ": p must not be negative or nan, but it is ", p, ".");
}

}  // namespace

Tensor cdist(const Operand& left, const Operand& right, double p) {
  const SourceLocation where = left.where();
  const Tensor& given_a = left.tensor("cdist");
  const Tensor& given_b = right.tensor("cdist");
  const DType dtype = promote(given_a.dtype(), given_b.dtype());
  check(is_floating(dtype), where, "cdist: an operand must be floating, but they are ", given_a.dtype(), " and ",
        given_b.dtype(), ".");
  check(given_a.ndim() >= 2 && given_b.ndim() >= 2, where, "cdist: operands must have two axes or more, but a is ",
        given_a.shape(), " and b is ", given_b.shape(), ".");
  check(given_a.size(-1) == given_b.size(-1), where, "cdist: the last extents must agree, but a is ", given_a.shape(),
        " and b is ", given_b.shape(), " (", given_a.size(-1), " != ", given_b.size(-1), ").");
  check_order("cdist", p, where);
  const Shape lead = broadcast_shapes("cdist", lead_of(given_a.shape()), lead_of(given_b.shape()), where);
  const Tensor a = cast_for("cdist", {given_a, where}, dtype), b = cast_for("cdist", {given_b, where}, dtype);
  Tensor y = new_checked("cdist", with_matrix(lead, a.size(-2), b.size(-2)), dtype, where);
  const Tensor of_a = contiguous_value(a), of_b = contiguous_value(b);
  dispatch_floating(dtype, [&]<class T>(T) { distances<T>(pairs_of<T>(of_a, of_b, lead, p), data_of<T>(y)); });
  const Uses uses = p == 0 ? Uses() : Uses::input(0) | Uses::input(1) | Uses::output();
  return record("cdist", where, {a, b}, std::move(y), {uses}, [lead, p](Vjp& vjp) { distance_rule(vjp, lead, p); });
}

Tensor pdist(const Operand& operand, double p) {
  const SourceLocation where = operand.where();
  const Tensor& x = operand.tensor("pdist");
  check(is_floating(x.dtype()) && x.ndim() == 2, where, "pdist: x must be a floating matrix, but it is ", x.dtype(),
        ' ', x.shape(), ".");
  check_order("pdist", p, where);
  const std::int64_t n = x.size(0);
  const Tensor all = new_checked("pdist", {n, n}, x.dtype(), where), rows = contiguous_value(x);
  dispatch_floating(x.dtype(), [&]<class T>(T) { distances<T>(pairs_of<T>(rows, rows, Shape(), p), data_of<T>(all)); });
  CallSite site(where);
  const Tensor y = with_memory_for("pdist", where, [&] { return index_select(flatten(all), 0, places_of_pairs(n)); });
  const Uses uses = p == 0 ? Uses() : Uses::input(0) | Uses::output();
  return record("pdist", where, {x}, y, {uses}, [p](Vjp& vjp) { distance_of_pairs_rule(vjp, p); });
}

}  // namespace xgrad
