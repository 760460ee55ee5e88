// RAdam: Adam whose first steps do without the variance it does not know yet.
#pragma once

#include <utility>

#include "optimizer.hpp"

namespace xgrad XGRAD_API {
namespace optim {

/// Options of RAdam.
struct RAdamOptions {
  double lr = 1e-3;                                ///< learning rate, at least 0
  std::pair<double, double> betas = {0.9, 0.999};  ///< shares of m and of v that a step keeps, in [0, 1)
  double eps = 1e-8;                               ///< keeps the quotient finite, at least 0
  double weight_decay = 0;                         ///< adds weight_decay w to the gradient, at least 0
  bool maximize = false;                           ///< climb instead of descending
  NonFinite nonfinite = NonFinite::proceed;

  static constexpr const char* kOptimizer = "RAdam";
  /// Throws std::invalid_argument, naming the option and its value, when one is outside its range.
  void check(SourceLocation where) const;
};

extern template class OptimizerOf<RAdamOptions>;

/// RAdam, Adam whose first steps do without the variance of the gradient, which they cannot know yet:
///
///     m = beta1 m + (1 - beta1) g,   m' = m / (1 - beta1^t)
///     v = beta2 v + (1 - beta2) g^2
///     r_inf = 2 / (1 - beta2) - 1,   r = r_inf - 2 t beta2^t / (1 - beta2^t)
///     w -= lr m'                                                                       where r <= 5, else
///     w -= lr m' sqrt((r - 4) (r - 2) r_inf / ((r_inf - 4) (r_inf - 2) r)) sqrt(1 - beta2^t) / (sqrt(v) + eps)
///
/// Keeps `mean` (m) and `mean_square` (v).
/// Source: Liu et al., On the Variance of the Adaptive Learning Rate and Beyond, ICLR 2020.
class RAdam : public OptimizerOf<RAdamOptions> {
 public:
  using OptimizerOf::OptimizerOf;

 protected:
  std::vector<Kept> keeps(const RAdamOptions& options, const Tensor& w) const override;
  void update(const RAdamOptions& options, Tensor& w, const Tensor& g, State& state) override;
};

}  // namespace optim
}  // namespace xgrad
