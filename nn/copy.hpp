// with_parameters() and clone(): the same model on other tensors.
#pragma once

#include <concepts>
#include <initializer_list>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "../autograd/functional.hpp"
#include "module.hpp"

namespace xgrad XGRAD_API {
namespace nn {

namespace detail {

/// Makes a copy of a model on other tensors: its registry first, then, while this lives and until finish(), every copy
/// that this thread makes of the model's handles is one of the new registry's.
class ModelCopy {
 public:
  ModelCopy(const char* function, const Module& model, const std::type_info& type, SourceLocation where);
  ~ModelCopy();
  ModelCopy(const ModelCopy&) = delete;
  ModelCopy& operator=(const ModelCopy&) = delete;

  void take(std::span<const Tensor> tensors);
  void take(const NamedTensors& tensors);
  void take_copies();
  /// Ends it. Throws std::invalid_argument where copying the class did not reach a module or tensor of the registry.
  void finish(const Module& copy);

 private:
  const Module& model_;
  CopyPlan* plan_;
  const char* function_;
  SourceLocation where_;
};

/// While it lives, copies that this thread makes of one registered tensor name another.
class TensorSwap {
 public:
  TensorSwap(const Tensor& from, Tensor to);
  ~TensorSwap();
  TensorSwap(const TensorSwap&) = delete;
  TensorSwap& operator=(const TensorSwap&) = delete;

 private:
  CopyPlan* plan_;
};

/// A handle of the same layer that computes with another tensor in place of one of its own: the registry, and with it
/// hooks, paths and buffers, is the layer's.
template <class M>
M on_tensor(const M& layer, const Tensor& from, Tensor to) {
  TensorSwap swap(from, std::move(to));
  return M(layer);
}

/// Whether M can be copied; a compile error that says why, where it cannot.
template <class M>
constexpr bool is_copyable() {
  static_assert(!std::same_as<M, Module>,
                "The model's own class is needed: a Module by itself is a handle without the class's functions.");
  static_assert(
      std::copy_constructible<M>,
      "The model is copied: hold its layers by value, in a std::vector or a std::optional, not in a unique_ptr.");
  return !std::same_as<M, Module> && std::copy_constructible<M>;
}

/// The copy, on what `take` hands to the plan.
template <class M, class Take>
M copied(const char* function, const M& model, const Take& take, SourceLocation where) {
  if constexpr (is_copyable<M>()) {
    ModelCopy plan(function, model, typeid(M), where);
    take(plan);
    M copy(model);
    plan.finish(copy);
    return copy;
  } else {
    __builtin_unreachable();
  }
}

template <class M, class Tensors>
M copied_on(const M& model, const Tensors& tensors, SourceLocation where) {
  return copied(
      "with_parameters", model, [&](ModelCopy& plan) { plan.take(tensors); }, where);
}

}  // namespace detail

/// A copy of a model on other tensors, which stand for its parameters in the order of parameters(). They may be results
/// of operations, and gradients flow into them to any order: the way to an inner step of meta-learning, to implicit
/// layers, and to a model in another precision. The model itself is unchanged, and so is what other threads see.
///
/// Nothing needs to be listed: the class's copy constructor runs, and each layer and each registered tensor in it, also
/// within vectors, optionals, lambdas, Function and Sequential, becomes the copy's own. Tied parameters stay tied.
/// Buffers are copied; the training flag is taken over and separate from then on. Layers and tensors that are not
/// registered, and generators, stay shared; hooks are left behind.
///
/// It cannot see what copying the class does not copy, and what still means the original: a view or detach() of a
/// parameter kept in a member, a lambda that captures `this`, and a pointer, a reference or a std::shared_ptr to a
/// layer which the class holds by value as well, as one that was put into a Sequential and is called beside it. (What
/// is held behind a pointer alone is refused.) Of those layers nn::check_registration() tells, when it calls the copy:
/// a test of a model that is copied has
///
///     Model copy = nn::clone(model);
///     nn::check_registration(copy, [&] { copy(x); });  // throws where a layer of the original runs
///
/// Shapes: each tensor that of the parameter it stands for.
/// Dtype: any floating one.
/// Throws: std::invalid_argument for tensors of another number, shape or kind, and, naming the parameters, for a model
/// that cannot be copied so: layers that are only behind a shared_ptr, a Function that holds what cannot be copied, a
/// copy constructor that forgets Module(other), a model that is of a class derived from M.
/// Example: one step of gradient descent that is differentiable itself.
///
///     std::vector<Tensor> w = model.parameters();
///     std::vector<Tensor> g = grad(loss(model), w, {.create_graph = true});
///     for (std::size_t i = 0; i < w.size(); ++i) w[i] = w[i] - 0.1 * g[i];
///     Tensor after = loss(nn::with_parameters(model, w));
template <std::derived_from<Module> M>
M with_parameters(const M& model, std::span<const Tensor> tensors, SourceLocation where = SourceLocation::current()) {
  return detail::copied_on(model, tensors, where);
}
/// with_parameters() with the tensors in a vector.
template <std::derived_from<Module> M>
M with_parameters(const M& model, const std::vector<Tensor>& tensors,
                  SourceLocation where = SourceLocation::current()) {
  return detail::copied_on(model, TensorList(tensors), where);
}
/// with_parameters() with the tensors in braces: `with_parameters(model, {w, b})`.
template <std::derived_from<Module> M>
M with_parameters(const M& model, std::initializer_list<Tensor> tensors,
                  SourceLocation where = SourceLocation::current()) {
  return detail::copied_on(model, TensorList(tensors), where);
}
/// with_parameters() for the parameters that are named, as in named_parameters() or, where they have several names, as
/// in state(); the copy shares the others with the model.
/// Throws: std::invalid_argument for a name that is no parameter's, and for names of one parameter with different
/// tensors, too.
template <std::derived_from<Module> M>
M with_parameters(const M& model, const NamedTensors& tensors, SourceLocation where = SourceLocation::current()) {
  return detail::copied_on(model, tensors, where);
}

/// A deep copy of a model: parameters and buffers of its own, with the same values and dtypes; tied ones stay tied,
/// frozen ones frozen, and those that overlap in memory, as `w` and `w.detach()`, overlap in the clone as well. What it
/// reaches and what it cannot see is as for with_parameters(): a layer which the class holds by value and calls through
/// a pointer beside that stays the original's, and nn::check_registration(copy, [&] { copy(x); }) finds it.
/// Throws: std::invalid_argument, naming what it is, for a model that cannot be copied so.
template <std::derived_from<Module> M>
M clone(const M& model, SourceLocation where = SourceLocation::current()) {
  return detail::copied(
      "clone", model, [](detail::ModelCopy& plan) { plan.take_copies(); }, where);
}

}  // namespace nn
}  // namespace xgrad
