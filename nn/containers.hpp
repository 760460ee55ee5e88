// Modules that hold others: lists and dictionaries of one class, and a layer with a way around it.
#pragma once

#include <concepts>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "../autograd/base/substitution.hpp"
#include "sequential.hpp"

namespace xgrad XGRAD_API {
namespace nn {

namespace detail {

/// Modules of one class, shared by the copies of what holds them.
template <class M>
struct SharedModules : internal::RefCounted {
  std::vector<std::pair<std::string, M>> list;

  static void destroy(SharedModules* modules) { delete modules; }
  static internal::Ref<SharedModules> of_copy(const internal::Ref<SharedModules>& modules) {
    return internal::share_or_copy(
        modules, [](const SharedModules&) { return internal::Ref<SharedModules>::adopt(new SharedModules); },
        [](SharedModules& made, const SharedModules& shared) {
          made.list.reserve(shared.list.size());
          for (const auto& named : shared.list) made.list.push_back(named);  // layers cannot be assigned
        });
  }
};

/// The place in list[3], with the line that it is written in.
struct ListIndex {
  ListIndex(std::int64_t place, SourceLocation where = SourceLocation::current()) : place(place), where(where) {}
  std::int64_t place;
  SourceLocation where;
};
/// The name in dictionary["a"], with the line that it is written in.
struct DictName {
  template <std::convertible_to<std::string> T>
  DictName(const T& name, SourceLocation where = SourceLocation::current()) : name(name), where(where) {}
  std::string name;
  SourceLocation where;
};

[[noreturn]] void refuse_place(const Module& list, std::int64_t index, std::size_t size, SourceLocation where);
[[noreturn]] void refuse_name(const Module& dictionary, const std::string& name, const std::vector<std::string>& names,
                              SourceLocation where);

}  // namespace detail

/// ModuleList is a list of modules of one class, which become its children "0", "1" ... It is not called itself: its
/// owner calls them. Copies name the same modules.
///
/// Example:
///
///     struct Encoder : nn::Module {
///       nn::ModuleList<Block> blocks = child("blocks", nn::ModuleList<Block>{Block(64), Block(64)});
///       Tensor operator()(Tensor x) const {
///         for (const Block& block : blocks) x = block(x);
///         return x;
///       }
///     };
template <std::derived_from<Module> M>
class ModuleList final : public Module {
  using Shared = detail::SharedModules<M>;

 public:
  ModuleList() : modules_(internal::Ref<Shared>::adopt(new Shared)) {}
  ModuleList(std::initializer_list<M> modules, SourceLocation where = SourceLocation::current()) : ModuleList() {
    for (const M& module : modules) append(module, where);
  }
  /// Moving is copying, too.
  ModuleList(const ModuleList& other) : Module(other), modules_(Shared::of_copy(other.modules_)) {}

  /// Appends a module.
  ModuleList& append(M module, SourceLocation where = SourceLocation::current()) {
    std::string name = std::to_string(size());
    modules_->list.emplace_back(name, child(name, std::move(module), where));
    return *this;
  }
  int size() const { return static_cast<int>(modules_->list.size()); }
  /// The module at a place; negative: counted from the end.
  /// Throws: std::out_of_range where there is none.
  const M& at(std::int64_t index, SourceLocation where = SourceLocation::current()) const {
    std::int64_t place = index < 0 ? index + size() : index;
    if (place < 0 || place >= size()) detail::refuse_place(*this, index, modules_->list.size(), where);
    return modules_->list[static_cast<std::size_t>(place)].second;
  }
  const M& operator[](detail::ListIndex index) const { return at(index.place, index.where); }

  /// Walks over the modules in order.
  class Iterator {
   public:
    explicit Iterator(const std::pair<std::string, M>* at) : at_(at) {}
    const M& operator*() const { return at_->second; }
    const M* operator->() const { return &at_->second; }
    Iterator& operator++() {
      ++at_;
      return *this;
    }
    bool operator==(const Iterator&) const = default;

   private:
    const std::pair<std::string, M>* at_;
  };
  Iterator begin() const { return Iterator(modules_->list.data()); }
  Iterator end() const { return Iterator(modules_->list.data() + modules_->list.size()); }

 private:
  internal::Ref<Shared> modules_;
};

/// ModuleDict is a set of modules of one class under names, which become its children in the order in which they are
/// added. It is not called itself. Copies name the same modules.
///
/// Example: `nn::ModuleDict<nn::Dense> heads{{"age", nn::Dense(64, 1)}, {"kind", nn::Dense(64, 5)}}; heads["age"](x);`
template <std::derived_from<Module> M>
class ModuleDict final : public Module {
  using Shared = detail::SharedModules<M>;

 public:
  ModuleDict() : modules_(internal::Ref<Shared>::adopt(new Shared)) {}
  ModuleDict(std::initializer_list<std::pair<std::string, M>> modules, SourceLocation where = SourceLocation::current())
      : ModuleDict() {
    for (const auto& [name, module] : modules) add(name, module, where);
  }
  /// Moving is copying, too.
  ModuleDict(const ModuleDict& other) : Module(other), modules_(Shared::of_copy(other.modules_)) {}

  /// Adds a module by a name.
  /// Throws: std::invalid_argument for a name as Module::child does.
  ModuleDict& add(const std::string& name, M module, SourceLocation where = SourceLocation::current()) {
    modules_->list.emplace_back(name, child(name, std::move(module), where));
    return *this;
  }
  int size() const { return static_cast<int>(modules_->list.size()); }
  bool contains(const std::string& name) const { return find(name) != nullptr; }
  /// The module of a name.
  /// Throws: std::out_of_range where there is none.
  const M& at(const std::string& name, SourceLocation where = SourceLocation::current()) const {
    if (const M* found = find(name)) return *found;
    std::vector<std::string> names;
    for (const auto& [own_name, module] : modules_->list) names.push_back(own_name);
    detail::refuse_name(*this, name, names, where);
  }
  const M& operator[](const detail::DictName& name) const { return at(name.name, name.where); }

  /// The names and modules in order, as pairs.
  auto begin() const { return std::as_const(modules_->list).begin(); }
  auto end() const { return std::as_const(modules_->list).end(); }

 private:
  const M* find(const std::string& name) const {
    for (const auto& [own_name, module] : modules_->list)
      if (own_name == name) return &module;
    return nullptr;
  }

  internal::Ref<Shared> modules_;
};

/// Residual adds what a layer makes of x to x: x + inner(x). The layer, if it is a module, becomes the child "inner".
///
/// Shapes: x of any shape that `inner` keeps -> the same.
/// Throws: std::invalid_argument, when it is called, where `inner` answers with another shape.
/// Source: He, Zhang, Ren, Sun, Deep residual learning for image recognition, 2016.
/// Example: `nn::Residual(nn::Sequential(nn::LayerNorm(64), nn::Dense(64, 64), relu))`
class Residual final : public Module {
 public:
  /// Throws: std::invalid_argument for an empty function.
  template <LayerFunction F>
  requires(!std::same_as<F, Residual>) explicit Residual(F inner, SourceLocation where = SourceLocation::current())
      : inner_(made(std::move(inner), where)) {}
  /// A Residual of a Residual is a copy of it: x + (x + inner(x)) is rarely meant. Moving is copying, too.
  Residual(const Residual& other) : Module(other), inner_(other.inner_) {}

  Tensor operator()(const Operand& x) const;

 private:
  template <class F>
  detail::LayerCallable made(F inner, SourceLocation where) {
    if constexpr (std::derived_from<F, Module>) {
      return detail::callable_of(child("inner", std::move(inner), where));
    } else {
      check(!internal::is_empty(inner), where, "Residual: inner must be callable, but it is an empty function.");
      return detail::callable_of(std::move(inner));
    }
  }

  detail::LayerCallable inner_;
};

/// Lambda is a function as a layer, for where a module is wanted. Layers that the function captures are not registered:
/// hand those to a Sequential or a class of one's own.
///
/// Shapes: what the function takes -> what it answers with.
/// Example: `nn::Lambda([](const Tensor& x) { return x * sigmoid(x); })`
class Lambda final : public Module {
 public:
  /// Throws: std::invalid_argument for an empty function.
  template <LayerFunction F>
  requires(!std::derived_from<F, Module>) explicit Lambda(F function, SourceLocation where = SourceLocation::current())
      : function_((check(!internal::is_empty(function), where,
                         "Lambda: the function must be callable, but it is an empty function."),
                   detail::callable_of(std::move(function)))) {}
  /// Moving is copying, too.
  Lambda(const Lambda& other) : Module(other), function_(other.function_) {}

  Tensor operator()(const Operand& x) const;

 private:
  detail::LayerCallable function_;
};

}  // namespace nn
}  // namespace xgrad
