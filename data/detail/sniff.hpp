// How a table is written, found by looking at it: what delimits its columns, and what its first line is.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "../csv.hpp"
#include "fields.hpp"
#include "lines.hpp"

namespace xgrad {
namespace data {
namespace detail {

/// How a table is written.
struct Layout {
  LineOptions lines;
  Header header = Header::none;      // none, names or counts
  std::size_t width = 0;             // number of columns
  std::int64_t width_from_line = 0;  // the line that told it
  std::int64_t first_row = 0;        // the line behind it; 0 where there is none
  std::int64_t announced = -1;       // rows, where the header tells
  bool extra_delimiter = false;      // whether rows end in a delimiter that the header lacks
  std::vector<std::string> names;    // of the columns, where the header names them
  std::vector<std::string> class_names;
  std::string first_line;        // as it stands in the file, not empty
  std::size_t first_fields = 0;  // of the first line
  std::int64_t begins = 0;       // the first line that has as many fields as most
};

/// What is known beforehand.
struct Given {
  LineOptions lines;
  bool find_delimiter;
};

/// Looks at the beginning of a table. Throws FileError where the text is empty or no table.
Layout sniff(std::string_view text, const std::string& path, const Given& given, Header header,
             const Notation& notation, const MissingWords& missing);

/// What may be meant by a field that is no number but resembles one: how to read a decimal comma, thousands, a per cent
/// or a currency sign. Empty where it resembles none. `thousands` is what was said to divide them, NUL: nothing.
std::string number_hint(std::string_view text, char decimal, char thousands = '\0');

}  // namespace detail
}  // namespace data
}  // namespace xgrad
