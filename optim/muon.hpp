// Muon: momentum whose matrices are made orthogonal.
#pragma once

#include <utility>

#include "optimizer.hpp"

namespace xgrad XGRAD_API {
namespace optim {

/// Options of Muon.
struct MuonOptions {
  double lr = 0.02;         ///< learning rate of the matrices, at least 0
  double momentum = 0.95;   ///< in [0, 1)
  bool nesterov = true;     ///< look ahead along the momentum
  int ns_steps = 5;         ///< steps of the Newton-Schulz iteration, at least 1
  double weight_decay = 0;  ///< multiplies w by 1 - lr weight_decay in each step, at least 0
  bool orthogonal = true;   ///< false: AdamW for matrices, too, as it is usual for embeddings and for the last layer
  double adamw_lr_factor = 0.015;                       ///< AdamW's learning rate as a share of lr, at least 0
  std::pair<double, double> adamw_betas = {0.9, 0.95};  ///< AdamW's, in [0, 1)
  double adamw_eps = 1e-8;                              ///< AdamW's, at least 0
  bool maximize = false;                                ///< climb instead of descending
  NonFinite nonfinite = NonFinite::proceed;

  static constexpr const char* kOptimizer = "Muon";
  /// Throws std::invalid_argument, naming the option and its value, when one is outside its range.
  void check(SourceLocation where) const;
};

extern template class OptimizerOf<MuonOptions>;

/// Muon, momentum whose matrices are made orthogonal before they are stepped along, so that every direction of a
/// layer's inputs and outputs moves alike. A parameter of more than two axes, as a convolution has it, is a matrix of
/// its first axis by the others. Parameters of fewer axes, and groups whose option `orthogonal` is false, are stepped
/// by AdamW.
///
///     b = momentum b + g,   d = g + momentum b               (nesterov; else d = b)
///     x = d / |d|,   x = 3.4445 x - 4.775 (x x') x + 2.0315 (x x')^2 x    ns_steps times
///     w = (1 - lr weight_decay) w - lr sqrt(max(1, rows / columns)) x
///
/// Keeps `momentum` (b), or `mean` and `mean_square`.
/// Source: Jordan et al., Muon: An optimizer for hidden layers in neural networks, 2024.
class Muon : public OptimizerOf<MuonOptions> {
 public:
  using OptimizerOf::OptimizerOf;

 protected:
  std::vector<Kept> keeps(const MuonOptions& options, const Tensor& w) const override;
  bool prepares() const override { return true; }
  std::vector<Tensor> prepare(const MuonOptions& options, const Tensor& w, const Tensor& g,
                              const State& state) const override;
  void update(const MuonOptions& options, Tensor& w, const Tensor& g, State& state) override;
};

}  // namespace optim
}  // namespace xgrad
