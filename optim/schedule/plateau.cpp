#include "plateau.hpp"

#include <algorithm>
#include <limits>

#include "../detail/schedule.hpp"

namespace xgrad XGRAD_API {
namespace optim {

ReduceLROnPlateau::ReduceLROnPlateau(Optimizer& optimizer, const ReduceLROnPlateauOptions& options,
                                     SourceLocation where)
    : Schedule(optimizer), options_(options) {
  check(options.factor >= 0 && options.factor < 1, where, name(), ": factor must be at least 0 and below 1, but it is ",
        options.factor, '.');
  check(options.patience >= 0, where, name(), ": patience must be at least 0, but it is ", options.patience, '.');
  check(options.cooldown >= 0, where, name(), ": cooldown must be at least 0, but it is ", options.cooldown, '.');
  check_not_negative(name(), "threshold", options.threshold, where);
  check_not_negative(name(), "eps", options.eps, where);
  check_per_group("min_lr", options.min_lr, where);
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  best_ = options.mode == PlateauMode::min ? kInfinity : -kInfinity;
  meet_groups();
}

bool ReduceLROnPlateau::is_better(double metric) const {
  const bool relative = options_.threshold_mode == ThresholdMode::rel;
  if (options_.mode == PlateauMode::min)
    return metric < (relative ? best_ * (1 - options_.threshold) : best_ - options_.threshold);
  return metric > (relative ? best_ * (1 + options_.threshold) : best_ + options_.threshold);
}

void ReduceLROnPlateau::step(double metric, SourceLocation where) {
  meet_groups();
  const bool better = is_better(metric);
  double bad_steps = better ? 0 : bad_steps_ + 1, cooldown = cooldown_;
  if (cooldown > 0) {
    --cooldown;
    bad_steps = 0;
  }
  if (bad_steps > static_cast<double>(options_.patience)) {
    Rates next;
    for (int group = 0; group < group_count(); ++group) {
      const double now = optimizer().lr(group);
      const double lower = std::max(now * options_.factor, options_.min_lr[group]);
      next.lr.push_back(now - lower > options_.eps ? lower : now);
    }
    set_rates(next, where);
    cooldown = static_cast<double>(options_.cooldown);
    bad_steps = 0;
  }
  if (better) best_ = metric;
  bad_steps_ = bad_steps;
  cooldown_ = cooldown;
  steps_ += 1;
}

void ReduceLROnPlateau::own_slots(const std::string& prefix, Slots& slots) {
  slots.emplace_back(prefix + "best", &best_);
  slots.emplace_back(prefix + "bad_steps", &bad_steps_);
  slots.emplace_back(prefix + "cooldown", &cooldown_);
}

}  // namespace optim
}  // namespace xgrad
