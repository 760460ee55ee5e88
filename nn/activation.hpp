// The activation functions as layers, for Sequential. Each is the operator of its name (autograd/ops), and its errors
// begin with the layer's path.
#pragma once

#include "../autograd/ops/elementwise.hpp"
#include "module.hpp"

namespace xgrad XGRAD_API {
namespace nn {

/// x itself.
struct Identity : Module {
  Tensor operator()(const Operand& x) const;
};

struct Sigmoid : Module {
  Tensor operator()(const Operand& x) const;
};

struct Tanh : Module {
  Tensor operator()(const Operand& x) const;
};

struct ReLU : Module {
  Tensor operator()(const Operand& x) const;
};

class LeakyReLU : public Module {
 public:
  explicit LeakyReLU(double slope = 0.01) : slope_(slope) {}
  Tensor operator()(const Operand& x) const;

 private:
  double slope_;
};

class ELU : public Module {
 public:
  explicit ELU(double alpha = 1) : alpha_(alpha) {}
  Tensor operator()(const Operand& x) const;

 private:
  double alpha_;
};

class GELU : public Module {
 public:
  explicit GELU(xgrad::GeluForm form = xgrad::GeluForm::erf) : form_(form) {}
  Tensor operator()(const Operand& x) const;

 private:
  xgrad::GeluForm form_;
};

struct SiLU : Module {
  Tensor operator()(const Operand& x) const;
};

class Softplus : public Module {
 public:
  explicit Softplus(double beta = 1, double threshold = 20) : beta_(beta), threshold_(threshold) {}
  Tensor operator()(const Operand& x) const;

 private:
  double beta_;
  double threshold_;
};

/// Over the last axis unless another is given.
class Softmax : public Module {
 public:
  explicit Softmax(int axis = -1) : axis_(axis) {}
  Tensor operator()(const Operand& x) const;

 private:
  int axis_;
};

/// Over the last axis unless another is given.
class LogSoftmax : public Module {
 public:
  explicit LogSoftmax(int axis = -1) : axis_(axis) {}
  Tensor operator()(const Operand& x) const;

 private:
  int axis_;
};

}  // namespace nn
}  // namespace xgrad
