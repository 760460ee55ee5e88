// L-BFGS: steps by an approximation of the inverse Hessian that the last steps and gradients give.
#pragma once

#include "closure_optimizer.hpp"

namespace xgrad XGRAD_API {
namespace optim {

/// How LBFGS finds the length of a step.
enum class LineSearch : std::uint8_t {
  none,          ///< lr, and in the first step less where the gradient is long
  strong_wolfe,  ///< a length by which the loss falls enough, and its slope, too
};

/// Options of LBFGS.
struct LBFGSOptions {
  double lr = 1;                    ///< length of a step, or of the line search's first try, at least 0
  std::int64_t max_iter = 20;       ///< iterations in a step, at least 1
  std::int64_t max_eval = 0;        ///< evaluations of the loss in a step; 0: max_iter 5 / 4
  double tolerance_grad = 1e-7;     ///< ends the step where no element of the gradient is larger, at least 0
  double tolerance_change = 1e-9;   ///< ends the step where loss or parameters change by less, at least 0
  std::int64_t history_size = 100;  ///< steps that are remembered, at least 1
  LineSearch line_search = LineSearch::none;
  NonFinite nonfinite = NonFinite::proceed;

  static constexpr const char* kOptimizer = "LBFGS";
  /// Throws std::invalid_argument, naming the option and its value, when one is outside its range.
  void check(SourceLocation where) const;
};

extern template class OptimizerOf<LBFGSOptions>;

/// LBFGS, which steps by an approximation of the inverse Hessian that the last steps and changes of the gradient give.
/// For losses that are the same function in each evaluation: whole batches. A step evaluates the closure up to max_eval
/// times:
///
///     lbfgs.step([&] { return nn::mse(model(x), y); });
///
/// and answers with the loss from before the step. Where the closure throws, or a loss or gradient that would be kept
/// is not finite and the option is not to proceed, parameters and state are as before the step.
///
/// Frozen parameters do not move. Where others are frozen than in the step before, the history begins anew, as it is of
/// another function.
///
/// Keeps, as views of the parameters' part in its vectors, `direction`, `previous_gradient`, and the rows
/// `gradient_changes` and `moves`; with the first parameter `iterations`, `evaluations`, `step_size`, `scale` and
/// `previous_loss`; with one that was frozen in the last step, `frozen`.
///
/// Throws: std::logic_error for a step without a closure.
/// Source: Liu, Nocedal, On the limited memory BFGS method for large scale optimization, 1989; line search: Nocedal,
/// Wright, Numerical Optimization, 2006, section 3.5, in the form of Schmidt's minFunc.
class LBFGS final : public ClosureOptimizer<LBFGSOptions> {
 public:
  using ClosureOptimizer::ClosureOptimizer;
  using ClosureOptimizer::step;
  Tensor step(const Function<Tensor()>& loss, SourceLocation where = SourceLocation::current()) override;

 private:
  /// All that a step changes beside the parameters. No tensor is overwritten where an older Memory has elements: a copy
  /// of the struct is enough to go back.
  struct Memory {
    Tensor direction, previous_gradient;  // [n]: all elements that move
    Tensor changes, moves;                // [capacity, n]: of the gradient, of the parameters
    std::int64_t first = 0;               // row of the oldest
    std::vector<double> inverses;         // 1 / (change . move), the oldest first
    double iterations = 0, evaluations = 0, step_size = 0, scale = 1, previous_loss = 0;
    std::vector<bool> frozen;  // by parameter: its elements are none of the n
  };
  struct Evaluation;
  struct Search;

  std::vector<Kept> keeps(const LBFGSOptions& options, const Tensor& w) const override;
  void check_loaded(const std::vector<State>& states, SourceLocation where) const override;
  /// Whether what has become of parameters and memory is to be kept. `answer` is the loss from before.
  bool iterate(const Function<Tensor()>& loss, Memory& memory, Tensor& answer, SourceLocation where);
  /// The parameters whose elements the memory has.
  std::vector<Tensor> moving(const Memory& memory) const;
  void remember(Memory& memory, const Tensor& gradient) const;
  Tensor direction_of(const Memory& memory, const Tensor& gradient) const;
  Memory memory_of_states(SourceLocation where) const;
  /// The states that say what the memory has, after one more step.
  std::vector<State> states_of(const Memory& memory) const;

  Memory memory_;
  Tensor published_;  // the first direction that moves: where it stands in the states they are memory_'s
};

}  // namespace optim
}  // namespace xgrad
