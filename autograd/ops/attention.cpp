// scaled_dot_product_attention is one node with two outputs, the result and the weights, of which the user sees the first: the
// rule needs the weights again.
#include "attention.hpp"

#include <cmath>
#include <limits>

#include "../extend.hpp"
#include "../kernels/attention.hpp"
#include "../random.hpp"
#include "../tensor_impl.hpp"
#include "arithmetic.hpp"
#include "cast.hpp"
#include "choose.hpp"
#include "compare.hpp"
#include "create.hpp"
#include "detail/promote.hpp"
#include "detail/result.hpp"
#include "movement.hpp"
#include "products.hpp"
#include "random.hpp"
#include "reduce.hpp"
#include "softmax.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

namespace {

/// The axes before the last two.
Shape lead_of(const Shape& shape) { return Shape(std::span<const std::int64_t>(shape.begin(), shape.end() - 2)); }

Shape joined(const Shape& lead, std::int64_t rows, std::int64_t columns) {
  Shape shape = lead;
  shape.push_back(rows);
  shape.push_back(columns);
  return shape;
}

/// Operands in their common dtype, stretched to their common leading axes.
struct AttentionOperands {
  Tensor q, k, v, mask;  // v and mask may be undefined
  Shape lead;
  double scale;

  std::int64_t queries() const { return q.shape()[-2]; }
  std::int64_t keys() const { return k.shape()[-2]; }
};

AttentionOperands checked_operands(const char* name, const Operand& q, const Tensor& k, const Tensor* v,
                                   const AttentionOptions& options) {
  SourceLocation where = q.where();
  const Tensor& query = q.tensor(name);
  check(k.defined() && (v == nullptr || v->defined()), where, name, ": k and v must be tensors, but one is undefined.");
  check(query.ndim() >= 2 && k.ndim() >= 2 && (v == nullptr || v->ndim() >= 2), where, name,
        ": q, k and v must have at least two axes, but they are ", query.shape(), ", ", k.shape(), " and ",
        v != nullptr ? v->shape() : k.shape(), ".");
  check(query.shape().back() == k.shape().back(), where, name, ": q and k must have one last extent, but they are ",
        query.shape(), " and ", k.shape(), ".");
  check(v == nullptr || v->shape()[-2] == k.shape()[-2], where, name, ": k and v must have as many keys, but they are ",
        k.shape(), " and ", v != nullptr ? v->shape() : Shape{}, ".");
  check(options.dropout >= 0 && options.dropout <= 1, where, name, ": dropout must be in [0, 1], but it is ",
        options.dropout, ".");
  AttentionOperands result;
  result.lead = broadcast_shapes(name, lead_of(query.shape()), lead_of(k.shape()), where);
  if (v != nullptr) result.lead = broadcast_shapes(name, result.lead, lead_of(v->shape()), where);
  const Shape scores = joined(result.lead, query.shape()[-2], k.shape()[-2]);
  checked_numel(name, scores, where);
  const Tensor& mask = options.mask;
  check(!mask.defined() || mask.dtype() == DType::boolean || is_floating(mask.dtype()), where, name,
        ": the mask must be boolean or floating, but it is ", mask.defined() ? mask.dtype() : DType::int64, ".");
  check(!mask.defined() || broadcasts_to(mask.shape(), scores), where, name, ": the mask must broadcast to the scores ",
        scores, ", but it is ", mask.defined() ? mask.shape() : Shape{}, ".");
  const Operand key(k, where), value(v != nullptr ? *v : k, where);
  const DType dtype = promote(common_dtype(name, {&q, &key, &value}), DType::float32);
  auto stretched = [&](const Operand& x) {
    Tensor cast = cast_for(name, x, dtype);
    const Shape shape = joined(result.lead, cast.shape()[-2], cast.shape()[-1]);
    return cast.shape() == shape ? cast : expand(cast, shape);
  };
  result.q = stretched(q);
  result.k = stretched(key);
  if (v != nullptr) result.v = stretched(value);
  if (mask.defined()) result.mask = mask.dtype() == DType::boolean ? mask : cast_for(name, {mask, where}, dtype);
  const double size = static_cast<double>(query.shape().back());
  result.scale = options.scale.value_or(size > 0 ? 1 / std::sqrt(size) : 1);
  return result;
}

/// softmax(q k^T scale + mask) of operators; 0 where nothing is attended to.
Tensor weights_of_operators(const Tensor& q, const Tensor& k, const Tensor& mask, bool causal, double scale) {
  constexpr double kNever = -std::numeric_limits<double>::infinity();
  Tensor scores = matmul(q, transpose(k)) * scale;
  if (mask.defined() && mask.dtype() == DType::boolean) scores = where(mask, scores, kNever);
  if (mask.defined() && mask.dtype() != DType::boolean) scores = scores + mask;
  if (causal) scores = where(unsqueeze(arange(q.shape()[-2]), 1) >= arange(k.shape()[-2]), scores, kNever);
  if (!mask.defined() && !causal) return softmax(scores);
  Tensor is_alone = all(scores.detach() == kNever, -1, {.keepdims = true});
  return where(is_alone, 0, softmax(where(is_alone, 0, scores)));
}

template <class T>
AttentionMask<T> mask_for(const AttentionOperands& operands) {
  AttentionMask<T> mask;
  if (!operands.mask.defined()) return mask;
  const Tensor stretched = expand(operands.mask.detach(), joined(operands.lead, operands.queries(), operands.keys()));
  if (stretched.dtype() == DType::boolean)
    mask.attends = data_of<bool>(stretched);
  else
    mask.added = data_of<T>(stretched);
  mask.lead_ndim = operands.lead.ndim();
  for (int axis = 0; axis < mask.lead_ndim; ++axis) {
    mask.lead[axis] = operands.lead[axis];
    mask.lead_stride[axis] = stretched.strides()[axis];
  }
  mask.query_stride = stretched.strides()[-2];
  mask.key_stride = stretched.strides()[-1];
  return mask;
}

struct AttentionRule {
  AttentionShape shape;
  bool has_mask;

  void operator()(Vjp& vjp) const {
    const Tensor &q = vjp.input(0), &k = vjp.input(1), &v = vjp.input(2);
    if (vjp.creates_graph()) {
      const Tensor mask = has_mask ? vjp.input(3) : Tensor();
      return give(vjp, vjp.g(0), weights_of_operators(q, k, mask, shape.causal, shape.scale));
    }
    if (vjp.needs(3)) return give(vjp, vjp.g(0), vjp.output(1));
    Tensor g = contiguous(vjp.g(0));
    Tensor result[3];
    const Tensor* inputs[3] = {&q, &k, &v};
    for (int i = 0; i < 3; ++i)
      if (vjp.needs(i))
        result[i] = new_result("scaled_dot_product_attention", inputs[i]->shape(), q.dtype(), vjp.where());
    dispatch_floating(q.dtype(), [&]<class T>(T) {
      auto to = [&](int i) { return result[i].defined() ? data_of<T>(result[i]) : nullptr; };
      attend_back(shape, data_of<T>(q), data_of<T>(k), data_of<T>(v), data_of<T>(vjp.output(1)), data_of<T>(g), to(0),
                  to(1), to(2));
    });
    for (int i = 0; i < 3; ++i)
      if (result[i].defined()) vjp.give(i, result[i]);
  }

  /// Of operators, from the weights.
  void give(Vjp& vjp, const Tensor& g, const Tensor& weights) const {
    const Tensor &q = vjp.input(0), &k = vjp.input(1), &v = vjp.input(2);
    if (vjp.needs(2)) vjp.give(2, matmul(transpose(weights), g));
    if (!vjp.needs(0) && !vjp.needs(1) && !vjp.needs(3)) return;
    Tensor gp = matmul(g, transpose(v));
    Tensor scores = weights * (gp - sum(weights * gp, -1, {.keepdims = true}));
    if (vjp.needs(0)) vjp.give(0, matmul(scores, k) * shape.scale);
    if (vjp.needs(1)) vjp.give(1, matmul(transpose(scores), q) * shape.scale);
    if (vjp.needs(3)) vjp.give(3, sum_to(scores, vjp.shape(3)));
  }
};

}  // namespace

Tensor attention_weights(const Operand& q, const Tensor& k, AttentionOptions options) {
  CallSite site(q.where());
  const AttentionOperands operands = checked_operands("attention_weights", q, k, nullptr, options);
  Tensor weights = weights_of_operators(operands.q, operands.k, operands.mask, options.causal, operands.scale);
  if (options.dropout == 0) return weights;
  Generator& generator = options.generator != nullptr ? *options.generator : default_generator();
  Tensor is_kept = bernoulli(weights.shape(), 1 - options.dropout, generator);
  return where(is_kept, weights * (options.dropout < 1 ? 1 / (1 - options.dropout) : 0.0), 0);
}

Tensor scaled_dot_product_attention(const Operand& q, const Tensor& k, const Tensor& v, AttentionOptions options) {
  constexpr const char* kName = "scaled_dot_product_attention";
  SourceLocation where = q.where();
  CallSite site(where);
  AttentionOperands operands = checked_operands(kName, q, k, &v, options);
  if (options.dropout > 0) return matmul(attention_weights(operands.q, operands.k, options), operands.v);
  Tensor query = contiguous(operands.q), key = contiguous(operands.k), value = contiguous(operands.v);
  const AttentionShape shape{operands.lead.numel(), operands.queries(), operands.keys(), query.shape()[-1],
                             value.shape()[-1],     operands.scale,     options.causal};
  Tensor y = new_checked(kName, joined(operands.lead, shape.queries, shape.value_size), query.dtype(), where);
  const bool has_mask = operands.mask.defined();
  const bool is_recorded =
      has_mask ? is_recording({query, key, value, operands.mask}) : is_recording({query, key, value});
  Tensor weights;
  if (is_recorded) weights = new_checked(kName, joined(operands.lead, shape.queries, shape.keys), query.dtype(), where);
  if (shape.stacks > 0 && shape.queries > 0)
    dispatch_floating(query.dtype(), [&]<class T>(T) {
      attend(shape, data_of<T>(query), data_of<T>(key), data_of<T>(value), mask_for<T>(operands),
             is_recorded ? data_of<T>(weights) : nullptr, data_of<T>(y));
    });
  if (!is_recorded) return y;
  Uses uses = Uses::input(0) | Uses::input(1) | Uses::input(2) | Uses::output(1);
  if (!has_mask)
    return record(kName, where, {query, key, value}, std::vector{y, weights}, {uses}, AttentionRule{shape, false})[0];
  return record(kName, where, {query, key, value, operands.mask}, std::vector{y, weights}, {uses | Uses::input(3)},
                AttentionRule{shape, true})[0];
}

}  // namespace xgrad
