#include "decay.hpp"

#include <algorithm>
#include <cmath>

#include "../detail/schedule.hpp"

namespace xgrad XGRAD_API {
namespace optim {
namespace {

void check_factor(const char* schedule, const char* option, double factor, SourceLocation where) {
  check(factor >= 0 && factor <= 1, where, schedule, ": ", option, " must be at least 0 and at most 1, but it is ",
        factor, '.');
}

}  // namespace

StepLR::StepLR(Optimizer& optimizer, const StepLROptions& options, SourceLocation where)
    : TimedSchedule(optimizer), options_(options) {
  check_count(name(), "step_size", options.step_size, where);
  check_not_negative(name(), "gamma", options.gamma, where);
  start(where);
}

double StepLR::next_lr(int, double current) const {
  return steps() == 0 || steps() % options_.step_size != 0 ? current : current * options_.gamma;
}

MultiStepLR::MultiStepLR(Optimizer& optimizer, const MultiStepLROptions& options, SourceLocation where)
    : TimedSchedule(optimizer), options_(options) {
  check_not_negative(name(), "gamma", options.gamma, where);
  for (std::int64_t milestone : options.milestones)
    check(milestone >= 0, where, name(), ": milestones must be at least 0, but one is ", milestone, '.');
  start(where);
}

double MultiStepLR::next_lr(int, double current) const {
  const auto times = std::count(options_.milestones.begin(), options_.milestones.end(), steps());
  return times == 0 ? current : current * std::pow(options_.gamma, static_cast<double>(times));
}

ConstantLR::ConstantLR(Optimizer& optimizer, const ConstantLROptions& options, SourceLocation where)
    : TimedSchedule(optimizer), options_(options) {
  check_factor(name(), "factor", options.factor, where);
  check_count(name(), "total_iters", options.total_iters, where);
  start(where);
}

double ConstantLR::next_lr(int group, double current) const {
  if (steps() == 0) return current * options_.factor;
  if (steps() != options_.total_iters) return current;
  return options_.factor == 0 ? base_lr(group) : current / options_.factor;  // nothing leads back from 0
}

LinearLR::LinearLR(Optimizer& optimizer, const LinearLROptions& options, SourceLocation where)
    : TimedSchedule(optimizer), options_(options) {
  check_factor(name(), "start_factor", options.start_factor, where);
  check_factor(name(), "end_factor", options.end_factor, where);
  check_count(name(), "total_iters", options.total_iters, where);
  start(where);
}

double LinearLR::next_lr(int group, double current) const {
  const double total = static_cast<double>(options_.total_iters);
  if (steps_ == 0) return current * options_.start_factor;
  if (steps_ > total) return current;
  // On the line, total times: a sum of what is at least 0, and 0 where the line ends there.
  const auto height = [&](double steps) {
    return (total - steps) * options_.start_factor + steps * options_.end_factor;
  };
  const double before = height(steps_ - 1), now = height(steps_);
  if (before == 0) return base_lr(group) * now / total;  // nothing leads back from 0
  return current * (now / before);
}

ExponentialLR::ExponentialLR(Optimizer& optimizer, const ExponentialLROptions& options, SourceLocation where)
    : TimedSchedule(optimizer), options_(options) {
  check(options.gamma > 0 && std::isfinite(options.gamma), where, name(),
        ": gamma must be above 0 and finite, but it is ", options.gamma, '.');
  start(where);
}

double ExponentialLR::next_lr(int, double current) const { return steps() == 0 ? current : current * options_.gamma; }

PolynomialLR::PolynomialLR(Optimizer& optimizer, const PolynomialLROptions& options, SourceLocation where)
    : TimedSchedule(optimizer), options_(options) {
  check_count(name(), "total_iters", options.total_iters, where);
  check_not_negative(name(), "power", options.power, where);
  start(where);
}

double PolynomialLR::next_lr(int, double current) const {
  const double total = static_cast<double>(options_.total_iters);
  if (steps_ == 0 || steps_ > total) return current;
  return current * std::pow((1 - steps_ / total) / (1 - (steps_ - 1) / total), options_.power);
}

}  // namespace optim
}  // namespace xgrad
