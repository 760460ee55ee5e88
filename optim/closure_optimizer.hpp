// What the optimizers share that evaluate the loss several times in a step.
#pragma once

#include "optimizer.hpp"

namespace xgrad XGRAD_API {
namespace optim {

/// ClosureOptimizer: the base of the optimizers that evaluate the loss several times in a step. They take all
/// parameters as one vector: there is one group, of one dtype.
template <class Options>
class ClosureOptimizer : public OptimizerOf<Options> {
 public:
  /// Takes the parameters. Throws as OptimizerOf, and std::invalid_argument where their dtypes differ.
  explicit ClosureOptimizer(Parameters parameters, const Options& options = {},
                            SourceLocation where = SourceLocation::current())
      : OptimizerOf<Options>(std::move(parameters), options, where) {
    this->check_one_dtype(where);
  }

  bool needs_closure() const override { return true; }
  /// Throws std::logic_error: a step needs the closure.
  void step(SourceLocation where = SourceLocation::current()) override { this->fail_without_closure(where); }
  Tensor step(const Function<Tensor()>& loss, SourceLocation where = SourceLocation::current()) override = 0;

 private:
  using OptimizerOf<Options>::add_group;  // there is one group
  void update(const Options&, Tensor&, const Tensor&, State&) final {}
};

}  // namespace optim
}  // namespace xgrad
