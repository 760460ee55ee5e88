#include "random_state.hpp"

#include <algorithm>

#include "random_process.hpp"

namespace xgrad XGRAD_API {

GeneratorState state_of(const Generator& generator) {
  Generator copy = generator;
  return {copy.seed(), copy.stream(), copy.advance(0)};
}

Generator generator_at(const GeneratorState& state) {
  Generator generator(state.seed, state.stream);
  generator.advance(state.position);
  return generator;
}

RandomState random_state() {
  internal::RandomProcess& all = internal::RandomProcess::get();
  std::lock_guard lock(all.mutex);
  RandomState state{all.seed, all.next_stream, all.waiting};
  for (const internal::ThreadGenerator* thread : all.threads)
    if (thread->epoch == all.epoch.load(std::memory_order_relaxed))
      state.generators.push_back(state_of(thread->generator));
  std::sort(state.generators.begin(), state.generators.end(),
            [](const GeneratorState& a, const GeneratorState& b) { return a.stream < b.stream; });
  return state;
}

void set_random_state(const RandomState& state, SourceLocation where) {
  std::vector<GeneratorState> waiting = state.generators;
  std::sort(waiting.begin(), waiting.end(),
            [](const GeneratorState& a, const GeneratorState& b) { return a.stream < b.stream; });
  check(state.next_stream >= 1, where, "set_random_state: next_stream must be at least 1, but it is 0.");
  for (std::size_t i = 0; i < waiting.size(); ++i) {
    check(waiting[i].stream < state.next_stream, where,
          "set_random_state: each generator must have a stream below next_stream, ", state.next_stream,
          ", but one has ", waiting[i].stream, '.');
    check(i == 0 || waiting[i - 1].stream != waiting[i].stream, where,
          "set_random_state: each generator must have a stream of its own, but two have ", waiting[i].stream, '.');
  }
  default_generator();  // lists this thread's, for which memory may be missing: nothing fails below
  {
    internal::RandomProcess& all = internal::RandomProcess::get();
    std::lock_guard lock(all.mutex);
    all.seed = state.seed;
    all.next_stream = state.next_stream;
    all.waiting = std::move(waiting);
    all.epoch.fetch_add(1, std::memory_order_relaxed);
  }
  default_generator();  // a reference to it that the caller holds is to go on as well
}

}  // namespace xgrad
