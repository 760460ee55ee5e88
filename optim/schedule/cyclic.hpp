// Schedules that take rate and momentum through cycles.
#pragma once

#include "../../autograd/function.hpp"
#include "schedule.hpp"

namespace xgrad XGRAD_API {
namespace optim {

/// How the height of CyclicLR's cycles changes.
enum class CyclicMode : std::uint8_t {
  triangular,   ///< not at all
  triangular2,  ///< halved with each cycle
  exp_range,    ///< multiplied by gamma with each step
};

/// What the function `scale_fn` of CyclicLR is handed.
enum class ScaleMode : std::uint8_t {
  cycle,       ///< the number of the cycle, from 1
  iterations,  ///< the number of the step, from 0
};

/// Options of CyclicLR.
struct CyclicLROptions {
  PerGroup base_lr = 0;              ///< the rate at both ends of a cycle, at least 0
  PerGroup max_lr = 0;               ///< the rate at the top of the first cycle
  std::int64_t step_size_up = 2000;  ///< steps up, at least 1
  std::int64_t step_size_down = 0;   ///< steps down; 0: as many as up
  CyclicMode mode = CyclicMode::triangular;
  double gamma = 1;                             ///< of exp_range
  Function<double(double)> scale_fn = nullptr;  ///< the height of a cycle or step, in place of mode, where it is given
  ScaleMode scale_mode = ScaleMode::cycle;
  bool cycle_momentum = true;    ///< the momentum goes down as the rate goes up
  PerGroup base_momentum = 0.8;  ///< the least momentum
  PerGroup max_momentum = 0.9;   ///< the momentum at both ends of a cycle
};

/// CyclicLR takes each rate from base_lr up to max_lr and back along lines, again and again, and the momentum (or the
/// first of the betas) the other way. It sets the rates whatever they were.
///
/// Throws: std::invalid_argument, naming the option and its value, when one is outside its range, or the optimizer has
/// no momentum to be cycled.
/// Source: Smith, Cyclical Learning Rates for Training Neural Networks, WACV 2017.
/// Example: `optim::CyclicLR schedule(sgd, {.base_lr = 0.01, .max_lr = 0.1, .step_size_up = 500});`
class CyclicLR final : public TimedSchedule {
 public:
  CyclicLR(Optimizer& optimizer, const CyclicLROptions& options, SourceLocation where = SourceLocation::current());
  const char* name() const override { return "CyclicLR"; }

 private:
  double next_lr(int group, double current) const override;
  std::optional<double> next_momentum(int group) const override;
  double height() const;
  CyclicLROptions options_;
};

/// How OneCycleLR goes from one rate to the next.
enum class Anneal : std::uint8_t { cosine, linear };

/// Options of OneCycleLR.
struct OneCycleLROptions {
  PerGroup max_lr = 0;               ///< the rate at the top, at least 0
  std::int64_t total_steps = 0;      ///< steps of the cycle; 0: epochs times steps_per_epoch
  std::int64_t epochs = 0;           ///< looked at where total_steps is 0
  std::int64_t steps_per_epoch = 0;  ///< looked at where total_steps is 0
  double pct_start = 0.3;            ///< share of the steps in which the rate rises, in [0, 1]
  Anneal anneal_strategy = Anneal::cosine;
  bool cycle_momentum = true;     ///< the momentum goes down as the rate goes up
  PerGroup base_momentum = 0.85;  ///< the momentum at the top of the rate
  PerGroup max_momentum = 0.95;   ///< the momentum at both ends
  double div_factor = 25;         ///< the first rate is max_lr / div_factor; above 0
  double final_div_factor = 1e4;  ///< the last rate is the first one / final_div_factor; above 0
  bool three_phase = false;       ///< down to the first rate as fast as up, then to the last; else down in one
};

/// OneCycleLR takes each rate once from max_lr / div_factor up to max_lr and down to almost nothing, and the momentum
/// (or the first of the betas) the other way. It sets the rates whatever they were. The last rate is reached at step
/// total_steps - 1, and stays for one more, which a loop that calls step() after each batch takes at its end.
///
/// Throws: std::invalid_argument, naming the option and its value, when one is outside its range, or the optimizer has
/// no momentum to be cycled; step() std::out_of_range beyond total_steps.
/// Source: Smith, Topin, Super-Convergence: Very Fast Training of Neural Networks Using Large Learning Rates, 2018.
/// Example: `optim::OneCycleLR schedule(sgd, {.max_lr = 0.1, .epochs = 5, .steps_per_epoch = 600});`
class OneCycleLR final : public TimedSchedule {
 public:
  OneCycleLR(Optimizer& optimizer, const OneCycleLROptions& options, SourceLocation where = SourceLocation::current());
  const char* name() const override { return "OneCycleLR"; }

 private:
  double next_lr(int group, double current) const override;
  std::optional<double> next_momentum(int group) const override;
  void advance(SourceLocation where) override;
  struct Place {
    int phase;
    double share;  // of the phase that lies behind
  };
  Place place() const;
  double between(double start, double end, double share) const;
  OneCycleLROptions options_;
};

}  // namespace optim
}  // namespace xgrad
