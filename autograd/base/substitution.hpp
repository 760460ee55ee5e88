// Copying an object that holds tensors onto other tensors, without a list of its members.
//
// While a Substitution is active on a thread, that thread's copies of the handles it knows (Tensor, nn::Module,
// Function) become handles of what stands for them. A copy of a tensor looks here only where the tensor is marked
// (TensorImpl::marked), so that all others cost nothing. nn::with_parameters() and nn::clone() rest on it.
#pragma once

#include <typeinfo>

#include "../config.hpp"
#include "ref.hpp"

namespace xgrad XGRAD_API {

class Tensor;

namespace internal {

struct TensorImpl;

/// What stands for what while a copy is made. The look-ups throw nothing: they run inside of copy constructors.
class Substitution {
 public:
  Substitution() = default;
  Substitution(const Substitution&) = delete;
  Substitution& operator=(const Substitution&) = delete;
  virtual ~Substitution() = default;

  /// What stands for a marked tensor: itself where it is not named.
  virtual TensorImpl* of(const Tensor& tensor) noexcept = 0;
  /// What stands for a module's registry: itself where it is not named.
  virtual RefCounted* of_registry(RefCounted* registry) noexcept = 0;
  /// The copy that was made of a shared object before; null the first time.
  virtual RefCounted* copy_of(const RefCounted* shared) noexcept = 0;
  /// Remembers that copy, with one reference to it, which `release` gives up.
  virtual void note_copy(const RefCounted* shared, RefCounted* copy, void (*release)(RefCounted*)) = 0;
  /// Remembers that an object of that class (a Function's) was met which cannot be copied and stays shared.
  virtual void note_uncopyable(const std::type_info& type) = 0;

  /// The one that is active on this thread, or null.
  static Substitution* active() noexcept;

  /// Makes one active on this thread while it lives; null for none.
  class Scope {
   public:
    explicit Scope(Substitution* substitution) noexcept;
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Substitution* outer_;
  };
};

/// What a copy of a handle to a shared object holds: that object, or while a Substitution is active a copy of it, the
/// same for all its handles. `fill(made, original)` then copies what the object holds, which may hold the object itself.
template <class T, class Copy, class Fill>
Ref<T> share_or_copy(const Ref<T>& shared, const Copy& copy, const Fill& fill) {
  Substitution* substitution = shared ? Substitution::active() : nullptr;
  if (substitution == nullptr) return shared;
  if (RefCounted* made = substitution->copy_of(shared.get())) return Ref<T>::share(static_cast<T*>(made));
  Ref<T> made = copy(*shared);
  if (made == shared) return made;
  Ref<T> noted = made;
  substitution->note_copy(shared.get(), made.get(), [](RefCounted* object) {
    if (object->release()) T::destroy(static_cast<T*>(object));
  });
  noted.detach();
  fill(*made, *shared);
  return made;
}
template <class T, class Copy>
Ref<T> share_or_copy(const Ref<T>& shared, const Copy& copy) {
  return share_or_copy(shared, copy, [](T&, const T&) {});
}

}  // namespace internal
}  // namespace xgrad
