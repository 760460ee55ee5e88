// Module: what holds the parameters of a model or layer, under names, in a tree.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

#include "../autograd/base/ref.hpp"
#include "../autograd/hooks.hpp"
#include "../autograd/tensor.hpp"
#include "call.hpp"
#include "parameter.hpp"
#include "state.hpp"

namespace xgrad XGRAD_API {
namespace nn {

namespace detail {
class CopyPlan;
}

/// Base of layers and models. A class derives from it, and registers in its members' initialisers what it learns
/// (`param`), keeps (`buffer`) and is made of (`child`).
///
/// A Module is a handle, as a Tensor is: a copy names the same parameters. A model with parameters of its own is made
/// by nn::clone(), one on given tensors by nn::with_parameters(). Modules cannot be assigned to: a parent's registry
/// would keep what was there before.
///
/// Example:
///
///     struct Mlp : nn::Module {
///       nn::Dense hidden = child("hidden", nn::Dense(64, 32));
///       nn::Dense output = child("output", nn::Dense(32, 10));
///       nn::Parameter scale = param("scale", ones({10}));
///       Tensor operator()(const Tensor& x) const {
///         return call(x, [&] { return scale * output(relu(hidden(x))); });
///       }
///     };
class Module {
 public:
  /// A copy is another handle of the same module. Moving is copying as well: `other` stays usable. (Members of a
  /// derived class are moved, unless that class declares its copy constructor, as the layers of this library do.)
  Module(const Module& other) noexcept;
  Module(Module&& other) noexcept;
  Module& operator=(const Module&) = delete;
  virtual ~Module();

  // ---- What it holds ----

  /// All parameters, this module's first, then each child's; one that is registered several times comes once.
  std::vector<Tensor> parameters() const;
  /// All parameters in the order of parameters(), with the dotted path of each: "hidden.weight".
  NamedTensors named_parameters() const;
  /// Tensors that are part of the state but not learned (running means).
  std::vector<Tensor> buffers() const;
  /// The buffers in the order of buffers(), with the dotted path of each.
  NamedTensors named_buffers() const;
  /// Parameters, then buffers: all that has to be saved to restore the module. A tensor that is registered several
  /// times comes under each of its names, as files hold it.
  NamedTensors state() const;
  /// The modules registered directly in this one, in order. Each is a plain Module, a view of the child's registry:
  /// it lists and switches what is in it, and cannot be called.
  std::vector<std::pair<std::string, Module>> children() const;
  /// This module and all below it whose classes fit a pattern, each once, parents first, with their dotted paths: ""
  /// for this one.
  /// Example:
  /// `for (auto& [path, layer] : model.modules("Conv?d")) nn::init::apply(layer, "weight", nn::init::he_normal());`
  std::vector<std::pair<std::string, Module>> modules(const Patterns& classes = "*") const;
  /// Number of elements of all parameters.
  std::int64_t parameter_count() const;

  // ---- Changing it ----

  /// Switches this module and all below it to training, where Dropout drops.
  void train(bool training = true);
  /// Switches to evaluation: train(false).
  void eval() { train(false); }
  /// Whether it is switched to training, as a new module is.
  bool is_training() const;
  /// Converts floating parameters and buffers in place, all of them or (when memory runs out) none: every handle to them
  /// sees the new dtype, each has memory of its own then, gradients are cleared. An optimizer is made after that.
  /// Throws: std::invalid_argument unless the dtype is floating, std::logic_error where with_parameters() has put the
  /// result of an operation in a parameter's place.
  void to(DType dtype, SourceLocation where = SourceLocation::current());
  /// Clears the gradient of every parameter.
  void zero_grad();
  /// Overwrites parameters and buffers by name, as state() gives them; the dtypes stay. A tensor with several names
  /// needs one of them.
  /// Dtype: values are converted. Floating numbers are rounded, but a finite one never becomes infinite; integers and
  /// booleans are held exactly.
  /// Throws: std::invalid_argument, listing the names, when some are missing, unknown, given twice, of another shape,
  /// have elements that the module's dtype cannot hold, or are names of one tensor with different values. Nothing is
  /// changed then.
  void load(const NamedTensors& values, SourceLocation where = SourceLocation::current());
  /// Overwrites what fits of parameters and buffers, and answers with what was left out: weights of another model's
  /// body under a head of one's own.
  /// Throws: std::invalid_argument for a name that is given twice, and names of one tensor with different values.
  /// Nothing is changed then.
  /// Example: `std::cout << model.load_partial(values).text();`
  LoadReport load_partial(const NamedTensors& values, SourceLocation where = SourceLocation::current());
  /// Overwrites parameters and buffers with those of a module of the same names and shapes: load(other.state()).
  void copy_parameters_from(const Module& other, SourceLocation where = SourceLocation::current());

  // ---- Being called ----

  /// Calls `hook` with this layer, its input and its result after each call, on the thread of the call, unrecorded,
  /// until the handle that is returned dies. Of a layer that answers with a struct y is the struct's `output` (LSTM,
  /// attention), or its `h` (LSTMCell); it is undefined where there is neither. Copies made by with_parameters() and
  /// clone() have no hooks. A hook that captures the model keeps it alive: it is handed the layer. Only classes whose
  /// operator() is
  /// `return call(x, ...)` run hooks, as all of this library do.
  [[nodiscard]] HookHandle add_forward_hook(Function<void(const Module& layer, const Tensor& x, const Tensor& y)> hook,
                                            SourceLocation where = SourceLocation::current());

  /// Calls `hook` in each backward pass through a call of this layer, with the layer and the loss's gradients by the
  /// call's input and by its result, until the handle that is returned dies; calls that were recorded before it was
  /// added are not seen. It runs unrecorded, on the thread of the pass, once the gradient by the input is complete:
  /// where the pass goes no further than this layer it does not run, and where the input needs no gradient
  /// `input_gradient` is undefined. The gradients must not be written to. Of a layer that answers with a struct the
  /// result is the struct's `output` (LSTM, attention), or its `h` (LSTMCell): `output_gradient` is the gradient by that,
  /// `input_gradient` has what comes through the operations that it was made by (in this library's layers through all
  /// results, and `output_gradient` is undefined where the loss depends on the others alone). Where the input needs no
  /// gradient, it takes a gradient by that result for the hook to run. A struct with neither runs no backward hooks.
  ///
  /// Example: `HookHandle seen = model.hidden.add_backward_hook([](auto& layer, auto& gx, auto& gy) { ... });`
  [[nodiscard]] HookHandle add_backward_hook(
      Function<void(const Module& layer, const Tensor& input_gradient, const Tensor& output_gradient)> hook,
      SourceLocation where = SourceLocation::current());

  /// Whether two handles name the same module.
  bool is_same(const Module& other) const;
  /// The class of the outermost module and the names from there to this one: "Mlp.hidden".
  std::string path() const;
  /// This module's class without its namespaces: "Dense".
  std::string class_name() const;

 protected:
  Module();

  /// Registers a module as part of this one and returns it.
  /// Throws: std::invalid_argument for a name that is empty, taken or has a dot, and for a module that contains this
  /// one.
  template <std::derived_from<Module> M>
  M child(std::string_view name, M module, SourceLocation where = SourceLocation::current()) {
    register_child(name, module, typeid(M), where);
    return module;
  }
  /// Makes the tensor a variable, registers it and returns it.
  /// Throws: std::invalid_argument for a name as child() does and for a tensor that is not floating, std::logic_error
  /// for one that a recorded operation made.
  Parameter param(const std::string& name, Tensor value, SourceLocation where = SourceLocation::current());
  /// Registers a tensor that is part of the state but not learned, and returns it.
  /// Throws: std::invalid_argument for a name as child() does and for a tensor that requires a gradient.
  Buffer buffer(const std::string& name, Tensor value, SourceLocation where = SourceLocation::current());

  /// Registers a module whose names become this one's own, without a name in front, as a wrapper of it does, and
  /// returns it.
  /// Throws: std::invalid_argument where it has a name that this one has as well, and for a module that contains this
  /// one.
  template <std::derived_from<Module> M>
  M wrapped(M module, SourceLocation where = SourceLocation::current()) {
    register_wrapped(module, typeid(M), where);
    return module;
  }
  /// Gives a parameter of the wrapped module another name, and returns it.
  /// Throws: std::invalid_argument unless the module has a parameter of that name of its own and the new name is free.
  Parameter rename_parameter(const std::string& from, const std::string& to,
                             SourceLocation where = SourceLocation::current());

  /// Runs a layer's work and answers with its result: what an operator() is made of. An error in it begins with this
  /// layer's path, or that of the innermost layer in it; hooks and observers see the call. x, the layer's first input,
  /// is what they are shown.
  /// Throws: std::invalid_argument where x is undefined, and what `run` throws.
  /// Example: `Tensor operator()(const Tensor& x) const { return call(x, [&] { return output(relu(hidden(x))); }); }`
  template <class F>
  auto call(const Operand& x, const F& run) const {
    LayerCall frame(*this, x);
    try {
      if constexpr (std::derived_from<std::remove_cvref_t<std::invoke_result_t<const F&>>, Tensor>) {
        Tensor y = run();
        frame.finish(y);
        return y;
      } else {
        auto y = run();
        finish(frame, y);
        return y;
      }
    } catch (...) {
      frame.fail();
    }
  }

 private:
  struct Registry;
  struct CallHooks;
  friend class LayerCall;
  friend class detail::CopyPlan;

  /// Shows a struct's `output`, or its `h` where it has no output, as a layer with several results names them.
  template <class Results>
  static void finish(LayerCall& frame, Results& y) {
    Tensor none;
    if constexpr (requires { requires std::same_as<decltype(y.output), Tensor>; })
      frame.finish(y.output);
    else if constexpr (requires { requires std::same_as<decltype(y.h), Tensor>; })
      frame.finish(y.h);
    else
      frame.finish(none);
  }

  static void count_watchers(int more) noexcept { LayerCall::count_watchers(more); }
  explicit Module(internal::Ref<Registry> registry) noexcept;
  void register_child(std::string_view name, const Module& module, const std::type_info& type, SourceLocation where);
  void register_wrapped(const Module& module, const std::type_info& type, SourceLocation where);
  void adopt(const std::string& name, const Module& module, const std::type_info& type);
  /// Parameters, then buffers, each once.
  NamedTensors own_tensors() const;
  void write(const NamedTensors& own, const detail::LoadPlan& plan, SourceLocation where);
  /// Writes down the class that the user wrote, which only a handle of it knows.
  void note_class() const;

  internal::Ref<Registry> registry_;
};

/// Writes `Mlp.hidden (Dense)`, or `Dense` where the module is not part of another: how a layer's error begins.
void append_text(std::string& out, const Module& module);

}  // namespace nn
}  // namespace xgrad
