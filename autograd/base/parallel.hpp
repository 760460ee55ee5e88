// Splitting loops over threads.
#pragma once

#include <cstdint>
#include <type_traits>

#include "../config.hpp"

namespace xgrad XGRAD_API {
namespace internal {

/// A reference to a callable that outlives the call: std::function without the allocation.
template <class Signature>
class FunctionRef;
template <class R, class... Args>
class FunctionRef<R(Args...)> {
 public:
  template <class F>
  requires(!std::is_same_v<std::remove_cvref_t<F>, FunctionRef>) FunctionRef(F&& f)
      : object_(const_cast<void*>(static_cast<const void*>(&f))), call_([](void* object, Args... args) -> R {
          return (*static_cast<std::remove_reference_t<F>*>(object))(args...);
        }) {}
  R operator()(Args... args) const { return call_(object_, args...); }

 private:
  void* object_;
  R (*call_)(void*, Args...);
};

/// Calls body(begin, end) on parts of [0, count) that together cover it, on several threads where each has at least `grain`
/// of it to do. Parts begin at multiples of grain / 4 and are at least that long but for the last. Exceptions are passed
/// on. Inside of another parallel_for it runs on the calling thread alone.
void parallel_for(std::int64_t count, std::int64_t grain, FunctionRef<void(std::int64_t, std::int64_t)> body);

/// Whether this thread is inside of a parallel_for's body, or a OneThread lives on it.
bool in_parallel();

/// While it lives, the loops of this thread run on it alone.
class OneThread {
 public:
  OneThread();
  ~OneThread();
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  bool was_inside_;
};

}  // namespace internal
}  // namespace xgrad
