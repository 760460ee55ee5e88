#include "module.hpp"

#include <cxxabi.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string_view>
#include <unordered_set>

#include "../autograd/grad.hpp"
#include "../autograd/engine/node.hpp"
#include "../autograd/ops/elementwise.hpp"

namespace xgrad::nn {
namespace {

/// A class's name without namespaces: of "a::Outer<b::T>::Inner" it is "Inner".
std::string short_name(const std::type_info& type) {
  std::unique_ptr<char, decltype(&std::free)> demangled(abi::__cxa_demangle(type.name(), nullptr, nullptr, nullptr),
                                                        &std::free);
  std::string_view name = demangled ? demangled.get() : type.name();
  std::size_t start = 0;
  int depth = 0;  // inside of template arguments or (anonymous namespace)
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name[i] == '<' || name[i] == '(') ++depth;
    if (name[i] == '>' || name[i] == ')') --depth;
    if (depth == 0 && name[i] == ':') start = i + 1;
  }
  return std::string(name.substr(start));
}

std::string join(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace

struct Module::State : internal::RefCounted {
  std::string name;         // in the parent
  State* parent = nullptr;  // the first module that this one was registered in, while it is there
  std::string class_name;   // known from then on
  NamedTensors parameters;
  NamedTensors buffers;
  std::vector<std::pair<std::string, internal::Ref<State>>> children;
  bool training = true;

  std::mutex mutex;           // guards all of the above but the lists, and the list of handles
  Module* handles = nullptr;  // first of the list

  State() = default;
  ~State() {
    for (auto& [child_name, child] : children) {
      std::lock_guard lock(child->mutex);
      if (child->parent == this) child->parent = nullptr;
    }
  }
  static void destroy(State* state) { delete state; }

  bool contains(const State* other) const {
    return this == other || std::any_of(children.begin(), children.end(),
                                        [&](const auto& entry) { return entry.second->contains(other); });
  }

  bool has(const std::string& wanted) const {
    auto is_wanted = [&](const auto& entry) { return entry.first == wanted; };
    return std::any_of(parameters.begin(), parameters.end(), is_wanted) ||
           std::any_of(buffers.begin(), buffers.end(), is_wanted) ||
           std::any_of(children.begin(), children.end(), is_wanted);
  }

  /// The tensors of one of the two lists, here and below. `seen`: the tensors and modules that came already.
  void collect(NamedTensors State::*list, const std::string& prefix, std::unordered_set<const void*>& seen,
               NamedTensors& into) const {
    for (const auto& [own_name, tensor] : this->*list)
      if (seen.insert(tensor.impl()).second) into.emplace_back(prefix + own_name, tensor);
    for (const auto& [child_name, child] : children)
      if (seen.insert(child.get()).second) child->collect(list, prefix + child_name + ".", seen, into);
  }
  NamedTensors collect(NamedTensors State::*list) const {
    std::unordered_set<const void*> seen;
    NamedTensors tensors;
    collect(list, "", seen, tensors);
    return tensors;
  }

  void set_training(bool value) {
    training = value;
    for (auto& [child_name, child] : children) child->set_training(value);
  }

  std::string class_name_or_ask() {
    std::lock_guard lock(mutex);
    if (!class_name.empty()) return class_name;
    for (const Module* handle = handles; handle != nullptr; handle = handle->next_)
      if (typeid(*handle) != typeid(Module)) return short_name(typeid(*handle));
    return "Module";
  }

  std::string path() {
    {
      std::lock_guard lock(mutex);  // a parent that goes away waits for it
      if (parent != nullptr) return parent->path() + "." + name;
    }
    return class_name_or_ask();
  }
};

// ---- Handles ----

Module::Module() : state_(internal::Ref<State>::adopt(new State)) { enlist(); }
Module::Module(internal::Ref<State> state) noexcept : state_(std::move(state)) { enlist(); }
Module::Module(const Module& other) noexcept : state_(other.state_) { enlist(); }
Module::Module(Module&& other) noexcept : state_(other.state_) { enlist(); }

void Module::enlist() noexcept {
  std::lock_guard lock(state_->mutex);
  next_ = state_->handles;
  if (next_ != nullptr) next_->previous_ = this;
  state_->handles = this;
}

Module::~Module() {
  std::lock_guard lock(state_->mutex);
  if (next_ != nullptr) next_->previous_ = previous_;
  (previous_ != nullptr ? previous_->next_ : state_->handles) = next_;
}

// ---- Registration ----

namespace {

/// Names are joined by dots in paths, so they hold none.
void check_name(const Module& module, const char* what, const std::string& name, bool is_taken, SourceLocation where) {
  check(!name.empty(), where, module, ": a ", what, " must have a name, but it is empty.");
  check(name.find('.') == name.npos, where, module, ": a ", what, "'s name must have no dot, but it is '", name, "'.");
  check(!is_taken, where, module, ": the names of parameters, buffers and children must differ, but there is a '", name,
        "' already.");
}

}  // namespace

void Module::register_child(const std::string& name, const Module& module, const std::type_info& type,
                            SourceLocation where) {
  check_name(*this, "child", name, state_->has(name), where);
  check(!module.state_->contains(state_.get()), where, *this, ": the child '", name,
        "' must not contain the module that it becomes a part of.");
  State& child = *module.state_;
  std::string class_name = type == typeid(Module) ? module.class_name() : short_name(type);
  std::string own_name = name;
  state_->children.emplace_back(name, module.state_);
  // From here on nothing throws: a child that names a parent is in the parent's list.
  std::lock_guard lock(child.mutex);
  if (child.class_name.empty()) child.class_name = std::move(class_name);
  if (child.parent != nullptr) return;
  child.parent = state_.get();
  child.name = std::move(own_name);
}

namespace {

/// A tensor itself, or a copy of a view: elements that are shared within a view could not be changed one by one.
Tensor with_own_elements(const Tensor& value) { return value.is_contiguous() ? value : copy(value); }

}  // namespace

Tensor Module::param(const std::string& name, Tensor value, SourceLocation where) {
  check_name(*this, "parameter", name, state_->has(name), where);
  check(value.defined(), where, *this, ": the parameter '", name, "' must be a tensor, but it is undefined.");
  check(is_floating(value.dtype()), where, *this, ": the parameter '", name, "' must be floating, but it is ",
        value.dtype(), ".");
  if (!value.requires_grad()) value = with_own_elements(value);
  value.set_requires_grad(true, where);
  internal::check_writable("param", value, where);
  state_->parameters.emplace_back(name, value);
  return value;
}

Tensor Module::buffer(const std::string& name, Tensor value, SourceLocation where) {
  check_name(*this, "buffer", name, state_->has(name), where);
  check(value.defined(), where, *this, ": the buffer '", name, "' must be a tensor, but it is undefined.");
  check(!value.requires_grad(), where, *this, ": the buffer '", name,
        "' must not require a gradient. Register it as a parameter, or pass its detach().");
  value = with_own_elements(value);
  state_->buffers.emplace_back(name, value);
  return value;
}

// ---- What it holds ----

namespace {

std::vector<Tensor> without_names(NamedTensors named) {
  std::vector<Tensor> tensors;
  tensors.reserve(named.size());
  for (auto& [name, tensor] : named) tensors.push_back(std::move(tensor));
  return tensors;
}

}  // namespace

NamedTensors Module::named_parameters() const { return state_->collect(&State::parameters); }
NamedTensors Module::named_buffers() const { return state_->collect(&State::buffers); }
std::vector<Tensor> Module::parameters() const { return without_names(named_parameters()); }
std::vector<Tensor> Module::buffers() const { return without_names(named_buffers()); }

NamedTensors Module::state() const {
  NamedTensors tensors = named_parameters();
  for (auto& entry : named_buffers()) tensors.push_back(std::move(entry));
  return tensors;
}

std::vector<std::pair<std::string, Module>> Module::children() const {
  std::vector<std::pair<std::string, Module>> modules;
  for (const auto& [name, child] : state_->children) modules.emplace_back(name, Module(child));
  return modules;
}

std::int64_t Module::parameter_count() const {
  std::int64_t count = 0;
  for (const Tensor& parameter : parameters()) count += parameter.numel();
  return count;
}

// ---- Changing it ----

void Module::train(bool training) { state_->set_training(training); }
bool Module::is_training() const { return state_->training; }

void Module::to(DType dtype, SourceLocation where) {
  check(is_floating(dtype), where, *this, ": parameters must be floating, but they were to become ", dtype, ".");
  NoGrad no_grad;
  for (auto& [name, tensor] : state())
    if (is_floating(tensor.dtype())) internal::replace_elements(tensor, cast(tensor, dtype), where);
}

void Module::zero_grad() {
  for (Tensor& parameter : parameters()) parameter.zero_grad();
}

void Module::load(const NamedTensors& values, SourceLocation where) {
  NamedTensors own = state();
  std::vector<std::string> missing, unknown, misshapen, unfit;
  std::vector<const Tensor*> sources(own.size(), nullptr);
  for (const auto& entry : values) {
    const std::string& name = entry.first;
    const Tensor& value = entry.second;
    auto place = std::find_if(own.begin(), own.end(), [&](const auto& own_entry) { return own_entry.first == name; });
    if (place == own.end())
      unknown.push_back(name);
    else if (!value.defined() || value.shape() != place->second.shape())
      misshapen.push_back(concat(name, " (", place->second.shape(), " here, ",
                                 value.defined() ? to_string(value.shape()) : "undefined", " given)"));
    if (place != own.end()) sources[place - own.begin()] = &value;
  }
  for (std::size_t i = 0; i < own.size(); ++i)
    if (sources[i] == nullptr) missing.push_back(own[i].first);

  // All are converted before the first one is written: nothing is changed when one cannot be, and values that are views of
  // the module's own tensors are read first.
  std::vector<Tensor> converted(own.size());
  for (std::size_t i = 0; i < own.size() && misshapen.empty(); ++i) {
    if (sources[i] == nullptr) continue;
    try {
      Tensor value = cast({sources[i]->detach(), SourceLocation{}}, own[i].second.dtype());
      bool is_own = std::any_of(own.begin(), own.end(), [&](const auto& entry) {
        return entry.second.impl()->storage == value.impl()->storage;
      });
      converted[i] = is_own ? copy(value) : value;
    } catch (const std::invalid_argument& error) {
      unfit.push_back(concat(own[i].first, " (", error.what(), ")"));
    }
  }

  std::string problems;
  if (!missing.empty()) problems += " Missing: " + join(missing) + ".";
  if (!unknown.empty()) problems += " Not in this module: " + join(unknown) + ".";
  if (!misshapen.empty()) problems += " Of another shape: " + join(misshapen) + ".";
  if (!unfit.empty()) problems += " Of elements that cannot be converted: " + join(unfit) + ".";
  check(problems.empty(), where, *this, ": the names and shapes of the state must be the module's own.", problems);

  for (std::size_t i = 0; i < own.size(); ++i) own[i].second.assign(converted[i], where);
}

void Module::copy_parameters_from(const Module& other, SourceLocation where) { load(other.state(), where); }

// ---- What it is called ----

std::string Module::path() const { return state_->path(); }
std::string Module::class_name() const { return state_->class_name_or_ask(); }

void append_text(std::string& out, const Module& module) {
  std::string path = module.path();
  std::string class_name = module.class_name();
  out += path;
  if (path != class_name) out += " (" + class_name + ")";
}

}  // namespace xgrad::nn
