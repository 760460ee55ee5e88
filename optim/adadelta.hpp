// Adadelta: steps in the parameter's own units, so that no learning rate has to be found.
#pragma once

#include "optimizer.hpp"

namespace xgrad XGRAD_API {
namespace optim {

/// Options of Adadelta.
struct AdadeltaOptions {
  double lr = 1;            ///< factor on the step, at least 0
  double rho = 0.9;         ///< share of the running averages that a step keeps, in [0, 1)
  double eps = 1e-6;        ///< inside both roots, at least 0; the first steps are of its size
  double weight_decay = 0;  ///< adds weight_decay w to the gradient, at least 0
  bool maximize = false;    ///< climb instead of descending
  NonFinite nonfinite = NonFinite::proceed;

  static constexpr const char* kOptimizer = "Adadelta";
  /// Throws std::invalid_argument, naming the option and its value, when one is outside its range.
  void check(SourceLocation where) const;
};

extern template class OptimizerOf<AdadeltaOptions>;

/// Adadelta, which steps in the parameter's own units, so that no learning rate has to be found:
///
///     v = rho v + (1 - rho) g^2
///     d = sqrt(u + eps) / sqrt(v + eps) g
///     u = rho u + (1 - rho) d^2
///     w -= lr d
///
/// Keeps `mean_square` (v) and `mean_square_step` (u).
/// Source: Zeiler, ADADELTA: An Adaptive Learning Rate Method, 2012.
class Adadelta : public OptimizerOf<AdadeltaOptions> {
 public:
  using OptimizerOf::OptimizerOf;

 protected:
  std::vector<Kept> keeps(const AdadeltaOptions& options, const Tensor& w) const override;
  void update(const AdadeltaOptions& options, Tensor& w, const Tensor& g, State& state) override;
};

}  // namespace optim
}  // namespace xgrad
