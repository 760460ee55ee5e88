// Folders of checkpoints: one every so many steps, of which the newest are kept, or those with the best scores.
#pragma once

#include <cstdint>
#include <string>

#include "../autograd/hidden.hpp"
#include "checkpoint.hpp"

namespace xgrad XGRAD_API {
namespace io {

/// Options of CheckpointEvery.
struct CheckpointEveryOptions {
  std::int64_t steps = 1000;  ///< between two checkpoints, at least 1
  int keep = 3;               ///< how many of the newest are kept; 0: all
};

/// CheckpointEvery: writes a checkpoint every so many steps to a folder of its own, keeps the newest, and finds the
/// newest whole one when a run begins. Each file is `step-<12 digits>.safetensors`. A process may be killed at any
/// moment: what was there before the last write began is there afterwards.
///
/// Example:
///
///     io::CheckpointEvery every(checkpoint, "runs/mnist", {.steps = 100});
///     every.resume();
///     while (step < 10000) {
///       train_one_batch();
///       every.step(++step);
///     }
class CheckpointEvery {
 public:
  /// Makes the folder where it is missing, and removes what a writer left in it that was killed.
  /// Throws: std::invalid_argument for options outside their range; FileError where the folder cannot be made.
  CheckpointEvery(Checkpoint checkpoint, std::string folder, CheckpointEveryOptions options = {},
                  SourceLocation where = SourceLocation::current());

  /// Loads the newest checkpoint that is whole, and tells whether there is any.
  /// Throws: FileError where there are checkpoints, but none is whole; std::invalid_argument where the newest is one of
  /// another run (Checkpoint::load()). Nothing is changed then.
  bool resume(SourceLocation where = SourceLocation::current());
  /// To be called after each step with its number: writes a checkpoint where that is a multiple of the option `steps`,
  /// and tells whether it did.
  /// Throws: FileError where it cannot be written. The checkpoints that were there stay.
  bool step(std::int64_t step, SourceLocation where = SourceLocation::current());
  /// Writes a checkpoint of this step, whatever its number.
  void save(std::int64_t step, SourceLocation where = SourceLocation::current());
  /// Path of the newest checkpoint, whole or not; empty where there is none.
  std::string newest() const;

 private:
  Checkpoint checkpoint_;
  std::string folder_;
  CheckpointEveryOptions options_;
};

/// Options of KeepBest.
struct KeepBestOptions {
  int keep = 1;          ///< how many of the best are kept, at least 1
  bool highest = false;  ///< the highest score is the best (an accuracy), not the lowest (a loss)
};

/// KeepBest: keeps the checkpoints with the best scores in a folder. Each file is
/// `best-<12 digits of the step>.safetensors`, with its score as the text `score`. It goes on with those that are in
/// the folder already. One of them that is not whole, or says no score, is left out: it is not counted, not loaded and
/// not removed, but a checkpoint of the same step is written over it.
///
/// Example:
///
///     io::KeepBest best(checkpoint, "runs/mnist", {.keep = 3});
///     if (best.offer(validation_loss, step)) std::cout << "the best so far\n";
///     best.load();
class KeepBest {
 public:
  /// Makes the folder where it is missing.
  /// Throws: std::invalid_argument for an option outside its range; FileError where the folder cannot be made.
  KeepBest(Checkpoint checkpoint, std::string folder, KeepBestOptions options = {},
           SourceLocation where = SourceLocation::current());

  /// Writes a checkpoint where its score is among the best, and removes the one that is no longer; tells whether it
  /// wrote. Of equal scores the earlier is the better one. A score of nan is never among them.
  bool offer(double score, std::int64_t step, SourceLocation where = SourceLocation::current());
  /// Loads the best checkpoint. Throws std::logic_error where there is none, and as Checkpoint::load().
  void load(CheckpointOptions options = {}, SourceLocation where = SourceLocation::current());
  /// Path of the best checkpoint; empty where there is none.
  std::string best() const;

 private:
  struct Kept {
    double score;
    std::int64_t step;
    std::string path;
  };
  bool is_before(const Kept& a, const Kept& b) const;

  Checkpoint checkpoint_;
  std::string folder_;
  KeepBestOptions options_;
  internal::Hidden<std::vector<Kept>> kept_;  // the best first
};

}  // namespace io
}  // namespace xgrad
