// Text in columns, for people.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace xgrad {
namespace data {
namespace detail {

/// Lines of fields, each column as wide as its widest field by code points, as a terminal shows them; those listed are
/// set to the right. The last column is not filled up.
std::string in_columns(const std::vector<std::vector<std::string>>& lines, const std::vector<bool>& to_the_right);

/// A number in few digits: whole below 1e9, else four of them.
std::string short_number(double value);

/// A number in the fewest digits that tell it from its neighbours, among floats or among doubles.
std::string digits_of(double value, bool is_float);

/// The text without what garbles it, cut after `most` bytes at a character's end.
std::string short_text(std::string_view text, std::size_t most);

}  // namespace detail
}  // namespace data
}  // namespace xgrad
