#include "csv.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>
#include <locale>
#include <sstream>
#include <string_view>
#include <unordered_set>

#include "../autograd/ops/create.hpp"

namespace xgrad XGRAD_API {
namespace data {
namespace {

/// One field of the line at hand.
struct Field {
  std::string_view text;  // without the blanks and quotes around it
  std::size_t begin;      // where it starts in the line
  bool quoted = false;
};

bool is_blank(char c) { return c == ' ' || c == '\t'; }

/// The text as a message shows it: \x00 for bytes that would garble it or, as 0, cut it off; the first 40 of many.
std::string shown(std::string_view text) {
  constexpr std::size_t kMost = 40;
  std::string result;
  for (char c : text.substr(0, kMost)) {
    constexpr char kDigits[] = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    if (std::iscntrl(byte) != 0)
      result += {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
    else
      result += c;
  }
  return text.size() > kMost ? result + "..." : result;
}

/// What becomes of a number that from_chars calls out of range. One too small is 0, or the denormal next to it; one
/// too large infinite.
double out_of_range_value(std::string_view text) {
  std::istringstream in{std::string(text)};
  in.imbue(std::locale::classic());
  double value = 0;
  in >> value;
  return in.fail() ? std::numeric_limits<double>::infinity() : value;
}

/// Reads a table's text line by line and turns fields into numbers.
class Reader {
 public:
  Reader(std::string_view text, const std::string& path, const CsvOptions& options)
      : rest_(text), path_(path), options_(options) {
    constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
    if (rest_.starts_with(kByteOrderMark)) rest_.remove_prefix(kByteOrderMark.size());
    check_encoding();
  }

  /// Steps to the next line that is not blank, and takes it apart. False at the end.
  bool next_line() {
    while (!rest_.empty()) {
      const std::size_t end = std::min(rest_.find('\n'), rest_.size());
      line_ = rest_.substr(0, end);
      rest_.remove_prefix(std::min(end + 1, rest_.size()));
      ++line_number_;
      if (line_.ends_with('\r')) line_.remove_suffix(1);
      if (std::all_of(line_.begin(), line_.end(), [this](char c) { return pads(c); })) continue;
      take_apart();
      if (first_line_ == 0) note_first_line();
      return true;
    }
    return false;
  }

  const std::vector<Field>& fields() const { return fields_; }
  std::int64_t line_number() const { return line_number_; }

  [[noreturn]] void fail(std::size_t begin, const std::string& problem) const {
    throw FileError(path_, line_number_, static_cast<std::int64_t>(begin) + 1, problem);
  }
  /// At the end of the text.
  [[noreturn]] void fail_at_end(const std::string& problem) const {
    throw FileError(path_, line_number_ + 1, 1, problem);
  }

  void check_length(std::size_t columns, std::int64_t like_line) const {
    if (fields_.size() == columns) return;
    fail(fields_.size() < columns ? line_.size() : fields_[columns].begin,
         concat("a row must have ", columns, " columns as line ", like_line, " tells, but this one has ",
                fields_.size(), ".", length_hint(like_line)));
  }

  template <class T>
  T number(std::size_t column) const {
    const Field& field = fields_[column];
    std::string_view text = field.text;
    if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);  // from_chars takes no plus
    std::conditional_t<std::is_integral_v<T>, T, double> value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (field.text.empty())
      fail(field.begin,
           concat("column ", column + 1, ": a number is expected, but the field is empty.", hint(field.text)));
    if (error == std::errc::invalid_argument || end != text.data() + text.size())
      fail(field.begin, concat("column ", column + 1, ": ", std::is_integral_v<T> ? "an integer" : "a number",
                               " is expected, but it is '", shown(field.text), "'.", hint(field.text)));
    bool too_large = error == std::errc::result_out_of_range;
    if constexpr (std::is_floating_point_v<T>) {
      if (too_large) value = out_of_range_value(text);
      too_large = too_large ? std::isinf(value) : std::isfinite(value) && std::isinf(static_cast<T>(value));
    }
    if (too_large)
      fail(field.begin, concat("column ", column + 1, ": a number within the range of ", dtype_of<T>,
                               " is expected, but it is '", shown(field.text), "'."));
    return static_cast<T>(value);
  }

  std::string text(const Field& field) const {
    std::string text(field.text);
    if (field.quoted)  // a quote within quotes is written twice
      for (std::size_t at = 0; (at = text.find("\"\"", at)) != std::string::npos; ++at) text.erase(at, 1);
    return text;
  }

 private:
  /// Throws where the text is in another encoding, whose bytes make no numbers.
  void check_encoding() {
    const bool marked = rest_.starts_with("\xFF\xFE") || rest_.starts_with("\xFE\xFF");
    const bool has_nul = rest_.substr(0, 2).find('\0') != std::string_view::npos;
    if (!marked && !has_nul) return;
    line_number_ = 1;
    fail(0, marked
                ? "text in UTF-8 is expected, but the file is in UTF-16. Convert it: iconv -f UTF-16 -t UTF-8."
                : "text in UTF-8 is expected, but the file has NUL bytes, as in UTF-16. Convert it: iconv -f UTF-16 -t "
                  "UTF-8.");
  }

  /// What may be meant where no number stands.
  std::string hint(std::string_view text) const {
    if (text.find('\r') != text.npos)
      return " Lines must end in LF or CR LF, but here is a CR alone. Convert the file: tr '\\r' '\\n'.";
    const bool is_word = !text.empty() && std::isalpha(static_cast<unsigned char>(text.front())) != 0;
    if (line_number_ == first_line_ && options_.header == Header::none && is_word && other_delimiter(text) == '\0')
      return announces_counts()
                 ? " If this line tells the numbers of rows and features, read with {.header = Header::counts}."
                 : " If this line names the columns, read with {.header = Header::names}.";
    const char other = other_delimiter(text);
    if (other == '\0') return "";
    if (other == ',' && options_.delimiter == ';') return " Numbers must be written with a decimal point.";
    return concat(" If ",
                  other == '\t'  ? "tabs delimit"
                  : other == ' ' ? "blanks delimit"
                                 : concat('\'', other, "' delimits"),
                  " the columns, read with {.delimiter = '", other == '\t' ? "\\t" : std::string(1, other), "'}.");
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
    first_line_ = line_number_;
    for (std::size_t i = 0; i < 2 && i < fields_.size(); ++i) {
      const std::string_view text = fields_[i].text;
      std::int64_t count = -1;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
      if (!text.empty() && end == text.data() + text.size() && error == std::errc()) first_counts_[i] = count;
    }
  }

  /// What may be meant where a row's length differs from the first one's.
  std::string_view length_hint(std::int64_t like_line) const {
    const auto length = static_cast<std::int64_t>(fields_.size());
    const bool fits = announces_counts() && first_counts_[1] == length - 1;
    if (like_line != first_line_ || options_.header != Header::none || !fits) return "";
    return " If that line tells the numbers of rows and features, read with {.header = Header::counts}.";
  }

  /// Whether the character is no more than room around a field.
  bool pads(char c) const { return is_blank(c) && (c != options_.delimiter || c == ' '); }

  void take_apart() {
    fields_.clear();
    const char delimiter = options_.delimiter;
    std::size_t at = 0;
    auto skip_padding = [&] {
      while (at < line_.size() && pads(line_[at])) ++at;
    };

    skip_padding();
    for (;;) {
      Field field{{}, at};
      if (at < line_.size() && line_[at] == '"') {
        field = {quoted(at), at, true};
        at += field.text.size() + 2;
        skip_padding();
        if (at < line_.size() && line_[at] != delimiter && delimiter != ' ')
          fail(at, "a delimiter must follow the closing quote, but it does not.");
      } else {
        std::size_t end =
            std::min(delimiter == ' ' ? line_.find_first_of(" \t", at) : line_.find(delimiter, at), line_.size());
        const std::size_t next = end;
        while (end > at && pads(line_[end - 1])) --end;
        field.text = line_.substr(at, end - at);
        at = next;
      }
      fields_.push_back(field);
      if (delimiter != ' ') {
        if (at == line_.size()) return;
        ++at;
        skip_padding();
      } else {
        skip_padding();
        if (at == line_.size()) return;
      }
    }
  }

  /// What stands between the quote at `begin` and the one that closes it.
  std::string_view quoted(std::size_t begin) const {
    std::size_t at = begin + 1;
    for (;;) {
      at = line_.find('"', at);
      if (at == std::string_view::npos)
        fail(begin, "a quote must be closed in its line, but the one that opens here is not.");
      if (at + 1 == line_.size() || line_[at + 1] != '"') return line_.substr(begin + 1, at - begin - 1);
      at += 2;
    }
  }

  std::string_view rest_;
  const std::string& path_;
  const CsvOptions& options_;
  std::string_view line_;
  std::int64_t line_number_ = 0;
  std::int64_t first_line_ = 0;              // the first that is not blank
  std::int64_t first_counts_[2] = {-1, -1};  // its first two fields, where they are integers
  std::vector<Field> fields_;
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

Counts read_counts(const Reader& reader) {
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
Table read_table(Reader& reader, const CsvOptions& options, SourceLocation where) {
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

Table read_csv(const std::string& path, const CsvOptions& options, SourceLocation where) {
  check(options.dtype != DType::boolean, where, "read_csv: dtype must be int64, float32 or float64, but it is ",
        options.dtype, '.');
  using namespace std::string_view_literals;
  constexpr std::string_view kNoDelimiters = "\0\n\r\"+-.0123456789aefintyAEFINTY"sv;  // letters: of nan, infinity
  check(kNoDelimiters.find(options.delimiter) == kNoDelimiters.npos, where,
        "read_csv: the delimiter must not be a quote, an end of line, NUL, or part of numbers, but it is '",
        shown({&options.delimiter, 1}), "'.");
  CallSite site(where);
  const FileContents contents = read_file(path);
  if (!contents.problem.empty()) {
    const std::string& text = contents.bytes;
    const auto line = std::count(text.begin(), text.end(), '\n') + 1;
    const std::size_t line_begin = text.rfind('\n') + 1;  // npos + 1 is 0
    throw FileError(path, line, static_cast<std::int64_t>(text.size() - line_begin) + 1, contents.problem + '.');
  }
  Reader reader(contents.bytes, path, options);
  switch (options.dtype) {
    case DType::int64:
      return read_table<std::int64_t>(reader, options, where);
    case DType::float32:
      return read_table<float>(reader, options, where);
    default:
      return read_table<double>(reader, options, where);
  }
}

}  // namespace data
}  // namespace xgrad
