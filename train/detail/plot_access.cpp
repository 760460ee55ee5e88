#include "plot_access.hpp"

#include "svg.hpp"

namespace xgrad::train {

void Plot::State::draw(detail::Canvas& canvas, detail::Box box) const {
  canvas.rectangle(box, detail::Ink::background);
  if (is_heat_map)
    draw_heat_map(canvas, box, options, heat_map);
  else
    draw_chart(canvas, box, options, marks);
}

std::string PlotAccess::svg_part(const Plot& plot) {
  const PlotOptions& options = plot.state_->options;
  detail::SvgCanvas canvas(Theme::automatic);
  plot.state_->draw(canvas, {0, 0, options.width, options.height});
  return canvas.picture(options.width, options.height, options.title, true);
}

}  // namespace xgrad::train
