// Reference counting inside the object: a handle is one pointer wide, and an object is one allocation.
//
// Not std::shared_ptr, which is two pointers wide, counts in a block of its own, and always by a locked instruction: a
// Tensor is copied and dropped some dozen times in a small operation. <memory> also takes a quarter of a second of each
// file.
#pragma once

#include <cstdint>
#include <utility>

namespace xgrad::internal {

/// The base of objects that Ref counts. A new object starts with one reference, which Ref::adopt takes over.
class RefCounted {
 public:
  RefCounted() = default;
  RefCounted(const RefCounted&) = delete;
  RefCounted& operator=(const RefCounted&) = delete;

  void retain() { __atomic_fetch_add(&count_, 1, __ATOMIC_RELAXED); }

  /// True when this was the last reference: the caller then destroys the object.
  bool release() {
    // A sole owner needs no locked instruction: nobody else can raise the count.
    return unique() || __atomic_fetch_sub(&count_, 1, __ATOMIC_ACQ_REL) == 1;
  }

  bool unique() const { return __atomic_load_n(&count_, __ATOMIC_ACQUIRE) == 1; }

 private:
  // Used by the compiler's atomic functions alone. Of <atomic>, which takes a tenth of the time that a file with a
  // tensor compiles, this is all that would be needed.
  std::uint32_t count_ = 1;
};

/// An owning pointer to a RefCounted T, which says by `static void destroy(T*)` what happens when its last reference
/// goes.
template <class T>
class Ref {
 public:
  Ref() = default;
  Ref(const Ref& other) : object_(other.object_) {
    if (object_) object_->retain();
  }
  Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Ref& operator=(Ref other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Ref() {
    if (object_ && object_->release()) T::destroy(object_);
  }

  /// Takes over the reference that a new object starts with.
  static Ref adopt(T* object) {
    Ref ref;
    ref.object_ = object;
    return ref;
  }
  static Ref share(T* object) {
    object->retain();
    return adopt(object);
  }

  T* get() const { return object_; }
  T* operator->() const { return object_; }
  T& operator*() const { return *object_; }
  explicit operator bool() const { return object_ != nullptr; }
  /// Gives the reference up without letting it go.
  T* detach() { return std::exchange(object_, nullptr); }

  friend bool operator==(const Ref& a, const Ref& b) { return a.object_ == b.object_; }

 private:
  T* object_ = nullptr;
};

}  // namespace xgrad::internal
