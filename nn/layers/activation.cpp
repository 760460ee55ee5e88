#include "activation.hpp"

#include <cmath>

#include "../../autograd/ops.hpp"
#include "../detail/start.hpp"

namespace xgrad XGRAD_API {
namespace nn {

Tensor Identity::operator()(const Operand& x) const {
  return call(x, [&] { return x.tensor("Identity"); });
}
LeakyReLU::LeakyReLU(double slope) : slope_(slope) {}
Tensor LeakyReLU::operator()(const Operand& x) const {
  return call(x, [&] { return leaky_relu(x, slope_); });
}
ELU::ELU(double alpha) : alpha_(alpha) {}
Tensor ELU::operator()(const Operand& x) const {
  return call(x, [&] { return elu(x, alpha_); });
}
GELU::GELU(GeluForm form) : form_(form) {}
Tensor GELU::operator()(const Operand& x) const {
  return call(x, [&] { return gelu(x, form_); });
}
Softplus::Softplus(double beta, double threshold) : beta_(beta), threshold_(threshold) {}
Tensor Softplus::operator()(const Operand& x) const {
  return call(x, [&] { return softplus(x, beta_, threshold_); });
}
Softmax::Softmax(int axis) : axis_(axis) {}
Tensor Softmax::operator()(const Operand& x) const {
  return call(x, [&] { return softmax(x, axis_); });
}
LogSoftmax::LogSoftmax(int axis) : axis_(axis) {}
Tensor LogSoftmax::operator()(const Operand& x) const {
  return call(x, [&] { return log_softmax(x, axis_); });
}
Softmin::Softmin(int axis) : axis_(axis) {}
Tensor Softmin::operator()(const Operand& x) const {
  return call(x, [&] {
    Tensor minus = -x;
    return softmax({minus, x.where()}, axis_);
  });
}
Tensor Softmax2d::operator()(const Operand& x) const {
  return call(x, [&] {
    const Shape& shape = x.tensor("Softmax2d").shape();
    check(shape.ndim() == 3 || shape.ndim() == 4, x.where(), "x must be [N, C, H, W] or [C, H, W], but it is ", shape,
          ".");
    return softmax(x, -3);
  });
}
CELU::CELU(double alpha) : alpha_(alpha) {}
Tensor CELU::operator()(const Operand& x) const {
  return call(x, [&] { return celu(x, alpha_); });
}
GLU::GLU(int axis) : axis_(axis) {}
Tensor GLU::operator()(const Operand& x) const {
  return call(x, [&] { return glu(x, axis_); });
}
Hardtanh::Hardtanh(Scalar low, Scalar high) : low_(low), high_(high) {}
Tensor Hardtanh::operator()(const Operand& x) const {
  return call(x, [&] { return hardtanh(x, low_, high_); });
}
Hardshrink::Hardshrink(double lambda) : lambda_(lambda) {}
Tensor Hardshrink::operator()(const Operand& x) const {
  return call(x, [&] { return hardshrink(x, lambda_); });
}
Softshrink::Softshrink(double lambda) : lambda_(lambda) {}
Tensor Softshrink::operator()(const Operand& x) const {
  return call(x, [&] { return softshrink(x, lambda_); });
}
Threshold::Threshold(Scalar bound, Scalar value) : bound_(bound), value_(value) {}
Tensor Threshold::operator()(const Operand& x) const {
  return call(x, [&] { return threshold(x, bound_, value_); });
}

RReLU::RReLU(double lower, double upper, RReLUOptions options, SourceLocation where)
    : lower_(lower), upper_(upper), generator_(options.generator) {
  check(lower <= upper && std::isfinite(upper - lower), where,
        "RReLU: lower must not exceed upper, and both must be finite, but they are ", lower, " and ", upper, ".");
}
Tensor RReLU::operator()(const Operand& x) const {
  return call(x, [&] {
    if (!is_training()) return leaky_relu(x, (lower_ + upper_) / 2);
    return rrelu(x, lower_, upper_, generator_ != nullptr ? *generator_ : default_generator());
  });
}

PReLU::PReLU(std::int64_t count, PReLUOptions options, SourceLocation where)
    : weight_((check(count >= 1, where, "PReLU: there must be at least one slope, but count is ", count, "."),
               param("weight",
                     detail::Start{"PReLU", options.dtype, nullptr, where}("weight_init", options.weight_init,
                                                                           init::constant(0.25), {count}),
                     where))) {}
Tensor PReLU::operator()(const Operand& x) const {
  return call(x, [&] { return prelu(x, {weight_, x.where()}); });
}

}  // namespace nn
}  // namespace xgrad
