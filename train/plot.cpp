#include "plot.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "../autograd/tensor.hpp"
#include "detail/chart.hpp"
#include "detail/file.hpp"
#include "detail/font.hpp"
#include "detail/plot_access.hpp"
#include "detail/raster.hpp"
#include "detail/svg.hpp"

namespace xgrad XGRAD_API {
namespace train {

using detail::Mark;

Values::Values(std::vector<double> numbers) : numbers_(std::move(numbers)) {}
Values::Values(std::initializer_list<double> numbers) : numbers_(numbers) {}
Values::Values(const Tensor& tensor) : numbers_(tensor.to_vector<double>()) {}

// ---- Making it ----

Plot::Plot(PlotOptions options, SourceLocation where) : state_(nullptr) {
  check(options.width >= 80 && options.width <= 10000 && options.height >= 80 && options.height <= 10000, where,
        "Plot: its width and height must be in [80, 10000], but they are ", options.width, " and ", options.height,
        ".");
  check(options.scale >= 0.25 && options.scale <= 16, where, "Plot: scale must be in [0.25, 16], but it is ",
        options.scale, ".");
  for (const auto& [name, range, scale] : {std::tuple("x_range", options.x_range, options.x_scale),
                                           std::tuple("y_range", options.y_range, options.y_scale)}) {
    const bool is_given = range.low != 0 || range.high != 0;
    check(!is_given || (std::isfinite(range.low) && std::isfinite(range.high) && range.low < range.high), where,
          "Plot: ", name, " must begin below its end, but it is [", range.low, ", ", range.high, "].");
    check(!is_given || scale == AxisScale::linear || range.low > 0, where, "Plot: ", name,
          " of a logarithmic axis must begin above 0, but it begins at ", range.low, ".");
  }
  state_ = new State{std::move(options)};
}

Plot::Plot(const Plot& other) : state_(new State(*other.state_)) {}
Plot& Plot::operator=(Plot other) noexcept {
  std::swap(state_, other.state_);
  return *this;
}
Plot::~Plot() { delete state_; }

const PlotOptions& Plot::options() const { return state_->options; }

namespace {

void check_lengths(const char* what, std::size_t x, std::size_t y, SourceLocation where) {
  check(x == y, where, "Plot: ", what, " must have as many y as x, but there are ", y, " y and ", x, " x.");
}

std::vector<double> counted(std::size_t count) {
  std::vector<double> x(count);
  for (std::size_t i = 0; i < count; ++i) x[i] = static_cast<double>(i);
  return x;
}

}  // namespace

Plot& Plot::line(const std::string& name, const Values& y, const LineOptions& options, SourceLocation where) {
  return curve(name, counted(y.numbers().size()), y, options, where);
}

Plot& Plot::curve(const std::string& name, const Values& x, const Values& y, const LineOptions& options,
                  SourceLocation where) {
  check(!state_->is_heat_map, where, "Plot: a heat map must be by itself, but a line is added to it.");
  check_lengths("a line", x.numbers().size(), y.numbers().size(), where);
  check(options.smoothing >= 0 && options.smoothing < 1, where, "Plot: smoothing must be in [0, 1), but it is ",
        options.smoothing, ".");
  check(options.colour >= -1 && options.colour < detail::kSeriesColours, where,
        "Plot: colour must be in [-1, 7], but it is ", options.colour, ".");
  state_->marks.push_back({Mark::Kind::line, name, x.numbers(), y.numbers(), {}, options});
  return *this;
}

Plot& Plot::points(const std::string& name, const Values& x, const Values& y, SourceLocation where) {
  check(!state_->is_heat_map, where, "Plot: a heat map must be by itself, but points are added to it.");
  check_lengths("points", x.numbers().size(), y.numbers().size(), where);
  state_->marks.push_back({Mark::Kind::points, name, x.numbers(), y.numbers(), {}});
  return *this;
}

Plot& Plot::band(const Values& x, const Values& low, const Values& high, SourceLocation where) {
  check(!state_->is_heat_map, where, "Plot: a heat map must be by itself, but a band is added to it.");
  check_lengths("a band", x.numbers().size(), low.numbers().size(), where);
  check_lengths("a band", x.numbers().size(), high.numbers().size(), where);
  state_->marks.push_back({Mark::Kind::band, "", x.numbers(), low.numbers(), high.numbers()});
  return *this;
}

Plot& Plot::bars(const std::string& name, const Values& heights, SourceLocation where) {
  check(!state_->is_heat_map, where, "Plot: a heat map must be by itself, but bars are added to it.");
  check(state_->options.x_scale == AxisScale::linear, where,
        "Plot: bars stand at 0, 1, 2 ..., which must be on a linear axis, but x_scale is log.");
  state_->marks.push_back({Mark::Kind::bars, name, counted(heights.numbers().size()), heights.numbers(), {}});
  return *this;
}

Plot& Plot::histogram(const std::string& name, const Values& values, const PlotHistogramOptions& options,
                      SourceLocation where) {
  check(!state_->is_heat_map, where, "Plot: a heat map must be by itself, but a histogram is added to it.");
  check(options.bins >= 0 && options.bins <= 1000, where, "Plot: bins must be in [0, 1000], but it is ", options.bins,
        ".");
  const std::vector<double>& numbers = values.numbers();
  const auto lost = std::count_if(numbers.begin(), numbers.end(), [](double value) { return !std::isfinite(value); });
  const std::string full_name = lost == 0 ? name : concat(name, " (", lost, " not finite)");
  state_->marks.push_back({Mark::Kind::histogram, full_name, {}, numbers, {}, {}, options.bins});
  return *this;
}

Plot& Plot::heat_map(const Tensor& values, const HeatMapOptions& options, SourceLocation where) {
  check(state_->marks.empty() && !state_->is_heat_map, where,
        "Plot: a heat map must be by itself, but there is something in the plot already.");
  check(values.defined(), where, "Plot: a heat map's values must be a defined tensor, but it is default-constructed.");
  check(values.ndim() == 2, where, "Plot: a heat map's values must be a matrix, but they are ", values.shape(), ".");
  const std::int64_t rows = values.size(0), columns = values.size(1);
  check(rows <= 10000 && columns <= 10000, where,
        "Plot: a heat map must have at most 10000 rows and columns, but it is ", values.shape(), ".");
  check(options.rows.empty() || static_cast<std::int64_t>(options.rows.size()) == rows, where,
        "Plot: there must be a name for each row, but there are ", options.rows.size(), " for ", rows, ".");
  check(options.columns.empty() || static_cast<std::int64_t>(options.columns.size()) == columns, where,
        "Plot: there must be a name for each column, but there are ", options.columns.size(), " for ", columns, ".");
  state_->heat_map = {rows, columns, values.to_vector<double>(), options};
  state_->is_heat_map = true;
  return *this;
}

Plot& Plot::rule(double y, const std::string& text, SourceLocation where) {
  check(!state_->is_heat_map, where, "Plot: a heat map must be by itself, but a rule is added to it.");
  state_->marks.push_back({Mark::Kind::rule, text, {}, {y}, {}});
  return *this;
}

// ---- Showing it ----

std::string Plot::svg() const {
  const PlotOptions& options = state_->options;
  detail::SvgCanvas canvas(options.theme);
  state_->draw(canvas, {0, 0, options.width, options.height});
  return canvas.picture(options.width, options.height, options.title, false);
}

std::string Plot::png() const {
  const PlotOptions& options = state_->options;
  detail::RasterCanvas canvas(options.width, options.height, options.scale, options.theme);
  state_->draw(canvas, {0, 0, options.width, options.height});
  return png_of(canvas.pixels());
}

namespace {

template <class Picture>
void save_picture(const char* who, const Picture& picture, const std::string& path, SourceLocation where) {
  const std::string extension = detail::extension_of(path);
  check(extension == "svg" || extension == "png", where, who,
        ": a picture's file must end in .svg or .png, but it is '", path, "'.");
  detail::write_file(who, path, extension == "svg" ? picture.svg() : picture.png(), where);
}

}  // namespace

void Plot::save(const std::string& path, SourceLocation where) const { save_picture("Plot", *this, path, where); }

// ---- Panels ----

Panels::Panels(std::vector<Plot> plots, PanelsOptions options, SourceLocation where)
    : plots_(std::move(plots)), options_(std::move(options)) {
  check(!plots_->empty(), where, "Panels: there must be at least one plot, but there is none.");
  check(options_.columns >= 0, where, "Panels: columns must be at least 0, but it is ", options_.columns, ".");
  if (options_.columns == 0) options_.columns = static_cast<int>(std::min<std::size_t>(plots_->size(), 3));
}

namespace {

/// Where each panel stands: columns as wide as their widest, rows as high as their highest.
struct Placement {
  std::vector<detail::Box> boxes;
  double width = 0, height = 0;
};

Placement placed(const std::vector<Plot>& plots, const PanelsOptions& options) {
  const auto columns = static_cast<std::size_t>(options.columns);
  std::vector<double> widths(columns, 0), heights((plots.size() + columns - 1) / columns, 0);
  for (std::size_t i = 0; i < plots.size(); ++i) {
    widths[i % columns] = std::max(widths[i % columns], plots[i].options().width);
    heights[i / columns] = std::max(heights[i / columns], plots[i].options().height);
  }
  Placement placement;
  for (double width : widths) placement.width += width;
  const double top = options.title.empty() ? 0 : 40;
  double x = 0, y = top;
  for (std::size_t i = 0; i < plots.size(); ++i) {
    if (i % columns == 0 && i > 0) {
      x = 0;
      y += heights[i / columns - 1];
    }
    placement.boxes.push_back({x, y, widths[i % columns], heights[i / columns]});
    x += widths[i % columns];
  }
  placement.height = top;
  for (double height : heights) placement.height += height;
  return placement;
}

void draw_panels(detail::Canvas& canvas, const Placement& placement, const PanelsOptions& options) {
  canvas.rectangle({0, 0, placement.width, placement.height}, detail::Ink::background);
  if (!options.title.empty())
    canvas.text({14, 28}, detail::fitted(options.title, 18, placement.width - 28), {.size = 18});
}

}  // namespace

std::string Panels::svg() const {
  const Placement placement = placed(*plots_, options_);
  const Theme theme = (*plots_)[0].options().theme;
  detail::SvgCanvas canvas(theme);
  draw_panels(canvas, placement, options_);
  for (std::size_t i = 0; i < plots_->size(); ++i) (*plots_)[i].state_->draw(canvas, placement.boxes[i]);
  return canvas.picture(placement.width, placement.height, options_.title, false);
}

std::string Panels::png() const {
  const Placement placement = placed(*plots_, options_);
  const PlotOptions& first = (*plots_)[0].options();
  detail::RasterCanvas canvas(placement.width, placement.height, first.scale, first.theme);
  draw_panels(canvas, placement, options_);
  for (std::size_t i = 0; i < plots_->size(); ++i) (*plots_)[i].state_->draw(canvas, placement.boxes[i]);
  return png_of(canvas.pixels());
}

void Panels::save(const std::string& path, SourceLocation where) const { save_picture("Panels", *this, path, where); }

}  // namespace train
}  // namespace xgrad
