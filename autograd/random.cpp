#include "random.hpp"

#include "random_process.hpp"

namespace xgrad XGRAD_API {

Generator& default_generator() {
  static thread_local constinit internal::ThreadGenerator mine;
  if (mine.epoch != internal::RandomProcess::get().epoch.load(std::memory_order_relaxed)) [[unlikely]]
    internal::start_anew(mine);
  return mine.generator;
}

void manual_seed(std::uint64_t seed) {
  default_generator();  // lists this thread's, for which memory may be missing: nothing fails below
  {
    internal::RandomProcess& all = internal::RandomProcess::get();
    std::lock_guard lock(all.mutex);
    all.seed = seed;
    all.next_stream = 1;
    all.waiting.clear();
    all.epoch.fetch_add(1, std::memory_order_relaxed);
  }
  default_generator();  // a reference to it that the caller holds is to start anew as well
}

}  // namespace xgrad
