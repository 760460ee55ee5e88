#include "chart.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "font.hpp"
#include "ticks.hpp"

namespace xgrad::train::detail {

// ---- Axes ----

namespace {

/// log(a / b), where the quotient may be more or less than a double holds.
double log_ratio(double a, double b) {
  const double ratio = a / b;
  return std::isnormal(ratio) ? std::log(ratio) : std::log(a) - std::log(b);
}

/// One axis: from numbers to places.
class Axis {
 public:
  Axis(AxisScale scale, double low, double high) : is_log_(scale == AxisScale::log), low_(low), high_(high) {}

  /// Where it begins and ends on the canvas.
  void place(double from, double to) {
    from_ = from;
    to_ = to;
  }
  bool shows(double value) const { return std::isfinite(value) && (!is_log_ || value > 0); }
  double at(double value) const {
    const double share = is_log_ ? log_ratio(value, low_) / log_ratio(high_, low_) : share_of(value, low_, high_);
    return from_ + share * (to_ - from_);
  }
  double low() const { return low_; }
  double high() const { return high_; }
  bool is_log() const { return is_log_; }
  std::vector<Tick> ticks(int wanted, bool whole) const {
    return is_log_ ? log_ticks(low_, high_, wanted) : linear_ticks(low_, high_, wanted, whole);
  }

 private:
  bool is_log_;
  double low_, high_, from_ = 0, to_ = 1;
};

/// Collects what an axis must show.
struct Extent {
  double low = std::numeric_limits<double>::infinity(), high = -std::numeric_limits<double>::infinity();
  bool positive_only = false;
  void add(double value) {
    if (!std::isfinite(value) || (positive_only && value <= 0)) return;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  void add(const std::vector<double>& values) {
    for (double value : values) add(value);
  }
  bool is_empty() const { return !(low <= high); }
};

/// The axis of an extent, with some air, or as the user wants it.
Axis axis_of(Extent extent, AxisScale scale, const Range& wanted, double air) {
  double low = extent.low, high = extent.high;
  if (extent.is_empty()) {
    low = scale == AxisScale::log ? 0.1 : 0;
    high = 1;
  }
  // Near the ends of double's range there is no air.
  constexpr double kLargest = std::numeric_limits<double>::max(), kSmallest = std::numeric_limits<double>::denorm_min();
  if (scale == AxisScale::log) {
    const double factor = low == high ? 2 : std::exp(air * log_ratio(high, low));
    low = std::max(low / factor, kSmallest);
    high = std::min(high * factor, kLargest);
  }
  if (scale == AxisScale::linear) {
    const double some = low != high ? 2 * air * (high / 2 - low / 2) : low == 0 ? 1 : std::abs(low) * 0.1;
    low = std::max(low - some, -kLargest);
    high = std::min(high + some, kLargest);
  }
  // Of two neighbouring doubles, between which there is no number to be marked, some more are shown.
  const double largest = std::max(std::abs(low), std::abs(high)), spacing = largest - std::nextafter(largest, 0);
  if (high / 2 - low / 2 < 4 * spacing) {
    low = scale == AxisScale::log ? std::max(low - 8 * spacing, kSmallest) : std::max(low - 8 * spacing, -kLargest);
    high = std::min(high + 8 * spacing, kLargest);
  }
  if (wanted.low < wanted.high) {
    low = wanted.low;
    high = wanted.high;
  }
  return Axis(scale, low, high);
}

bool are_whole(const std::vector<double>& values) {
  return std::all_of(values.begin(), values.end(),
                     [](double value) { return !std::isfinite(value) || value == std::floor(value); });
}

double widest(const std::vector<Tick>& ticks) {
  double width = 0;
  for (const Tick& tick : ticks) width = std::max(width, text_width(tick.label, kTickSize));
  return width;
}

}  // namespace

// ---- What both kinds share ----

Box draw_title(Canvas& canvas, Box box, const std::string& title) {
  if (title.empty()) return {box.x, box.y + 8, box.width, box.height - 8};
  canvas.text({box.x + 14, box.y + 24}, fitted(title, kTitleSize, box.width - 28), {.size = kTitleSize});
  return {box.x, box.y + 10 + kTitleHeight, box.width, box.height - 10 - kTitleHeight};
}

void draw_axis_labels(Canvas& canvas, Box outer, Box frame, const PlotOptions& options) {
  if (!options.x_label.empty())
    canvas.text({frame.x + frame.width / 2, outer.bottom() - 10}, fitted(options.x_label, kLabelSize, frame.width),
                {.size = kLabelSize, .ink = Ink::muted, .anchor = Anchor::middle});
  if (!options.y_label.empty())
    canvas.text({outer.x + 18, frame.y + frame.height / 2}, fitted(options.y_label, kLabelSize, frame.height),
                {.size = kLabelSize, .ink = Ink::muted, .anchor = Anchor::middle, .upwards = true});
}

namespace {
constexpr double kLongestName = 150;
}

bool names_are_turned(const std::vector<std::string>& names, double slot) {
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& name) { return text_width(name, kTickSize) > slot - 4; });
}

double turned_height(const std::vector<std::string>& names) {
  double height = 0;
  for (const std::string& name : names) height = std::max(height, std::min(text_width(name, kTickSize), kLongestName));
  return height;
}

void draw_names_below(Canvas& canvas, Box frame, const std::vector<std::string>& names, double first, double slot) {
  const bool turned = names_are_turned(names, slot);
  // Where even turned names would touch, some are left out.
  const auto every = static_cast<std::size_t>(turned ? std::clamp(std::ceil((kTickSize + 2) / slot), 1.0, 1e9) : 1);
  for (std::size_t i = 0; i < names.size(); i += every) {
    const double x = first + static_cast<double>(i) * slot;
    if (x < frame.x - 1 || x > frame.right() + 1) continue;
    if (turned)
      canvas.text({x + kTickSize * 0.36, frame.bottom() + 7}, fitted(names[i], kTickSize, kLongestName),
                  {.size = kTickSize, .ink = Ink::muted, .anchor = Anchor::end, .upwards = true});
    else
      canvas.text({x, frame.bottom() + 17}, names[i], {.size = kTickSize, .ink = Ink::muted, .anchor = Anchor::middle});
  }
}

// ---- Charts ----

namespace {

/// The running mean of LineOptions::smoothing. It starts unbiased, as Adam's means do, and steps over gaps.
std::vector<double> smoothed(const std::vector<double>& values, double smoothing) {
  std::vector<double> result;
  double mean = 0, weight = 0;
  for (double value : values) {
    if (std::isfinite(value)) {
      mean = smoothing * mean + (1 - smoothing) * value;
      weight = smoothing * weight + (1 - smoothing);
    }
    result.push_back(std::isfinite(value) ? mean / weight : value);
  }
  return result;
}

/// Of very many points in order, for each column of pixels the first, the lowest, the highest and the last.
std::vector<Point> thinned(const std::vector<Point>& points) {
  if (points.size() < 4000) return points;
  for (std::size_t i = 1; i < points.size(); ++i)
    if (points[i].x < points[i - 1].x) return points;
  std::vector<Point> result;
  for (std::size_t i = 0; i < points.size();) {
    const double column = std::floor(points[i].x * 2);
    std::size_t low = i, high = i, end = i;
    for (; end < points.size() && std::floor(points[end].x * 2) == column; ++end) {
      if (points[end].y < points[low].y) low = end;
      if (points[end].y > points[high].y) high = end;
    }
    std::vector<std::size_t> kept = {i, low, high, end - 1};
    std::sort(kept.begin(), kept.end());
    kept.erase(std::unique(kept.begin(), kept.end()), kept.end());
    for (std::size_t k : kept) result.push_back(points[k]);
    i = end;
  }
  return result;
}

/// Bins that several histograms share. high - low may be more than a double holds.
struct Bins {
  double low = 0, high = 1;
  int count = 1;
  double edge(int i) const {
    if (i == count) return high;
    const double width = (high - low) / count;
    if (std::isfinite(width)) return low + i * width;
    return 2 * (low / 2 + (high / 2 - low / 2) / count * i);
  }
  /// The bin of a number that is within them.
  std::size_t bin_of(double value) const {
    const double width = (high - low) / count;
    const double place = std::isfinite(width) && width > 0 ? (value - low) / width : share_of(value, low, high) * count;
    return place > 0 ? static_cast<std::size_t>(std::min(std::floor(place), count - 1.0)) : 0;
  }
};

Bins bins_of(const std::vector<Mark>& marks) {
  std::vector<double> all;
  int wanted = 0;
  for (const Mark& mark : marks) {
    if (mark.kind != Mark::Kind::histogram) continue;
    wanted = std::max(wanted, mark.bins);
    for (double value : mark.y)
      if (std::isfinite(value)) all.push_back(value);
  }
  Bins bins;
  if (all.empty()) return bins;
  std::sort(all.begin(), all.end());
  const double low = all.front(), high = all.back();
  // Halves, of which the difference is never more than a double holds.
  const double spread = high / 2 - low / 2;
  if (!(spread / 1000 > 0)) {
    constexpr double kLargest = std::numeric_limits<double>::max();
    const double width = std::abs(low) < 1e-300 ? 1 : std::abs(low) * 0.1;
    bins.low = std::max(low - width / 2, -kLargest);
    bins.high = std::min(low + width / 2, kLargest);
    return bins;
  }
  const std::size_t n = all.size();
  const double quartiles = all[n * 3 / 4] / 2 - all[n / 4] / 2;
  const double by_spread = quartiles / std::cbrt(static_cast<double>(n)) * 2;
  const double count = wanted > 0      ? wanted
                       : by_spread > 0 ? std::ceil(spread / by_spread)
                                       : std::ceil(std::sqrt(static_cast<double>(n)));
  bins.count = static_cast<int>(std::clamp(count, wanted > 0 ? 1.0 : 5.0, wanted > 0 ? 1000.0 : 80.0));
  // Whole numbers of few values have a bin each.
  if (wanted == 0 && are_whole(all) && spread <= 40 && low - 0.5 < low && high + 0.5 > high) {
    bins.low = low - 0.5;
    bins.high = high + 0.5;
    bins.count = static_cast<int>(high - low) + 1;
    return bins;
  }
  bins.low = low;
  bins.high = high;
  return bins;
}

std::vector<double> counts_of(const std::vector<double>& values, const Bins& bins) {
  std::vector<double> counts(static_cast<std::size_t>(bins.count), 0);
  for (double value : values)
    if (std::isfinite(value)) ++counts[bins.bin_of(value)];
  return counts;
}

/// Which colour each mark has: bands share that of the next line.
std::vector<int> colours_of(const std::vector<Mark>& marks) {
  std::vector<int> colours;
  int next = 0;
  for (const Mark& mark : marks) {
    const bool has_own = mark.kind != Mark::Kind::rule;
    colours.push_back(mark.line.colour >= 0 ? mark.line.colour : next);
    if (has_own && mark.kind != Mark::Kind::band && mark.line.colour < 0) ++next;
  }
  return colours;
}

struct LegendItem {
  const Mark* mark;
  int colour;
  double x, y;
};

/// Names in rows that fill the width; answers with the height they take.
double place_legend(std::vector<LegendItem>& items, double width) {
  double x = 0, y = 0;
  for (LegendItem& item : items) {
    const double wide = 26 + std::min(text_width(item.mark->name, kTickSize), width - 26) + 16;
    if (x > 0 && x + wide - 16 > width) {
      x = 0;
      y += kLegendHeight;
    }
    item.x = x;
    item.y = y;
    x += wide;
  }
  return items.empty() ? 0 : y + kLegendHeight + 4;
}

class ChartPainter {
 public:
  ChartPainter(Canvas& canvas, const PlotOptions& options, const std::vector<Mark>& marks)
      : canvas_(canvas),
        options_(options),
        marks_(marks),
        colours_(colours_of(marks)),
        bins_(bins_of(marks)),
        x_(x_axis()),
        y_(y_axis()) {}

  void draw(Box box) {
    Box inner = draw_title(canvas_, box, options_.title);
    std::vector<LegendItem> legend = legend_items();
    const double legend_height = place_legend(legend, inner.width - 28);
    draw_legend(legend, {inner.x + 14, inner.y, inner.width - 28, legend_height});

    const bool whole_y = are_whole_y();
    frame_.y = inner.y + legend_height + 6;
    const double below = (options_.x_label.empty() ? 10 : 30) + 18;
    double bottom = box.bottom() - below;
    const auto y_ticks = y_.ticks(std::clamp(static_cast<int>((bottom - frame_.y) / 38), 2, 8), whole_y);
    left_ = box.x;
    frame_.x = box.x + (options_.y_label.empty() ? 10 : 28) + widest(y_ticks) + 8;
    frame_.width = std::max(box.right() - 16 - frame_.x, 10.0);
    // Names may need to be turned, and then take more of the height.
    slot_ = frame_.width / std::max(x_.high() - x_.low(), 1e-9);
    if (!options_.x_names.empty() && names_are_turned(options_.x_names, slot_))
      bottom -= turned_height(options_.x_names) - 8;
    frame_.height = std::max(bottom - frame_.y, 10.0);
    x_.place(frame_.x, frame_.right());
    y_.place(frame_.bottom(), frame_.y);

    draw_axes(whole_y);
    canvas_.clip({frame_.x - 4, frame_.y - 4, frame_.width + 8, frame_.height + 8});
    draw_marks();
    canvas_.unclip();
    draw_axis_labels(canvas_, box, frame_, options_);
  }

 private:
  bool has(Mark::Kind kind) const {
    return std::any_of(marks_.begin(), marks_.end(), [&](const Mark& mark) { return mark.kind == kind; });
  }

  Axis x_axis() const {
    Extent extent;
    extent.positive_only = options_.x_scale == AxisScale::log;
    for (const Mark& mark : marks_) {
      if (mark.kind == Mark::Kind::histogram) {
        extent.add(bins_.edge(0));
        extent.add(bins_.edge(bins_.count));
      } else if (mark.kind == Mark::Kind::bars) {
        if (!mark.y.empty()) {
          extent.add(-0.6);
          extent.add(static_cast<double>(mark.y.size()) - 0.4);
        }
      } else {
        extent.add(mark.x);
      }
    }
    if (!options_.x_names.empty() && !has(Mark::Kind::histogram)) {
      const double margin = has(Mark::Kind::bars) ? 0.6 : 0.3;
      extent.add(-margin);
      extent.add(static_cast<double>(options_.x_names.size()) - 1 + margin);
    }
    return axis_of(extent, options_.x_scale, options_.x_range, has(Mark::Kind::points) ? 0.03 : 0);
  }

  Axis y_axis() const {
    Extent extent;
    extent.positive_only = options_.y_scale == AxisScale::log;
    bool from_zero = false;
    for (const Mark& mark : marks_) {
      if (mark.kind == Mark::Kind::histogram) {
        extent.add(counts_of(mark.y, bins_));
        from_zero = true;
      } else {
        extent.add(mark.y);
        extent.add(mark.high);
        from_zero = from_zero || mark.kind == Mark::Kind::bars;
      }
    }
    if (from_zero) extent.add(0);
    Axis axis = axis_of(extent, options_.y_scale, options_.y_range, 0.05);
    const bool is_given = options_.y_range.low < options_.y_range.high;
    if (is_given || axis.is_log()) return axis;
    // Bars stand on 0, and curves of losses, which come near it and never go below, end there.
    if (extent.low >= 0 && (from_zero || (!extent.is_empty() && extent.low < 0.25 * extent.high)))
      return Axis(AxisScale::linear, 0, axis.high());
    if (from_zero && extent.high <= 0) return Axis(AxisScale::linear, axis.low(), 0);
    return axis;
  }

  bool are_whole_x() const {
    return std::all_of(marks_.begin(), marks_.end(),
                       [&](const Mark& mark) { return mark.kind != Mark::Kind::histogram && are_whole(mark.x); });
  }
  bool are_whole_y() const {
    return std::all_of(marks_.begin(), marks_.end(), [&](const Mark& mark) {
      return mark.kind == Mark::Kind::histogram || (are_whole(mark.y) && are_whole(mark.high));
    });
  }

  std::vector<LegendItem> legend_items() const {
    std::vector<LegendItem> items;
    if (!options_.legend) return items;
    for (std::size_t i = 0; i < marks_.size(); ++i)
      if (!marks_[i].name.empty() && marks_[i].kind != Mark::Kind::rule)
        items.push_back({&marks_[i], colours_[i], 0, 0});
    if (items.size() < 2) items.clear();
    return items;
  }

  void draw_legend(const std::vector<LegendItem>& items, Box box) {
    for (const LegendItem& item : items) {
      const double x = box.x + item.x, y = box.y + item.y + 8;
      const Mark& mark = *item.mark;
      if (mark.kind == Mark::Kind::line) {
        const Point ends[] = {{x + 1, y}, {x + 18, y}};
        canvas_.line(ends, Paint::series(item.colour), mark.line.dashed ? 2 : 2.5,
                     mark.line.dashed ? Dash::dashed : Dash::none);
      } else if (mark.kind == Mark::Kind::points) {
        canvas_.dot({x + 10, y}, 4, Paint::series(item.colour));
      } else {
        canvas_.rectangle({x + 4, y - 5.5, 11, 11},
                          Paint::series(item.colour, mark.kind == Mark::Kind::histogram ? 0.6 : 1), 2);
      }
      canvas_.text({x + 24, y + 4}, fitted(mark.name, kTickSize, box.width - 26), {.size = kTickSize});
    }
  }

  void draw_axes(bool whole_y) {
    for (const Tick& tick : y_.ticks(std::clamp(static_cast<int>(frame_.height / 38), 2, 8), whole_y)) {
      const double y = y_.at(tick.value);
      const Point ends[] = {{frame_.x, y}, {frame_.right(), y}};
      canvas_.line(ends, Ink::grid, tick.label.empty() ? 0.5 : 1);
      if (!tick.label.empty())
        canvas_.text({frame_.x - 8, y + kTickSize * 0.36}, tick.label,
                     {.size = kTickSize, .ink = Ink::muted, .anchor = Anchor::end});
    }
    const double base =
        !y_.is_log() && y_.low() < 0 && y_.high() > 0 && (has(Mark::Kind::bars)) ? y_.at(0) : frame_.bottom();
    const Point floor[] = {{frame_.x, base}, {frame_.right(), base}};
    if (!options_.x_names.empty()) {
      draw_names_below(canvas_, frame_, options_.x_names, x_.at(0), slot_);
    } else {
      const int wanted = std::clamp(static_cast<int>(frame_.width / 75), 2, 10);
      double taken = -1e9;
      for (const Tick& tick : x_.ticks(wanted, are_whole_x())) {
        const double x = x_.at(tick.value);
        const Point mark[] = {{x, frame_.bottom()}, {x, frame_.bottom() + (tick.label.empty() ? 2.5 : 4)}};
        canvas_.line(mark, Ink::axis, 1);
        const double half = text_width(tick.label, kTickSize) / 2;
        if (tick.label.empty()) continue;
        // Neither the first nor the last label shall leave the picture.
        const double middle = std::max(std::min(x, frame_.right() + 14 - half), left_ + 2 + half);
        if (middle - half < taken + 6) continue;
        taken = middle + half;
        canvas_.text({middle, frame_.bottom() + 17}, tick.label,
                     {.size = kTickSize, .ink = Ink::muted, .anchor = Anchor::middle});
      }
    }
    canvas_.line(floor, Ink::axis, 1);
  }

  /// The runs of points that can be shown.
  std::vector<std::vector<Point>> runs(const std::vector<double>& x, const std::vector<double>& y) const {
    std::vector<std::vector<Point>> result(1);
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (x_.shows(x[i]) && y_.shows(y[i]))
        result.back().push_back(held({x_.at(x[i]), y_.at(y[i])}));
      else if (!result.back().empty())
        result.emplace_back();
    }
    return result;
  }
  /// Far outside of the frame nothing is seen, and large numbers would only trouble who draws.
  Point held(Point p) const {
    return {std::clamp(p.x, frame_.x - 1e4, frame_.right() + 1e4),
            std::clamp(p.y, frame_.y - 1e4, frame_.bottom() + 1e4)};
  }

  /// Of a step all digits; of what is none about those of a float32.
  static std::string place_text(double x) { return readable(x, x == std::floor(x) ? 15 : 7); }

  std::string named(const Mark& mark, double x, double y) const {
    const auto index = static_cast<std::size_t>(std::clamp(x, 0.0, 1e15));
    const std::string place =
        x == std::floor(x) && index < options_.x_names.size() ? options_.x_names[index] : place_text(x);
    return (mark.name.empty() ? "" : mark.name + "\n") + place + ": " + readable(y);
  }

  void draw_line(const Mark& mark, int colour) {
    const bool is_smooth = mark.line.smoothing > 0;
    if (is_smooth)
      for (const auto& run : runs(mark.x, mark.y)) canvas_.line(thinned(run), Paint::series(colour, 0.28), 1.2);
    const std::vector<double> y = is_smooth ? smoothed(mark.y, mark.line.smoothing) : mark.y;
    for (const auto& run : runs(mark.x, y)) {
      if (run.size() == 1) canvas_.dot(run[0], 3, Paint::series(colour));
      if (run.size() > 1)
        canvas_.line(thinned(run), Paint::series(colour), 2, mark.line.dashed ? Dash::dashed : Dash::none);
    }
    const std::size_t shown = mark.x.size();
    if (!mark.line.points && shown > 60) return;
    for (std::size_t i = 0; i < shown; ++i) {
      if (!x_.shows(mark.x[i]) || !y_.shows(y[i])) continue;
      canvas_.describe(named(mark, mark.x[i], y[i]));
      // Points that are not asked for can be hovered over all the same.
      canvas_.dot(held({x_.at(mark.x[i]), y_.at(y[i])}), mark.line.points ? 3 : 6,
                  Paint::series(colour, mark.line.points ? 1 : 0));
      canvas_.describe("");
    }
  }

  void draw_bars(const Mark& mark, int colour, int which, int groups) {
    for (std::size_t i = 0; i < mark.y.size(); ++i) {
      if (!y_.shows(mark.y[i])) continue;
      const double base = y_.is_log() ? frame_.bottom() : std::clamp(y_.at(0), frame_.y, frame_.bottom());
      const double to = held({0, y_.at(mark.y[i])}).y;
      // Both ends, and not one and the width, which may be beyond all numbers.
      const double from = static_cast<double>(i) - 0.4 + 0.8 * which / groups;
      const double left = held({x_.at(from), 0}).x, width = held({x_.at(from + 0.8 / groups), 0}).x - left;
      canvas_.describe(named(mark, static_cast<double>(i), mark.y[i]));
      canvas_.rectangle({left, std::min(base, to), std::max(width - (groups > 1 ? 1 : 0), 0.5), std::abs(base - to)},
                        Paint::series(colour), std::min(2.0, width / 4));
      canvas_.describe("");
    }
  }

  void draw_histogram(const Mark& mark, int colour) {
    const std::vector<double> counts = counts_of(mark.y, bins_);
    const double base = frame_.bottom();
    for (int i = 0; i < bins_.count; ++i) {
      const double count = counts[static_cast<std::size_t>(i)];
      if (count == 0 || !y_.shows(count) || (x_.is_log() && bins_.edge(i) <= 0)) continue;
      const Point corner = held({x_.at(bins_.edge(i)), y_.at(count)});
      const double left = corner.x, right = held({x_.at(bins_.edge(i + 1)), 0}).x;
      const int digits = digits_between(bins_.edge(i), bins_.edge(i + 1));
      canvas_.describe(readable(bins_.edge(i), digits) + " … " + readable(bins_.edge(i + 1), digits) + ": " +
                       readable(count, 9));
      canvas_.rectangle({left, corner.y, std::max(right - left - (right - left > 4 ? 1 : 0), 0.3), base - corner.y},
                        Paint::series(colour, 0.6));
      canvas_.describe("");
    }
  }

  void draw_band(const Mark& mark, int colour) {
    std::vector<Point> around, back;
    auto close = [&] {
      around.insert(around.end(), back.rbegin(), back.rend());
      if (around.size() > 2) canvas_.polygon(around, Paint::series(colour, 0.18));
      around.clear();
      back.clear();
    };
    for (std::size_t i = 0; i < mark.x.size(); ++i) {
      if (!x_.shows(mark.x[i]) || !y_.shows(mark.y[i]) || !y_.shows(mark.high[i])) {
        close();
        continue;
      }
      around.push_back(held({x_.at(mark.x[i]), y_.at(mark.y[i])}));
      back.push_back(held({x_.at(mark.x[i]), y_.at(mark.high[i])}));
    }
    close();
  }

  void draw_marks() {
    int groups = 0, group = 0;
    for (const Mark& mark : marks_) groups += mark.kind == Mark::Kind::bars ? 1 : 0;
    for (std::size_t i = 0; i < marks_.size(); ++i) {
      const Mark& mark = marks_[i];
      switch (mark.kind) {
        case Mark::Kind::band:
          draw_band(mark, colours_[i]);
          break;
        case Mark::Kind::bars:
          draw_bars(mark, colours_[i], group++, groups);
          break;
        case Mark::Kind::histogram:
          draw_histogram(mark, colours_[i]);
          break;
        case Mark::Kind::line:
          draw_line(mark, colours_[i]);
          break;
        case Mark::Kind::points:
          for (std::size_t k = 0; k < mark.x.size(); ++k) {
            if (!x_.shows(mark.x[k]) || !y_.shows(mark.y[k])) continue;
            if (mark.x.size() <= 1000) canvas_.describe(named(mark, mark.x[k], mark.y[k]));
            canvas_.dot(held({x_.at(mark.x[k]), y_.at(mark.y[k])}), 3, Paint::series(colours_[i], 0.75));
            canvas_.describe("");
          }
          break;
        case Mark::Kind::rule: {
          if (!y_.shows(mark.y[0])) break;
          const double y = held({0, y_.at(mark.y[0])}).y;
          const Point ends[] = {{frame_.x, y}, {frame_.right(), y}};
          canvas_.line(ends, Ink::muted, 1.2, Dash::dashed);
          canvas_.text({frame_.right() - 4, y - 5}, fitted(mark.name, kTickSize, frame_.width - 8),
                       {.size = kTickSize, .ink = Ink::muted, .anchor = Anchor::end});
          break;
        }
      }
    }
  }

  Canvas& canvas_;
  const PlotOptions& options_;
  const std::vector<Mark>& marks_;
  std::vector<int> colours_;
  Bins bins_;
  Axis x_, y_;
  Box frame_ = {};
  double left_ = 0, slot_ = 1;
};

}  // namespace

void draw_chart(Canvas& canvas, Box box, const PlotOptions& options, const std::vector<Mark>& marks) {
  ChartPainter(canvas, options, marks).draw(box);
}

}  // namespace xgrad::train::detail
