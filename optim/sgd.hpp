// Stochastic gradient descent, plain and with momentum.
#pragma once

#include "optimizer.hpp"

namespace xgrad XGRAD_API {
namespace optim {

/// Options of SGD.
struct SGDOptions {
  double lr = 1e-3;         ///< learning rate, at least 0
  double momentum = 0;      ///< at least 0
  double dampening = 0;     ///< how much of a new gradient the momentum leaves out
  bool nesterov = false;    ///< look ahead along the momentum; needs momentum > 0 and dampening 0
  double weight_decay = 0;  ///< adds weight_decay w to the gradient (the L2 term weight_decay w^2 / 2), at least 0
  bool maximize = false;    ///< climb instead of descending
  NonFinite nonfinite = NonFinite::proceed;

  static constexpr const char* kOptimizer = "SGD";
  /// Throws std::invalid_argument, naming the option and its value, when one is outside its range.
  void check(SourceLocation where) const;
  /// Throws as check(), but takes nesterov with a momentum that is 0, to which a schedule may lead: those steps have
  /// none.
  void check_in_run(SourceLocation where) const;
};

extern template class OptimizerOf<SGDOptions>;

/// Stochastic gradient descent, plain and with momentum:
///
///     w -= lr g
///
///     b = momentum b + (1 - dampening) g     (with momentum; b = g in the first step)
///     w -= lr b                              (nesterov: w -= lr (g + momentum b))
///
/// Keeps `momentum` (b) and `momentum_steps` where there is momentum.
/// Source: Polyak 1964; Nesterov 1983 in the form of Sutskever, Martens, Dahl, Hinton, ICML 2013.
class SGD : public OptimizerOf<SGDOptions> {
 public:
  using OptimizerOf::OptimizerOf;

 protected:
  std::vector<Kept> keeps(const SGDOptions& options, const Tensor& w) const override;
  void update(const SGDOptions& options, Tensor& w, const Tensor& g, State& state) override;
};

}  // namespace optim
}  // namespace xgrad
