#include "canvas.hpp"

namespace xgrad::train::detail {
namespace {

constexpr Colour rgb(std::uint32_t value) {
  return {static_cast<std::uint8_t>(value >> 16), static_cast<std::uint8_t>(value >> 8),
          static_cast<std::uint8_t>(value)};
}

// Eight hues that keep apart for those who see red and green alike, of about one lightness each for its background.
constexpr Palette kLight = {rgb(0xFFFFFF), rgb(0x1B2330), rgb(0x5B6675), rgb(0xE6E9EE), rgb(0x9AA4B2), rgb(0x1C5FC4),
                            rgb(0xC8501E), rgb(0xFFFFFF), rgb(0xB0B7C1), rgb(0x1F6FD6), rgb(0xDD5A1F), rgb(0x12946A),
                            rgb(0x9A47C4), rgb(0xC98A00), rgb(0x0B9BB0), rgb(0xD23B7F), rgb(0x6B7280)};
constexpr Palette kDark = {rgb(0x11161D), rgb(0xE6EAF0), rgb(0x9BA7B6), rgb(0x262E39), rgb(0x5C6877), rgb(0x5BA2FF),
                           rgb(0xFF8C5A), rgb(0x0B0F14), rgb(0x5C6877), rgb(0x5BA2FF), rgb(0xFF8C5A), rgb(0x3FCB97),
                           rgb(0xC58AF0), rgb(0xF2BE42), rgb(0x45CFE0), rgb(0xFF7BB0), rgb(0xA3ADBA)};

}  // namespace

const Palette& palette_of(Theme theme) { return theme == Theme::dark ? kDark : kLight; }

std::string hex(Colour colour) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text = "#";
  for (std::uint8_t part : {colour.red, colour.green, colour.blue}) {
    text += kDigits[part >> 4];
    text += kDigits[part & 15];
  }
  return text;
}

}  // namespace xgrad::train::detail
