// A canvas that becomes an SVG picture.
#pragma once

#include <string>

#include "canvas.hpp"

namespace xgrad::train::detail {

/// The text with <, >, & and quotes written so that XML and HTML show them.
std::string escaped(std::string_view text);
/// A length with at most two decimals.
std::string short_number(double value);

/// The rules by which SVG pictures in a page are coloured: classes i0 ... and, for a page that follows the system's
/// scheme, both palettes.
std::string svg_style(Theme theme);

class SvgCanvas final : public Canvas {
 public:
  explicit SvgCanvas(Theme theme) : theme_(theme) {}

  void polygon(std::span<const Point> corners, Paint paint) override;
  void rectangle(Box box, Paint paint, double radius) override;
  void line(std::span<const Point> points, Paint paint, double width, Dash dash) override;
  void dot(Point centre, double radius, Paint paint) override;
  void text(Point place, std::string_view text, const TextStyle& style) override;
  void image(Box box, const Pixels& pixels) override;
  void describe(std::string_view text) override { description_ = text; }
  void clip(Box box) override;
  void unclip() override;

  /// The whole picture. `is_part` leaves out what a page has already: the style, and the document's name space.
  std::string picture(double width, double height, std::string_view title, bool is_part) const;

 private:
  void fill(Paint paint);
  void stroke(Paint paint);
  void end_element();

  Theme theme_;
  std::string body_, description_;
};

}  // namespace xgrad::train::detail
