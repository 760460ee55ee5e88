// Losses of torch.nn.functional.
#include "nn/loss.hpp"
#include "tests/conformance/registry.hpp"

namespace conformance {
namespace {

using xgrad::Operand;
using xgrad::Tensor;
namespace nn = xgrad::nn;

nn::Reduction reduction_argument(Arguments& args) {
  // The old name of "none" and "mean".
  if (args.given(kKeyword, "reduce"))
    return args.flag(kKeyword, "reduce", true) ? nn::Reduction::mean : nn::Reduction::none;
  const std::string name = args.text(kKeyword, "reduction", "mean");
  if (name == "mean") return nn::Reduction::mean;
  if (name == "sum") return nn::Reduction::sum;
  if (name == "none") return nn::Reduction::none;
  throw Unsupported("xgrad has no reduction " + name);
}

Operation of_difference(Tensor (*loss)(const Operand&, const Operand&, nn::Reduction)) {
  return [loss](Arguments& args) {
    return loss(args.tensor(0, "input"), args.tensor(1, "target"), reduction_argument(args));
  };
}

}  // namespace

void add_losses(Registry& ops) {
  ops["nn.functional.mse_loss"] = of_difference(nn::mse);
  ops["nn.functional.l1_loss"] = of_difference(nn::mae);
  ops["nn.functional.binary_cross_entropy"] = [](Arguments& args) {
    return nn::binary_cross_entropy(
        args.tensor(0, "input"), args.tensor(1, "target"),
        {.reduction = reduction_argument(args), .weight = args.optional_tensor(kKeyword, "weight")});
  };
  ops["nn.functional.binary_cross_entropy_with_logits"] = [](Arguments& args) {
    return nn::binary_cross_entropy_with_logits(args.tensor(0, "input"), args.tensor(1, "target"),
                                                {.reduction = reduction_argument(args),
                                                 .weight = args.optional_tensor(kKeyword, "weight"),
                                                 .pos_weight = args.optional_tensor(kKeyword, "pos_weight")});
  };
  ops["nn.functional.cross_entropy"] = [](Arguments& args) {
    return nn::cross_entropy(args.tensor(0, "input"), args.tensor(1, "target"),
                             {.reduction = reduction_argument(args),
                              .weight = args.optional_tensor(kKeyword, "weight"),
                              .ignore_index = args.integer(kKeyword, "ignore_index", -100),
                              .label_smoothing = args.number(kKeyword, "label_smoothing", 0)});
  };
  ops["nn.functional.nll_loss"] = [](Arguments& args) {
    return nn::nll_loss(args.tensor(0, "input"), args.tensor(1, "target"),
                        {.reduction = reduction_argument(args),
                         .weight = args.optional_tensor(kKeyword, "weight"),
                         .ignore_index = args.integer(kKeyword, "ignore_index", -100)});
  };
}

}  // namespace conformance
