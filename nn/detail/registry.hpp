// What stands behind a Module handle: its tensors and children by their names.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "../../autograd/base/fork_lock.hpp"
#include "../../autograd/hooks.hpp"
#include "../module.hpp"

namespace xgrad::nn {

/// A layer's hooks of one kind, forward or backward, which its handles may outlive. Any thread may call the layer
/// meanwhile.
struct Module::CallHooks final : internal::HookOwner {
  using Hook = Function<void(const Module&, const Tensor&, const Tensor&)>;

  std::uint64_t add(Hook hook);
  void remove(std::uint64_t id) override;
  /// Calls use(hook) for each that is in place now, oldest first, but for those that are removed meanwhile: what they
  /// captured may be gone.
  template <class Use>
  void for_each(const Use& use) {
    for (const auto& [id, hook] : list())
      if (has(id)) use(hook);
  }
  /// Lets all go: what they captured must not outlive the layer.
  void clear();

 private:
  std::vector<std::pair<std::uint64_t, Hook>> list();
  bool has(std::uint64_t id);

  internal::ForkLock mutex_;
  std::vector<std::pair<std::uint64_t, Hook>> hooks_;
  std::uint64_t last_id_ = 0;
};

struct Module::Registry : internal::RefCounted {
  std::string name;                           // in the parent
  Registry* parent = nullptr;                 // the first module that this one was registered in, while it is there
  std::string class_name;                     // as it was registered there
  const std::type_info* own_class = nullptr;  // of the last handle that registered something or was asked for its name
  NamedTensors parameters;
  NamedTensors buffers;
  std::vector<std::pair<std::string, internal::Ref<Registry>>> children;
  std::unordered_set<std::string> names;  // of all three
  bool training = true;
  bool was_registered = false;  // somewhere, whether or not that is alive

  /// Null for nearly all; set once, under the mutex, and read without it by the threads that call the layer.
  CallHooks* hooks = nullptr;
  CallHooks* backward_hooks = nullptr;
  CallHooks* hooks_or_null() const { return __atomic_load_n(&hooks, __ATOMIC_ACQUIRE); }
  CallHooks* backward_hooks_or_null() const { return __atomic_load_n(&backward_hooks, __ATOMIC_ACQUIRE); }
  CallHooks& need_hooks(CallHooks* Registry::*kind);

  internal::ForkLock mutex;  // guards all of the above but the lists of tensors and children

  Registry() = default;
  ~Registry();
  static void destroy(Registry* registry) { delete registry; }

  /// Calls visit(registry) for this one and each below, parents first, once each.
  template <class Visit>
  void visit_all(const Visit& visit) {
    std::unordered_set<const Registry*> seen;
    auto enter = [&](auto& self, Registry* registry) -> void {
      if (!seen.insert(registry).second) return;
      visit(registry);
      for (auto& [name, child] : registry->children) self(self, child.get());
    };
    enter(enter, this);
  }

  bool contains(const Registry* other);
  /// The tensors of one of the two lists, here and below; each tensor once, or under each of its names.
  NamedTensors collect(NamedTensors Registry::*list, bool all_names = false) const;
  /// The module whose names are this one's own; null where there is none.
  Registry* wrapped() const;
  /// The class's name, as far as it is known. (The handles are not asked: another thread may be making one.)
  std::string known_class();
  std::string path();
};

/// A name in a module of this path; what is wrapped has none, and is where its wrapper is.
inline std::string joined(const std::string& path, const std::string& name) {
  return path.empty() || name.empty() ? path + name : path + "." + name;
}

/// A class's name without namespaces: of "a::Outer<b::T>::Inner" it is "Inner", of "a::Outer<b::T>" it is "Outer<T>".
std::string short_name(const std::type_info& type);

}  // namespace xgrad::nn
