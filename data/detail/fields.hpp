// What a field of a table is: a number in the notation at hand, a word for a missing value, True or False, a date.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lines.hpp"

namespace xgrad {
namespace data {
namespace detail {

/// How numbers are written.
struct Notation {
  char decimal = '.';
  char thousands = '\0';

  /// Reads a field, without the blanks around it that quotes may keep. What divides thousands must stand before each
  /// group of three digits, or nowhere.
  Parsed parse(std::string_view text, double& value) const;
};

/// Words that stand for a missing value.
class MissingWords {
 public:
  MissingWords(const std::vector<std::string>& words, const Notation& notation);
  bool has(std::string_view text) const;
  /// Whether a number is one of them, however it is written: -999 and -999.0. Of nan it is false.
  bool has_value(double value) const;

 private:
  const std::vector<std::string>* words_;
  bool begins_[256] = {};  // whether one begins with this byte: most fields need no further look
  bool has_empty_ = false;
  std::vector<double> values_;  // of those that are numbers
};

/// The text without blanks at its ends.
std::string_view trimmed(std::string_view text);

/// 1 for True, 0 for False, -1 for neither. (Yes and no stay text: they are answers, and one may have been "don't
/// know".)
int truth(std::string_view text);

/// Whether it looks like a day or a month, with a time or without: 2024-02-29, 2024/02, 29.02.2024, 2/29/24,
/// 2024-02-29T12:00:00Z.
bool is_date(std::string_view text);

/// Whether all of it are digits, with a sign or without.
bool is_integer(std::string_view text);

/// Whether an integer is written as codes are, 02134 or 007: with zeros in front, and three digits or more. (01 is a
/// month.)
bool is_padded(std::string_view text);

}  // namespace detail
}  // namespace data
}  // namespace xgrad
