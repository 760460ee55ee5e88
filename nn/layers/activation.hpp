// The activation functions as layers, for Sequential. Each is the operator of its name (autograd/ops), with its derivative
// and its conventions.
#pragma once

#include "../../autograd/ops/activation.hpp"
#include "../../autograd/ops/arithmetic.hpp"
#include "../../autograd/ops/trigonometric.hpp"
#include "../module.hpp"

namespace xgrad XGRAD_API {
namespace nn {

/// Base of the layers that apply an operator without options to each element: `struct Tanh final : Pointwise<xgrad::tanh> {};`
/// Shapes: x of any shape -> the same shape.
template <Tensor (*function)(const Operand&)>
class Pointwise : public Module {
 public:
  Tensor operator()(const Operand& x) const {
    return call(x, [&] { return function(x); });
  }
};

/// Identity answers with x itself.
class Identity final : public Module {
 public:
  Tensor operator()(const Operand& x) const;
};

/// Sigmoid is xgrad::sigmoid as a layer: 1 / (1 + exp(-x)).
struct Sigmoid final : Pointwise<xgrad::sigmoid> {};
/// LogSigmoid is xgrad::log_sigmoid as a layer: log(sigmoid(x)), without overflow.
struct LogSigmoid final : Pointwise<xgrad::log_sigmoid> {};
/// Tanh is xgrad::tanh as a layer.
struct Tanh final : Pointwise<xgrad::tanh> {};
/// ReLU is xgrad::relu as a layer: x where it is above 0, else 0.
struct ReLU final : Pointwise<xgrad::relu> {};
/// SiLU is xgrad::silu as a layer: x sigmoid(x).
struct SiLU final : Pointwise<xgrad::silu> {};

/// LeakyReLU is xgrad::leaky_relu as a layer: x where it is above 0, else slope x.
class LeakyReLU final : public Module {
 public:
  explicit LeakyReLU(double slope = 0.01) : slope_(slope) {}
  Tensor operator()(const Operand& x) const;

 private:
  double slope_;
};

/// ELU is xgrad::elu as a layer: x where it is above 0, else alpha (exp(x) - 1).
class ELU final : public Module {
 public:
  explicit ELU(double alpha = 1) : alpha_(alpha) {}
  Tensor operator()(const Operand& x) const;

 private:
  double alpha_;
};

/// GELU is xgrad::gelu as a layer: x times the normal distribution function of x, or its approximation by tanh.
class GELU final : public Module {
 public:
  explicit GELU(GeluForm form = GeluForm::erf) : form_(form) {}
  Tensor operator()(const Operand& x) const;

 private:
  GeluForm form_;
};

/// Softplus is xgrad::softplus as a layer: log(1 + exp(beta x)) / beta, and x where beta x is above the threshold.
class Softplus final : public Module {
 public:
  explicit Softplus(double beta = 1, double threshold = 20) : beta_(beta), threshold_(threshold) {}
  Tensor operator()(const Operand& x) const;

 private:
  double beta_;
  double threshold_;
};

/// Softmax is xgrad::softmax as a layer, over the last axis unless another is given.
/// Throws: std::out_of_range, when it is called, for an axis that x does not have.
class Softmax final : public Module {
 public:
  explicit Softmax(int axis = -1) : axis_(axis) {}
  Tensor operator()(const Operand& x) const;

 private:
  int axis_;
};

/// LogSoftmax is xgrad::log_softmax as a layer, over the last axis unless another is given.
/// Throws: std::out_of_range, when it is called, for an axis that x does not have.
class LogSoftmax final : public Module {
 public:
  explicit LogSoftmax(int axis = -1) : axis_(axis) {}
  Tensor operator()(const Operand& x) const;

 private:
  int axis_;
};

}  // namespace nn
}  // namespace xgrad
