// RMSProp: the gradient divided by a running root mean square of itself.
#pragma once

#include "optimizer.hpp"

namespace xgrad XGRAD_API {
namespace optim {

/// Options of RMSProp.
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
  /// Throws std::invalid_argument, naming the option and its value, when one is outside its range.
  void check(SourceLocation where) const;
};

extern template class OptimizerOf<RMSPropOptions>;

/// RMSProp, which divides the gradient by a running root mean square of itself:
///
///     v = alpha v + (1 - alpha) g^2
///     m = alpha m + (1 - alpha) g            (centered; v - m^2, not less than 0, then takes the place of v below)
///     w -= lr g / (sqrt(v) + eps)
///
///     b = momentum b + g / (sqrt(v) + eps)   (with momentum)
///     w -= lr b
///
/// Keeps `mean_square` (v), and `mean` (m) and `momentum` (b) where the options ask for them.
/// Source: Tieleman, Hinton, COURSERA lecture 6.5, 2012; centered: Graves, Generating Sequences with Recurrent Neural
/// Networks, 2013.
class RMSProp : public OptimizerOf<RMSPropOptions> {
 public:
  using OptimizerOf::OptimizerOf;

 protected:
  std::vector<Kept> keeps(const RMSPropOptions& options, const Tensor& w) const override;
  void update(const RMSPropOptions& options, Tensor& w, const Tensor& g, State& state) override;
};

}  // namespace optim
}  // namespace xgrad
