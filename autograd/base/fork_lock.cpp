#include "fork_lock.hpp"

#include <pthread.h>

#include <thread>

namespace xgrad XGRAD_API {
namespace internal {
namespace {

// How many forks lie between the process that loaded the library and this one, in 1 to 255.
constinit unsigned char generation = 1;

[[maybe_unused]] const bool kRegistered = [] {
  return pthread_atfork(nullptr, nullptr, [] { generation = static_cast<unsigned char>(generation % 255 + 1); }) == 0;
}();

}  // namespace

void ForkLock::lock() {
  for (;;) {
    unsigned char seen = 0;
    if (__atomic_compare_exchange_n(&holder_, &seen, generation, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) return;
    if (seen != generation &&
        __atomic_compare_exchange_n(&holder_, &seen, generation, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
      return;
    std::this_thread::yield();
  }
}

}  // namespace internal
}  // namespace xgrad
