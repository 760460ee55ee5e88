// What all schedules share: the optimizer whose rates they set, how far they are, and a state to go on from.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "../optimizer.hpp"

namespace xgrad XGRAD_API {
namespace optim {

/// A number for each group of parameters: one for all (`.max_lr = 0.1`), or a list with one for each
/// (`.max_lr = {0.1, 0.2}`).
struct PerGroup {
  PerGroup(double for_all);
  PerGroup(std::initializer_list<double> for_each);
  PerGroup(std::vector<double> for_each);

  /// The group's number. Throws std::invalid_argument where the list ends before it.
  double operator[](int group) const;

  std::vector<double> numbers;
  bool is_list = false;
};

/// Schedule: the base of all schedules, which set the learning rates of an optimizer as training goes on. It refers to
/// the optimizer, which must outlive it. Each group has its own base rate: the one it had when its first schedule was
/// made. A group that is added later takes part from the next step on, with the rate that it has then as its base.
class Schedule {
 public:
  virtual ~Schedule();

  /// Name of the class, "StepLR".
  virtual const char* name() const = 0;
  /// The optimizer whose rates are set.
  Optimizer& optimizer() const { return *optimizer_; }
  /// Steps that the schedule has taken.
  std::int64_t steps() const { return static_cast<std::int64_t>(steps_); }

  /// Everything that a later run needs to go on, as numbers under names: `steps`, each group's `base_lr.<group>`, what
  /// the schedule counts, and the rates that the optimizer has now, `lr.<group>` (and `momentum.<group>`). A number may
  /// be infinite. Options and functions are not part of it.
  NamedNumbers state() const;
  /// Takes over what state() answered with, of a schedule of the same class and options, and sets the optimizer's rates
  /// to those that it had.
  ///
  /// Throws: std::invalid_argument, naming them, for entries that are unknown, missing, given twice or impossible.
  /// Nothing is changed then.
  void load_state(const NamedNumbers& numbers, SourceLocation where = SourceLocation::current());

 protected:
  explicit Schedule(Optimizer& optimizer) : optimizer_(&optimizer) {}
  Schedule(const Schedule&);
  Schedule(Schedule&&) noexcept;
  Schedule& operator=(const Schedule&);
  Schedule& operator=(Schedule&&) noexcept;

  using Slots = std::vector<std::pair<std::string, double*>>;
  /// Where the numbers of its own stand that change as it goes on, beside `steps` and the base rates.
  virtual void own_slots(const std::string& prefix, Slots& slots);

  /// Rates to be, by group. No momentum where it is left alone.
  struct Rates {
    std::vector<double> lr;
    std::vector<double> momentum;
  };
  /// Rates that this thread's schedules read and set in place of the optimizer's; null but while a ChainedScheduler
  /// works.
  static Rates*& held_rates();
  /// The rates that the optimizer has now, momentum where it has one.
  Rates rates() const;
  /// Sets all of them, or none where one is refused.
  void set_rates(const Rates& rates, SourceLocation where) const;
  int group_count() const { return optimizer_->group_count(); }
  double base_lr(int group) const { return base_lrs_[group]; }
  /// Notes the base rate of each group that has none yet.
  void meet_groups();
  /// Makes these the schedule's base rates, and the optimizer's where it has none yet, or `anew`.
  void claim_base_lrs(const PerGroup& lrs, bool anew);
  /// Sets the optimizer's rates to its base rates.
  void reset_rates(SourceLocation where) const;
  /// Throws std::invalid_argument unless there is one number, or as many as groups.
  void check_per_group(const char* option, const PerGroup& numbers, SourceLocation where) const;

  double steps_ = 0;

  /// What one of several schedules has to say in their common state.
  static void part_slots(Schedule& part, const std::string& prefix, Slots& slots) { part.all_slots(prefix, slots); }
  /// The optimizer's base rates, to be put back where a constructor fails.
  std::vector<std::optional<double>>& optimizer_base_lrs() { return optimizer_->base_lrs(); }

 private:
  void all_slots(const std::string& prefix, Slots& slots);
  /// Answers with what puts the schedule and the rates back as they are now; that takes no memory.
  Function<void()> keep_all();
  friend struct Restore;

  Optimizer* optimizer_;
  std::vector<double> base_lrs_;
};

/// TimedSchedule: the base of the schedules that know the rates from the count of steps alone.
class TimedSchedule : public Schedule {
 public:
  /// Sets the rates for the next step or epoch. To be called after Optimizer::step(), as often as the schedule's
  /// numbers mean: after each batch or after each epoch.
  ///
  /// Throws: std::invalid_argument where the optimizer refuses a rate, and what a function of the user throws. Nothing
  /// is changed then.
  void step(SourceLocation where = SourceLocation::current());

 protected:
  using Schedule::Schedule;

  /// The rate of a group at step steps(), where the optimizer has `current` now. In the terms of the step before, as
  /// far as that is possible: what other schedules and the user do to the rate then stays in it.
  virtual double next_lr(int group, double current) const = 0;
  /// The momentum of a group at step steps(); none leaves it alone.
  virtual std::optional<double> next_momentum(int group) const;
  /// One step on.
  virtual void advance(SourceLocation where);
  /// To step 0: from the base rates, or from those that the optimizer has.
  virtual void begin(bool from_base, SourceLocation where);
  /// Goes to step `steps` and sets the rates by next_lr(). Nothing is changed where that throws.
  void go_to(double steps, bool from_base, SourceLocation where);
  /// What each constructor does last: the rates of step 0. With base rates of the schedule's own, where they are given.
  void start(SourceLocation where, const PerGroup* own_base_lrs = nullptr, bool anew = false);

  // For schedules of schedules.
  static void advance_part(TimedSchedule& part, SourceLocation where) { part.advance(where); }
  static void begin_part(TimedSchedule& part, bool from_base, SourceLocation where) { part.begin(from_base, where); }
};

}  // namespace optim
}  // namespace xgrad
