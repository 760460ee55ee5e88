// Strings of any bytes as text of one line in UTF-8, for the metadata of a file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace xgrad {
namespace data {
namespace detail {

/// The text with \\ for a backslash, \n for a newline, and \xe4 for what is no character of UTF-8 or cannot be seen.
std::string escaped(std::string_view text);
/// Undoes escaped(). False where the text is none of its.
bool unescape(std::string_view text, std::string& plain);

/// Strings as one text, a line for each.
std::string joined(const std::vector<std::string>& strings);
/// Undoes joined(). False where the text is none of its.
bool take_apart(std::string_view text, std::vector<std::string>& strings);

}  // namespace detail
}  // namespace data
}  // namespace xgrad
