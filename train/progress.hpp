// Progress: shows how a training goes while it does.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "../autograd/error.hpp"
#include "../autograd/function.hpp"
#include "../autograd/hidden.hpp"
#include "readings.hpp"

namespace xgrad XGRAD_API {
namespace train {

/// Options of Progress.
struct ProgressOptions {
  std::int64_t epochs = 1;
  std::int64_t steps = 0;   ///< in one epoch, as data::Batches::count() tells; 0: what the first epoch shows
  std::int64_t lines = 50;  ///< of more epochs only so many leave a line: every second, every third ..., and the last
  int descriptor = 2;       ///< of the file it writes to; 2: stderr
  double interval = 0.1;    ///< seconds between two redraws, at least
  Function<double()> clock = {};  ///< seconds since any moment; empty: the system's steady clock
};

/// Progress shows how a training goes: on a terminal a bar that is redrawn, with the epoch's means so far and the time
/// that is left, and a line for each epoch that is done; elsewhere (a file, a pipe, TERM=dumb) those lines alone. It
/// writes to stderr, so that what a program prints stays apart.
///
/// Example:
///
///     train::Progress progress({.epochs = 5, .steps = batches.count()});
///     for (int epoch = 0; epoch < 5; ++epoch) {
///       for (auto [x, y] : batches) progress.step({{"loss", train_on(x, y)}}, x.size(0));
///       progress.epoch({{"loss", loss_of(validation)}});
///     }
class Progress final {
 public:
  /// Throws: std::invalid_argument for counts and an interval below 0.
  explicit Progress(ProgressOptions options = {}, SourceLocation where = SourceLocation::current());
  /// Ends the line of the bar, also where an exception ends the training.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// After a step, with what it measured over `weight` points: shown are the means over the epoch.
  /// Throws: std::invalid_argument for a weight below 0 or not finite.
  void step(const Readings& readings = {}, double weight = 1, SourceLocation where = SourceLocation::current());
  /// After an epoch, with what validation measured.
  void epoch(const Readings& validation = {});
  /// The means of the epoch so far, or of the one that has just ended: for a Log.
  const Readings& means() const { return means_; }
  /// Ends the line of the bar; another step opens it again.
  void finish();

 private:
  struct Mean {
    double sum = 0, weight = 0;
  };
  double now() const;
  void draw();
  std::string position() const;
  std::string time_left(double at) const;
  void write(const std::string& text) const;
  int width() const;

  ProgressOptions options_;
  bool on_terminal_, bar_is_open_ = false, epoch_is_over_ = false;
  std::int64_t epochs_done_ = 0, steps_done_ = 0;  // steps: of this epoch
  std::int64_t all_steps_ = 0;
  internal::Hidden<std::vector<Mean>> sums_;
  Readings means_;
  double start_, epoch_start_, next_draw_;
};

}  // namespace train
}  // namespace xgrad
