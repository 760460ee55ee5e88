// Function: any callable of one signature, as std::function holds it, but copies share it.
//
// Not std::function: <functional> takes 0.15 s to compile, which every file that includes a tensor would pay for. For
// the same reason all that does not depend on the signature is done in the .cpp.
#pragma once

#include <concepts>
#include <cstddef>
#include <type_traits>
#include <utility>

#include "base/ref.hpp"
#include "config.hpp"

namespace xgrad XGRAD_API {

template <class Signature>
class Function;

namespace internal {

/// Whether a callable is empty itself, as a pointer to a function, a std::function or a Function may be.
template <class F>
bool is_empty(const F& callable) {
  if constexpr (!std::is_empty_v<F> && requires { callable == nullptr; })
    return callable == nullptr;
  else
    return false;
}

/// Takes what converts to R, in questions alone.
template <class R>
void accept_result(R result);
/// Whether a callable can be called so, and answers with what converts to R. (std::is_invocable_r takes longer to
/// compile.)
template <class F, class R, class... Arguments>
concept CallableAs = (std::is_void_v<R> &&
                      requires(F & callable, Arguments&&... arguments) {
                        callable(static_cast<Arguments&&>(arguments)...);
                      }) ||
                     requires(F& callable, Arguments&&... arguments) {
  accept_result<R>(callable(static_cast<Arguments&&>(arguments)...));
};

/// What a Function holds.
class Callable : public RefCounted {
 public:
  /// To be called as a function of (Callable&, the signature's arguments).
  using Invoke = void (*)();
  /// Makes a copy with captures of its own.
  using Copy = Callable* (*)(const Callable& callable);

  Callable(Invoke invoke, Copy copy) : invoke(invoke), copy(copy) {}
  virtual ~Callable();
  /// The Copy of what cannot be copied: tells the Substitution that is active, and shares it.
  static Callable* share_uncopyable(const Callable& callable);
  static void destroy(Callable* callable);

  const Invoke invoke;
  const Copy copy;  // null where it has no captures: no code to copy it is made
};

/// A handle to one, or to none.
class SharedCallable {
 public:
  SharedCallable() = default;
  explicit SharedCallable(Callable* made) : callable_(made) {}
  /// Shares it; while a Substitution is active, it is a copy.
  SharedCallable(const SharedCallable& other);
  SharedCallable(SharedCallable&& other) noexcept : callable_(std::exchange(other.callable_, nullptr)) {}
  SharedCallable& operator=(SharedCallable other) noexcept {
    std::swap(callable_, other.callable_);
    return *this;
  }
  ~SharedCallable() {
    if (callable_ != nullptr) let_go(callable_);
  }

  explicit operator bool() const { return callable_ != nullptr; }
  /// Throws std::logic_error where there is none.
  Callable& get() const {
    if (callable_ == nullptr) [[unlikely]]
      refuse();
    return *callable_;
  }

 private:
  [[noreturn]] static void refuse();
  static void let_go(Callable* callable);

  Callable* callable_ = nullptr;
};

}  // namespace internal

/// Function holds any callable of its signature, or nothing; an empty one throws std::logic_error when called. Copies
/// share the callable, with what a `mutable` lambda changed in itself; those that nn::clone() makes of a model have
/// their own. One that cannot be copied (a lambda that captures a std::unique_ptr) can be held, but the model cannot be
/// cloned then.
template <class R, class... Arguments>
class Function<R(Arguments...)> {
 public:
  Function() = default;
  Function(std::nullptr_t) {}
  template <class F>
  requires(!std::same_as<F, Function> && internal::CallableAs<F, R, Arguments...>) Function(F callable) {
    if (!internal::is_empty(callable)) callable_ = internal::SharedCallable(new Holder<F>(std::move(callable)));
  }

  explicit operator bool() const { return static_cast<bool>(callable_); }
  friend bool operator==(const Function& function, std::nullptr_t) { return !function; }
  R operator()(Arguments... arguments) const {
    internal::Callable& callable = callable_.get();
    return reinterpret_cast<Invoke*>(callable.invoke)(callable, std::forward<Arguments>(arguments)...);
  }

 private:
  using Invoke = R(internal::Callable& holder, Arguments... arguments);

  template <class F>
  struct Holder final : internal::Callable {
    explicit Holder(F callable)
        : Callable(reinterpret_cast<Callable::Invoke>(&call), how_to_copy()), held(std::move(callable)) {}
    static R call(internal::Callable& holder, Arguments... arguments) {
      F& held = static_cast<Holder&>(holder).held;
      if constexpr (std::is_void_v<R>)
        held(std::forward<Arguments>(arguments)...);
      else
        return held(std::forward<Arguments>(arguments)...);
    }
    static constexpr Callable::Copy how_to_copy() {
      if constexpr (std::is_empty_v<F>)
        return nullptr;
      else if constexpr (std::is_copy_constructible_v<F>)
        return &copied;
      else
        return &Callable::share_uncopyable;
    }
    static internal::Callable* copied(const internal::Callable& holder) {
      return new Holder(static_cast<const Holder&>(holder).held);
    }
    F held;
  };

  internal::SharedCallable callable_;
};

}  // namespace xgrad
