// What xgrad is inside of a program that knows nothing of it: plugin_host.cpp loads this.
#include <cstdint>

#include <xgrad/autograd/ops/random.hpp>

/// Draws a number, and tells from which stream of the process's seed.
extern "C" __attribute__((visibility("default"))) std::uint64_t stream_drawn_from() {
  xgrad::uniform({1});
  return xgrad::default_generator().stream();
}
