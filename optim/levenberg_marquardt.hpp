// Least squares: Gauss-Newton steps, damped as far as they must be.
#pragma once

#include "closure_optimizer.hpp"

namespace xgrad XGRAD_API {
namespace optim {

/// Options of LevenbergMarquardt.
struct LevenbergMarquardtOptions {
  double lr = 1;          ///< share of each step that is taken, in (0, 1]
  double damping = 1e-3;  ///< the first damping, as a share of the curvature along the gradient; 0: plain Gauss-Newton
  std::int64_t max_tries = 10;  ///< steps that are tried with more and more damping before none is taken, at least 1
  std::int64_t max_cg =
      0;  ///< products with the Jacobian for a step; 0: twice as many as there are elements, at most 500
  double tolerance_grad = 1e-14;  ///< takes no step where no element of the gradient is larger, at least 0
  NonFinite nonfinite = NonFinite::proceed;

  static constexpr const char* kOptimizer = "LevenbergMarquardt";
  /// Throws std::invalid_argument, naming the option and its value, when one is outside its range.
  void check(SourceLocation where) const;
};

extern template class OptimizerOf<LevenbergMarquardtOptions>;

/// LevenbergMarquardt minimises half the sum of squares of residuals r, which the closure returns, of any shape:
///
///     fit.step([&] { return model(x) - y; });
///
/// Each step p solves (J' J + d I) p = -J' r, where J is the Jacobian of r, by conjugate gradients on products with J
/// and J'. The damping d grows until the loss falls, and shrinks as the residuals prove to be nearly linear; with
/// damping 0 there is none, and a step is taken whatever comes of it. step() answers with the loss, half the sum of
/// squares, from before the step. Where the closure throws, or the first residuals are not finite and the option is not
/// to proceed, everything is as before.
///
/// Keeps `damping` and `growth` with the first parameter.
/// Throws: std::logic_error for a step without a closure.
/// Source: Marquardt, An algorithm for least-squares estimation of nonlinear parameters, 1963; damping: Nielsen,
/// Damping Parameter in Marquardt's Method, 1999; conjugate gradients: Björck, Numerical Methods for Least Squares
/// Problems, 1996.
class LevenbergMarquardt final : public ClosureOptimizer<LevenbergMarquardtOptions> {
 public:
  using ClosureOptimizer::ClosureOptimizer;
  using ClosureOptimizer::step;
  /// Makes one step by the residuals that the closure returns.
  Tensor step(const Function<Tensor()>& residuals, SourceLocation where = SourceLocation::current()) override;
  /// Sets the learning rate. What a schedule's rounding has led above 1 is 1.
  void set_group_lr(int group, double lr, SourceLocation where = SourceLocation::current()) override;

 private:
  std::vector<Kept> keeps(const LevenbergMarquardtOptions& options, const Tensor& w) const override;
};

}  // namespace optim
}  // namespace xgrad
