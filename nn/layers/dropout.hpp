// Dropout: random zeros while training.
#pragma once

#include "../../autograd/ops/random.hpp"
#include "../module.hpp"

namespace xgrad XGRAD_API {
namespace nn {

/// x with each element set to 0 with probability p, the others multiplied by 1 / (1 - p), so that the mean stays. p = 1
/// gives zeros.
/// Shapes: x of any shape -> the same shape.
/// Dtype: floating; the result's is x's.
/// Derivative: g / (1 - p) where x was kept, 0 elsewhere.
/// Throws: std::invalid_argument unless p is in [0, 1] and x is floating.
/// Source: Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov 2014.
Tensor dropout(const Operand& x, double p = 0.5, Generator& generator = default_generator());

/// Dropout is nn::dropout() while training, and x itself in evaluation.
class Dropout final : public Module {
 public:
  /// Without a generator it draws from the default one of the thread that calls it.
  /// Throws: std::invalid_argument unless p is in [0, 1].
  explicit Dropout(double p = 0.5, SourceLocation where = SourceLocation::current());
  /// Draws from this generator, which must outlive the layer.
  Dropout(double p, Generator& generator, SourceLocation where = SourceLocation::current());

  Tensor operator()(const Operand& x) const;

  double p() const { return p_; }

 private:
  double p_;
  Generator* generator_ = nullptr;
};

}  // namespace nn
}  // namespace xgrad
