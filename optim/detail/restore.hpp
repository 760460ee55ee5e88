// What puts an optimizer or a schedule back as it is now: for Checkpoint, which loads several of them or none. Not for
// users of the library.
#pragma once

#include "../optimizer.hpp"
#include "../schedule/schedule.hpp"

namespace xgrad::optim {

/// Answers with what puts options, rates and states back as they are now, if no step has been made since. All memory
/// that it takes is taken here.
struct Restore {
  static Function<void()> of(Optimizer& optimizer) { return optimizer.keep_all(); }
  static Function<void()> of(Schedule& schedule) { return schedule.keep_all(); }

  /// As set_options(), for options that a run had come to.
  template <class Options>
  static void options(OptimizerOf<Options>& optimizer, int group, const Options& options, SourceLocation where) {
    optimizer.check_in_run(options, where);
    (*optimizer.options_)[group] = options;
    optimizer.options_changed(group);
  }
  template <class Options>
  static void check(const OptimizerOf<Options>& optimizer, const Options& options, SourceLocation where) {
    optimizer.check_in_run(options, where);
  }
};

}  // namespace xgrad::optim
