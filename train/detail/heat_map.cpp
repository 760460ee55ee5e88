#include "heat_map.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "chart.hpp"
#include "font.hpp"
#include "ticks.hpp"

namespace xgrad::train::detail {
namespace {

/// From numbers to shares of one colour, or of two where they lie on both sides of 0.
struct Shades {
  double low = 0, high = 1;
  bool both_sides = false;

  explicit Shades(const HeatMap& map) {
    low = std::numeric_limits<double>::infinity();
    high = -low;
    for (double value : map.values)
      if (std::isfinite(value)) {
        low = std::min(low, value);
        high = std::max(high, value);
      }
    if (!(low <= high)) low = 0, high = 1;
    if (map.options.range.low < map.options.range.high) low = map.options.range.low, high = map.options.range.high;
    both_sides = low < 0 && high > 0;
    // Counts and shares begin at 0, so that the palest colour means none.
    if (!both_sides && low > 0 && low < high / 2) low = 0;
    if (both_sides) {
      high = std::max(high, -low);
      low = -high;
    }
    if (low == high) {
      // Of large numbers the next one is farther away than 1.
      high = low + std::max(1.0, std::abs(low) * 0.1);
      if (!std::isfinite(high)) high = low, low *= 0.9;
    }
  }
  double share(double value) const {
    if (both_sides) return std::clamp(std::abs(value) / high, 0.0, 1.0);
    return std::clamp((value - low) / (high - low), 0.0, 1.0);
  }
  Paint paint(double value) const {
    if (!std::isfinite(value)) return Paint(Ink::missing);
    return Paint(both_sides && value < 0 ? Ink::cold : Ink::hot, 0.04 + 0.96 * share(value));
  }
  /// What is written on that colour.
  Ink on(double value) const { return std::isfinite(value) && share(value) > 0.55 ? Ink::on_strong : Ink::text; }
};

std::vector<std::string> names_or_numbers(const std::vector<std::string>& names, std::int64_t count) {
  if (!names.empty()) return names;
  std::vector<std::string> numbers;
  for (std::int64_t i = 0; i < count; ++i) numbers.push_back(std::to_string(i));
  return numbers;
}

/// Too many cells for rectangles: pixels, whose opacity is the shade, so that they fit light and dark alike.
Pixels pixels_of(const HeatMap& map, const Shades& shades, Theme theme) {
  Pixels pixels{static_cast<int>(map.columns), static_cast<int>(map.rows), 4, {}};
  for (double value : map.values) {
    const Paint paint = shades.paint(value);
    const Colour colour = palette_of(theme)[static_cast<std::size_t>(paint.ink)];
    pixels.values.insert(pixels.values.end(), {colour.red, colour.green, colour.blue,
                                               static_cast<std::uint8_t>(std::lround(255 * paint.opacity))});
  }
  return pixels;
}

}  // namespace

void draw_heat_map(Canvas& canvas, Box box, const PlotOptions& options, const HeatMap& map) {
  const Box inner = draw_title(canvas, box, options.title);
  const Shades shades(map);
  const auto rows = names_or_numbers(map.options.rows, map.rows),
             columns = names_or_numbers(map.options.columns, map.columns);

  double names_width = 0;
  for (const std::string& name : rows) names_width = std::max(names_width, text_width(name, kTickSize));
  names_width = std::min(names_width, inner.width * 0.3);
  const int digits = digits_between(shades.low, shades.high, 3);
  const std::string low = readable(shades.low, digits), high = readable(shades.high, digits);
  const double scale_width = 14 + 6 + std::max(text_width(low, kTickSize), text_width(high, kTickSize)) + 16;
  Box frame;
  frame.x = box.x + (options.y_label.empty() ? 14 : 32) + names_width + 8;
  frame.y = inner.y + 4;
  frame.width = std::max(box.right() - scale_width - 16 - frame.x, 10.0);
  const auto n = static_cast<double>(map.columns), m = static_cast<double>(map.rows);
  double below = (options.x_label.empty() ? 10 : 30) + 18;
  if (map.columns > 0 && names_are_turned(columns, frame.width / n)) below += turned_height(columns) - 8;
  frame.height = std::max(box.bottom() - below - frame.y, 10.0);
  if (map.rows == 0 || map.columns == 0) return;
  const double wide = frame.width / n, tall = frame.height / m;

  if (map.rows * map.columns > 4096) {
    canvas.image(frame, pixels_of(map, shades, options.theme));
  } else {
    for (std::int64_t i = 0; i < map.rows; ++i)
      for (std::int64_t k = 0; k < map.columns; ++k) {
        const double value = map.values[static_cast<std::size_t>(i * map.columns + k)];
        const Box cell = {frame.x + static_cast<double>(k) * wide, frame.y + static_cast<double>(i) * tall, wide, tall};
        const double gap = std::min({1.0, wide / 10, tall / 10});
        canvas.describe(rows[static_cast<std::size_t>(i)] + ", " + columns[static_cast<std::size_t>(k)] + ": " +
                        readable(value, std::max(digits, 4)));
        canvas.rectangle({cell.x + gap / 2, cell.y + gap / 2, wide - gap, tall - gap}, shades.paint(value),
                         wide > 20 && tall > 14 ? 2 : 0);
        canvas.describe("");
        const std::string text = readable(value, digits);
        const double size = std::min(kTickSize, tall * 0.6);
        if (map.options.numbers && size >= 7 && text_width(text, size) <= wide - 4)
          canvas.text({cell.x + wide / 2, cell.y + tall / 2 + size * 0.36}, text,
                      {.size = size, .ink = shades.on(value), .anchor = Anchor::middle});
      }
  }

  const auto every = static_cast<std::size_t>(std::max(1.0, std::ceil((kTickSize + 2) / tall)));
  for (std::size_t i = 0; i < rows.size(); i += every)
    canvas.text({frame.x - 8, frame.y + (static_cast<double>(i) + 0.5) * tall + kTickSize * 0.36},
                fitted(rows[i], kTickSize, names_width + 1),
                {.size = kTickSize, .ink = Ink::muted, .anchor = Anchor::end});
  if (map.options.columns.empty() && names_are_turned(columns, wide)) {
    // Numbers of many columns: only as many as there is room for.
    const auto step = static_cast<std::size_t>(std::ceil((text_width(columns.back(), kTickSize) + 8) / wide));
    for (std::size_t k = 0; k < columns.size(); k += step)
      canvas.text({frame.x + (static_cast<double>(k) + 0.5) * wide, frame.bottom() + 17}, columns[k],
                  {.size = kTickSize, .ink = Ink::muted, .anchor = Anchor::middle});
  } else {
    draw_names_below(canvas, frame, columns, frame.x + wide / 2, wide);
  }

  const Box bar = {frame.right() + 14, frame.y, 14, frame.height};
  // Steps that begin at whole places, for where two meet within a pixel both would show.
  const int steps = static_cast<int>(std::clamp(bar.height / 4, 8.0, 64.0));
  for (int i = 0; i < steps; ++i) {
    const double part = (i + 0.5) / steps;  // high - low may be more than a double holds
    const double value = shades.high * (1 - part) + shades.low * part;
    const double from = std::round(bar.y + bar.height * i / steps),
                 to = std::round(bar.y + bar.height * (i + 1) / steps);
    canvas.rectangle({bar.x, from, bar.width, to - from}, shades.paint(value));
  }
  canvas.text({bar.right() + 6, bar.y + kTickSize * 0.8}, high, {.size = kTickSize, .ink = Ink::muted});
  if (shades.both_sides)
    canvas.text({bar.right() + 6, bar.y + bar.height / 2 + kTickSize * 0.36}, "0",
                {.size = kTickSize, .ink = Ink::muted});
  canvas.text({bar.right() + 6, bar.bottom()}, low, {.size = kTickSize, .ink = Ink::muted});
  draw_axis_labels(canvas, box, frame, options);
}

}  // namespace xgrad::train::detail
