// Generators of random numbers: counter-based, so that a seed gives the same numbers on every machine and with any
// number of threads. The operators that draw from them are in ops/random.hpp.
#pragma once

#include <cstdint>

#include "config.hpp"

namespace xgrad XGRAD_API {

/// A stream of random numbers, which a seed and the stream's number decide. Element i of a draw is a function of seed,
/// stream and position alone. Streams of one seed are independent of each other.
///
/// Source: Philox4x32-10, Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011.
/// Example: `Generator generator(seed, worker); Tensor mask = bernoulli({64}, 0.5, generator);`
class Generator {
 public:
  explicit constexpr Generator(std::uint64_t seed, std::uint64_t stream = 0) : seed_(seed), stream_(stream) {}
  std::uint64_t seed() const { return seed_; }
  std::uint64_t stream() const { return stream_; }
  /// Starts the same stream anew, under this seed.
  void reseed(std::uint64_t seed) {
    seed_ = seed;
    position_ = 0;
  }
  /// Takes the next `count` positions (of 128 bits each) and returns the first.
  std::uint64_t advance(std::uint64_t count) {
    std::uint64_t first = position_;
    position_ += count;
    return first;
  }

 private:
  std::uint64_t seed_;
  std::uint64_t stream_;
  std::uint64_t position_ = 0;
};

/// The generator that is used where none is given. Each thread has its own: a stream of its own under the process's
/// seed, 0 until manual_seed(). The thread that loaded the library has stream 0; other threads are numbered from 1 as
/// each draws for the first time. Where which thread comes first must not matter, give each a Generator(seed, stream).
Generator& default_generator();

/// Starts the default generators of all threads anew under this seed: the next draw of each is the first of its stream,
/// and threads are numbered again as they draw. Threads that draw meanwhile finish their draw under the old seed.
void manual_seed(std::uint64_t seed);

}  // namespace xgrad
