#include "module.hpp"

#include <mutex>
#include <utility>

#include "../autograd/base/substitution.hpp"
#include "../autograd/grad_mode.hpp"
#include "../autograd/ops.hpp"
#include "../autograd/variable.hpp"
#include "detail/registry.hpp"

namespace xgrad XGRAD_API {
namespace nn {

// ---- Handles ----

Module::Module() : registry_(internal::Ref<Registry>::adopt(new Registry)) {}
Module::Module(internal::Ref<Registry> registry) noexcept : registry_(std::move(registry)) {}
Module::Module(const Module& other) noexcept : registry_(other.registry_) {
  internal::Substitution* substitution = internal::Substitution::active();
  if (substitution == nullptr) return;
  // with_parameters() or clone() makes a copy: its own registry stands there for each of the model's.
  other.note_class();
  registry_ = internal::Ref<Registry>::share(static_cast<Registry*>(substitution->of_registry(registry_.get())));
}
// Moving is copying.
Module::Module(Module&& other) noexcept : Module(std::as_const(other)) {}  // NOLINT(performance-move-constructor-init)

Module::~Module() = default;

// ---- Registration ----

namespace {

/// Names are joined by dots in paths, so they hold none.
void check_name(const Module& module, const char* what, const std::string& name, bool is_taken, SourceLocation where) {
  check(!name.empty(), where, module, ": a ", what, " must have a name, but it is empty.");
  check(name.find('.') == name.npos, where, module, ": a ", what, "'s name must have no dot, but it is '", name, "'.");
  check(!is_taken, where, module, ": the names of parameters, buffers and children must differ, but there is a '", name,
        "' already.");
}

/// Appends an entry to one of the lists and its name to the names, or changes nothing.
template <class List, class Names>
void append(List& list, Names& names, const std::string& name, typename List::value_type::second_type value) {
  list.emplace_back(name, std::move(value));
  try {
    names.insert(name);
  } catch (...) {
    list.pop_back();
    throw;
  }
}

/// A tensor itself, or a copy of a view: elements that are shared within a view could not be changed one by one.
Tensor with_own_elements(const Tensor& value) { return value.is_contiguous() ? value : copy(value); }

}  // namespace

void Module::register_child(std::string_view child_name, const Module& module, const std::type_info& type,
                            SourceLocation where) {
  const std::string name(child_name);
  check_name(*this, "child", name, registry_->names.count(name) != 0, where);
  check(!module.registry_->contains(registry_.get()), where, *this, ": the child '", name,
        "' must not contain the module that it becomes a part of, but it does.");
  adopt(name, module, type);
}

void Module::adopt(const std::string& name, const Module& module, const std::type_info& type) {
  note_class();
  Registry& child = *module.registry_;
  std::string class_name = type == typeid(Module) ? module.class_name() : short_name(type);
  std::string own_name = name;
  append(registry_->children, registry_->names, name, module.registry_);
  // From here on nothing throws: a child that names a parent is in the parent's list.
  std::lock_guard lock(child.mutex);
  child.was_registered = true;
  if (child.class_name.empty()) child.class_name = std::move(class_name);
  if (child.parent != nullptr) return;
  child.parent = registry_.get();
  child.name = std::move(own_name);
}

void Module::register_wrapped(const Module& module, const std::type_info& type, SourceLocation where) {
  check(!module.registry_->contains(registry_.get()), where, *this,
        ": what it wraps must not contain the module that it becomes a part of, but it does.");
  std::unordered_set<std::string> names = registry_->names;
  for (const std::string& name : module.registry_->names)
    check(names.insert(name).second, where, *this, ": the names of what it wraps must be free, but there is a '", name,
          "' already.");
  adopt("", module, type);
  registry_->names = std::move(names);
}

Parameter Module::rename_parameter(const std::string& from, const std::string& to, SourceLocation where) {
  check_name(*this, "parameter", to, registry_->names.count(to) != 0, where);
  // It may be wrapped several times.
  for (Registry* inner = registry_->wrapped(); inner != nullptr; inner = inner->wrapped())
    for (auto& [name, tensor] : inner->parameters) {
      if (name != from) continue;
      Parameter found(tensor);
      name = to;
      for (Registry* outer = registry_.get(); outer != nullptr; outer = outer->wrapped()) {
        outer->names.erase(from);
        outer->names.insert(to);
        if (outer == inner) break;
      }
      return found;
    }
  fail<std::invalid_argument>(where, concat(*this, ": the module that it wraps must have a parameter '", from,
                                            "' of its own, but it has none."));
}

Parameter Module::param(const std::string& name, Tensor value, SourceLocation where) {
  check_name(*this, "parameter", name, registry_->names.count(name) != 0, where);
  check(value.defined(), where, *this, ": the parameter '", name, "' must be a tensor, but it is undefined.");
  check(is_floating(value.dtype()), where, *this, ": the parameter '", name, "' must be floating, but it is ",
        value.dtype(), ".");
  check<std::logic_error>(value.is_leaf(), where, *this, ": the parameter '", name, "' must be a leaf, but '",
                          value.operation(), "' made it. Pass its detach().");
  if (!value.requires_grad()) value = with_own_elements(value);
  value.set_requires_grad(true, where);
  internal::check_own_elements("param", value, where);
  note_class();
  internal::mark(value);
  append(registry_->parameters, registry_->names, name, value);
  return Parameter(std::move(value));
}

Buffer Module::buffer(const std::string& name, Tensor value, SourceLocation where) {
  check_name(*this, "buffer", name, registry_->names.count(name) != 0, where);
  check(value.defined(), where, *this, ": the buffer '", name, "' must be a tensor, but it is undefined.");
  check(!value.requires_grad(), where, *this, ": the buffer '", name,
        "' must not require a gradient, but it does. Register it as a parameter, or pass its detach().");
  value = with_own_elements(value);
  note_class();
  internal::mark(value);
  append(registry_->buffers, registry_->names, name, value);
  return Buffer(std::move(value));
}

// ---- What it holds ----

NamedTensors Module::named_parameters() const { return registry_->collect(&Registry::parameters); }
NamedTensors Module::named_buffers() const { return registry_->collect(&Registry::buffers); }
std::vector<Tensor> Module::parameters() const { return detail::without_names(named_parameters()); }
std::vector<Tensor> Module::buffers() const { return detail::without_names(named_buffers()); }

NamedTensors Module::own_tensors() const {
  NamedTensors tensors = named_parameters();
  for (auto& entry : named_buffers()) tensors.push_back(std::move(entry));
  return tensors;
}

NamedTensors Module::state() const {
  NamedTensors tensors = registry_->collect(&Registry::parameters, true);
  for (auto& entry : registry_->collect(&Registry::buffers, true)) tensors.push_back(std::move(entry));
  return tensors;
}

std::vector<std::pair<std::string, Module>> Module::children() const {
  std::vector<std::pair<std::string, Module>> modules;
  for (const auto& [name, child] : registry_->children) modules.emplace_back(name, Module(child));
  return modules;
}

std::vector<std::pair<std::string, Module>> Module::modules(const Patterns& classes) const {
  std::vector<std::pair<std::string, Module>> found;
  std::unordered_set<const void*> seen;
  note_class();
  auto enter = [&](auto& self, const internal::Ref<Registry>& registry, const std::string& path) -> void {
    if (!seen.insert(registry.get()).second) return;
    if (classes.fit(registry->known_class())) found.emplace_back(path, Module(registry));
    for (const auto& [name, child] : registry->children) self(self, child, joined(path, name));
  };
  enter(enter, registry_, "");
  return found;
}

std::int64_t Module::parameter_count() const {
  std::int64_t count = 0;
  for (const Tensor& parameter : parameters()) count += parameter.numel();
  return count;
}

// ---- Changing it ----

void Module::train(bool training) {
  // The list comes first: where there is no memory for it, no part changes.
  std::vector<Registry*> parts;
  registry_->visit_all([&](Registry* registry) { parts.push_back(registry); });
  for (Registry* part : parts) part->training = training;
}
bool Module::is_training() const { return registry_->training; }

namespace {

/// Of a copy that with_parameters() made, parameters may be results of operations, whose elements belong to the graph.
void check_leaves(const char* function, const Module& module, const NamedTensors& tensors, SourceLocation where) {
  for (const auto& [name, tensor] : tensors)
    check<std::logic_error>(tensor.is_leaf(), where, module, ": ", function, " writes into leaves, but '", name,
                            "' is the result of '", tensor.operation(), "'. Call it for the model that was copied.");
}

}  // namespace

void Module::to(DType dtype, SourceLocation where) {
  check(is_floating(dtype), where, *this, ": parameters must be floating, but they were to become ", dtype, ".");
  NamedTensors own = own_tensors();
  check_leaves("to()", *this, own, where);
  std::vector<Tensor> tensors, converted;
  NoGrad no_grad;
  for (auto& [name, tensor] : own) {
    if (!is_floating(tensor.dtype()) || tensor.dtype() == dtype) continue;
    converted.push_back(cast(tensor, dtype));
    tensors.push_back(std::move(tensor));
  }
  internal::replace_elements(tensors, converted, where);  // all are made: nothing fails from here on
}

void Module::zero_grad() {
  for (Tensor& parameter : parameters()) parameter.zero_grad();
}

void Module::write(const NamedTensors& own, const detail::LoadPlan& plan, SourceLocation where) {
  for (std::size_t i = 0; i < own.size(); ++i)
    if (plan.values[i].defined()) Tensor(own[i].second).assign(plan.values[i], where);
}

void Module::load(const NamedTensors& values, SourceLocation where) {
  NamedTensors own = state();
  check_leaves("load()", *this, own, where);
  // All are made before the first one is written: nothing is changed when one cannot be.
  write(own, detail::plan_load(concat(*this), own, values, true, where), where);
}

LoadReport Module::load_partial(const NamedTensors& values, SourceLocation where) {
  NamedTensors own = state();
  check_leaves("load_partial()", *this, own, where);
  detail::LoadPlan plan = detail::plan_load(concat(*this), own, values, false, where);
  write(own, plan, where);
  return std::move(plan.report);
}

void Module::copy_parameters_from(const Module& other, SourceLocation where) { load(other.state(), where); }

// ---- Being called ----

HookHandle Module::add_forward_hook(Function<void(const Module&, const Tensor&, const Tensor&)> function,
                                    SourceLocation where) {
  check(static_cast<bool>(function), where, *this, ": a forward hook must be callable, but it is empty.");
  CallHooks& hooks = registry_->need_hooks(&Registry::hooks);
  std::uint64_t id = hooks.add(std::move(function));
  return HookHandle(internal::Ref<internal::HookOwner>::share(&hooks), id);
}

HookHandle Module::add_backward_hook(Function<void(const Module&, const Tensor&, const Tensor&)> function,
                                     SourceLocation where) {
  check(static_cast<bool>(function), where, *this, ": a backward hook must be callable, but it is empty.");
  CallHooks& hooks = registry_->need_hooks(&Registry::backward_hooks);
  std::uint64_t id = hooks.add(std::move(function));
  return HookHandle(internal::Ref<internal::HookOwner>::share(&hooks), id);
}

bool Module::is_same(const Module& other) const { return registry_ == other.registry_; }

void Module::note_class() const {
  if (typeid(*this) == typeid(Module)) return;
  std::lock_guard lock(registry_->mutex);
  registry_->own_class = &typeid(*this);
}

std::string Module::path() const {
  note_class();
  return registry_->path();
}
std::string Module::class_name() const {
  note_class();
  return registry_->known_class();
}

void append_text(std::string& out, const Module& module) {
  std::string path = module.path();
  std::string class_name = module.class_name();
  out += path;
  if (path != class_name) out += " (" + class_name + ")";
}

}  // namespace nn
}  // namespace xgrad
