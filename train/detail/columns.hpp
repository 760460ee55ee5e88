// How much room text takes where all letters are of one width: in a terminal, in a table of text.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace xgrad::train::detail {

/// Columns of a character: 2 of those of China, Japan and Korea and of pictures, 0 of an accent that goes on the letter
/// before it, else 1.
int columns_of(char32_t character);
/// Columns of a text of one line.
std::size_t columns_of(std::string_view text);
/// As much of the begin of a text as has room in so many columns.
std::string cut(std::string_view text, std::size_t columns);

}  // namespace xgrad::train::detail
