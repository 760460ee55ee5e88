// Module: what holds the parameters of a model or layer, under names, in a tree.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <typeinfo>
#include <utility>
#include <vector>

#include "../autograd/base/ref.hpp"
#include "../autograd/tensor.hpp"

namespace xgrad XGRAD_API {
namespace nn {

/// Tensors with their names, in order: "hidden.weight".
using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

/// Base of layers and models. A class derives from it, and registers in its members' initialisers what it
/// learns and what it is made of:
///
///     struct Mlp : nn::Module {
///       nn::Dense hidden = child("hidden", nn::Dense(64, 32));
///       nn::Dense output = child("output", nn::Dense(32, 10));
///       Tensor scale = param("scale", ones({10}));
///       Tensor operator()(const Tensor& x) const { return scale * output(relu(hidden(x))); }
///     };
///
/// A Module is a handle, as a Tensor is: a copy names the same parameters. A model with parameters of its own
/// is made by constructing it anew; copy_parameters_from() then takes over their values. Modules cannot be
/// assigned to: a parent's registry would keep what stood there before.
class Module {
 public:
  Module(const Module& other) noexcept;
  /// The same as copying: `other` stays usable. (Members of a derived class are moved, unless that class declares its
  /// copy constructor, as the layers of this library do.)
  Module(Module&& other) noexcept;
  Module& operator=(const Module&) = delete;
  virtual ~Module();

  // ---- What it holds ----

  /// All parameters, this module's first, then each child's; one that is registered several times comes once.
  std::vector<Tensor> parameters() const;
  /// The same with the dotted path of each: "hidden.weight".
  NamedTensors named_parameters() const;
  /// Tensors that are part of the state but not learned (running means).
  std::vector<Tensor> buffers() const;
  NamedTensors named_buffers() const;
  /// Parameters, then buffers: all that has to be saved to restore the module.
  NamedTensors state() const;
  /// The modules registered directly in this one, in order. Handles without the class's own functions.
  std::vector<std::pair<std::string, Module>> children() const;
  /// Number of elements of all parameters.
  std::int64_t parameter_count() const;

  // ---- Changing it ----

  /// Switches this module and all below it to training, where Dropout drops.
  void train(bool training = true);
  /// Switches to evaluation: train(false).
  void eval() { train(false); }
  /// True for a new module.
  bool is_training() const;
  /// Converts floating parameters and buffers in place: every handle to them sees the new dtype, their
  /// gradients are cleared. Before an optimizer is made of them. Throws std::invalid_argument unless the
  /// dtype is floating.
  void to(DType dtype, SourceLocation where = SourceLocation::current());
  /// Clears the gradient of every parameter.
  void zero_grad();
  /// Overwrites parameters and buffers by name, as state() gives them; the dtypes stay. Throws
  /// std::invalid_argument, listing the names, when some are missing, unknown, of another shape, or have elements
  /// that the module's dtype cannot hold. Nothing is changed then.
  void load(const NamedTensors& values, SourceLocation where = SourceLocation::current());
  /// load(other.state()).
  void copy_parameters_from(const Module& other, SourceLocation where = SourceLocation::current());

  // ---- What it is called ----

  /// The class of the outermost module and the names from there to this one: "Mlp.hidden".
  std::string path() const;
  /// This module's class without its namespaces: "Dense".
  std::string class_name() const;

 protected:
  Module();

  /// Registers a module as part of this one and returns it. Throws std::invalid_argument for a name that is
  /// empty, taken or has a dot, and for a module that contains this one.
  template <std::derived_from<Module> M>
  M child(const std::string& name, M module, SourceLocation where = SourceLocation::current()) {
    register_child(name, module, typeid(M), where);
    return module;
  }
  /// Makes the tensor a variable, registers it and returns it. Throws std::invalid_argument for a name as
  /// above and for a tensor that is not floating, std::logic_error for one that a recorded operation made.
  Tensor param(const std::string& name, Tensor value, SourceLocation where = SourceLocation::current());
  /// Registers a tensor that is part of the state but not learned, and returns it.
  Tensor buffer(const std::string& name, Tensor value, SourceLocation where = SourceLocation::current());

 private:
  struct State;

  explicit Module(internal::Ref<State> state) noexcept;
  void register_child(const std::string& name, const Module& module, const std::type_info& type, SourceLocation where);
  void enlist() noexcept;

  internal::Ref<State> state_;
  // All handles of one state are linked, for one of them knows the class that the user wrote.
  Module* previous_ = nullptr;
  Module* next_ = nullptr;
};

/// Writes `Mlp.hidden (Dense)`, or `Dense` where the module is not part of another: how a layer's error
/// begins.
void append_text(std::string& out, const Module& module);

}  // namespace nn
}  // namespace xgrad
