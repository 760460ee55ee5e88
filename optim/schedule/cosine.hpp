// Schedules along half a wave of the cosine: once, with restarts, and after a warm-up.
#pragma once

#include "schedule.hpp"

namespace xgrad XGRAD_API {
namespace optim {

/// Options of CosineAnnealingLR.
struct CosineAnnealingLROptions {
  std::int64_t T_max = 0;  ///< steps from the base rate to the least, at least 1
  double eta_min = 0;      ///< the least rate, at least 0
};

/// CosineAnnealingLR leads each rate from its base to eta_min in T_max steps, and back again in the next T_max:
///
///     lr(t) = eta_min + (base - eta_min) (1 + cos(pi t / T_max)) / 2
///
/// Throws: std::invalid_argument, naming the option and its value, when one is outside its range.
/// Source: Loshchilov, Hutter, SGDR: Stochastic Gradient Descent with Warm Restarts, ICLR 2017.
/// Example: `optim::CosineAnnealingLR schedule(adam, {.T_max = 100});`
class CosineAnnealingLR final : public TimedSchedule {
 public:
  CosineAnnealingLR(Optimizer& optimizer, const CosineAnnealingLROptions& options,
                    SourceLocation where = SourceLocation::current());
  const char* name() const override { return "CosineAnnealingLR"; }

 private:
  double next_lr(int group, double current) const override;
  CosineAnnealingLROptions options_;
};

/// Options of CosineAnnealingWarmRestarts.
struct CosineAnnealingWarmRestartsOptions {
  std::int64_t T_0 = 0;     ///< steps until the first restart, at least 1
  std::int64_t T_mult = 1;  ///< how much longer each round is than the one before, at least 1
  double eta_min = 0;       ///< the least rate, at least 0
};

/// CosineAnnealingWarmRestarts leads each rate from its base towards eta_min along the cosine, again and again: the
/// first round takes T_0 steps, each further one T_mult times as many as the one before.
///
/// Throws: std::invalid_argument, naming the option and its value, when one is outside its range.
/// Source: Loshchilov, Hutter, SGDR: Stochastic Gradient Descent with Warm Restarts, ICLR 2017.
/// Example: `optim::CosineAnnealingWarmRestarts schedule(adam, {.T_0 = 10, .T_mult = 2});`
class CosineAnnealingWarmRestarts final : public TimedSchedule {
 public:
  CosineAnnealingWarmRestarts(Optimizer& optimizer, const CosineAnnealingWarmRestartsOptions& options,
                              SourceLocation where = SourceLocation::current());
  const char* name() const override { return "CosineAnnealingWarmRestarts"; }

  using TimedSchedule::step;
  /// Sets the rates for any moment, `epoch + batch / batches`; step() without an argument then goes on from it. Throws
  /// std::invalid_argument unless epoch >= 0 and finite.
  void step(double epoch, SourceLocation where = SourceLocation::current());

 private:
  double next_lr(int group, double current) const override;
  void advance(SourceLocation where) override;
  void begin(bool from_base, SourceLocation where) override;
  void own_slots(const std::string& prefix, Slots& slots) override;
  void go_to_round(double steps, double since, double length, SourceLocation where);

  CosineAnnealingWarmRestartsOptions options_;
  double since_restart_ = 0, round_ = 0;  // T_cur and T_i of the paper
};

/// Options of WarmupCosineLR.
struct WarmupCosineLROptions {
  std::int64_t warmup_steps = 0;  ///< steps along the line from near 0 to the base rate, at least 0
  std::int64_t total_steps = 0;   ///< steps until the least rate, more than warmup_steps
  double final_factor = 0;        ///< the least rate as a share of the base rate, at least 0
};

/// WarmupCosineLR leads each rate up to its base along a line, then down to final_factor of it along the cosine, and
/// leaves it there:
///
///     lr(t) = base (t + 1) / (warmup_steps + 1)                                       for t < warmup_steps
///     lr(t) = base (f + (1 - f) (1 + cos(pi s)) / 2)    with s = (t - warmup_steps) / (total_steps - warmup_steps)
///
/// It sets the rates whatever they were. No step is lost to a rate of 0.
///
/// Throws: std::invalid_argument, naming the option and its value, when one is outside its range.
/// Source: Loshchilov, Hutter, SGDR, ICLR 2017; warm-up: Goyal et al., Accurate, Large Minibatch SGD, 2017.
/// Example: `optim::WarmupCosineLR schedule(adam, {.warmup_steps = 100, .total_steps = 2000, .final_factor = 0.1});`
class WarmupCosineLR final : public TimedSchedule {
 public:
  WarmupCosineLR(Optimizer& optimizer, const WarmupCosineLROptions& options,
                 SourceLocation where = SourceLocation::current());
  const char* name() const override { return "WarmupCosineLR"; }

 private:
  double next_lr(int group, double current) const override;
  WarmupCosineLROptions options_;
};

}  // namespace optim
}  // namespace xgrad
