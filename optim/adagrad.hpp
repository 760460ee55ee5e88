// Adagrad: each element's learning rate falls with the sum of its squared gradients.
#pragma once

#include "optimizer.hpp"

namespace xgrad XGRAD_API {
namespace optim {

/// Options of Adagrad.
struct AdagradOptions {
  double lr = 1e-2;                      ///< learning rate, at least 0
  double lr_decay = 0;                   ///< step t uses lr / (1 + (t - 1) lr_decay), at least 0
  double initial_accumulator_value = 0;  ///< what the sum starts at, at least 0
  double eps = 1e-10;                    ///< keeps the quotient finite, at least 0
  bool eps_inside_root = false;          ///< divide by sqrt(a + eps), as many textbooks write it
  double weight_decay = 0;               ///< adds weight_decay w to the gradient, at least 0
  bool maximize = false;                 ///< climb instead of descending
  NonFinite nonfinite = NonFinite::proceed;

  static constexpr const char* kOptimizer = "Adagrad";
  /// Throws std::invalid_argument, naming the option and its value, when one is outside its range.
  void check(SourceLocation where) const;
};

extern template class OptimizerOf<AdagradOptions>;

/// Adagrad, in which each element's learning rate falls with the sum of its squared gradients:
///
///     a += g^2
///     w -= lr / (1 + (t - 1) lr_decay) g / (sqrt(a) + eps)
///
/// Keeps `sum_of_squares` (a).
/// Source: Duchi, Hazan, Singer, Adaptive Subgradient Methods, JMLR 2011.
class Adagrad : public OptimizerOf<AdagradOptions> {
 public:
  using OptimizerOf::OptimizerOf;

 protected:
  std::vector<Kept> keeps(const AdagradOptions& options, const Tensor& w) const override;
  void update(const AdagradOptions& options, Tensor& w, const Tensor& g, State& state) override;
};

}  // namespace optim
}  // namespace xgrad
