// A Plot that is a heat map, and how it is laid out on a canvas.
#pragma once

#include <cstdint>
#include <vector>

#include "../plot.hpp"
#include "canvas.hpp"

namespace xgrad::train::detail {

struct HeatMap {
  std::int64_t rows = 0, columns = 0;
  std::vector<double> values;
  HeatMapOptions options;
};

/// Draws a heat map with its scale of colours.
void draw_heat_map(Canvas& canvas, Box box, const PlotOptions& options, const HeatMap& map);

}  // namespace xgrad::train::detail
