// What pictures are drawn on, and the colours they are drawn in. One layout serves SVG (detail/svg) and PNG
// (detail/raster).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "../theme.hpp"
#include "png.hpp"

namespace xgrad::train::detail {

struct Point {
  double x, y;  // y downwards
};

struct Box {
  double x, y, width, height;
  double right() const { return x + width; }
  double bottom() const { return y + height; }
};

/// What a colour is for; the theme says which it is.
enum class Ink : std::uint8_t { background, text, muted, grid, axis, hot, cold, on_strong, missing, series };
inline constexpr int kSeriesColours = 8;
inline constexpr int kInks = static_cast<int>(Ink::series) + kSeriesColours;

struct Paint {
  Paint(Ink role, double opaque = 1) : ink(static_cast<int>(role)), opacity(opaque) {}
  static Paint series(int k, double opaque = 1) {
    Paint paint(Ink::series, opaque);
    paint.ink += k % kSeriesColours;
    return paint;
  }
  int ink;
  double opacity;
};

struct Colour {
  std::uint8_t red, green, blue;
};
using Palette = std::array<Colour, kInks>;
/// The colours of light and dark pictures; automatic is light.
const Palette& palette_of(Theme theme);
/// "#rrggbb"
std::string hex(Colour colour);

enum class Anchor : std::uint8_t { start, middle, end };
enum class Dash : std::uint8_t { none, dashed, dotted };

struct TextStyle {
  double size = 12;
  Ink ink = Ink::text;
  Anchor anchor = Anchor::start;
  bool upwards = false;  // turned by a quarter, to be read from below
};

class Canvas {
 public:
  Canvas() = default;
  Canvas(const Canvas&) = delete;
  Canvas& operator=(const Canvas&) = delete;
  virtual ~Canvas() = default;

  virtual void polygon(std::span<const Point> corners, Paint paint) = 0;
  virtual void rectangle(Box box, Paint paint, double radius = 0) = 0;
  virtual void line(std::span<const Point> points, Paint paint, double width, Dash dash = Dash::none) = 0;
  virtual void dot(Point centre, double radius, Paint paint) = 0;
  /// `place` is on the baseline, at the text's start, middle or end.
  virtual void text(Point place, std::string_view text, const TextStyle& style) = 0;
  /// Each pixel becomes a rectangle of one colour.
  virtual void image(Box box, const Pixels& pixels) = 0;
  /// What follows is named by this text where the picture can be asked for it, until the next.
  virtual void describe(std::string_view) {}
  /// Until unclip() nothing is drawn outside of the box.
  virtual void clip(Box box) = 0;
  virtual void unclip() = 0;
};

}  // namespace xgrad::train::detail
