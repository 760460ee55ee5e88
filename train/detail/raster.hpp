// A canvas that becomes pixels, for PNG.
#pragma once

#include <vector>

#include "canvas.hpp"

namespace xgrad::train::detail {

/// Adds up how much of each pixel a shape covers. Each edge adds the area to its right, with the sign of its direction;
/// a running sum along the row then is the coverage. Parts of a shape that overlap must turn the same way.
class Coverage {
 public:
  /// Starts a shape within these pixels.
  void start(int left, int top, int right, int bottom);
  void edge(Point from, Point to);
  int left() const { return left_; }
  int top() const { return top_; }
  int right() const { return left_ + width_; }
  int bottom() const { return top_ + height_; }
  /// The covered parts of the pixels of one row, from left() on.
  const std::vector<float>& row(int y);

 private:
  int left_ = 0, top_ = 0, width_ = 0, height_ = 0;
  std::vector<float> areas_;
  std::vector<float> row_;
};

class RasterCanvas final : public Canvas {
 public:
  RasterCanvas(double width, double height, double scale, Theme theme);

  void polygon(std::span<const Point> corners, Paint paint) override;
  void rectangle(Box box, Paint paint, double radius) override;
  void line(std::span<const Point> points, Paint paint, double width, Dash dash) override;
  void dot(Point centre, double radius, Paint paint) override;
  void text(Point place, std::string_view text, const TextStyle& style) override;
  void image(Box box, const Pixels& pixels) override;
  void clip(Box box) override;
  void unclip() override;

  const Pixels& pixels() const { return pixels_; }

 private:
  /// Shapes of one paint, in pixels, all turning the same way.
  void fill(const std::vector<std::vector<Point>>& contours, Paint paint);
  std::vector<Point> circle(Point centre, double radius) const;

  double scale_;
  const Palette& palette_;
  Pixels pixels_;
  int clip_left_ = 0, clip_top_ = 0, clip_right_, clip_bottom_;
  Coverage coverage_;
};

}  // namespace xgrad::train::detail
