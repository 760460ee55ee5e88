// Sharing loops out among threads.
//
// The pool is our own, and not TBB's or OpenMP's, for three reasons. A loop's parts follow from its shape alone, so
// that results have the same bits for any number of threads. OpenBLAS may bring threads of its own, and a second
// runtime's would fight with them for the cores; ours run the parts of matrix products too. And a loop over small
// tensors must start within a few microseconds, which workers that wait for the next one by spinning for 50 us do. It
// is 200 lines.
//
// Workers block signals, so that a handler of the user's runs on a thread of the user's. After fork() the child has a
// pool of its own.
#pragma once

#include <cstdint>
#include <type_traits>

#include "../config.hpp"

namespace xgrad XGRAD_API {
namespace internal {

/// A reference to a callable that outlives the call: a std::function that takes no memory.
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

/// Calls body(begin, end) on parts of [0, count) that together cover it, on several threads where each has at least
/// `grain` of it to do. Parts begin at multiples of grain / 4 and are at least that long but for the last. Exceptions
/// are passed on. Inside of another parallel_for it runs on the calling thread alone.
void parallel_for(std::int64_t count, std::int64_t grain, FunctionRef<void(std::int64_t, std::int64_t)> body);

/// Keeps the loops of this thread on it alone while it lives.
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
