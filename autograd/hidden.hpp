// Hidden: a member whose type a header only names.
#pragma once

#include <utility>

namespace xgrad::internal {

/// Hidden<T> is a T in a block of its own, made, copied and destroyed with its owner. T need be complete only where
/// that happens: a std::vector of its own kind takes a millisecond or more of every file that includes a header with
/// one. Moving copies, so that there always is a T. Not std::unique_ptr: <memory> takes a quarter of a second.
template <class T>
class Hidden {
 public:
  Hidden() : held_(new T()) {}
  explicit Hidden(T value) : held_(new T(std::move(value))) {}
  Hidden(const Hidden& other) : held_(new T(*other.held_)) {}
  Hidden& operator=(Hidden other) noexcept {
    std::swap(held_, other.held_);
    return *this;
  }
  ~Hidden() { delete held_; }

  T* operator->() { return held_; }
  const T* operator->() const { return held_; }
  T& operator*() { return *held_; }
  const T& operator*() const { return *held_; }

 private:
  T* held_;
};

}  // namespace xgrad::internal
