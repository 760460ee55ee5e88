// Layers: built, given the recorded parameters, called; values and gradients compared.
#include <functional>
#include <map>

#include <xgrad/autograd/ops.hpp>
#include <xgrad/nn/layers/activation.hpp>
#include <xgrad/nn/layers/dense.hpp>
#include <xgrad/nn/layers/flatten.hpp>
#include <xgrad/nn/sequential.hpp>
#include "arguments.hpp"
#include "cases.hpp"
#include "registry.hpp"

namespace conformance {
namespace {

using xgrad::DType;
using xgrad::Tensor;
namespace nn = xgrad::nn;

/// A layer whose class is forgotten.
struct Layer {
  nn::Module module;
  std::function<Outputs(Arguments&)> call;
};

template <class M>
Layer layer(M module) {
  return {module, [module](Arguments& args) { return module(args.tensor(0, "input")); }};
}

using Maker = std::function<Layer(Arguments& init)>;

/// By PyTorch's name, from its constructor's arguments.
const std::map<std::string, Maker>& layers() {
  static const std::map<std::string, Maker> kLayers = {
      {"Linear",
       [](Arguments& init) {
         return layer(nn::Dense(init.integer(kKeyword, "in_features"), init.integer(kKeyword, "out_features"),
                                {.bias = init.flag(kKeyword, "bias", true)}));
       }},
      {"Flatten",
       [](Arguments& init) {
         return layer(nn::Flatten(static_cast<int>(init.integer(kKeyword, "start_dim", 1)),
                                  static_cast<int>(init.integer(kKeyword, "end_dim", -1))));
       }},
      {"ReLU", [](Arguments&) { return layer(nn::ReLU()); }},
      {"Sigmoid", [](Arguments&) { return layer(nn::Sigmoid()); }},
      {"Tanh", [](Arguments&) { return layer(nn::Tanh()); }},
      {"SiLU", [](Arguments&) { return layer(nn::SiLU()); }},
      {"LeakyReLU",
       [](Arguments& init) { return layer(nn::LeakyReLU(init.number(kKeyword, "negative_slope", 0.01))); }},
      {"ELU", [](Arguments& init) { return layer(nn::ELU(init.number(kKeyword, "alpha", 1))); }},
      {"GELU",
       [](Arguments& init) {
         const bool is_tanh = init.text(kKeyword, "approximate", "none") == "tanh";
         return layer(nn::GELU(is_tanh ? xgrad::GeluForm::tanh : xgrad::GeluForm::erf));
       }},
      {"Softplus",
       [](Arguments& init) {
         return layer(nn::Softplus(init.number(kKeyword, "beta", 1), init.number(kKeyword, "threshold", 20)));
       }},
      {"Softmax", [](Arguments& init) { return layer(nn::Softmax(static_cast<int>(init.integer(kKeyword, "dim")))); }},
      {"LogSoftmax",
       [](Arguments& init) { return layer(nn::LogSoftmax(static_cast<int>(init.integer(kKeyword, "dim")))); }},
      {"LogSigmoid", [](Arguments&) { return layer(nn::LogSigmoid()); }},
  };
  return kLayers;
}

/// Classes without parameters that xgrad has as functions: the constructor's arguments become the function's.
const char* function_of(const std::string& module) {
  static const std::map<std::string, const char*> kFunctions = {
      {"CELU", "nn.functional.celu"},
      {"SELU", "nn.functional.selu"},
      {"Mish", "nn.functional.mish"},
      {"GLU", "nn.functional.glu"},
      {"Softsign", "nn.functional.softsign"},
      {"Softmin", "nn.functional.softmin"},
      {"Softshrink", "nn.functional.softshrink"},
      {"Hardshrink", "nn.functional.hardshrink"},
      {"Tanhshrink", "nn.functional.tanhshrink"},
      {"Threshold", "nn.functional.threshold"},
      {"RReLU", "nn.functional.rrelu"},
      {"MSELoss", "nn.functional.mse_loss"},
      {"L1Loss", "nn.functional.l1_loss"},
      {"BCELoss", "nn.functional.binary_cross_entropy"},
      {"BCEWithLogitsLoss", "nn.functional.binary_cross_entropy_with_logits"},
      {"CrossEntropyLoss", "nn.functional.cross_entropy"},
      {"NLLLoss", "nn.functional.nll_loss"},
  };
  const auto found = kFunctions.find(module);
  return found == kFunctions.end() ? nullptr : found->second;
}

nn::NamedTensors state_of(const Value& one_case, const Archive& archive) {
  nn::NamedTensors state;
  for (const char* kind : {"params", "buffers"})
    for (const auto& [name, tensor] : one_case[kind].members()) state.emplace_back(name, archive.load(tensor.text()));
  return state;
}

Tensor named(const nn::NamedTensors& tensors, const std::string& name) {
  for (const auto& [own_name, tensor] : tensors)
    if (own_name == name) return tensor;
  throw Mismatch("the module has no " + name);
}

/// Outputs, then gradients of the parameters and of the inputs.
void check_call(const Value& one_case, const Outputs& outputs, const nn::NamedTensors& parameters,
                const Arguments& args, const Archive& archive) {
  check_outputs(one_case, outputs.list, archive);
  const Value::Members& of_parameters = one_case["grads"]["params"].members();
  const Value::Members& of_inputs = one_case["grads"]["inputs"].members();
  std::vector<Tensor> leaves;
  for (const auto& [name, expected] : of_parameters) leaves.push_back(named(parameters, name));
  for (const auto& [path, expected] : of_inputs) leaves.push_back(args.leaf(path));
  if (leaves.empty()) return;
  const std::vector<Tensor> answers = gradients(one_case["cotangents"], outputs.list, leaves, false, archive);
  std::size_t i = 0;
  for (const auto* expectations : {&of_parameters, &of_inputs})
    for (const auto& [name, expected] : *expectations)
      check_gradient(one_case, "gradient of " + name, answers[i++], expected, Kind::gradients, archive);
}

Value merged(const Value& first, const Value& second) {
  Value::Members members = first.members();
  members.insert(members.end(), second.members().begin(), second.members().end());
  return members;
}

}  // namespace

void run_module(const Value& one_case, const Archive& archive) {
  const std::string& name = one_case["module"].text();
  const Value& forward = one_case["forward"];
  const bool training = one_case["training"].boolean();

  if (const char* function = function_of(name)) {
    Value keywords = merged(one_case["init"], forward["kwargs"]);
    if (name == "RReLU") keywords = merged(keywords, Value::Members{{"training", training}});
    Arguments args(forward["args"], keywords, archive, one_case["grads"]["inputs"]);
    const Outputs outputs = operation_named(function)(args);
    args.check_all_read();
    return check_call(one_case, outputs, {}, args, archive);
  }

  const auto found = layers().find(name);
  if (found == layers().end()) throw Unsupported("no such module");
  const Value none = Value::List{};
  Arguments init(none, one_case["init"], archive);
  Layer built = found->second(init);
  init.check_all_read();
  built.module.to(DType::float64);
  built.module.train(training);
  built.module.load(state_of(one_case, archive));

  Arguments args(forward["args"], forward["kwargs"], archive, one_case["grads"]["inputs"]);
  const Outputs outputs = built.call(args);
  args.check_all_read();
  check_call(one_case, outputs, built.module.named_parameters(), args, archive);
  if (const Value& after = one_case["buffers_after"]; after.is_object())
    for (const auto& [buffer, tensor] : after.members()) {
      const Tensor expected = archive.load(tensor.text());
      check_close("buffer " + buffer, named(built.module.named_buffers(), buffer), expected,
                  bound_of(one_case, Kind::values, expected.dtype()));
    }
}

}  // namespace conformance
