// Transformers: layers of encoders and decoders, stacks of them, and both together.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "../../autograd/hidden.hpp"
#include "../copy.hpp"
#include "../module.hpp"
#include "attention.hpp"
#include "dense.hpp"
#include "normalization.hpp"

namespace xgrad XGRAD_API {
namespace nn {

/// Options of TransformerEncoderLayer and TransformerDecoderLayer.
struct TransformerLayerOptions {
  std::int64_t dim_feedforward = 2048;  ///< units between the two dense layers
  double dropout =
      0.1;  ///< the part that is dropped in training: of attention's weights, and after each of the layer's parts
  /// The function between the dense layers; relu where it is empty:
  /// `.activation = [](const Tensor& x) { return gelu(x); }`
  Function<Tensor(const Tensor&)> activation = {};
  double layer_norm_eps = 1e-5;
  bool batch_first = false;  ///< sequences are [N, T, d_model], else [T, N, d_model]
  bool norm_first = false;   ///< normalise what goes into each part, else what has come out
  DType dtype = default_dtype();
  Generator* generator = nullptr;  ///< of the parameters and of the dropout; null: the thread's default_generator()
};

/// What an encoder may be given beside its input. Boolean masks are PyTorch's: true is masked out.
struct EncoderMasks {
  Tensor mask = {};              ///< `[T, T]` or `[N * heads, T, T]`: places that a place does not attend to
  Tensor key_padding_mask = {};  ///< `[N, T]`: places that nobody attends to
  bool causal = false;           ///< each place attends to itself and those before it: as a mask, but quicker
};
/// What a decoder may be given beside its inputs. Boolean masks are PyTorch's: true is masked out.
struct DecoderMasks {
  Tensor tgt_mask = {};                 ///< `[T, T]` or `[N * heads, T, T]`: of the target's attention to itself
  Tensor memory_mask = {};              ///< `[T, S]` or `[N * heads, T, S]`: of the target's attention to the memory
  Tensor tgt_key_padding_mask = {};     ///< `[N, T]`
  Tensor memory_key_padding_mask = {};  ///< `[N, S]`
  bool causal = false;                  ///< of the target's attention to itself
};
/// What a Transformer may be given beside its inputs. Boolean masks are PyTorch's: true is masked out.
struct TransformerMasks {
  Tensor src_mask = {};                 ///< `[S, S]` or `[N * heads, S, S]`
  Tensor tgt_mask = {};                 ///< `[T, T]` or `[N * heads, T, T]`
  Tensor memory_mask = {};              ///< `[T, S]` or `[N * heads, T, S]`
  Tensor src_key_padding_mask = {};     ///< `[N, S]`
  Tensor tgt_key_padding_mask = {};     ///< `[N, T]`
  Tensor memory_key_padding_mask = {};  ///< `[N, S]`
  bool causal = false;                  ///< of the target's attention to itself
};

/// The parts of a TransformerEncoderLayer. A module is a handle: they may be another layer's, which is tied to this one
/// then.
struct EncoderLayerParts {
  MultiheadAttention self_attn;
  Dense linear1, linear2;
  LayerNorm norm1, norm2;
};
/// The parts of a TransformerDecoderLayer.
struct DecoderLayerParts {
  MultiheadAttention self_attn, multihead_attn;
  Dense linear1, linear2;
  LayerNorm norm1, norm2, norm3;
};

/// Base of the two kinds of layers: the two dense layers, and dropout.
class TransformerLayer : public Module {
 public:
  std::int64_t d_model() const { return d_model_; }

 protected:
  TransformerLayer(const char* name, std::int64_t d_model, std::int64_t nhead, const TransformerLayerOptions& options,
                   SourceLocation where);
  /// Checks that given parts fit each other.
  TransformerLayer(const char* name, const MultiheadAttention& attention, const Dense& first, const Dense& second,
                   const std::vector<LayerNorm>& norms, TransformerLayerOptions options, SourceLocation where);
  MultiheadAttention attention(std::int64_t nhead, SourceLocation where) const;
  LayerNorm norm(SourceLocation where) const;
  Dense dense(std::int64_t in, std::int64_t out, SourceLocation where) const;
  /// With dropout, in training.
  Tensor dropped(const Tensor& x) const;
  /// The part with the dense layers.
  Tensor feed_forward(const Tensor& x, const Dense& first, const Dense& second) const;
  /// x and what `part` makes of it, normalised before or after.
  template <class Part>
  Tensor residual(const Tensor& x, const LayerNorm& norm, const Part& part) const;

  std::int64_t d_model_;
  TransformerLayerOptions options_;
};

/// TransformerEncoderLayer is self-attention and two dense layers, each with a way around it and a normalisation.
///
/// Children, by PyTorch's names: self_attn, linear1, linear2, norm1, norm2.
///
/// Shapes: `src [T, N, d_model] -> ` the same; with batch_first `[N, T, d_model]`; or `[T, d_model]`.
/// Dtype: src's and the parameters' promote.
/// Throws: std::invalid_argument, when it is called, for other shapes and masks.
/// Source: Vaswani et al., Attention is all you need, 2017.
/// Example: `nn::TransformerEncoderLayer(8, 2, {.dim_feedforward = 16})(ones({5, 3, 8}), {.causal = true})`
class TransformerEncoderLayer final : public TransformerLayer {
 public:
  /// Throws: std::invalid_argument for sizes below 1, heads that do not divide d_model, and a dropout outside of [0,
  /// 1].
  TransformerEncoderLayer(std::int64_t d_model, std::int64_t nhead, TransformerLayerOptions options = {},
                          SourceLocation where = SourceLocation::current());
  /// A layer of these very parts, which may be built on given weights. Of the options only dropout, activation,
  /// norm_first and generator count: the rest is the parts' own.
  /// Throws: std::invalid_argument for parts that do not fit each other, and a dropout outside of [0, 1].
  /// Example: `nn::TransformerEncoderLayer({attention, first, second, norm1, norm2}, {.norm_first = true})`
  explicit TransformerEncoderLayer(const EncoderLayerParts& parts, TransformerLayerOptions options = {},
                                   SourceLocation where = SourceLocation::current());
  Tensor operator()(const Operand& src, const EncoderMasks& masks = {}) const;

 private:
  MultiheadAttention self_attn_;
  Dense linear1_;
  Dense linear2_;
  LayerNorm norm1_;
  LayerNorm norm2_;
};

/// TransformerDecoderLayer is self-attention, attention to an encoder's output (the memory) and two dense layers, each
/// with a way around it and a normalisation.
///
/// Children, by PyTorch's names: self_attn, multihead_attn, linear1, linear2, norm1, norm2, norm3.
///
/// Shapes: `tgt [T, N, d_model], memory [S, N, d_model] -> [T, N, d_model]`; with batch_first `[N, T, d_model]` and so
/// on; or all without N.
/// Dtype: those of the operands and the parameters promote.
/// Throws: std::invalid_argument, when it is called, for other shapes and masks.
/// Source: Vaswani et al., Attention is all you need, 2017.
class TransformerDecoderLayer final : public TransformerLayer {
 public:
  /// Throws: std::invalid_argument for sizes below 1, heads that do not divide d_model, and a dropout outside of [0,
  /// 1].
  TransformerDecoderLayer(std::int64_t d_model, std::int64_t nhead, TransformerLayerOptions options = {},
                          SourceLocation where = SourceLocation::current());
  /// A layer of these very parts, as TransformerEncoderLayer's.
  /// Throws: std::invalid_argument for parts that do not fit each other, and a dropout outside of [0, 1].
  explicit TransformerDecoderLayer(const DecoderLayerParts& parts, TransformerLayerOptions options = {},
                                   SourceLocation where = SourceLocation::current());
  Tensor operator()(const Operand& tgt, const Tensor& memory, const DecoderMasks& masks = {}) const;

 private:
  MultiheadAttention self_attn_;
  MultiheadAttention multihead_attn_;
  Dense linear1_;
  Dense linear2_;
  LayerNorm norm1_;
  LayerNorm norm2_;
  LayerNorm norm3_;
};

namespace detail {

/// The layers of a stack, copies of one, as children "0", "1" ...
template <class M>
class TransformerStack final : public Module {
 public:
  TransformerStack(const M& layer, std::int64_t count, SourceLocation where);
  TransformerStack(const TransformerStack& other);  // moving is copying
  ~TransformerStack() override;

  const std::vector<M>& layers() const { return *layers_; }

 private:
  internal::Hidden<std::vector<M>> layers_;
};

extern template class TransformerStack<TransformerEncoderLayer>;
extern template class TransformerStack<TransformerDecoderLayer>;

}  // namespace detail

/// TransformerEncoder is a stack of encoder layers: copies of one, which start alike, as PyTorch's do.
///
/// Children: layers.0, layers.1 ..., and norm where one is given.
///
/// Shapes: those of the layer.
/// Throws: std::invalid_argument, when it is called, as the layers do.
/// Example: `nn::TransformerEncoder(nn::TransformerEncoderLayer(8, 2), 3)`
class TransformerEncoder final : public Module {
 public:
  /// Throws: std::invalid_argument for a negative number of layers.
  TransformerEncoder(const TransformerEncoderLayer& layer, std::int64_t num_layers, std::optional<LayerNorm> norm = {},
                     SourceLocation where = SourceLocation::current());
  Tensor operator()(const Operand& src, const EncoderMasks& masks = {}) const;

 private:
  detail::TransformerStack<TransformerEncoderLayer> layers_;
  std::optional<LayerNorm> norm_;
};

/// TransformerDecoder is a stack of decoder layers: copies of one, which start alike, as PyTorch's do.
///
/// Children: layers.0, layers.1 ..., and norm where one is given.
///
/// Shapes: those of the layer.
/// Throws: std::invalid_argument, when it is called, as the layers do.
class TransformerDecoder final : public Module {
 public:
  /// Throws: std::invalid_argument for a negative number of layers.
  TransformerDecoder(const TransformerDecoderLayer& layer, std::int64_t num_layers, std::optional<LayerNorm> norm = {},
                     SourceLocation where = SourceLocation::current());
  Tensor operator()(const Operand& tgt, const Tensor& memory, const DecoderMasks& masks = {}) const;

 private:
  detail::TransformerStack<TransformerDecoderLayer> layers_;
  std::optional<LayerNorm> norm_;
};

/// Options of Transformer.
struct TransformerOptions {
  std::int64_t num_encoder_layers = 6;
  std::int64_t num_decoder_layers = 6;
  TransformerLayerOptions layer = {};  ///< of all layers
};
/// Transformer is an encoder and a decoder, each with a normalisation at its end. All parameters of two axes start by
/// Glorot's uniform initialisation.
///
/// Children: encoder and decoder, with the names of TransformerEncoder and TransformerDecoder.
///
/// Shapes: `src [S, N, d_model], tgt [T, N, d_model] -> [T, N, d_model]`; with batch_first `[N, S, d_model]` and so on;
/// or all without N.
/// Dtype: those of the operands and the parameters promote.
/// Throws: std::invalid_argument, when it is called, for other shapes and masks.
/// Source: Vaswani et al., Attention is all you need, 2017.
/// Example: `nn::Transformer(8, 2, {.num_encoder_layers = 1, .num_decoder_layers = 1})(src, tgt, {.causal = true})`
class Transformer final : public Module {
 public:
  /// Throws: std::invalid_argument for sizes below 1, heads that do not divide d_model, and a dropout outside of [0,
  /// 1].
  explicit Transformer(std::int64_t d_model = 512, std::int64_t nhead = 8, TransformerOptions options = {},
                       SourceLocation where = SourceLocation::current());
  Tensor operator()(const Operand& src, const Tensor& tgt, const TransformerMasks& masks = {}) const;

  /// A floating mask [size, size] that lets each place attend to itself and those before it: 0 there, -inf elsewhere.
  static Tensor generate_square_subsequent_mask(std::int64_t size, SourceLocation where = SourceLocation::current());

  TransformerEncoder encoder() const { return encoder_; }
  TransformerDecoder decoder() const { return decoder_; }

 private:
  bool batch_first_;
  TransformerEncoder encoder_;
  TransformerDecoder decoder_;
};

}  // namespace nn
}  // namespace xgrad
