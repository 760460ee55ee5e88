// Activations and other functions of torch.nn.functional.
#include <xgrad/autograd/ops.hpp>
#include <xgrad/nn/layers/dropout.hpp>
#include "registry.hpp"

namespace conformance {
namespace {

using xgrad::Operand;
using xgrad::Tensor;

using Activation = Tensor (*)(const Operand&);

Tensor gelu(Arguments& args) {
  const Tensor& x = args.tensor(0, "input");
  return xgrad::gelu(
      x, args.text(kKeyword, "approximate", "none") == "tanh" ? xgrad::GeluForm::tanh : xgrad::GeluForm::erf);
}

void add_activations(Registry& ops) {
  const std::pair<const char*, Activation> functions[] = {
      {"relu", xgrad::relu},
      {"silu", xgrad::silu},
      {"logsigmoid", xgrad::log_sigmoid},
  };
  for (const auto& [name, function] : functions)
    ops[std::string("nn.functional.") + name] = [function = function](Arguments& args) {
      return function(args.tensor(0, "input"));
    };

  ops["nn.functional.leaky_relu"] = [](Arguments& args) {
    return leaky_relu(args.tensor(0, "input"), args.number(1, "negative_slope", 0.01));
  };
  ops["nn.functional.elu"] = [](Arguments& args) { return elu(args.tensor(0, "input"), args.number(1, "alpha", 1)); };
  ops["nn.functional.gelu"] = gelu;
  ops["nn.functional.softplus"] = [](Arguments& args) {
    return softplus(args.tensor(0, "input"), args.number(1, "beta", 1), args.number(2, "threshold", 20));
  };
  ops["nn.functional.dropout"] = [](Arguments& args) {
    xgrad::nn::Dropout dropout(args.number(kKeyword, "p", 0.5));
    dropout.train(args.flag(kKeyword, "training", true));
    return dropout(args.tensor(0, "input"));
  };
}

}  // namespace

void add_nn(Registry& ops) { add_activations(ops); }

}  // namespace conformance
