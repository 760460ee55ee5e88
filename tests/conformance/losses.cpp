// Losses of torch.nn.functional.
#include <xgrad/autograd/ops/loss.hpp>
#include "layer_arguments.hpp"
#include "registry.hpp"

namespace conformance {
namespace {

using xgrad::Operand;
using xgrad::Tensor;

Operation of_difference(Tensor (*loss)(const Operand&, const Operand&, xgrad::Reduction)) {
  return [loss](Arguments& args) {
    return loss(args.tensor(0, "input"), args.tensor(1, "target"), reduction_argument(args));
  };
}

void add_likelihoods(Registry& ops) {
  ops["nn.functional.kl_div"] = [](Arguments& args) {
    return xgrad::kl_div(
        args.tensor(0, "input"), args.tensor(1, "target"),
        {.reduction = divergence_reduction(args), .log_target = args.flag(kKeyword, "log_target", false)});
  };
  ops["nn.functional.poisson_nll_loss"] = [](Arguments& args) {
    return xgrad::poisson_nll_loss(args.tensor(0, "input"), args.tensor(1, "target"),
                                   {.reduction = reduction_argument(args),
                                    .log_input = args.flag(kKeyword, "log_input", true),
                                    .full = args.flag(kKeyword, "full", false),
                                    .eps = args.number(kKeyword, "eps", 1e-8)});
  };
  ops["nn.functional.gaussian_nll_loss"] = [](Arguments& args) {
    return xgrad::gaussian_nll_loss(args.tensor(0, "input"), args.tensor(1, "target"), args.tensor(2, "var"),
                                    {.reduction = reduction_argument(args),
                                     .full = args.flag(kKeyword, "full", false),
                                     .eps = args.number(kKeyword, "eps", 1e-6)});
  };
}

void add_margins(Registry& ops) {
  ops["nn.functional.hinge_embedding_loss"] = [](Arguments& args) {
    return xgrad::hinge_embedding_loss(
        args.tensor(0, "input"), args.tensor(1, "target"),
        {.reduction = reduction_argument(args), .margin = args.number(kKeyword, "margin", 1)});
  };
  ops["nn.functional.cosine_embedding_loss"] = [](Arguments& args) {
    return xgrad::cosine_embedding_loss(
        args.tensor(0, "input1"), args.tensor(1, "input2"), args.tensor(2, "target"),
        {.reduction = reduction_argument(args), .margin = args.number(kKeyword, "margin", 0)});
  };
  ops["nn.functional.margin_ranking_loss"] = [](Arguments& args) {
    return xgrad::margin_ranking_loss(
        args.tensor(0, "input1"), args.tensor(1, "input2"), args.tensor(2, "target"),
        {.reduction = reduction_argument(args), .margin = args.number(kKeyword, "margin", 0)});
  };
  ops["nn.functional.triplet_margin_loss"] = [](Arguments& args) {
    return xgrad::triplet_margin_loss(args.tensor(0, "anchor"), args.tensor(1, "positive"), args.tensor(2, "negative"),
                                      {.reduction = reduction_argument(args),
                                       .margin = args.number(kKeyword, "margin", 1),
                                       .p = args.number(kKeyword, "p", 2),
                                       .eps = args.number(kKeyword, "eps", 1e-6),
                                       .swap = args.flag(kKeyword, "swap", false)});
  };
  ops["nn.functional.soft_margin_loss"] = of_difference(xgrad::soft_margin_loss);
  ops["nn.functional.multilabel_soft_margin_loss"] = [](Arguments& args) {
    return xgrad::multilabel_soft_margin_loss(
        args.tensor(0, "input"), args.tensor(1, "target"),
        {.reduction = reduction_argument(args), .weight = args.optional_tensor(kKeyword, "weight")});
  };
  ops["nn.functional.multi_margin_loss"] = [](Arguments& args) {
    return xgrad::multi_margin_loss(args.tensor(0, "input"), args.tensor(1, "target"),
                                    {.reduction = reduction_argument(args),
                                     .p = static_cast<int>(args.integer(kKeyword, "p", 1)),
                                     .margin = args.number(kKeyword, "margin", 1),
                                     .weight = args.optional_tensor(kKeyword, "weight")});
  };
  ops["nn.functional.multilabel_margin_loss"] = [](Arguments& args) {
    return xgrad::multilabel_margin_loss(args.tensor(0, "input"), args.tensor(1, "target"), reduction_argument(args));
  };
}

}  // namespace

void add_losses(Registry& ops) {
  ops["nn.functional.mse_loss"] = of_difference(xgrad::mse);
  ops["nn.functional.l1_loss"] = of_difference(xgrad::mae);
  ops["nn.functional.huber_loss"] = [](Arguments& args) {
    return xgrad::huber_loss(args.tensor(0, "input"), args.tensor(1, "target"),
                             {.reduction = reduction_argument(args), .delta = args.number(kKeyword, "delta", 1)});
  };
  ops["nn.functional.smooth_l1_loss"] = [](Arguments& args) {
    return xgrad::smooth_l1_loss(args.tensor(0, "input"), args.tensor(1, "target"),
                                 {.reduction = reduction_argument(args), .beta = args.number(kKeyword, "beta", 1)});
  };
  add_likelihoods(ops);
  add_margins(ops);
  ops["nn.functional.binary_cross_entropy"] = [](Arguments& args) {
    return xgrad::binary_cross_entropy(
        args.tensor(0, "input"), args.tensor(1, "target"),
        {.reduction = reduction_argument(args), .weight = args.optional_tensor(kKeyword, "weight")});
  };
  ops["nn.functional.binary_cross_entropy_with_logits"] = [](Arguments& args) {
    return xgrad::binary_cross_entropy_with_logits(args.tensor(0, "input"), args.tensor(1, "target"),
                                                   {.reduction = reduction_argument(args),
                                                    .weight = args.optional_tensor(kKeyword, "weight"),
                                                    .pos_weight = args.optional_tensor(kKeyword, "pos_weight")});
  };
  ops["nn.functional.cross_entropy"] = [](Arguments& args) {
    return xgrad::cross_entropy(args.tensor(0, "input"), args.tensor(1, "target"),
                                {.reduction = reduction_argument(args),
                                 .weight = args.optional_tensor(kKeyword, "weight"),
                                 .ignore_index = args.integer(kKeyword, "ignore_index", -100),
                                 .label_smoothing = args.number(kKeyword, "label_smoothing", 0)});
  };
  ops["nn.functional.nll_loss"] = [](Arguments& args) {
    return xgrad::nll_loss(args.tensor(0, "input"), args.tensor(1, "target"),
                           {.reduction = reduction_argument(args),
                            .weight = args.optional_tensor(kKeyword, "weight"),
                            .ignore_index = args.integer(kKeyword, "ignore_index", -100)});
  };
}

}  // namespace conformance
