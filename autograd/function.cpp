#include "function.hpp"

#include "base/substitution.hpp"
#include "error.hpp"

namespace xgrad XGRAD_API {
namespace internal {

Callable::~Callable() = default;

void Callable::destroy(Callable* callable) { delete callable; }

SharedCallable::SharedCallable(const SharedCallable& other) {
  if (other.callable_ == nullptr) return;
  const Ref<Callable> shared = Ref<Callable>::share(other.callable_);
  callable_ = share_or_copy(shared, [](const Callable& callable) { return callable.copy(); }).detach();
}

void SharedCallable::refuse() { fail<std::logic_error>({}, "Function: it must hold a callable, but it is empty."); }

void SharedCallable::let_go(Callable* callable) {
  if (callable->release()) Callable::destroy(callable);
}

}  // namespace internal
}  // namespace xgrad
