// Layers: built, given the recorded parameters, called; values and gradients compared.
#include "modules.hpp"

#include <xgrad/autograd/default_dtype.hpp>
#include <xgrad/autograd/ops.hpp>
#include "cases.hpp"

namespace conformance {

using xgrad::DType;
using xgrad::Tensor;
namespace nn = xgrad::nn;

Layer made_layer(const std::string& name, Arguments& init) {
  static const Makers kMakers = [] {
    Makers makers;
    for (const auto add : {add_activation_layers, add_convolution_layers, add_pooling_layers, add_norm_layers,
                           add_shape_layers, add_loss_layers, add_recurrent_layers, add_attention_layers})
      add(makers);
    return makers;
  }();
  const auto found = kMakers.find(name);
  if (found == kMakers.end()) throw Unsupported("no such module");
  return found->second(init);
}

namespace {

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
                const Arguments& args, const Archive& archive, Reasons& by_design) {
  check_outputs(one_case, outputs.list, archive, by_design);
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
      check_gradient(one_case, {"gradient of", Kind::gradients, name}, answers[i++], expected, archive, by_design);
}

}  // namespace

Reasons run_module(const Value& one_case, const Archive& archive) {
  const Value& forward = one_case["forward"];
  const Value none = Value::List{};
  Arguments init(none, one_case["init"], archive);
  Layer built = [&] {
    const xgrad::DefaultDtype in_double(DType::float64);
    return made_layer(one_case["module"].text(), init);
  }();
  init.check_all_read();
  built.module.train(one_case["training"].boolean());
  nn::NamedTensors state = state_of(one_case, archive);
  // The weights of a loss are part of its state; a case gives them to the constructor alone.
  for (const auto& [name, buffer] : built.module.named_buffers())
    if (const Value& given = one_case["init"][name]; given.is_tensor() && !one_case["buffers"][name].is_text())
      state.emplace_back(name, archive.load(given["tensor"].text()));
  built.module.load(state);

  Arguments args(forward["args"], forward["kwargs"], archive, one_case["grads"]["inputs"]);
  const Outputs outputs = built.call(args);
  args.check_all_read();
  Reasons by_design;
  check_call(one_case, outputs, built.module.named_parameters(), args, archive, by_design);
  if (const Value& after = one_case["buffers_after"]; after.is_object())
    for (const auto& [buffer, tensor] : after.members()) {
      const Tensor expected = archive.load(tensor.text());
      check_close("buffer " + buffer, named(built.module.named_buffers(), buffer), expected,
                  bound_of(one_case, Kind::values, expected.dtype()));
    }
  return by_design;
}

}  // namespace conformance
