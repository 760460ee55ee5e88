// What is in a table, in words: the look before anything is made of it.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "table.hpp"

namespace xgrad XGRAD_API {
namespace data {

/// What is in one column.
struct ColumnDescription {
  std::string name;
  Kind kind = Kind::number;
  std::int64_t rows = 0, missing = 0;
  std::int64_t different = 0;      ///< how many different values there are, but the missing
  double lowest = 0, highest = 0;  ///< of numbers; nan where all are missing
  double mean = 0, deviation = 0;  ///< of numbers; the deviation is that of the population
  std::vector<std::pair<std::string, std::int64_t>>
      frequent;  ///< of the others: the most frequent values, with their counts
  /// How well the column alone tells the target, told from other rows than the one at hand: the share of rows that are
  /// right, or R^2 where the target is one of numbers. A column that is the same in every row tells the share of the
  /// most frequent class. nan where no target was named.
  double tells = 0;
};

/// What is in a table.
struct Description {
  std::int64_t rows = 0;
  std::string target;
  std::vector<ColumnDescription> columns;
  std::vector<std::string> warnings;  ///< a sentence each
};

/// Looks at a table. With a target it warns (of what 20,000 of its rows say, where there are more) of each column that
/// alone tells it: what is known only together with the answer makes a model that is right in training and of no use.
/// It also warns of columns that are constant or empty, that number or name the rows, that say the same as another one,
/// of text that is numbers in another notation, of values like -999 that may stand for missing ones, of classes that
/// differ in case or blanks alone, and of a single column whose lines look like several.
///
/// Throws: std::out_of_range for a target that is not there.
/// Example: `std::cout << data::describe(table, "survived");`
Description describe(const Table& table, std::string_view target = {},
                     SourceLocation where = SourceLocation::current());

/// The description as a table for people, with the warnings below.
std::string to_string(const Description& description);
std::ostream& operator<<(std::ostream& out, const Description& description);

}  // namespace data
}  // namespace xgrad
