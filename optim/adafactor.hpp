// Adafactor: the second moments of a matrix kept as those of its rows and columns.
#pragma once

#include "optimizer.hpp"

namespace xgrad XGRAD_API {
namespace optim {

/// Options of Adafactor.
struct AdafactorOptions {
  double lr = 1e-2;           ///< the largest relative step, at least 0
  double beta2_decay = -0.8;  ///< the running averages keep 1 - t^beta2_decay; below 0
  double eps1 = 0;            ///< keeps the quotient finite, at least 0; 0: the dtype's epsilon
  double eps2 = 1e-3;         ///< the least scale of a parameter, at least 0
  double clip_threshold = 1;  ///< root mean square to which a step is shortened, above 0
  double weight_decay = 0;    ///< multiplies w by 1 - lr weight_decay in each step, at least 0
  bool maximize = false;      ///< climb instead of descending
  NonFinite nonfinite = NonFinite::proceed;

  static constexpr const char* kOptimizer = "Adafactor";
  /// Throws std::invalid_argument, naming the option and its value, when one is outside its range.
  void check(SourceLocation where) const;
};

extern template class OptimizerOf<AdafactorOptions>;

/// Adafactor, which keeps the second moments of a matrix [.., n, m] as those of its rows and columns, n + m numbers in
/// place of n m, and steps in proportion to the parameter:
///
///     b = 1 - t^beta2_decay
///     r = b r + (1 - b) mean of g^2 over columns,   c = b c + (1 - b) mean of g^2 over rows,   v = r c / mean(r)
///     u = g / sqrt(v),   s = max(eps2, rms(w)) min(lr, 1 / sqrt(t))
///     w = (1 - lr weight_decay) w - s u / max(1, rms(u) / clip_threshold)
///
/// where rms(w) is that of the finite weights: infinite ones, as a mask may have, stay as they are.
///
/// Keeps `row_mean_square` (r) and `column_mean_square` (c), or `mean_square` (v) for parameters of fewer than two
/// axes.
/// Source: Shazeer, Stern, Adafactor: Adaptive Learning Rates with Sublinear Memory Cost, ICML 2018.
class Adafactor : public OptimizerOf<AdafactorOptions> {
 public:
  using OptimizerOf::OptimizerOf;

 protected:
  std::vector<Kept> keeps(const AdafactorOptions& options, const Tensor& w) const override;
  bool prepares() const override { return true; }
  std::vector<Tensor> prepare(const AdafactorOptions& options, const Tensor& w, const Tensor& g,
                              const State& state) const override;
  void update(const AdafactorOptions& options, Tensor& w, const Tensor& g, State& state) override;
};

}  // namespace optim
}  // namespace xgrad
