#include "similarity.hpp"

#include <cmath>

#include "arithmetic.hpp"
#include "choose.hpp"
#include "detail/promote.hpp"
#include "detail/reduction.hpp"
#include "movement.hpp"
#include "products.hpp"
#include "reduce.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

namespace {

/// x along the axis as vectors of length 1; shorter ones than eps as they are, divided by eps.
Tensor directions(const Tensor& x, int axis, double eps) {
  return x / clamp(norm(x, {axis}, {.keepdims = true}), eps, std::nullopt);
}

}  // namespace

Tensor cosine_similarity(const Operand& left, const Operand& right, CosineSimilarityOptions options) {
  constexpr const char* kName = "cosine_similarity";
  Promoted pair(kName, left, right, Integers::become_floating);
  const int axis = normalize_axis(kName, options.axis, pair.shape().ndim(), left.where());
  CallSite site(left.where());
  Tensor a = expand(pair.a(), pair.shape()), b = expand(pair.b(), pair.shape());
  if (a.ndim() == 0) return directions(a, axis, options.eps) * directions(b, axis, options.eps);
  return sum(directions(a, axis, options.eps) * directions(b, axis, options.eps), axis);
}

Tensor pairwise_distance(const Operand& left, const Operand& right, PairwiseDistanceOptions options) {
  constexpr const char* kName = "pairwise_distance";
  Promoted pair(kName, left, right, Integers::become_floating);
  check(pair.shape().ndim() > 0, left.where(), kName, ": operands must have at least one axis, but both are scalars.");
  check(!std::isnan(options.p), left.where(), kName, ": p must be a number, but it is nan.");
  check(pair.shape().back() > 0 || (options.p >= 0 && !std::isinf(options.p)), left.where(), kName,
        ": with p = ", options.p, " vectors must have elements, but the common shape is ", pair.shape(), ".");
  CallSite site(left.where());
  return norm(pair.a() - pair.b() + options.eps, {-1}, {.p = options.p, .keepdims = options.keepdims});
}

Tensor bilinear(const Operand& left, const Operand& right, const Tensor& weight, const Tensor& bias) {
  constexpr const char* kName = "bilinear";
  SourceLocation where = left.where();
  const Tensor &given_a = left.tensor(kName), &given_b = right.tensor(kName);
  check(
      weight.defined() && weight.ndim() == 3, where, kName, ": weight must be [out, m, n], but it is ",
      [&] { return weight.defined() ? to_string(weight.shape()) : "undefined"; }, ".");
  const std::int64_t outs = weight.shape()[0], m = weight.shape()[1], n = weight.shape()[2];
  check(given_a.ndim() > 0 && given_a.ndim() == given_b.ndim() && given_a.shape().back() == m &&
            given_b.shape().back() == n,
        where, kName, ": a must be [..., ", m, "] and b [..., ", n, "], as weight is ", weight.shape(),
        ", but they are ", given_a.shape(), " and ", given_b.shape(), ".");
  Shape lead = given_a.shape(), other = given_b.shape();
  lead.erase(lead.ndim() - 1);
  other.erase(other.ndim() - 1);
  check(lead == other, where, kName, ": a and b must have the same axes before the last, but they are ",
        given_a.shape(), " and ", given_b.shape(), ".");
  check(!bias.defined() || bias.shape() == Shape{outs}, where, kName, ": bias must be [", outs, "], as weight is ",
        weight.shape(), ", but it is ", bias.defined() ? bias.shape() : Shape{}, ".");
  CallSite site(where);
  const Operand weight_operand(weight), bias_operand(bias);
  const DType dtype = bias.defined() ? common_dtype(kName, {&left, &right, &weight_operand, &bias_operand})
                                     : common_dtype(kName, {&left, &right, &weight_operand});
  check(dtype != DType::boolean, where, kName, ": operands must be numbers, but all are boolean. Use cast().");
  const std::int64_t rows = lead.numel();
  checked_numel(kName, {rows, outs, n}, where);
  Tensor a = reshape(cast_for(kName, left, dtype), {rows, m}), b = reshape(cast_for(kName, right, dtype), {rows, n, 1});
  Tensor w = reshape(permute(cast_for(kName, weight, dtype), Axes(1, 0, 2)), {m, outs * n});
  Tensor y = reshape(matmul(reshape(matmul(a, w), {rows, outs, n}), b), {rows, outs});
  if (bias.defined()) y = y + cast_for(kName, bias, dtype);
  lead.push_back(outs);
  return reshape(y, lead);
}

}  // namespace xgrad
