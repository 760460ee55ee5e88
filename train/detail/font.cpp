#include "font.hpp"

#include <algorithm>

namespace xgrad::train::detail {
namespace {

void append_utf8(std::string& out, char32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
    return;
  }
  const int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
  out += static_cast<char>((0xF0 << (3 - more) & 0xF0) | (c >> 6 * more));
  for (int i = more - 1; i >= 0; --i) out += static_cast<char>(0x80 | (c >> 6 * i & 0x3F));
}

}  // namespace

std::vector<char32_t> characters_of(std::string_view text) {
  std::vector<char32_t> result;
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i++]);
    const int more = byte < 0x80                   ? 0
                     : byte >= 0xC2 && byte < 0xE0 ? 1
                     : byte >= 0xE0 && byte < 0xF0 ? 2
                     : byte >= 0xF0 && byte < 0xF5 ? 3
                                                   : -1;
    char32_t c = more < 0 ? 0xFFFD : more == 0 ? byte : byte & (0x3F >> more);
    for (int k = 0; k < more; ++k) {
      if (i == text.size() || (static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) {
        c = 0xFFFD;
        break;
      }
      c = c << 6 | (static_cast<unsigned char>(text[i++]) & 0x3F);
    }
    const bool is_too_long = (more == 2 && c < 0x800) || (more == 3 && c < 0x10000);
    result.push_back(is_too_long || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000) ? 0xFFFD : c);
  }
  return result;
}

std::string cleaned(std::string_view text) {
  std::string result;
  for (char32_t c : characters_of(text)) {
    const bool is_control = c < 0x20 || c == 0x7F || c == 0xFFFE || c == 0xFFFF;
    append_utf8(result, is_control ? U' ' : c);
  }
  return result;
}

std::string cleaned_lines(std::string_view text) {
  std::string lines;
  for (std::size_t begin = 0, end = 0; begin <= text.size(); begin = end + 1) {
    end = std::min(text.find('\n', begin), text.size());
    lines += (begin > 0 ? "\n" : "") + cleaned(text.substr(begin, end - begin));
  }
  return lines;
}

const Glyph& glyph_of(char32_t character) {
  auto find = [](char32_t c) {
    return std::lower_bound(kGlyphs, kGlyphs + kGlyphCount, c,
                            [](const Glyph& glyph, char32_t value) { return glyph.character < value; });
  };
  if (character < 0x20 || character == 0xA0) character = ' ';
  const Glyph* glyph = find(character);
  if (glyph == kGlyphs + kGlyphCount || glyph->character != character) glyph = find(0x25A1);
  return *glyph;
}

double text_width(std::string_view text, double size) {
  double width = 0;
  for (char32_t c : characters_of(text)) width += glyph_of(c).advance;
  return width * size / 1000;
}

std::string fitted(std::string_view text, double size, double width) {
  if (text_width(text, size) <= width) return std::string(text);
  std::string result;
  double taken = text_width("…", size);
  for (char32_t c : characters_of(text)) {
    taken += glyph_of(c).advance * size / 1000;
    if (taken > width) break;
    append_utf8(result, c);
  }
  return result + "…";
}

}  // namespace xgrad::train::detail
