// The state of all random numbers of a program, to be kept and put back.
#pragma once

#include <cstdint>
#include <vector>

#include "error.hpp"
#include "random.hpp"

namespace xgrad XGRAD_API {

/// How far a generator is: its stream, and the position from which it draws next.
struct GeneratorState {
  std::uint64_t seed = 0;
  std::uint64_t stream = 0;
  std::uint64_t position = 0;
};

/// The state of one generator.
GeneratorState state_of(const Generator& generator);
/// A generator that goes on from there: it draws what the other would have drawn.
Generator generator_at(const GeneratorState& state);

/// The seed of the process, and the default generators that have drawn under it.
struct RandomState {
  std::uint64_t seed = 0;                       ///< of manual_seed(); 0 before
  std::uint64_t next_stream = 1;                ///< the stream that the next thread gets that draws for the first time
  std::vector<GeneratorState> generators = {};  ///< of the threads that have drawn and have not ended, by stream
};

/// What set_random_state() needs to have the default generators go on from here. No other thread may draw meanwhile.
RandomState random_state();

/// Has the default generators go on from a state: that of the thread that loaded the library from its own, those of
/// other threads from the streams of the state in the order in which these threads draw next. No other thread may draw
/// meanwhile.
///
/// Throws: std::invalid_argument where two generators have one stream, or one is beyond next_stream. Nothing is changed
/// then.
/// Example:
/// `RandomState before = random_state(); Tensor a = normal({3}); set_random_state(before); Tensor b = normal({3});  // a`
void set_random_state(const RandomState& state, SourceLocation where = SourceLocation::current());

}  // namespace xgrad
