#include "fields.hpp"

#include <algorithm>
#include <cmath>

namespace xgrad {
namespace data {
namespace detail {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// The text without what divides its thousands; false where that stands elsewhere than before groups of three digits.
bool without_thousands(std::string_view text, const Notation& notation, std::string& plain) {
  const std::size_t stop = std::min(text.find_first_of(std::string{notation.decimal, 'e', 'E'}), text.size());
  std::size_t digits = 0;  // since the last divider, or the start
  bool divided = false;
  plain.clear();
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != notation.thousands) {
      if (is_digit(text[i]) && i < stop) ++digits;
      plain += text[i];
      continue;
    }
    if (i >= stop || digits == 0 || (divided ? digits != 3 : digits > 3)) return false;
    divided = true;
    digits = 0;
  }
  return !divided || digits == 3;
}

/// Reads 1 to `most` digits; 0 where there are none, or more.
std::size_t digits_at(std::string_view text, std::size_t at, std::size_t most, int& value) {
  std::size_t count = 0;
  value = 0;
  while (at + count < text.size() && is_digit(text[at + count])) {
    if (++count > most) return 0;
    value = 10 * value + (text[at + count - 1] - '0');
  }
  return count;
}

/// Whether a time follows: 12:30, 12:30:15.5, with Z or an offset, behind a T or a blank.
bool is_time(std::string_view text) {
  if (text.empty()) return true;
  if (text[0] != 'T' && text[0] != ' ') return false;
  text.remove_prefix(1);
  if (text.size() < 3 || !is_digit(text[0]) || text.find(':') == text.npos) return false;
  return text.find_first_not_of("0123456789:.+-Z APMapm") == text.npos;
}

}  // namespace

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

Parsed Notation::parse(std::string_view text, double& value) const {
  text = trimmed(text);
  if (decimal == '.' && thousands == '\0') return detail::parse(text, value);
  std::string plain(text);
  if (thousands != '\0' && !without_thousands(text, *this, plain)) return Parsed::word;
  if (decimal != '.') {
    if (plain.find('.') != plain.npos) return Parsed::word;  // 1.5 among numbers like 1,5 is a mistake to be told of
    std::replace(plain.begin(), plain.end(), decimal, '.');
  }
  return detail::parse(plain, value);
}

MissingWords::MissingWords(const std::vector<std::string>& words, const Notation& notation) : words_(&words) {
  for (const std::string& word : words) {
    (word.empty() ? has_empty_ : begins_[static_cast<unsigned char>(word[0])]) = true;
    double value = 0;
    const bool is_number =
        notation.parse(word, value) == Parsed::number || detail::parse(word, value) == Parsed::number;
    if (is_number && !std::isnan(value)) values_.push_back(value);
  }
}

bool MissingWords::has_value(double value) const {
  return std::find(values_.begin(), values_.end(), value) != values_.end();
}

bool MissingWords::has(std::string_view text) const {
  if (text.empty()) return has_empty_;
  return begins_[static_cast<unsigned char>(text[0])] &&
         std::find(words_->begin(), words_->end(), text) != words_->end();
}

int truth(std::string_view text) {
  if (text == "True" || text == "true" || text == "TRUE") return 1;
  if (text == "False" || text == "false" || text == "FALSE") return 0;
  return -1;
}

bool is_date(std::string_view text) {
  int parts[3] = {};
  std::size_t sizes[3] = {}, at = 0;
  char divider = '\0';
  int count = 0;
  while (count < 3) {
    sizes[count] = digits_at(text, at, 4, parts[count]);
    if (sizes[count] == 0) return false;
    at += sizes[count++];
    if (at == text.size() || count == 3) break;
    if (divider == '\0') divider = text[at];
    if (text[at] != divider || (divider != '-' && divider != '/' && divider != '.')) break;
    ++at;
  }
  auto is_month = [&](int i) { return parts[i] >= 1 && parts[i] <= 12; };
  auto is_day = [&](int i) { return parts[i] >= 1 && parts[i] <= 31; };
  if (count == 2)  // 2024-02, 02/2024. A dot would make it a number.
    return divider != '.' && at == text.size() &&
           ((sizes[0] == 4 && sizes[1] <= 2 && is_month(1)) || (sizes[1] == 4 && sizes[0] <= 2 && is_month(0)));
  if (count != 3 || !is_time(text.substr(at))) return false;
  if (sizes[0] == 4) return sizes[1] <= 2 && sizes[2] <= 2 && is_month(1) && is_day(2);
  const bool has_year = sizes[2] == 4 || sizes[2] == 2;
  return has_year && sizes[0] <= 2 && sizes[1] <= 2 && ((is_month(0) && is_day(1)) || (is_day(0) && is_month(1)));
}

bool is_integer(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

bool is_padded(std::string_view text) { return text.size() >= 3 && text[0] == '0'; }

}  // namespace detail
}  // namespace data
}  // namespace xgrad
