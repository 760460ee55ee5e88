#include "read_table.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <unordered_set>

#include "../autograd/ops/cast.hpp"
#include "../autograd/ops/create.hpp"
#include "detail/fields.hpp"
#include "detail/lines.hpp"
#include "detail/sniff.hpp"

namespace xgrad XGRAD_API {
namespace data {
namespace {

using detail::Field;
using detail::Lines;
using detail::Parsed;
using detail::shown;

/// What the fields of a column are, counted.
struct Census {
  std::int64_t present = 0, numbers = 0, truths = 0, dates = 0;
  std::int64_t written = 0;  // fields that are there in the file, though they may stand for a missing value
  std::int64_t inexact = 0;  // integers that float64 does not hold
  std::int64_t padded = 0;   // integers that begin with zeros: codes, which a number would not hold either
  bool all_integers = true;
};

Kind kind_of(const Census& census) {
  const bool identifiers = (census.inexact > 0 || census.padded > 0) && census.all_integers;
  if (10 * census.numbers >= 9 * census.present) return identifiers ? Kind::text : Kind::number;
  if (census.truths == census.present) return Kind::boolean;
  return 10 * census.dates >= 9 * census.present ? Kind::date : Kind::text;
}

/// Whether an integer of so many digits may not be a float64, and is not.
bool is_inexact(std::string_view text, double value) {
  if (std::abs(value) < 0x1p53) return false;
  std::int64_t integer = 0;
  if (detail::parse(text, integer) != Parsed::number) return true;
  return std::abs(value) >= 0x1p63 || static_cast<std::int64_t>(value) != integer;
}

class TableReader {
 public:
  TableReader(std::string_view text, const std::string& path, const TableOptions& options, SourceLocation where)
      : text_(text),
        path_(path),
        options_(options),
        where_(where),
        notation_{options.decimal, options.thousands},
        missing_(options.missing_words, notation_) {}

  Table read() {
    layout_ = detail::sniff(text_, path_, {lines(options_.delimiter), options_.delimiter == '\0'}, options_.header,
                            notation_, missing_);
    name_columns();
    choose_columns();
    take_census();
    decide_kinds();
    return fill();
  }

 private:
  detail::LineOptions lines(char delimiter) const {
    return {.delimiter = delimiter,
            .quote = options_.quote,
            .comment = options_.comment,
            .skip_lines = options_.skip_lines,
            .spanning = true};
  }

  /// A field of a column of numbers without the blanks that quotes may keep at its ends.
  static std::string_view bare(const Field& field) { return field.quoted ? detail::trimmed(field.text) : field.text; }

  bool is_missing(const Field& field, std::string_view bare) const {
    return missing_.has(field.text) || (field.quoted && !bare.empty() && missing_.has(bare));
  }

  /// At the first row.
  Lines start(bool& in_row) const {
    Lines reader(text_, path_, layout_.lines);
    in_row = reader.next();
    if (layout_.header != Header::none) in_row = reader.next();
    return reader;
  }

  /// The fields of a row that are the table's.
  std::size_t length(const Lines& reader) const {
    const std::vector<Field>& fields = reader.fields();
    const bool extra = layout_.extra_delimiter && fields.size() == width_ + 1;
    return extra && fields.back().text.empty() && !fields.back().quoted ? width_ : fields.size();
  }

  /// Whether two fields that follow each other are integers: the two sides of a comma within a number, perhaps.
  static bool has_integers_side_by_side(const Lines& reader) {
    const std::vector<Field>& fields = reader.fields();
    for (std::size_t i = 1; i < fields.size(); ++i)
      if (!fields[i - 1].quoted && !fields[i].quoted && detail::is_integer(fields[i - 1].text) &&
          detail::is_integer(fields[i].text))
        return true;
    return false;
  }

  void check_length(const Lines& reader) const {
    const std::size_t count = length(reader);
    if (count == width_) return;
    const bool more = count > width_;
    double number = 0;
    std::string hint;
    if (layout_.begins > layout_.width_from_line && !layout_.extra_delimiter)
      hint = concat(" If the table begins at line ", layout_.begins,
                    ", say how many lines to skip: {.skip_lines = ", layout_.begins - 1, "}.");
    if (options_.comment == '\0' && !reader.line().empty() && (reader.line()[0] == '#' || reader.line()[0] == '%'))
      hint = concat(" If lines that begin with '", reader.line()[0], "' are comments, read with {.comment = '",
                    reader.line()[0], "'}.");
    else if (options_.comment == '\0' && (layout_.first_line[0] == '#' || layout_.first_line[0] == '%'))
      hint = concat(" If lines that begin with '", layout_.first_line[0], "' are comments, read with {.comment = '",
                    layout_.first_line[0], "'}.");
    else if (more && width_ == 1 && hint.empty())
      hint += concat(" The delimiter is taken for '", layout_.lines.delimiter, "'; another is given by .delimiter.");
    else if (more && width_ > 1 && layout_.lines.delimiter == ',' && reader.line_number() == layout_.first_row &&
             has_integers_side_by_side(reader))
      hint =
          " If commas stand within numbers like 3,14 or 1,234, another character must delimit the columns: write the "
          "file with ';', and read it with {.decimal = ','} or {.thousands = ','}.";
    else if (hint.empty() && count == 1 && detail::parse(reader.fields()[0].text, number) == Parsed::word)
      hint =
          concat(" If the table ends before line ", reader.line_number(), ", take what follows out of the file first.");
    else if (hint.empty() && !more)
      hint = " If the last fields of a row may be left out, put the delimiters there that are missing.";
    reader.fail(more ? reader.fields()[width_].begin : reader.line().size(),
                concat("a row must have ", width_, width_ == 1 ? " column" : " columns", " as line ",
                       layout_.width_from_line, " tells, but this one has ", count, ".", hint));
  }

  void name_columns() {
    width_ = layout_.width;
    names_ = layout_.names;
    if (!options_.names.empty()) {
      check(options_.names.size() == width_, where_, "read_table: names must be one for each of the file's ", width_,
            " columns, but there are ", options_.names.size(), '.');
      names_ = options_.names;
    }
    names_.resize(width_);
    std::set<std::string> taken;
    for (std::size_t i = 0; i < width_; ++i) {
      if (names_[i].empty()) names_[i] = concat("column ", i + 1);
      const std::string plain = names_[i];
      for (int copy = 1; !taken.insert(names_[i]).second; ++copy) names_[i] = concat(plain, '.', copy);
    }
  }

  /// Whether neither the file nor the user has a name for the column.
  bool unnamed(std::size_t column) const {
    return options_.names.empty() && (column >= layout_.names.size() || layout_.names[column].empty());
  }

  std::size_t place_of(const std::string& name, const char* option) const {
    const auto found = std::find(names_.begin(), names_.end(), name);
    if (found != names_.end()) return static_cast<std::size_t>(found - names_.begin());
    std::string all;
    for (const std::string& each : names_) all += (all.empty() ? "" : ", ") + shown(each);
    if (all.size() > 300) all = all.substr(0, 300) + " ...";
    fail<std::out_of_range>(where_, concat("read_table: ", option, " must name columns of the file, but there is no '",
                                           name, "'. There are ", all, '.'));
  }

  void choose_columns() {
    std::vector<bool> dropped(width_);
    for (const std::string& name : options_.drop) dropped[place_of(name, "drop")] = true;
    if (options_.columns.empty()) {
      for (std::size_t i = 0; i < width_; ++i)
        if (!dropped[i]) chosen_.push_back(i);
    }
    std::vector<bool> seen(width_);
    for (const std::string& name : options_.columns) {
      const std::size_t place = place_of(name, "columns");
      check(!seen[place], where_, "read_table: columns must name a column once, but '", name, "' is named twice.");
      check(!dropped[place], where_, "read_table: a column must be picked or dropped, but '", name, "' is both.");
      seen[place] = true;
      chosen_.push_back(place);
    }
    for (const auto& [name, kind] : options_.kinds) place_of(name, "kinds");
  }

  void take_census() {
    census_.resize(width_);
    bool in_row = false;
    Lines reader = start(in_row);
    // A single line of several words between blanks is a row, most likely, of which no delimiter was found.
    const bool is_line = options_.header == Header::find && width_ == 1 && layout_.first_line.find(' ') != text_.npos;
    if (!in_row &&
        ((layout_.header == Header::counts && layout_.announced != 0) || (layout_.header == Header::names && is_line)))
      reader.fail_at_end("a row is expected after the header, but the file ends here.");
    for (; in_row; in_row = reader.next(), ++rows_) {
      check_length(reader);
      for (std::size_t column : chosen_) {
        const Field& field = reader.fields()[column];
        Census& census = census_[column];
        census.written += field.quoted || !field.text.empty();
        const std::string_view text = bare(field);
        double value = 0;
        if (is_missing(field, text)) continue;
        const Parsed parsed = notation_.parse(text, value);
        if (parsed == Parsed::number && missing_.has_value(value)) continue;
        ++census.present;
        if (parsed != Parsed::word) {
          ++census.numbers;
          const bool integer = detail::is_integer(text);
          census.all_integers = census.all_integers && integer;
          if (integer && is_inexact(text, value)) ++census.inexact;
          census.padded += integer && detail::is_padded(text);
        } else {
          census.truths += detail::truth(text) >= 0;
          census.dates += detail::is_date(text);
        }
      }
    }
    if (layout_.announced >= 0 && rows_ != layout_.announced)
      reader.fail_at_end(concat(layout_.announced, " rows are expected, as line ", layout_.width_from_line,
                                " tells, but the file has ", rows_, '.'));
    // Delimiters too many at the end of each line.
    for (std::size_t last = width_; last > 1 && unnamed(last - 1) && options_.columns.empty(); --last)
      if (!chosen_.empty() && chosen_.back() == last - 1 && census_[last - 1].written == 0)
        chosen_.pop_back();
      else
        break;
  }

  void decide_kinds() {
    kinds_.resize(width_);
    for (std::size_t column : chosen_) {
      kinds_[column] = kind_of(census_[column]);
      // Where nothing but missing values is there, and they are to stay as they are written.
      if (census_[column].present == 0 && options_.missing == Missing::error) kinds_[column] = Kind::text;
    }
    for (const auto& [name, kind] : options_.kinds) kinds_[place_of(name, "kinds")] = kind;
  }

  Table fill() const {
    std::vector<std::vector<double>> numbers(width_);
    std::vector<std::vector<std::string>> texts(width_);
    for (std::size_t column : chosen_)
      if (is_numeric(column))
        numbers[column].reserve(static_cast<std::size_t>(rows_));
      else
        texts[column].reserve(static_cast<std::size_t>(rows_));

    bool in_row = false;
    Lines reader = start(in_row);
    for (; in_row; in_row = reader.next())
      for (std::size_t column : chosen_) {
        if (is_numeric(column)) {
          numbers[column].push_back(number(reader, column));
          continue;
        }
        const Field& field = reader.fields()[column];
        const bool missing = options_.missing == Missing::nan && missing_.has(field.text);
        texts[column].push_back(missing ? std::string() : reader.text(field));
      }

    std::vector<Column> columns;
    for (std::size_t column : chosen_) {
      if (is_numeric(column)) {
        columns.emplace_back(names_[column], cast(from_vector(numbers[column]), options_.dtype));
        columns.back().kind = kinds_[column];
        numbers[column] = {};
      } else {
        columns.emplace_back(names_[column], std::move(texts[column]), kinds_[column]);
      }
    }
    Table table(columns, where_);
    table.class_names = layout_.class_names;
    return table;
  }

  bool is_numeric(std::size_t column) const {
    return kinds_[column] == Kind::number || kinds_[column] == Kind::boolean;
  }

  double number(const Lines& reader, std::size_t column) const {
    const Field& field = reader.fields()[column];
    auto refuse = [&](const char* expected, const std::string& hint) {
      reader.fail(
          field.begin,
          concat("column ", column + 1, " (", shown(names_[column]), "): ", expected, " is expected, but ",
                 field.text.empty() ? std::string("the field is empty.") : concat("it is '", shown(field.text), "'."),
                 hint));
    };
    const std::string_view text = bare(field);
    double value = 0;
    const bool is_boolean = kinds_[column] == Kind::boolean;
    const Parsed parsed = notation_.parse(text, value);
    if (is_missing(field, text) || (!is_boolean && parsed == Parsed::number && missing_.has_value(value))) {
      if (options_.missing == Missing::error)
        refuse("a number", " To read missing values as nan: {.missing = Missing::nan}.");
      return std::numeric_limits<double>::quiet_NaN();
    }
    if (is_boolean) return boolean(text, refuse);
    auto choices = [&] {
      return concat(
          " If it stands for a missing value, add it to .missing_words; to keep the column as text: .kinds = {{\"",
          shown(names_[column]), "\", Kind::text}}.");
    };
    if (parsed == Parsed::word) {
      std::string hint = detail::number_hint(field.text, options_.decimal, options_.thousands);
      const Census& census = census_[column];
      if (hint.empty())
        hint = concat(" Of its ", census.present, " fields ", census.numbers, " are numbers.", choices());
      if (detail::truth(text) >= 0)
        hint +=
            concat(" To read 1 and 0 as True and False: .kinds = {{\"", shown(names_[column]), "\", Kind::boolean}}.");
      refuse("a number", hint + line_hint(reader));
    }
    const bool narrow = options_.dtype == DType::float32;
    const bool too_large =
        parsed == Parsed::out_of_range || (narrow && std::isfinite(value) && std::isinf(static_cast<float>(value)));
    if (too_large)
      refuse(narrow ? "a number within the range of float32" : "a number within the range of float64",
             (narrow && parsed != Parsed::out_of_range ? " To read it: {.dtype = DType::float64}." : "") + choices());
    return value;
  }

  /// What may be meant by the line where a word stands in the place of a number: names, or units below them.
  std::string line_hint(const Lines& reader) const {
    const std::int64_t line = reader.line_number();
    if (layout_.header == Header::none && line == layout_.width_from_line)
      return " If this line names the columns, read with {.header = Header::names}.";
    const std::vector<Field>& fields = reader.fields();
    const bool words = std::all_of(fields.begin(), fields.end(), [&](const Field& field) {
      double value = 0;
      return field.text.empty() || notation_.parse(field.text, value) == Parsed::word;
    });
    return layout_.header == Header::names && line == layout_.first_row && words
               ? concat(" If line ", line,
                        " tells units rather than values, read with {.header = Header::none, .names = "
                        "{...}, .skip_lines = ",
                        line, "}.")
               : "";
  }

  /// Of a column that the user calls boolean, more words are taken.
  template <class Refuse>
  static double boolean(std::string_view text, const Refuse& refuse) {
    if (const int truth = detail::truth(text); truth >= 0) return truth;
    for (const char* yes : {"1", "yes", "Yes", "YES", "y", "Y", "t", "T"})
      if (text == yes) return 1;
    for (const char* no : {"0", "no", "No", "NO", "n", "N", "f", "F"})
      if (text == no) return 0;
    refuse("true or false, yes or no, 1 or 0", "");
    return 0;
  }

  std::string_view text_;
  const std::string& path_;
  const TableOptions& options_;
  SourceLocation where_;
  detail::Notation notation_;
  detail::MissingWords missing_;
  detail::Layout layout_;
  std::size_t width_ = 0;
  std::vector<std::string> names_;
  std::vector<std::size_t> chosen_;
  std::vector<Census> census_;  // of all columns, taken of the chosen ones
  std::vector<Kind> kinds_;     // likewise
  std::int64_t rows_ = 0;
};

void check_options(const TableOptions& options, SourceLocation where) {
  check(options.delimiter == '\0' || detail::can_delimit(options.delimiter), where,
        "read_table: the delimiter must not be a quote, an end of line, or part of numbers, but it is '",
        shown({&options.delimiter, 1}), "'.");
  check(options.decimal == '.' || options.decimal == ',', where,
        "read_table: the decimal sign must be '.' or ',', but it is '", shown({&options.decimal, 1}), "'.");
  check(options.delimiter != options.decimal && options.thousands != options.decimal, where,
        "read_table: delimiter, decimal and thousands must be different, but two are '", shown({&options.decimal, 1}),
        "'.");
  constexpr std::string_view kThousands(" '.,_\0", 6);
  check(kThousands.find(options.thousands) != kThousands.npos, where,
        "read_table: thousands must be NUL, ',', '.', ''', '_' or a blank, but it is '", shown({&options.thousands, 1}),
        "'.");
  check(options.skip_lines >= 0, where, "read_table: skip_lines must be at least 0, but it is ", options.skip_lines,
        '.');
  check(is_floating(options.dtype), where, "read_table: dtype must be float32 or float64, which have a nan, but it is ",
        options.dtype, '.');
  std::unordered_set<std::string> names;
  for (const std::string& name : options.names)
    check(names.insert(name).second, where, "read_table: names must be different, but two are '", name, "'.");
}

}  // namespace

Table read_table(const std::string& path, const TableOptions& options, SourceLocation where) {
  check_options(options, where);
  CallSite site(where);
  const std::string text = detail::read_whole(path);
  detail::check_no_nul(text, path);
  return TableReader(text, path, options, where).read();
}

}  // namespace data
}  // namespace xgrad
