// What all optimizers share: the parameters in their groups, what is kept for each parameter, and step()
// itself. A derived class writes its paper's formula for one parameter.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "../autograd/error.hpp"
#include "../autograd/tensor.hpp"

namespace xgrad XGRAD_API {
namespace optim {

/// What step() does when a gradient has an element that is infinite or nan.
enum class NonFinite : std::uint8_t {
  proceed,  ///< step as usual; the parameter takes the element over
  skip,     ///< leave every parameter and every state as it is
  error,    ///< the same, and throw std::runtime_error
};

/// What an optimizer keeps for one parameter.
struct State {
  std::int64_t steps = 0;         ///< steps that this parameter has taken
  std::array<Tensor, 3> buffers;  ///< in the parameter's dtype, named by Optimizer::buffer_names(); undefined
                                  ///< until first needed
};

/// Parameters that share options:
///
///     optim::Adam adam({{.parameters = weights, .options = {.weight_decay = 0.1}}, {.parameters = biases}});
template <class Options>
struct Group {
  std::vector<Tensor> parameters;
  Options options = {};
};

/// Base of all optimizers. It holds handles to the parameters: the tensors themselves are updated.
class Optimizer {
 public:
  virtual ~Optimizer();
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  /// The class's name, "Adam".
  virtual const char* name() const = 0;

  /// Lets the gradient of every parameter go.
  void zero_grad();

  /// Moves every parameter that has a gradient; the others keep value and state. Gradients are not changed.
  /// Throws std::runtime_error by the option NonFinite::error, and std::invalid_argument where what is kept for a
  /// parameter was made for another dtype (Module::to() came in between). Nothing is changed then.
  void step(SourceLocation where = SourceLocation::current());

  /// All parameters, group after group.
  const std::vector<Tensor>& parameters() const { return parameters_; }
  int group_count() const { return static_cast<int>(group_ends_.size()); }
  /// Those of one group. Throws std::out_of_range.
  std::span<const Tensor> group(int index, SourceLocation where = SourceLocation::current()) const;

  /// Learning rate of one group. Throws std::out_of_range.
  virtual double lr(int group = 0, SourceLocation where = SourceLocation::current()) const = 0;
  /// Sets the learning rate of every group, from the next step on. Throws std::invalid_argument below 0
  /// and for what is not finite.
  void set_lr(double lr, SourceLocation where = SourceLocation::current());
  /// Sets that of one group.
  virtual void set_group_lr(int group, double lr, SourceLocation where = SourceLocation::current()) = 0;

  /// What is kept for each parameter, parallel to parameters(): read it to save a training run, write it to
  /// go on with one.
  const std::vector<State>& states() const { return states_; }
  std::vector<State>& states() { return states_; }
  /// What State::buffers hold, in order; null where nothing.
  virtual std::array<const char*, 3> buffer_names() const = 0;

 protected:
  Optimizer() = default;

  /// Throws std::invalid_argument unless each is a floating leaf that requires a gradient and not held
  /// already.
  void add_group(const char* optimizer, std::vector<Tensor> parameters, SourceLocation where);
  /// Throws std::out_of_range unless 0 <= group < group_count().
  void check_group(int group, SourceLocation where) const;
  Tensor& parameter(std::size_t i) { return parameters_[i]; }

 private:
  /// Moves one parameter, if it has a gradient. Called for different parameters from several threads at once.
  virtual void step_parameter(int group, std::size_t i) = 0;
  virtual NonFinite nonfinite(int group) const = 0;
  std::size_t group_begin(int group) const { return group == 0 ? 0 : group_ends_[group - 1]; }
  /// Throws std::invalid_argument unless the buffers of each parameter that is to move fit it.
  void check_states(SourceLocation where) const;
  /// Whether the gradients of the groups that ask for it are all finite.
  bool gradients_are_finite(SourceLocation where) const;

  std::vector<Tensor> parameters_;
  std::vector<State> states_;
  std::vector<int> groups_;                // by parameter
  std::vector<std::int64_t> work_before_;  // by parameter: the work of those before it that are stepped side by side
  std::int64_t shared_work_ = 0;           // of all of those
  std::int64_t total_work_ = 0;            // of all parameters
  std::vector<std::size_t> group_ends_;
};

/// An optimizer with its own kind of options. Options has lr and nonfinite, kOptimizer (the class's name),
/// and check(), which throws std::invalid_argument, naming the option and its value, when one is outside its
/// range.
template <class Options>
class OptimizerOf : public Optimizer {
 public:
  /// One group. Throws std::invalid_argument when there are no parameters, one is not a floating leaf that
  /// requires a gradient, one is given twice, or an option is outside its range.
  explicit OptimizerOf(std::vector<Tensor> parameters, const Options& options = {},
                       SourceLocation where = SourceLocation::current());
  /// Several groups, each with its own options.
  explicit OptimizerOf(std::vector<Group<Options>> groups, SourceLocation where = SourceLocation::current());
  ~OptimizerOf() override;

  const char* name() const override { return Options::kOptimizer; }

  /// Options of one group. Throws std::out_of_range.
  const Options& options(int group = 0, SourceLocation where = SourceLocation::current()) const;
  /// Changes them, from the next step on. Throws std::invalid_argument as the constructor.
  void set_options(int group, const Options& options, SourceLocation where = SourceLocation::current());

  double lr(int group = 0, SourceLocation where = SourceLocation::current()) const override;
  void set_group_lr(int group, double lr, SourceLocation where = SourceLocation::current()) override;

 protected:
  /// Moves one parameter w by its gradient g; state.steps counts this step already. Called from several threads at once:
  /// it must change nothing but w and its state.
  virtual void update(const Options& options, Tensor& w, const Tensor& g, State& state) = 0;

 private:
  void add(std::vector<Tensor> parameters, const Options& options, SourceLocation where);
  void step_parameter(int group, std::size_t i) final;
  NonFinite nonfinite(int group) const final;

  std::vector<Options> options_;
};

// Not inside of the class: the library has them compiled for its own optimizers, and a user's file shall not
// compile them again to inline them.

template <class Options>
OptimizerOf<Options>::OptimizerOf(std::vector<Tensor> parameters, const Options& options, SourceLocation where) {
  add(std::move(parameters), options, where);
}

template <class Options>
OptimizerOf<Options>::OptimizerOf(std::vector<Group<Options>> groups, SourceLocation where) {
  check(!groups.empty(), where, Options::kOptimizer, ": at least one group of parameters is needed, but none came");
  for (Group<Options>& group : groups) add(std::move(group.parameters), group.options, where);
}

template <class Options>
OptimizerOf<Options>::~OptimizerOf() = default;

template <class Options>
void OptimizerOf<Options>::add(std::vector<Tensor> parameters, const Options& options, SourceLocation where) {
  options.check(where);
  add_group(Options::kOptimizer, std::move(parameters), where);
  options_.push_back(options);
}

template <class Options>
const Options& OptimizerOf<Options>::options(int group, SourceLocation where) const {
  check_group(group, where);
  return options_[group];
}

template <class Options>
void OptimizerOf<Options>::set_options(int group, const Options& options, SourceLocation where) {
  check_group(group, where);
  options.check(where);
  options_[group] = options;
}

template <class Options>
double OptimizerOf<Options>::lr(int group, SourceLocation where) const {
  return options(group, where).lr;
}

template <class Options>
void OptimizerOf<Options>::set_group_lr(int group, double lr, SourceLocation where) {
  Options changed = options(group, where);
  changed.lr = lr;
  set_options(group, changed, where);
}

template <class Options>
void OptimizerOf<Options>::step_parameter(int group, std::size_t i) {
  const Tensor gradient = parameter(i).grad();
  if (!gradient.defined()) return;
  State& state = states()[i];
  ++state.steps;
  update(options_[group], parameter(i), gradient, state);
}

template <class Options>
NonFinite OptimizerOf<Options>::nonfinite(int group) const {
  return options_[group].nonfinite;
}

}  // namespace optim
}  // namespace xgrad
