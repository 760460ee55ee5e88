// What layers of networks are made of, of torch.nn.functional: normalisation, convolution, pooling and the like.
#include <xgrad/autograd/ops/attention.hpp>
#include <xgrad/autograd/ops/convolution.hpp>
#include <xgrad/autograd/ops/embedding.hpp>
#include <xgrad/autograd/ops/interpolation.hpp>
#include <xgrad/autograd/ops/movement.hpp>
#include <xgrad/autograd/ops/normalization.hpp>
#include <xgrad/autograd/ops/pooling.hpp>
#include <xgrad/autograd/ops/similarity.hpp>
#include "layer_arguments.hpp"
#include "registry.hpp"

namespace conformance {
namespace {

using xgrad::Tensor;

void add_normalizations(Registry& ops) {
  ops["nn.functional.layer_norm"] = [](Arguments& args) {
    return xgrad::layer_norm(args.tensor(0, "input"), args.shape(1, "normalized_shape"),
                             args.optional_tensor(2, "weight"), args.optional_tensor(3, "bias"),
                             args.number(4, "eps", 1e-5));
  };
  ops["nn.functional.group_norm"] = [](Arguments& args) {
    return xgrad::group_norm(args.tensor(0, "input"), args.integer(1, "num_groups"), args.optional_tensor(2, "weight"),
                             args.optional_tensor(3, "bias"), args.number(4, "eps", 1e-5));
  };
  ops["nn.functional.batch_norm"] = [](Arguments& args) {
    return xgrad::batch_norm(args.tensor(0, "input"), args.optional_tensor(1, "running_mean"),
                             args.optional_tensor(2, "running_var"), args.optional_tensor(3, "weight"),
                             args.optional_tensor(4, "bias"),
                             {.training = args.flag(5, "training", false),
                              .momentum = args.number(6, "momentum", 0.1),
                              .eps = args.number(7, "eps", 1e-5)});
  };
  ops["nn.functional.instance_norm"] = [](Arguments& args) {
    return xgrad::instance_norm(args.tensor(0, "input"), args.optional_tensor(1, "running_mean"),
                                args.optional_tensor(2, "running_var"), args.optional_tensor(3, "weight"),
                                args.optional_tensor(4, "bias"),
                                {.use_input_stats = args.flag(5, "use_input_stats", true),
                                 .momentum = args.number(6, "momentum", 0.1),
                                 .eps = args.number(7, "eps", 1e-5)});
  };
  ops["nn.functional.normalize"] = [](Arguments& args) {
    return xgrad::normalize(args.tensor(0, "input"),
                            {.p = args.number(1, "p", 2),
                             .axes = args.given(2, "dim") ? args.axes(2, "dim") : xgrad::Axes(1),
                             .eps = args.number(3, "eps", 1e-12)});
  };
}

void add_similarities(Registry& ops) {
  ops["nn.functional.local_response_norm"] = [](Arguments& args) {
    return xgrad::local_response_norm(
        args.tensor(0, "input"), args.integer(1, "size"),
        {.alpha = args.number(2, "alpha", 1e-4), .beta = args.number(3, "beta", 0.75), .k = args.number(4, "k", 1)});
  };
  ops["nn.functional.cosine_similarity"] = [](Arguments& args) {
    return xgrad::cosine_similarity(
        args.tensor(0, "x1"), args.tensor(1, "x2"),
        {.axis = static_cast<int>(args.integer(2, "dim", 1)), .eps = args.number(3, "eps", 1e-8)});
  };
  ops["nn.functional.pairwise_distance"] = [](Arguments& args) {
    return xgrad::pairwise_distance(
        args.tensor(0, "x1"), args.tensor(1, "x2"),
        {.p = args.number(2, "p", 2), .eps = args.number(3, "eps", 1e-6), .keepdims = args.flag(4, "keepdim", false)});
  };
  ops["nn.functional.bilinear"] = [](Arguments& args) {
    return xgrad::bilinear(args.tensor(0, "input1"), args.tensor(1, "input2"), args.tensor(2, "weight"),
                           args.optional_tensor(3, "bias"));
  };
}

using Convolution = Tensor (*)(const xgrad::Operand&, const Tensor&, const Tensor&, xgrad::ConvOptions);
using Transpose = Tensor (*)(const xgrad::Operand&, const Tensor&, const Tensor&, xgrad::ConvTransposeOptions);

void add_convolutions(Registry& ops) {
  const std::pair<const char*, Convolution> convolutions[] = {
      {"1d", xgrad::conv1d}, {"2d", xgrad::conv2d}, {"3d", xgrad::conv3d}};
  for (const auto& [name, function] : convolutions)
    ops[std::string("nn.functional.conv") + name] = [function = function](Arguments& args) {
      return function(args.tensor(0, "input"), args.tensor(1, "weight"), args.optional_tensor(2, "bias"),
                      {.stride = per_axis(args, 3, "stride", 1),
                       .padding = padding_argument(args, 4),
                       .dilation = per_axis(args, 5, "dilation", 1),
                       .groups = args.integer(6, "groups", 1)});
    };
  const std::pair<const char*, Transpose> transposes[] = {
      {"1d", xgrad::conv_transpose1d}, {"2d", xgrad::conv_transpose2d}, {"3d", xgrad::conv_transpose3d}};
  for (const auto& [name, function] : transposes)
    ops[std::string("nn.functional.conv_transpose") + name] = [function = function](Arguments& args) {
      return function(args.tensor(0, "input"), args.tensor(1, "weight"), args.optional_tensor(2, "bias"),
                      {.stride = per_axis(args, 3, "stride", 1),
                       .padding = per_axis(args, 4, "padding", 0),
                       .output_padding = per_axis(args, 5, "output_padding", 0),
                       .groups = args.integer(6, "groups", 1),
                       .dilation = per_axis(args, 7, "dilation", 1)});
    };
}

using MaxPool = Tensor (*)(const xgrad::Operand&, xgrad::PerAxis, xgrad::MaxPoolOptions);
using MaxPoolWithIndices = xgrad::MaxPooled (*)(const xgrad::Operand&, xgrad::PerAxis, xgrad::MaxPoolOptions);
using AvgPool = Tensor (*)(const xgrad::Operand&, xgrad::PerAxis, xgrad::AvgPoolOptions);
using Adaptive = Tensor (*)(const xgrad::Operand&, xgrad::PerAxis);
using AdaptiveWithIndices = xgrad::MaxPooled (*)(const xgrad::Operand&, xgrad::PerAxis);

Operation max_pool(MaxPool plain, MaxPoolWithIndices with_indices) {
  return [=](Arguments& args) -> Outputs {
    const xgrad::PerAxis window = per_axis(args, 1, "kernel_size", 1);
    const xgrad::MaxPoolOptions options{.stride = stride_argument(args, 2),
                                        .padding = per_axis(args, 3, "padding", 0),
                                        .dilation = per_axis(args, 4, "dilation", 1),
                                        .ceil_mode = args.flag(5, "ceil_mode", false)};
    const Tensor& x = args.tensor(0, "input");
    if (!args.flag(6, "return_indices", false)) return plain(x, window, options);
    const auto [values, indices] = with_indices(x, window, options);
    return {values, indices};
  };
}

Operation avg_pool(AvgPool function) {
  return [=](Arguments& args) {
    xgrad::AvgPoolOptions options{.stride = stride_argument(args, 2),
                                  .padding = per_axis(args, 3, "padding", 0),
                                  .ceil_mode = args.flag(4, "ceil_mode", false),
                                  .count_include_pad = args.flag(5, "count_include_pad", true)};
    if (args.given(6, "divisor_override")) options.divisor_override = args.integer(6, "divisor_override");
    return function(args.tensor(0, "input"), per_axis(args, 1, "kernel_size", 1), options);
  };
}

Operation adaptive_max_pool(Adaptive plain, AdaptiveWithIndices with_indices) {
  return [=](Arguments& args) -> Outputs {
    const Tensor& x = args.tensor(0, "input");
    if (!args.flag(2, "return_indices", false)) return plain(x, size_argument(args, 1));
    const auto [values, indices] = with_indices(x, size_argument(args, 1));
    return {values, indices};
  };
}

void add_pools(Registry& ops) {
  const std::string prefix = "nn.functional.";
  ops[prefix + "max_pool1d"] = max_pool(xgrad::max_pool1d, xgrad::max_pool1d_with_indices);
  ops[prefix + "max_pool2d"] = max_pool(xgrad::max_pool2d, xgrad::max_pool2d_with_indices);
  ops[prefix + "max_pool3d"] = max_pool(xgrad::max_pool3d, xgrad::max_pool3d_with_indices);
  ops[prefix + "avg_pool1d"] = avg_pool(xgrad::avg_pool1d);
  ops[prefix + "avg_pool2d"] = avg_pool(xgrad::avg_pool2d);
  ops[prefix + "avg_pool3d"] = avg_pool(xgrad::avg_pool3d);
  ops[prefix + "adaptive_max_pool1d"] =
      adaptive_max_pool(xgrad::adaptive_max_pool1d, xgrad::adaptive_max_pool1d_with_indices);
  ops[prefix + "adaptive_max_pool2d"] =
      adaptive_max_pool(xgrad::adaptive_max_pool2d, xgrad::adaptive_max_pool2d_with_indices);
  ops[prefix + "adaptive_max_pool3d"] =
      adaptive_max_pool(xgrad::adaptive_max_pool3d, xgrad::adaptive_max_pool3d_with_indices);
  const std::pair<const char*, Adaptive> averages[] = {{"adaptive_avg_pool1d", xgrad::adaptive_avg_pool1d},
                                                       {"adaptive_avg_pool2d", xgrad::adaptive_avg_pool2d},
                                                       {"adaptive_avg_pool3d", xgrad::adaptive_avg_pool3d}};
  for (const auto& [name, function] : averages)
    ops[prefix + name] = [function = function](Arguments& args) {
      return function(args.tensor(0, "input"), size_argument(args, 1));
    };
  using LpPool = Tensor (*)(const xgrad::Operand&, double, xgrad::PerAxis, xgrad::LpPoolOptions);
  const std::pair<const char*, LpPool> powers[] = {{"lp_pool1d", xgrad::lp_pool1d}, {"lp_pool2d", xgrad::lp_pool2d}};
  for (const auto& [name, function] : powers)
    ops[prefix + name] = [function = function](Arguments& args) {
      return function(args.tensor(0, "input"), args.number(1, "norm_type"), per_axis(args, 2, "kernel_size", 1),
                      {.stride = stride_argument(args, 3), .ceil_mode = args.flag(4, "ceil_mode", false)});
    };
}

void add_interpolations(Registry& ops) {
  ops["nn.functional.interpolate"] = [](Arguments& args) {
    xgrad::InterpolateOptions options{.size = args.given(1, "size") ? per_axis(args, 1, "size", 1) : xgrad::PerAxis(),
                                      .scale_factor = factor_argument(args, 2),
                                      .mode = interpolation_named(args.text(3, "mode", "nearest")),
                                      .align_corners = args.flag(4, "align_corners", false),
                                      .recompute_scale_factor = args.flag(5, "recompute_scale_factor", false),
                                      .antialias = args.flag(6, "antialias", false)};
    return xgrad::interpolate(args.tensor(0, "input"), options);
  };
  const std::tuple<const char*, const char*, bool> upsamplings[] = {{"upsample_nearest", "nearest", false},
                                                                    {"upsample_bilinear", "bilinear", true}};
  for (const auto& [name, mode, align_corners] : upsamplings)
    ops[std::string("nn.functional.") + name] = [mode = mode, align_corners = align_corners](Arguments& args) {
      return xgrad::interpolate(args.tensor(0, "input"),
                                {.size = args.given(1, "size") ? per_axis(args, 1, "size", 1) : xgrad::PerAxis(),
                                 .scale_factor = factor_argument(args, 2),
                                 .mode = interpolation_named(mode),
                                 .align_corners = align_corners});
    };
}

xgrad::GridInterpolation grid_mode(const std::string& name) {
  return name == "nearest"   ? xgrad::GridInterpolation::nearest
         : name == "bicubic" ? xgrad::GridInterpolation::cubic
                             : xgrad::GridInterpolation::linear;
}
xgrad::GridPadding grid_padding(const std::string& name) {
  return name == "border"       ? xgrad::GridPadding::border
         : name == "reflection" ? xgrad::GridPadding::reflection
                                : xgrad::GridPadding::zeros;
}

void add_grids(Registry& ops) {
  ops["nn.functional.grid_sample"] = [](Arguments& args) {
    return xgrad::grid_sample(args.tensor(0, "input"), args.tensor(1, "grid"),
                              {.mode = grid_mode(args.text(2, "mode", "bilinear")),
                               .padding = grid_padding(args.text(3, "padding_mode", "zeros")),
                               .align_corners = args.flag(4, "align_corners", false)});
  };
  ops["nn.functional.affine_grid"] = [](Arguments& args) {
    return xgrad::affine_grid(args.tensor(0, "theta"), args.shape(1, "size"),
                              {.align_corners = args.flag(2, "align_corners", false)});
  };
}

std::optional<std::int64_t> optional_integer(Arguments& args, int position, const char* name) {
  if (args.given(position, name)) return args.integer(position, name);
  return std::nullopt;
}

void add_embeddings(Registry& ops) {
  // Both rows know no max_norm; norm_type is its norm, and `sparse` how PyTorch keeps the gradient.
  ops["nn.functional.embedding"] = [](Arguments& args) {
    args.number(4, "norm_type", 2);
    args.flag(6, "sparse", false);
    return xgrad::embedding(args.tensor(0, "input"), args.tensor(1, "weight"),
                            {.padding_index = optional_integer(args, 2, "padding_idx"),
                             .scale_grad_by_freq = args.flag(5, "scale_grad_by_freq", false)});
  };
  ops["nn.functional.embedding_bag"] = [](Arguments& args) {
    args.number(4, "norm_type", 2);
    args.flag(7, "sparse", false);
    const std::string mode = args.text(6, "mode", "mean");
    return xgrad::embedding_bag(args.tensor(0, "input"), args.tensor(1, "weight"),
                                {.offsets = args.optional_tensor(2, "offsets"),
                                 .mode = mode == "sum"   ? xgrad::BagMode::sum
                                         : mode == "max" ? xgrad::BagMode::max
                                                         : xgrad::BagMode::mean,
                                 .per_sample_weights = args.optional_tensor(8, "per_sample_weights"),
                                 .include_last_offset = args.flag(9, "include_last_offset", false),
                                 .padding_index = optional_integer(args, 10, "padding_idx"),
                                 .scale_grad_by_freq = args.flag(5, "scale_grad_by_freq", false)});
  };
  ops["nn.functional.scaled_dot_product_attention"] = [](Arguments& args) {
    return xgrad::scaled_dot_product_attention(
        args.tensor(0, "query"), args.tensor(1, "key"), args.tensor(2, "value"),
        {.mask = args.optional_tensor(3, "attn_mask"), .causal = args.flag(5, "is_causal", false)});
  };
}

}  // namespace

void add_layers(Registry& ops) {
  add_grids(ops);
  add_embeddings(ops);
  add_pools(ops);
  add_interpolations(ops);
  add_convolutions(ops);
  add_normalizations(ops);
  add_similarities(ops);
}

}  // namespace conformance
