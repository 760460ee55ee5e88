#include "describe.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdio>
#include <limits>
#include <map>
#include <numeric>
#include <ostream>
#include <set>
#include <unordered_map>

#include "detail/columns.hpp"
#include "detail/fields.hpp"
#include "detail/sniff.hpp"

namespace xgrad XGRAD_API {
namespace data {
namespace {

using detail::short_number;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr std::int64_t kFewest = 20;     // rows of which anything is concluded
constexpr std::int64_t kMany = 64;       // rows of one value, of which one more or less does not matter
constexpr std::size_t kEnough = 20'000;  // rows of which it is seen whether a column tells the target

/// A column's values as numbers of classes, 0, 1 ... as they come; a missing value is one too.
struct Coded {
  std::vector<std::int64_t> codes;
  std::vector<std::int64_t> counts;  // of each class
  std::int64_t missing = -1;         // the class of missing values
  std::int64_t different() const { return static_cast<std::int64_t>(counts.size()) - (missing >= 0 ? 1 : 0); }
};

template <class T, class IsMissing>
Coded code(const std::vector<T>& values, const IsMissing& is_missing) {
  Coded coded;
  std::unordered_map<T, std::int64_t> numbers;
  for (const T& value : values) {
    const auto next = static_cast<std::int64_t>(coded.counts.size());
    std::int64_t number = next;
    if (is_missing(value)) {
      if (coded.missing < 0) coded.missing = next;
      number = coded.missing;
    } else {
      number = numbers.emplace(value, next).first->second;
    }
    if (number == next) coded.counts.push_back(0);
    ++coded.counts[static_cast<std::size_t>(number)];
    coded.codes.push_back(number);
  }
  return coded;
}

/// One column, in the forms that are asked of it.
struct Look {
  Column column;
  std::vector<double> numbers;  // where it has them
  Coded coded;
};

Look look_at(const Table& table, std::int64_t place, SourceLocation where) {
  Look look{table.column(place, where), {}, {}};
  if (look.column.is_numeric()) {
    look.numbers = look.column.values.to_vector<double>();
    for (double& value : look.numbers) value += 0.0;  // -0 is 0
    look.coded = code(look.numbers, [](double value) { return std::isnan(value); });
  } else {
    look.coded = code(look.column.text, [](const std::string& value) { return value.empty(); });
  }
  return look;
}

// ---- What a column tells of the target ----

/// The share of rows whose class is the most frequent one among the other rows of the same value.
double told_by_value(const Coded& column, const Coded& target, const std::vector<std::int64_t>& rows) {
  std::map<std::pair<std::int64_t, std::int64_t>, std::int64_t> together;
  std::map<std::int64_t, std::vector<std::int64_t>> classes;  // of each value
  std::map<std::int64_t, std::int64_t> with_value;
  std::vector<std::int64_t> all(target.counts.size());
  for (std::int64_t row : rows) {
    if (++together[{column.codes[row], target.codes[row]}] == 1)
      classes[column.codes[row]].push_back(target.codes[row]);
    ++with_value[column.codes[row]];
    ++all[target.codes[row]];
  }
  std::int64_t right = 0;
  for (std::int64_t row : rows) {
    const std::int64_t own = target.codes[row];
    const std::int64_t self = with_value[column.codes[row]] < kMany ? 1 : 0;
    std::int64_t best = 0, guess = -1;
    for (std::int64_t c : classes[column.codes[row]]) {
      const std::int64_t count = together[{column.codes[row], c}] - (c == own ? self : 0);
      if (count > best) best = count, guess = c;
    }
    if (guess < 0)  // nobody else has this value
      guess = std::max_element(all.begin(), all.end()) - all.begin();
    right += guess == own;
  }
  return static_cast<double>(right) / static_cast<double>(rows.size());
}

/// Rows of one number.
struct Group {
  double value;
  std::vector<std::int64_t> rows;
};

/// The rows by a column of numbers, in ascending order; those without one are left out.
std::vector<Group> grouped(const std::vector<double>& numbers, const std::vector<std::int64_t>& rows) {
  std::map<double, std::vector<std::int64_t>> by_value;
  for (std::int64_t row : rows)
    if (!std::isnan(numbers[row])) by_value[numbers[row]].push_back(row);
  std::vector<Group> groups;
  for (auto& [value, members] : by_value) groups.push_back({value, std::move(members)});
  return groups;
}

/// The most frequent class of some rows, one of them left out.
std::int64_t usual_class(const std::vector<std::int64_t>& rows, const Coded& target, std::int64_t without = -1) {
  std::map<std::int64_t, std::int64_t> counts;
  for (std::int64_t row : rows)
    if (row != without) ++counts[target.codes[row]];
  return std::max_element(counts.begin(), counts.end(),
                          [](const auto& a, const auto& b) { return a.second < b.second; })
      ->first;
}

/// The share of rows whose class is the most frequent one among the others of the same number, or, where there are
/// none, of the nearest number.
double told_by_neighbours(const std::vector<double>& numbers, const Coded& target,
                          const std::vector<std::int64_t>& rows) {
  const std::vector<Group> groups = grouped(numbers, rows);
  std::int64_t right = 0;
  for (std::size_t i = 0; i < groups.size() && groups.size() > 1; ++i) {
    const Group& group = groups[i];
    std::size_t nearest = i;
    if (group.rows.size() == 1)
      nearest =
          i == 0 || (i + 1 < groups.size() && groups[i + 1].value - group.value < group.value - groups[i - 1].value)
              ? i + 1
              : i - 1;
    const std::int64_t usual = usual_class(groups[nearest].rows, target, nearest == i ? group.rows[0] : -1);
    for (std::int64_t row : group.rows)
      right += target.codes[row] == (nearest == i && static_cast<std::int64_t>(group.rows.size()) < kMany
                                         ? usual_class(group.rows, target, row)
                                         : usual);
  }
  // Of those without a number the most frequent class is guessed.
  std::vector<std::int64_t> rest;
  for (std::int64_t row : rows)
    if (std::isnan(numbers[row])) rest.push_back(row);
  if (!rest.empty()) {
    const std::int64_t usual = usual_class(rest, target);
    for (std::int64_t row : rest) right += target.codes[row] == usual;
  }
  return static_cast<double>(right) / static_cast<double>(rows.size());
}

double r2(const std::vector<double>& errors, const std::vector<double>& target, const std::vector<std::int64_t>& rows) {
  double mean = 0, total = 0, left = 0;
  for (std::int64_t row : rows) mean += target[row] / static_cast<double>(rows.size());
  for (std::int64_t row : rows) total += (target[row] - mean) * (target[row] - mean);
  for (double error : errors) left += error * error;
  return total > 0 ? 1 - left / total : kNan;
}

/// R^2 of the mean of the other rows of the same value.
double told_by_value(const Coded& column, const std::vector<double>& target, const std::vector<std::int64_t>& rows) {
  std::map<std::int64_t, std::pair<double, double>> groups;  // sum, count
  double sum = 0;
  for (std::int64_t row : rows) {
    groups[column.codes[row]].first += target[row];
    groups[column.codes[row]].second += 1;
    sum += target[row];
  }
  const auto n = static_cast<double>(rows.size());
  std::vector<double> errors;
  for (std::int64_t row : rows) {
    const auto [of_group, count] = groups[column.codes[row]];
    const double guess = count > 1 ? (of_group - target[row]) / (count - 1) : (sum - target[row]) / (n - 1);
    errors.push_back(target[row] - guess);
  }
  return r2(errors, target, rows);
}

/// R^2 of the mean of the others of the same number or, where there are none, of the line between the means of the next
/// smaller and the next larger one.
double told_by_neighbours(const std::vector<double>& numbers, const std::vector<double>& target,
                          const std::vector<std::int64_t>& rows) {
  const std::vector<Group> groups = grouped(numbers, rows);
  std::vector<std::int64_t> seen;
  std::vector<double> sums, errors;
  for (const Group& group : groups) {
    double sum = 0;
    for (std::int64_t row : group.rows) sum += target[row];
    sums.push_back(sum);
  }
  if (groups.size() < 3) return kNan;
  auto mean_of = [&](std::size_t i) { return sums[i] / static_cast<double>(groups[i].rows.size()); };
  for (std::size_t i = 0; i < groups.size(); ++i)
    for (std::int64_t row : groups[i].rows) {
      double guess = 0;
      if (groups[i].rows.size() > 1) {
        guess = (sums[i] - target[row]) / static_cast<double>(groups[i].rows.size() - 1);
      } else {
        const std::size_t left = i == 0 ? 1 : i - 1, right = i + 1 == groups.size() ? i - 1 : i + 1;
        const double width = groups[right].value - groups[left].value;
        const double share = width != 0 ? (groups[i].value - groups[left].value) / width : 0.5;
        guess = mean_of(left) + std::clamp(share, 0.0, 1.0) * (mean_of(right) - mean_of(left));
      }
      errors.push_back(target[row] - guess);
      seen.push_back(row);
    }
  if (2 * seen.size() < rows.size()) return kNan;
  return r2(errors, target, seen);
}

/// Whether a target is one of classes: text, or few different integers.
bool has_classes(const Look& target) {
  if (!target.column.is_numeric() || target.column.kind == Kind::boolean) return true;
  return target.coded.different() <= 20 && std::all_of(target.numbers.begin(), target.numbers.end(), [](double value) {
           return std::isnan(value) || value == std::floor(value);
         });
}

/// How well a column alone tells the target, and how well nothing does.
std::pair<double, double> told(const Look& look, const Look& target) {
  std::vector<std::int64_t> rows;
  for (std::size_t row = 0; row < target.coded.codes.size(); ++row)
    if (target.coded.codes[row] != target.coded.missing &&
        (target.numbers.empty() || std::isfinite(target.numbers[row])))
      rows.push_back(static_cast<std::int64_t>(row));
  if (static_cast<std::int64_t>(rows.size()) < kFewest) return {kNan, kNan};
  const std::size_t known = rows.size();
  if (known > kEnough) {
    std::vector<std::int64_t> some;
    for (std::int64_t row : rows) {
      // Scattered, and the same ones each time (the finaliser of SplitMix64).
      auto mixed = static_cast<std::uint64_t>(row) + 0x9e3779b97f4a7c15;
      mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
      mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
      mixed ^= mixed >> 31;
      if (mixed % known < kEnough) some.push_back(row);
    }
    rows = std::move(some);
  }
  const bool numeric = look.column.kind == Kind::number;
  double tells = kNan, base = 0;
  if (has_classes(target)) {
    for (std::size_t c = 0; c < target.coded.counts.size(); ++c)
      if (static_cast<std::int64_t>(c) != target.coded.missing)
        base = std::max(base, static_cast<double>(target.coded.counts[c]) / static_cast<double>(known));
    // What is the same in every row tells as much as nothing does. To leave one row out of the class that it would make
    // the most frequent one would be wrong each time.
    const bool constant = std::all_of(
        rows.begin(), rows.end(), [&](std::int64_t row) { return look.coded.codes[row] == look.coded.codes[rows[0]]; });
    tells = constant  ? base
            : numeric ? told_by_neighbours(look.numbers, target.coded, rows)
                      : told_by_value(look.coded, target.coded, rows);
  } else {
    tells = numeric ? told_by_neighbours(look.numbers, target.numbers, rows)
                    : told_by_value(look.coded, target.numbers, rows);
  }
  return {tells, base};
}

// ---- One column ----

std::string percent(double share) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f %%", 100 * share);
  return text;
}

ColumnDescription describe_column(const Look& look) {
  ColumnDescription result;
  result.name = look.column.name;
  result.kind = look.column.kind;
  result.rows = static_cast<std::int64_t>(look.coded.codes.size());
  result.missing = look.coded.missing < 0 ? 0 : look.coded.counts[look.coded.missing];
  result.different = look.coded.different();
  result.tells = kNan;
  if (look.column.kind == Kind::number) {
    result.lowest = result.highest = result.mean = result.deviation = kNan;
    double sum = 0, squares = 0, count = 0;
    for (double value : look.numbers) {
      if (std::isnan(value)) continue;
      result.lowest = std::isnan(result.lowest) ? value : std::min(result.lowest, value);
      result.highest = std::isnan(result.highest) ? value : std::max(result.highest, value);
      sum += value;
      ++count;
    }
    if (count == 0) return result;
    result.mean = sum / count;
    for (double value : look.numbers)
      if (!std::isnan(value)) squares += (value - result.mean) * (value - result.mean);
    result.deviation = std::sqrt(squares / count);
    return result;
  }
  std::map<std::int64_t, std::string> names;
  for (std::size_t row = 0; row < look.coded.codes.size(); ++row) {
    const std::int64_t c = look.coded.codes[row];
    if (c == look.coded.missing || names.count(c) != 0) continue;
    names[c] = look.column.is_numeric() ? (look.numbers[row] == 0 ? "False" : "True") : look.column.text[row];
  }
  for (const auto& [c, name] : names) result.frequent.emplace_back(name, look.coded.counts[c]);
  std::stable_sort(result.frequent.begin(), result.frequent.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  constexpr std::size_t kMost = 3;
  if (result.frequent.size() > kMost) result.frequent.resize(kMost);
  return result;
}

/// The letters behind a number, as in "180 cm" and "80kg"; empty where it is another kind of text.
std::string_view unit_of(std::string_view field) {
  std::size_t end = field.size();
  while (end > 0 && (std::isalpha(static_cast<unsigned char>(field[end - 1])) != 0 || field[end - 1] == '/')) --end;
  const std::string_view unit = field.substr(end);
  std::string_view number = field.substr(0, end);
  while (number.ends_with(' ')) number.remove_suffix(1);
  double value = 0;
  return !unit.empty() && unit.size() <= 6 && detail::parse(number, value) == detail::Parsed::number
             ? unit
             : std::string_view();
}

/// What is to be said of text that is nearly numbers.
std::string text_warning(const Look& look) {
  std::map<std::string, std::int64_t> words;
  std::string an_example, a_hint;
  std::int64_t present = 0, plain = 0, other = 0, inexact = 0, padded = 0, with_unit = 0, truths = 0, bits = 0;
  std::string_view unit;
  for (const std::string& field : look.column.text) {
    if (field.empty()) continue;
    ++present;
    double value = 0;
    truths += detail::truth(field) >= 0;
    bits += field == "0" || field == "1";
    if (detail::parse(field, value) != detail::Parsed::word) {
      ++plain;
      inexact += detail::is_integer(field) && std::abs(value) >= 0x1p53;
      padded += detail::is_integer(field) && detail::is_padded(field);
      continue;
    }
    const std::string_view own_unit = unit_of(field);
    if (unit.empty()) unit = own_unit;
    with_unit += !own_unit.empty() && own_unit == unit;
    std::string hint = detail::number_hint(field, '.');
    if (!hint.empty()) {
      ++other;
      an_example = field;
      a_hint = std::move(hint);
    } else if (words.size() < 5) {
      ++words[field];
    }
  }
  const std::string name = detail::shown(look.column.name);
  if (present == 0) return "";
  if (plain == present && inexact > 0)
    return concat(name, " is text, for it has integers of so many digits that float64 does not hold them all.");
  if (plain == present && padded > 0)
    return concat(name,
                  " is text, for it has codes like 007, whose zeros a number would lose. As numbers: .kinds = {{\"",
                  name, "\", Kind::number}}.");
  if (plain == present) return "";
  if (with_unit > 0 && 10 * (plain + with_unit) >= 9 * present)
    return concat(name, " is text, for its numbers have the unit '", detail::shown(std::string(unit)),
                  "' behind them. Take it out of the file first.");
  if (10 * (plain + other) >= 9 * present && other > 0)
    return concat(name, " is text like '", detail::shown(an_example), "'.", a_hint);
  if (truths > 0 && truths + bits == present)
    return concat(name, " is text, for it has 1 and 0 beside True and False. As one of these: .kinds = {{\"", name,
                  "\", Kind::boolean}}.");
  if (2 * plain >= present && words.size() <= 3 && !words.empty()) {
    std::string list;
    for (const auto& [word, count] : words) list += (list.empty() ? "'" : "', '") + detail::shown(word);
    return concat(name, " would be numbers but for ", list,
                  "'. Where they stand for a missing value, add them to .missing_words.");
  }
  return "";
}

/// Classes that differ in case or blanks alone.
std::string twins_warning(const Look& look) {
  std::map<std::string, std::string> plain_of;
  for (const std::string& field : look.column.text) {
    std::string plain;
    for (char c : field)
      if (std::isspace(static_cast<unsigned char>(c)) == 0)
        plain += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    const auto [at, is_new] = plain_of.emplace(plain, field);
    if (!is_new && at->second != field)
      return concat(detail::shown(look.column.name), " has both '", detail::shown(at->second), "' and '",
                    detail::shown(field), "': are they one class?");
  }
  return "";
}

void warn_of_column(const Look& look, std::vector<std::string>& warnings) {
  const std::string name = detail::shown(look.column.name);
  const auto rows = static_cast<std::int64_t>(look.coded.codes.size());
  const std::int64_t different = look.coded.different();
  const bool has_missing = look.coded.missing >= 0;
  if (different == 0) {
    warnings.push_back(concat(name, " is empty."));
    return;
  }
  if (different == 1 && rows > 1 && !has_missing) warnings.push_back(concat(name, " is the same in every row."));
  if (!look.column.is_numeric()) {
    if (different == rows && rows >= kFewest && look.column.kind == Kind::text)
      warnings.push_back(concat(name, " is another in every row: a name or identifier tells nothing of other rows."));
    if (std::string warning = text_warning(look); !warning.empty()) warnings.push_back(warning);
    if (std::string warning = twins_warning(look); !warning.empty() && different <= 1000) warnings.push_back(warning);
    return;
  }
  bool counts = rows >= kFewest;
  for (std::size_t i = 1; i < look.numbers.size() && counts; ++i) counts = look.numbers[i] == look.numbers[i - 1] + 1;
  if (counts) warnings.push_back(concat(name, " numbers the rows: it tells of their order alone."));
  for (double value : {-999.0, -9999.0, -99999.0, 9999.0, 99999.0, -200.0}) {
    const auto times = std::count(look.numbers.begin(), look.numbers.end(), value);
    if (times < 2 || 1000 * times < rows) continue;
    // It stands apart: no other value is near it.
    const bool apart = std::none_of(look.numbers.begin(), look.numbers.end(), [&](double other) {
      return other != value && (value < 0 ? other < 0.5 * value : other > 0.5 * value);
    });
    if (apart)
      warnings.push_back(concat(name, " is ", short_number(value), " in ", times,
                                " rows: where that stands for a missing value, add it to .missing_words."));
  }
}

/// A table of which one column was found, whose lines look like several.
void warn_of_single(const Look& look, std::vector<std::string>& warnings) {
  if (look.column.is_numeric() || look.column.text.empty()) return;
  auto several = [](const std::string& text) { return text.find_first_of(" ,;|\t") != text.npos; };
  const bool has_digits = std::all_of(look.column.text.begin(), look.column.text.end(), [](const std::string& field) {
    return field.find_first_of("0123456789") != field.npos;
  });
  const bool all = std::all_of(look.column.text.begin(), look.column.text.end(), several);
  if (all && (several(look.column.name) || has_digits))
    warnings.push_back(concat("the table has one column, ", detail::shown(look.column.name),
                              ": where its lines are several columns, say what delimits them: {.delimiter = ' '}."));
}

}  // namespace

Description describe(const Table& table, std::string_view target, SourceLocation where) {
  CallSite site(where);
  Description result;
  result.rows = table.rows();
  result.target = target;
  if (!target.empty()) table.column(target, where);
  std::vector<Look> looks;
  for (std::int64_t i = 0; i < table.size(); ++i) looks.push_back(look_at(table, i, where));
  for (const Look& look : looks) result.columns.push_back(describe_column(look));

  for (const Look& answer : looks) {
    if (target.empty() || answer.column.name != target) continue;
    for (std::size_t i = 0; i < looks.size(); ++i) {
      if (looks[i].column.name == target) continue;
      const auto [tells, base] = told(looks[i], answer);
      result.columns[i].tells = tells;
      constexpr double kTells = 0.99, kNearly = 0.95;
      // Much better than to guess the most frequent class each time.
      if (!(tells >= kNearly) || 1 - tells > 0.25 * (1 - base)) continue;
      const std::string how = has_classes(answer) ? concat("for ", percent(tells), " of the rows")
                                                  : concat("with R^2 of ", short_number(tells));
      result.warnings.push_back(
          concat(detail::shown(looks[i].column.name), " alone tells ", detail::shown(target), ' ', how,
                 tells >= kTells ? concat(". Drop it unless it is known before ", detail::shown(target), " is.")
                                 : concat(": is it known before ", detail::shown(target), " is?")));
    }
  }
  if (looks.size() == 1) warn_of_single(looks[0], result.warnings);
  if (result.rows > 0)
    for (const Look& look : looks) warn_of_column(look, result.warnings);
  for (std::size_t i = 0; i < looks.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) {
      const std::int64_t different = looks[i].coded.different();
      if (result.rows < kFewest || different < 2 || different == result.rows ||
          looks[i].coded.codes != looks[j].coded.codes)
        continue;
      if (looks[i].coded.missing != looks[j].coded.missing) continue;
      result.warnings.push_back(
          concat(detail::shown(looks[j].column.name), " and ", detail::shown(looks[i].column.name), " say the same."));
      break;
    }
  return result;
}

std::string to_string(const Description& description) {
  std::vector<std::vector<std::string>> lines = {{"column", "kind", "missing", "different", "range, or most frequent"}};
  const bool has_target = !description.target.empty();
  if (has_target) lines[0].insert(lines[0].begin() + 4, "tells " + detail::shown(description.target));
  for (const ColumnDescription& column : description.columns) {
    std::string range;
    if (column.kind == Kind::number && !std::isnan(column.lowest)) {
      range = concat(short_number(column.lowest), " to ", short_number(column.highest));
      if (std::isfinite(column.mean))  // not of infinite numbers
        range += concat(", mean ", short_number(column.mean), ", deviation ", short_number(column.deviation));
    } else {
      for (const auto& [name, count] : column.frequent) {
        const std::string text = detail::short_text(name, 24);
        range += concat(range.empty() ? "" : ", ", text, " (", count, ')');
      }
    }
    const double rows = std::max<double>(1, static_cast<double>(column.rows));
    lines.push_back({detail::shown(column.name), concat(column.kind),
                     percent(static_cast<double>(column.missing) / rows), std::to_string(column.different), range});
    if (has_target) {
      char tells[32] = "";
      if (!std::isnan(column.tells)) std::snprintf(tells, sizeof tells, "%.3f", column.tells);
      lines.back().insert(lines.back().begin() + 4, column.name == description.target ? "target" : tells);
    }
  }
  std::vector<bool> to_the_right(lines[0].size(), true);
  to_the_right[0] = to_the_right[1] = to_the_right.back() = false;
  std::string text = concat(description.rows, description.rows == 1 ? " row, " : " rows, ", description.columns.size(),
                            description.columns.size() == 1 ? " column\n" : " columns\n");
  text += detail::in_columns(lines, to_the_right);
  for (const std::string& warning : description.warnings) text += "! " + warning + '\n';
  return text;
}

std::ostream& operator<<(std::ostream& out, const Description& description) { return out << to_string(description); }

}  // namespace data
}  // namespace xgrad
