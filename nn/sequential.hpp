// Sequential: layers one after the other.
#pragma once

#include <concepts>
#include <initializer_list>
#include <string>
#include <type_traits>
#include <utility>

#include "module.hpp"

namespace xgrad XGRAD_API {
namespace nn {

/// What a Sequential is made of: any module that maps a tensor to a tensor, function (`relu`), or lambda.
template <class F>
concept LayerFunction = std::is_invocable_r_v<Tensor, const F&, const Tensor&>;

/// A layer whose call is not const, which a Sequential cannot take.
template <class F>
concept NonConstLayerFunction = !LayerFunction<F> && std::is_invocable_r_v<Tensor, F&, const Tensor&>;

template <class F>
concept AnyLayerFunction = LayerFunction<F> || NonConstLayerFunction<F>;

namespace detail {

/// A layer whose type is erased, called with the line that errors are reported at.
using LayerCallable = Function<Tensor(const Tensor& x, SourceLocation where)>;

/// Layers that take an Operand are handed the line of the caller.
template <class F>
inline constexpr bool kTakesOperand = std::same_as<F, Tensor (*)(const Operand&)> || requires {
  static_cast<Tensor (F::*)(const Operand&) const>(&F::operator());  // one of several, too
};

template <class F>
LayerCallable callable_of(F layer) {
  if constexpr (kTakesOperand<F>)
    return [layer = std::move(layer)](const Tensor& x, SourceLocation where) { return layer(Operand(x, where)); };
  else
    return [layer = std::move(layer)](const Tensor& x, SourceLocation) -> Tensor { return layer(x); };
}

}  // namespace detail

class Sequential;

/// One layer in the braces of a Sequential.
class Layer {
 public:
  template <LayerFunction F>
  Layer(F layer, SourceLocation where = SourceLocation::current());
  /// An operator by its name. No template, so that of the functions named tanh (the C library has some) the operator is
  /// meant.
  Layer(Tensor (*function)(const Operand&), SourceLocation where = SourceLocation::current());
  template <NonConstLayerFunction F>
  Layer(F layer);

 private:
  friend class Sequential;
  Function<void(Sequential& model)> add_to_;
};

/// Sequential applies layers in order. Modules become its children, called "0", "1" ... by their place among all
/// layers, or by the name given. Without layers it answers with x itself. Copies name the same layers.
///
/// Throws: what its layers throw, when it is called; the message begins with the layer's path.
/// Example:
///
///     nn::Sequential model{nn::Dense(64, 32), tanh, nn::Dense(32, 10)};
///     nn::Sequential same;
///     same.add("hidden", nn::Dense(64, 32));
///     same.add([](const Tensor& x) { return x * sigmoid(x); });
class Sequential final : public Module {
 public:
  Sequential();
  /// Moving is copying, too.
  Sequential(const Sequential& other);
  explicit Sequential(std::initializer_list<Layer> layers);
  ~Sequential() override;
  template <LayerFunction... F>
  requires(sizeof...(F) > 1 || !(std::derived_from<F, Sequential> || ...)) explicit Sequential(F... layers)
      : Sequential() {
    (add(std::move(layers), SourceLocation()), ...);
  }
  template <AnyLayerFunction... F>
  requires(NonConstLayerFunction<F> || ...) explicit Sequential(F... layers) : Sequential() {
    (add(std::move(layers), SourceLocation()), ...);
  }

  /// Appends a layer by a name.
  /// Throws: std::invalid_argument for a name as Module::child does, and for an empty function.
  template <LayerFunction F>
  Sequential& add(const std::string& name, F layer, SourceLocation where = SourceLocation::current()) {
    if constexpr (std::derived_from<F, Module>) {
      return append(detail::callable_of(child(name, std::move(layer), where)));
    } else {
      if (internal::is_empty(layer)) refuse_empty(name, where);
      return append(detail::callable_of(std::move(layer)));
    }
  }
  /// Appends a layer, named by its place.
  template <LayerFunction F>
  Sequential& add(F layer, SourceLocation where = SourceLocation::current()) {
    return add(next_name(), std::move(layer), where);
  }
  /// Appends an operator, of which the C library may have namesakes: add(tanh).
  Sequential& add(Tensor (*function)(const Operand&), SourceLocation where = SourceLocation::current());
  template <NonConstLayerFunction F>
  Sequential& add(F, SourceLocation = {}) {
    static_assert(LayerFunction<F>, "A layer's operator() must be const, and a lambda without `mutable`.");
    return *this;
  }
  template <NonConstLayerFunction F>
  Sequential& add(const std::string&, F layer, SourceLocation = {}) {
    return add(std::move(layer));
  }

  Tensor operator()(const Operand& x) const;

  /// Number of layers.
  int size() const;

 private:
  using Call = detail::LayerCallable;

  Sequential& append(Call call);
  std::string next_name() const;
  [[noreturn]] void refuse_empty(const std::string& name, SourceLocation where) const;

  struct Layers;  // shared by the copies
  internal::Ref<Layers> layers_;
};

template <LayerFunction F>
Layer::Layer(F layer, SourceLocation where)
    : add_to_([layer = std::move(layer), where](Sequential& model) { model.add(layer, where); }) {}
template <NonConstLayerFunction F>
Layer::Layer(F layer) : add_to_([layer = std::move(layer)](Sequential& model) { model.add(layer); }) {}

}  // namespace nn
}  // namespace xgrad
