#include "cosine.hpp"

#include <algorithm>
#include <cmath>

#include "../detail/schedule.hpp"

namespace xgrad XGRAD_API {
namespace optim {

CosineAnnealingLR::CosineAnnealingLR(Optimizer& optimizer, const CosineAnnealingLROptions& options,
                                     SourceLocation where)
    : TimedSchedule(optimizer), options_(options) {
  check_count(name(), "T_max", options.T_max, where);
  check_not_negative(name(), "eta_min", options.eta_min, where);
  start(where);
}

double CosineAnnealingLR::next_lr(int group, double current) const {
  const double least = options_.eta_min, length = static_cast<double>(options_.T_max);
  if (steps() == 0) return current;
  // After the lowest point nothing of the rate is left to be multiplied.
  if ((steps() - 1 - options_.T_max) % (2 * options_.T_max) == 0)
    return current + (base_lr(group) - least) * (1 - std::cos(M_PI / length)) / 2;
  const double factor = (1 + std::cos(M_PI * steps_ / length)) / (1 + std::cos(M_PI * (steps_ - 1) / length));
  return without_rounding_below_0(factor * (current - least) + least, least);
}

CosineAnnealingWarmRestarts::CosineAnnealingWarmRestarts(Optimizer& optimizer,
                                                         const CosineAnnealingWarmRestartsOptions& options,
                                                         SourceLocation where)
    : TimedSchedule(optimizer), options_(options) {
  check_count(name(), "T_0", options.T_0, where);
  check_count(name(), "T_mult", options.T_mult, where);
  check_not_negative(name(), "eta_min", options.eta_min, where);
  round_ = static_cast<double>(options.T_0);
  start(where);
}

double CosineAnnealingWarmRestarts::next_lr(int group, double) const {
  return along_cosine(base_lr(group), options_.eta_min, since_restart_ / round_);
}

void CosineAnnealingWarmRestarts::go_to_round(double steps, double since, double length, SourceLocation where) {
  const double since_before = since_restart_, round_before = round_;
  since_restart_ = since;
  round_ = length;
  try {
    go_to(steps, false, where);
  } catch (...) {
    since_restart_ = since_before;
    round_ = round_before;
    throw;
  }
}

void CosineAnnealingWarmRestarts::advance(SourceLocation where) {
  const double since = since_restart_ + 1;
  if (since < round_) return go_to_round(steps_ + 1, since, round_, where);
  go_to_round(steps_ + 1, since - round_, round_ * static_cast<double>(options_.T_mult), where);
}

void CosineAnnealingWarmRestarts::begin(bool, SourceLocation where) {
  go_to_round(0, 0, static_cast<double>(options_.T_0), where);
}

void CosineAnnealingWarmRestarts::step(double epoch, SourceLocation where) {
  check(epoch >= 0 && std::isfinite(epoch), where, name(), ": epoch must be at least 0 and finite, but it is ", epoch,
        '.');
  double since = epoch, length = static_cast<double>(options_.T_0);
  if (options_.T_mult == 1) since = std::fmod(epoch, length);
  for (; since >= length; length *= static_cast<double>(options_.T_mult)) since -= length;
  go_to_round(std::floor(epoch), since, length, where);
}

void CosineAnnealingWarmRestarts::own_slots(const std::string& prefix, Slots& slots) {
  slots.emplace_back(prefix + "since_restart", &since_restart_);
  slots.emplace_back(prefix + "round", &round_);
}

WarmupCosineLR::WarmupCosineLR(Optimizer& optimizer, const WarmupCosineLROptions& options, SourceLocation where)
    : TimedSchedule(optimizer), options_(options) {
  check(options.warmup_steps >= 0, where, name(), ": warmup_steps must be at least 0, but it is ", options.warmup_steps,
        '.');
  check(options.total_steps > options.warmup_steps, where, name(),
        ": total_steps must be more than warmup_steps, but they are ", options.total_steps, " and ",
        options.warmup_steps, '.');
  check_not_negative(name(), "final_factor", options.final_factor, where);
  start(where);
}

double WarmupCosineLR::next_lr(int group, double) const {
  const double warmup = static_cast<double>(options_.warmup_steps), total = static_cast<double>(options_.total_steps);
  if (steps_ < warmup) return base_lr(group) * (steps_ + 1) / (warmup + 1);
  const double share = std::min((steps_ - warmup) / (total - warmup), 1.0);
  return base_lr(group) * along_cosine(1, options_.final_factor, share);
}

}  // namespace optim
}  // namespace xgrad
