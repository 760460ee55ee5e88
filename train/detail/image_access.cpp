#include "image_access.hpp"

#include <algorithm>
#include <cmath>

#include "font.hpp"
#include "svg.hpp"

namespace xgrad::train {
namespace {

constexpr double kLabelSize = 11, kTitleSize = 15;

}  // namespace

detail::Pixels ImageAccess::image(const ImageGrid& grid, std::int64_t index) {
  const std::size_t size = static_cast<std::size_t>(grid.width_) * grid.height_ * grid.channels_;
  const auto* from = grid.pixels_->data() + static_cast<std::size_t>(index) * size;
  return {grid.width_, grid.height_, grid.channels_, {from, from + size}};
}

ImageAccess::Layout ImageAccess::layout_of(const ImageGrid& grid) {
  const ImageGridOptions& options = grid.options_;
  Layout layout;
  const auto count = static_cast<double>(grid.count_);
  layout.columns = options.columns > 0
                       ? static_cast<int>(std::min<std::int64_t>(options.columns, grid.count_))
                       : static_cast<int>(std::clamp(std::ceil(std::sqrt(count * grid.height_ / grid.width_)), 1.0,
                                                     std::min(count, 64.0)));
  layout.rows = static_cast<int>((grid.count_ + layout.columns - 1) / layout.columns);
  // About 640 pixels for all, and never less than one for an element.
  layout.zoom = options.zoom > 0 ? options.zoom
                                 : std::clamp(std::floor(640.0 / (layout.columns * (grid.width_ + 2.0))), 1.0, 12.0);
  layout.gap = options.padding * (options.zoom > 0 || layout.zoom < 2 ? 1.0 : std::min(layout.zoom, 3.0));
  layout.cell_width = grid.width_ * layout.zoom;
  layout.cell_height = grid.height_ * layout.zoom;
  layout.label_height = options.labels.empty() ? 0 : kLabelSize + 8;
  layout.left = layout.gap;
  layout.top = options.title.empty() ? layout.gap : 38;
  layout.width = layout.left + layout.columns * (layout.cell_width + layout.gap);
  if (!options.title.empty())
    layout.width = std::max(layout.width, std::min(detail::text_width(options.title, kTitleSize) + 28, 640.0));
  layout.height = layout.top + layout.rows * (layout.cell_height + layout.label_height + layout.gap);
  return layout;
}

void ImageAccess::draw(const ImageGrid& grid, const Layout& layout, detail::Canvas& canvas) {
  canvas.rectangle({0, 0, layout.width, layout.height}, detail::Ink::background);
  if (!grid.options_.title.empty())
    canvas.text({std::max(layout.gap, 8.0), 24}, detail::fitted(grid.options_.title, kTitleSize, layout.width - 16),
                {.size = kTitleSize});
  for (std::int64_t i = 0; i < grid.count_; ++i) {
    const double x = layout.left + static_cast<double>(i % layout.columns) * (layout.cell_width + layout.gap);
    const std::int64_t row = i / layout.columns;
    const double y = layout.top + static_cast<double>(row) * (layout.cell_height + layout.label_height + layout.gap);
    const auto k = static_cast<std::size_t>(i);
    const bool has_label = k < grid.options_.labels.size();
    if (has_label) canvas.describe(grid.options_.labels[k]);
    canvas.image({x, y, layout.cell_width, layout.cell_height}, image(grid, i));
    canvas.describe("");
    if (has_label)
      canvas.text({x + layout.cell_width / 2, y + layout.cell_height + kLabelSize + 2},
                  detail::fitted(grid.options_.labels[k], kLabelSize, layout.cell_width + layout.gap),
                  {.size = kLabelSize, .ink = detail::Ink::muted, .anchor = detail::Anchor::middle});
  }
}

std::string ImageAccess::svg_part(const ImageGrid& grid) {
  const Layout layout = layout_of(grid);
  detail::SvgCanvas canvas(Theme::automatic);
  draw(grid, layout, canvas);
  return canvas.picture(layout.width, layout.height, grid.options_.title, true);
}

}  // namespace xgrad::train
