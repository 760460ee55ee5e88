#include "random.hpp"

#include <atomic>
#include <mutex>
#include <thread>

namespace xgrad XGRAD_API {
namespace {

/// What the default generators of all threads come from.
struct Process {
  std::mutex mutex;
  std::uint64_t seed = 0;
  std::uint64_t next_stream = 1;
  std::atomic<std::uint64_t> epoch{1};  // raised by each manual_seed()
};
Process& process() {
  static Process* const shared = new Process;  // never destroyed: threads may draw while the process ends
  return *shared;
}

std::thread::id first_thread() {
  static const std::thread::id id = std::this_thread::get_id();
  return id;
}
[[maybe_unused]] const std::thread::id kAtLoad = first_thread();

struct ThreadGenerator {
  Generator generator{0};
  std::uint64_t epoch = 0;  // that it was made in; 0: never
};

[[gnu::noinline]] void start_anew(ThreadGenerator& mine) {
  Process& all = process();
  std::lock_guard lock(all.mutex);
  std::uint64_t stream = std::this_thread::get_id() == first_thread() ? 0 : all.next_stream++;
  mine = {Generator(all.seed, stream), all.epoch.load(std::memory_order_relaxed)};
}

}  // namespace

Generator& default_generator() {
  static thread_local constinit ThreadGenerator mine;
  if (mine.epoch != process().epoch.load(std::memory_order_relaxed)) [[unlikely]]
    start_anew(mine);
  return mine.generator;
}

void manual_seed(std::uint64_t seed) {
  {
    Process& all = process();
    std::lock_guard lock(all.mutex);
    all.seed = seed;
    all.next_stream = 1;
    all.epoch.fetch_add(1, std::memory_order_relaxed);
  }
  default_generator();  // a reference to it that the caller holds is to start anew as well
}

}  // namespace xgrad
