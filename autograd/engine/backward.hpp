// The algorithm of reverse-mode differentiation: find what is reachable and needed, then run each node's rule once,
// after the cotangents of all its uses have come.
#pragma once

#include "pass.hpp"

namespace xgrad XGRAD_API {
namespace internal {

/// One backward pass: discover(), then run().
class Backward final : public Pass {
 public:
  using Pass::Pass;

  /// Finds the nodes between the outputs and what is wanted, and counts their uses. Nothing but marks is changed, so
  /// that what can be refused is refused before the first rule runs. Throws std::logic_error for a graph that an
  /// earlier pass freed, and a saved value that was overwritten.
  void discover(std::span<const Tensor> outputs);
  /// Runs hooks and rules. `cotangents`: one for each output, or none for ones.
  void run(std::span<const Tensor> outputs, std::span<const Tensor> cotangents);

 private:
  void enter(Node& node);
  void leave(Node& node);
  void deliver(Node& producer, int output, Tensor cotangent);
  void process(Node& node);
};

/// What pull_back() answers.
struct PulledBack {
  std::vector<Tensor> gradients;
  bool on_others = false;  // with follow_others: the outputs depend on variables other than the inputs
  bool recorded = false;   // the gradients have a graph of their own
};

/// Pulls cotangents back to the inputs: the gradients of sum_k <outputs[k], cotangents[k]>, zeros where no output
/// depends on an input. Outputs that require no gradient are skipped; the inputs must require one.
PulledBack pull_back(std::span<const Tensor> outputs, std::span<const Tensor> inputs,
                     std::span<const Tensor> cotangents, PassOptions options, SourceLocation where);

}  // namespace internal
}  // namespace xgrad
