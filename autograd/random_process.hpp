// What the default generators of all threads come from. Not for users of the library.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <vector>

#include "random.hpp"
#include "random_state.hpp"

namespace xgrad::internal {

/// A thread's default generator.
struct ThreadGenerator {
  Generator generator{0};
  std::uint64_t epoch = 0;  // that it was made in; 0: never
};

struct RandomProcess {
  static RandomProcess& get();

  std::mutex mutex;
  std::uint64_t seed = 0;
  std::uint64_t next_stream = 1;
  std::vector<GeneratorState> waiting;    // of set_random_state(), until a thread goes on with them; by stream
  std::vector<ThreadGenerator*> threads;  // those that live and have drawn, in whatever epoch
  std::atomic<std::uint64_t> epoch{1};    // raised by each manual_seed() and set_random_state()
};

/// Gives a thread its generator for the epoch.
void start_anew(ThreadGenerator& mine);

}  // namespace xgrad::internal
