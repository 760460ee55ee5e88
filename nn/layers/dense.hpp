// Dense and Bilinear: layers that are fully connected to their inputs.
#pragma once

#include "../init.hpp"
#include "../module.hpp"

namespace xgrad XGRAD_API {
namespace nn {

/// Options of Dense and Bilinear.
struct DenseOptions {
  bool bias = true;
  Initializer weight_init = {};  ///< none: init::uniform_fan_in()
  Initializer bias_init = {};    ///< none: uniform in +-1 / sqrt(in)
  DType dtype = default_dtype();
  Generator* generator = nullptr;  ///< null: the thread's default_generator()

  ~DenseOptions();  // in the .cpp, as Dense's: nearly every model's file would compile them
};

/// Dense is the fully connected layer, x weight^T + bias.
///
/// Parameters: weight [out, in] and bias [out], which start uniform in +-1 / sqrt(in), as those of PyTorch's Linear do;
/// `{.bias_init = init::zeros()}` starts the bias at 0.
///
/// Shapes: x [..., in] -> [..., out].
/// Dtype: x's and the parameters' promote.
/// Throws: std::invalid_argument, when it is called, unless x's last axis is `in` long.
class Dense final : public Module {
 public:
  /// Throws: std::invalid_argument for sizes below 0, a dtype that is not floating, and an initialiser that gives
  /// another shape or dtype.
  Dense(std::int64_t in, std::int64_t out, DenseOptions options = {}, SourceLocation where = SourceLocation::current());
  /// A layer on these very tensors, [out, in] and [out]: where they are another layer's, the two are tied. An undefined
  /// bias is none.
  /// Throws: std::invalid_argument for other shapes, and for dtypes that differ or are not floating.
  explicit Dense(const Tensor& weight, const Tensor& bias = {}, SourceLocation where = SourceLocation::current());
  Dense(const Dense&);
  ~Dense() override;

  Tensor operator()(const Operand& x) const;

  std::int64_t in() const { return weight_.shape()[1]; }
  std::int64_t out() const { return weight_.shape()[0]; }
  Parameter weight() const { return weight_; }
  /// The bias; undefined for a layer without one.
  Parameter bias() const { return bias_; }

 private:
  Parameter weight_;
  Parameter bias_;
};

/// Options of Bilinear.
using BilinearOptions = DenseOptions;

/// Bilinear is xgrad::bilinear() as a layer: y[k] = a^T weight[k] b + bias[k].
///
/// Parameters: weight [out, in1, in2] and bias [out], which start uniform in +-1 / sqrt(in1), as PyTorch's do.
///
/// Shapes: a [..., in1], b [..., in2] -> [..., out].
/// Dtype: the inputs' and the parameters' promote.
/// Throws: std::invalid_argument, when it is called, for other shapes.
class Bilinear final : public Module {
 public:
  /// Throws: std::invalid_argument for sizes below 0, a dtype that is not floating, and an initialiser that gives
  /// another shape or dtype.
  Bilinear(std::int64_t in1, std::int64_t in2, std::int64_t out, BilinearOptions options = {},
           SourceLocation where = SourceLocation::current());
  /// A layer on these very tensors, [out, in1, in2] and [out]. An undefined bias is none.
  /// Throws: std::invalid_argument for other shapes, and for dtypes that differ or are not floating.
  explicit Bilinear(const Tensor& weight, const Tensor& bias = {}, SourceLocation where = SourceLocation::current());

  Tensor operator()(const Operand& a, const Tensor& b) const;

  Parameter weight() const { return weight_; }
  /// The bias; undefined for a layer without one.
  Parameter bias() const { return bias_; }

 private:
  Parameter weight_;
  Parameter bias_;
};

}  // namespace nn
}  // namespace xgrad
