// NAdam: Adam that looks ahead along its momentum.
#pragma once

#include <utility>

#include "optimizer.hpp"

namespace xgrad XGRAD_API {
namespace optim {

/// Options of NAdam.
struct NAdamOptions {
  double lr = 2e-3;                                ///< learning rate, at least 0
  std::pair<double, double> betas = {0.9, 0.999};  ///< shares of m and of v that a step keeps, in [0, 1)
  double eps = 1e-8;                               ///< keeps the quotient finite, at least 0
  double weight_decay = 0;                         ///< adds weight_decay w to the gradient, at least 0
  double momentum_decay = 4e-3;                    ///< how fast the momentum approaches beta1, at least 0
  bool maximize = false;                           ///< climb instead of descending
  NonFinite nonfinite = NonFinite::proceed;

  static constexpr const char* kOptimizer = "NAdam";
  /// Throws std::invalid_argument, naming the option and its value, when one is outside its range.
  void check(SourceLocation where) const;
};

extern template class OptimizerOf<NAdamOptions>;

/// NAdam, Adam that looks ahead along its momentum, whose weight mu grows towards beta1:
///
///     mu_t = beta1 (1 - 0.96^(t momentum_decay) / 2),   p_t = mu_1 ... mu_t
///     m = beta1 m + (1 - beta1) g
///     v = beta2 v + (1 - beta2) g^2
///     w -= lr ((1 - mu_t) g / (1 - p_t) + mu_(t+1) m / (1 - p_t mu_t mu_(t+1))) / (sqrt(v / (1 - beta2^t)) + eps)
///
/// The factor mu_t in the last product is PyTorch 1.13's; the paper has none. Keeps `mean` (m), `mean_square` (v) and
/// `momentum_product` (p).
/// Source: Dozat, Incorporating Nesterov Momentum into Adam, ICLR 2016 workshop.
class NAdam : public OptimizerOf<NAdamOptions> {
 public:
  using OptimizerOf::OptimizerOf;

 protected:
  std::vector<Kept> keeps(const NAdamOptions& options, const Tensor& w) const override;
  void update(const NAdamOptions& options, Tensor& w, const Tensor& g, State& state) override;
};

}  // namespace optim
}  // namespace xgrad
