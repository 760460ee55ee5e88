// The outlines of the letters, which scripts/font.py writes into font_data.cpp.
#pragma once

namespace xgrad::train::detail {

/// One character, in thousandths of the font's size, y upwards from the baseline.
struct Glyph {
  char32_t character;
  int advance;
  const char* outline;  // "M x y", "L x y", "Q x y x y" (a quadratic curve), contours closed
};
extern const Glyph kGlyphs[];  // by character
extern const int kGlyphCount;

}  // namespace xgrad::train::detail
