#include "combine.hpp"

#include <algorithm>

namespace xgrad XGRAD_API {
namespace optim {
namespace {

Optimizer& optimizer_of(const char* schedule, const std::vector<SchedulePart>& parts, SourceLocation where) {
  check(!parts.empty(), where, schedule, ": at least one schedule is needed, but there is none.");
  for (std::size_t i = 1; i < parts.size(); ++i)
    check(&parts[i]->optimizer() == &parts[0]->optimizer(), where, schedule,
          ": all schedules must belong to one optimizer, but that of schedule ", i, " is not that of schedule 0.");
  return parts[0]->optimizer();
}

}  // namespace

SequentialLR::SequentialLR(std::vector<SchedulePart> parts, std::vector<std::int64_t> milestones, SourceLocation where)
    : TimedSchedule(optimizer_of("SequentialLR", parts, where)),
      parts_(std::move(parts)),
      milestones_(std::move(milestones)) {
  check(milestones_.size() == parts_.size() - 1, where, name(),
        ": there must be one milestone fewer than schedules, but there are ", milestones_.size(), " milestones and ",
        parts_.size(), " schedules.");
  for (std::size_t i = 0; i < milestones_.size(); ++i)
    check(milestones_[i] >= (i == 0 ? 1 : milestones_[i - 1]), where, name(),
          ": milestones must be at least 1 and in order, but milestone ", i, " is ", milestones_[i], '.');
  meet_groups();
  // Each part has set its first rate when it was made; the first one begins again, from the rates before that.
  reset_rates(where);
  begin_part(*parts_[0], false, where);
}

double SequentialLR::next_lr(int, double current) const { return current; }

void SequentialLR::advance(SourceLocation where) {
  meet_groups();
  const std::int64_t next = steps() + 1;
  const auto part = std::upper_bound(milestones_.begin(), milestones_.end(), next) - milestones_.begin();
  if (part > 0 && milestones_[part - 1] == next)
    begin_part(*parts_[part], true, where);
  else
    advance_part(*parts_[part], where);
  steps_ += 1;
}

void SequentialLR::begin(bool from_base, SourceLocation where) {
  begin_part(*parts_[0], from_base, where);
  steps_ = 0;
}

void SequentialLR::own_slots(const std::string& prefix, Slots& slots) {
  for (std::size_t i = 0; i < parts_.size(); ++i) part_slots(*parts_[i], concat(prefix, i, '.'), slots);
}

ChainedScheduler::ChainedScheduler(std::vector<SchedulePart> parts, SourceLocation where)
    : TimedSchedule(optimizer_of("ChainedScheduler", parts, where)), parts_(std::move(parts)) {
  meet_groups();
}

double ChainedScheduler::next_lr(int, double current) const { return current; }

template <class Work>
void ChainedScheduler::all_or_nothing(const Work& work, SourceLocation where) {
  std::vector<SchedulePart> parts = parts_;
  // What the parts make of the rates between them need not be rates that the optimizer takes: only their product is
  // set.
  Rates chained = rates();
  Rates* const outer = std::exchange(held_rates(), &chained);
  try {
    work();
    held_rates() = outer;
    set_rates(chained, where);
  } catch (...) {
    held_rates() = outer;
    parts_.swap(parts);  // not a copy: there may be no memory
    throw;
  }
}

void ChainedScheduler::advance(SourceLocation where) {
  meet_groups();
  all_or_nothing(
      [&] {
        for (SchedulePart& part : parts_) advance_part(*part, where);
      },
      where);
  steps_ += 1;
}

void ChainedScheduler::begin(bool from_base, SourceLocation where) {
  all_or_nothing(
      [&] {
        bool first = true;
        for (SchedulePart& part : parts_) begin_part(*part, std::exchange(first, false) && from_base, where);
      },
      where);
  steps_ = 0;
}

void ChainedScheduler::own_slots(const std::string& prefix, Slots& slots) {
  for (std::size_t i = 0; i < parts_.size(); ++i) part_slots(*parts_[i], concat(prefix, i, '.'), slots);
}

}  // namespace optim
}  // namespace xgrad
