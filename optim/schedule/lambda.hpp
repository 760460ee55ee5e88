// Schedules whose factor a function of the user's gives.
#pragma once

#include "../../autograd/function.hpp"
#include "schedule.hpp"

namespace xgrad XGRAD_API {
namespace optim {

/// LambdaLR sets each rate to its base times a function of the step, from 0 on: one function for all groups, or one for
/// each. It sets the rates whatever they were.
///
/// Throws: std::invalid_argument unless there is one function, or as many as groups; std::logic_error for an empty one.
/// Example: `optim::LambdaLR schedule(sgd, [](std::int64_t t) { return 1 / (1 + 0.1 * t); });`
class LambdaLR final : public TimedSchedule {
 public:
  LambdaLR(Optimizer& optimizer, Function<double(std::int64_t)> factor,
           SourceLocation where = SourceLocation::current());
  LambdaLR(Optimizer& optimizer, std::vector<Function<double(std::int64_t)>> factors,
           SourceLocation where = SourceLocation::current());
  const char* name() const override { return "LambdaLR"; }

 private:
  double next_lr(int group, double current) const override;
  std::vector<Function<double(std::int64_t)>> factors_;
};

/// MultiplicativeLR multiplies each rate by a function of the step, from 1 on, in each step: one function for all
/// groups, or one for each.
///
/// Throws: std::invalid_argument unless there is one function, or as many as groups; std::logic_error for an empty one.
/// Example: `optim::MultiplicativeLR schedule(sgd, [](std::int64_t) { return 0.95; });`
class MultiplicativeLR final : public TimedSchedule {
 public:
  MultiplicativeLR(Optimizer& optimizer, Function<double(std::int64_t)> factor,
                   SourceLocation where = SourceLocation::current());
  MultiplicativeLR(Optimizer& optimizer, std::vector<Function<double(std::int64_t)>> factors,
                   SourceLocation where = SourceLocation::current());
  const char* name() const override { return "MultiplicativeLR"; }

 private:
  double next_lr(int group, double current) const override;
  void begin(bool from_base, SourceLocation where) override;
  std::vector<Function<double(std::int64_t)>> factors_;
};

}  // namespace optim
}  // namespace xgrad
