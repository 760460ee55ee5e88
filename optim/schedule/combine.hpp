// Schedules of schedules: one after the other, and all at once.
#pragma once

#include <type_traits>

#include "schedule.hpp"

namespace xgrad XGRAD_API {
namespace optim {

/// SchedulePart holds any timed schedule by value: what SequentialLR and ChainedScheduler are made of.
class SchedulePart {
 public:
  template <class T>
  requires(std::is_base_of_v<TimedSchedule, T>) SchedulePart(T schedule)
      : held_(new T(std::move(schedule))),
        copy_([](const TimedSchedule& held) -> TimedSchedule* { return new T(static_cast<const T&>(held)); }) {}
  SchedulePart(const SchedulePart& other) : held_(other.copy_(*other.held_)), copy_(other.copy_) {}
  SchedulePart(SchedulePart&& other) noexcept : held_(other.held_), copy_(other.copy_) { other.held_ = nullptr; }
  SchedulePart& operator=(SchedulePart other) noexcept {
    std::swap(held_, other.held_);
    copy_ = other.copy_;
    return *this;
  }
  ~SchedulePart() { delete held_; }

  TimedSchedule& operator*() const { return *held_; }
  TimedSchedule* operator->() const { return held_; }

 private:
  TimedSchedule* held_;
  TimedSchedule* (*copy_)(const TimedSchedule&);
};

/// SequentialLR lets one schedule follow the other: the first from the start, the second from the first milestone on,
/// and so on. Each begins with its own step 0, from the base rates.
///
/// Throws: std::invalid_argument unless all belong to one optimizer, and there is one milestone fewer than schedules,
/// at least 1 and in order.
/// Example:
/// `optim::SequentialLR schedule({optim::LinearLR(adam, {.total_iters = 10}), optim::ExponentialLR(adam, {.gamma = 0.9})}, {10});`
class SequentialLR final : public TimedSchedule {
 public:
  SequentialLR(std::vector<SchedulePart> parts, std::vector<std::int64_t> milestones,
               SourceLocation where = SourceLocation::current());
  const char* name() const override { return "SequentialLR"; }

 private:
  double next_lr(int group, double current) const override;
  void advance(SourceLocation where) override;
  void begin(bool from_base, SourceLocation where) override;
  void own_slots(const std::string& prefix, Slots& slots) override;
  std::vector<SchedulePart> parts_;
  std::vector<std::int64_t> milestones_;
};

/// ChainedScheduler makes each of several schedules take its step, in order: their factors are multiplied.
///
/// Throws: std::invalid_argument unless there is a schedule, and all belong to one optimizer; step() where the rate that
/// they come to together is below 0 (PyTorch goes on with it, and climbs).
/// Example:
/// `optim::ChainedScheduler schedule({optim::ConstantLR(sgd, {.factor = 0.1}), optim::ExponentialLR(sgd, {.gamma = 0.9})});`
class ChainedScheduler final : public TimedSchedule {
 public:
  explicit ChainedScheduler(std::vector<SchedulePart> parts, SourceLocation where = SourceLocation::current());
  const char* name() const override { return "ChainedScheduler"; }

 private:
  double next_lr(int group, double current) const override;
  void advance(SourceLocation where) override;
  void begin(bool from_base, SourceLocation where) override;
  void own_slots(const std::string& prefix, Slots& slots) override;
  /// Calls `work`; puts the parts and the rates back where it throws.
  template <class Work>
  void all_or_nothing(const Work& work, SourceLocation where);
  std::vector<SchedulePart> parts_;
};

}  // namespace optim
}  // namespace xgrad
