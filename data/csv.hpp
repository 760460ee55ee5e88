// Tables of numbers from text files. read_table() reads others, and finds what a column is by itself.
#pragma once

#include <string>
#include <vector>

#include "../autograd/tensor.hpp"
#include "file.hpp"
#include "table.hpp"

namespace xgrad XGRAD_API {
namespace data {

/// Kind of a table's first line.
enum class Header : std::uint8_t {
  none,    ///< a row like the others
  names,   ///< the columns' names
  counts,  ///< numbers of rows and features, then names of the classes: scikit-learn's form. A row has one column more
           ///< than features.
  find,    ///< whichever of these it looks like, for read_table()
};

/// Options of read_csv().
struct CsvOptions {
  char delimiter = ',';  ///< ' ' stands for any run of blanks; no quote, end of line or part of numbers
  Header header = Header::none;
  DType dtype = DType::float32;        ///< of the values; not boolean
  std::vector<int> text_columns = {};  ///< columns to keep as text, negative ones counted from the last
  char comment = '\0';                 ///< lines that begin with it are left out; NUL: none
  std::int64_t skip_lines = 0;         ///< at the start of the file

  ~CsvOptions();  // in the .cpp: less for a user's file to compile
};

/// Reads a table of numbers, from plain text or gzip. Every column is one of numbers, but those that text_columns
/// lists; read_table() finds by itself which ones are. Fields may be padded with blanks and quoted ("a, b"); a quote
/// within quotes is written twice. Blank lines are skipped; nan and inf are numbers, and one too small for the dtype is
/// 0.
///
/// Shapes: values [rows, columns that are not text]; text in the order of CsvOptions::text_columns.
/// Dtype: int64, float32 or float64, by option.
/// Throws: FileError, with file, line and column, when the file is missing, empty, truncated, or malformed: rows of
/// different lengths, a field that is no number or outside the dtype's range, a quote that is not closed, another
/// number of rows than Header::counts tells, or an archive. std::invalid_argument for options that cannot be.
/// Example: `read_csv("iris.csv", {.header = Header::counts}).values`
Table read_csv(const std::string& path, const CsvOptions& options = {},
               SourceLocation where = SourceLocation::current());

}  // namespace data
}  // namespace xgrad
