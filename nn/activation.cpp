#include "activation.hpp"

#include <stdexcept>

#include "../autograd/ops/reduce.hpp"
#include "detail/input.hpp"

namespace xgrad::nn {
namespace {

/// function(x); what it throws begins with the layer's path.
template <class F>
Tensor in_layer(const Module& layer, const Operand& x, const F& function) {
  input_of(layer, x);
  try {
    return function(x);
  } catch (const std::out_of_range& error) {
    throw std::out_of_range(concat(layer, ": ", error.what()));
  } catch (const std::invalid_argument& error) {
    throw std::invalid_argument(concat(layer, ": ", error.what()));
  }
}

}  // namespace

Tensor Identity::operator()(const Operand& x) const { return input_of(*this, x); }

Tensor Sigmoid::operator()(const Operand& x) const {
  return in_layer(*this, x, [](const Operand& x) { return sigmoid(x); });
}
Tensor Tanh::operator()(const Operand& x) const {
  return in_layer(*this, x, [](const Operand& x) { return tanh(x); });
}
Tensor ReLU::operator()(const Operand& x) const {
  return in_layer(*this, x, [](const Operand& x) { return relu(x); });
}
Tensor LeakyReLU::operator()(const Operand& x) const {
  return in_layer(*this, x, [this](const Operand& x) { return leaky_relu(x, slope_); });
}
Tensor ELU::operator()(const Operand& x) const {
  return in_layer(*this, x, [this](const Operand& x) { return elu(x, alpha_); });
}
Tensor GELU::operator()(const Operand& x) const {
  return in_layer(*this, x, [this](const Operand& x) { return gelu(x, form_); });
}
Tensor SiLU::operator()(const Operand& x) const {
  return in_layer(*this, x, [](const Operand& x) { return silu(x); });
}
Tensor Softplus::operator()(const Operand& x) const {
  return in_layer(*this, x, [this](const Operand& x) { return softplus(x, beta_, threshold_); });
}
Tensor Softmax::operator()(const Operand& x) const {
  return in_layer(*this, x, [this](const Operand& x) { return softmax(x, axis_); });
}
Tensor LogSoftmax::operator()(const Operand& x) const {
  return in_layer(*this, x, [this](const Operand& x) { return log_softmax(x, axis_); });
}

}  // namespace xgrad::nn
