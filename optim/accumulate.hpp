// Gradients of several batches for one step.
#pragma once

#include <cstdint>
#include <vector>

#include "optimizer.hpp"

namespace xgrad XGRAD_API {
namespace optim {

/// GradientAccumulator makes one step of an optimizer from the gradients of several batches, for batches larger than
/// memory holds:
///
///     optim::GradientAccumulator accumulator(adam, 4);
///     for (auto [x, y] : batches)
///       accumulator.backward(nn::mse(model(x), y));   // the fourth steps by the mean of four, and drops the gradients
///     accumulator.flush();                            // what the last batches left over
///
/// Gradients that are there when the first batch of a round comes are dropped. It refers to the optimizer.
class GradientAccumulator {
 public:
  /// Takes the number of batches for a step. Throws std::invalid_argument unless it is at least 1, and std::logic_error
  /// for optimizers that need a closure.
  GradientAccumulator(Optimizer& optimizer, std::int64_t batches, SourceLocation where = SourceLocation::current());

  /// Adds the gradients of loss / batches to those that are there, and steps where it is the last batch for the step.
  /// Answers whether it stepped. Where it throws, or the step does, the round goes on without this batch.
  bool backward(const Tensor& loss, SourceLocation where = SourceLocation::current());
  /// Steps by the mean of the batches since the last step, where there are any. Answers whether it stepped. Where the
  /// step throws, the batches are still there.
  bool flush(SourceLocation where = SourceLocation::current());
  /// Batches since the last step.
  std::int64_t pending() const { return pending_; }

 private:
  std::vector<Tensor> gradients() const;
  /// Those of the parameters; none where one is undefined or missing.
  void set_gradients(const std::vector<Tensor>& gradients);
  void begin_anew();

  Optimizer* optimizer_;
  std::int64_t batches_;
  std::int64_t pending_ = 0;
};

}  // namespace optim
}  // namespace xgrad
