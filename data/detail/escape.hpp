// UTF-8, and strings of any bytes as text of one line in it, for the metadata of a file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace xgrad {
namespace data {
namespace detail {

/// Bytes of the UTF-8 character at the start of the text, which is not empty; 0 where there is none: no shorter form
/// than needed, no surrogate, nothing beyond U+10FFFF.
std::size_t character_size(std::string_view text);

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
