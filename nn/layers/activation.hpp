// The activation functions as layers, for Sequential. Each is the operator of its name (autograd/ops), with its
// derivative and its conventions.
#pragma once

#include "../../autograd/ops/activation.hpp"
#include "../../autograd/ops/arithmetic.hpp"
#include "../../autograd/ops/trigonometric.hpp"
#include "../../autograd/random.hpp"
#include "../init.hpp"
#include "../module.hpp"

namespace xgrad XGRAD_API {
namespace nn {

/// Base of the layers that apply an operator without options to each element:
/// `struct Tanh final : Pointwise<xgrad::tanh> {};`
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
/// ReLU6 is xgrad::relu6 as a layer: x limited to [0, 6].
struct ReLU6 final : Pointwise<xgrad::relu6> {};
/// SELU is xgrad::selu as a layer: the exponential unit that keeps mean 0 and variance 1.
struct SELU final : Pointwise<xgrad::selu> {};
/// Mish is xgrad::mish as a layer: x tanh(log(1 + exp(x))).
struct Mish final : Pointwise<xgrad::mish> {};
/// Hardsigmoid is xgrad::hardsigmoid as a layer: x / 6 + 1/2, limited to [0, 1].
struct Hardsigmoid final : Pointwise<xgrad::hardsigmoid> {};
/// Hardswish is xgrad::hardswish as a layer: x hardsigmoid(x).
struct Hardswish final : Pointwise<xgrad::hardswish> {};
/// Softsign is xgrad::softsign as a layer: x / (1 + |x|).
struct Softsign final : Pointwise<xgrad::softsign> {};
/// Tanhshrink is xgrad::tanhshrink as a layer: x - tanh(x).
struct Tanhshrink final : Pointwise<xgrad::tanhshrink> {};

/// LeakyReLU is xgrad::leaky_relu as a layer: x where it is above 0, else slope x.
class LeakyReLU final : public Module {
 public:
  explicit LeakyReLU(double slope = 0.01);
  Tensor operator()(const Operand& x) const;

 private:
  double slope_;
};

/// ELU is xgrad::elu as a layer: x where it is above 0, else alpha (exp(x) - 1).
class ELU final : public Module {
 public:
  explicit ELU(double alpha = 1);
  Tensor operator()(const Operand& x) const;

 private:
  double alpha_;
};

/// GELU is xgrad::gelu as a layer: x times the normal distribution function of x, or its approximation by tanh.
class GELU final : public Module {
 public:
  explicit GELU(GeluForm form = GeluForm::erf);
  Tensor operator()(const Operand& x) const;

 private:
  GeluForm form_;
};

/// Softplus is xgrad::softplus as a layer: log(1 + exp(beta x)) / beta, and x where beta x is above the threshold.
class Softplus final : public Module {
 public:
  explicit Softplus(double beta = 1, double threshold = 20);
  Tensor operator()(const Operand& x) const;

 private:
  double beta_;
  double threshold_;
};

/// CELU is xgrad::celu as a layer: x where it is above 0, else alpha (exp(x / alpha) - 1).
class CELU final : public Module {
 public:
  explicit CELU(double alpha = 1);
  Tensor operator()(const Operand& x) const;

 private:
  double alpha_;
};

/// GLU is xgrad::glu as a layer: the first half of x along an axis, times the sigmoid of the second.
/// Shapes: half of the extent along the axis.
/// Throws: when it is called, std::out_of_range for an axis that x does not have, std::invalid_argument where its
/// extent is odd.
class GLU final : public Module {
 public:
  explicit GLU(int axis = -1);
  Tensor operator()(const Operand& x) const;

 private:
  int axis_;
};

/// Hardtanh is xgrad::hardtanh as a layer: x limited to [low, high].
class Hardtanh final : public Module {
 public:
  explicit Hardtanh(Scalar low = -1, Scalar high = 1);
  Tensor operator()(const Operand& x) const;

 private:
  Scalar low_, high_;
};

/// Hardshrink is xgrad::hardshrink as a layer: x where it is further from 0 than lambda, else 0.
class Hardshrink final : public Module {
 public:
  explicit Hardshrink(double lambda = 0.5);
  Tensor operator()(const Operand& x) const;

 private:
  double lambda_;
};

/// Softshrink is xgrad::softshrink as a layer: x moved by lambda towards 0, and 0 within lambda of it.
/// Throws: std::invalid_argument, when it is called, for a lambda below 0.
class Softshrink final : public Module {
 public:
  explicit Softshrink(double lambda = 0.5);
  Tensor operator()(const Operand& x) const;

 private:
  double lambda_;
};

/// Threshold is xgrad::threshold as a layer: x where it is above a bound, else another value.
class Threshold final : public Module {
 public:
  Threshold(Scalar bound, Scalar value);
  Tensor operator()(const Operand& x) const;

 private:
  Scalar bound_, value_;
};

/// Options of RReLU.
struct RReLUOptions {
  /// Draw from this one, which must outlive the layer; null: the default_generator() of the thread that calls it.
  Generator* generator = nullptr;
};

/// RReLU is xgrad::rrelu while training, a leaky rectifier with slopes that are drawn, and in evaluation leaky_relu
/// with the mean slope.
class RReLU final : public Module {
 public:
  /// Throws: std::invalid_argument unless lower <= upper, both finite.
  explicit RReLU(double lower = 1.0 / 8, double upper = 1.0 / 3, RReLUOptions options = {},
                 SourceLocation where = SourceLocation::current());
  Tensor operator()(const Operand& x) const;

 private:
  double lower_, upper_;
  Generator* generator_;
};

/// Options of PReLU.
struct PReLUOptions {
  Initializer weight_init = {};  ///< none: init::constant(0.25)
  DType dtype = default_dtype();
};
/// PReLU is xgrad::prelu as a layer: x where it is above 0, else a learned slope times x.
///
/// Parameters: weight [count], the slopes, which start as 0.25.
///
/// Shapes: x of any shape, with `count` channels in axis 1 unless count is 1 -> the same.
/// Throws: std::invalid_argument, when it is called, for another number of channels.
/// Source: He, Zhang, Ren, Sun, Delving deep into rectifiers, 2015.
class PReLU final : public Module {
 public:
  /// Throws: std::invalid_argument for a count below 1, and an initialiser that gives another shape or dtype.
  explicit PReLU(std::int64_t count = 1, PReLUOptions options = {}, SourceLocation where = SourceLocation::current());
  Tensor operator()(const Operand& x) const;

  Parameter weight() const { return weight_; }

 private:
  Parameter weight_;
};

/// Softmax is xgrad::softmax as a layer, over the last axis unless another is given.
/// Throws: std::out_of_range, when it is called, for an axis that x does not have.
class Softmax final : public Module {
 public:
  explicit Softmax(int axis = -1);
  Tensor operator()(const Operand& x) const;

 private:
  int axis_;
};

/// LogSoftmax is xgrad::log_softmax as a layer, over the last axis unless another is given.
/// Throws: std::out_of_range, when it is called, for an axis that x does not have.
class LogSoftmax final : public Module {
 public:
  explicit LogSoftmax(int axis = -1);
  Tensor operator()(const Operand& x) const;

 private:
  int axis_;
};

/// Softmin is softmax of -x as a layer, over the last axis unless another is given.
/// Throws: std::out_of_range, when it is called, for an axis that x does not have.
class Softmin final : public Module {
 public:
  explicit Softmin(int axis = -1);
  Tensor operator()(const Operand& x) const;

 private:
  int axis_;
};

/// Softmax2d is softmax over the channels of images as a layer.
/// Shapes: `x [N, C, H, W]` or `[C, H, W] -> ` the same.
/// Throws: std::invalid_argument, when it is called, for other shapes.
class Softmax2d final : public Module {
 public:
  Tensor operator()(const Operand& x) const;
};

}  // namespace nn
}  // namespace xgrad
