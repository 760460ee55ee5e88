// Recurrent layers and what is made of attention, by PyTorch's names.
#include <xgrad/autograd/ops.hpp>
#include <xgrad/nn/layers/attention.hpp>
#include <xgrad/nn/layers/recurrent.hpp>
#include <xgrad/nn/layers/transformer.hpp>
#include "modules.hpp"

namespace conformance {
namespace {

using xgrad::Tensor;
namespace nn = xgrad::nn;

/// A list of tensors in one argument, (h, c); empty where it is not given.
std::vector<Tensor> pair_of(Arguments& args, int position, const char* name) {
  return args.given(position, name) ? args.tensors(position, name) : std::vector<Tensor>(2);
}

struct Sizes {
  std::int64_t in, hidden;
};
Sizes sizes_of(Arguments& init) {
  return {init.integer(kKeyword, "input_size"), init.integer(kKeyword, "hidden_size")};
}
xgrad::RnnFunction nonlinearity_of(Arguments& init) {
  const bool is_tanh = init.text(kKeyword, "nonlinearity", "tanh") == "tanh";
  return is_tanh ? xgrad::RnnFunction::tanh : xgrad::RnnFunction::relu;
}
/// What all stacks have in common.
template <class Options>
Options stack_options(Arguments& init) {
  Options options;
  options.num_layers = init.integer(kKeyword, "num_layers", 1);
  options.bias = init.flag(kKeyword, "bias", true);
  options.batch_first = init.flag(kKeyword, "batch_first", false);
  options.dropout = init.number(kKeyword, "dropout", 0);
  options.bidirectional = init.flag(kKeyword, "bidirectional", false);
  return options;
}

/// A stack whose state is one tensor.
template <class M>
Layer stack_layer(M module) {
  return {module, [module](Arguments& args) {
            const nn::RecurrentOutput result = module(args.tensor(0, "input"), {.h = args.optional_tensor(1, "hx")});
            return Outputs{result.output, result.h};
          }};
}
/// A cell whose state is one tensor.
template <class M>
Layer cell_layer(M module) {
  return {module, [module](Arguments& args) {
            return Outputs(module(args.tensor(0, "input"), args.optional_tensor(1, "hx")));
          }};
}

xgrad::Function<Tensor(const Tensor&)> activation_of(Arguments& init) {
  if (init.text(kKeyword, "activation", "relu") == "relu") return [](const Tensor& x) { return xgrad::relu(x); };
  return [](const Tensor& x) { return xgrad::gelu(x); };
}
nn::TransformerLayerOptions layer_options(Arguments& init) {
  return {.dim_feedforward = init.integer(kKeyword, "dim_feedforward", 2048),
          .dropout = init.number(kKeyword, "dropout", 0.1),
          .activation = activation_of(init),
          .layer_norm_eps = init.number(kKeyword, "layer_norm_eps", 1e-5),
          .batch_first = init.flag(kKeyword, "batch_first", false),
          .norm_first = init.flag(kKeyword, "norm_first", false)};
}

nn::DecoderMasks decoder_masks(Arguments& args) {
  return {.tgt_mask = args.optional_tensor(2, "tgt_mask"),
          .memory_mask = args.optional_tensor(3, "memory_mask"),
          .tgt_key_padding_mask = args.optional_tensor(4, "tgt_key_padding_mask"),
          .memory_key_padding_mask = args.optional_tensor(5, "memory_key_padding_mask")};
}

}  // namespace

void add_recurrent_layers(Makers& makers) {
  makers["RNN"] = [](Arguments& init) {
    const auto [in, hidden] = sizes_of(init);
    nn::RNNOptions options = stack_options<nn::RNNOptions>(init);
    options.nonlinearity = nonlinearity_of(init);
    return stack_layer(nn::RNN(in, hidden, options));
  };
  makers["GRU"] = [](Arguments& init) {
    const auto [in, hidden] = sizes_of(init);
    return stack_layer(nn::GRU(in, hidden, stack_options<nn::GRUOptions>(init)));
  };
  makers["LSTM"] = [](Arguments& init) -> Layer {
    const auto [in, hidden] = sizes_of(init);
    nn::LSTMOptions options = stack_options<nn::LSTMOptions>(init);
    options.proj_size = init.integer(kKeyword, "proj_size", 0);
    const nn::LSTM module(in, hidden, options);
    return {module, [module](Arguments& args) {
              const std::vector<Tensor> first = pair_of(args, 1, "hx");
              const nn::LSTMOutput result = module(args.tensor(0, "input"), {.h = first.at(0), .c = first.at(1)});
              return Outputs{result.output, result.h, result.c};
            }};
  };
  makers["RNNCell"] = [](Arguments& init) {
    const auto [in, hidden] = sizes_of(init);
    return cell_layer(
        nn::RNNCell(in, hidden, {.bias = init.flag(kKeyword, "bias", true), .nonlinearity = nonlinearity_of(init)}));
  };
  makers["GRUCell"] = [](Arguments& init) {
    const auto [in, hidden] = sizes_of(init);
    return cell_layer(nn::GRUCell(in, hidden, {.bias = init.flag(kKeyword, "bias", true)}));
  };
  makers["LSTMCell"] = [](Arguments& init) -> Layer {
    const auto [in, hidden] = sizes_of(init);
    const nn::LSTMCell module(in, hidden, {.bias = init.flag(kKeyword, "bias", true)});
    return {module, [module](Arguments& args) {
              const std::vector<Tensor> first = pair_of(args, 1, "hx");
              const nn::LSTMState result = module(args.tensor(0, "input"), {first.at(0), first.at(1)});
              return Outputs{result.h, result.c};
            }};
  };
}

void add_attention_layers(Makers& makers) {
  makers["MultiheadAttention"] = [](Arguments& init) -> Layer {
    nn::MultiheadAttentionOptions options{.dropout = init.number(kKeyword, "dropout", 0),
                                          .bias = init.flag(kKeyword, "bias", true),
                                          .add_bias_kv = init.flag(kKeyword, "add_bias_kv", false),
                                          .add_zero_attn = init.flag(kKeyword, "add_zero_attn", false),
                                          .batch_first = init.flag(kKeyword, "batch_first", false)};
    if (init.given(kKeyword, "kdim")) options.kdim = init.integer(kKeyword, "kdim");
    if (init.given(kKeyword, "vdim")) options.vdim = init.integer(kKeyword, "vdim");
    const nn::MultiheadAttention module(init.integer(kKeyword, "embed_dim"), init.integer(kKeyword, "num_heads"),
                                        options);
    return {module, [module](Arguments& args) {
              const Tensor query = args.tensor(0, "query"), key = args.tensor(1, "key"),
                           value = args.tensor(2, "value");
              const nn::AttentionOutput result =
                  module(query, key, value,
                         {.key_padding_mask = args.optional_tensor(3, "key_padding_mask"),
                          .attn_mask = args.optional_tensor(5, "attn_mask"),
                          .need_weights = args.flag(4, "need_weights", true),
                          .average_attn_weights = args.flag(6, "average_attn_weights", true)});
              return Outputs{result.output, result.weights};
            }};
  };
  makers["TransformerEncoderLayer"] = [](Arguments& init) -> Layer {
    const nn::TransformerEncoderLayer module(init.integer(kKeyword, "d_model"), init.integer(kKeyword, "nhead"),
                                             layer_options(init));
    return {module, [module](Arguments& args) {
              return Outputs(
                  module(args.tensor(0, "src"), {.mask = args.optional_tensor(1, "src_mask"),
                                                 .key_padding_mask = args.optional_tensor(2, "src_key_padding_mask")}));
            }};
  };
  makers["TransformerDecoderLayer"] = [](Arguments& init) -> Layer {
    const nn::TransformerDecoderLayer module(init.integer(kKeyword, "d_model"), init.integer(kKeyword, "nhead"),
                                             layer_options(init));
    return {module, [module](Arguments& args) {
              const Tensor target = args.tensor(0, "tgt"), memory = args.tensor(1, "memory");
              return Outputs(module(target, memory, decoder_masks(args)));
            }};
  };
  makers["Transformer"] = [](Arguments& init) -> Layer {
    const nn::TransformerLayerOptions layer = layer_options(init);
    const nn::Transformer module(init.integer(kKeyword, "d_model", 512), init.integer(kKeyword, "nhead", 8),
                                 {.num_encoder_layers = init.integer(kKeyword, "num_encoder_layers", 6),
                                  .num_decoder_layers = init.integer(kKeyword, "num_decoder_layers", 6),
                                  .layer = layer});
    return {module, [module](Arguments& args) {
              const Tensor source = args.tensor(0, "src"), target = args.tensor(1, "tgt");
              return Outputs(module(source, target,
                                    {.src_mask = args.optional_tensor(2, "src_mask"),
                                     .tgt_mask = args.optional_tensor(3, "tgt_mask"),
                                     .memory_mask = args.optional_tensor(4, "memory_mask"),
                                     .src_key_padding_mask = args.optional_tensor(5, "src_key_padding_mask"),
                                     .tgt_key_padding_mask = args.optional_tensor(6, "tgt_key_padding_mask"),
                                     .memory_key_padding_mask = args.optional_tensor(7, "memory_key_padding_mask")}));
            }};
  };
}

}  // namespace conformance
