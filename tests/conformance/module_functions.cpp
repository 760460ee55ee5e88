// Layers that are functions: activations, dropout, shapes, distances and losses.
#include <xgrad/autograd/ops/create.hpp>
#include <xgrad/nn/layers/activation.hpp>
#include <xgrad/nn/layers/dropout.hpp>
#include <xgrad/nn/layers/flatten.hpp>
#include <xgrad/nn/layers/padding.hpp>
#include <xgrad/nn/layers/similarity.hpp>
#include <xgrad/nn/layers/upsampling.hpp>
#include <xgrad/nn/losses.hpp>
#include "layer_arguments.hpp"
#include "modules.hpp"

namespace conformance {
namespace {

using xgrad::Tensor;
namespace nn = xgrad::nn;

// ---- Activations ----

template <class M>
Layer without_options(Arguments& init) {
  init.flag(kKeyword, "inplace", false);  // says where the result goes, not what it is
  return layer(M());
}

/// Of one number.
template <class M>
Maker with_number(const char* name, double fallback) {
  return [=](Arguments& init) {
    init.flag(kKeyword, "inplace", false);
    return layer(M(init.number(kKeyword, name, fallback)));
  };
}

/// Along an axis; without one PyTorch takes 0 for zero, one and three axes, else 1.
template <class M>
Layer along_axis(Arguments& init) {
  if (init.given(kKeyword, "dim")) return layer(M(static_cast<int>(init.integer(kKeyword, "dim"))));
  return {M(), [](Arguments& args) {
            const Tensor& x = args.tensor(0, "input");
            return M(x.ndim() == 0 || x.ndim() == 1 || x.ndim() == 3 ? 0 : 1)(x);
          }};
}

Layer gelu(Arguments& init) {
  const bool is_tanh = init.text(kKeyword, "approximate", "none") == "tanh";
  return layer(nn::GELU(is_tanh ? xgrad::GeluForm::tanh : xgrad::GeluForm::erf));
}
Layer softplus(Arguments& init) {
  return layer(nn::Softplus(init.number(kKeyword, "beta", 1), init.number(kKeyword, "threshold", 20)));
}
Layer glu(Arguments& init) { return layer(nn::GLU(static_cast<int>(init.integer(kKeyword, "dim", -1)))); }
Layer hardtanh(Arguments& init) {
  init.flag(kKeyword, "inplace", false);
  const double low = init.number(kKeyword, "min_value", init.number(kKeyword, "min_val", -1));
  return layer(nn::Hardtanh(low, init.number(kKeyword, "max_value", init.number(kKeyword, "max_val", 1))));
}
Layer threshold(Arguments& init) {
  init.flag(kKeyword, "inplace", false);
  return layer(nn::Threshold(init.number(kKeyword, "threshold"), init.number(kKeyword, "value")));
}
Layer rrelu(Arguments& init) {
  init.flag(kKeyword, "inplace", false);
  return layer(nn::RReLU(init.number(kKeyword, "lower", 1.0 / 8), init.number(kKeyword, "upper", 1.0 / 3)));
}
Layer prelu(Arguments& init) {
  return layer(nn::PReLU(init.integer(kKeyword, "num_parameters", 1),
                         {.weight_init = nn::init::constant(init.number(kKeyword, "init", 0.25))}));
}

// ---- Shapes ----

Layer flatten(Arguments& init) {
  return layer(nn::Flatten(static_cast<int>(init.integer(kKeyword, "start_dim", 1)),
                           static_cast<int>(init.integer(kKeyword, "end_dim", -1))));
}
Layer unflatten(Arguments& init) {
  return layer(
      nn::Unflatten(static_cast<int>(init.integer(kKeyword, "dim")), init.shape(kKeyword, "unflattened_size")));
}

xgrad::Shape extents(Arguments& init, const char* name, std::int64_t fallback) {
  if (!init.given(kKeyword, name)) return {fallback};
  xgrad::Shape shape;
  for (std::int64_t extent : init.integers(kKeyword, name)) shape.push_back(extent);
  return shape;
}
xgrad::PatchOptions patches(Arguments& init) {
  return {.dilation = extents(init, "dilation", 1),
          .padding = extents(init, "padding", 0),
          .stride = extents(init, "stride", 1)};
}
Layer unfold(Arguments& init) { return layer(nn::Unfold(extents(init, "kernel_size", 1), patches(init))); }
Layer fold(Arguments& init) {
  return layer(nn::Fold(extents(init, "output_size", 1), extents(init, "kernel_size", 1), patches(init)));
}

template <class M>
Layer padding(Arguments& init) {
  const nn::BorderWidths widths(init.integers(kKeyword, "padding"));
  if constexpr (std::is_constructible_v<M, const nn::BorderWidths&, double>)
    return layer(M(widths, init.number(kKeyword, "value")));
  else
    return layer(M(widths));
}

Layer upsample(Arguments& init) {
  const std::string mode = init.text(kKeyword, "mode", "nearest");
  return layer(
      nn::Upsample({.size = init.given(kKeyword, "size") ? per_axis(init, kKeyword, "size", 1) : xgrad::PerAxis(),
                    .scale_factor = factor_argument(init, kKeyword),
                    .mode = interpolation_named(mode),
                    .align_corners = init.flag(kKeyword, "align_corners", false),
                    .recompute_scale_factor = init.flag(kKeyword, "recompute_scale_factor", false)}));
}
template <class M>
Layer upsampling_2d(Arguments& init) {
  return layer(M({.size = init.given(kKeyword, "size") ? per_axis(init, kKeyword, "size", 1) : xgrad::PerAxis(),
                  .scale_factor = factor_argument(init, kKeyword)}));
}
template <class M>
Maker with_integer(const char* name) {
  return [=](Arguments& init) { return layer(M(init.integer(kKeyword, name))); };
}

// ---- Distances and losses ----

// Each with the names that its forward() gives to what it takes.

template <class M>
Layer of_pair(M module, const char* first = "input", const char* second = "target") {
  return {module, [=](Arguments& args) { return module(args.tensor(0, first), args.tensor(1, second)); }};
}
template <class M>
Layer of_triple(M module, const char* first, const char* second, const char* third) {
  return {module, [=](Arguments& args) {
            return module(args.tensor(0, first), args.tensor(1, second), args.tensor(2, third));
          }};
}

Layer cosine_similarity(Arguments& init) {
  return of_pair(nn::CosineSimilarity({.axis = static_cast<int>(init.integer(kKeyword, "dim", 1)),
                                       .eps = init.number(kKeyword, "eps", 1e-8)}),
                 "x1", "x2");
}
Layer pairwise_distance(Arguments& init) {
  return of_pair(nn::PairwiseDistance({.p = init.number(kKeyword, "p", 2),
                                       .eps = init.number(kKeyword, "eps", 1e-6),
                                       .keepdims = init.flag(kKeyword, "keepdim", false)}),
                 "x1", "x2");
}

template <class M>
Layer reduced(Arguments& init) {
  return of_pair(M(reduction_argument(init)));
}
/// Whose options are the reduction and a number.
template <class M>
Maker reduced_with(const char* name, double fallback) {
  return [=](Arguments& init) { return of_pair(M({reduction_argument(init), init.number(kKeyword, name, fallback)})); };
}
template <class M>
Maker reduced_triple_with(const char* name, double fallback) {
  return [=](Arguments& init) {
    return of_triple(M({reduction_argument(init), init.number(kKeyword, name, fallback)}), "input1", "input2",
                     "target");
  };
}
/// Whose options are the reduction and a weight.
template <class M>
Layer weighted(Arguments& init) {
  return of_pair(M({.reduction = reduction_argument(init), .weight = init.optional_tensor(kKeyword, "weight")}));
}

Layer kl_div(Arguments& init) {
  return of_pair(
      nn::KLDivLoss({.reduction = divergence_reduction(init), .log_target = init.flag(kKeyword, "log_target", false)}));
}
Layer poisson_nll(Arguments& init) {
  return of_pair(nn::PoissonNLLLoss({.reduction = reduction_argument(init),
                                     .log_input = init.flag(kKeyword, "log_input", true),
                                     .full = init.flag(kKeyword, "full", false),
                                     .eps = init.number(kKeyword, "eps", 1e-8)}),
                 "log_input");
}
Layer gaussian_nll(Arguments& init) {
  return of_triple(nn::GaussianNLLLoss({.reduction = reduction_argument(init),
                                        .full = init.flag(kKeyword, "full", false),
                                        .eps = init.number(kKeyword, "eps", 1e-6)}),
                   "input", "target", "var");
}
Layer binary_with_logits(Arguments& init) {
  return of_pair(nn::BCEWithLogitsLoss({.reduction = reduction_argument(init),
                                        .weight = init.optional_tensor(kKeyword, "weight"),
                                        .pos_weight = init.optional_tensor(kKeyword, "pos_weight")}));
}
Layer cross_entropy(Arguments& init) {
  return of_pair(nn::CrossEntropyLoss({.reduction = reduction_argument(init),
                                       .weight = init.optional_tensor(kKeyword, "weight"),
                                       .ignore_index = init.integer(kKeyword, "ignore_index", -100),
                                       .label_smoothing = init.number(kKeyword, "label_smoothing", 0)}));
}
Layer nll(Arguments& init) {
  return of_pair(nn::NLLLoss({.reduction = reduction_argument(init),
                              .weight = init.optional_tensor(kKeyword, "weight"),
                              .ignore_index = init.integer(kKeyword, "ignore_index", -100)}));
}
Layer multi_margin(Arguments& init) {
  return of_pair(nn::MultiMarginLoss({.reduction = reduction_argument(init),
                                      .p = static_cast<int>(init.integer(kKeyword, "p", 1)),
                                      .margin = init.number(kKeyword, "margin", 1),
                                      .weight = init.optional_tensor(kKeyword, "weight")}));
}
Layer triplet(Arguments& init) {
  return of_triple(nn::TripletMarginLoss({.reduction = reduction_argument(init),
                                          .margin = init.number(kKeyword, "margin", 1),
                                          .p = init.number(kKeyword, "p", 2),
                                          .eps = init.number(kKeyword, "eps", 1e-6),
                                          .swap = init.flag(kKeyword, "swap", false)}),
                   "anchor", "positive", "negative");
}
Layer triplet_with_distance(Arguments& init) {
  return of_triple(nn::TripletMarginWithDistanceLoss({.reduction = reduction_argument(init),
                                                      .margin = init.number(kKeyword, "margin", 1),
                                                      .swap = init.flag(kKeyword, "swap", false)}),
                   "anchor", "positive", "negative");
}

/// Lengths: a tensor, or a list of integers.
Tensor lengths(Arguments& args, int position, const char* name) {
  if (args.is_tensor(position, name)) return args.tensor(position, name);
  return xgrad::from_vector(args.integers(position, name));
}
Layer ctc(Arguments& init) {
  const nn::CTCLoss module({.reduction = reduction_argument(init),
                            .blank = init.integer(kKeyword, "blank", 0),
                            .zero_infinity = init.flag(kKeyword, "zero_infinity", false)});
  return {module, [module](Arguments& args) {
            return module(args.tensor(0, "log_probs"), args.tensor(1, "targets"), lengths(args, 2, "input_lengths"),
                          lengths(args, 3, "target_lengths"));
          }};
}

}  // namespace

void add_activation_layers(Makers& makers) {
  makers["Identity"] = without_options<nn::Identity>;
  makers["ReLU"] = without_options<nn::ReLU>;
  makers["ReLU6"] = without_options<nn::ReLU6>;
  makers["SELU"] = without_options<nn::SELU>;
  makers["SiLU"] = without_options<nn::SiLU>;
  makers["Mish"] = without_options<nn::Mish>;
  makers["Sigmoid"] = without_options<nn::Sigmoid>;
  makers["LogSigmoid"] = without_options<nn::LogSigmoid>;
  makers["Hardsigmoid"] = without_options<nn::Hardsigmoid>;
  makers["Hardswish"] = without_options<nn::Hardswish>;
  makers["Tanh"] = without_options<nn::Tanh>;
  makers["Tanhshrink"] = without_options<nn::Tanhshrink>;
  makers["Softsign"] = without_options<nn::Softsign>;
  makers["Softmax2d"] = without_options<nn::Softmax2d>;
  makers["LeakyReLU"] = with_number<nn::LeakyReLU>("negative_slope", 0.01);
  makers["ELU"] = with_number<nn::ELU>("alpha", 1);
  makers["CELU"] = with_number<nn::CELU>("alpha", 1);
  makers["Hardshrink"] = with_number<nn::Hardshrink>("lambd", 0.5);
  makers["Softshrink"] = with_number<nn::Softshrink>("lambd", 0.5);
  makers["Dropout"] = with_number<nn::Dropout>("p", 0.5);
  makers["Dropout1d"] = with_number<nn::Dropout1d>("p", 0.5);
  makers["Dropout2d"] = with_number<nn::Dropout2d>("p", 0.5);
  makers["Dropout3d"] = with_number<nn::Dropout3d>("p", 0.5);
  makers["AlphaDropout"] = with_number<nn::AlphaDropout>("p", 0.5);
  makers["FeatureAlphaDropout"] = with_number<nn::FeatureAlphaDropout>("p", 0.5);
  makers["Softmax"] = along_axis<nn::Softmax>;
  makers["Softmin"] = along_axis<nn::Softmin>;
  makers["LogSoftmax"] = along_axis<nn::LogSoftmax>;
  makers["GELU"] = gelu;
  makers["Softplus"] = softplus;
  makers["GLU"] = glu;
  makers["Hardtanh"] = hardtanh;
  makers["Threshold"] = threshold;
  makers["RReLU"] = rrelu;
  makers["PReLU"] = prelu;
}

void add_shape_layers(Makers& makers) {
  makers["Flatten"] = flatten;
  makers["Unflatten"] = unflatten;
  makers["Unfold"] = unfold;
  makers["Fold"] = fold;
  makers["ZeroPad1d"] = padding<nn::ZeroPad1d>;
  makers["ZeroPad2d"] = padding<nn::ZeroPad2d>;
  makers["ZeroPad3d"] = padding<nn::ZeroPad3d>;
  makers["ConstantPad1d"] = padding<nn::ConstantPad1d>;
  makers["ConstantPad2d"] = padding<nn::ConstantPad2d>;
  makers["ConstantPad3d"] = padding<nn::ConstantPad3d>;
  makers["ReflectionPad1d"] = padding<nn::ReflectionPad1d>;
  makers["ReflectionPad2d"] = padding<nn::ReflectionPad2d>;
  makers["ReflectionPad3d"] = padding<nn::ReflectionPad3d>;
  makers["ReplicationPad1d"] = padding<nn::ReplicationPad1d>;
  makers["ReplicationPad2d"] = padding<nn::ReplicationPad2d>;
  makers["ReplicationPad3d"] = padding<nn::ReplicationPad3d>;
  makers["CircularPad1d"] = padding<nn::CircularPad1d>;
  makers["CircularPad2d"] = padding<nn::CircularPad2d>;
  makers["CircularPad3d"] = padding<nn::CircularPad3d>;
  makers["Upsample"] = upsample;
  makers["UpsamplingNearest2d"] = upsampling_2d<nn::UpsamplingNearest2d>;
  makers["UpsamplingBilinear2d"] = upsampling_2d<nn::UpsamplingBilinear2d>;
  makers["PixelShuffle"] = with_integer<nn::PixelShuffle>("upscale_factor");
  makers["PixelUnshuffle"] = with_integer<nn::PixelUnshuffle>("downscale_factor");
  makers["ChannelShuffle"] = with_integer<nn::ChannelShuffle>("groups");
}

void add_loss_layers(Makers& makers) {
  makers["CosineSimilarity"] = cosine_similarity;
  makers["PairwiseDistance"] = pairwise_distance;
  makers["MSELoss"] = reduced<nn::MSELoss>;
  makers["L1Loss"] = reduced<nn::L1Loss>;
  makers["SoftMarginLoss"] = reduced<nn::SoftMarginLoss>;
  makers["MultiLabelMarginLoss"] = reduced<nn::MultiLabelMarginLoss>;
  makers["HuberLoss"] = reduced_with<nn::HuberLoss>("delta", 1);
  makers["SmoothL1Loss"] = reduced_with<nn::SmoothL1Loss>("beta", 1);
  makers["HingeEmbeddingLoss"] = reduced_with<nn::HingeEmbeddingLoss>("margin", 1);
  makers["CosineEmbeddingLoss"] = reduced_triple_with<nn::CosineEmbeddingLoss>("margin", 0);
  makers["MarginRankingLoss"] = reduced_triple_with<nn::MarginRankingLoss>("margin", 0);
  makers["BCELoss"] = weighted<nn::BCELoss>;
  makers["MultiLabelSoftMarginLoss"] = weighted<nn::MultiLabelSoftMarginLoss>;
  makers["BCEWithLogitsLoss"] = binary_with_logits;
  makers["KLDivLoss"] = kl_div;
  makers["PoissonNLLLoss"] = poisson_nll;
  makers["GaussianNLLLoss"] = gaussian_nll;
  makers["CrossEntropyLoss"] = cross_entropy;
  makers["NLLLoss"] = nll;
  makers["NLLLoss2d"] = nll;
  makers["MultiMarginLoss"] = multi_margin;
  makers["TripletMarginLoss"] = triplet;
  makers["TripletMarginWithDistanceLoss"] = triplet_with_distance;
  makers["CTCLoss"] = ctc;
}

}  // namespace conformance
