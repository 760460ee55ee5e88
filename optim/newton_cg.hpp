// Newton's method in a trust region, by conjugate gradients on products with the Hessian.
#pragma once

#include "closure_optimizer.hpp"

namespace xgrad XGRAD_API {
namespace optim {

/// Options of NewtonCG.
struct NewtonCGOptions {
  double lr = 100;                ///< the largest radius of the trust region, above 0
  double initial_radius = 1;      ///< the first radius, above 0
  double acceptance = 0.1;        ///< share of the promised fall that a step must reach to be taken, in [0, 0.25)
  std::int64_t max_iter = 1;      ///< steps of Newton's method in a step(), at least 1
  std::int64_t max_cg = 0;        ///< products with the Hessian in each; 0: as many as there are elements, at most 250
  double tolerance_grad = 1e-10;  ///< ends where the gradient's norm is not larger, at least 0
  NonFinite nonfinite = NonFinite::proceed;

  static constexpr const char* kOptimizer = "NewtonCG";
  /// Throws std::invalid_argument, naming the option and its value, when one is outside its range.
  void check(SourceLocation where) const;
};

extern template class OptimizerOf<NewtonCGOptions>;

/// NewtonCG, Newton's method in a trust region: each step p nearly minimises the quadratic g p + p H p / 2 within |p|
/// <= radius by conjugate gradients (Steihaug's), which need products with the Hessian alone, and stop at the region's
/// edge or where the curvature is negative. The step is taken where the loss falls by at least `acceptance` of what the
/// quadratic promised; the radius shrinks and grows by how well it promised. The loss never rises.
///
///     newton.step([&] { return nn::mse(model(x), y); });
///
/// For losses that are the same function in each evaluation and have second derivatives. step() answers with the loss
/// from before. Where the closure throws, or the first loss or gradient is not finite and the option is not to proceed,
/// everything is as before; at a point that was tried, what is not finite only shrinks the region.
///
/// Keeps `radius` with the first parameter.
/// Throws: std::logic_error for a step without a closure.
/// Source: Steihaug, The conjugate gradient method and trust regions in large scale optimization, SIAM J. Numer. Anal.
/// 1983; Nocedal, Wright, Numerical Optimization, 2006, algorithms 4.1 and 7.2.
class NewtonCG final : public ClosureOptimizer<NewtonCGOptions> {
 public:
  using ClosureOptimizer::ClosureOptimizer;
  using ClosureOptimizer::step;
  Tensor step(const Function<Tensor()>& loss, SourceLocation where = SourceLocation::current()) override;

 private:
  std::vector<Kept> keeps(const NewtonCGOptions& options, const Tensor& w) const override;
};

}  // namespace optim
}  // namespace xgrad
