// RMSProp: the gradient divided by a running root mean square of itself.
#pragma once

#include "optimizer.hpp"

namespace xgrad XGRAD_API {
namespace optim {

struct RMSPropOptions {
  double lr = 1e-2;              ///< learning rate, at least 0
  double alpha = 0.99;           ///< share of the running averages that a step keeps, in [0, 1)
  double eps = 1e-8;             ///< keeps the quotient finite, at least 0
  bool eps_inside_root = false;  ///< divide by sqrt(v + eps), as many textbooks write it
  bool centered = false;         ///< divide by an estimate of the standard deviation instead
  double momentum = 0;           ///< at least 0
  double weight_decay = 0;       ///< adds weight_decay w to the gradient, at least 0
  bool maximize = false;         ///< climb instead of descending
  NonFinite nonfinite = NonFinite::proceed;

  static constexpr const char* kOptimizer = "RMSProp";
  void check(SourceLocation where) const;
};

extern template class OptimizerOf<RMSPropOptions>;

///     v = alpha v + (1 - alpha) g^2
///     m = alpha m + (1 - alpha) g            (centered; v - m^2 then stands for v below, not less than 0)
///     w -= lr g / (sqrt(v) + eps)
///
/// and with momentum b = momentum b + g / (sqrt(v) + eps), w -= lr b. Tieleman, Hinton, COURSERA lecture 6.5,
/// 2012; centered: Graves, Generating Sequences with Recurrent Neural Networks, 2013.
class RMSProp : public OptimizerOf<RMSPropOptions> {
 public:
  using OptimizerOf::OptimizerOf;
  /// mean_square: v, momentum: b, mean: m.
  std::array<const char*, 3> buffer_names() const override { return {"mean_square", "momentum", "mean"}; }

 protected:
  void update(const RMSPropOptions& options, Tensor& w, const Tensor& g, State& state) override;
};

}  // namespace optim
}  // namespace xgrad
