// Losses as modules, and the functions under the names of nn: they are operators (autograd/ops/loss.hpp).
#pragma once

#include <type_traits>
#include <utility>

#include "../autograd/ops/cast.hpp"
#include "../autograd/ops/loss.hpp"
#include "module.hpp"

namespace xgrad XGRAD_API {
namespace nn {

using xgrad::BinaryCrossEntropyOptions;
using xgrad::BinaryCrossEntropyWithLogitsOptions;
using xgrad::CosineEmbeddingLossOptions;
using xgrad::CrossEntropyOptions;
using xgrad::CtcLossOptions;
using xgrad::GaussianNllLossOptions;
using xgrad::HingeEmbeddingLossOptions;
using xgrad::HuberLossOptions;
using xgrad::KlDivOptions;
using xgrad::KlDivReduction;
using xgrad::MarginRankingLossOptions;
using xgrad::MultilabelSoftMarginLossOptions;
using xgrad::MultiMarginLossOptions;
using xgrad::NllLossOptions;
using xgrad::PoissonNllLossOptions;
using xgrad::Reduction;
using xgrad::SmoothL1LossOptions;
using xgrad::TripletMarginLossOptions;
using xgrad::TripletMarginWithDistanceLossOptions;

using xgrad::binary_cross_entropy;
using xgrad::binary_cross_entropy_with_logits;
using xgrad::cosine_embedding_loss;
using xgrad::cross_entropy;
using xgrad::ctc_loss;
using xgrad::gaussian_nll_loss;
using xgrad::hinge_embedding_loss;
using xgrad::huber_loss;
using xgrad::kl_div;
using xgrad::mae;
using xgrad::margin_ranking_loss;
using xgrad::mse;
using xgrad::multi_margin_loss;
using xgrad::multilabel_margin_loss;
using xgrad::multilabel_soft_margin_loss;
using xgrad::nll_loss;
using xgrad::poisson_nll_loss;
using xgrad::rmse;
using xgrad::smooth_l1_loss;
using xgrad::soft_margin_loss;
using xgrad::triplet_margin_loss;
using xgrad::triplet_margin_with_distance_loss;

/// Base of the losses as modules: a function of the answer, the tensors that it is compared with, and an option or
/// option struct, which the module keeps. Tensors in the options become buffers, copies under PyTorch's
/// names, `weight` and `pos_weight`: they are part of the state, and follow to(). Without them the state is
/// empty.
template <auto function, class Options>
class Loss : public Module {
  template <class... Others>
  static constexpr bool kTakes = std::is_invocable_v<decltype(function), const Operand&, Others..., Options>;

 public:
  /// Throws: std::invalid_argument for a weight that requires a gradient: the function takes such a one.
  explicit Loss(Options options = {}, SourceLocation where = SourceLocation::current()) : options_(std::move(options)) {
    if constexpr (kHasWeight) keep("weight", options_.weight, where);
    if constexpr (kHasPosWeight) keep("pos_weight", options_.pos_weight, where);
  }

  Tensor operator()(const Operand& x, const Tensor& target) const requires kTakes<const Tensor&> {
    return of(x, target);
  }
  Tensor operator()(const Operand& x, const Tensor& a,
                    const Tensor& b) const requires kTakes<const Tensor&, const Tensor&> {
    return of(x, a, b);
  }
  Tensor operator()(const Operand& x, const Tensor& a, const Tensor& b,
                    const Tensor& c) const requires kTakes<const Tensor&, const Tensor&, const Tensor&> {
    return of(x, a, b, c);
  }

 private:
  static constexpr bool kHasWeight = requires(Options options) { options.weight; };
  static constexpr bool kHasPosWeight = requires(Options options) { options.pos_weight; };

  template <class>
  using AsOperand = const Operand&;

  // The options' own tensor is the buffer, so that what is written into that, and copies of the module, reach the
  // function.
  void keep(const char* name, Tensor& tensor, SourceLocation where) {
    if (!tensor.defined()) return;
    // The class has no name of its own yet.
    check(!tensor.requires_grad(), where, "loss: the buffer '", name,
          "' must not require a gradient, but it does. Pass its detach(), or call the function.");
    tensor = buffer(name, copy(tensor), where);
  }

  template <class... Others>
  Tensor of(const Operand& x, const Others&... others) const {
    return call(x, [&] {
      if constexpr (kTakes<AsOperand<Others>...>)
        return function(x, Operand(others, x.where())..., options_);
      else
        return function(x, others..., options_);
    });
  }

  Options options_;
};

/// MSELoss is nn::mse as a module: `nn::MSELoss(Reduction::sum)`.
struct MSELoss final : Loss<xgrad::mse, Reduction> {
  using Loss::Loss;
};
/// L1Loss is nn::mae as a module.
struct L1Loss final : Loss<xgrad::mae, Reduction> {
  using Loss::Loss;
};
/// HuberLoss is nn::huber_loss as a module: `nn::HuberLoss({.delta = 0.5})`.
struct HuberLoss final : Loss<xgrad::huber_loss, HuberLossOptions> {
  using Loss::Loss;
};
/// SmoothL1Loss is nn::smooth_l1_loss as a module.
struct SmoothL1Loss final : Loss<xgrad::smooth_l1_loss, SmoothL1LossOptions> {
  using Loss::Loss;
};
/// KLDivLoss is nn::kl_div as a module: `nn::KLDivLoss({.reduction = KlDivReduction::batchmean})`.
struct KLDivLoss final : Loss<xgrad::kl_div, KlDivOptions> {
  using Loss::Loss;
};
/// PoissonNLLLoss is nn::poisson_nll_loss as a module.
struct PoissonNLLLoss final : Loss<xgrad::poisson_nll_loss, PoissonNllLossOptions> {
  using Loss::Loss;
};
/// GaussianNLLLoss is nn::gaussian_nll_loss as a module: `loss(mean, target, variance)`.
struct GaussianNLLLoss final : Loss<xgrad::gaussian_nll_loss, GaussianNllLossOptions> {
  using Loss::Loss;
};
/// CrossEntropyLoss is nn::cross_entropy as a module: `nn::CrossEntropyLoss({.label_smoothing = 0.1})`.
struct CrossEntropyLoss final : Loss<xgrad::cross_entropy, CrossEntropyOptions> {
  using Loss::Loss;
};
/// NLLLoss is nn::nll_loss as a module.
struct NLLLoss final : Loss<xgrad::nll_loss, NllLossOptions> {
  using Loss::Loss;
};
/// BCELoss is nn::binary_cross_entropy as a module.
struct BCELoss final : Loss<xgrad::binary_cross_entropy, BinaryCrossEntropyOptions> {
  using Loss::Loss;
};
/// BCEWithLogitsLoss is nn::binary_cross_entropy_with_logits as a module.
struct BCEWithLogitsLoss final : Loss<xgrad::binary_cross_entropy_with_logits, BinaryCrossEntropyWithLogitsOptions> {
  using Loss::Loss;
};
/// MultiLabelSoftMarginLoss is nn::multilabel_soft_margin_loss as a module.
struct MultiLabelSoftMarginLoss final : Loss<xgrad::multilabel_soft_margin_loss, MultilabelSoftMarginLossOptions> {
  using Loss::Loss;
};
/// MultiLabelMarginLoss is nn::multilabel_margin_loss as a module.
struct MultiLabelMarginLoss final : Loss<xgrad::multilabel_margin_loss, Reduction> {
  using Loss::Loss;
};
/// MultiMarginLoss is nn::multi_margin_loss as a module.
struct MultiMarginLoss final : Loss<xgrad::multi_margin_loss, MultiMarginLossOptions> {
  using Loss::Loss;
};
/// SoftMarginLoss is nn::soft_margin_loss as a module.
struct SoftMarginLoss final : Loss<xgrad::soft_margin_loss, Reduction> {
  using Loss::Loss;
};
/// HingeEmbeddingLoss is nn::hinge_embedding_loss as a module.
struct HingeEmbeddingLoss final : Loss<xgrad::hinge_embedding_loss, HingeEmbeddingLossOptions> {
  using Loss::Loss;
};
/// CosineEmbeddingLoss is nn::cosine_embedding_loss as a module: `loss(a, b, target)`.
struct CosineEmbeddingLoss final : Loss<xgrad::cosine_embedding_loss, CosineEmbeddingLossOptions> {
  using Loss::Loss;
};
/// MarginRankingLoss is nn::margin_ranking_loss as a module: `loss(a, b, target)`.
struct MarginRankingLoss final : Loss<xgrad::margin_ranking_loss, MarginRankingLossOptions> {
  using Loss::Loss;
};
/// TripletMarginLoss is nn::triplet_margin_loss as a module: `loss(anchor, positive, negative)`.
struct TripletMarginLoss final : Loss<xgrad::triplet_margin_loss, TripletMarginLossOptions> {
  using Loss::Loss;
};
/// TripletMarginWithDistanceLoss is nn::triplet_margin_with_distance_loss as a module:
/// `loss(anchor, positive, negative)`.
struct TripletMarginWithDistanceLoss final
    : Loss<xgrad::triplet_margin_with_distance_loss, TripletMarginWithDistanceLossOptions> {
  using Loss::Loss;
};
/// CTCLoss is nn::ctc_loss as a module: `loss(log_probabilities, targets, input_lengths, target_lengths)`.
struct CTCLoss final : Loss<xgrad::ctc_loss, CtcLossOptions> {
  using Loss::Loss;
};

}  // namespace nn
}  // namespace xgrad
