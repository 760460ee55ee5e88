#include "random_process.hpp"

#include <pthread.h>
#include <algorithm>

namespace xgrad::internal {
namespace {

// Not by the thread's id: when a thread ends, another may get its id. Trivial, as has_ended: a new thread begins with
// false, and the child of a fork() goes on with what its thread had.
constinit thread_local bool has_loaded = false;

/// Whether this thread is the one that loaded the library.
bool is_first_thread() {
  static const bool marked = (has_loaded = true);
  static_cast<void>(marked);
  return has_loaded;
}
// An object of another file may draw before this one is made; it does so on the same thread.
[[maybe_unused]] const bool kAtLoad = is_first_thread();

constinit thread_local bool has_ended = false;  // stays readable while a thread's objects go
constinit thread_local ThreadGenerator* listed = nullptr;

/// Takes the thread's generator off the list when the thread ends.
struct Membership {
  ~Membership() {
    has_ended = true;
    RandomProcess& all = RandomProcess::get();
    std::lock_guard lock(all.mutex);
    std::erase(all.threads, mine);
  }
  ThreadGenerator* mine = nullptr;
};

/// The child of a fork() has the thread that called it, and none of the others: what they drew from is gone with their
/// stacks.
void keep_the_forking_thread() {
  RandomProcess& all = RandomProcess::get();
  std::erase_if(all.threads, [](const ThreadGenerator* thread) { return thread != listed; });
  all.mutex.unlock();
}

}  // namespace

RandomProcess& RandomProcess::get() {
  // Never destroyed: threads may draw while the process ends.
  static RandomProcess* const shared = [] {
    // The child must not wait for a lock that another thread held.
    pthread_atfork([] { get().mutex.lock(); }, [] { get().mutex.unlock(); }, keep_the_forking_thread);
    return new RandomProcess;
  }();
  return *shared;
}

void start_anew(ThreadGenerator& mine) {
  RandomProcess& all = RandomProcess::get();
  std::lock_guard lock(all.mutex);
  if (mine.epoch == 0 && !has_ended) {
    static thread_local Membership membership;
    all.threads.push_back(&mine);
    membership.mine = listed = &mine;
  }
  const bool is_first = is_first_thread();
  // One that waits is gone on with: stream 0 by the first thread, the others in their order.
  const auto found = std::find_if(all.waiting.begin(), all.waiting.end(),
                                  [&](const GeneratorState& one) { return (one.stream == 0) == is_first; });
  Generator generator(all.seed, is_first ? 0 : found == all.waiting.end() ? all.next_stream : found->stream);
  if (found != all.waiting.end()) {
    generator = generator_at(*found);
    all.waiting.erase(found);
  } else if (!is_first) {
    ++all.next_stream;
  }
  mine = {generator, all.epoch.load(std::memory_order_relaxed)};
}

}  // namespace xgrad::internal
