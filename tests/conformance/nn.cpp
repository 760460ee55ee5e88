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
  return xgrad::gelu(x, args.text(kKeyword, "approximate", "none") == "tanh" ? xgrad::GeluForm::tanh : xgrad::GeluForm::erf);
}

// In training the slope is random.
Tensor rrelu(Arguments& args) {
  const Tensor& x = args.tensor(0, "input");
  const double lower = args.number(1, "lower", 1.0 / 8);
  const double upper = args.number(2, "upper", 1.0 / 3);
  if (args.flag(3, "training", false)) throw Unsupported("xgrad has no random leaky relu");
  return leaky_relu(x, (lower + upper) / 2);
}

Tensor prelu(Arguments& args) {
  const Tensor& x = args.tensor(0, "input");
  const Tensor& weight = args.tensor(1, "weight");
  if (x.ndim() < 3 || weight.numel() == 1) return xgrad::where(x > 0, x, weight * x);
  xgrad::Shape per_channel = xgrad::Shape::filled(x.ndim() - 1, 1);
  per_channel[0] = weight.numel();
  return xgrad::where(x > 0, x, reshape(weight, per_channel) * x);
}

Tensor glu(Arguments& args) {
  const Tensor& x = args.tensor(0, "input");
  const int axis = static_cast<int>(args.integer(1, "dim", -1));
  const std::vector<Tensor> halves = split(x, x.size(axis) / 2, axis);
  return halves[0] * sigmoid(halves[1]);
}

Tensor normalize(Arguments& args) {
  const Tensor& x = args.tensor(0, "input");
  const Tensor length =
      norm(x, static_cast<int>(args.integer(2, "dim", 1)), {.p = args.number(1, "p", 2), .keepdims = true});
  return x / maximum(length, args.number(3, "eps", 1e-12));
}

void add_activations(Registry& ops) {
  const std::pair<const char*, Activation> functions[] = {
      {"relu", xgrad::relu},
      {"silu", xgrad::silu},
      {"logsigmoid", xgrad::log_sigmoid},
      {"selu",
       [](const Operand& x) { return 1.0507009873554804934193349852946 * elu(x, 1.6732632423543772848170429916717); }},
      {"mish", [](const Operand& x) { return x * tanh(softplus(x)); }},
      {"softsign", [](const Operand& x) { return x / (1 + abs(x)); }},
      {"tanhshrink", [](const Operand& x) { return x - tanh(x); }},
  };
  for (const auto& [name, function] : functions)
    ops[std::string("nn.functional.") + name] = [function = function](Arguments& args) {
      return function(args.tensor(0, "input"));
    };

  ops["nn.functional.leaky_relu"] = [](Arguments& args) {
    return leaky_relu(args.tensor(0, "input"), args.number(1, "negative_slope", 0.01));
  };
  ops["nn.functional.elu"] = [](Arguments& args) { return elu(args.tensor(0, "input"), args.number(1, "alpha", 1)); };
  ops["nn.functional.celu"] = [](Arguments& args) {
    const double alpha = args.number(1, "alpha", 1);
    if (alpha != static_cast<float>(alpha)) throw Unsupported("PyTorch's gradient rounds alpha to float32");
    return alpha * elu(args.tensor(0, "input") / alpha);
  };
  ops["nn.functional.gelu"] = gelu;
  ops["nn.functional.softplus"] = [](Arguments& args) {
    return softplus(args.tensor(0, "input"), args.number(1, "beta", 1), args.number(2, "threshold", 20));
  };
  ops["nn.functional.dropout"] = [](Arguments& args) {
    xgrad::nn::Dropout dropout(args.number(kKeyword, "p", 0.5));
    dropout.train(args.flag(kKeyword, "training", true));
    return dropout(args.tensor(0, "input"));
  };
  ops["nn.functional.rrelu"] = rrelu;
  ops["nn.functional.prelu"] = prelu;
  ops["nn.functional.glu"] = glu;
}

// What a user of xgrad writes in one expression.
void add_expressions(Registry& ops) {
  ops["nn.functional.hardshrink"] = [](Arguments& args) {
    const Tensor& x = args.tensor(0, "input");
    return xgrad::where(abs(x) <= args.number(1, "lambd", 0.5), 0, x);
  };
  ops["nn.functional.softshrink"] = [](Arguments& args) {
    const Tensor& x = args.tensor(0, "input");
    const double lambda = args.number(1, "lambd", 0.5);
    return xgrad::where(x > lambda, x - lambda, xgrad::where(x < -lambda, x + lambda, 0));
  };
  ops["nn.functional.threshold"] = [](Arguments& args) {
    const Tensor& x = args.tensor(0, "input");
    return xgrad::where(x <= args.operand(1, "threshold"), args.operand(2, "value"), x);
  };
  ops["nn.functional.normalize"] = normalize;
}

}  // namespace

void add_nn(Registry& ops) {
  add_activations(ops);
  add_expressions(ops);
}

}  // namespace conformance
