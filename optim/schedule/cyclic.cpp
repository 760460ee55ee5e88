#include "cyclic.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "../detail/schedule.hpp"

namespace xgrad XGRAD_API {
namespace optim {
namespace {

void check_has_momentum(const char* schedule, const Optimizer& optimizer, SourceLocation where) {
  check(optimizer.momentum(0, where).has_value(), where, schedule,
        ": cycle_momentum needs an optimizer with momentum or betas, but ", optimizer.name(),
        " has neither. Set it to false.");
}

}  // namespace

CyclicLR::CyclicLR(Optimizer& optimizer, const CyclicLROptions& options, SourceLocation where)
    : TimedSchedule(optimizer), options_(options) {
  check_per_group("base_lr", options.base_lr, where);
  check_per_group("max_lr", options.max_lr, where);
  check_count(name(), "step_size_up", options.step_size_up, where);
  check(options.step_size_down >= 0, where, name(), ": step_size_down must be at least 0, but it is ",
        options.step_size_down, '.');
  if (options_.step_size_down == 0) options_.step_size_down = options_.step_size_up;
  check_finite(name(), "gamma", options.gamma, where);
  if (options.cycle_momentum) {
    check_has_momentum(name(), optimizer, where);
    check_per_group("base_momentum", options.base_momentum, where);
    check_per_group("max_momentum", options.max_momentum, where);
  }
  start(where, &options_.base_lr);
}

double CyclicLR::height() const {
  const double up = static_cast<double>(options_.step_size_up);
  const double total = up + static_cast<double>(options_.step_size_down);
  const double turn = up / total;
  const double cycle = std::floor(1 + steps_ / total);
  const double share = 1 + steps_ / total - cycle;
  // Within [0, 1] but for rounding, which may not lead a rate below 0.
  const double line = std::clamp(share <= turn ? share / turn : (share - 1) / (turn - 1), 0.0, 1.0);
  if (options_.scale_fn) return line * options_.scale_fn(options_.scale_mode == ScaleMode::cycle ? cycle : steps_);
  if (options_.mode == CyclicMode::triangular2) return line * std::exp2(1 - cycle);
  if (options_.mode == CyclicMode::exp_range) return line * std::pow(options_.gamma, steps_);
  return line;
}

double CyclicLR::next_lr(int group, double) const {
  return options_.base_lr[group] + (options_.max_lr[group] - options_.base_lr[group]) * height();
}

std::optional<double> CyclicLR::next_momentum(int group) const {
  if (!options_.cycle_momentum) return std::nullopt;
  return options_.max_momentum[group] - (options_.max_momentum[group] - options_.base_momentum[group]) * height();
}

OneCycleLR::OneCycleLR(Optimizer& optimizer, const OneCycleLROptions& options, SourceLocation where)
    : TimedSchedule(optimizer), options_(options) {
  if (options.total_steps == 0) {
    check(options.epochs > 0 && options.steps_per_epoch > 0, where, name(),
          ": total_steps, or epochs and steps_per_epoch, must be above 0, but they are ", options.total_steps, ", ",
          options.epochs, " and ", options.steps_per_epoch, '.');
    check(options.epochs <= std::numeric_limits<std::int64_t>::max() / options.steps_per_epoch, where, name(),
          ": epochs times steps_per_epoch must be a number of steps, but they are ", options.epochs, " and ",
          options.steps_per_epoch, '.');
    options_.total_steps = options.epochs * options.steps_per_epoch;
  }
  check_count(name(), "total_steps", options_.total_steps, where);
  check_per_group("max_lr", options.max_lr, where);
  check(options.pct_start >= 0 && options.pct_start <= 1, where, name(),
        ": pct_start must be at least 0 and at most 1, but it is ", options.pct_start, '.');
  check(options.div_factor > 0 && std::isfinite(options.div_factor), where, name(),
        ": div_factor must be above 0 and finite, but it is ", options.div_factor, '.');
  check(options.final_div_factor > 0 && std::isfinite(options.final_div_factor), where, name(),
        ": final_div_factor must be above 0 and finite, but it is ", options.final_div_factor, '.');
  if (options.cycle_momentum) {
    check_has_momentum(name(), optimizer, where);
    check_per_group("base_momentum", options.base_momentum, where);
    check_per_group("max_momentum", options.max_momentum, where);
  }
  PerGroup first = options.max_lr;
  for (double& lr : first.numbers) lr /= options.div_factor;
  start(where, &first, true);
}

OneCycleLR::Place OneCycleLR::place() const {
  const double total = static_cast<double>(options_.total_steps);
  const double rise = options_.pct_start * total;
  const double three[] = {rise - 1, 2 * rise - 2, total - 1};
  const double two[] = {rise - 1, total - 1};
  const double* ends = options_.three_phase ? three : two;
  const int last = options_.three_phase ? 2 : 1;
  int phase = 0;
  while (phase < last && steps_ > ends[phase]) ++phase;
  const double begin = phase == 0 ? 0 : ends[phase - 1];
  // A phase of no length is at its end.
  const double share = ends[phase] > begin ? (steps_ - begin) / (ends[phase] - begin) : 1;
  return {phase, std::clamp(share, 0.0, 1.0)};
}

double OneCycleLR::between(double start, double end, double share) const {
  return options_.anneal_strategy == Anneal::cosine ? along_cosine(start, end, share) : (end - start) * share + start;
}

double OneCycleLR::next_lr(int group, double) const {
  const auto [phase, share] = place();
  const double top = options_.max_lr[group], first = top / options_.div_factor;
  const double rates[] = {first, top, first, first / options_.final_div_factor};
  if (options_.three_phase) return between(rates[phase], rates[phase + 1], share);
  return phase == 0 ? between(first, top, share) : between(top, rates[3], share);
}

std::optional<double> OneCycleLR::next_momentum(int group) const {
  if (!options_.cycle_momentum) return std::nullopt;
  const auto [phase, share] = place();
  const double least = options_.base_momentum[group], most = options_.max_momentum[group];
  const double momenta[] = {most, least, most, most};
  return between(momenta[phase], momenta[phase + 1], share);
}

void OneCycleLR::advance(SourceLocation where) {
  check<std::out_of_range>(steps() < options_.total_steps, where, name(),
                           ": step() may be called as often as there are steps in the cycle, but total_steps is ",
                           options_.total_steps, ", and it was called once more.");
  TimedSchedule::advance(where);
}

}  // namespace optim
}  // namespace xgrad
