#include "random_process.hpp"

#include <algorithm>
#include <thread>

namespace xgrad::internal {
namespace {

std::thread::id first_thread() {
  static const std::thread::id id = std::this_thread::get_id();
  return id;
}
[[maybe_unused]] const std::thread::id kAtLoad = first_thread();

thread_local bool has_ended = false;  // trivial: stays readable while a thread's objects go

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

}  // namespace

RandomProcess& RandomProcess::get() {
  static RandomProcess* const shared = new RandomProcess;  // never destroyed: threads may draw while the process ends
  return *shared;
}

void start_anew(ThreadGenerator& mine) {
  RandomProcess& all = RandomProcess::get();
  std::lock_guard lock(all.mutex);
  if (mine.epoch == 0 && !has_ended) {
    static thread_local Membership membership;
    all.threads.push_back(&mine);
    membership.mine = &mine;
  }
  const bool is_first = std::this_thread::get_id() == first_thread();
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
