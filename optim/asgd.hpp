// ASGD: stochastic gradient descent with the average of its weights.
#pragma once

#include "optimizer.hpp"

namespace xgrad XGRAD_API {
namespace optim {

/// Options of ASGD.
struct ASGDOptions {
  double lr = 1e-2;         ///< learning rate, at least 0
  double lambd = 1e-4;      ///< decay of the weights and of the learning rate, at least 0
  double alpha = 0.75;      ///< power by which the learning rate falls, finite
  double t0 = 1e6;          ///< the step from which on weights are averaged, finite
  double weight_decay = 0;  ///< adds weight_decay w to the gradient, at least 0
  bool maximize = false;    ///< climb instead of descending
  NonFinite nonfinite = NonFinite::proceed;

  static constexpr const char* kOptimizer = "ASGD";
  /// Throws std::invalid_argument, naming the option and its value, when one is outside its range.
  void check(SourceLocation where) const;
};

extern template class OptimizerOf<ASGDOptions>;

/// ASGD, stochastic gradient descent that keeps the average of its weights, which generalises better than the last of
/// them:
///
///     e = lr / (1 + lambd lr (t - 1))^alpha
///     w = (1 - lambd e) w - e g
///     a += (w - a) / max(1, t - 1 - t0)
///
/// lr is the rate that a schedule has set for this step; PyTorch's ASGD takes it one step later.
///
/// Keeps `average` (a): `asgd.states()[i]["average"]`.
/// Source: Polyak, Juditsky, Acceleration of stochastic approximation by averaging, SIAM J. Control Optim. 1992;
/// Bottou, Stochastic Gradient Descent Tricks, 2012.
class ASGD : public OptimizerOf<ASGDOptions> {
 public:
  using OptimizerOf::OptimizerOf;

 protected:
  std::vector<Kept> keeps(const ASGDOptions& options, const Tensor& w) const override;
  void update(const ASGDOptions& options, Tensor& w, const Tensor& g, State& state) override;
};

}  // namespace optim
}  // namespace xgrad
