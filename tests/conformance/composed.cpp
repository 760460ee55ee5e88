// Functions of PyTorch for which an xgrad user writes an expression: these rows test the operators in it, and are counted
// apart. A row goes when its operator arrives.
#include <xgrad/autograd/ops.hpp>
#include "registry.hpp"

namespace conformance {
namespace {

using xgrad::Axes;
using xgrad::DType;
using xgrad::Operand;
using xgrad::ReduceOptions;
using xgrad::Shape;
using xgrad::Tensor;

using Unary = Tensor (*)(const Operand&);

// ---- Activations ----

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

void add_activations(Registry& ops) {
  const std::pair<const char*, Unary> functions[] = {
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
  ops["nn.functional.celu"] = [](Arguments& args) {
    const double alpha = args.number(1, "alpha", 1);
    return alpha * elu(args.tensor(0, "input") / alpha);
  };
  ops["nn.functional.rrelu"] = rrelu;
  ops["nn.functional.prelu"] = prelu;
  ops["nn.functional.glu"] = glu;
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
}

// ---- Reductions and lookups ----

Tensor without_nan(const Tensor& x) { return xgrad::where(isnan(x), 0, x); }

void add_sums_of_expressions(Registry& ops) {
  ops["count_nonzero"] = [](Arguments& args) { return sum(args.tensor(0, "input") != 0, args.reduced_axes(1, "dim")); };
  ops["nansum"] = [](Arguments& args) {
    return sum(without_nan(args.tensor(0, "input")), args.reduced_axes(1, "dim"),
               {.keepdims = args.flag(2, "keepdim", false)});
  };
  ops["nanmean"] = [](Arguments& args) {
    const Tensor& x = args.tensor(0, "input");
    const Axes axes = args.reduced_axes(1, "dim");
    const ReduceOptions options{.keepdims = args.flag(2, "keepdim", false)};
    return sum(without_nan(x), axes, options) / sum(logical_not(isnan(x)), axes, options);
  };
  ops["dist"] = [](Arguments& args) {
    return norm(args.tensor(0, "input") - args.tensor(1, "other"), Axes::all(), {.p = args.number(2, "p", 2)});
  };
  ops["nn.functional.embedding"] = [](Arguments& args) {
    const Tensor& indices = args.tensor(0, "input");
    const Tensor& weight = args.tensor(1, "weight");
    Shape shape = indices.shape();
    shape.push_back(weight.size(1));
    return reshape(index_select(weight, 0, reshape(indices, {-1})), shape);
  };
}

}  // namespace

void add_composed(Registry& ops) {
  add_activations(ops);
  add_sums_of_expressions(ops);
}

}  // namespace conformance
