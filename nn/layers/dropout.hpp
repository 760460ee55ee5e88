// Dropout layers: random zeros while training.
#pragma once

#include "../../autograd/ops/dropout.hpp"
#include "../module.hpp"

namespace xgrad XGRAD_API {
namespace nn {

using xgrad::dropout;

/// Options of the dropout layers.
struct DropoutOptions {
  /// Draw from this one, which must outlive the layer; null: the default_generator() of the thread that calls it.
  Generator* generator = nullptr;
};

/// Base of the dropout layers: the probability, and the generator that they draw from.
class DropoutLayer : public Module {
 public:
  double p() const { return p_; }

 protected:
  using Operator = Tensor (*)(const Operand& x, double p, Generator& generator);

  DropoutLayer(const char* name, double p, DropoutOptions options, SourceLocation where);
  /// x itself in evaluation and where p is 0, else what the operator makes of it.
  Tensor dropped(const Operand& x, Operator drop) const;

 private:
  double p_;
  Generator* generator_;
};

/// Dropout is xgrad::dropout() while training, and x itself in evaluation.
/// Shapes: x of any shape -> the same.
/// Dtype: floating; in evaluation any.
class Dropout final : public DropoutLayer {
 public:
  /// Throws: std::invalid_argument unless p is in [0, 1].
  explicit Dropout(double p = 0.5, DropoutOptions options = {}, SourceLocation where = SourceLocation::current());

  Tensor operator()(const Operand& x) const;
};

/// Dropout1d is dropout of whole channels of sequences while training, xgrad::feature_dropout(), and x itself in
/// evaluation.
/// Shapes: `x [N, C, L] -> ` the same; `[C, L]` for one sample.
/// Throws: std::invalid_argument, when it is called in training, for other shapes and dtypes that are not floating.
class Dropout1d final : public DropoutLayer {
 public:
  /// Throws: std::invalid_argument unless p is in [0, 1].
  explicit Dropout1d(double p = 0.5, DropoutOptions options = {}, SourceLocation where = SourceLocation::current());

  Tensor operator()(const Operand& x) const;
};

/// Dropout2d is dropout of whole channels of images while training, xgrad::feature_dropout(), and x itself in
/// evaluation.
/// Shapes: `x [N, C, H, W] -> ` the same. Three axes are `[N, C, L]`, as PyTorch 1.13 has it.
/// Throws: std::invalid_argument, when it is called in training, for other shapes and dtypes that are not floating.
class Dropout2d final : public DropoutLayer {
 public:
  /// Throws: std::invalid_argument unless p is in [0, 1].
  explicit Dropout2d(double p = 0.5, DropoutOptions options = {}, SourceLocation where = SourceLocation::current());

  Tensor operator()(const Operand& x) const;
};

/// Dropout3d is dropout of whole channels of volumes while training, xgrad::feature_dropout(), and x itself in
/// evaluation.
/// Shapes: `x [N, C, D, H, W] -> ` the same; `[C, D, H, W]` for one sample.
/// Throws: std::invalid_argument, when it is called in training, for other shapes and dtypes that are not floating.
class Dropout3d final : public DropoutLayer {
 public:
  /// Throws: std::invalid_argument unless p is in [0, 1].
  explicit Dropout3d(double p = 0.5, DropoutOptions options = {}, SourceLocation where = SourceLocation::current());

  Tensor operator()(const Operand& x) const;
};

/// AlphaDropout is xgrad::alpha_dropout() while training, and x itself in evaluation: the dropout that goes with SELU.
/// Shapes: x of any shape -> the same.
/// Dtype: floating; in evaluation any.
class AlphaDropout final : public DropoutLayer {
 public:
  /// Throws: std::invalid_argument unless p is in [0, 1].
  explicit AlphaDropout(double p = 0.5, DropoutOptions options = {}, SourceLocation where = SourceLocation::current());

  Tensor operator()(const Operand& x) const;
};

/// FeatureAlphaDropout is xgrad::feature_alpha_dropout() while training, and x itself in evaluation: AlphaDropout of
/// whole channels.
/// Shapes: `x [N, C, ...] -> ` the same.
/// Throws: std::invalid_argument, when it is called in training, for other shapes and dtypes that are not floating.
class FeatureAlphaDropout final : public DropoutLayer {
 public:
  /// Throws: std::invalid_argument unless p is in [0, 1].
  explicit FeatureAlphaDropout(double p = 0.5, DropoutOptions options = {},
                               SourceLocation where = SourceLocation::current());

  Tensor operator()(const Operand& x) const;
};

}  // namespace nn
}  // namespace xgrad
