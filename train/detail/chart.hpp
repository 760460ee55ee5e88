// What a Plot is made of, and how it is laid out on a canvas.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "../plot.hpp"
#include "canvas.hpp"

namespace xgrad::train::detail {

struct Mark {
  enum class Kind : std::uint8_t { line, points, band, bars, histogram, rule } kind;
  std::string name;
  std::vector<double> x, y;  // of a histogram: y are its values
  std::vector<double> high;  // of a band
  LineOptions line = {};
  int bins = 0;
};

/// Draws a chart into the box: title, legend, axes and marks.
void draw_chart(Canvas& canvas, Box box, const PlotOptions& options, const std::vector<Mark>& marks);

// ---- What a heat map uses, too ----

/// The title; answers with what is left below it.
Box draw_title(Canvas& canvas, Box box, const std::string& title);
/// The labels of both axes, beside the frame.
void draw_axis_labels(Canvas& canvas, Box outer, Box frame, const PlotOptions& options);
/// Names under (or, turned, beside) the places x; answers whether they are turned.
bool names_are_turned(const std::vector<std::string>& names, double slot);
double turned_height(const std::vector<std::string>& names);
void draw_names_below(Canvas& canvas, Box frame, const std::vector<std::string>& names, double first, double slot);

inline constexpr double kTickSize = 11, kLabelSize = 12, kTitleSize = 15;
inline constexpr double kTitleHeight = 26, kLegendHeight = 20;

}  // namespace xgrad::train::detail
