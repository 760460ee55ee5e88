// Schedules that multiply each group's rate by a factor: at intervals, at milestones, or a little in each step.
#pragma once

#include "schedule.hpp"

namespace xgrad XGRAD_API {
namespace optim {

/// Options of StepLR.
struct StepLROptions {
  std::int64_t step_size = 0;  ///< steps between two changes, at least 1
  double gamma = 0.1;          ///< what the rate is multiplied by, at least 0
};

/// StepLR multiplies each rate by gamma every step_size steps:
///
///     lr(t) = base gamma^floor(t / step_size)
///
/// Throws: std::invalid_argument, naming the option and its value, when one is outside its range.
/// Example: `optim::StepLR schedule(sgd, {.step_size = 30, .gamma = 0.1});`
class StepLR final : public TimedSchedule {
 public:
  StepLR(Optimizer& optimizer, const StepLROptions& options, SourceLocation where = SourceLocation::current());
  const char* name() const override { return "StepLR"; }

 private:
  double next_lr(int group, double current) const override;
  StepLROptions options_;
};

/// Options of MultiStepLR.
struct MultiStepLROptions {
  std::vector<std::int64_t> milestones =
      {};              ///< steps at which the rate changes, in any order; one that is there twice counts twice
  double gamma = 0.1;  ///< what the rate is multiplied by, at least 0
};

/// MultiStepLR multiplies each rate by gamma at each milestone.
///
/// Throws: std::invalid_argument, naming the option and its value, when one is outside its range.
/// Example: `optim::MultiStepLR schedule(sgd, {.milestones = {30, 80}});`
class MultiStepLR final : public TimedSchedule {
 public:
  MultiStepLR(Optimizer& optimizer, const MultiStepLROptions& options,
              SourceLocation where = SourceLocation::current());
  const char* name() const override { return "MultiStepLR"; }

 private:
  double next_lr(int group, double current) const override;
  MultiStepLROptions options_;
};

/// Options of ConstantLR.
struct ConstantLROptions {
  double factor = 1.0 / 3;       ///< share of the base rate, in [0, 1]
  std::int64_t total_iters = 5;  ///< steps that it holds for, at least 1
};

/// ConstantLR holds each rate at `factor` of its base for total_iters steps, then at its base.
///
/// Throws: std::invalid_argument, naming the option and its value, when one is outside its range.
/// Example: `optim::ConstantLR schedule(sgd, {.factor = 0.5, .total_iters = 4});`
class ConstantLR final : public TimedSchedule {
 public:
  ConstantLR(Optimizer& optimizer, const ConstantLROptions& options = {},
             SourceLocation where = SourceLocation::current());
  const char* name() const override { return "ConstantLR"; }

 private:
  double next_lr(int group, double current) const override;
  ConstantLROptions options_;
};

/// Options of LinearLR.
struct LinearLROptions {
  double start_factor = 1.0 / 3;  ///< share of the base rate at step 0, in [0, 1]
  double end_factor = 1;          ///< share from step total_iters on, in [0, 1]
  std::int64_t total_iters = 5;   ///< steps from one to the other, at least 1
};

/// LinearLR leads each rate along a line, from start_factor of its base to end_factor, in total_iters steps: a warm-up
/// by its defaults.
///
/// Throws: std::invalid_argument, naming the option and its value, when one is outside its range.
/// Example: `optim::LinearLR warmup(adam, {.start_factor = 0.01, .total_iters = 100});`
class LinearLR final : public TimedSchedule {
 public:
  LinearLR(Optimizer& optimizer, const LinearLROptions& options = {}, SourceLocation where = SourceLocation::current());
  const char* name() const override { return "LinearLR"; }

 private:
  double next_lr(int group, double current) const override;
  LinearLROptions options_;
};

/// Options of ExponentialLR.
struct ExponentialLROptions {
  double gamma = 0;  ///< what the rate is multiplied by in each step, above 0
};

/// ExponentialLR multiplies each rate by gamma in each step.
///
/// Throws: std::invalid_argument unless gamma > 0 and finite.
/// Example: `optim::ExponentialLR schedule(sgd, {.gamma = 0.95});`
class ExponentialLR final : public TimedSchedule {
 public:
  ExponentialLR(Optimizer& optimizer, const ExponentialLROptions& options,
                SourceLocation where = SourceLocation::current());
  const char* name() const override { return "ExponentialLR"; }

 private:
  double next_lr(int group, double current) const override;
  ExponentialLROptions options_;
};

/// Options of PolynomialLR.
struct PolynomialLROptions {
  std::int64_t total_iters = 5;  ///< steps until the rate is 0, at least 1
  double power = 1;              ///< of the polynomial, at least 0
};

/// PolynomialLR leads each rate to 0 along a power of what is left:
///
///     lr(t) = base (1 - min(t, total_iters) / total_iters)^power
///
/// Throws: std::invalid_argument, naming the option and its value, when one is outside its range.
/// Example: `optim::PolynomialLR schedule(sgd, {.total_iters = 1000, .power = 0.9});`
class PolynomialLR final : public TimedSchedule {
 public:
  PolynomialLR(Optimizer& optimizer, const PolynomialLROptions& options = {},
               SourceLocation where = SourceLocation::current());
  const char* name() const override { return "PolynomialLR"; }

 private:
  double next_lr(int group, double current) const override;
  PolynomialLROptions options_;
};

}  // namespace optim
}  // namespace xgrad
