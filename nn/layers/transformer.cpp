#include "transformer.hpp"

#include <limits>

#include "../../autograd/grad_mode.hpp"
#include "../../autograd/ops.hpp"

namespace xgrad XGRAD_API {
namespace nn {

// ---- What the layers have in common ----

TransformerLayer::TransformerLayer(const char* name, std::int64_t d_model, std::int64_t nhead,
                                   const TransformerLayerOptions& options, SourceLocation where)
    : d_model_(d_model), options_(options) {
  check(d_model >= 1 && nhead >= 1 && options.dim_feedforward >= 1, where, name,
        ": d_model, nhead and dim_feedforward must be at least 1, but they are ", d_model, ", ", nhead, " and ",
        options.dim_feedforward, ".");
  check(d_model % nhead == 0, where, name, ": d_model must be a multiple of nhead, but they are ", d_model, " and ",
        nhead, ".");
  check(options.dropout >= 0 && options.dropout <= 1, where, name, ": dropout must be in [0, 1], but it is ",
        options.dropout, ".");
  check(options.layer_norm_eps >= 0, where, name, ": layer_norm_eps must be at least 0, but it is ",
        options.layer_norm_eps, ".");
  check(is_floating(options.dtype), where, name, ": its dtype must be floating, but it is ", options.dtype, ".");
}

namespace {

TransformerLayerOptions options_of(const Dense& first, TransformerLayerOptions options) {
  options.dim_feedforward = first.out();
  options.dtype = first.weight().dtype();
  return options;
}

}  // namespace

TransformerLayer::TransformerLayer(const char* name, const MultiheadAttention& attention, const Dense& first,
                                   const Dense& second, const std::vector<LayerNorm>& norms,
                                   TransformerLayerOptions options, SourceLocation where)
    : TransformerLayer(name, attention.embed_dim(), attention.num_heads(), options_of(first, std::move(options)),
                       where) {
  check(first.in() == d_model_ && second.out() == d_model_ && second.in() == first.out(), where, name,
        ": linear1 and linear2 must be from ", d_model_,
        ", the attention's width, and back to it, but their weights are ", first.weight().shape(), " and ",
        second.weight().shape(), ".");
  const Shape wanted{d_model_};
  for (std::size_t i = 0; i < norms.size(); ++i)
    check(norms[i].normalized_shape() == wanted, where, name, ": norm", i + 1, " must normalise ", wanted,
          ", but it normalises ", norms[i].normalized_shape(), ".");
}

MultiheadAttention TransformerLayer::attention(std::int64_t nhead, SourceLocation where) const {
  return MultiheadAttention(d_model_, nhead,
                            {.dropout = options_.dropout,
                             .batch_first = options_.batch_first,
                             .dtype = options_.dtype,
                             .generator = options_.generator},
                            where);
}

LayerNorm TransformerLayer::norm(SourceLocation where) const {
  return LayerNorm(d_model_, {.eps = options_.layer_norm_eps, .dtype = options_.dtype}, where);
}

Dense TransformerLayer::dense(std::int64_t in, std::int64_t out, SourceLocation where) const {
  return Dense(in, out, {.dtype = options_.dtype, .generator = options_.generator}, where);
}

Tensor TransformerLayer::dropped(const Tensor& x) const {
  if (!is_training() || options_.dropout == 0) return x;
  return dropout(x, options_.dropout, options_.generator != nullptr ? *options_.generator : default_generator());
}

Tensor TransformerLayer::feed_forward(const Tensor& x, const Dense& first, const Dense& second) const {
  const Tensor inner = first(x);
  return dropped(second(dropped(options_.activation ? options_.activation(inner) : relu(inner))));
}

template <class Part>
Tensor TransformerLayer::residual(const Tensor& x, const LayerNorm& norm, const Part& part) const {
  return options_.norm_first ? x + part(norm(x)) : norm(x + part(x));
}

namespace {

void check_sequence(const char* what, const Tensor& x, std::int64_t d_model, SourceLocation where) {
  check(x.defined(), where, what, " must be a tensor, but it is undefined.");
  check((x.ndim() == 2 || x.ndim() == 3) && x.size(-1) == d_model, where, what,
        " must have 3 axes, or 2 without a batch, the last of extent ", d_model, ", but it is ", x.shape(), ".");
}

}  // namespace

// ---- Layers ----

TransformerEncoderLayer::TransformerEncoderLayer(std::int64_t d_model, std::int64_t nhead,
                                                 TransformerLayerOptions options, SourceLocation where)
    : TransformerLayer("TransformerEncoderLayer", d_model, nhead, options, where),
      self_attn_(child("self_attn", attention(nhead, where), where)),
      linear1_(child("linear1", dense(d_model, options.dim_feedforward, where), where)),
      linear2_(child("linear2", dense(options.dim_feedforward, d_model, where), where)),
      norm1_(child("norm1", norm(where), where)),
      norm2_(child("norm2", norm(where), where)) {}

TransformerEncoderLayer::TransformerEncoderLayer(const EncoderLayerParts& parts, TransformerLayerOptions options,
                                                 SourceLocation where)
    : TransformerLayer("TransformerEncoderLayer", parts.self_attn, parts.linear1, parts.linear2,
                       {parts.norm1, parts.norm2}, std::move(options), where),
      self_attn_(child("self_attn", parts.self_attn, where)),
      linear1_(child("linear1", parts.linear1, where)),
      linear2_(child("linear2", parts.linear2, where)),
      norm1_(child("norm1", parts.norm1, where)),
      norm2_(child("norm2", parts.norm2, where)) {}

Tensor TransformerEncoderLayer::operator()(const Operand& src, const EncoderMasks& masks) const {
  return call(src, [&] {
    CallSite site(src.where());
    Tensor x = src.tensor("src");
    check_sequence("src", x, d_model_, src.where());
    x = residual(x, norm1_, [&](const Tensor& x) {
      return dropped(self_attn_(x, x, x,
                                {.key_padding_mask = masks.key_padding_mask,
                                 .attn_mask = masks.mask,
                                 .causal = masks.causal,
                                 .need_weights = false})
                         .output);
    });
    return residual(x, norm2_, [&](const Tensor& x) { return feed_forward(x, linear1_, linear2_); });
  });
}

TransformerDecoderLayer::TransformerDecoderLayer(std::int64_t d_model, std::int64_t nhead,
                                                 TransformerLayerOptions options, SourceLocation where)
    : TransformerLayer("TransformerDecoderLayer", d_model, nhead, options, where),
      self_attn_(child("self_attn", attention(nhead, where), where)),
      multihead_attn_(child("multihead_attn", attention(nhead, where), where)),
      linear1_(child("linear1", dense(d_model, options.dim_feedforward, where), where)),
      linear2_(child("linear2", dense(options.dim_feedforward, d_model, where), where)),
      norm1_(child("norm1", norm(where), where)),
      norm2_(child("norm2", norm(where), where)),
      norm3_(child("norm3", norm(where), where)) {}

TransformerDecoderLayer::TransformerDecoderLayer(const DecoderLayerParts& parts, TransformerLayerOptions options,
                                                 SourceLocation where)
    : TransformerLayer("TransformerDecoderLayer", parts.self_attn, parts.linear1, parts.linear2,
                       {parts.norm1, parts.norm2, parts.norm3}, std::move(options), where),
      self_attn_(child("self_attn", parts.self_attn, where)),
      multihead_attn_((check(parts.multihead_attn.embed_dim() == d_model_, where,
                             "TransformerDecoderLayer: multihead_attn must be as wide as self_attn, ", d_model_,
                             ", but it is ", parts.multihead_attn.embed_dim(), "."),
                       check(parts.multihead_attn.batch_first() == parts.self_attn.batch_first(), where,
                             "TransformerDecoderLayer: multihead_attn must have the batch where self_attn has it, but "
                             "batch_first differs."),
                       child("multihead_attn", parts.multihead_attn, where))),
      linear1_(child("linear1", parts.linear1, where)),
      linear2_(child("linear2", parts.linear2, where)),
      norm1_(child("norm1", parts.norm1, where)),
      norm2_(child("norm2", parts.norm2, where)),
      norm3_(child("norm3", parts.norm3, where)) {}

Tensor TransformerDecoderLayer::operator()(const Operand& tgt, const Tensor& memory, const DecoderMasks& masks) const {
  return call(tgt, [&] {
    CallSite site(tgt.where());
    Tensor x = tgt.tensor("tgt");
    check_sequence("tgt", x, d_model_, tgt.where());
    check_sequence("memory", memory, d_model_, tgt.where());
    x = residual(x, norm1_, [&](const Tensor& x) {
      return dropped(self_attn_(x, x, x,
                                {.key_padding_mask = masks.tgt_key_padding_mask,
                                 .attn_mask = masks.tgt_mask,
                                 .causal = masks.causal,
                                 .need_weights = false})
                         .output);
    });
    x = residual(x, norm2_, [&](const Tensor& x) {
      return dropped(multihead_attn_(x, memory, memory,
                                     {.key_padding_mask = masks.memory_key_padding_mask,
                                      .attn_mask = masks.memory_mask,
                                      .need_weights = false})
                         .output);
    });
    return residual(x, norm3_, [&](const Tensor& x) { return feed_forward(x, linear1_, linear2_); });
  });
}

// ---- Stacks ----

namespace detail {

template <class M>
TransformerStack<M>::TransformerStack(const M& layer, std::int64_t count, SourceLocation where) {
  for (std::int64_t i = 0; i < count; ++i) layers_->push_back(child(std::to_string(i), nn::clone(layer, where), where));
}
template <class M>
TransformerStack<M>::TransformerStack(const TransformerStack& other) = default;
template <class M>
TransformerStack<M>::~TransformerStack() = default;

template class TransformerStack<TransformerEncoderLayer>;
template class TransformerStack<TransformerDecoderLayer>;

}  // namespace detail

namespace {

std::int64_t checked_count(const char* name, std::int64_t num_layers, SourceLocation where) {
  check(num_layers >= 0, where, name, ": num_layers must be at least 0, but it is ", num_layers, ".");
  return num_layers;
}

}  // namespace

TransformerEncoder::TransformerEncoder(const TransformerEncoderLayer& layer, std::int64_t num_layers,
                                       std::optional<LayerNorm> norm, SourceLocation where)
    : layers_(child("layers",
                    detail::TransformerStack<TransformerEncoderLayer>(
                        layer, checked_count("TransformerEncoder", num_layers, where), where),
                    where)) {
  if (norm) norm_.emplace(child("norm", *norm, where));
}

Tensor TransformerEncoder::operator()(const Operand& src, const EncoderMasks& masks) const {
  return call(src, [&]() -> Tensor {
    CallSite site(src.where());
    Tensor x = src.tensor("src");
    for (const TransformerEncoderLayer& layer : layers_.layers()) x = layer(x, masks);
    return norm_ ? (*norm_)(x) : x;
  });
}

TransformerDecoder::TransformerDecoder(const TransformerDecoderLayer& layer, std::int64_t num_layers,
                                       std::optional<LayerNorm> norm, SourceLocation where)
    : layers_(child("layers",
                    detail::TransformerStack<TransformerDecoderLayer>(
                        layer, checked_count("TransformerDecoder", num_layers, where), where),
                    where)) {
  if (norm) norm_.emplace(child("norm", *norm, where));
}

Tensor TransformerDecoder::operator()(const Operand& tgt, const Tensor& memory, const DecoderMasks& masks) const {
  return call(tgt, [&]() -> Tensor {
    CallSite site(tgt.where());
    Tensor x = tgt.tensor("tgt");
    for (const TransformerDecoderLayer& layer : layers_.layers()) x = layer(x, memory, masks);
    return norm_ ? (*norm_)(x) : x;
  });
}

// ---- Both together ----

namespace {

LayerNorm last_norm(std::int64_t d_model, const TransformerOptions& options, SourceLocation where) {
  return LayerNorm(d_model, {.eps = options.layer.layer_norm_eps, .dtype = options.layer.dtype}, where);
}

}  // namespace

Transformer::Transformer(std::int64_t d_model, std::int64_t nhead, TransformerOptions options, SourceLocation where)
    : batch_first_(options.layer.batch_first),
      encoder_(child("encoder",
                     TransformerEncoder(TransformerEncoderLayer(d_model, nhead, options.layer, where),
                                        options.num_encoder_layers, last_norm(d_model, options, where), where),
                     where)),
      decoder_(child("decoder",
                     TransformerDecoder(TransformerDecoderLayer(d_model, nhead, options.layer, where),
                                        options.num_decoder_layers, last_norm(d_model, options, where), where),
                     where)) {
  Generator& generator = options.layer.generator != nullptr ? *options.layer.generator : default_generator();
  for (Tensor& parameter : parameters())
    if (parameter.ndim() > 1)
      parameter.assign(init::glorot_uniform()(parameter.shape(), {.dtype = parameter.dtype()}, generator, where),
                       where);
}

Tensor Transformer::operator()(const Operand& src, const Tensor& tgt, const TransformerMasks& masks) const {
  return call(src, [&] {
    const SourceLocation where = src.where();
    CallSite site(where);
    const Tensor& source = src.tensor("src");
    check(tgt.defined() && source.ndim() == tgt.ndim(), where,
          "src and tgt must be tensors with as many axes, but they are ", source.shape(), " and ",
          tgt.defined() ? concat(tgt.shape()) : std::string("undefined"), ".");
    if (source.ndim() == 3) {
      const int axis = batch_first_ ? 0 : 1;
      check(source.size(axis) == tgt.size(axis), where, "src and tgt must have one batch, but they are ",
            source.shape(), " and ", tgt.shape(), ".");
    }
    const Tensor memory = encoder_(source, {.mask = masks.src_mask, .key_padding_mask = masks.src_key_padding_mask});
    return decoder_(tgt, memory,
                    {.tgt_mask = masks.tgt_mask,
                     .memory_mask = masks.memory_mask,
                     .tgt_key_padding_mask = masks.tgt_key_padding_mask,
                     .memory_key_padding_mask = masks.memory_key_padding_mask,
                     .causal = masks.causal});
  });
}

Tensor Transformer::generate_square_subsequent_mask(std::int64_t size, SourceLocation where) {
  check(size >= 0, where, "generate_square_subsequent_mask: size must be at least 0, but it is ", size, ".");
  CallSite site(where);
  const Tensor later = arange(size) > unsqueeze(arange(size), 1);
  return xgrad::where(later, -std::numeric_limits<double>::infinity(), zeros({size, size}));
}

}  // namespace nn
}  // namespace xgrad
