#include "raster.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "font.hpp"

namespace xgrad::train::detail {

// ---- Coverage ----

void Coverage::start(int left, int top, int right, int bottom) {
  left_ = left;
  top_ = top;
  width_ = std::max(right - left, 0);
  height_ = std::max(bottom - top, 0);
  areas_.assign(static_cast<std::size_t>(width_ + 2) * height_, 0.0f);
}

void Coverage::edge(Point from, Point to) {
  // Far away nothing is seen; and a slope shall be a number.
  for (Point* p : {&from, &to}) *p = {std::clamp(p->x, -1e6, 1e6), std::clamp(p->y, -1e6, 1e6)};
  if (std::abs(from.y - to.y) < 1e-9 || height_ == 0) return;
  const double direction = from.y < to.y ? 1 : -1;
  if (direction < 0) std::swap(from, to);
  const double slope = (to.x - from.x) / (to.y - from.y);
  const double top = std::max(from.y - top_, 0.0), bottom = std::min(to.y - top_, static_cast<double>(height_));
  if (!(top < bottom)) return;
  double x = from.x - left_ + slope * (top - (from.y - top_));
  for (int y = static_cast<int>(top); y < height_ && y < bottom; ++y) {
    float* row = areas_.data() + static_cast<std::size_t>(y) * (width_ + 2);
    const double tall = std::min(y + 1.0, bottom) - std::max(static_cast<double>(y), top);
    const double next = x + slope * tall;
    const double area = direction * tall;
    // Left of the box an edge covers the whole row, right of it nothing.
    const double low = std::clamp(std::min(x, next), 0.0, static_cast<double>(width_));
    const double high = std::clamp(std::max(x, next), 0.0, static_cast<double>(width_));
    const int first = static_cast<int>(low), last = static_cast<int>(std::ceil(high));
    if (last <= first + 1) {
      const double middle = (low + high) / 2 - first;
      row[first] += static_cast<float>(area * (1 - middle));
      row[first + 1] += static_cast<float>(area * middle);
    } else {
      // The edge crosses several pixels: what lies right of it grows as a parabola, a line, and a parabola.
      const double per_pixel = 1 / (high - low);
      const double in_first = 1 - (low - first), in_last = high - (last - 1);
      const double start = 0.5 * per_pixel * in_first * in_first, end = 0.5 * per_pixel * in_last * in_last;
      row[first] += static_cast<float>(area * start);
      if (last == first + 2) {
        row[first + 1] += static_cast<float>(area * (1 - start - end));
      } else {
        const double second = per_pixel * (1.5 - (low - first));
        row[first + 1] += static_cast<float>(area * (second - start));
        for (int i = first + 2; i < last - 1; ++i) row[i] += static_cast<float>(area * per_pixel);
        const double before_last = second + (last - first - 3) * per_pixel;
        row[last - 1] += static_cast<float>(area * (1 - before_last - end));
      }
      row[last] += static_cast<float>(area * end);
    }
    x = next;
  }
}

const std::vector<float>& Coverage::row(int y) {
  row_.resize(static_cast<std::size_t>(width_));
  const float* areas = areas_.data() + static_cast<std::size_t>(y - top_) * (width_ + 2);
  float sum = 0;
  for (int i = 0; i < width_; ++i) {
    sum += areas[i];
    row_[static_cast<std::size_t>(i)] = std::min(std::abs(sum), 1.0f);
  }
  return row_;
}

// ---- Shapes ----

RasterCanvas::RasterCanvas(double width, double height, double scale, Theme theme)
    : scale_(scale), palette_(palette_of(theme)) {
  pixels_.width = std::max(1, static_cast<int>(std::lround(width * scale)));
  pixels_.height = std::max(1, static_cast<int>(std::lround(height * scale)));
  pixels_.values.assign(static_cast<std::size_t>(pixels_.width) * pixels_.height * 3, 0);
  clip_right_ = pixels_.width;
  clip_bottom_ = pixels_.height;
}

void RasterCanvas::fill(const std::vector<std::vector<Point>>& contours, Paint paint) {
  // Numbers at the ends of double's range may have no place.
  for (const std::vector<Point>& contour : contours)
    for (Point p : contour)
      if (!std::isfinite(p.x) || !std::isfinite(p.y)) return;
  double left = 1e9, top = 1e9, right = -1e9, bottom = -1e9;
  for (const std::vector<Point>& contour : contours)
    for (Point p : contour) {
      left = std::min(left, p.x);
      right = std::max(right, p.x);
      top = std::min(top, p.y);
      bottom = std::max(bottom, p.y);
    }
  if (!(left <= right)) return;
  auto within = [](double value, int low, int high) {
    return static_cast<int>(std::clamp(value, static_cast<double>(low), static_cast<double>(high)));
  };
  coverage_.start(within(std::floor(left), clip_left_, clip_right_), within(std::floor(top), clip_top_, clip_bottom_),
                  within(std::ceil(right), clip_left_, clip_right_),
                  within(std::ceil(bottom), clip_top_, clip_bottom_));
  for (const std::vector<Point>& contour : contours)
    for (std::size_t i = 0; i < contour.size(); ++i) coverage_.edge(contour[i], contour[(i + 1) % contour.size()]);
  const Colour colour = palette_[static_cast<std::size_t>(paint.ink)];
  for (int y = coverage_.top(); y < coverage_.bottom(); ++y) {
    const std::vector<float>& row = coverage_.row(y);
    for (int x = coverage_.left(); x < coverage_.right(); ++x) {
      const double covered = row[static_cast<std::size_t>(x - coverage_.left())] * paint.opacity;
      if (covered <= 0) continue;
      std::uint8_t* pixel = pixels_.at(x, y);
      const std::uint8_t parts[3] = {colour.red, colour.green, colour.blue};
      for (int k = 0; k < 3; ++k)
        pixel[k] = static_cast<std::uint8_t>(std::lround(pixel[k] + (parts[k] - pixel[k]) * covered));
    }
  }
}

void RasterCanvas::polygon(std::span<const Point> corners, Paint paint) {
  std::vector<Point> contour;
  for (Point p : corners) contour.push_back({p.x * scale_, p.y * scale_});
  fill({contour}, paint);
}

std::vector<Point> RasterCanvas::circle(Point centre, double radius) const {
  const int sides = std::clamp(static_cast<int>(radius * scale_ * 4), 8, 64);
  std::vector<Point> contour;
  for (int i = 0; i < sides; ++i) {
    const double angle = 2 * 3.14159265358979323846 * i / sides;
    contour.push_back({(centre.x + radius * std::cos(angle)) * scale_, (centre.y + radius * std::sin(angle)) * scale_});
  }
  return contour;
}

void RasterCanvas::rectangle(Box box, Paint paint, double radius) {
  radius = std::min({radius, box.width / 2, box.height / 2});
  std::vector<Point> contour;
  if (radius <= 0) {
    for (Point p : {Point{box.x, box.y}, {box.right(), box.y}, {box.right(), box.bottom()}, {box.x, box.bottom()}})
      contour.push_back({p.x * scale_, p.y * scale_});
  } else {
    for (int i = 0; i < 32; ++i) {
      const double angle = 2 * 3.14159265358979323846 * (i + 0.5) / 32;
      const double x = (i < 8 || i >= 24 ? box.right() - radius : box.x + radius) + radius * std::cos(angle);
      const double y = (i < 16 ? box.bottom() - radius : box.y + radius) + radius * std::sin(angle);
      contour.push_back({x * scale_, y * scale_});
    }
  }
  fill({contour}, paint);
}

namespace {

/// The pieces of a line that dashes leave.
std::vector<std::vector<Point>> dashed(std::span<const Point> points, double on, double off) {
  std::vector<std::vector<Point>> pieces = {{points[0]}};
  double left = on;
  bool is_on = true;
  for (std::size_t i = 1; i < points.size(); ++i) {
    Point from = points[i - 1];
    double length = std::hypot(points[i].x - from.x, points[i].y - from.y);
    while (length > left) {
      const double part = left / length;
      from = {from.x + part * (points[i].x - from.x), from.y + part * (points[i].y - from.y)};
      length -= left;
      if (is_on)
        pieces.back().push_back(from);
      else
        pieces.push_back({from});
      is_on = !is_on;
      left = is_on ? on : off;
    }
    left -= length;
    if (is_on) pieces.back().push_back(points[i]);
  }
  return pieces;
}

}  // namespace

void RasterCanvas::line(std::span<const Point> points, Paint paint, double width, Dash dash) {
  if (points.empty()) return;
  std::vector<std::vector<Point>> pieces = {{points.begin(), points.end()}};
  if (dash == Dash::dashed) pieces = dashed(points, 2.5 * width, 2.5 * width);
  if (dash == Dash::dotted) pieces = dashed(points, 0.1, 2.5 * width);
  // Straight lines of a frame are put on whole pixels, so that they are sharp.
  const bool is_straight =
      points.size() == 2 && (points[0].x == points[1].x || points[0].y == points[1].y) && dash == Dash::none;
  const double thick = is_straight ? std::max(1.0, std::round(width * scale_)) : width * scale_;
  auto placed = [&](double value, bool across) {
    if (!is_straight || !across) return value * scale_;
    const double half = static_cast<long>(thick) % 2 == 1 ? 0.5 : 0;
    return std::floor(value * scale_) + half;
  };
  std::vector<std::vector<Point>> contours;
  for (const std::vector<Point>& piece : pieces)
    for (std::size_t i = 0; i < piece.size(); ++i) {
      const bool across_x = is_straight && points[0].x == points[1].x, across_y = is_straight && !across_x;
      const Point to = {placed(piece[i].x, across_x), placed(piece[i].y, across_y)};
      if (!is_straight && thick > 1.2) {  // round joins and ends
        std::vector<Point> join = circle({to.x / scale_, to.y / scale_}, thick / 2 / scale_);
        contours.push_back(std::move(join));
      }
      if (i == 0) continue;
      const Point from = {placed(piece[i - 1].x, across_x), placed(piece[i - 1].y, across_y)};
      const double length = std::hypot(to.x - from.x, to.y - from.y);
      if (length == 0) continue;
      const double dx = (to.x - from.x) / length * thick / 2, dy = (to.y - from.y) / length * thick / 2;
      contours.push_back(
          {{from.x + dy, from.y - dx}, {to.x + dy, to.y - dx}, {to.x - dy, to.y + dx}, {from.x - dy, from.y + dx}});
    }
  fill(contours, paint);
}

void RasterCanvas::dot(Point centre, double radius, Paint paint) { fill({circle(centre, radius)}, paint); }

void RasterCanvas::text(Point place, std::string_view text, const TextStyle& style) {
  double along =
      style.anchor == Anchor::start ? 0 : -text_width(text, style.size) / (style.anchor == Anchor::middle ? 2 : 1);
  std::vector<std::vector<Point>> contours;
  const double unit = style.size / 1000;
  for (char32_t character : characters_of(text)) {
    const Glyph& glyph = glyph_of(character);
    auto placed = [&](double x, double y) -> Point {
      const double right = along + x * unit, up = y * unit;
      if (style.upwards) return {(place.x - up) * scale_, (place.y - right) * scale_};
      return {(place.x + right) * scale_, (place.y - up) * scale_};
    };
    const char* at = glyph.outline;
    char* next = nullptr;
    auto number = [&] {
      const double value = static_cast<double>(std::strtol(at, &next, 10));
      at = next;
      return value;
    };
    while (*at != '\0') {
      const char command = *at++;
      if (command == 'M') contours.emplace_back();
      if (command != 'Q') {
        const double x = number(), y = number();
        contours.back().push_back(placed(x, y));
        continue;
      }
      const double cx = number(), cy = number(), x = number(), y = number();
      const Point from = contours.back().back(), control = placed(cx, cy), to = placed(x, y);
      constexpr int kParts = 6;
      for (int i = 1; i <= kParts; ++i) {
        const double t = static_cast<double>(i) / kParts, s = 1 - t;
        contours.back().push_back({s * s * from.x + 2 * s * t * control.x + t * t * to.x,
                                   s * s * from.y + 2 * s * t * control.y + t * t * to.y});
      }
    }
    along += glyph.advance * unit;
  }
  fill(contours, style.ink);
}

void RasterCanvas::image(Box box, const Pixels& source) {
  const int left = static_cast<int>(std::lround(box.x * scale_)),
            right = static_cast<int>(std::lround(box.right() * scale_));
  const int top = static_cast<int>(std::lround(box.y * scale_)),
            bottom = static_cast<int>(std::lround(box.bottom() * scale_));
  if (source.width <= 0 || source.height <= 0) return;
  for (int y = std::max(top, clip_top_); y < std::min(bottom, clip_bottom_); ++y)
    for (int x = std::max(left, clip_left_); x < std::min(right, clip_right_); ++x) {
      const auto from_x = static_cast<int>((x - left) * static_cast<std::int64_t>(source.width) / (right - left));
      const auto from_y = static_cast<int>((y - top) * static_cast<std::int64_t>(source.height) / (bottom - top));
      const std::uint8_t* from = source.at(from_x, from_y);
      std::uint8_t* to = pixels_.at(x, y);
      const int opacity = source.channels == 4 ? from[3] : 255;
      for (int k = 0; k < 3; ++k) {
        const int value = source.channels == 1 ? from[0] : from[k];
        to[k] = static_cast<std::uint8_t>((value * opacity + to[k] * (255 - opacity) + 127) / 255);
      }
    }
}

void RasterCanvas::clip(Box box) {
  clip_left_ = std::clamp(static_cast<int>(std::lround(box.x * scale_)), 0, pixels_.width);
  clip_top_ = std::clamp(static_cast<int>(std::lround(box.y * scale_)), 0, pixels_.height);
  clip_right_ = std::clamp(static_cast<int>(std::lround(box.right() * scale_)), 0, pixels_.width);
  clip_bottom_ = std::clamp(static_cast<int>(std::lround(box.bottom() * scale_)), 0, pixels_.height);
}

void RasterCanvas::unclip() {
  clip_left_ = clip_top_ = 0;
  clip_right_ = pixels_.width;
  clip_bottom_ = pixels_.height;
}

}  // namespace xgrad::train::detail
