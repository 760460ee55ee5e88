// Dropout: random zeros while training.
#pragma once

#include "../../autograd/ops/dropout.hpp"
#include "../module.hpp"

namespace xgrad XGRAD_API {
namespace nn {

using xgrad::dropout;

/// Dropout is xgrad::dropout() while training, and x itself in evaluation.
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
