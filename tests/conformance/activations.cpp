// Activations and dropout.
#include <xgrad/autograd/ops.hpp>
#include "registry.hpp"

namespace conformance {
namespace {

using xgrad::Operand;
using xgrad::Tensor;

using Activation = Tensor (*)(const Operand&);

void add_without_options(Registry& ops) {
  const std::pair<const char*, Activation> functions[] = {
      {"relu", xgrad::relu},           {"relu6", xgrad::relu6},
      {"selu", xgrad::selu},           {"silu", xgrad::silu},
      {"mish", xgrad::mish},           {"logsigmoid", xgrad::log_sigmoid},
      {"sigmoid", xgrad::sigmoid},     {"hardsigmoid", xgrad::hardsigmoid},
      {"hardswish", xgrad::hardswish}, {"softsign", xgrad::softsign},
      {"tanh", xgrad::tanh},           {"tanhshrink", xgrad::tanhshrink},
  };
  for (const auto& [name, function] : functions)
    ops[std::string("nn.functional.") + name] = [function = function](Arguments& args) {
      return function(args.tensor(0, "input"));
    };
}

/// Where nothing is dropped, or everything, the result is no random one.
Operation dropout_like(Tensor (*dropout)(const Operand&, double, xgrad::Generator&)) {
  return [dropout](Arguments& args) {
    const double p = args.number(1, "p", 0.5);
    const Tensor& x = args.tensor(0, "input");
    return args.flag(2, "training", true) ? dropout(x, p, xgrad::default_generator()) : x;
  };
}

}  // namespace

void add_activations(Registry& ops) {
  add_without_options(ops);
  ops["nn.functional.leaky_relu"] = [](Arguments& args) {
    return leaky_relu(args.tensor(0, "input"), args.number(1, "negative_slope", 0.01));
  };
  ops["nn.functional.elu"] = [](Arguments& args) { return elu(args.tensor(0, "input"), args.number(1, "alpha", 1)); };
  ops["nn.functional.celu"] = [](Arguments& args) { return celu(args.tensor(0, "input"), args.number(1, "alpha", 1)); };
  ops["nn.functional.gelu"] = [](Arguments& args) {
    const bool is_tanh = args.text(kKeyword, "approximate", "none") == "tanh";
    return gelu(args.tensor(0, "input"), is_tanh ? xgrad::GeluForm::tanh : xgrad::GeluForm::erf);
  };
  ops["nn.functional.softplus"] = [](Arguments& args) {
    return softplus(args.tensor(0, "input"), args.number(1, "beta", 1), args.number(2, "threshold", 20));
  };
  ops["nn.functional.prelu"] = [](Arguments& args) { return prelu(args.tensor(0, "input"), args.tensor(1, "weight")); };
  ops["nn.functional.glu"] = [](Arguments& args) {
    return glu(args.tensor(0, "input"), static_cast<int>(args.integer(1, "dim", -1)));
  };
  ops["nn.functional.hardtanh"] = [](Arguments& args) {
    return hardtanh(args.tensor(0, "input"), args.scalar(1, "min_val", -1), args.scalar(2, "max_val", 1));
  };
  ops["nn.functional.hardshrink"] = [](Arguments& args) {
    return hardshrink(args.tensor(0, "input"), args.number(1, "lambd", 0.5));
  };
  ops["nn.functional.softshrink"] = [](Arguments& args) {
    return softshrink(args.tensor(0, "input"), args.number(1, "lambd", 0.5));
  };
  ops["nn.functional.threshold"] = [](Arguments& args) {
    return threshold(args.tensor(0, "input"), args.scalar(1, "threshold"), args.scalar(2, "value"));
  };
  ops["nn.functional.rrelu"] = [](Arguments& args) {
    const Tensor& x = args.tensor(0, "input");
    const double lower = args.number(1, "lower", 1.0 / 8), upper = args.number(2, "upper", 1.0 / 3);
    return args.flag(3, "training", false) ? rrelu(x, lower, upper) : leaky_relu(x, (lower + upper) / 2);
  };
  ops["nn.functional.dropout"] = dropout_like(xgrad::dropout);
  ops["nn.functional.alpha_dropout"] = dropout_like(xgrad::alpha_dropout);
  for (const char* name : {"dropout2d", "dropout3d"})
    ops[std::string("nn.functional.") + name] = dropout_like(xgrad::feature_dropout);
  ops["nn.functional.feature_alpha_dropout"] = dropout_like(xgrad::feature_alpha_dropout);
}

}  // namespace conformance
