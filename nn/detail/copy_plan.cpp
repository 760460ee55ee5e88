#include "copy_plan.hpp"

#include <cxxabi.h>

#include <cstdlib>
#include <memory>
#include <mutex>
#include <string_view>
#include <unordered_set>

#include "../../autograd/variable.hpp"

namespace xgrad::nn::detail {

using xgrad::internal::Ref;
using xgrad::internal::RefCounted;
using xgrad::internal::TensorImpl;

CopyPlan::~CopyPlan() {
  scope_.reset();
  for (auto& [shared, copy] : copies_) copy.release(copy.object);
}

// ---- Before the copy ----

void CopyPlan::put(const std::string& name, const Tensor& from, Tensor to) {
  xgrad::internal::mark(to);  // it is in a registry from here on
  if (tensors_.emplace(from.impl(), TensorEntry{std::move(to), name}).second) order_.push_back(from.impl());
}

Ref<Module::Registry> CopyPlan::copied(const Ref<Registry>& from, const std::string& path) {
  if (auto at = registries_.find(from.get()); at != registries_.end()) return at->second.registry;
  auto to = Ref<Registry>::adopt(new Registry);
  registries_.emplace(from.get(), RegistryEntry{to, path});
  to->class_name = from->known_class();
  to->training = from->training;
  to->names = from->names;
  for (const auto& [name, tensor] : from->parameters)
    to->parameters.emplace_back(name, tensors_.at(tensor.impl()).tensor);
  for (const auto& [name, tensor] : from->buffers) to->buffers.emplace_back(name, tensors_.at(tensor.impl()).tensor);
  for (const auto& [name, child] : from->children) to->children.emplace_back(name, copied(child, joined(path, name)));
  return to;
}

void CopyPlan::copy_registry(const Module& model) {
  root_ = copied(model.registry_, model.class_name()).get();
  // A child is named after the same parent as before, or the first in the model where that parent is not in it.
  for (bool same_parent : {true, false})
    for (auto& [key, entry] : registries_) {
      const auto* from = static_cast<const Registry*>(key);
      for (std::size_t i = 0; i < from->children.size(); ++i) {
        const auto& [name, old_child] = from->children[i];
        Registry& child = *entry.registry->children[i].second;
        child.was_registered = true;
        std::lock_guard lock(old_child->mutex);
        if (child.parent != nullptr || (same_parent && old_child->parent != from)) continue;
        child.parent = entry.registry.get();
        child.name = name;
      }
    }
  // A copy of a copy (a layer that is passed by value on its way) stays what it is.
  std::vector<Ref<Registry>> own;
  for (auto& [from, entry] : registries_) own.push_back(entry.registry);
  for (auto& registry : own) registries_.emplace(registry.get(), RegistryEntry{registry, "", true});
}

void CopyPlan::keep_registry(const Module& model) {
  root_ = model.registry_.get();
  is_check_ = true;
  for (const auto& [name, tensor] : model.state()) put(name, tensor, tensor);
  auto enter = [&](auto& self, const Ref<Registry>& registry, const std::string& path) -> void {
    if (!registries_.emplace(registry.get(), RegistryEntry{registry, path}).second) return;
    for (const auto& [name, child] : registry->children) self(self, child, joined(path, name));
  };
  enter(enter, model.registry_, model.class_name());
}

// ---- After it ----

std::vector<std::string> CopyPlan::not_met() const {
  std::vector<std::string> names;
  for (const void* key : order_)
    if (const TensorEntry& entry = tensors_.at(key); !entry.is_met) names.push_back(entry.name);
  std::vector<std::string> modules;
  for (const auto& [from, entry] : registries_)
    if (!entry.is_met) modules.push_back(concat(entry.path, " (", entry.registry->known_class(), ")"));
  std::sort(modules.begin(), modules.end());
  names.insert(names.end(), modules.begin(), modules.end());
  return names;
}

namespace {

/// What a Function's holder holds, with the class and member that a lambda is written in:
/// `Model::f::{lambda(Tensor const&)#1}` of `Function<...>::Holder<Model::f::{lambda(xgrad::Tensor const&)#1}>`.
std::string callable_name(const std::type_info& holder) {
  std::unique_ptr<char, decltype(&std::free)> demangled(abi::__cxa_demangle(holder.name(), nullptr, nullptr, nullptr),
                                                        &std::free);
  std::string name = demangled ? demangled.get() : holder.name();
  constexpr std::string_view kBefore = "::Holder<", kScope = "xgrad::";
  if (auto begin = name.find(kBefore), end = name.rfind('>'); begin != name.npos && begin + kBefore.size() < end)
    name = name.substr(begin + kBefore.size(), end - begin - kBefore.size());
  while (name.ends_with(' ')) name.pop_back();  // "A<B<C> >"
  for (auto at = name.find(kScope); at != name.npos; at = name.find(kScope, at)) name.erase(at, kScope.size());
  return name;
}

}  // namespace

std::vector<std::string> CopyPlan::uncopyable() const {
  std::vector<std::string> names;
  for (const std::type_info* type : uncopyable_)
    if (std::string name = callable_name(*type); std::find(names.begin(), names.end(), name) == names.end())
      names.push_back(std::move(name));
  return names;
}

std::vector<std::string> CopyPlan::not_registered() const {
  std::vector<std::string> found;
  std::unordered_set<const void*> inside;  // of modules that are named: their children and parameters
  auto begin = unknown_registries_.items, end = begin + unknown_registries_.count;
  for (auto registry = begin; registry != end; ++registry)
    (*registry)->visit_all([&](Registry* part) {
      if (part != registry->get()) inside.insert(part);
      for (const auto& [name, tensor] : part->parameters) inside.insert(tensor.impl());
    });
  for (auto registry = begin; registry != end; ++registry)
    if (inside.count(registry->get()) == 0) found.push_back("a " + (*registry)->known_class());
  for (int i = 0; i < unknown_tensors_.count; ++i)
    if (const Tensor& tensor = unknown_tensors_.items[i].tensor;
        inside.count(tensor.impl()) == 0 && tensor.requires_grad() && tensor.is_leaf())
      found.push_back(concat("a variable ", tensor.shape()));
  return found;
}

// ---- While it is made ----

TensorImpl* CopyPlan::of(const Tensor& tensor) noexcept {
  auto at = tensors_.find(tensor.impl());
  if (at == tensors_.end()) {
    if (is_check_) {
      Scope none(nullptr);  // for this is a copy as well
      unknown_tensors_.note({tensor});
    }
    return tensor.impl();
  }
  at->second.is_met = true;
  return at->second.tensor.impl();
}

RefCounted* CopyPlan::of_registry(RefCounted* registry) noexcept {
  auto at = registries_.find(registry);
  if (at == registries_.end()) {
    if (is_check_) unknown_registries_.note(Ref<Registry>::share(static_cast<Registry*>(registry)));
    return registry;
  }
  at->second.is_met = true;
  return at->second.registry.get();
}

RefCounted* CopyPlan::copy_of(const RefCounted* shared) noexcept {
  auto at = copies_.find(shared);
  return at == copies_.end() ? nullptr : at->second.object;
}

void CopyPlan::note_copy(const RefCounted* shared, RefCounted* copy, void (*release)(RefCounted*)) {
  copies_.emplace(copy, Copied{copy, release});  // a copy of the copy is itself
  copy->retain();
  copies_.emplace(shared, Copied{copy, release});
}

void CopyPlan::note_uncopyable(const std::type_info& type) { uncopyable_.push_back(&type); }

}  // namespace xgrad::nn::detail
