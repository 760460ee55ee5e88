#include "registry.hpp"

#include <cxxabi.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <memory>
#include <mutex>

namespace xgrad::nn {

namespace {

/// Takes the scope off the end of a text: an identifier, with what it has in brackets.
void drop_scope(std::string& text) {
  int depth = 0;
  while (!text.empty()) {
    const char last = text.back();
    if (last == '>' || last == ')') ++depth;
    if (last == '<' || last == '(') --depth;
    const bool is_name = std::isalnum(static_cast<unsigned char>(last)) != 0 || last == '_';
    if (depth < 0 || (depth == 0 && last != '<' && last != '(' && !is_name)) break;
    text.pop_back();
  }
}

}  // namespace

std::string short_name(const std::type_info& type) {
  std::unique_ptr<char, decltype(&std::free)> demangled(abi::__cxa_demangle(type.name(), nullptr, nullptr, nullptr),
                                                        &std::free);
  const std::string name = demangled ? demangled.get() : type.name();
  std::string text;
  int depth = 0;  // inside of template arguments or (anonymous namespace)
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name.compare(i, 2, "::") != 0) {
      if (name[i] == '<' || name[i] == '(') ++depth;
      if (name[i] == '>' || name[i] == ')') --depth;
      if (name[i] == '>' && text.ends_with(' ')) text.pop_back();  // "A<B<C> >"
      text += name[i];
      continue;
    }
    ++i;
    if (depth == 0)
      text.clear();
    else
      drop_scope(text);
  }
  return text;
}

// ---- Hooks ----

std::uint64_t Module::CallHooks::add(Hook hook) {
  std::lock_guard lock(mutex_);
  hooks_.emplace_back(++last_id_, std::move(hook));
  return last_id_;
}

void Module::CallHooks::remove(std::uint64_t id) {
  Hook removed;  // goes after the lock: what it captured may reach back here
  std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < hooks_.size(); ++i)
    if (hooks_[i].first == id) {
      removed = std::move(hooks_[i].second);
      hooks_.erase(hooks_.begin() + static_cast<std::ptrdiff_t>(i));
      return;
    }
}

std::vector<std::pair<std::uint64_t, Module::CallHooks::Hook>> Module::CallHooks::list() {
  std::lock_guard lock(mutex_);
  return hooks_;
}

bool Module::CallHooks::has(std::uint64_t id) {
  std::lock_guard lock(mutex_);
  return std::any_of(hooks_.begin(), hooks_.end(), [&](const auto& entry) { return entry.first == id; });
}

void Module::CallHooks::clear() {
  std::vector<std::pair<std::uint64_t, Hook>> removed;
  std::lock_guard lock(mutex_);
  removed = std::move(hooks_);
}

Module::CallHooks& Module::Registry::need_hooks(CallHooks* Registry::*kind) {
  std::lock_guard lock(mutex);
  if (this->*kind == nullptr) {
    __atomic_store_n(&(this->*kind), new CallHooks, __ATOMIC_RELEASE);
    Module::count_watchers(1);
  }
  return *(this->*kind);
}

// ---- Registries ----

Module::Registry::~Registry() {
  for (CallHooks* kind : {hooks, backward_hooks})
    if (kind != nullptr) {
      kind->clear();
      Module::count_watchers(-1);
      auto last = internal::Ref<internal::HookOwner>::adopt(kind);
    }
  for (auto& [child_name, child] : children) {
    std::lock_guard lock(child->mutex);
    if (child->parent == this) child->parent = nullptr;
  }
}

bool Module::Registry::contains(const Registry* other) {
  // Nearly always: what has been registered nowhere is part of nothing but itself.
  if (!other->was_registered) return this == other;
  bool found = false;
  visit_all([&](const Registry* registry) { found = found || registry == other; });
  return found;
}

NamedTensors Module::Registry::collect(NamedTensors Registry::*list, bool all_names) const {
  std::unordered_set<const void*> seen;
  NamedTensors tensors;
  auto is_new = [&](const void* what) { return all_names || seen.insert(what).second; };
  auto enter = [&](auto& self, const Registry& registry, const std::string& path) -> void {
    for (const auto& [name, tensor] : registry.*list)
      if (is_new(tensor.impl())) tensors.emplace_back(joined(path, name), tensor);
    for (const auto& [name, child] : registry.children)
      if (is_new(child.get())) self(self, *child, joined(path, name));
  };
  enter(enter, *this, "");
  return tensors;
}

Module::Registry* Module::Registry::wrapped() const {
  for (const auto& [name, child] : children)
    if (name.empty()) return child.get();
  return nullptr;
}

std::string Module::Registry::known_class() {
  std::lock_guard lock(mutex);
  if (!class_name.empty()) return class_name;
  return own_class != nullptr ? short_name(*own_class) : "Module";
}

std::string Module::Registry::path() {
  {
    std::lock_guard lock(mutex);  // a parent that goes away waits for it
    if (parent != nullptr) return joined(parent->path(), name);
  }
  return known_class();
}

}  // namespace xgrad::nn
