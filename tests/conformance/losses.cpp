// Losses of torch.nn.functional.
#include <xgrad/autograd/ops/loss.hpp>
#include "registry.hpp"

namespace conformance {
namespace {

using xgrad::Operand;
using xgrad::Tensor;

xgrad::Reduction reduction_argument(Arguments& args) {
  // The old name of "none" and "mean".
  if (args.given(kKeyword, "reduce"))
    return args.flag(kKeyword, "reduce", true) ? xgrad::Reduction::mean : xgrad::Reduction::none;
  const std::string name = args.text(kKeyword, "reduction", "mean");
  if (name == "mean") return xgrad::Reduction::mean;
  if (name == "sum") return xgrad::Reduction::sum;
  if (name == "none") return xgrad::Reduction::none;
  throw Unsupported("xgrad has no reduction " + name);
}

Operation of_difference(Tensor (*loss)(const Operand&, const Operand&, xgrad::Reduction)) {
  return [loss](Arguments& args) {
    return loss(args.tensor(0, "input"), args.tensor(1, "target"), reduction_argument(args));
  };
}

}  // namespace

void add_losses(Registry& ops) {
  ops["nn.functional.mse_loss"] = of_difference(xgrad::mse);
  ops["nn.functional.l1_loss"] = of_difference(xgrad::mae);
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
