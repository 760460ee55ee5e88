// Checkpoints: all that a training run needs to go on as if it had not stopped, in one file.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "../autograd/function.hpp"
#include "../autograd/hidden.hpp"
#include "../autograd/random.hpp"
#include "../autograd/tensor.hpp"
#include "../data/batches.hpp"
#include "../nn/module.hpp"
#include "../optim/optimizer.hpp"
#include "../optim/schedule/schedule.hpp"
#include "safetensors.hpp"

namespace xgrad XGRAD_API {
namespace io {

/// An object of the user's, or of the library's, with a state of tensors (averaged weights) that can be kept and put
/// back.
template <class T>
concept HasTensorState = !HasContents<T> && !std::derived_from<T, nn::Module> &&
                         requires(const T& object, T& changed, const NamedTensors& state) {
  { object.state() } -> std::convertible_to<NamedTensors>;
  changed.load_state(state);
};

/// An object with a state of numbers under names (a count, a rate) that can be kept and put back.
template <class T>
concept HasNumberState =
    !std::derived_from<T, optim::Schedule> && requires(const T& object, T& changed, const optim::NamedNumbers& state) {
  { object.state() } -> std::convertible_to<optim::NamedNumbers>;
  changed.load_state(state);
};

/// Options of Checkpoint::load().
struct CheckpointOptions {
  bool partial =
      false;  ///< take over what has been added alone: what else the file has is left, and random numbers go on
};

/// Checkpoint: the list of what belongs to a training run. It refers to the objects, which must outlive it; save()
/// writes their states to one file, load() has them as they were. The state of the random numbers
/// (autograd/random_state.hpp) is always part of it. Saved between two steps, a run that loads it makes the bits that
/// the first would have made.
///
/// Gradients and hooks are not part of it: build the run as it was built before, then load. An optimizer comes back
/// with the options of its groups, unless it is of a class of one's own.
///
/// Example:
///
///     std::int64_t step = 0;
///     data::BatchPosition position;
///     io::Checkpoint checkpoint;
///     checkpoint.add("model", model).add("optimizer", adam).add("data", position).add("step", step);
///     checkpoint.save("run.safetensors");
///     checkpoint.load("run.safetensors");
class Checkpoint {
 public:
  Checkpoint();
  Checkpoint(const Checkpoint&);
  Checkpoint(Checkpoint&&) noexcept;
  Checkpoint& operator=(const Checkpoint&);
  Checkpoint& operator=(Checkpoint&&) noexcept;
  ~Checkpoint();

  /// Adds a model: its parameters and buffers, as `<name>.<their name>`.
  /// Throws: std::invalid_argument, as each add(), for a name that is empty, taken, has a dot or is no UTF-8.
  Checkpoint& add(const std::string& name, nn::Module& model, SourceLocation where = SourceLocation::current());
  /// Adds an optimizer: what it keeps, as `<name>.state.<parameter's name>.<buffer>`, and each group's rate and
  /// momentum.
  Checkpoint& add(const std::string& name, optim::Optimizer& optimizer,
                  SourceLocation where = SourceLocation::current());
  /// Adds a schedule.
  Checkpoint& add(const std::string& name, optim::Schedule& schedule, SourceLocation where = SourceLocation::current());
  /// Adds the position in the data (BatchOptions::position).
  Checkpoint& add(const std::string& name, data::BatchPosition& position,
                  SourceLocation where = SourceLocation::current());
  /// Adds a generator. Those that are used where none is given are part of each checkpoint.
  Checkpoint& add(const std::string& name, Generator& generator, SourceLocation where = SourceLocation::current());
  /// Adds a tensor. load() writes into one that requires a gradient; another handle is given the file's tensor.
  Checkpoint& add(const std::string& name, Tensor& tensor, SourceLocation where = SourceLocation::current());
  /// Adds a variable of the user's.
  Checkpoint& add(const std::string& name, std::int64_t& value, SourceLocation where = SourceLocation::current());
  Checkpoint& add(const std::string& name, int& value, SourceLocation where = SourceLocation::current());
  Checkpoint& add(const std::string& name, bool& value, SourceLocation where = SourceLocation::current());
  Checkpoint& add(const std::string& name, double& value, SourceLocation where = SourceLocation::current());
  Checkpoint& add(const std::string& name, std::string& value, SourceLocation where = SourceLocation::current());
  Checkpoint& add(const std::string& name, std::vector<double>& values,
                  SourceLocation where = SourceLocation::current());
  /// Adds any object with a state of tensors, of tensors and texts, or of numbers: state() and load_state().
  template <HasTensorState T>
  Checkpoint& add(const std::string& name, T& object, SourceLocation where = SourceLocation::current()) {
    return add_contents(
        name, [&object] { return Contents{.tensors = object.state(), .metadata = {}}; },
        [&object](const Contents& contents) { object.load_state(contents.tensors); }, where);
  }
  template <HasContents T>
  requires(!std::derived_from<T, optim::Optimizer>) Checkpoint& add(const std::string& name, T& object,
                                                                    SourceLocation where = SourceLocation::current()) {
    return add_contents(
        name, [&object] { return Contents{.tensors = object.state(), .metadata = object.metadata()}; },
        [&object](const Contents& contents) { object.load_state(contents.tensors, contents.metadata); }, where);
  }
  template <HasNumberState T>
  Checkpoint& add(const std::string& name, T& object, SourceLocation where = SourceLocation::current()) {
    return add_numbers(
        name, "numbers", [&object] { return optim::NamedNumbers(object.state()); },
        [&object](const optim::NamedNumbers& state) { object.load_state(state); }, where);
  }

  /// Writes the states to a safetensors file, whole or not at all, with texts of the user's about it.
  ///
  /// Throws: FileError where the file cannot be written: what was there before is as it was. std::invalid_argument for
  /// texts whose names are those of parts.
  void save(const std::string& path, const Metadata& texts = {},
            SourceLocation where = SourceLocation::current()) const;
  /// Has all that was added as it was when the file was written.
  ///
  /// Throws: FileError where the file is missing, damaged, or no checkpoint; std::invalid_argument, naming file and
  /// part, where it is one of another run: other parts, another model, optimizer or schedule; std::bad_alloc where
  /// memory runs out. Nothing is changed then. (Objects with a state() of their own, AveragedWeights among them, are
  /// given back theirs by load_state(): where memory has run out for good, that may fail. And where it runs out for
  /// good while the JSON reader works, the process ends: the reader's destructors take memory, and may not throw.)
  void load(const std::string& path, CheckpointOptions options = {}, SourceLocation where = SourceLocation::current());

 private:
  struct File;
  /// Puts a part back as it was. It takes no memory, but for objects of the user's.
  using Undo = Function<void()>;
  struct Part {
    std::string name;
    Function<void(Contents&)> save;
    Function<Undo(const File&)> load;  // takes the part over, or changes nothing and throws
  };

  Checkpoint& add_part(const std::string& name, Function<void(Contents&)> save, Function<Undo(const File&)> load,
                       SourceLocation where);
  Checkpoint& add_contents(const std::string& name, const Function<Contents()>& state,
                           Function<void(const Contents&)> load, SourceLocation where);
  Checkpoint& add_numbers(const std::string& name, const char* kind, const Function<optim::NamedNumbers()>& state,
                          Function<void(const optim::NamedNumbers&)> load, SourceLocation where);
  /// The states of all parts. The tensors are the parts' own.
  Contents gathered() const;

  internal::Hidden<std::vector<Part>> parts_;
};

}  // namespace io
}  // namespace xgrad
