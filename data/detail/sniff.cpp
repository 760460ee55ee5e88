#include "sniff.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <limits>
#include <map>
#include <tuple>
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

/// Whether lines have at least two fields, and all the same number, the first one too.
bool is_uniform(const Sample& sample) {
  return sample.rows.size() > 1 && sample.rows[0].size() > 1 &&
         std::all_of(sample.rows.begin(), sample.rows.end(),
                     [&](const auto& row) { return row.size() == sample.rows[0].size(); });
}

/// How many numbers a field is, divided by blanks; 0 where it is anything else, as "56 577" with its thousands is.
std::size_t numbers_in(std::string_view text) {
  double value = 0;
  if (Notation{'.', ' '}.parse(text, value) == Parsed::number) return 0;
  if (Notation{',', ' '}.parse(text, value) == Parsed::number) return 0;
  std::size_t count = 0;
  for (text = trimmed(text); !text.empty(); text = trimmed(text)) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (!is_number(text.substr(0, end), {}) && text.substr(0, end) != "?") return 0;
    text.remove_prefix(end);
    ++count;
  }
  return count;
}

/// Whether a field is whole as it stands: a number in some notation, or text in which nothing else delimits.
bool is_whole(std::string_view text, char delimiter, const Notation& notation) {
  const Notation point, comma{',', '\0'};
  if (is_number(text, point) || is_number(text, notation) || (delimiter != ',' && is_number(text, comma))) return true;
  for (char other : {',', ';', '\t', '|'}) {
    if (other == delimiter) continue;
    std::size_t at = text.find(other);
    // Between tabs a comma before a blank is one of prose.
    while (delimiter == '\t' && at != text.npos && text.substr(at + 1).starts_with(' ')) at = text.find(other, at + 1);
    if (at != text.npos) return false;
  }
  return numbers_in(text) < 2;  // "5 2" are two numbers rather than one text
}

/// How well a delimiter fits.
struct Fit {
  char delimiter = ',';
  std::size_t length = 0;  // of most lines
  bool uniform = false;    // whether all of them have it
  double score = 0;        // thousandths of whole fields in lines of that length
  bool operator<(const Fit& other) const {
    return std::tie(uniform, score, length) < std::tie(other.uniform, other.score, other.length);
  }
};

constexpr double kPerfect = 1000, kSure = 900;

/// How well blanks would fit where `other` is the best of the other delimiters. They delimit only what is mostly
/// numbers: else each text of two words would be two columns.
bool blanks_fit(const Sample& sample, const Sample& other, const Fit& best, const Notation& notation) {
  const auto [length, share] = usual_length(sample);
  if (length < 2) return false;
  // A column of nothing but numbers says that blanks delimit, where each line has the same number of fields.
  const bool uniform = is_uniform(sample);
  std::vector<std::size_t> numbers(length);
  std::size_t in_all = 0, all = 0;
  for (std::size_t i = sample.rows.size() > 1 ? 1 : 0; i < sample.rows.size(); ++i)
    for (std::size_t j = 0; j < sample.rows[i].size(); ++j, ++all) {
      const std::string& field = sample.rows[i][j];
      const bool number = is_number(field, {notation.decimal, '\0'});
      if (j < length) numbers[j] += number;
      in_all += number || field == "?" || field == "NA";
    }
  const bool mostly_numbers = 2 * in_all >= all;
  if (best.uniform) {
    // What divides every line alike is the delimiter, be there blanks in its fields: "2020-01-01 12:00", "56 577". But
    // a tab may stand behind rows of numbers that blanks divide.
    if (best.delimiter != '\t' || !uniform || !mostly_numbers) return false;
    for (std::size_t i = 1; i < other.rows.size(); ++i)
      if (std::none_of(other.rows[i].begin(), other.rows[i].end(),
                       [](const std::string& field) { return numbers_in(field) > 2; }))
        return false;
    return true;
  }
  if (best.length == 0 && uniform && length > 2 &&
      std::find(numbers.begin(), numbers.end(), sample.rows.size() - 1) != numbers.end())
    return true;
  // Runs of tabs are blanks, where they make lines of equal length and single tabs do not.
  return mostly_numbers && (best.score < kSure ? share >= 0.8 : best.delimiter == '\t' && share == 1);
}

/// The delimiter that makes lines of equal length, of whole fields, the most of them.
char find_delimiter(std::string_view text, const std::string& path, const LineOptions& options,
                    const Notation& notation) {
  Fit best;
  Sample best_sample;
  for (char delimiter : {',', ';', '\t', '|'}) {
    if (delimiter == notation.decimal) continue;
    Sample sample;
    bool has_quotes = true;
    try {
      sample = sample_of(text, path, options, delimiter);
    } catch (const FileError&) {
      // Its quotes make no sense. Where it fits without them, it is the delimiter all the same, and the reader tells of
      // the quotes.
      has_quotes = false;
      LineOptions plain = options;
      plain.quote = '\0';
      plain.spanning = false;
      try {
        sample = sample_of(text, path, plain, delimiter);
      } catch (const FileError&) {
        continue;
      }
    }
    const auto [length, share] = usual_length(sample);
    if (length < 2 || share < 0.8 || (!has_quotes && !is_uniform(sample))) continue;
    double whole = 0, all = 0;
    for (std::size_t i = 0; i < sample.rows.size(); ++i)
      for (std::size_t j = 0; j < sample.rows[i].size(); ++j, ++all)
        whole += sample.quoted[i][j] || is_whole(sample.rows[i][j], delimiter, notation);
    const Fit fit{delimiter, length, is_uniform(sample), std::round(share * whole / all * kPerfect)};
    if (best.length != 0 && !(best < fit)) continue;
    best = fit;
    best_sample = std::move(sample);
  }
  if (best.score >= kPerfect) return best.delimiter;
  try {
    const bool may_be_blanks = notation.thousands != ' ';
    if (may_be_blanks && blanks_fit(sample_of(text, path, options, ' '), best_sample, best, notation)) return ' ';
  } catch (const FileError&) {
  }
  return best.length == 0 && notation.decimal == ',' ? ';' : best.delimiter;
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

/// Whether numbers ascend at equal steps, as columns that are numbered do, or the wavelengths of a spectrum.
bool ascends_evenly(const std::vector<double>& numbers) {
  const double step = numbers.size() < 2 ? 0 : numbers[1] - numbers[0];
  for (std::size_t i = 1; i < numbers.size(); ++i)
    if (numbers[i] - numbers[i - 1] != step) return false;
  return step > 0;
}

/// Whether they are years in ascending order, as tables have them for names.
bool is_years(const std::vector<double>& numbers) {
  for (std::size_t i = 0; i < numbers.size(); ++i)
    if (!(numbers[i] >= 1500 && numbers[i] <= 2200 && numbers[i] == std::floor(numbers[i])) ||
        (i > 0 && numbers[i] <= numbers[i - 1]))
      return false;
  return numbers.size() >= 2;
}

/// What stands in a first line, compared with the rows below it.
struct FirstLine {
  std::vector<double> numbers;         // the fields that are numbers
  std::vector<std::size_t> places;     // and where they stand
  bool integers = true;                // whether those are written as integers
  bool word_over_numbers = false;      // whether a word stands over a column of nothing but numbers
  bool word_again = false;             // whether a word stands in its column again
  bool begins_empty = false;           // whether the first field is empty, in a column where no other is
  std::vector<bool> other_below;       // of each number: whether no row has an integer there
  std::size_t years_below = 0;         // rows that have ascending years in those places
  std::size_t like_below = 0;          // rows that ascend by the same steps there, from an integer
  std::size_t year_columns_below = 0;  // of those places: how many have years in most rows
};

/// Whether a first line with numbers in it names the columns all the same: 0, 1, 2 ..., years, or numbers at equal
/// steps. Not where the rows below go on like that.
bool is_numbered(const FirstLine& line, std::size_t width, std::size_t rows) {
  const std::size_t count = line.numbers.size();
  if (count < 2 || rows == 0 || line.word_again || !line.integers) return false;
  const bool words = count < width;
  if (words && is_years(line.numbers)) {
    const bool in_a_row = line.numbers.back() - line.numbers[0] == static_cast<double>(count - 1);
    return 2 * line.years_below <= rows && (in_a_row || count > 2 || line.year_columns_below == 0);
  }
  if (!ascends_evenly(line.numbers)) return false;
  const double step = line.numbers[1] - line.numbers[0];
  const bool counted = step == 1 && (line.numbers[0] == 0 || line.numbers[0] == 1);
  if (line.word_over_numbers && (counted || (count > 2 && 2 * line.like_below <= rows))) return true;
  if (line.begins_empty && counted) return 2 * line.like_below <= rows;
  // Integers over columns that have none.
  const auto others = static_cast<std::size_t>(std::count(line.other_below.begin(), line.other_below.end(), true));
  const bool from_zero = counted && line.numbers[0] == 0;
  return count > 2 && rows > 1 && (words || from_zero) && 2 * others > count && 2 * line.like_below <= rows;
}

/// Whether the first line names the columns: see read_table().
bool is_names(const Sample& sample, const Notation& notation, const MissingWords& missing) {
  const std::vector<std::string>& first = sample.rows[0];
  const std::size_t offset = sample.rows.size() > 1 && sample.rows[1].size() == first.size() + 1 ? 1 : 0;
  std::size_t words_over_numbers = 0, number_columns = 0;
  bool has_missing = false, again = false;
  std::unordered_set<std::string_view> seen;
  FirstLine line;
  for (std::size_t c = 0; c < first.size(); ++c) {
    const bool number = is_number(first[c], notation);
    const bool word_for_missing = missing.has(first[c]);
    if (word_for_missing && !first[c].empty()) has_missing = true;
    if (!first[c].empty() && !seen.insert(first[c]).second) again = true;

    std::size_t present = 0, numbers = 0, integers = 0, years = 0;
    for (std::size_t r = 1; r < sample.rows.size(); ++r) {
      if (c >= sample.rows[r].size()) continue;
      const std::string& field = sample.rows[r][std::min(c + offset, sample.rows[r].size() - 1)];
      if (missing.has(field)) continue;
      ++present;
      double value = 0;
      const bool is = notation.parse(field, value) != Parsed::word;
      numbers += is;
      integers += is && is_integer(trimmed(field));
      years += is && value >= 1500 && value <= 2200 && value == std::floor(value);
      if (!number && field == first[c]) again = line.word_again = true;
    }
    if (number && !word_for_missing) {
      notation.parse(first[c], line.numbers.emplace_back());
      line.places.push_back(c + offset);
      line.integers = line.integers && is_integer(trimmed(first[c]));
      line.other_below.push_back(present > 0 && integers == 0);
      line.year_columns_below += 2 * years > present;
    }
    if (c == 0) line.begins_empty = first[c].empty() && present > 0 && present + 1 == sample.rows.size();
    if (present == 0 || 10 * numbers < 9 * present) continue;
    ++number_columns;
    words_over_numbers += !number && !word_for_missing;
    if (!number && !word_for_missing && numbers == present) line.word_over_numbers = true;
  }
  if (line.numbers.empty()) return words_over_numbers > 0 || (!again && !has_missing);
  if (words_over_numbers >= 2 && 2 * words_over_numbers > number_columns) return true;
  for (std::size_t r = 1; r < sample.rows.size(); ++r) {
    std::vector<double> below;
    for (std::size_t place : line.places)
      if (place < sample.rows[r].size()) notation.parse(sample.rows[r][place], below.emplace_back());
    line.years_below += is_years(below);
    line.like_below += ascends_evenly(below) && below.size() == line.numbers.size() &&
                       below[0] == std::floor(below[0]) && below[1] - below[0] == line.numbers[1] - line.numbers[0];
  }
  return is_numbered(line, first.size(), sample.rows.size() - 1);
}

/// What Excel reads from a line of its own above the table, sep=; and is no part of it. NUL where there is none.
char announced_delimiter(std::string_view line) {
  if (line.size() > 2 && line.front() == '"' && line.back() == '"') line = line.substr(1, line.size() - 2);
  const bool announces = line.size() == 5 && (line.starts_with("sep=") || line.starts_with("SEP="));
  const bool is_letter = announces && std::isalnum(static_cast<unsigned char>(line[4])) != 0;
  return announces && !is_letter && can_delimit(line[4]) ? line[4] : '\0';
}

/// Whether the first line is a title over the one that names the columns: most of its fields are empty, and the next
/// line is of words over numbers.
bool is_title(const Sample& sample, const Notation& notation, const MissingWords& missing) {
  if (sample.rows.size() < 3 || sample.rows[0].size() < 2 || sample.rows[1].size() < sample.rows[0].size())
    return false;
  const auto empty = static_cast<std::size_t>(std::count(sample.rows[0].begin(), sample.rows[0].end(), ""));
  if (2 * empty <= sample.rows[0].size()) return false;
  bool over_numbers = false;
  for (std::size_t c = 0; c < sample.rows[0].size(); ++c) {
    const std::string& word = sample.rows[1][c];
    if (word.empty() || missing.has(word) || is_number(word, notation)) return false;
    over_numbers = over_numbers || (c < sample.rows[2].size() && is_number(sample.rows[2][c], notation));
  }
  return over_numbers;
}

}  // namespace

Layout sniff(std::string_view text, const std::string& path, const Given& given, Header header,
             const Notation& notation, const MissingWords& missing) {
  Layout layout;
  layout.lines = given.lines;
  {
    Lines above(text, path, layout.lines);
    const char announced = announced_delimiter(above.peek());
    if (announced != '\0') ++layout.lines.skip_lines;
    if (given.find_delimiter)
      layout.lines.delimiter = announced != '\0' ? announced : find_delimiter(text, path, given.lines, notation);
  }
  Lines lines(text, path, layout.lines);
  if (!lines.next()) lines.fail_at_end("a table is expected, but the file is empty.");
  layout.first_line = lines.line();
  layout.width_from_line = lines.line_number();
  std::vector<std::string> first;
  for (const Field& field : lines.fields()) first.push_back(lines.text(field));
  const Lines at_first = lines;
  const bool has_second = lines.next();
  const std::size_t second_length = has_second ? lines.fields().size() : 0;
  layout.first_row = has_second ? lines.line_number() : 0;

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
    if (header == Header::names && is_title(sample, notation, missing))
      at_first.fail(0, concat("a line that names the columns is expected, but most of its fields are empty. If the "
                              "table begins at line ",
                              lines.line_number(),
                              ", say how many lines to skip: {.skip_lines = ", lines.line_number() - 1, "}."));
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
      // R writes a column of row names without a name for it. No two are the same: else a comma within numbers makes
      // one field more than there are names.
      const bool row_names = [&] {
        std::int64_t like = 0;
        std::unordered_set<std::string> seen;
        do {
          like += lines.fields().size() == layout.width + 1;
          if (!seen.insert(lines.text(lines.fields()[0])).second) return false;
        } while (lines.next());
        return like == count_rows(text, path, layout.lines);
      }();
      if (row_names) {
        layout.names.insert(layout.names.begin(), "row");
        ++layout.width;
      }
    }
  }
  return layout;
}

namespace {

/// The text with what may stand for a sign, or in place of one, written plainly; what was there is noted.
struct Plainly {
  std::string text;
  bool unit = false;     // of currency or per cent
  bool room = false;     // blanks that do not break
  bool minus = false;    // one that is no '-'
  bool bracket = false;  // around the whole
};

Plainly plainly(std::string_view text) {
  Plainly result;
  result.bracket = text.size() > 2 && text.front() == '(' && text.back() == ')';
  if (result.bracket) text = text.substr(1, text.size() - 2);
  while (!text.empty()) {
    std::size_t size = 0;
    for (std::string_view unit : {"\u20ac", "\u00a3", "\u00a5", "\u20b9", "$", "%"})
      if (size == 0 && text.starts_with(unit)) result.unit = true, size = unit.size();
    for (std::string_view room : {"\u00a0", "\u202f", "\u2009", "\u2007"})
      if (size == 0 && text.starts_with(room)) result.room = true, size = room.size();
    if (text.starts_with("\u2212")) {
      result.minus = true;
      result.text += '-';
      size = 3;
    }
    if (size == 0 && text[0] != ' ') result.text += text[0];
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return result;
}

}  // namespace

std::string number_hint(std::string_view text, char decimal, char thousands) {
  double value = 0;
  text = trimmed(text);
  auto is = [&](const Notation& notation) { return notation.parse(text, value) == Parsed::number; };
  const char comma = decimal == '.' ? ',' : '.';  // the other of the two
  if (thousands == comma && is({comma, '\0'}))
    return concat(" What divides thousands stands before groups of three digits. Where '", comma,
                  "' is the decimal sign, read with {.decimal = '", comma, "', .thousands = '\\0'}.");
  const bool other = is({comma, '\0'});
  if (is({decimal, comma}))
    return other ? concat(" Numbers with thousands like 1", comma, "234 are read with {.thousands = '", comma,
                          "'}, with a decimal sign like 3", comma, "14 with {.decimal = '", comma, "'}.")
                 : concat(" Numbers with thousands like 1", comma, "234 are read with {.thousands = '", comma, "'}.");
  if (other) return concat(" Numbers like 3", comma, "14 are read with {.decimal = '", comma, "'}.");
  if (is({comma, decimal}))
    return concat(" Numbers like 1", decimal, "234", comma, "5 are read with {.decimal = '", comma, "', .thousands = '",
                  decimal, "'}.");
  for (char divider : {' ', '\'', '_'}) {
    const std::string shown_divider = divider == '\'' ? "\\'" : std::string(1, divider);
    if (is({decimal, divider}))
      return concat(" Numbers with thousands like 1", divider, "234 are read with {.thousands = '", shown_divider,
                    "'}.");
    if (is({comma, divider}))
      return concat(" Numbers like 1", divider, "234", comma, "5 are read with {.decimal = '", comma,
                    "', .thousands = '", shown_divider, "'}.");
  }
  const Plainly plain = plainly(text);
  text = plain.text;
  const bool comes_plain = is({decimal, comma}), comes_other = is({comma, decimal});
  if (plain.unit && (comes_plain || comes_other))
    return concat(" Signs of currency and per cent are no part of numbers: take them out of the file first.",
                  comes_plain ? "" : concat(" Numbers like 3", comma, "14 are read with {.decimal = '", comma, "'}."));
  if (plain.room && (comes_plain || comes_other))
    return concat(
        " Blanks that do not break (U+00A0, U+202F) are no part of numbers: make plain blanks of them in the "
        "file first, and read thousands like 1 234 with {.thousands = ' '}.",
        comes_plain ? "" : concat(" Numbers like 3", comma, "14 are read with {.decimal = '", comma, "'}."));
  if (plain.bracket && (comes_plain || comes_other))
    return " Brackets make no number negative: write -100 for (100) in the file first.";
  if (plain.minus && (comes_plain || comes_other))
    return " The minus sign is another character than '-' (U+2212): make '-' of it in the file first.";
  // Groups of two, as in India: 12,34,567.
  std::string digits;
  for (char c : text)
    if (c != ',') digits += c;
  const bool grouped = text.find(',') != text.npos && text.find_first_not_of("+-0123456789.,") == text.npos &&
                       is_integer(digits.substr(0, digits.find('.')));
  text = digits;
  if (grouped && is({'.', '\0'}))
    return " Thousands are divided before each group of three digits alone: take the commas out of the file first.";
  return "";
}

}  // namespace detail
}  // namespace data
}  // namespace xgrad
