#include "attention.hpp"

#include <limits>

#include "../../autograd/ops.hpp"
#include "../detail/start.hpp"

namespace xgrad XGRAD_API {
namespace nn {
namespace {

constexpr double kNever = -std::numeric_limits<double>::infinity();

std::int64_t checked_embedding(std::int64_t embed_dim, std::int64_t num_heads, const MultiheadAttentionOptions& options,
                               SourceLocation where) {
  check(embed_dim >= 1 && num_heads >= 1, where,
        "MultiheadAttention: embed_dim and num_heads must be at least 1, but they are ", embed_dim, " and ", num_heads,
        ".");
  check(embed_dim % num_heads == 0, where,
        "MultiheadAttention: embed_dim must be a multiple of num_heads, but they are ", embed_dim, " and ", num_heads,
        ".");
  check(options.dropout >= 0 && options.dropout <= 1, where,
        "MultiheadAttention: dropout must be in [0, 1], but it is ", options.dropout, ".");
  const std::int64_t kdim = options.kdim.value_or(embed_dim), vdim = options.vdim.value_or(embed_dim);
  check(kdim >= 1 && vdim >= 1, where, "MultiheadAttention: kdim and vdim must be at least 1, but they are ", kdim,
        " and ", vdim, ".");
  check(is_floating(options.dtype), where, "MultiheadAttention: its dtype must be floating, but it is ", options.dtype,
        ".");
  return embed_dim;
}

Tensor start(const Initializer& initializer, const Shape& shape, const MultiheadAttentionOptions& options,
             SourceLocation where) {
  return detail::Start{"MultiheadAttention", options.dtype, options.generator, where}("", initializer, initializer,
                                                                                      shape);
}

/// A given tensor.
const Tensor& checked(const Tensor& given, const char* parameter, const Shape& shape, DType dtype,
                      SourceLocation where) {
  check(given.defined(), where, "MultiheadAttention: ", parameter, " must be ", dtype, ' ', shape,
        ", but it is undefined.");
  check(given.shape() == shape && given.dtype() == dtype, where, "MultiheadAttention: ", parameter, " must be ", dtype,
        ' ', shape, ", but it is ", given.dtype(), ' ', given.shape(), ".");
  return given;
}

/// A given matrix, checked before its extents are read.
const Tensor& checked_matrix(const char* parameter, const Tensor& given, SourceLocation where) {
  check(given.defined(), where, "MultiheadAttention: ", parameter, " must be a tensor, but it is undefined.");
  check(given.ndim() == 2, where, "MultiheadAttention: ", parameter, " must be a matrix, but it is ", given.shape(),
        ".");
  return given;
}

/// A parameter's first value: the given tensor where there are such, or what the initialiser makes.
Tensor first(const MultiheadAttentionWeights* given, Tensor MultiheadAttentionWeights::*part, const char* parameter,
             const Initializer& initializer, const Shape& shape, const MultiheadAttentionOptions& options,
             SourceLocation where) {
  return given != nullptr ? checked(given->*part, parameter, shape, options.dtype, where)
                          : start(initializer, shape, options, where);
}

/// The options of a layer on given weights.
MultiheadAttentionOptions options_on(const MultiheadAttentionWeights& weights, MultiheadAttentionOptions options,
                                     SourceLocation where) {
  const bool has_others =
      weights.q_proj_weight.defined() || weights.k_proj_weight.defined() || weights.v_proj_weight.defined();
  check(weights.in_proj_weight.defined() != has_others, where,
        "MultiheadAttention: either in_proj_weight must be given, or q_proj_weight, k_proj_weight and v_proj_weight, "
        "but ",
        has_others ? "both are." : "none is.");
  options.kdim = options.vdim = std::nullopt;
  if (has_others) {
    options.kdim = checked_matrix("k_proj_weight", weights.k_proj_weight, where).size(1);
    options.vdim = checked_matrix("v_proj_weight", weights.v_proj_weight, where).size(1);
  }
  options.bias = weights.in_proj_bias.defined() || weights.out_proj_bias.defined();
  options.add_bias_kv = weights.bias_k.defined() || weights.bias_v.defined();
  options.dtype = weights.out_proj_weight.dtype();
  return options;
}

/// [N, L, E] or, unless the batch comes first, [L, N, E] -> [N, heads, L, E / heads], a view
Tensor split_heads(const Tensor& x, std::int64_t heads, bool batch_first) {
  const Tensor by_head = reshape(x, {x.size(0), x.size(1), heads, x.size(2) / heads});
  return batch_first ? transpose(by_head, 1, 2) : permute(by_head, {1, 2, 0, 3});
}

/// A mask as it is added to scores.
Tensor as_added(const Tensor& mask, DType dtype) {
  if (mask.dtype() != DType::boolean) return mask;
  return where(mask, full({}, kNever, {.dtype = dtype}), full({}, 0, {.dtype = dtype}));
}

}  // namespace

/// Projected and split into heads, [N, heads, L, E / heads].
struct MultiheadAttention::Operands {
  Tensor q, k, v;
};

MultiheadAttention::MultiheadAttention(std::int64_t embed_dim, std::int64_t num_heads,
                                       MultiheadAttentionOptions options, SourceLocation where)
    : MultiheadAttention(embed_dim, num_heads, options, nullptr, where) {}

// In braces, what is handed on is made from left to right: the weights are checked before they are read.
MultiheadAttention::MultiheadAttention(const MultiheadAttentionWeights& weights, std::int64_t num_heads,
                                       MultiheadAttentionOptions options, SourceLocation where)
    : MultiheadAttention{checked_matrix("out_proj.weight", weights.out_proj_weight, where).size(0), num_heads,
                         options_on(weights, options, where), &weights, where} {}

MultiheadAttention::MultiheadAttention(std::int64_t embed_dim, std::int64_t num_heads,
                                       const MultiheadAttentionOptions& options, const MultiheadAttentionWeights* given,
                                       SourceLocation where)
    : embed_dim_(checked_embedding(embed_dim, num_heads, options, where)),
      num_heads_(num_heads),
      dropout_(options.dropout),
      add_zero_attn_(options.add_zero_attn),
      batch_first_(options.batch_first),
      kdim_(options.kdim.value_or(embed_dim)),
      vdim_(options.vdim.value_or(embed_dim)),
      generator_(options.generator),
      in_proj_weight_((given != nullptr ? given->in_proj_weight.defined() : kdim_ == embed_dim && vdim_ == embed_dim)
                          ? param("in_proj_weight",
                                  first(given, &MultiheadAttentionWeights::in_proj_weight, "in_proj_weight",
                                        init::glorot_uniform(), {3 * embed_dim, embed_dim}, options, where),
                                  where)
                          : Parameter()),
      q_proj_weight_(in_proj_weight_.defined()
                         ? Parameter()
                         : param("q_proj_weight",
                                 first(given, &MultiheadAttentionWeights::q_proj_weight, "q_proj_weight",
                                       init::glorot_uniform(), {embed_dim, embed_dim}, options, where),
                                 where)),
      k_proj_weight_(in_proj_weight_.defined()
                         ? Parameter()
                         : param("k_proj_weight",
                                 first(given, &MultiheadAttentionWeights::k_proj_weight, "k_proj_weight",
                                       init::glorot_uniform(), {embed_dim, kdim_}, options, where),
                                 where)),
      v_proj_weight_(in_proj_weight_.defined()
                         ? Parameter()
                         : param("v_proj_weight",
                                 first(given, &MultiheadAttentionWeights::v_proj_weight, "v_proj_weight",
                                       init::glorot_uniform(), {embed_dim, vdim_}, options, where),
                                 where)),
      in_proj_bias_(options.bias ? param("in_proj_bias",
                                         first(given, &MultiheadAttentionWeights::in_proj_bias, "in_proj_bias",
                                               init::zeros(), {3 * embed_dim}, options, where),
                                         where)
                                 : Parameter()),
      bias_k_(options.add_bias_kv ? param("bias_k",
                                          first(given, &MultiheadAttentionWeights::bias_k, "bias_k",
                                                init::glorot_normal(), {1, 1, embed_dim}, options, where),
                                          where)
                                  : Parameter()),
      bias_v_(options.add_bias_kv ? param("bias_v",
                                          first(given, &MultiheadAttentionWeights::bias_v, "bias_v",
                                                init::glorot_normal(), {1, 1, embed_dim}, options, where),
                                          where)
                                  : Parameter()),
      out_proj_(child(
          "out_proj",
          given != nullptr
              ? Dense(checked(given->out_proj_weight, "out_proj.weight", {embed_dim, embed_dim}, options.dtype, where),
                      options.bias ? checked(given->out_proj_bias, "out_proj.bias", {embed_dim}, options.dtype, where)
                                   : Tensor(),
                      where)
              : Dense(embed_dim, embed_dim,
                      {.bias = options.bias,
                       .bias_init = init::zeros(),
                       .dtype = options.dtype,
                       .generator = options.generator},
                      where),
          where)) {}

MultiheadAttention::Operands MultiheadAttention::projected(const Tensor& query, const Tensor& key,
                                                           const Tensor& value) const {
  const std::int64_t e = embed_dim_;
  auto parts = [](const Tensor& x, std::initializer_list<std::int64_t> sizes, int axis) {
    return x.defined() ? split(x, sizes, axis) : std::vector<Tensor>(sizes.size());
  };
  const bool are_one = query.is_same(key) && key.is_same(value), is_memory = key.is_same(value);
  if (in_proj_weight_.defined() && are_one) {  // one product for all
    const std::vector<Tensor> all = split(affine(query, in_proj_weight_, in_proj_bias_), {e, e, e}, -1);
    return {all[0], all[1], all[2]};
  }
  if (in_proj_weight_.defined() && is_memory) {
    const std::vector<Tensor> weights = parts(in_proj_weight_, {e, 2 * e}, 0);
    const std::vector<Tensor> biases = parts(in_proj_bias_, {e, 2 * e}, 0);
    const std::vector<Tensor> both = split(affine(key, weights[1], biases[1]), {e, e}, -1);
    return {affine(query, weights[0], biases[0]), both[0], both[1]};
  }
  const std::vector<Tensor> weights = in_proj_weight_.defined()
                                          ? parts(in_proj_weight_, {e, e, e}, 0)
                                          : std::vector<Tensor>{q_proj_weight_, k_proj_weight_, v_proj_weight_};
  const std::vector<Tensor> biases = parts(in_proj_bias_, {e, e, e}, 0);
  return {affine(query, weights[0], biases[0]), affine(key, weights[1], biases[1]),
          affine(value, weights[2], biases[2])};
}

Tensor MultiheadAttention::joined_mask(const AttentionMasks& masks, std::int64_t batch, std::int64_t queries,
                                       std::int64_t keys, std::int64_t more, SourceLocation place) const {
  auto checked = [&](const char* name, const Tensor& mask) {
    check(mask.dtype() == DType::boolean || is_floating(mask.dtype()), place, name,
          " must be boolean or floating, but it is ", mask.dtype(), ".");
  };
  Tensor padding, attention;
  if (masks.key_padding_mask.defined()) {
    checked("key_padding_mask", masks.key_padding_mask);
    padding = reshape(masks.key_padding_mask, {batch, 1, 1, keys});
  }
  if (masks.attn_mask.defined()) {
    attention = masks.attn_mask;
    checked("attn_mask", attention);
    const Shape flat{queries, keys}, each{batch * num_heads_, queries, keys};
    check(attention.shape() == flat || attention.shape() == each, place, "attn_mask must be ", flat, " or ", each,
          ", but it is ", attention.shape(), ".");
    if (attention.ndim() == 3) attention = reshape(attention, {batch, num_heads_, queries, keys});
  }
  if (masks.causal && (more > 0 || attention.defined() || padding.defined())) {
    const Tensor later = arange(keys) > unsqueeze(arange(queries), 1);
    if (!attention.defined())
      attention = later;
    else
      attention = attention.dtype() == DType::boolean ? logical_or(attention, later) : where(later, kNever, attention);
  }
  Tensor mask = attention.defined() ? attention : padding;
  if (attention.defined() && padding.defined()) {
    if (attention.dtype() == DType::boolean && padding.dtype() == DType::boolean) {
      mask = logical_or(attention, padding);
    } else {
      const DType dtype = attention.dtype() == DType::boolean ? padding.dtype() : attention.dtype();
      mask = as_added(attention, dtype) + as_added(padding, dtype);
    }
  }
  if (!mask.defined() || more == 0) return mask;
  Shape shape = mask.shape();
  shape[-1] = more;
  return cat({mask, zeros(shape, {.dtype = mask.dtype()})}, -1);
}

AttentionOutput MultiheadAttention::operator()(const Operand& operand, const Tensor& given_key,
                                               const Tensor& given_value, const AttentionMasks& given_masks) const {
  return call(operand, [&]() -> AttentionOutput {
    const SourceLocation place = operand.where();
    CallSite site(place);
    AttentionMasks masks = given_masks;
    Tensor query = operand.tensor("query"), key = given_key, value = given_value;
    check(key.defined() && value.defined(), place, "key and value must be tensors, but one is undefined.");
    const bool is_single = query.ndim() == 2;
    const int axes = is_single ? 2 : 3;
    check((query.ndim() == 2 || query.ndim() == 3) && key.ndim() == axes && value.ndim() == axes, place,
          "query, key and value must all have 3 axes, or 2 without a batch, but they are ", query.shape(), ", ",
          key.shape(), " and ", value.shape(), ".");
    check(query.size(-1) == embed_dim_ && key.size(-1) == kdim_ && value.size(-1) == vdim_, place,
          "last axes of query, key and value must be ", embed_dim_, ", ", kdim_, " and ", vdim_, ", but they are ",
          query.shape(), ", ", key.shape(), " and ", value.shape(), ".");
    const bool keys_are_queries = query.is_same(key), values_are_keys = key.is_same(value);
    // Projections go by rows, in whichever order these lie.
    const int batch_axis = batch_first_ || is_single ? 0 : 1, time_axis = 1 - batch_axis;
    if (is_single) {
      query = unsqueeze(query, 0);
      key = keys_are_queries ? query : unsqueeze(key, 0);
      value = values_are_keys ? key : unsqueeze(value, 0);
    }
    const std::int64_t batch = query.size(batch_axis), queries = query.size(time_axis), keys = key.size(time_axis);
    check(key.size(batch_axis) == batch && value.size(batch_axis) == batch && value.size(time_axis) == keys, place,
          "query, key and value must have one batch, and as many keys as values, but they are ",
          operand.tensor("query").shape(), ", ", given_key.shape(), " and ", given_value.shape(), ".");
    if (masks.key_padding_mask.defined()) {
      const Shape wanted = is_single ? Shape{keys} : Shape{batch, keys};
      check(masks.key_padding_mask.shape() == wanted, place, "key_padding_mask must be ", wanted, ", but it is ",
            masks.key_padding_mask.shape(), ".");
    }
    const std::int64_t more = (bias_k_.defined() ? 1 : 0) + (add_zero_attn_ ? 1 : 0);
    Tensor mask = joined_mask(masks, batch, queries, keys, more, place);

    Operands operands = projected(query, key, value);
    const Shape one_more = batch_axis == 0 ? Shape{batch, 1, embed_dim_} : Shape{1, batch, embed_dim_};
    if (bias_k_.defined()) {
      operands.k = cat({operands.k, expand(bias_k_, one_more)}, time_axis);
      operands.v = cat({operands.v, expand(bias_v_, one_more)}, time_axis);
    }
    if (add_zero_attn_) {
      const Tensor nothing = zeros(one_more, {.dtype = operands.k.dtype()});
      operands.k = cat({operands.k, nothing}, time_axis);
      operands.v = cat({operands.v, nothing}, time_axis);
    }
    const bool first = batch_axis == 0;
    const Tensor q = split_heads(operands.q, num_heads_, first), k = split_heads(operands.k, num_heads_, first),
                 v = split_heads(operands.v, num_heads_, first);
    AttentionOptions options{
        .causal = masks.causal && !mask.defined(), .dropout = is_training() ? dropout_ : 0, .generator = generator_};
    if (mask.defined()) options.mask = mask.dtype() == DType::boolean ? logical_not(mask) : mask;
    AttentionOutput result;
    if (masks.need_weights) {
      result.weights = attention_weights(q, k, options);
      result.output = matmul(result.weights, v);
      if (masks.average_attn_weights) result.weights = mean(result.weights, 1);
      if (is_single) result.weights = squeeze(result.weights, 0);
    } else {
      result.output = scaled_dot_product_attention(q, k, v, options);
    }
    const Tensor heads = first ? transpose(result.output, 1, 2) : permute(result.output, {2, 0, 1, 3});
    result.output = out_proj_(reshape(heads, {heads.size(0), heads.size(1), embed_dim_}));
    if (is_single) result.output = squeeze(result.output, 0);
    return result;
  });
}

}  // namespace nn
}  // namespace xgrad
