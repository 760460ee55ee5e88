// Tables of numbers from text files.
#pragma once

#include <string>
#include <vector>

#include "../autograd/tensor.hpp"
#include "file.hpp"

namespace xgrad XGRAD_API {
namespace data {

/// What the first line of a table is.
enum class Header : std::uint8_t {
  none,    ///< a row like the others
  names,   ///< the columns' names
  counts,  ///< rows, features, names of the classes: scikit-learn's form. A row has one column more than
           ///< features.
};

struct CsvOptions {
  char delimiter = ',';  ///< ' ' stands for any run of blanks; no quote, end of line or part of numbers
  Header header = Header::none;
  DType dtype = DType::float32;        ///< of the values; not boolean
  std::vector<int> text_columns = {};  ///< columns to keep as text, negative ones counted from the last
};

struct Table {
  std::vector<std::string> columns;            ///< names of all columns; empty without Header::names
  std::vector<std::string> class_names;        ///< of Header::counts
  Tensor values;                               ///< [rows, columns that are not text]
  std::vector<std::vector<std::string>> text;  ///< the text columns, in the order of CsvOptions::text_columns
};

/// Reads a table, from plain text or gzip. Fields may be padded with blanks and quoted ("a, b"); blank lines
/// are passed over; nan and inf are numbers, and one too small for the dtype is 0.
///
/// Throws FileError, with file, line and column, when the file is missing, empty, truncated, or malformed:
/// rows of different lengths, a field that is no number or outside the dtype's range, a quote that is not
/// closed, another number of rows than Header::counts tells. Throws std::invalid_argument for options that
/// cannot be.
Table read_csv(const std::string& path, const CsvOptions& options = {},
               SourceLocation where = SourceLocation::current());

}  // namespace data
}  // namespace xgrad
