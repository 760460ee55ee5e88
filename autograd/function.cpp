#include "function.hpp"

#include <typeinfo>

#include "base/substitution.hpp"
#include "error.hpp"

namespace xgrad XGRAD_API {
namespace internal {

Callable::~Callable() = default;

Callable* Callable::share_uncopyable(const Callable& callable) {
  if (Substitution* substitution = Substitution::active()) substitution->note_uncopyable(typeid(callable));
  return Ref<Callable>::share(const_cast<Callable*>(&callable)).detach();
}

void Callable::destroy(Callable* callable) { delete callable; }

SharedCallable::SharedCallable(const SharedCallable& other) {
  if (other.callable_ == nullptr) return;
  const Ref<Callable> shared = Ref<Callable>::share(other.callable_);
  auto copy = [&](const Callable& callable) {
    return callable.copy == nullptr ? shared : Ref<Callable>::adopt(callable.copy(callable));
  };
  callable_ = share_or_copy(shared, copy).detach();
}

void SharedCallable::refuse() { fail<std::logic_error>({}, "Function: it must hold a callable, but it is empty."); }

void SharedCallable::let_go(Callable* callable) {
  if (callable->release()) Callable::destroy(callable);
}

}  // namespace internal
}  // namespace xgrad
