// Which tensor and which module stand for which while a model is copied, and which of them have been met.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <typeinfo>
#include <unordered_map>
#include <utility>
#include <vector>

#include "../../autograd/base/substitution.hpp"
#include "registry.hpp"

namespace xgrad::nn::detail {

class CopyPlan final : public xgrad::internal::Substitution {
 public:
  ~CopyPlan() override;

  // ---- Before the copy ----

  /// `to` stands for the parameter or buffer `from`.
  void put(const std::string& name, const Tensor& from, Tensor to);
  /// Has a new registry made that the copy will have.
  void copy_registry(const Module& model);
  /// Leaves all as it is, to see what a copy meets.
  void keep_registry(const Module& model);
  /// From here on copies on this thread are looked up.
  void start() { scope_.emplace(this); }

  // ---- After it ----

  void stop() { scope_.reset(); }
  bool is_root(const Module& copy) const { return copy.registry_.get() == root_; }
  /// The registered tensors and modules that were not met, by their names.
  std::vector<std::string> not_met() const;
  /// The callables that were met and cannot be copied.
  std::vector<std::string> uncopyable() const;
  /// The modules and variables that were met and are not registered.
  std::vector<std::string> not_registered() const;
  /// Whether a module is among the registered ones.
  bool knows(const Module& module) const { return registries_.count(module.registry_.get()) != 0; }

  // ---- While it is made ----

  xgrad::internal::TensorImpl* of(const Tensor& tensor) noexcept override;
  xgrad::internal::RefCounted* of_registry(xgrad::internal::RefCounted* registry) noexcept override;
  xgrad::internal::RefCounted* copy_of(const xgrad::internal::RefCounted* shared) noexcept override;
  void note_copy(const xgrad::internal::RefCounted* shared, xgrad::internal::RefCounted* copy,
                 void (*release)(xgrad::internal::RefCounted*)) override;
  void note_uncopyable(const std::type_info& type) override;

 private:
  using Registry = Module::Registry;
  struct TensorEntry {
    Tensor tensor;
    std::string name;
    bool is_met = false;
  };
  struct RegistryEntry {
    xgrad::internal::Ref<Registry> registry;
    std::string path;  // from the model on; empty for what stands for another
    bool is_met = false;
  };
  struct Copied {
    xgrad::internal::RefCounted* object;
    void (*release)(xgrad::internal::RefCounted*);
  };
  /// What was met without being registered; the first few, for nothing may throw while the copy is made.
  template <class T>
  struct Strangers {
    T items[8];
    int count = 0;
    void note(T item) noexcept {
      if (count == 8 || std::find(items, items + count, item) != items + count) return;
      items[count++] = std::move(item);
    }
  };
  struct Variable {
    Tensor tensor;
    bool operator==(const Variable& other) const { return tensor.is_same(other.tensor); }
  };

  xgrad::internal::Ref<Registry> copied(const xgrad::internal::Ref<Registry>& from, const std::string& path);

  // Looked up while the copy is made, and never changed meanwhile but for is_met.
  std::unordered_map<const void*, TensorEntry> tensors_;
  std::unordered_map<const void*, RegistryEntry> registries_;
  std::vector<const void*> order_;  // of the tensors
  std::unordered_map<const void*, Copied> copies_;
  std::vector<const std::type_info*> uncopyable_;
  Strangers<Variable> unknown_tensors_;
  Strangers<xgrad::internal::Ref<Registry>> unknown_registries_;
  const Registry* root_ = nullptr;
  bool is_check_ = false;  // notes strangers
  std::optional<Scope> scope_;
};

}  // namespace xgrad::nn::detail
