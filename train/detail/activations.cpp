#include "activations.hpp"

#include <algorithm>

#include "../../autograd/grad.hpp"
#include "../../autograd/grad_mode.hpp"
#include "../../autograd/ops.hpp"

namespace xgrad::train::detail {
namespace {

struct Activation {
  std::string_view name;
  bool saturates;
  Tensor (*apply)(const Tensor& x);  // by its usual options
};

const Activation kActivations[] = {
    {"relu", false, [](const Tensor& x) { return relu(x); }},
    {"relu6", false, [](const Tensor& x) { return relu6(x); }},
    {"leaky_relu", false, [](const Tensor& x) { return leaky_relu(x); }},
    {"elu", false, [](const Tensor& x) { return elu(x); }},
    {"selu", false, [](const Tensor& x) { return selu(x); }},
    {"gelu", false, [](const Tensor& x) { return gelu(x); }},
    {"silu", false, [](const Tensor& x) { return silu(x); }},
    {"mish", false, [](const Tensor& x) { return mish(x); }},
    {"softplus", false, [](const Tensor& x) { return softplus(x); }},
    {"sigmoid", true, [](const Tensor& x) { return sigmoid(x); }},
    {"tanh", true, [](const Tensor& x) { return tanh(x); }},
    {"hardtanh", true, [](const Tensor& x) { return hardtanh(x); }},
    {"hardsigmoid", true, [](const Tensor& x) { return hardsigmoid(x); }},
    {"softsign", true, [](const Tensor& x) { return softsign(x); }},
};

const Activation* find(std::string_view name) {
  const auto* at = std::find_if(std::begin(kActivations), std::end(kActivations),
                                [&](const Activation& each) { return each.name == name; });
  return at == std::end(kActivations) ? nullptr : at;
}

}  // namespace

bool is_activation(std::string_view name) { return find(name) != nullptr; }
bool saturates(std::string_view name) {
  const Activation* activation = find(name);
  return activation != nullptr && activation->saturates;
}

Tensor slope_of(std::string_view name, const Tensor& x) {
  GradMode recording(true);
  const Tensor at = copy(x.detach()).set_requires_grad();
  return abs(grad(sum(find(name)->apply(at)), at));
}

}  // namespace xgrad::train::detail
