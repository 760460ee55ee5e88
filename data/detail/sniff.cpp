#include "sniff.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <unordered_set>

#include "../file.hpp"

namespace xgrad {
namespace data {
namespace detail {
namespace {

constexpr std::size_t kSample = 200;  // lines that are looked at

/// The first lines of a text, as one delimiter takes them apart.
struct Sample {
  std::vector<std::vector<std::string>> rows;
  std::vector<std::vector<bool>> quoted;
};

Sample sample_of(std::string_view text, const std::string& path, LineOptions options, char delimiter) {
  options.delimiter = delimiter;
  Lines lines(text, path, options);
  Sample sample;
  while (sample.rows.size() < kSample && lines.next()) {
    sample.rows.emplace_back();
    sample.quoted.emplace_back();
    for (const Field& field : lines.fields()) {
      sample.rows.back().emplace_back(field.text);
      sample.quoted.back().push_back(field.quoted);
    }
  }
  return sample;
}

bool is_number(std::string_view text, const Notation& notation) {
  double value = 0;
  return notation.parse(text, value) != Parsed::word;
}

/// How many fields most lines have, and which share of the lines. The first may be a header one name short.
std::pair<std::size_t, double> usual_length(const Sample& sample) {
  std::map<std::size_t, std::size_t> counts;
  for (const auto& row : sample.rows) ++counts[row.size()];
  auto most =
      std::max_element(counts.begin(), counts.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  if (most == counts.end()) return {0, 0};
  std::size_t like = most->second;
  if (sample.rows.size() > 1 && sample.rows[0].size() != most->first) ++like;
  return {most->first, static_cast<double>(like) / static_cast<double>(sample.rows.size())};
}

/// Whether a field is whole as it stands: a number in some notation, or text in which nothing else delimits.
bool is_whole(std::string_view text, char delimiter) {
  const Notation point, comma{',', '\0'};
  if (is_number(text, point) || (delimiter != ',' && is_number(text, comma))) return true;
  for (char other : {',', ';', '\t', '|'})
    if (other != delimiter && text.find(other) != text.npos) return false;
  // "5 2" are two numbers rather than one text.
  return text.find(' ') == text.npos || text.find_first_not_of("0123456789.,-+eE ") != text.npos;
}

/// The delimiter that makes lines of equal length, of whole fields, the most of them.
char find_delimiter(std::string_view text, const std::string& path, const LineOptions& options, char decimal) {
  char best = ',';
  double best_score = 0;
  std::size_t best_length = 0;
  for (char delimiter : {',', ';', '\t', '|'}) {
    if (delimiter == decimal) continue;
    Sample sample;
    try {
      sample = sample_of(text, path, options, delimiter);
    } catch (const FileError&) {
      continue;  // its quotes make no sense
    }
    const auto [length, share] = usual_length(sample);
    if (length < 2 || share < 0.8) continue;
    double whole = 0, all = 0;
    for (std::size_t i = 0; i < sample.rows.size(); ++i)
      for (std::size_t j = 0; j < sample.rows[i].size(); ++j, ++all)
        whole += sample.quoted[i][j] || is_whole(sample.rows[i][j], delimiter);
    const double score = std::round(share * whole / all * 1000);
    if (score > best_score || (score == best_score && length > best_length)) {
      best = delimiter;
      best_score = score;
      best_length = length;
    }
  }
  constexpr double kPerfect = 1000, kSure = 900;
  if (best_score >= kPerfect) return best;

  // Blanks delimit only what is mostly numbers: else each text of two words would be two columns. Runs of tabs are blanks,
  // where they make lines of equal length and single tabs do not.
  try {
    const Sample sample = sample_of(text, path, options, ' ');
    const auto [length, share] = usual_length(sample);
    double numbers = 0, all = 0;
    for (std::size_t i = sample.rows.size() > 1 ? 1 : 0; i < sample.rows.size(); ++i)
      for (const std::string& field : sample.rows[i]) {
        numbers += is_number(field, {decimal, '\0'}) || field == "?" || field == "NA";
        ++all;
      }
    const bool fits = best_score < kSure ? share >= 0.8 : best == '\t' && share == 1;
    if (length > 1 && fits && 2 * numbers >= all) return ' ';
  } catch (const FileError&) {
  }
  return best_length == 0 && decimal == ',' ? ';' : best;
}

/// The counts that a first line may tell; false where it tells none.
bool read_counts(const std::vector<std::string>& fields, std::int64_t& rows, std::int64_t& features) {
  return fields.size() >= 2 && parse(fields[0], rows) == Parsed::number &&
         parse(fields[1], features) == Parsed::number && rows >= 0 && features >= 0 &&
         features < std::numeric_limits<int>::max();
}

/// The first line that has as many fields as most of the first ones.
std::int64_t first_usual_line(std::string_view text, const std::string& path, const LineOptions& options) {
  Lines lines(text, path, options);
  std::map<std::size_t, std::pair<std::size_t, std::int64_t>> counts;  // how many lines, the first of them
  for (std::size_t i = 0; i < kSample && lines.next(); ++i) {
    auto& [count, line] = counts[lines.fields().size()];
    if (count++ == 0) line = lines.line_number();
  }
  return std::max_element(counts.begin(), counts.end(),
                          [](const auto& a, const auto& b) { return a.second.first < b.second.first; })
      ->second.second;
}

std::int64_t count_rows(std::string_view text, const std::string& path, const LineOptions& options) {
  Lines lines(text, path, options);
  std::int64_t rows = -1;  // the header is none
  while (lines.next()) ++rows;
  return rows;
}

/// Whether they are years one after the other, as tables have them for names.
bool is_years(const std::vector<double>& numbers) {
  for (std::size_t i = 0; i < numbers.size(); ++i)
    if (!(numbers[i] >= 1500 && numbers[i] <= 2200) || (i > 0 && numbers[i] != numbers[i - 1] + 1)) return false;
  return numbers.size() >= 2;
}

/// Whether the first line names the columns: see read_table().
bool is_names(const Sample& sample, const Notation& notation, const MissingWords& missing) {
  const std::vector<std::string>& first = sample.rows[0];
  const std::size_t offset = sample.rows.size() > 1 && sample.rows[1].size() == first.size() + 1 ? 1 : 0;
  std::size_t numbers_in_first = 0, words_over_numbers = 0, number_columns = 0;
  bool has_missing = false, again = false;
  std::unordered_set<std::string_view> seen;
  std::vector<double> in_first;
  for (std::size_t c = 0; c < first.size(); ++c) {
    const bool number = is_number(first[c], notation);
    const bool word_for_missing = missing.has(first[c]);
    if (number && !word_for_missing) {
      notation.parse(first[c], in_first.emplace_back());
      ++numbers_in_first;
    }
    if (word_for_missing && !first[c].empty()) has_missing = true;
    if (!first[c].empty() && !seen.insert(first[c]).second) again = true;

    std::size_t present = 0, numbers = 0;
    for (std::size_t r = 1; r < sample.rows.size(); ++r) {
      if (c >= sample.rows[r].size()) continue;
      const std::string& field = sample.rows[r][std::min(c + offset, sample.rows[r].size() - 1)];
      if (missing.has(field)) continue;
      ++present;
      numbers += is_number(field, notation);
      if (!number && field == first[c]) again = true;
    }
    if (present == 0 || 10 * numbers < 9 * present) continue;
    ++number_columns;
    words_over_numbers += !number && !word_for_missing;
  }
  if (numbers_in_first == 0) return words_over_numbers > 0 || (!again && !has_missing);
  if (first.size() > numbers_in_first && is_years(in_first)) return true;
  return words_over_numbers >= 2 && 2 * words_over_numbers > number_columns;
}

}  // namespace

Layout sniff(std::string_view text, const std::string& path, const Given& given, Header header,
             const Notation& notation, const MissingWords& missing) {
  Layout layout;
  layout.lines = given.lines;
  if (given.find_delimiter) layout.lines.delimiter = find_delimiter(text, path, given.lines, notation.decimal);
  Lines lines(text, path, layout.lines);
  if (!lines.next()) lines.fail_at_end("a table is expected, but the file is empty.");
  layout.first_line = lines.line();
  layout.width_from_line = lines.line_number();
  std::vector<std::string> first;
  for (const Field& field : lines.fields()) first.push_back(lines.text(field));
  const Lines at_first = lines;
  const bool has_second = lines.next();
  const std::size_t second_length = has_second ? lines.fields().size() : 0;

  layout.begins = first_usual_line(text, path, layout.lines);

  std::int64_t rows = 0, features = 0;
  const bool has_counts = read_counts(first, rows, features);
  if (header == Header::find) {
    const Sample sample = sample_of(text, path, layout.lines, layout.lines.delimiter);
    // Where it has as many fields as a row, it must go on with words.
    const bool like_row = second_length == first.size() && (first.size() < 3 || is_number(first[2], notation));
    const bool counts_fit = has_counts && second_length == static_cast<std::size_t>(features) + 1 && !like_row &&
                            count_rows(text, path, layout.lines) == rows;
    header = counts_fit ? Header::counts : is_names(sample, notation, missing) ? Header::names : Header::none;
  }
  layout.header = header;
  layout.width = first.size();
  if (header == Header::counts) {
    if (!has_counts)
      at_first.fail(0, concat("the header must tell the numbers of rows and features, but it begins with '",
                              shown(first[0]), "'."));
    layout.announced = rows;
    layout.class_names.assign(first.begin() + 2, first.end());
    // What a header tells must not be taken for memory: the rows tell as well.
    const std::size_t told = static_cast<std::size_t>(features) + 1;
    if (has_second && second_length != told)
      lines.fail(second_length < told ? lines.line().size() : lines.fields()[told].begin,
                 concat("a row must have ", told, " columns as line ", layout.width_from_line,
                        " tells, but this one has ", second_length, '.'));
    layout.width = has_second ? told : 0;
  } else if (header == Header::names) {
    layout.names = first;
  }
  if (has_second && header != Header::counts && second_length == layout.width + 1) {
    const Field& last = lines.fields().back();
    const bool header_ends = header == Header::names && first.back().empty();  // in a delimiter, too
    if (last.text.empty() && !last.quoted && !header_ends) {
      layout.extra_delimiter = true;
    } else if (header == Header::names && first.size() > 1 && first[0].find_first_of("#%/") != 0 && !header_ends &&
               !last.text.empty()) {
      // R writes a column of row names without a name for it.
      const std::int64_t rows_like = [&] {
        std::int64_t like = 0;
        do like += lines.fields().size() == layout.width + 1;
        while (lines.next());
        return like;
      }();
      if (rows_like == count_rows(text, path, layout.lines)) {
        layout.names.insert(layout.names.begin(), "row");
        ++layout.width;
      }
    }
  }
  return layout;
}

std::string number_hint(std::string_view text, char decimal) {
  double value = 0;
  const Notation other{decimal == '.' ? ',' : '.', '\0'}, thousands{decimal, decimal == '.' ? ',' : '.'};
  if (thousands.parse(text, value) == Parsed::number)
    return other.parse(text, value) == Parsed::number
               ? concat(" Numbers with thousands like 1", thousands.thousands, "234 are read with {.thousands = '",
                        thousands.thousands, "'}, with a decimal sign like 3", other.decimal, "14 with {.decimal = '",
                        other.decimal, "'}.")
               : concat(" Numbers with thousands like 1", thousands.thousands, "234 are read with {.thousands = '",
                        thousands.thousands, "'}.");
  if (other.parse(text, value) == Parsed::number)
    return concat(" Numbers like 3", other.decimal, "14 are read with {.decimal = '", other.decimal, "'}.");
  const Notation both{other.decimal, decimal};
  if (both.parse(text, value) == Parsed::number)
    return concat(" Numbers like 1", decimal, "234", other.decimal, "5 are read with {.decimal = '", other.decimal,
                  "', .thousands = '", decimal, "'}.");
  std::string plain;
  bool signs = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::string_view rest = text.substr(i);
    const std::size_t size = rest.starts_with("\u20ac")   ? 3
                             : rest.starts_with("\u00a3") ? 2
                                                          : rest[0] == '$' || rest[0] == '%';
    signs = signs || size > 0;
    if (size == 0 && rest[0] != ' ') plain += rest[0];
    i += size > 1 ? size - 1 : 0;
  }
  const Notation grouped{decimal, thousands.thousands};
  if (signs && grouped.parse(plain, value) == Parsed::number)
    return " Signs of currency and per cent are no part of numbers: take them out of the file first.";
  return "";
}

}  // namespace detail
}  // namespace data
}  // namespace xgrad
