// How logs and reports take images.
#pragma once

#include <string>

#include "../image.hpp"
#include "canvas.hpp"

namespace xgrad::train {

struct ImageAccess {
  /// One of the images, a pixel an element.
  static detail::Pixels image(const ImageGrid& grid, std::int64_t index);
  /// The grid as a part of a page that has svg_style() already.
  static std::string svg_part(const ImageGrid& grid);

  // ---- For image.cpp ----
  struct Layout {
    int columns, rows;
    double cell_width, cell_height, gap, label_height, left, top, width, height;
    double zoom;
  };
  static Layout layout_of(const ImageGrid& grid);
  static void draw(const ImageGrid& grid, const Layout& layout, detail::Canvas& canvas);
};

}  // namespace xgrad::train
