#include "csv.hpp"

#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>
#include <unordered_set>

#include "../autograd/ops/create.hpp"
#include "detail/fields.hpp"
#include "detail/lines.hpp"

namespace xgrad XGRAD_API {
namespace data {
namespace {

using detail::Field;
using detail::Parsed;
using detail::shown;

/// A table's lines, and what may be meant where they are no table of numbers.
class CsvReader {
 public:
  CsvReader(std::string_view text, const std::string& path, const CsvOptions& options)
      : lines_(text, path,
               {.delimiter = options.delimiter, .comment = options.comment, .skip_lines = options.skip_lines}),
        options_(options) {}

  bool next_line() {
    if (!lines_.next()) return false;
    if (first_line_ == 0) note_first_line();
    return true;
  }

  const std::vector<Field>& fields() const { return lines_.fields(); }
  std::int64_t line_number() const { return lines_.line_number(); }
  std::string text(const Field& field) const { return lines_.text(field); }
  [[noreturn]] void fail(std::size_t begin, const std::string& problem) const { lines_.fail(begin, problem); }
  [[noreturn]] void fail_at_end(const std::string& problem) const { lines_.fail_at_end(problem); }

  void check_length(std::size_t columns, std::int64_t like_line) const {
    if (fields().size() == columns) return;
    fail(fields().size() < columns ? lines_.line().size() : fields()[columns].begin,
         concat("a row must have ", columns, " columns as line ", like_line, " tells, but this one has ",
                fields().size(), ".", length_hint(like_line)));
  }

  template <class T>
  T number(std::size_t column) const {
    const Field& field = fields()[column];
    std::conditional_t<std::is_integral_v<T>, T, double> value{};
    const Parsed parsed = detail::parse(detail::trimmed(field.text), value);  // of the blanks that quotes may keep
    if (field.text.empty())
      fail(field.begin,
           concat("column ", column + 1, ": a number is expected, but the field is empty.", hint(field.text)));
    if (parsed == Parsed::word)
      fail(field.begin, concat("column ", column + 1, ": ", std::is_integral_v<T> ? "an integer" : "a number",
                               " is expected, but it is '", shown(field.text), "'.", hint(field.text)));
    bool too_large = parsed == Parsed::out_of_range;
    if constexpr (std::is_floating_point_v<T>)
      too_large = too_large || (std::isfinite(value) && std::isinf(static_cast<T>(value)));
    if (too_large)
      fail(field.begin, concat("column ", column + 1, ": a number within the range of ", dtype_of<T>,
                               " is expected, but it is '", shown(field.text), "'."));
    return static_cast<T>(value);
  }

 private:
  /// What may be meant where no number stands.
  std::string hint(std::string_view text) const {
    const bool is_word = !text.empty() && std::isalpha(static_cast<unsigned char>(text.front())) != 0;
    if (line_number() == first_line_ && options_.header == Header::none && is_word && other_delimiter(text) == '\0')
      return announces_counts()
                 ? " If this line tells the numbers of rows and features, read with {.header = Header::counts}."
                 : " If this line names the columns, read with {.header = Header::names}.";
    const char other = other_delimiter(text);
    if (other == '\0') return "";
    if (other != ',' || options_.delimiter != ';') return delimiter_hint(other);
    return " Numbers must be written with a decimal point." + (fields().size() == 1 ? delimiter_hint(other) : "");
  }

  static std::string delimiter_hint(char delimiter) {
    return concat(" If ",
                  delimiter == '\t'  ? "tabs delimit"
                  : delimiter == ' ' ? "blanks delimit"
                                     : concat('\'', delimiter, "' delimits"),
                  " the columns, read with {.delimiter = '", delimiter == '\t' ? "\\t" : std::string(1, delimiter),
                  "'}.");
  }

  /// A delimiter that would make numbers of a part of the text; NUL where there is none.
  char other_delimiter(std::string_view text) const {
    for (char other : {';', '\t', ',', '|', ' '}) {
      const std::size_t end = text.find(other);
      if (other == options_.delimiter || end == text.npos || end == 0) continue;
      double value = 0;
      const auto [stop, error] = std::from_chars(text.data(), text.data() + end, value);
      if (stop == text.data() + end) return other;
    }
    return '\0';
  }

  /// Whether the first line may be Header::counts: two integers, then nothing or names.
  bool announces_counts() const { return first_counts_[0] >= 0 && first_counts_[1] >= 0; }

  void note_first_line() {
    first_line_ = line_number();
    for (std::size_t i = 0; i < 2 && i < fields().size(); ++i) {
      const std::string_view text = fields()[i].text;
      std::int64_t count = -1;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
      if (!text.empty() && end == text.data() + text.size() && error == std::errc()) first_counts_[i] = count;
    }
    // Names in a single field may be several.
    if (fields().size() == 1)
      for (char other : {';', '\t', ',', '|'})
        if (header_delimiter_ == '\0' && fields()[0].text.find(other) != std::string_view::npos)
          header_delimiter_ = other;
  }

  /// What may be meant where a row's length differs from the first one's.
  std::string length_hint(std::int64_t like_line) const {
    const auto length = static_cast<std::int64_t>(fields().size());
    const bool fits = announces_counts() && first_counts_[1] == length - 1;
    if (like_line == first_line_ && options_.header != Header::counts && fits)
      return " If that line tells the numbers of rows and features, read with {.header = Header::counts}.";
    return header_delimiter_ == '\0' || header_delimiter_ == options_.delimiter ? ""
                                                                                : delimiter_hint(header_delimiter_);
  }

  detail::Lines lines_;
  const CsvOptions& options_;
  std::int64_t first_line_ = 0;              // the first that is not blank
  std::int64_t first_counts_[2] = {-1, -1};  // its first two fields, where they are integers
  char header_delimiter_ = '\0';             // what may delimit it, where it is a single field
};

/// Columns to keep as text, counted from 0, in the order asked for.
std::vector<std::size_t> find_text_columns(const CsvOptions& options, std::size_t columns, SourceLocation where) {
  std::vector<std::size_t> found;
  std::unordered_set<std::size_t> seen;  // no list of all columns: a header may announce more than fit in memory
  for (int column : options.text_columns) {
    found.push_back(
        static_cast<std::size_t>(normalize_axis("read_csv: text_columns", column, static_cast<int>(columns), where)));
    check(seen.insert(found.back()).second, where, "read_csv: text_columns must name a column once, but column ",
          column, " is named twice.");
  }
  return found;
}

/// What Header::counts tells.
struct Counts {
  std::int64_t rows, features;
};
constexpr std::int64_t kMostFeatures = std::numeric_limits<int>::max() - 1;  // columns are counted in int

Counts read_counts(const CsvReader& reader) {
  if (reader.fields().size() < 2)
    reader.fail(0, concat("the header must tell the numbers of rows and features, but it has ", reader.fields().size(),
                          " field."));
  const Counts counts{reader.number<std::int64_t>(0), reader.number<std::int64_t>(1)};
  if (counts.rows < 0 || counts.features < 0)
    reader.fail(
        0, concat("the header's counts must be at least 0, but they are ", counts.rows, " and ", counts.features, '.'));
  if (counts.features > kMostFeatures)
    reader.fail(reader.fields()[1].begin, concat("the header's number of features must be at most ", kMostFeatures,
                                                 ", but it is ", counts.features, '.'));
  return counts;
}

template <class T>
Table read_numbers(CsvReader& reader, const CsvOptions& options, SourceLocation where) {
  Table table;
  std::size_t columns = 0;
  std::int64_t like_line = 0;  // the line that told the number of columns
  std::int64_t announced = -1;

  if (!reader.next_line()) reader.fail_at_end("a table is expected, but the file is empty.");
  bool in_row = options.header == Header::none;
  if (!in_row) {
    columns = reader.fields().size();
    if (options.header == Header::names) {
      for (const Field& field : reader.fields()) table.columns.push_back(reader.text(field));
    } else {
      const Counts counts = read_counts(reader);
      announced = counts.rows;
      columns = static_cast<std::size_t>(counts.features) + 1;
      for (std::size_t i = 2; i < reader.fields().size(); ++i)
        table.class_names.push_back(reader.text(reader.fields()[i]));
    }
    like_line = reader.line_number();
    in_row = reader.next_line();
  }
  if (!in_row && announced != 0) reader.fail_at_end("a row is expected after the header, but the file ends here.");
  if (like_line == 0) {
    columns = reader.fields().size();
    like_line = reader.line_number();
  }

  // First, for what a header tells need not fit in memory.
  if (in_row) reader.check_length(columns, like_line);
  const std::vector<std::size_t> text_columns = find_text_columns(options, columns, where);
  std::vector<bool> is_text(in_row ? columns : 0, false);
  if (in_row)
    for (std::size_t column : text_columns) is_text[column] = true;
  table.text.resize(text_columns.size());
  if (in_row) {
    std::int64_t numbers = 0;
    for (std::size_t column = 0; column < columns; ++column) {
      table.kinds.push_back(is_text[column] ? Kind::text : Kind::number);
      table.places.push_back(is_text[column] ? 0 : numbers++);
    }
    for (std::size_t i = 0; i < text_columns.size(); ++i) table.places[text_columns[i]] = static_cast<std::int64_t>(i);
  }
  std::vector<T> values;
  std::int64_t rows = 0;
  for (; in_row; in_row = reader.next_line(), ++rows) {
    reader.check_length(columns, like_line);
    for (std::size_t column = 0; column < columns; ++column)
      if (!is_text[column]) values.push_back(reader.number<T>(column));
    for (std::size_t i = 0; i < text_columns.size(); ++i)
      table.text[i].push_back(reader.text(reader.fields()[text_columns[i]]));
  }
  if (announced >= 0 && rows != announced)
    reader.fail_at_end(
        concat(announced, " rows are expected, as line ", like_line, " tells, but the file has ", rows, '.'));

  table.values = from_data(values.data(), {rows, static_cast<std::int64_t>(columns - text_columns.size())}, where);
  return table;
}

}  // namespace

CsvOptions::~CsvOptions() = default;

Table read_csv(const std::string& path, const CsvOptions& options, SourceLocation where) {
  check(options.dtype != DType::boolean, where, "read_csv: dtype must be int64, float32 or float64, but it is ",
        options.dtype, '.');
  check(detail::can_delimit(options.delimiter), where,
        "read_csv: the delimiter must not be a quote, an end of line, NUL, or part of numbers, but it is '",
        shown({&options.delimiter, 1}), "'.");
  check(options.header != Header::find, where,
        "read_csv: header must be none, names or counts, but it is find. read_table() finds it.");
  check(options.skip_lines >= 0, where, "read_csv: skip_lines must be at least 0, but it is ", options.skip_lines, '.');
  CallSite site(where);
  const std::string text = detail::read_whole(path);
  CsvReader reader(text, path, options);
  switch (options.dtype) {
    case DType::int64:
      return read_numbers<std::int64_t>(reader, options, where);
    case DType::float32:
      return read_numbers<float>(reader, options, where);
    default:
      return read_numbers<double>(reader, options, where);
  }
}

}  // namespace data
}  // namespace xgrad
