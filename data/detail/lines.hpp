// What the readers of tables share: a file's text taken apart in lines and fields, with the place of each, and fields
// read as numbers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "../../autograd/error.hpp"

namespace xgrad {
namespace data {
namespace detail {

/// One field of the line at hand.
struct Field {
  std::string_view text;  // without the blanks and quotes around it
  std::size_t begin = 0;  // where it starts in the line
  bool quoted = false;
};

/// How a text divides in lines and fields.
struct LineOptions {
  char delimiter = ',';  // ' ' stands for any run of blanks
  char quote = '"';
  char comment = '\0';          // lines that begin with it are left out; NUL: none
  std::int64_t skip_lines = 0;  // at the start
  bool spanning = false;        // whether a quoted field may go on in the next line
};

/// A table's text, line by line.
class Lines {
 public:
  /// Throws FileError where the text is in another encoding than UTF-8, whose bytes make no numbers.
  Lines(std::string_view text, const std::string& path, const LineOptions& options);

  /// Steps to the next line that is neither blank nor a comment, and takes it apart. False at the end.
  bool next();

  const std::vector<Field>& fields() const { return fields_; }
  const LineOptions& options() const { return options_; }
  std::string_view line() const { return line_; }
  std::int64_t line_number() const { return line_number_; }
  /// The line behind the one at hand, or the first one, as it stands in the text.
  std::string_view peek() const;

  /// Throws FileError at a place in the line at hand.
  [[noreturn]] void fail(std::size_t begin, const std::string& problem) const;
  /// Throws FileError at the end of the text.
  [[noreturn]] void fail_at_end(const std::string& problem) const;

  /// The field as it is meant: a quote within quotes is written twice.
  std::string text(const Field& field) const;

 private:
  void take_line();
  bool pads(char c) const;
  void take_apart();
  void check_encoding() const;
  std::string quote_hint(bool escaped) const;
  std::size_t closing_quote(std::size_t begin);

  std::string_view all_, rest_;
  const std::string* path_;
  LineOptions options_;
  std::string_view line_;
  std::int64_t line_number_ = 0;  // where the line at hand begins
  std::int64_t lines_taken_ = 0;
  std::vector<Field> fields_;
};

/// The text as a message shows it: \x00 for bytes that would garble it or, as 0, cut it off, and for those that are no
/// UTF-8; the first 40 of many.
std::string shown(std::string_view text);
/// A name as shown(), for check(): made only where there is a message.
inline auto named(const std::string& name) {
  return [&name] { return shown(name); };
}

/// What a field is, read as a number.
enum class Parsed : std::uint8_t { number, word, out_of_range };

/// Reads a whole field as a number. One too small for float64 is 0, or the denormal next to it.
Parsed parse(std::string_view text, double& value);
Parsed parse(std::string_view text, std::int64_t& value);

/// A file's text, decompressed. Throws FileError where it cannot be read to its end, or is of another kind: an archive,
/// a spreadsheet.
std::string read_whole(const std::string& path);
/// Throws FileError where there is a NUL byte, of which text has none. Text in UTF-16 is left to Lines, which knows the
/// cure.
void check_no_nul(std::string_view text, const std::string& path);

/// Whether a character can delimit columns: no quote, end of line, NUL or part of numbers.
bool can_delimit(char c);

}  // namespace detail
}  // namespace data
}  // namespace xgrad
