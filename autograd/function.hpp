// Function: any callable of one signature, as std::function holds it, but copies share it.
//
// Not std::function: <functional> takes 0.15 s to compile, which every file that includes a tensor would pay for.
#pragma once

#include <concepts>
#include <cstddef>
#include <type_traits>
#include <utility>

#include "base/ref.hpp"
#include "base/substitution.hpp"
#include "error.hpp"

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
}  // namespace internal

/// Function holds any callable of its signature, or nothing; an empty one throws std::logic_error when called. Copies share
/// the callable, with what a `mutable` lambda changed in itself; those that nn::clone() makes of a model have their own.
template <class R, class... Arguments>
class Function<R(Arguments...)> {
 public:
  Function() = default;
  Function(std::nullptr_t) {}
  Function(const Function& other)
      : callable_(internal::share_or_copy(other.callable_, [](const Callable& callable) { return callable.copy(); })) {}
  Function(Function&&) noexcept = default;
  Function& operator=(Function other) noexcept {
    callable_ = std::move(other.callable_);
    return *this;
  }
  ~Function() = default;
  template <class F>
  requires(!std::same_as<F, Function> && !std::is_member_pointer_v<F> && std::is_invocable_r_v<R, F&, Arguments...>)
      Function(F callable) {
    if (internal::is_empty(callable)) return;
    callable_ = internal::Ref<Callable>::adopt(new Holder<F>(std::move(callable)));
  }

  explicit operator bool() const { return static_cast<bool>(callable_); }
  friend bool operator==(const Function& function, std::nullptr_t) { return !function; }
  R operator()(Arguments... arguments) const {
    check<std::logic_error>(static_cast<bool>(callable_), {}, "Function: it must hold a callable, but it is empty.");
    return callable_->call(std::forward<Arguments>(arguments)...);
  }

 private:
  struct Callable : internal::RefCounted {
    virtual ~Callable() = default;
    virtual R call(Arguments... arguments) = 0;
    /// One of its own, for nn::with_parameters() and nn::clone().
    virtual internal::Ref<Callable> copy() const = 0;
    static void destroy(Callable* callable) { delete callable; }
  };
  template <class F>
  struct Holder final : Callable {
    explicit Holder(F&& callable) : held(std::move(callable)) {}
    explicit Holder(const F& callable) : held(callable) {}
    R call(Arguments... arguments) override {
      if constexpr (std::is_void_v<R>)
        held(std::forward<Arguments>(arguments)...);
      else
        return held(std::forward<Arguments>(arguments)...);
    }
    internal::Ref<Callable> copy() const override {
      // What gives no result is a rule or a notice, and holds no layers: the many rules need no such code.
      if constexpr (!std::is_void_v<R> && std::copy_constructible<F>)
        return internal::Ref<Callable>::adopt(new Holder(held));
      else
        return internal::Ref<Callable>::share(const_cast<Holder*>(this));
    }
    F held;
  };

  internal::Ref<Callable> callable_;
};

}  // namespace xgrad
