// Tables of any kind from text files.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "csv.hpp"
#include "table.hpp"

namespace xgrad XGRAD_API {
namespace data {

/// What becomes of a value that is missing.
enum class Missing : std::uint8_t {
  nan,    ///< nan in a column of numbers, an empty string in one of text
  error,  ///< an error with its place in a column of numbers; in one of text the field stays as it is written
};

/// Options of read_table().
struct TableOptions {
  char delimiter = '\0';  ///< NUL: found, of , ; tab | and blanks. ' ' stands for any run of blanks
  Header header = Header::find;
  std::vector<std::string> names = {};    ///< the columns', in place of the file's
  std::vector<std::string> columns = {};  ///< those wanted, in this order; empty: all
  std::vector<std::string> drop = {};     ///< those not wanted
  std::vector<std::pair<std::string, Kind>> kinds =
      {};  ///< where they are not to be found: {{"zip", Kind::text}}; of new rows: Preparation::kinds()
  Missing missing = Missing::nan;
  std::vector<std::string> missing_words = {
      "",    "NA",  "N/A",  "n/a",  "<NA>", "#N/A", "NaN",
      "nan", "NAN", "null", "NULL", "Null", "?"};  ///< fields where a value is missing; -999 in numbers is -999.0, too
  char comment = '\0';                             ///< lines that begin with it are left out; NUL: none
  std::int64_t skip_lines = 0;                     ///< at the start of the file
  char quote = '"';                                ///< NUL: quotes are part of the text
  char decimal = '.';                              ///< ',' where numbers are written 3,14
  char thousands = '\0';         ///< what divides groups of three digits, as in 1,234,567; NUL: nothing
  DType dtype = DType::float64;  ///< of the columns of numbers; float32 does not hold every integer from 2^24 on
};

/// Reads a table from plain text or gzip, and finds what each column is: one of numbers where nine tenths of what is
/// there are numbers, else one of True and False, of dates, or of text. The first field of a column of numbers that is
/// none is an error then, with its place. Integers that float64 does not hold (identifiers) make a column of text.
///
/// Without options the delimiter is found, and what the first line is: a row where one of its fields is a number, or
/// occurs again further down its column, or twice in the line; Header::counts where it says how much the file has; else
/// names. Numbers are names, too, where they are years, 0, 1, 2 ... or at equal steps, with words over columns of
/// numbers or unlike the rows below. Blanks delimit where no other character divides each line alike, and most fields
/// are numbers or a whole column is. Columns without a name are called "column 1", the second "age" is "age.1"; the
/// first column of a table whose header is one name short, as R writes it, is "row", if no two rows have the same name.
/// Quoted fields may have delimiters and ends of lines in them. An empty field at the end of every row (a delimiter too
/// many) is left out, and so is Excel's line sep=; above the table.
///
/// A header without rows is a table of 0 rows, whose columns are of numbers where `.kinds` does not say otherwise.
///
/// Shapes: values [rows, columns of numbers].
/// Dtype: float64, or float32 by option.
/// Throws: FileError, with file, line and column, when the file is missing, empty, truncated, or malformed: rows of
/// different lengths, a field of a column of numbers that is none or outside the dtype's range, a quote that is not
/// closed, a title in the place of names; and for archives and other files that are no text. std::invalid_argument for
/// options that cannot be, std::out_of_range for names that are not there.
/// Example: `Tensor age = data::read_table("titanic.csv")["age"];`
Table read_table(const std::string& path, const TableOptions& options = {},
                 SourceLocation where = SourceLocation::current());

}  // namespace data
}  // namespace xgrad
