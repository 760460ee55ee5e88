// scaled_dot_product_attention is one node with two outputs, the result and the weights, of which the user sees the
// first: the rule needs the weights again.
#include "attention.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "../extend.hpp"
#include "../kernels/attention.hpp"
#include "../kernels/matmul.hpp"
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
#include "softmax/cotangent.hpp"

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
  const DType dtype = to_floating(common_dtype(name, {&q, &key, &value}));
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
  for (int axis = 0; axis < operands.lead.ndim(); ++axis) mask.lead_stride[axis] = stretched.strides()[axis];
  mask.query_stride = stretched.strides()[-2];
  mask.key_stride = stretched.strides()[-1];
  return mask;
}

// ---- Where matrices lie ----
//
// Heads are slices of one projection, the matrix of a head in rows that lie far apart. They are read there, and what
// belongs to them (the result, the cotangents) is laid out in the same way: to join the heads again is then a view.

AttentionLead lead_for(const Shape& shape) {
  AttentionLead lead;
  lead.ndim = shape.ndim() - 2;
  std::copy_n(shape.begin(), lead.ndim, lead.extent);
  return lead;
}

/// x, or a copy of it where its rows' elements are no neighbours.
Tensor with_rows(const Tensor& x) {
  const std::int64_t rows = x.shape()[-2], columns = x.shape()[-1];
  const bool has_rows = columns <= 1 || x.strides()[-1] == 1;
  return has_rows && fits_blas(rows, columns, x.strides()[-2], 1) ? x : contiguous(x);
}

/// Null for an undefined tensor.
template <class T>
AttentionMatrices<T> matrices_of(const Tensor& x) {
  AttentionMatrices<T> matrices;
  if (!x.defined()) return matrices;
  matrices.data = data_of<std::remove_const_t<T>>(x);
  // What a single row's stride says counts for nothing, but BLAS reads it.
  matrices.row_stride = x.shape()[-2] > 1 ? x.strides()[-2] : std::max<std::int64_t>(1, x.shape()[-1]);
  std::copy_n(x.strides().begin(), x.ndim() - 2, matrices.lead_stride);
  return matrices;
}

/// The axes from the one with the farthest neighbours to the one with the nearest, the last axis always the last. Empty
/// where elements are met more than once.
std::vector<int> order_in_memory(const Shape& shape, const Strides& strides) {
  std::vector<int> order;
  for (int axis = 0; axis < shape.ndim(); ++axis) {
    if (shape[axis] > 1 && strides[axis] <= 0) return {};
    order.push_back(axis);
  }
  std::stable_sort(order.begin(), order.end() - 1, [&](int a, int b) { return strides[a] > strides[b]; });
  return order;
}

/// A fresh tensor without gaps, whose axes follow one another in memory as the model's do.
Tensor new_ordered_as(const Tensor& model, const char* name, const Shape& shape, SourceLocation where) {
  const std::vector<int> order = order_in_memory(model.shape(), model.strides());
  Tensor base = new_checked(name, shape, model.dtype(), where);
  if (order.empty() || base.numel() == 0) return base;
  Strides strides = base.strides();
  std::int64_t stride = 1;
  for (int at = shape.ndim() - 1; at >= 0; --at) {
    strides[order[static_cast<std::size_t>(at)]] = stride;
    stride *= shape[order[static_cast<std::size_t>(at)]];
  }
  return new_result_view(name, where, base, shape, strides, base.impl()->data);
}

/// Fresh tensors that lie as the models do, where these are the parts of one block, one behind the other along one of
/// its axes, and fill it. Else nothing.
std::vector<Tensor> new_parts_as(std::span<const Tensor* const> models, const char* name, SourceLocation where) {
  const TensorImpl& first = *models[0]->impl();
  const auto size = static_cast<std::int64_t>(size_of(first.dtype));
  const std::ptrdiff_t apart = static_cast<char*>(models[1]->impl()->data) - static_cast<char*>(first.data);
  if (first.numel == 0 || apart <= 0 || apart % size != 0) return {};
  for (std::size_t i = 1; i < models.size(); ++i) {
    const TensorImpl &impl = *models[i]->impl(), &before = *models[i - 1]->impl();
    if (impl.storage.get() != first.storage.get() || impl.shape != first.shape || impl.strides != first.strides ||
        static_cast<char*>(impl.data) - static_cast<char*>(before.data) != apart)
      return {};
  }
  const auto count = static_cast<std::int64_t>(models.size());
  Shape shape = first.shape;
  Strides strides = first.strides;
  shape.insert(0, count);
  strides.insert(0, apart / size);
  std::int64_t filled = 1;
  const std::vector<int> order = order_in_memory(shape, strides);
  for (auto axis = order.rbegin(); axis != order.rend(); ++axis) {
    if (shape[*axis] != 1 && strides[*axis] != filled) return {};
    filled *= shape[*axis];
  }
  if (filled != count * first.numel) return {};
  Tensor block = new_checked(name, {filled}, first.dtype, where);
  std::vector<Tensor> parts;
  for (std::int64_t i = 0; i < count; ++i)
    parts.push_back(new_result_view(name, where, block, first.shape, first.strides,
                                    static_cast<char*>(block.impl()->data) + i * apart));
  return parts;
}

constexpr const char* kAttention = "scaled_dot_product_attention";

/// Room for the cotangents that are wanted of q, k and v, laid out as these are.
std::array<Tensor, 3> new_cotangents(Vjp& vjp) {
  const Tensor* inputs[] = {&vjp.input(0), &vjp.input(1), &vjp.input(2)};
  const bool wants_memory = vjp.needs(1) && vjp.needs(2);
  std::array<Tensor, 3> result;
  std::vector<Tensor> parts;
  if (wants_memory && vjp.needs(0)) parts = new_parts_as(inputs, kAttention, vjp.where());
  if (parts.empty() && wants_memory) parts = new_parts_as(std::span(inputs).subspan(1), kAttention, vjp.where());
  std::move(parts.begin(), parts.end(), result.end() - static_cast<std::ptrdiff_t>(parts.size()));
  for (int i = 0; i < 3; ++i) {
    Tensor& each = result[static_cast<std::size_t>(i)];
    if (vjp.needs(i) && !each.defined()) each = new_ordered_as(*inputs[i], kAttention, inputs[i]->shape(), vjp.where());
  }
  return result;
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
    const Tensor g = with_rows(vjp.g(0));
    std::array<Tensor, 3> result = new_cotangents(vjp);
    dispatch_floating(q.dtype(), [&]<class T>(T) {
      attend_back<T>(shape, lead_for(q.shape()), matrices_of<const T>(q), matrices_of<const T>(k),
                     matrices_of<const T>(v), data_of<T>(vjp.output(1)), matrices_of<const T>(g),
                     matrices_of<T>(result[0]), matrices_of<T>(result[1]), matrices_of<T>(result[2]));
    });
    for (int i = 0; i < 3; ++i)
      if (Tensor& each = result[static_cast<std::size_t>(i)]; each.defined()) vjp.give(i, std::move(each));
  }

  /// Of operators, from the weights.
  void give(Vjp& vjp, const Tensor& g, const Tensor& weights) const {
    const Tensor &q = vjp.input(0), &k = vjp.input(1), &v = vjp.input(2);
    if (vjp.needs(2)) vjp.give(2, matmul(transpose(weights), g));
    if (!vjp.needs(0) && !vjp.needs(1) && !vjp.needs(3)) return;
    Tensor scores = softmax_cotangent_of_operators(matmul(g, transpose(v)), weights, -1);
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
  constexpr const char* kName = kAttention;
  SourceLocation where = q.where();
  CallSite site(where);
  AttentionOperands operands = checked_operands(kName, q, k, &v, options);
  if (options.dropout > 0) return matmul(attention_weights(operands.q, operands.k, options), operands.v);
  const Tensor query = with_rows(operands.q), key = with_rows(operands.k), value = with_rows(operands.v);
  const AttentionShape shape{operands.lead.numel(), operands.queries(), operands.keys(), query.shape()[-1],
                             value.shape()[-1],     operands.scale,     options.causal};
  Tensor y = new_ordered_as(query, kName, joined(operands.lead, shape.queries, shape.value_size), where);
  const bool has_mask = operands.mask.defined();
  const bool is_recorded =
      has_mask ? is_recording({query, key, value, operands.mask}) : is_recording({query, key, value});
  Tensor weights;
  if (is_recorded) weights = new_checked(kName, joined(operands.lead, shape.queries, shape.keys), query.dtype(), where);
  if (shape.stacks > 0 && shape.queries > 0)
    dispatch_floating(query.dtype(), [&]<class T>(T) {
      attend<T>(shape, lead_for(query.shape()), matrices_of<const T>(query), matrices_of<const T>(key),
                matrices_of<const T>(value), mask_for<T>(operands), is_recorded ? data_of<T>(weights) : nullptr,
                matrices_of<T>(y));
    });
  if (!is_recorded) return y;
  Uses uses = Uses::input(0) | Uses::input(1) | Uses::input(2) | Uses::output(1);
  if (!has_mask)
    return record(kName, where, {query, key, value}, std::vector{y, weights}, {uses}, AttentionRule{shape, false})[0];
  return record(kName, where, {query, key, value, operands.mask}, std::vector{y, weights}, {uses | Uses::input(3)},
                AttentionRule{shape, true})[0];
}

}  // namespace xgrad
