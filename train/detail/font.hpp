// The letters of pictures: their widths, by which they are laid out, and their outlines, by which they are drawn in
// PNG.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "font_data.hpp"

namespace xgrad::train::detail {

/// The characters of UTF-8; what is no UTF-8 becomes U+FFFD.
std::vector<char32_t> characters_of(std::string_view text);
/// The same text as valid UTF-8 without control characters, which XML and JSON do not take.
std::string cleaned(std::string_view text);
/// The same of a text of several lines, which stay.
std::string cleaned_lines(std::string_view text);

/// The character's glyph; an empty square for one that the font has not.
const Glyph& glyph_of(char32_t character);

/// Width of a line of text.
double text_width(std::string_view text, double size);
/// The text, cut to the width by an ellipsis.
std::string fitted(std::string_view text, double size, double width);

}  // namespace xgrad::train::detail
