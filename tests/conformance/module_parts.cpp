// Convolutions, pooling and normalisation as layers.
#include <xgrad/nn/layers/convolution.hpp>
#include <xgrad/nn/layers/dense.hpp>
#include <xgrad/nn/layers/embedding.hpp>
#include <xgrad/nn/layers/normalization.hpp>
#include <xgrad/nn/layers/pooling.hpp>
#include "layer_arguments.hpp"
#include "modules.hpp"

namespace conformance {
namespace {

using xgrad::Tensor;
namespace nn = xgrad::nn;

// ---- Convolutions ----

xgrad::PadMode padding_mode(const std::string& name) {
  return name == "reflect"     ? xgrad::PadMode::reflect
         : name == "replicate" ? xgrad::PadMode::replicate
         : name == "circular"  ? xgrad::PadMode::circular
                               : xgrad::PadMode::constant;
}

template <class M>
Layer convolution(Arguments& init) {
  return layer(M(init.integer(kKeyword, "in_channels"), init.integer(kKeyword, "out_channels"),
                 xgrad::PerAxis(init.integers(kKeyword, "kernel_size")),
                 {.stride = per_axis(init, kKeyword, "stride", 1),
                  .padding = padding_argument(init, kKeyword),
                  .dilation = per_axis(init, kKeyword, "dilation", 1),
                  .groups = init.integer(kKeyword, "groups", 1),
                  .bias = init.flag(kKeyword, "bias", true),
                  .padding_mode = padding_mode(init.text(kKeyword, "padding_mode", "zeros"))}));
}

template <class M>
Layer transposed_convolution(Arguments& init) {
  if (init.text(kKeyword, "padding_mode", "zeros") != "zeros") throw Unsupported("PyTorch refuses other paddings, too");
  M module(init.integer(kKeyword, "in_channels"), init.integer(kKeyword, "out_channels"),
           xgrad::PerAxis(init.integers(kKeyword, "kernel_size")),
           {.stride = per_axis(init, kKeyword, "stride", 1),
            .padding = per_axis(init, kKeyword, "padding", 0),
            .output_padding = per_axis(init, kKeyword, "output_padding", 0),
            .groups = init.integer(kKeyword, "groups", 1),
            .bias = init.flag(kKeyword, "bias", true),
            .dilation = per_axis(init, kKeyword, "dilation", 1)});
  return {module, [module](Arguments& args) {
            if (args.given(1, "output_size")) return module(args.tensor(0, "input"), args.shape(1, "output_size"));
            return module(args.tensor(0, "input"));
          }};
}

// ---- Pooling ----

template <class M>
Layer with_indices(M module, bool wanted) {
  if (!wanted) return layer(module);
  return {module, [module](Arguments& args) -> Outputs {
            const auto [values, indices] = module.with_indices(args.tensor(0, "input"));
            return {values, indices};
          }};
}

template <class M>
Layer max_pooling(Arguments& init) {
  return with_indices(
      M(xgrad::PerAxis(init.integers(kKeyword, "kernel_size")), {.stride = stride_argument(init, kKeyword),
                                                                 .padding = per_axis(init, kKeyword, "padding", 0),
                                                                 .dilation = per_axis(init, kKeyword, "dilation", 1),
                                                                 .ceil_mode = init.flag(kKeyword, "ceil_mode", false)}),
      init.flag(kKeyword, "return_indices", false));
}

template <class M>
Layer max_unpooling(Arguments& init) {
  const M module(xgrad::PerAxis(init.integers(kKeyword, "kernel_size")),
                 {.stride = stride_argument(init, kKeyword), .padding = per_axis(init, kKeyword, "padding", 0)});
  return {module, [module](Arguments& args) {
            const Tensor& x = args.tensor(0, "input");
            const Tensor& indices = args.tensor(1, "indices");
            if (!args.given(2, "output_size")) return module(x, indices);
            return module(x, indices, args.shape(2, "output_size"));
          }};
}

template <class M>
Layer avg_pooling(Arguments& init) {
  xgrad::AvgPoolOptions options{.stride = stride_argument(init, kKeyword),
                                .padding = per_axis(init, kKeyword, "padding", 0),
                                .ceil_mode = init.flag(kKeyword, "ceil_mode", false),
                                .count_include_pad = init.flag(kKeyword, "count_include_pad", true)};
  if (init.given(kKeyword, "divisor_override")) options.divisor_override = init.integer(kKeyword, "divisor_override");
  return layer(M(xgrad::PerAxis(init.integers(kKeyword, "kernel_size")), options));
}

template <class M>
Layer adaptive_avg_pooling(Arguments& init) {
  return layer(M(size_argument(init, kKeyword)));
}
template <class M>
Layer adaptive_max_pooling(Arguments& init) {
  const M module(size_argument(init, kKeyword));
  return with_indices(module, init.flag(kKeyword, "return_indices", false));
}

template <class M>
Layer power_pooling(Arguments& init) {
  return layer(M(init.number(kKeyword, "norm_type"), xgrad::PerAxis(init.integers(kKeyword, "kernel_size")),
                 {.stride = stride_argument(init, kKeyword), .ceil_mode = init.flag(kKeyword, "ceil_mode", false)}));
}

// ---- Normalisation ----

/// None is a momentum of its own.
std::optional<double> momentum_argument(Arguments& init, bool is_none) {
  const std::optional<double> given = init.optional_number(kKeyword, "momentum");
  return is_none ? std::nullopt : std::optional<double>(given.value_or(0.1));
}

template <class M>
Layer running_norm(Arguments& init, bool affine, bool tracks) {
  return layer(M(init.integer(kKeyword, "num_features"),
                 {.eps = init.number(kKeyword, "eps", 1e-5),
                  .momentum = momentum_argument(init, init.is_none("momentum")),
                  .affine = init.flag(kKeyword, "affine", affine),
                  .track_running_stats = init.flag(kKeyword, "track_running_stats", tracks)}));
}
template <class M>
Layer batch_norm(Arguments& init) {
  return running_norm<M>(init, true, true);
}
template <class M>
Layer instance_norm(Arguments& init) {
  return running_norm<M>(init, false, false);
}

Layer layer_norm(Arguments& init) {
  return layer(nn::LayerNorm(init.shape(kKeyword, "normalized_shape"),
                             {.eps = init.number(kKeyword, "eps", 1e-5),
                              .elementwise_affine = init.flag(kKeyword, "elementwise_affine", true)}));
}
Layer group_norm(Arguments& init) {
  return layer(
      nn::GroupNorm(init.integer(kKeyword, "num_groups"), init.integer(kKeyword, "num_channels"),
                    {.eps = init.number(kKeyword, "eps", 1e-5), .affine = init.flag(kKeyword, "affine", true)}));
}
Layer local_response_norm(Arguments& init) {
  return layer(nn::LocalResponseNorm(init.integer(kKeyword, "size"), {.alpha = init.number(kKeyword, "alpha", 1e-4),
                                                                      .beta = init.number(kKeyword, "beta", 0.75),
                                                                      .k = init.number(kKeyword, "k", 1)}));
}

// ---- Products and tables ----

Layer linear(Arguments& init) {
  return layer(nn::Dense(init.integer(kKeyword, "in_features"), init.integer(kKeyword, "out_features"),
                         {.bias = init.flag(kKeyword, "bias", true)}));
}
Layer bilinear(Arguments& init) {
  const nn::Bilinear module(init.integer(kKeyword, "in1_features"), init.integer(kKeyword, "in2_features"),
                            init.integer(kKeyword, "out_features"), {.bias = init.flag(kKeyword, "bias", true)});
  return {module, [module](Arguments& args) { return module(args.tensor(0, "input1"), args.tensor(1, "input2")); }};
}

void refuse_sparse(Arguments& init) {
  if (init.flag(kKeyword, "sparse", false)) throw Unsupported("xgrad has no sparse tensors");
}

Layer embedding(Arguments& init) {
  refuse_sparse(init);
  return layer(nn::Embedding(init.integer(kKeyword, "num_embeddings"), init.integer(kKeyword, "embedding_dim"),
                             {.padding_index = optional_integer(init, "padding_idx"),
                              .max_norm = init.optional_number(kKeyword, "max_norm"),
                              .norm_type = init.number(kKeyword, "norm_type", 2),
                              .scale_grad_by_freq = init.flag(kKeyword, "scale_grad_by_freq", false)}));
}
Layer embedding_bag(Arguments& init) {
  refuse_sparse(init);
  const std::string mode = init.text(kKeyword, "mode", "mean");
  const nn::EmbeddingBag module(init.integer(kKeyword, "num_embeddings"), init.integer(kKeyword, "embedding_dim"),
                                {.max_norm = init.optional_number(kKeyword, "max_norm"),
                                 .norm_type = init.number(kKeyword, "norm_type", 2),
                                 .scale_grad_by_freq = init.flag(kKeyword, "scale_grad_by_freq", false),
                                 .mode = mode == "sum"   ? xgrad::BagMode::sum
                                         : mode == "max" ? xgrad::BagMode::max
                                                         : xgrad::BagMode::mean,
                                 .include_last_offset = init.flag(kKeyword, "include_last_offset", false),
                                 .padding_index = optional_integer(init, "padding_idx")});
  return {module, [module](Arguments& args) {
            return module(args.tensor(0, "input"), args.optional_tensor(1, "offsets"),
                          args.optional_tensor(2, "per_sample_weights"));
          }};
}

}  // namespace

void add_convolution_layers(Makers& makers) {
  makers["Linear"] = linear;
  makers["Bilinear"] = bilinear;
  makers["Embedding"] = embedding;
  makers["EmbeddingBag"] = embedding_bag;
  makers["Conv1d"] = convolution<nn::Conv1d>;
  makers["Conv2d"] = convolution<nn::Conv2d>;
  makers["Conv3d"] = convolution<nn::Conv3d>;
  makers["ConvTranspose1d"] = transposed_convolution<nn::ConvTranspose1d>;
  makers["ConvTranspose2d"] = transposed_convolution<nn::ConvTranspose2d>;
  makers["ConvTranspose3d"] = transposed_convolution<nn::ConvTranspose3d>;
}

void add_pooling_layers(Makers& makers) {
  makers["MaxPool1d"] = max_pooling<nn::MaxPool1d>;
  makers["MaxPool2d"] = max_pooling<nn::MaxPool2d>;
  makers["MaxPool3d"] = max_pooling<nn::MaxPool3d>;
  makers["MaxUnpool1d"] = max_unpooling<nn::MaxUnpool1d>;
  makers["MaxUnpool2d"] = max_unpooling<nn::MaxUnpool2d>;
  makers["MaxUnpool3d"] = max_unpooling<nn::MaxUnpool3d>;
  makers["AvgPool1d"] = avg_pooling<nn::AvgPool1d>;
  makers["AvgPool2d"] = avg_pooling<nn::AvgPool2d>;
  makers["AvgPool3d"] = avg_pooling<nn::AvgPool3d>;
  makers["AdaptiveAvgPool1d"] = adaptive_avg_pooling<nn::AdaptiveAvgPool1d>;
  makers["AdaptiveAvgPool2d"] = adaptive_avg_pooling<nn::AdaptiveAvgPool2d>;
  makers["AdaptiveAvgPool3d"] = adaptive_avg_pooling<nn::AdaptiveAvgPool3d>;
  makers["AdaptiveMaxPool1d"] = adaptive_max_pooling<nn::AdaptiveMaxPool1d>;
  makers["AdaptiveMaxPool2d"] = adaptive_max_pooling<nn::AdaptiveMaxPool2d>;
  makers["AdaptiveMaxPool3d"] = adaptive_max_pooling<nn::AdaptiveMaxPool3d>;
  makers["LPPool1d"] = power_pooling<nn::LPPool1d>;
  makers["LPPool2d"] = power_pooling<nn::LPPool2d>;
}

void add_norm_layers(Makers& makers) {
  makers["BatchNorm1d"] = batch_norm<nn::BatchNorm1d>;
  makers["BatchNorm2d"] = batch_norm<nn::BatchNorm2d>;
  makers["BatchNorm3d"] = batch_norm<nn::BatchNorm3d>;
  makers["InstanceNorm1d"] = instance_norm<nn::InstanceNorm1d>;
  makers["InstanceNorm2d"] = instance_norm<nn::InstanceNorm2d>;
  makers["InstanceNorm3d"] = instance_norm<nn::InstanceNorm3d>;
  makers["LayerNorm"] = layer_norm;
  makers["GroupNorm"] = group_norm;
  makers["LocalResponseNorm"] = local_response_norm;
}

}  // namespace conformance
