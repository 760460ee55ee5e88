// Adamax: Adam by the largest gradient in place of the mean square.
#pragma once

#include <utility>

#include "optimizer.hpp"

namespace xgrad XGRAD_API {
namespace optim {

/// Options of Adamax.
struct AdamaxOptions {
  double lr = 2e-3;                                ///< learning rate, at least 0
  std::pair<double, double> betas = {0.9, 0.999};  ///< shares of m and of u that a step keeps, in [0, 1)
  double eps = 1e-8;                               ///< keeps the quotient finite, at least 0
  double weight_decay = 0;                         ///< adds weight_decay w to the gradient, at least 0
  bool maximize = false;                           ///< climb instead of descending
  NonFinite nonfinite = NonFinite::proceed;

  static constexpr const char* kOptimizer = "Adamax";
  /// Throws std::invalid_argument, naming the option and its value, when one is outside its range.
  void check(SourceLocation where) const;
};

extern template class OptimizerOf<AdamaxOptions>;

/// Adamax, Adam by the largest gradient, decayed, in place of the mean square:
///
///     m = beta1 m + (1 - beta1) g
///     u = max(beta2 u, |g| + eps)
///     w -= lr / (1 - beta1^t) m / u
///
/// Keeps `mean` (m) and `largest` (u).
/// Source: Kingma, Ba, Adam: A Method for Stochastic Optimization, ICLR 2015, section 7.1.
class Adamax : public OptimizerOf<AdamaxOptions> {
 public:
  using OptimizerOf::OptimizerOf;

 protected:
  std::vector<Kept> keeps(const AdamaxOptions& options, const Tensor& w) const override;
  void update(const AdamaxOptions& options, Tensor& w, const Tensor& g, State& state) override;
};

}  // namespace optim
}  // namespace xgrad
