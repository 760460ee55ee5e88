// Lion: steps of one size, by the sign of a mixture of momentum and gradient.
#pragma once

#include <utility>

#include "optimizer.hpp"

namespace xgrad XGRAD_API {
namespace optim {

/// Options of Lion.
struct LionOptions {
  double lr = 1e-4;                               ///< learning rate, at least 0; a tenth to a third of AdamW's
  std::pair<double, double> betas = {0.9, 0.99};  ///< shares of m in the step, and in the next m, in [0, 1)
  double weight_decay = 0;                        ///< multiplies w by 1 - lr weight_decay in each step, at least 0
  bool maximize = false;                          ///< climb instead of descending
  NonFinite nonfinite = NonFinite::proceed;

  static constexpr const char* kOptimizer = "Lion";
  /// Throws std::invalid_argument, naming the option and its value, when one is outside its range.
  void check(SourceLocation where) const;
};

extern template class OptimizerOf<LionOptions>;

/// Lion, whose steps have one size for all elements, and the sign of a mixture of momentum and gradient:
///
///     w = (1 - lr weight_decay) w - lr sign(beta1 m + (1 - beta1) g)
///     m = beta2 m + (1 - beta2) g
///
/// Keeps `mean` (m).
/// Source: Chen et al., Symbolic Discovery of Optimization Algorithms, NeurIPS 2023.
class Lion : public OptimizerOf<LionOptions> {
 public:
  using OptimizerOf::OptimizerOf;

 protected:
  std::vector<Kept> keeps(const LionOptions& options, const Tensor& w) const override;
  void update(const LionOptions& options, Tensor& w, const Tensor& g, State& state) override;
};

}  // namespace optim
}  // namespace xgrad
