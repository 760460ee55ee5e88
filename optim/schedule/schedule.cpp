#include "schedule.hpp"

#include <algorithm>
#include <cmath>

#include "../detail/schedule.hpp"

namespace xgrad XGRAD_API {
namespace optim {

PerGroup::PerGroup(double for_all) : numbers{for_all} {}
PerGroup::PerGroup(std::initializer_list<double> for_each) : numbers(for_each), is_list(true) {}
PerGroup::PerGroup(std::vector<double> for_each) : numbers(std::move(for_each)), is_list(true) {}

double PerGroup::operator[](int group) const {
  if (!is_list) return numbers[0];
  check(static_cast<std::size_t>(group) < numbers.size(), {},
        "PerGroup: a list must have a number for each group, but there ", "are ", numbers.size(), " for a group ",
        group, ". Make a new schedule after add_group().");
  return numbers[group];
}

Schedule::~Schedule() = default;
Schedule::Schedule(const Schedule&) = default;
Schedule::Schedule(Schedule&&) noexcept = default;
Schedule& Schedule::operator=(const Schedule&) = default;
Schedule& Schedule::operator=(Schedule&&) noexcept = default;

void Schedule::own_slots(const std::string&, Slots&) {}

void Schedule::all_slots(const std::string& prefix, Slots& slots) {
  meet_groups();
  slots.emplace_back(prefix + "steps", &steps_);
  for (std::size_t group = 0; group < base_lrs_.size(); ++group)
    slots.emplace_back(concat(prefix, "base_lr.", group), &base_lrs_[group]);
  own_slots(prefix, slots);
}

NamedNumbers Schedule::state() const {
  Slots slots;
  const_cast<Schedule*>(this)->all_slots("", slots);  // which names what it has, and changes nothing
  NamedNumbers numbers;
  for (const auto& [name, slot] : slots) numbers.emplace_back(name, *slot);
  const Rates now = rates();
  for (std::size_t group = 0; group < now.lr.size(); ++group) numbers.emplace_back(concat("lr.", group), now.lr[group]);
  for (std::size_t group = 0; group < now.momentum.size(); ++group)
    numbers.emplace_back(concat("momentum.", group), now.momentum[group]);
  return numbers;
}

void Schedule::load_state(const NamedNumbers& numbers, SourceLocation where) {
  Slots slots;
  all_slots("", slots);
  Rates loaded = rates();
  const std::size_t own = slots.size();
  for (std::size_t group = 0; group < loaded.lr.size(); ++group)
    slots.emplace_back(concat("lr.", group), &loaded.lr[group]);
  for (std::size_t group = 0; group < loaded.momentum.size(); ++group)
    slots.emplace_back(concat("momentum.", group), &loaded.momentum[group]);

  constexpr const char* kDo = " Load it into a schedule of the same class and options. Nothing was changed.";
  std::vector<double> values(slots.size());
  for (std::size_t i = 0; i < slots.size(); ++i) {
    int found = 0;
    for (const auto& [name, value] : numbers) {
      if (name != slots[i].first) continue;
      values[i] = value;
      ++found;
    }
    check(found == 1, where, name(), ": the state must have one entry '", slots[i].first, "', but it has ", found, '.',
          std::string_view(kDo));
    const bool counts = i < own && (slots[i].first == "steps" || slots[i].first.ends_with(".steps"));
    check(!counts || (values[i] >= 0 && std::floor(values[i]) == values[i] && values[i] < 9e15), where, name(),
          ": the state's '", slots[i].first, "' must be a count, but it is ", values[i], ". Nothing was changed.");
    check(!std::isnan(values[i]), where, name(), ": the state's '", slots[i].first,
          "' must be a number, but it is nan. Nothing was changed.");
  }
  for (const auto& [name, value] : numbers) {
    bool known = false;
    for (const auto& [own_name, slot] : slots) known = known || own_name == name;
    check(known, where, this->name(), ": the state must have no other entries than this schedule's, but it has '", name,
          "'.", std::string_view(kDo));
  }
  for (std::size_t i = own; i < slots.size(); ++i) *slots[i].second = values[i];
  set_rates(loaded, where);
  for (std::size_t i = 0; i < own; ++i) *slots[i].second = values[i];
}

Function<void()> Schedule::keep_all() {
  Slots slots;
  all_slots("", slots);
  std::vector<std::pair<double*, double>> values;
  for (const auto& [name, slot] : slots) values.emplace_back(slot, *slot);
  return [this, values = std::move(values), before = rates()] {
    for (const auto& [slot, value] : values) *slot = value;
    for (std::size_t group = 0; group < before.lr.size(); ++group)
      optimizer_->set_group_lr(static_cast<int>(group), before.lr[group]);
    for (std::size_t group = 0; group < before.momentum.size(); ++group)
      optimizer_->set_group_momentum(static_cast<int>(group), before.momentum[group]);
  };
}

Schedule::Rates*& Schedule::held_rates() {
  thread_local Rates* held = nullptr;
  return held;
}

Schedule::Rates Schedule::rates() const {
  if (const Rates* held = held_rates()) return *held;
  Rates rates;
  for (int group = 0; group < group_count(); ++group) {
    rates.lr.push_back(optimizer_->lr(group));
    if (const std::optional<double> momentum = optimizer_->momentum(group)) rates.momentum.push_back(*momentum);
  }
  return rates;
}

void Schedule::set_rates(const Rates& wanted, SourceLocation where) const {
  if (Rates* held = held_rates()) {
    held->lr = wanted.lr;
    if (!wanted.momentum.empty()) held->momentum = wanted.momentum;
    return;
  }
  const Rates before = rates();
  const auto set = [&](const Rates& rates) {
    for (std::size_t group = 0; group < rates.lr.size(); ++group)
      optimizer_->set_group_lr(static_cast<int>(group), rates.lr[group], where);
    for (std::size_t group = 0; group < rates.momentum.size(); ++group)
      optimizer_->set_group_momentum(static_cast<int>(group), rates.momentum[group], where);
  };
  try {
    set(wanted);
  } catch (...) {
    set(before);
    throw;
  }
}

void Schedule::meet_groups() {
  std::vector<std::optional<double>>& known = optimizer_->base_lrs();
  known.resize(group_count());
  while (base_lrs_.size() < known.size()) {
    std::optional<double>& base = known[base_lrs_.size()];
    if (!base) base = optimizer_->lr(static_cast<int>(base_lrs_.size()));
    base_lrs_.push_back(*base);
  }
}

void Schedule::claim_base_lrs(const PerGroup& lrs, bool anew) {
  std::vector<std::optional<double>>& known = optimizer_->base_lrs();
  known.resize(group_count());
  base_lrs_.resize(group_count());
  for (int group = 0; group < group_count(); ++group) {
    base_lrs_[group] = lrs[group];
    if (anew || !known[group]) known[group] = lrs[group];
  }
}

void Schedule::reset_rates(SourceLocation where) const {
  Rates base;
  for (int group = 0; group < group_count(); ++group) base.lr.push_back(optimizer_->base_lr(group));
  set_rates(base, where);
}

void Schedule::check_per_group(const char* option, const PerGroup& numbers, SourceLocation where) const {
  check(!numbers.is_list || numbers.numbers.size() == static_cast<std::size_t>(group_count()), where, name(), ": ",
        option, " must be one number, or a list of as many as there are groups (", group_count(),
        "), but the list has ", numbers.numbers.size(), '.');
  for (double number : numbers.numbers)
    check(std::isfinite(number), where, name(), ": ", option, " must be finite, but it is ", number, '.');
}

void TimedSchedule::step(SourceLocation where) { advance(where); }

std::optional<double> TimedSchedule::next_momentum(int) const { return std::nullopt; }

void TimedSchedule::advance(SourceLocation where) { go_to(steps_ + 1, false, where); }

void TimedSchedule::begin(bool from_base, SourceLocation where) { go_to(0, from_base, where); }

void TimedSchedule::go_to(double steps, bool from_base, SourceLocation where) {
  meet_groups();
  const double before = steps_;
  steps_ = steps;
  try {
    Rates next;
    const Rates now = rates();
    for (int group = 0; group < group_count(); ++group) {
      const double current = from_base ? base_lr(group) : now.lr[group];
      const double scale = std::max(std::abs(current), std::abs(base_lr(group)));
      next.lr.push_back(without_rounding_below_0(next_lr(group, current), scale));
      if (const std::optional<double> momentum = next_momentum(group))
        next.momentum.push_back(without_rounding_below_0(*momentum, 1));
    }
    set_rates(next, where);
  } catch (...) {
    steps_ = before;
    throw;
  }
}

void TimedSchedule::start(SourceLocation where, const PerGroup* own_base_lrs, bool anew) {
  const std::vector<std::optional<double>> before = optimizer_base_lrs();
  try {
    if (own_base_lrs != nullptr) claim_base_lrs(*own_base_lrs, anew);
    begin(false, where);
  } catch (...) {
    optimizer_base_lrs() = before;
    throw;
  }
}

}  // namespace optim
}  // namespace xgrad
