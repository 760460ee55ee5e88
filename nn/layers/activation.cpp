#include "activation.hpp"

#include "../../autograd/ops.hpp"

namespace xgrad XGRAD_API {
namespace nn {

Tensor Identity::operator()(const Operand& x) const {
  return call(x, [&] { return x.tensor("Identity"); });
}
Tensor LeakyReLU::operator()(const Operand& x) const {
  return call(x, [&] { return leaky_relu(x, slope_); });
}
Tensor ELU::operator()(const Operand& x) const {
  return call(x, [&] { return elu(x, alpha_); });
}
Tensor GELU::operator()(const Operand& x) const {
  return call(x, [&] { return gelu(x, form_); });
}
Tensor Softplus::operator()(const Operand& x) const {
  return call(x, [&] { return softplus(x, beta_, threshold_); });
}
Tensor Softmax::operator()(const Operand& x) const {
  return call(x, [&] { return softmax(x, axis_); });
}
Tensor LogSoftmax::operator()(const Operand& x) const {
  return call(x, [&] { return log_softmax(x, axis_); });
}

}  // namespace nn
}  // namespace xgrad
