// The activation functions as layers, for Sequential. Each is the operator of its name (autograd/ops), and its errors
// begin with the layer's path.
#pragma once

#include "autograd/ops/elementwise.hpp"
#include "nn/module.hpp"

namespace xgrad::nn {

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

struct Relu : Module {
  Tensor operator()(const Operand& x) const;
};

class LeakyRelu : public Module {
 public:
  explicit LeakyRelu(double slope = 0.01) : slope_(slope) {}
  Tensor operator()(const Operand& x) const;

 private:
  double slope_;
};

class Elu : public Module {
 public:
  explicit Elu(double alpha = 1) : alpha_(alpha) {}
  Tensor operator()(const Operand& x) const;

 private:
  double alpha_;
};

class Gelu : public Module {
 public:
  explicit Gelu(xgrad::Gelu form = xgrad::Gelu::erf) : form_(form) {}
  Tensor operator()(const Operand& x) const;

 private:
  xgrad::Gelu form_;
};

struct Silu : Module {
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

}  // namespace xgrad::nn
