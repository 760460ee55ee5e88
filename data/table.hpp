// Tables as people have them: columns under names, each of numbers or of text.
#pragma once

#include <concepts>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../autograd/tensor.hpp"
#include "dataset.hpp"

namespace xgrad XGRAD_API {
namespace data {

/// Kind of a column.
enum class Kind : std::uint8_t {
  number,
  boolean,  ///< True and False, kept as the numbers 1 and 0
  text,
  date,  ///< kept as text: 1949-01, 2024-02-29, 29.02.2024, 2/29/2024, with a time or without
};

/// Writes number, boolean, text or date.
void append_text(std::string& out, Kind kind);

/// Column: one of a table, a copy of its strings or a view of its numbers. It converts to a Tensor where it holds
/// numbers:
/// `Tensor age = table["age"]`.
struct Column {
  std::string name;
  Kind kind = Kind::number;
  Tensor values;                  ///< [rows], where the kind is number or boolean; nan where a value is missing
  std::vector<std::string> text;  ///< one for each row, where the kind is text or date; empty where one is missing
  SourceLocation where;           ///< who asked the table for it, as messages tell

  /// Column of numbers or of text, for Table::with(). A tensor of booleans makes a column of kind boolean.
  /// Shapes: values [rows].
  /// Throws: std::invalid_argument for values that are not [rows].
  Column(std::string name, const Tensor& values, SourceLocation where = SourceLocation::current());
  Column(std::string name, std::vector<std::string> text, Kind kind = Kind::text);

  /// Whether it holds numbers, in `values`.
  bool is_numeric() const { return kind == Kind::number || kind == Kind::boolean; }
  std::int64_t size() const;  ///< number of rows
  /// Where a value is missing.
  /// Shapes: -> [rows].
  /// Dtype: -> boolean.
  Tensor missing() const;
  /// The numbers. Throws std::invalid_argument where the column holds text.
  operator Tensor() const;
  /// The numbers as an operand: `table["sibsp"] + table["parch"]`, `mean(table["age"])`.
  operator Operand() const;
};

/// What stands between the brackets of `table["age"]` or `table[0]`, with the line of the caller.
struct ColumnKey {
  ColumnKey(const char* name, SourceLocation where = SourceLocation::current())
      : name(name), named(true), where(where) {}
  ColumnKey(std::string_view name, SourceLocation where = SourceLocation::current())
      : name(name), named(true), where(where) {}
  ColumnKey(const std::string& name, SourceLocation where = SourceLocation::current())
      : name(name), named(true), where(where) {}
  template <std::integral T>
  ColumnKey(T place, SourceLocation where = SourceLocation::current())
      : place(static_cast<std::int64_t>(place)), where(where) {}

  std::string_view name;
  std::int64_t place = 0;
  bool named = false;
  SourceLocation where;
};

/// Table: what read_csv() and read_table() answer with. Columns of numbers stand side by side in one tensor, others are
/// lists of strings; `table["age"]` finds either by its name.
struct Table {
  std::vector<std::string> columns;            ///< names of all columns; empty where the file names none
  std::vector<std::string> class_names;        ///< of Header::counts
  Tensor values;                               ///< [rows, columns of numbers]
  std::vector<std::vector<std::string>> text;  ///< the other columns
  std::vector<Kind> kinds;                     ///< of each column
  std::vector<std::int64_t> places;            ///< where each column stands, in `values` or in `text`

  // In the .cpp, with those below: each file that reads a table would compile them.
  Table();
  Table(const Table&);
  Table(Table&&) noexcept;
  Table& operator=(const Table&);
  Table& operator=(Table&&) noexcept;
  ~Table();
  /// Table of these columns, side by side in their order.
  /// Dtype: the widest among the columns of numbers; float64 where there is none.
  /// Throws: std::invalid_argument for columns of different lengths, or two of one name.
  explicit Table(const std::vector<Column>& columns, SourceLocation where = SourceLocation::current());

  std::int64_t rows() const;                                        ///< how many there are
  std::int64_t size() const { return std::int64_t(kinds.size()); }  ///< number of columns
  /// Name of a column; "column 3" where the file gives none.
  std::string name(std::int64_t column) const;
  /// Whether there is a column of that name.
  bool has(std::string_view name) const;
  /// The column of that name, or at a place (negative ones count from the last).
  /// Throws: std::out_of_range, with the names that there are.
  /// Example: `double oldest = max(table["age"]).item();`
  Column column(std::string_view name, SourceLocation where = SourceLocation::current()) const;
  Column column(std::int64_t place, SourceLocation where = SourceLocation::current()) const;
  Column operator[](const ColumnKey& key) const {
    return key.named ? column(key.name, key.where) : column(key.place, key.where);
  }

  /// Table of these columns alone, in this order.
  /// Throws: std::out_of_range for a name that is not there, std::invalid_argument for one that comes twice.
  Table pick(const std::vector<std::string>& names, SourceLocation where = SourceLocation::current()) const;
  /// Table without these columns.
  /// Throws: std::out_of_range for a name that is not there.
  Table drop(const std::vector<std::string>& names, SourceLocation where = SourceLocation::current()) const;
  /// Table with another column at its end, or in the place of the one that has its name.
  /// Throws: std::invalid_argument for a column of another length.
  /// Example: `table = table.with({"family", table["sibsp"] + table["parch"]});`
  Table with(const Column& column, SourceLocation where = SourceLocation::current()) const;
  /// The rows at the given positions, which may repeat.
  /// Shapes: positions [m], 0 ... rows - 1.
  /// Dtype: positions int64.
  /// Throws: std::out_of_range for other positions.
  Table take(const Tensor& positions, SourceLocation where = SourceLocation::current()) const;
  /// Columns of numbers, side by side.
  /// Shapes: -> [rows, names].
  /// Throws: std::invalid_argument for a column of text, std::out_of_range for a name that is not there.
  Tensor numbers(const std::vector<std::string>& names, SourceLocation where = SourceLocation::current()) const;
};

/// The first rows of a table for people; describe() tells of all.
std::string to_string(const Table& table);
std::ostream& operator<<(std::ostream& out, const Table& table);

/// Two parts of a table.
struct TableSplit {
  Table train, test;
};

/// Splits a table in training and test data, as split() does with a data set. With `.stratify` each class of the column
/// `by` has the same share in both.
/// Throws: std::invalid_argument as split() of a data set, and for `.stratify` without a column; std::out_of_range for
/// one that is not there.
TableSplit split(const Table& table, SplitOptions options = {}, std::string_view by = {},
                 SourceLocation where = SourceLocation::current());

}  // namespace data
}  // namespace xgrad
