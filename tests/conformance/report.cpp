#include "report.hpp"

#include <algorithm>
#include <iomanip>
#include <ostream>

namespace conformance {

std::string operator_of(const Value& one_case) {
  const std::string& id = one_case["id"].text();
  return id.substr(0, id.rfind('-'));
}

void Report::Tally::add(Status status) {
  switch (status) {
    case Status::passed:
      ++passed;
      break;
    case Status::failed:
      ++failed;
      break;
    case Status::unsupported:
      ++unsupported;
      break;
    case Status::by_design:
      ++by_design;
      break;
  }
}

Value Report::Tally::to_value() const {
  return Value::Members{{"passed", std::int64_t{passed}},
                        {"failed", std::int64_t{failed}},
                        {"unsupported", std::int64_t{unsupported}},
                        {"by_design", std::int64_t{by_design}}};
}

void Report::add(const Value& one_case, const Result& result) {
  const std::string& id = one_case["id"].text();
  const std::string& group = one_case["group"].text();
  total_.add(result.status);
  groups_[group].add(result.status);
  operators_[group + ": " + operator_of(one_case)].add(result.status);
  for (const Value& tag : one_case["tags"].list()) tags_[tag.text()].add(result.status);
  if (result.status == Status::failed) failures_.push_back({id, result.reason});
  if (result.status == Status::by_design) by_design_.push_back({id, result.reason});
  if (result.status == Status::unsupported) unsupported_.push_back({id, result.reason});
}

void Report::write_rows(std::ostream& out, const char* heading, const std::map<std::string, Tally>& rows) {
  std::size_t width = std::string_view(heading).size();
  for (const auto& [name, tally] : rows) width = std::max(width, name.size());
  const auto row = [&](const std::string& name, const auto&... cells) {
    out << std::left << std::setw(static_cast<int>(width)) << name << std::right;
    ((out << std::setw(13) << cells), ...);
    out << '\n';
  };
  row(heading, "passed", "failed", "unsupported", "by design");
  for (const auto& [name, t] : rows) row(name, t.passed, t.failed, t.unsupported, t.by_design);
  out << '\n';
}

void Report::write_text(std::ostream& out) const {
  std::map<std::string, Tally> offered;
  std::string missing;
  for (const auto& [name, tally] : operators_) {
    if (tally.passed + tally.failed + tally.by_design > 0)
      offered.insert({name, tally});
    else
      missing += (missing.empty() ? "" : ", ") + name.substr(name.find(": ") + 2);
  }
  write_rows(out, "operator", offered);
  if (!missing.empty()) out << "not offered: " << missing << "\n\n";
  write_rows(out, "tag", tags_);
  write_rows(out, "group", groups_);
  for (const Noted& noted : by_design_) out << "BY DESIGN " << noted.id << ": " << noted.reason << '\n';
  for (const Noted& noted : failures_) out << "FAILED " << noted.id << ": " << noted.reason << '\n';
  out << total_.passed << " passed, " << total_.failed << " failed, " << total_.unsupported << " unsupported, "
      << total_.by_design << " different by design\n";
}

Value Report::to_value(const std::map<std::string, Tally>& rows) {
  Value::Members members;
  for (const auto& [name, tally] : rows) members.emplace_back(name, tally.to_value());
  return members;
}

Value Report::to_value(const std::vector<Noted>& cases) {
  Value::List list;
  for (const Noted& noted : cases) list.push_back(Value::Members{{"id", noted.id}, {"reason", noted.reason}});
  return list;
}

Value Report::to_value() const {
  Value::Members operators;
  for (const auto& [name, tally] : operators_) {
    const std::size_t colon = name.find(": ");
    const std::string group = name.substr(0, colon);
    if (operators.empty() || operators.back().first != group) operators.emplace_back(group, Value::Members{});
    Value::Members members = operators.back().second.members();
    members.emplace_back(name.substr(colon + 2), tally.to_value());
    operators.back().second = std::move(members);
  }
  return Value::Members{{"total", total_.to_value()},           {"groups", to_value(groups_)},
                        {"operators", std::move(operators)},    {"tags", to_value(tags_)},
                        {"failures", to_value(failures_)},      {"by_design", to_value(by_design_)},
                        {"unsupported", to_value(unsupported_)}};
}

}  // namespace conformance
