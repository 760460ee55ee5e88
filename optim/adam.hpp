// Adam and AdamW: running means of the gradient and of its square.
#pragma once

#include <utility>

#include "optimizer.hpp"

namespace xgrad XGRAD_API {
namespace optim {

/// Options of Adam.
struct AdamOptions {
  double lr = 1e-3;                                ///< learning rate, at least 0
  std::pair<double, double> betas = {0.9, 0.999};  ///< shares of m and of v that a step keeps, in [0, 1)
  double eps = 1e-8;                               ///< keeps the quotient finite, at least 0
  bool eps_inside_root = false;                    ///< divide by sqrt(v' + eps), as many textbooks write it
  bool amsgrad = false;                            ///< the largest v so far in place of v
  double weight_decay = 0;                         ///< adds weight_decay w to the gradient, at least 0
  bool maximize = false;                           ///< climb instead of descending
  NonFinite nonfinite = NonFinite::proceed;

  static constexpr const char* kOptimizer = "Adam";
  /// Throws std::invalid_argument, naming the option and its value, when one is outside its range.
  void check(SourceLocation where) const;
};

extern template class OptimizerOf<AdamOptions>;

/// Adam, which steps by running means of the gradient and of its square:
///
///     m = beta1 m + (1 - beta1) g
///     v = beta2 v + (1 - beta2) g^2
///     w -= lr m' / (sqrt(v') + eps)    with m' = m / (1 - beta1^t), v' = v / (1 - beta2^t)
///
/// Keeps `mean` (m), `mean_square` (v), and with amsgrad `largest_mean_square`.
/// Source: Kingma, Ba, Adam: A Method for Stochastic Optimization, ICLR 2015; amsgrad: Reddi, Kale, Kumar, ICLR 2018.
class Adam : public OptimizerOf<AdamOptions> {
 public:
  using OptimizerOf::OptimizerOf;

 protected:
  std::vector<Kept> keeps(const AdamOptions& options, const Tensor& w) const override;
  void update(const AdamOptions& options, Tensor& w, const Tensor& g, State& state) override;
};

/// Options of AdamW.
struct AdamWOptions {
  double lr = 1e-3;                                ///< learning rate, at least 0
  std::pair<double, double> betas = {0.9, 0.999};  ///< shares of m and of v that a step keeps, in [0, 1)
  double eps = 1e-8;                               ///< keeps the quotient finite, at least 0
  bool eps_inside_root = false;                    ///< divide by sqrt(v' + eps)
  bool amsgrad = false;                            ///< the largest v so far in place of v
  double weight_decay = 1e-2;                      ///< multiplies w by 1 - lr weight_decay in each step, at least 0
  bool maximize = false;                           ///< climb instead of descending
  NonFinite nonfinite = NonFinite::proceed;

  static constexpr const char* kOptimizer = "AdamW";
  /// Throws std::invalid_argument, naming the option and its value, when one is outside its range.
  void check(SourceLocation where) const;
};

extern template class OptimizerOf<AdamWOptions>;

/// Adam with the weight decay apart from the gradient: w is first multiplied by 1 - lr weight_decay.
///
/// Keeps what Adam keeps.
/// Source: Loshchilov, Hutter, Decoupled Weight Decay Regularization, ICLR 2019.
class AdamW : public OptimizerOf<AdamWOptions> {
 public:
  using OptimizerOf::OptimizerOf;

 protected:
  std::vector<Kept> keeps(const AdamWOptions& options, const Tensor& w) const override;
  void update(const AdamWOptions& options, Tensor& w, const Tensor& g, State& state) override;
};

}  // namespace optim
}  // namespace xgrad
