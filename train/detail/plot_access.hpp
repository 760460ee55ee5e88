// How a report takes plots into its page.
#pragma once

#include <string>

#include "../plot.hpp"

namespace xgrad::train {

struct PlotAccess {
  /// The plot as a part of a page that has svg_style() already.
  static std::string svg_part(const Plot& plot);
};

}  // namespace xgrad::train
