// Schedule by what is measured: lower rates when a metric no longer improves.
#pragma once

#include "schedule.hpp"

namespace xgrad XGRAD_API {
namespace optim {

/// Which way a metric improves.
enum class PlateauMode : std::uint8_t { min, max };

/// How the threshold of ReduceLROnPlateau is meant.
enum class ThresholdMode : std::uint8_t {
  rel,  ///< as a share of the best metric
  abs,  ///< as it is
};

/// Options of ReduceLROnPlateau.
struct ReduceLROnPlateauOptions {
  PlateauMode mode = PlateauMode::min;
  double factor = 0.1;         ///< what the rate is multiplied by, in [0, 1)
  std::int64_t patience = 10;  ///< steps without an improvement that pass, at least 0
  double threshold = 1e-4;     ///< an improvement by less is none
  ThresholdMode threshold_mode = ThresholdMode::rel;
  std::int64_t cooldown = 0;  ///< steps after a change that are not counted, at least 0
  PerGroup min_lr = 0;        ///< the least rate
  double eps = 1e-8;          ///< a change of the rate by less is not made
};

/// ReduceLROnPlateau multiplies each rate by `factor` when a metric has not improved for more than `patience` steps. A
/// nan is no improvement.
///
/// Throws: std::invalid_argument, naming the option and its value, when one is outside its range.
/// Example: `optim::ReduceLROnPlateau schedule(adam, {.factor = 0.5, .patience = 3}); schedule.step(validation_loss);`
class ReduceLROnPlateau final : public Schedule {
 public:
  ReduceLROnPlateau(Optimizer& optimizer, const ReduceLROnPlateauOptions& options = {},
                    SourceLocation where = SourceLocation::current());
  const char* name() const override { return "ReduceLROnPlateau"; }

  /// Takes one more metric, and sets the rates. Throws std::invalid_argument where the optimizer refuses one; nothing
  /// is changed then.
  void step(double metric, SourceLocation where = SourceLocation::current());
  /// The best metric so far; infinite before the first.
  double best() const { return best_; }

 private:
  bool is_better(double metric) const;
  void own_slots(const std::string& prefix, Slots& slots) override;
  ReduceLROnPlateauOptions options_;
  double best_ = 0, bad_steps_ = 0, cooldown_ = 0;
};

}  // namespace optim
}  // namespace xgrad
