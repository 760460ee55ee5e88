#include "lines.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <locale>
#include <sstream>

#include "../file.hpp"
#include "escape.hpp"

namespace xgrad {
namespace data {
namespace detail {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t'; }

/// What becomes of a number that from_chars calls out of range. One too small is 0, or the denormal next to it; one
/// too large infinite.
double out_of_range_value(std::string_view text) {
  std::istringstream in{std::string(text)};
  in.imbue(std::locale::classic());
  double value = 0;
  in >> value;
  return in.fail() ? std::numeric_limits<double>::infinity() : value;
}

/// from_chars takes no plus.
std::string_view without_plus(std::string_view text) {
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  return text;
}

}  // namespace

Lines::Lines(std::string_view text, const std::string& path, const LineOptions& options)
    : rest_(text), path_(&path), options_(options) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (rest_.starts_with(kByteOrderMark)) rest_.remove_prefix(kByteOrderMark.size());
  all_ = rest_;
  const bool marked = rest_.starts_with("\xFF\xFE") || rest_.starts_with("\xFE\xFF");
  const bool has_nul = rest_.substr(0, 2).find('\0') != std::string_view::npos;
  if (marked || has_nul) {
    line_number_ = 1;
    fail(0, marked
                ? "text in UTF-8 is expected, but the file is in UTF-16. Convert it: iconv -f UTF-16 -t UTF-8."
                : "text in UTF-8 is expected, but the file has NUL bytes, as in UTF-16. Convert it: iconv -f UTF-16 -t "
                  "UTF-8.");
  }
  for (std::int64_t i = 0; i < options_.skip_lines && !rest_.empty(); ++i) take_line();
}

void Lines::take_line() {
  const std::size_t end = std::min(rest_.find('\n'), rest_.size());
  line_ = rest_.substr(0, end);
  rest_.remove_prefix(std::min(end + 1, rest_.size()));
  line_number_ = ++lines_taken_;
  if (line_.ends_with('\r')) line_.remove_suffix(1);
}

std::string_view Lines::peek() const {
  const std::string_view line = rest_.substr(0, rest_.find('\n'));
  return line.substr(0, line.size() - (line.ends_with('\r') ? 1 : 0));
}

bool Lines::next() {
  while (!rest_.empty()) {
    take_line();
    const auto first = std::find_if(line_.begin(), line_.end(), [this](char c) { return !pads(c); });
    if (first == line_.end() || (options_.comment != '\0' && *first == options_.comment)) continue;
    take_apart();
    check_encoding();
    return true;
  }
  return false;
}

/// Refuses text in an encoding of one byte a character, which would come out as other characters than it means.
void Lines::check_encoding() const {
  unsigned char bits = 0;
  for (char c : line_) bits |= static_cast<unsigned char>(c);
  if (bits < 0x80) return;
  for (std::size_t at = 0, size = 0; at < line_.size(); at += size) {
    size = character_size(line_.substr(at));
    if (size != 0) continue;
    fail(at, "text in UTF-8 is expected, but here is the byte " + escaped(line_.substr(at, 1)) +
                 ", as in Latin-1. Convert the file: iconv -f LATIN1 -t UTF-8.");
  }
}

void Lines::fail(std::size_t begin, const std::string& problem) const {
  // A quoted field may have brought the line over several of the file.
  const std::string_view before = line_.substr(0, begin);
  const std::size_t newline = before.rfind('\n');
  const std::int64_t lines = std::count(before.begin(), before.end(), '\n');
  const std::size_t column = newline == before.npos ? begin : begin - newline - 1;
  throw FileError(*path_, line_number_ + lines, static_cast<std::int64_t>(column) + 1, problem);
}

void Lines::fail_at_end(const std::string& problem) const { throw FileError(*path_, lines_taken_ + 1, 1, problem); }

std::string Lines::text(const Field& field) const {
  std::string text(field.text);
  if (field.quoted) {
    const std::string twice(2, options_.quote);
    for (std::size_t at = 0; (at = text.find(twice, at)) != std::string::npos; ++at) text.erase(at, 1);
  }
  return text;
}

/// What may be meant where quotes make no sense. Only read_table(), whose fields may span lines, has an option for it.
std::string Lines::quote_hint(bool escaped) const {
  if (escaped)
    return concat(" If \\", options_.quote, " stands for a quote within quotes, write it twice: sed 's/\\\\",
                  options_.quote, '/', options_.quote, options_.quote, "/g'.");
  return options_.spanning ? " If quotes are part of the text, read with {.quote = '\\0'}." : "";
}

/// Whether the character is no more than room around a field.
bool Lines::pads(char c) const { return is_blank(c) && (c != options_.delimiter || c == ' '); }

void Lines::take_apart() {
  fields_.clear();
  const char delimiter = options_.delimiter;
  std::size_t at = 0;
  auto skip_padding = [&] {
    while (at < line_.size() && pads(line_[at])) ++at;
  };

  skip_padding();
  for (;;) {
    Field field{{}, at};
    if (at < line_.size() && line_[at] == options_.quote) {
      const std::size_t end = closing_quote(at);
      field = {line_.substr(at + 1, end - at - 1), at, true};
      at = end + 1;
      skip_padding();
      if (at < line_.size() && line_[at] != delimiter && delimiter != ' ')
        fail(at, "a delimiter must follow the closing quote, but it does not." + quote_hint(line_[end - 1] == '\\'));
    } else {
      std::size_t end =
          std::min(delimiter == ' ' ? line_.find_first_of(" \t", at) : line_.find(delimiter, at), line_.size());
      const std::size_t next = end;
      while (end > at && pads(line_[end - 1])) --end;
      field.text = line_.substr(at, end - at);
      if (const std::size_t cr = field.text.find('\r'); cr != field.text.npos)
        fail(at + cr, "lines must end in LF or CR LF, but here is a CR alone. Convert the file: tr '\\r' '\\n'.");
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

/// Where the quote stands that closes the one at `begin`.
std::size_t Lines::closing_quote(std::size_t begin) {
  std::size_t at = begin + 1;
  for (;;) {
    at = line_.find(options_.quote, at);
    while (at == line_.npos && options_.spanning && !rest_.empty()) {
      // The text goes on behind the line, which ends in LF or CR LF.
      const std::size_t start = static_cast<std::size_t>(line_.data() - all_.data());
      const std::size_t from = line_.size();
      const std::size_t end = std::min(rest_.find('\n'), rest_.size());
      const std::size_t stop = static_cast<std::size_t>(rest_.data() - all_.data()) + end;
      rest_.remove_prefix(std::min(end + 1, rest_.size()));
      ++lines_taken_;
      line_ = all_.substr(start, stop - start);
      if (line_.ends_with('\r')) line_.remove_suffix(1);
      at = line_.find(options_.quote, from);
    }
    if (at == line_.npos)
      fail(begin, concat("a quote must be closed", options_.spanning ? "" : " in its line",
                         ", but the one that opens here is not.", quote_hint(false)));
    if (at + 1 == line_.size() || line_[at + 1] != options_.quote) return at;
    at += 2;
  }
}

std::string shown(std::string_view text) {
  constexpr std::size_t kMost = 40;
  std::string result;
  std::size_t at = 0;
  while (at < std::min(text.size(), kMost)) {
    constexpr char kDigits[] = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(text[at]);
    const std::size_t size = character_size(text.substr(at));
    if (size == 0 || byte < 0x20 || byte == 0x7f)
      result += {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
    else
      result += text.substr(at, size);
    at += std::max<std::size_t>(size, 1);
  }
  return at < text.size() ? result + "..." : result;
}

Parsed parse(std::string_view text, double& value) {
  text = without_plus(text);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error == std::errc::invalid_argument || end != text.data() + text.size()) return Parsed::word;
  if (error != std::errc::result_out_of_range) return Parsed::number;
  value = out_of_range_value(text);
  return std::isinf(value) ? Parsed::out_of_range : Parsed::number;
}

Parsed parse(std::string_view text, std::int64_t& value) {
  text = without_plus(text);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error == std::errc::invalid_argument || end != text.data() + text.size()) return Parsed::word;
  return error == std::errc::result_out_of_range ? Parsed::out_of_range : Parsed::number;
}

namespace {

/// What a file is by its first bytes, and what to do with it; empty where it may be text.
std::string other_kind(std::string_view bytes) {
  using namespace std::string_view_literals;
  struct {
    std::string_view begins, kind;
  } const kinds[] = {
      {"PK\x03\x04"sv, "a zip archive, as .zip and .xlsx are. Unpack it, or save the sheet as CSV"sv},
      {"PK\x05\x06"sv, "a zip archive without a file in it"sv},
      {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"sv, "one of Excel, as .xls is. Save the sheet as CSV"sv},
      {"\xfd"
       "7zXZ\0"sv,
       "compressed by xz. Unpack it: xz -d"sv},
      {"\x28\xb5\x2f\xfd"sv, "compressed by zstd. Unpack it: zstd -d"sv},
      {"7z\xbc\xaf\x27\x1c"sv, "a 7z archive. Unpack it: 7z x"sv},
      {"PAR1"sv, "one of Parquet. Save the table as CSV"sv},
      {"\x89HDF\r\n"sv, "one of HDF5. Save the table as CSV"sv},
      {"%PDF-"sv, "one of PDF, which has no tables"sv},
  };
  for (const auto& [begins, kind] : kinds)
    if (bytes.starts_with(begins)) return std::string(kind);
  const bool is_bzip2 = bytes.starts_with("BZh") && bytes.size() > 9 && bytes.substr(4, 6) == "1AY&SY";
  return is_bzip2 ? "compressed by bzip2. Unpack it: bunzip2" : "";
}

}  // namespace

void check_no_nul(std::string_view text, const std::string& path) {
  const std::size_t at = text.find('\0');
  if (at == text.npos || at < 2 || text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) return;
  const std::string_view before = text.substr(0, at);
  throw FileError(path, std::count(before.begin(), before.end(), '\n') + 1,
                  static_cast<std::int64_t>(at - (before.rfind('\n') + 1)) + 1,  // npos + 1 is 0
                  "text is expected, but here is a NUL byte: the file is damaged, or of another kind than text.");
}

std::string read_whole(const std::string& path) {
  FileContents contents = read_file(path);
  if (!contents.problem.empty()) {
    const std::string& text = contents.bytes;
    const auto line = std::count(text.begin(), text.end(), '\n') + 1;
    const std::size_t line_begin = text.rfind('\n') + 1;  // npos + 1 is 0
    throw FileError(path, line, static_cast<std::int64_t>(text.size() - line_begin) + 1, contents.problem + '.');
  }
  if (const std::string kind = other_kind(contents.bytes); !kind.empty())
    throw FileError(path, 0, 0, "a table of text is expected, but the file is " + kind + '.');
  return std::move(contents.bytes);
}

bool can_delimit(char c) {
  using namespace std::string_view_literals;
  return "\0\n\r\"+-.0123456789aefintyAEFINTY"sv.find(c) == std::string_view::npos;  // letters: of nan, infinity
}

}  // namespace detail
}  // namespace data
}  // namespace xgrad
