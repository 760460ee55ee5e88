// What all optimizers share: the parameters in their groups, what is kept for each parameter, and step()
// itself. A derived class writes its paper's formula for one parameter.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../autograd/error.hpp"
#include "../autograd/function.hpp"
#include "../autograd/hidden.hpp"
#include "../autograd/tensor.hpp"
#include "parameters.hpp"
#include "state.hpp"

namespace xgrad XGRAD_API {
namespace optim {

/// What step() does when a gradient has an element that is infinite or nan.
enum class NonFinite : std::uint8_t {
  proceed,  ///< step as usual; the parameter takes the element over
  skip,     ///< leave every parameter and every state as it is
  error,    ///< leave them as well, and throw std::runtime_error
};

/// What a file says of its tensors, beside them.
using Metadata = std::vector<std::pair<std::string, std::string>>;

/// Optimizer: the base of all optimizers. It holds handles to the parameters: the tensors themselves are updated.
class Optimizer {
 public:
  virtual ~Optimizer();
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  /// Name of the class, "Adam".
  virtual const char* name() const = 0;

  /// Whether a step needs the closure, since it evaluates the loss several times.
  virtual bool needs_closure() const { return false; }

  /// Drops the gradient of every parameter.
  void zero_grad();

  /// Moves every parameter that has a gradient; the others keep value and state. Frozen parameters (that do not require
  /// a gradient) are skipped until they thaw. Gradients are not changed.
  ///
  /// Throws: std::runtime_error by the option NonFinite::error; std::invalid_argument where a gradient or what is kept
  /// does not fit its parameter (Module::to() came in between); std::bad_alloc where there is no memory for what is
  /// kept. Nothing is changed then.
  virtual void step(SourceLocation where = SourceLocation::current());

  /// Calls `loss` for the loss, and makes one step by its gradient: drops the gradients that were there, calls
  /// backward() and step(). Answers with the loss, cut off from its graph. `loss` calls neither zero_grad() nor
  /// backward().
  ///
  /// Throws: std::invalid_argument unless the loss has one element, std::logic_error unless it requires a gradient or
  /// where `loss` has called backward(), and what `loss`, backward() and step() throw.
  /// Example: `Tensor loss = adam.step([&] { return nn::mse(model(x), y); });`
  virtual Tensor step(const Function<Tensor()>& loss, SourceLocation where = SourceLocation::current());

  /// All parameters, group after group.
  const std::vector<Tensor>& parameters() const { return parameters_; }
  /// Name of each parameter, parallel to parameters(): the one it was given with, or "group.index" ("0.2": the third of
  /// the first group; "heads.2" where that has a name).
  const std::vector<std::string>& parameter_names() const { return names_; }
  /// Number of groups.
  int group_count() const;
  /// Name of one group; its number where it was given none. Throws std::out_of_range.
  const std::string& group_name(int group, SourceLocation where = SourceLocation::current()) const;
  /// Number of the group of that name. Throws std::out_of_range, naming those that there are.
  int group_number(std::string_view name, SourceLocation where = SourceLocation::current()) const;
  /// Parameters of one group. Throws std::out_of_range.
  std::span<const Tensor> group(int index, SourceLocation where = SourceLocation::current()) const;

  /// Learning rate of one group. Throws std::out_of_range.
  virtual double lr(int group = 0, SourceLocation where = SourceLocation::current()) const = 0;
  /// Sets the learning rate of every group to the same number, from the next step on; scale_lr() keeps their ratios.
  /// Throws std::invalid_argument below 0 and for what is not finite.
  void set_lr(double lr, SourceLocation where = SourceLocation::current());
  /// Multiplies the learning rate of every group by `factor`, from the next step on: their ratios stay. Throws
  /// std::invalid_argument where a rate would be below 0 or not finite; no rate is changed then.
  void scale_lr(double factor, SourceLocation where = SourceLocation::current());
  /// Sets the learning rate of one group.
  virtual void set_group_lr(int group, double lr, SourceLocation where = SourceLocation::current()) = 0;
  /// Learning rate that the schedules of one group start from: the one it had when the first of them was made, until
  /// then lr(group). Throws std::out_of_range.
  double base_lr(int group = 0, SourceLocation where = SourceLocation::current()) const;

  /// Momentum of one group: the option `momentum`, or `betas.first`; none where the optimizer has neither. Throws
  /// std::out_of_range.
  virtual std::optional<double> momentum(int group = 0, SourceLocation where = SourceLocation::current()) const;
  /// Sets the momentum of one group, from the next step on. Throws std::invalid_argument where the optimizer has none.
  virtual void set_group_momentum(int group, double momentum, SourceLocation where = SourceLocation::current());

  /// What is kept for each parameter, parallel to parameters().
  const std::vector<State>& states() const { return states_; }

  /// Everything that is kept, as tensors under the names they have in a file: `state.<parameter's name>.<name>`, a
  /// number as a 0-d tensor (float64), and `state.<parameter's name>.steps` (int64). A parameter that has taken no step
  /// has no entry. The tensors are the optimizer's own: copy() what shall outlast the next step.
  NamedTensors state() const;
  /// What a file must say beside state(), so that later versions can read it: `format_version`, `class` and, of this
  /// library's classes, `options`: a JSON list with an object for each group, and with its base_lr() where schedules
  /// set its rate. load_state() leaves alone what it does not know.
  Metadata metadata() const;
  /// Takes over copies of what state() answered with, of this optimizer or of another with parameters of the same
  /// names, shapes and options: the next step is then the one that the other would make. Parameters without an entry
  /// start anew.
  ///
  /// Throws: std::invalid_argument, naming them, for entries that are unknown, missing, or of another shape or dtype.
  /// Nothing is changed then.
  void load_state(const NamedTensors& entries, SourceLocation where = SourceLocation::current());
  /// Takes over copies of a state that came with metadata, and with it the options of each group: the rate that a
  /// schedule had come to and the one it started from, momentum, weight decay. (Other options than the saved ones: set_options() afterwards, or
  /// load the entries alone.) Of an optimizer of the user's class the options stay.
  /// Throws: std::invalid_argument as well where another class of optimizer or a later format saved it, the groups are
  /// not as many, or an option cannot be. Nothing is changed then.
  void load_state(const NamedTensors& entries, const Metadata& metadata,
                  SourceLocation where = SourceLocation::current());

 protected:
  Optimizer();

  /// Takes one more group. Throws std::invalid_argument unless each parameter is a floating leaf, not held already, and
  /// has a name of its own, as the group. Nothing is changed then.
  void hold(const char* optimizer, Parameters parameters, std::string group_name, SourceLocation where);
  /// Throws std::out_of_range unless 0 <= group < group_count().
  void check_group(int group, SourceLocation where) const;
  Tensor& parameter(std::size_t i) { return parameters_[i]; }
  State& state_of(std::size_t i) { return states_[i]; }
  /// Calls the closure, drops the gradients that were there and calls backward(). Answers with the loss, cut off from
  /// its graph. Throws as step(loss).
  Tensor loss_with_gradients(const Function<Tensor()>& loss, SourceLocation where);
  /// Calls the closure and checks that its answer is a loss with a graph. Throws as step(loss).
  Tensor loss_of(const Function<Tensor()>& loss, SourceLocation where) const;
  /// Throws std::logic_error where a backward pass has used up the graph of what a closure answered with.
  void check_not_used_up(const Tensor& answer, SourceLocation where) const;
  /// The parameters that are not frozen.
  std::vector<Tensor> reachable() const;
  /// Throws std::invalid_argument unless all parameters have one dtype.
  void check_one_dtype(SourceLocation where) const;
  /// Throws std::logic_error: this optimizer's step needs the closure.
  [[noreturn]] void fail_without_closure(SourceLocation where) const;
  /// Throws where a loaded state fits each parameter, but not the optimizer as a whole.
  virtual void check_loaded(const std::vector<State>& states, SourceLocation where) const;
  /// To be called where what a group keeps may have changed.
  void options_changed(int group);
  /// Answers with what puts the options of all groups back as they are now; that takes no memory. Of an optimizer that
  /// is no
  /// OptimizerOf: rates and momentum.
  virtual Function<void()> keep_options();

 private:
  /// Answers with what puts options and states back as they are now; that takes no memory.
  Function<void()> keep_all();
  Function<void()> keep_options_and_base_lrs();
  friend struct Restore;

  /// Moves one parameter by its gradient. Called for different parameters from several threads at once.
  virtual void step_parameter(int group, std::size_t i, const Tensor& gradient) = 0;
  virtual std::vector<Kept> kept(int group, const Tensor& parameter) const = 0;
  /// Whether there is something to be prepared.
  virtual bool prepares() const = 0;
  /// What a step needs beside the gradient, before anything is written.
  virtual std::vector<Tensor> prepared(int group, std::size_t i, const Tensor& gradient, const State& state) const = 0;
  virtual NonFinite nonfinite(int group) const = 0;

  /// A state that is complete, for a parameter whose own is not.
  struct Completed {
    std::size_t parameter;
    State state;
  };
  std::size_t group_begin(int group) const;
  /// The parameter's number or name, and its shape: "3 [2, 2]", "'fc.weight' [2, 2]".
  std::string described(std::size_t i) const;
  /// The state with all that its group's options ask for. Throws where what is there does not fit the parameter.
  State completed_state(std::size_t i, SourceLocation where) const;
  std::vector<Kept> kept_by(std::size_t i) const;
  void check_gradient(std::size_t i, const Tensor& gradient, SourceLocation where) const;
  /// Whether the gradients of the groups that ask for it are all finite.
  bool gradients_are_finite(std::span<const Tensor> gradients, SourceLocation where) const;

  std::vector<Tensor> parameters_;
  std::vector<std::string> names_;
  std::vector<State> states_;
  struct Bookkeeping;
  internal::Hidden<Bookkeeping> bookkeeping_;  // what else is known of the parameters, and of their groups

  friend class Schedule;
  std::vector<std::optional<double>>& base_lrs();  // by group, as far as schedules have seen them
};

/// OptimizerOf: an optimizer with its own kind of options. Options has lr and nonfinite, kOptimizer (the class's name),
/// and check(), which throws std::invalid_argument, naming the option and its value, when one is outside its
/// range.
template <class Options>
class OptimizerOf : public Optimizer {
 public:
  /// Makes an optimizer of one group. Throws std::invalid_argument when there are no parameters, one is not a floating
  /// leaf, one is given twice, two have elements in common, or an option is outside its range.
  explicit OptimizerOf(Parameters parameters, const Options& options = {},
                       SourceLocation where = SourceLocation::current());
  /// Makes an optimizer of several groups, each with its own options.
  explicit OptimizerOf(std::vector<Group<Options>> groups, SourceLocation where = SourceLocation::current());
  ~OptimizerOf() override;

  const char* name() const override { return Options::kOptimizer; }

  /// Takes one more group of parameters, with what they need to start, and answers with its number. Throws as the
  /// constructor; nothing is changed then.
  int add_group(Parameters parameters, const Options& options = {}, SourceLocation where = SourceLocation::current());
  /// Takes one more group, which has a name.
  int add_group(std::string name, Parameters parameters, const Options& options = {},
                SourceLocation where = SourceLocation::current());

  /// Options of one group. Throws std::out_of_range.
  const Options& options(int group = 0, SourceLocation where = SourceLocation::current()) const;
  /// Changes the options of one group, from the next step on. Throws std::invalid_argument as the constructor.
  void set_options(int group, const Options& options, SourceLocation where = SourceLocation::current());

  double lr(int group = 0, SourceLocation where = SourceLocation::current()) const override;
  void set_group_lr(int group, double lr, SourceLocation where = SourceLocation::current()) override;
  std::optional<double> momentum(int group = 0, SourceLocation where = SourceLocation::current()) const override;
  void set_group_momentum(int group, double momentum, SourceLocation where = SourceLocation::current()) override;

 protected:
  /// What update() needs for this parameter beside the count of its steps. It is made before the first write of the
  /// step that first needs it.
  virtual std::vector<Kept> keeps(const Options& options, const Tensor& w) const = 0;
  Function<void()> keep_options() override;
  /// Whether prepare() is to be called.
  bool prepares() const override { return false; }
  /// Computes what update() then finds in state.prepared, for formulas that take memory: it may be written with
  /// operators, and what it throws leaves everything as it is. state.steps does not count this step yet. Called where
  /// prepares() answers true.
  virtual std::vector<Tensor> prepare(const Options& options, const Tensor& w, const Tensor& g,
                                      const State& state) const;
  /// Moves one parameter w by its gradient g; state.steps counts this step already. Called from several threads at
  /// once: it must change nothing but w and its state. What it throws leaves the step half done.
  virtual void update(const Options& options, Tensor& w, const Tensor& g, State& state) = 0;

 private:
  void step_parameter(int group, std::size_t i, const Tensor& gradient) final;
  std::vector<Kept> kept(int group, const Tensor& parameter) const final;
  std::vector<Tensor> prepared(int group, std::size_t i, const Tensor& gradient, const State& state) const final;
  NonFinite nonfinite(int group) const final;
  /// As options.check(), or by check_in_run() where there is one: what a schedule may come to is more than what an
  /// optimizer may be made with.
  static void check_in_run(const Options& options, SourceLocation where);
  friend struct Restore;

  internal::Hidden<std::vector<Options>> options_;  // by group
};

// Not inside of the class: the library has them compiled for its own optimizers, and a user's file shall not
// compile them again to inline them.

template <class Options>
OptimizerOf<Options>::OptimizerOf(Parameters parameters, const Options& options, SourceLocation where) {
  add_group(std::move(parameters), options, where);
}

template <class Options>
OptimizerOf<Options>::OptimizerOf(std::vector<Group<Options>> groups, SourceLocation where) {
  check(!groups.empty(), where, Options::kOptimizer,
        ": at least one group of parameters is needed, but there is none.");
  for (Group<Options>& group : groups)
    add_group(std::move(group.name), std::move(group.parameters), group.options, where);
}

template <class Options>
OptimizerOf<Options>::~OptimizerOf() = default;

template <class Options>
int OptimizerOf<Options>::add_group(Parameters parameters, const Options& options, SourceLocation where) {
  return add_group(std::string(), std::move(parameters), options, where);
}

template <class Options>
int OptimizerOf<Options>::add_group(std::string name, Parameters parameters, const Options& options,
                                    SourceLocation where) {
  options.check(where);
  options_->push_back(options);
  try {
    hold(Options::kOptimizer, std::move(parameters), std::move(name), where);
  } catch (...) {
    options_->pop_back();
    throw;
  }
  return group_count() - 1;
}

template <class Options>
const Options& OptimizerOf<Options>::options(int group, SourceLocation where) const {
  check_group(group, where);
  return (*options_)[group];
}

template <class Options>
void OptimizerOf<Options>::set_options(int group, const Options& options, SourceLocation where) {
  check_group(group, where);
  options.check(where);
  (*options_)[group] = options;
  options_changed(group);
}

template <class Options>
Function<void()> OptimizerOf<Options>::keep_options() {
  return [this, kept = *options_]() mutable {
    options_->swap(kept);
    for (int group = 0; group < group_count(); ++group) options_changed(group);
  };
}

template <class Options>
void OptimizerOf<Options>::check_in_run(const Options& options, SourceLocation where) {
  if constexpr (requires { options.check_in_run(where); })
    options.check_in_run(where);
  else
    options.check(where);
}

template <class Options>
double OptimizerOf<Options>::lr(int group, SourceLocation where) const {
  return options(group, where).lr;
}

template <class Options>
void OptimizerOf<Options>::set_group_lr(int group, double lr, SourceLocation where) {
  check_group(group, where);
  Options changed = (*options_)[group];
  changed.lr = lr;
  check_in_run(changed, where);
  (*options_)[group] = changed;
}

template <class Options>
std::optional<double> OptimizerOf<Options>::momentum(int group, SourceLocation where) const {
  const Options& options = this->options(group, where);
  if constexpr (requires { options.momentum; })
    return options.momentum;
  else if constexpr (requires { options.betas.first; })
    return options.betas.first;
  else
    return std::nullopt;
}

template <class Options>
void OptimizerOf<Options>::set_group_momentum(int group, double momentum, SourceLocation where) {
  check_group(group, where);
  Options changed = (*options_)[group];
  double* own = nullptr;
  if constexpr (requires { changed.momentum; })
    own = &changed.momentum;
  else if constexpr (requires { changed.betas.first; })
    own = &changed.betas.first;
  if (own == nullptr) return Optimizer::set_group_momentum(group, momentum, where);
  const bool starts_or_ends = (*own == 0) != (momentum == 0);
  *own = momentum;
  check_in_run(changed, where);
  (*options_)[group] = changed;
  if (starts_or_ends) options_changed(group);
}

template <class Options>
void OptimizerOf<Options>::step_parameter(int group, std::size_t i, const Tensor& gradient) {
  State& state = state_of(i);
  ++state.steps;
  update((*options_)[group], parameter(i), gradient, state);
  if (!state.prepared.empty()) state.prepared.clear();
}

template <class Options>
std::vector<Kept> OptimizerOf<Options>::kept(int group, const Tensor& parameter) const {
  return keeps((*options_)[group], parameter);
}

template <class Options>
std::vector<Tensor> OptimizerOf<Options>::prepare(const Options&, const Tensor&, const Tensor&, const State&) const {
  return {};
}

template <class Options>
std::vector<Tensor> OptimizerOf<Options>::prepared(int group, std::size_t i, const Tensor& gradient,
                                                   const State& state) const {
  return prepare((*options_)[group], parameters()[i], gradient, state);
}

template <class Options>
NonFinite OptimizerOf<Options>::nonfinite(int group) const {
  return (*options_)[group].nonfinite;
}

}  // namespace optim
}  // namespace xgrad
