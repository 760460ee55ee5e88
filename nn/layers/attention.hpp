// MultiheadAttention: several attentions side by side, with their projections.
#pragma once

#include <cstdint>
#include <optional>

#include "../init.hpp"
#include "../module.hpp"
#include "dense.hpp"

namespace xgrad XGRAD_API {
namespace nn {

/// Options of MultiheadAttention.
struct MultiheadAttentionOptions {
  double dropout = 0;                     ///< the part of the weights that is dropped in training
  bool bias = true;                       ///< of all projections
  bool add_bias_kv = false;               ///< a learned key and value after those that are given
  bool add_zero_attn = false;             ///< a key and a value of zeros after those that are given
  std::optional<std::int64_t> kdim = {};  ///< last extent of the keys; that of the queries where it is not given
  std::optional<std::int64_t> vdim = {};  ///< last extent of the values; that of the queries where it is not given
  bool batch_first = false;               ///< queries, keys, values and output are [N, L, ...]
  DType dtype = default_dtype();
  Generator* generator = nullptr;  ///< of the parameters and of the dropout; null: the thread's default_generator()
};

/// Weights of a MultiheadAttention, as PyTorch lays them out; what is undefined is none.
struct MultiheadAttentionWeights {
  Tensor in_proj_weight = {};   ///< [3 E, E]: rows for q, k and v; or in place of it the three that follow
  Tensor q_proj_weight = {};    ///< [E, E]
  Tensor k_proj_weight = {};    ///< [E, kdim]
  Tensor v_proj_weight = {};    ///< [E, vdim]
  Tensor in_proj_bias = {};     ///< [3 E]: given together with out_proj_bias, or neither
  Tensor bias_k = {};           ///< [1, 1, E]: given together with bias_v, or neither
  Tensor bias_v = {};           ///< [1, 1, E]
  Tensor out_proj_weight = {};  ///< [E, E]
  Tensor out_proj_bias = {};    ///< [E]
};

/// What MultiheadAttention may be given beside queries, keys and values.
///
/// Boolean masks are PyTorch's: true is masked out. (The operator scaled_dot_product_attention() takes the opposite, as
/// PyTorch's does: true attends.) Floating masks are added to the scores, here and there. A query that may attend to no
/// key has the result 0 before the last projection, where PyTorch has nan.
struct AttentionMasks {
  Tensor key_padding_mask = {};      ///< `[N, S]`: keys that nobody attends to
  Tensor attn_mask = {};             ///< `[L, S]`, or `[N * heads, L, S]`: keys that a query does not attend to
  bool causal = false;               ///< a query attends to the keys up to its own place: as attn_mask, but quicker
  bool need_weights = true;          ///< answer with the weights too, which takes longer
  bool average_attn_weights = true;  ///< the mean of the weights over the heads; else those of each
};

/// What MultiheadAttention answers with.
struct AttentionOutput {
  Tensor output;   ///< `[L, N, E]`
  Tensor weights;  ///< `[N, L, S]`, or `[N, heads, L, S]`; undefined where they were not asked for
};

/// MultiheadAttention splits projections of queries, keys and values into heads, lets each attend by itself, and
/// projects what they come to, side by side.
///
/// Parameters: in_proj_weight [3 E, E], rows for q, k and v, or with other kdim or vdim q_proj_weight [E, E],
/// k_proj_weight [E, kdim] and v_proj_weight [E, vdim], all of which start by Glorot's uniform initialisation;
/// in_proj_bias [3 E], which starts at 0; bias_k and bias_v [1, 1, E] with add_bias_kv, by Glorot's normal one; and the
/// child out_proj, a Dense whose bias starts at 0.
///
/// Shapes: `query [L, N, E], key [S, N, kdim], value [S, N, vdim] -> [L, N, E]`; with batch_first `[N, L, E]` and so
/// on; or all without N.
/// Dtype: those of the operands and the parameters promote.
/// Throws: std::invalid_argument, when it is called, for other shapes and for masks that are neither boolean nor
/// floating.
/// Source: Vaswani et al., Attention is all you need, 2017.
/// Example: `nn::MultiheadAttention(8, 2)(x, x, x, {.causal = true, .need_weights = false}).output`
class MultiheadAttention final : public Module {
 public:
  /// Throws: std::invalid_argument for sizes below 1, heads that do not divide the embedding, and a dropout outside of
  /// [0, 1].
  MultiheadAttention(std::int64_t embed_dim, std::int64_t num_heads, MultiheadAttentionOptions options = {},
                     SourceLocation where = SourceLocation::current());
  /// A layer on these very tensors. Sizes, biases and dtype are what the weights have, whatever the options say.
  /// Throws: std::invalid_argument, naming the parameter, for other shapes and for dtypes that differ or are not
  /// floating.
  MultiheadAttention(const MultiheadAttentionWeights& weights, std::int64_t num_heads,
                     MultiheadAttentionOptions options = {}, SourceLocation where = SourceLocation::current());

  AttentionOutput operator()(const Operand& query, const Tensor& key, const Tensor& value,
                             const AttentionMasks& masks = {}) const;

  std::int64_t embed_dim() const { return embed_dim_; }
  std::int64_t num_heads() const { return num_heads_; }
  bool batch_first() const { return batch_first_; }
  Dense out_proj() const { return out_proj_; }

 private:
  /// Makes the layer of sizes; where `given` is not null, on these very tensors.
  MultiheadAttention(std::int64_t embed_dim, std::int64_t num_heads, const MultiheadAttentionOptions& options,
                     const MultiheadAttentionWeights* given, SourceLocation where);
  struct Operands;
  Operands projected(const Tensor& query, const Tensor& key, const Tensor& value) const;
  Tensor joined_mask(const AttentionMasks& masks, std::int64_t batch, std::int64_t queries, std::int64_t keys,
                     std::int64_t more, SourceLocation where) const;

  std::int64_t embed_dim_;
  std::int64_t num_heads_;
  double dropout_;
  bool add_zero_attn_;
  bool batch_first_;
  std::int64_t kdim_;
  std::int64_t vdim_;
  Generator* generator_;
  Parameter in_proj_weight_;
  Parameter q_proj_weight_;
  Parameter k_proj_weight_;
  Parameter v_proj_weight_;
  Parameter in_proj_bias_;
  Parameter bias_k_;
  Parameter bias_v_;
  Dense out_proj_;
};

}  // namespace nn
}  // namespace xgrad
