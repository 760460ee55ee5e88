// What a Plot holds, and how a report takes plots into its page.
#pragma once

#include <string>
#include <vector>

#include "../plot.hpp"
#include "canvas.hpp"
#include "chart.hpp"
#include "heat_map.hpp"

namespace xgrad::train {

struct Plot::State {
  PlotOptions options;
  std::vector<detail::Mark> marks = {};
  detail::HeatMap heat_map = {};
  bool is_heat_map = false;

  void draw(detail::Canvas& canvas, detail::Box box) const;
};

struct PlotAccess {
  /// The plot as a part of a page that has svg_style() already.
  static std::string svg_part(const Plot& plot);
};

}  // namespace xgrad::train
