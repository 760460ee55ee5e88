#include "table.hpp"

#include <algorithm>
#include <cmath>
#include <ostream>
#include <string_view>
#include <unordered_set>

#include "../autograd/ops/cast.hpp"
#include "../autograd/ops/compare.hpp"
#include "../autograd/ops/create.hpp"
#include "../autograd/ops/index.hpp"
#include "../autograd/ops/movement.hpp"
#include "../autograd/ops/special.hpp"
#include "detail/columns.hpp"
#include "detail/sniff.hpp"
#include "labels.hpp"

namespace xgrad XGRAD_API {
namespace data {
namespace {

using detail::named;

/// What the caller may have meant by a name that is not there: one that differs in case or blanks alone.
std::string hint_for(std::string_view name, const Table& table) {
  auto plain = [](std::string_view text) {
    std::string result;
    for (char c : text)
      if (c != ' ' && c != '_' && c != '-' && c != '.')
        result += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    return result;
  };
  for (std::int64_t i = 0; i < table.size(); ++i)
    if (plain(table.name(i)) == plain(name)) return concat(" Did you mean '", detail::shown(table.name(i)), "'?");
  std::string names;
  for (std::int64_t i = 0; i < table.size() && names.size() < 200; ++i)
    names += (i == 0 ? " Its columns are " : ", ") + detail::shown(table.name(i));
  return names + (table.size() > 0 ? "." : "");
}

std::int64_t place_of(const Table& table, std::string_view name, SourceLocation where) {
  if (table.columns.empty()) {
    for (std::int64_t i = 0; i < table.size(); ++i)
      if (table.name(i) == name) return i;
  } else {
    const auto found = std::find(table.columns.begin(), table.columns.end(), name);
    if (found != table.columns.end() && found - table.columns.begin() < table.size())
      return found - table.columns.begin();
  }
  fail<std::out_of_range>(where, concat("Table: the name must be that of a column, but there is no '",
                                        detail::shown(name), "'.", hint_for(name, table)));
}

/// The table's columns at these places, in this order.
Table at_places(const Table& table, const std::vector<std::int64_t>& places, SourceLocation where) {
  CallSite site(where);
  Table result;
  result.class_names = table.class_names;
  std::vector<std::int64_t> picked;
  for (std::int64_t column : places) {
    result.columns.push_back(table.name(column));
    result.kinds.push_back(table.kinds[column]);
    const std::int64_t place = table.places[column];
    if (table.kinds[column] == Kind::number || table.kinds[column] == Kind::boolean) {
      result.places.push_back(static_cast<std::int64_t>(picked.size()));
      picked.push_back(place);
    } else {
      result.places.push_back(static_cast<std::int64_t>(result.text.size()));
      result.text.push_back(table.text[place]);
    }
  }
  if (table.values.defined()) result.values = index_select(table.values, 1, from_vector(picked));
  return result;
}

/// What to do with a column of text that is to be numbers.
std::string hint_for_text(const std::vector<std::string>& text) {
  for (const std::string& field : text) {
    if (field.empty()) continue;
    const std::string hint = detail::number_hint(field, '.');
    return hint.empty() ? concat(" It begins with '", detail::shown(field),
                                 "'; a Preparation or encode_labels() makes numbers of it.")
                        : concat(" It begins with '", detail::shown(field), "'.", hint);
  }
  return "";
}

}  // namespace

void append_text(std::string& out, Kind kind) {
  constexpr const char* kNames[] = {"number", "boolean", "text", "date"};
  out += kNames[static_cast<int>(kind)];
}

Column::Column(std::string name, const Tensor& values, SourceLocation where) : name(std::move(name)) {
  check(
      values.defined() && values.ndim() == 1, where, "Column: the values of '", named(this->name),
      "' must be [rows], but they are ",
      [&] { return values.defined() ? to_string(values.shape()) : std::string("undefined"); }, '.');
  kind = values.dtype() == DType::boolean ? Kind::boolean : Kind::number;
  this->values = kind == Kind::boolean ? cast(values, default_dtype()) : values.detach();
}

Column::Column(std::string name, std::vector<std::string> text, Kind kind)
    : name(std::move(name)), kind(kind == Kind::date ? kind : Kind::text), text(std::move(text)) {}

std::int64_t Column::size() const {
  return is_numeric() ? values.defined() ? values.size(0) : 0 : static_cast<std::int64_t>(text.size());
}

Tensor Column::missing() const {
  if (is_numeric()) return isnan(values);
  std::vector<std::int64_t> empty;
  empty.reserve(text.size());
  for (const std::string& field : text) empty.push_back(field.empty());
  return cast(from_vector(empty), DType::boolean);
}

namespace {

void check_numeric(const Column& column) {
  check(column.is_numeric(), column.where, "Table: column '", named(column.name),
        "' must be of numbers, but it is of kind ", column.kind, '.', [&] { return hint_for_text(column.text); });
}

}  // namespace

Column::operator Tensor() const {
  check_numeric(*this);
  return values;
}

Column::operator Operand() const {
  check_numeric(*this);
  return Operand(values, where);
}

Table::Table() = default;
Table::Table(const Table&) = default;
Table::Table(Table&&) noexcept = default;
Table& Table::operator=(const Table&) = default;
Table& Table::operator=(Table&&) noexcept = default;
Table::~Table() = default;

Table::Table(const std::vector<Column>& given, SourceLocation where) {
  CallSite site(where);
  std::vector<Tensor> numbers;
  DType dtype = DType::int64;
  std::unordered_set<std::string_view> taken;
  for (const Column& column : given) {
    check(column.size() == given[0].size(), where, "Table: all columns must have the same number of rows, but '",
          named(given[0].name), "' has ", given[0].size(), " and '", named(column.name), "' has ", column.size(), '.');
    check(taken.insert(column.name).second, where,
          "Table: each column must have a name of its own, but two are called '", named(column.name), "'.");
    columns.push_back(column.name);
    kinds.push_back(column.kind);
    if (column.is_numeric()) {
      places.push_back(static_cast<std::int64_t>(numbers.size()));
      numbers.push_back(reshape(column.values, {-1, 1}));
      if (column.values.dtype() == DType::float64 || (column.values.dtype() == DType::float32 && dtype == DType::int64))
        dtype = column.values.dtype();
    } else {
      places.push_back(static_cast<std::int64_t>(text.size()));
      text.push_back(column.text);
    }
  }
  for (Tensor& column : numbers) column = cast(column, dtype);
  values =
      numbers.empty() ? zeros({given.empty() ? 0 : given[0].size(), 0}, {.dtype = DType::float64}) : cat(numbers, 1);
}

std::int64_t Table::rows() const {
  if (values.defined()) return values.size(0);
  return text.empty() ? 0 : static_cast<std::int64_t>(text[0].size());
}

std::string Table::name(std::int64_t column) const {
  const auto at = static_cast<std::size_t>(column);
  return at < columns.size() ? columns[at] : concat("column ", column + 1);
}

bool Table::has(std::string_view name) const {
  for (std::int64_t i = 0; i < size(); ++i)
    if (this->name(i) == name) return true;
  return false;
}

Column Table::column(std::string_view name, SourceLocation where) const {
  return column(place_of(*this, name, where), where);
}

Column Table::column(std::int64_t place, SourceLocation where) const {
  check<std::out_of_range>(place >= -size() && place < size(), where, "Table: a column must be at least ", -size(),
                           " and below ", size(), ", but it is ", place, '.');
  if (place < 0) place += size();
  CallSite site(where);
  if (kinds[place] == Kind::text || kinds[place] == Kind::date) {
    Column column(name(place), text[places[place]], kinds[place]);
    column.where = where;
    return column;
  }
  Column column(name(place), values[{slice(), places[place]}]);
  column.kind = kinds[place];
  column.where = where;
  return column;
}

Table Table::pick(const std::vector<std::string>& names, SourceLocation where) const {
  std::vector<std::int64_t> picked;
  for (const std::string& name : names) {
    const std::int64_t place = place_of(*this, name, where);
    check(std::find(picked.begin(), picked.end(), place) == picked.end(), where,
          "Table: a column must be picked once, but '", named(name), "' is named twice.");
    picked.push_back(place);
  }
  return at_places(*this, picked, where);
}

Table Table::drop(const std::vector<std::string>& names, SourceLocation where) const {
  std::vector<bool> dropped(kinds.size());
  for (const std::string& name : names) dropped[place_of(*this, name, where)] = true;
  std::vector<std::int64_t> left;
  for (std::int64_t i = 0; i < size(); ++i)
    if (!dropped[i]) left.push_back(i);
  return at_places(*this, left, where);
}

Table Table::with(const Column& column, SourceLocation where) const {
  std::vector<Column> all;
  bool replaced = false;
  for (std::int64_t i = 0; i < size(); ++i) {
    const bool same = name(i) == column.name;
    all.push_back(same ? column : this->column(i, where));
    replaced = replaced || same;
  }
  if (!replaced) all.push_back(column);
  Table table(all, where);
  table.class_names = class_names;
  return table;
}

Table Table::take(const Tensor& positions, SourceLocation where) const {
  check(
      positions.defined() && positions.dtype() == DType::int64 && positions.ndim() == 1, where,
      "Table: positions must be int64 [m], but they are ",
      [&] {
        return positions.defined() ? concat(positions.dtype(), ' ', positions.shape()) : std::string("undefined");
      },
      '.');
  const std::vector<std::int64_t> list = positions.to_vector<std::int64_t>();
  for (std::int64_t position : list)
    check<std::out_of_range>(position >= 0 && position < rows(), where,
                             "Table: positions must be at least 0 and below ", rows(), ", but one is ", position, '.');
  CallSite site(where);
  Table result = *this;
  if (values.defined()) result.values = index_select(values, 0, positions);
  for (std::size_t i = 0; i < text.size(); ++i) {
    result.text[i].clear();
    result.text[i].reserve(list.size());
    for (std::int64_t position : list) result.text[i].push_back(text[i][position]);
  }
  return result;
}

Tensor Table::numbers(const std::vector<std::string>& names, SourceLocation where) const {
  CallSite site(where);
  std::vector<std::int64_t> picked;
  for (const std::string& name : names) {
    const std::int64_t place = place_of(*this, name, where);
    check(kinds[place] == Kind::number || kinds[place] == Kind::boolean, where, "Table: column '", named(name),
          "' must be of numbers, but it is of kind ", kinds[place], ".",
          [&] { return hint_for_text(text[places[place]]); });
    picked.push_back(places[place]);
  }
  if (!values.defined()) return zeros({0, static_cast<std::int64_t>(names.size())}, {.dtype = DType::float64});
  return index_select(values, 1, from_vector(picked));
}

std::string to_string(const Table& table) {
  constexpr std::int64_t kRows = 8, kColumns = 16;
  const std::int64_t rows = std::min(table.rows(), kRows), columns = std::min(table.size(), kColumns);
  std::vector<std::vector<std::string>> lines(static_cast<std::size_t>(rows) + 1);
  std::vector<bool> to_the_right;
  for (std::int64_t c = 0; c < columns; ++c) {
    lines[0].push_back(detail::short_text(table.name(c), 24));
    const bool numeric = table.kinds[c] == Kind::number || table.kinds[c] == Kind::boolean;
    to_the_right.push_back(numeric);
    for (std::int64_t row = 0; row < rows; ++row) {
      std::string text;
      if (!numeric) {
        text = detail::short_text(table.text[table.places[c]][row], 24);
      } else {
        const double value = table.values[{row, table.places[c]}].item();
        text = std::isnan(value)                 ? ""
               : table.kinds[c] == Kind::boolean ? value != 0 ? "True" : "False"
                                                 : detail::digits_of(value, table.values.dtype() == DType::float32);
      }
      lines[static_cast<std::size_t>(row) + 1].push_back(text);
    }
  }
  std::string text = detail::in_columns(lines, to_the_right);
  if (table.rows() > rows) text += concat("... ", table.rows() - rows, " more rows\n");
  if (table.size() > columns) text += concat("... ", table.size() - columns, " more columns\n");
  return text;
}

std::ostream& operator<<(std::ostream& out, const Table& table) { return out << to_string(table); }

TableSplit split(const Table& table, SplitOptions options, std::string_view by, SourceLocation where) {
  check(!options.stratify || !by.empty(), where,
        "split: a column of classes must be named to stratify by, but none is: split(table, {.stratify = true}, "
        "\"species\").");
  const std::int64_t rows = table.rows();
  Tensor classes = zeros({rows}, {.dtype = DType::int64});
  if (options.stratify) {
    const Column column = table.column(by, where);
    std::vector<std::string> labels = column.text;
    if (column.is_numeric())
      for (double value : column.values.to_vector<double>()) labels.push_back(concat(value));
    classes = encode_labels(labels, {}, where).indices;
  }
  const Split parts = split(Dataset{arange(rows), classes}, options, where);
  return {table.take(parts.train.inputs, where), table.take(parts.test.inputs, where)};
}

}  // namespace data
}  // namespace xgrad
