// Rprop: a step of its own for each element, by the signs of the gradient alone.
#pragma once

#include <utility>

#include "optimizer.hpp"

namespace xgrad XGRAD_API {
namespace optim {

/// Options of Rprop.
struct RpropOptions {
  double lr = 1e-2;                                   ///< the first step of each element, at least 0
  std::pair<double, double> etas = {0.5, 1.2};        ///< what a step is multiplied by: below 1 (above 0), above 1
  std::pair<double, double> step_sizes = {1e-6, 50};  ///< the least and the largest step, at least 0
  bool maximize = false;                              ///< climb instead of descending
  NonFinite nonfinite = NonFinite::proceed;

  static constexpr const char* kOptimizer = "Rprop";
  /// Throws std::invalid_argument, naming the option and its value, when one is outside its range.
  void check(SourceLocation where) const;
};

extern template class OptimizerOf<RpropOptions>;

/// Rprop, in which each element has a step s of its own that grows while the sign of its gradient stays, and shrinks
/// when it turns. For whole batches: a gradient's size counts for nothing.
///
///     s = s eta+  where g h > 0;   s = s eta-, g = 0  where g h < 0;   s within the least and the largest step
///     w -= s sign(g),   h = g
///
/// Keeps `previous` (h) and `step_size` (s), which starts at lr.
/// Source: Riedmiller, Braun, A direct adaptive method for faster backpropagation learning, ICNN 1993.
class Rprop : public OptimizerOf<RpropOptions> {
 public:
  using OptimizerOf::OptimizerOf;

 protected:
  std::vector<Kept> keeps(const RpropOptions& options, const Tensor& w) const override;
  void update(const RpropOptions& options, Tensor& w, const Tensor& g, State& state) override;
};

}  // namespace optim
}  // namespace xgrad
