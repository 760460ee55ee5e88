// The activation functions as layers, for Sequential. Each is the operator of its name (autograd/ops).
#pragma once

#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/reduce.hpp"
#include "nn/module.hpp"

namespace xgrad::nn {

/// x itself.
struct Identity : Module {
  Tensor operator()(const Operand& x) const { return x.tensor("Identity"); }
};

struct Sigmoid : Module {
  Tensor operator()(const Operand& x) const { return sigmoid(x); }
};

struct Tanh : Module {
  Tensor operator()(const Operand& x) const { return tanh(x); }
};

struct Relu : Module {
  Tensor operator()(const Operand& x) const { return relu(x); }
};

class LeakyRelu : public Module {
 public:
  explicit LeakyRelu(double slope = 0.01) : slope_(slope) {}
  Tensor operator()(const Operand& x) const { return leaky_relu(x, slope_); }

 private:
  double slope_;
};

class Elu : public Module {
 public:
  explicit Elu(double alpha = 1) : alpha_(alpha) {}
  Tensor operator()(const Operand& x) const { return elu(x, alpha_); }

 private:
  double alpha_;
};

class Gelu : public Module {
 public:
  explicit Gelu(xgrad::Gelu form = xgrad::Gelu::erf) : form_(form) {}
  Tensor operator()(const Operand& x) const { return gelu(x, form_); }

 private:
  xgrad::Gelu form_;
};

struct Silu : Module {
  Tensor operator()(const Operand& x) const { return silu(x); }
};

class Softplus : public Module {
 public:
  explicit Softplus(double beta = 1, double threshold = 20) : beta_(beta), threshold_(threshold) {}
  Tensor operator()(const Operand& x) const { return softplus(x, beta_, threshold_); }

 private:
  double beta_;
  double threshold_;
};

/// Over the last axis unless another is given.
class Softmax : public Module {
 public:
  explicit Softmax(int axis = -1) : axis_(axis) {}
  Tensor operator()(const Operand& x) const { return softmax(x, axis_); }

 private:
  int axis_;
};

/// Over the last axis unless another is given.
class LogSoftmax : public Module {
 public:
  explicit LogSoftmax(int axis = -1) : axis_(axis) {}
  Tensor operator()(const Operand& x) const { return log_softmax(x, axis_); }

 private:
  int axis_;
};

}  // namespace xgrad::nn
