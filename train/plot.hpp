// Plot: curves, points, bars, histograms and heat maps as SVG or PNG.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "../autograd/error.hpp"
#include "../autograd/hidden.hpp"
#include "theme.hpp"

namespace xgrad XGRAD_API {

class Tensor;

namespace train {

/// How an axis is divided.
enum class AxisScale : std::uint8_t {
  linear,
  log,  ///< by powers of ten; what is not above 0 is left out, as nan is
};

/// Numbers to draw: a vector, braces, or a tensor of any shape, whose elements are taken in order.
class Values {
 public:
  Values(std::vector<double> numbers);
  Values(std::initializer_list<double> numbers);
  template <class T>
  requires(std::is_arithmetic_v<T> && !std::same_as<T, double>) Values(const std::vector<T>& numbers) {
    numbers_.reserve(numbers.size());
    for (T number : numbers) numbers_.push_back(static_cast<double>(number));
  }
  Values(const Tensor& tensor);

  const std::vector<double>& numbers() const { return numbers_; }

 private:
  std::vector<double> numbers_;
};

/// Where an axis begins and ends. Both 0: as the numbers are.
struct Range {
  double low = 0, high = 0;
};

/// Options of a Plot.
struct PlotOptions {
  std::string title = {};
  std::string x_label = {};
  std::string y_label = {};
  AxisScale x_scale = AxisScale::linear;
  AxisScale y_scale = AxisScale::linear;
  Range x_range = {};
  Range y_range = {};
  std::vector<std::string> x_names = {};  ///< written at 0, 1, 2 ... in place of numbers
  double width = 640, height = 400;
  Theme theme = Theme::automatic;
  double scale = 2;    ///< pixels of a PNG for each unit of width and height
  bool legend = true;  ///< left out by itself where only one thing is named
};

/// Options of Plot::line().
struct LineOptions {
  bool dashed = false;
  bool points = false;   ///< marks each point
  double smoothing = 0;  ///< in [0, 1): draws the running mean m = s m + (1 - s) y, and the numbers themselves faintly
  int colour = -1;       ///< 0 ... 7; -1: the next one
};

/// Options of Plot::histogram().
struct PlotHistogramOptions {
  int bins = 0;  ///< 0: by the spread of the numbers (Freedman and Diaconis)
};

/// Options of Plot::heat_map().
struct HeatMapOptions {
  std::vector<std::string> rows = {}, columns = {};  ///< names; empty: numbers
  bool numbers = true;                               ///< writes each number into its cell, where there is room
  Range range = {};  ///< the palest and the strongest colour; where the numbers lie on both sides of 0, 0 is the palest
};

/// Plot is a picture of numbers with axes, made by one call after another and saved as SVG or PNG. Numbers that are nan
/// or infinite are gaps. SVG follows the scheme, light or dark, of the page it is shown in unless a theme is given.
/// Hovering over a point or a bar in a browser shows its number.
///
/// Example:
///
///     train::Plot({.title = "Loss", .x_label = "epoch", .y_scale = train::AxisScale::log})
///         .line("training", losses)
///         .line("validation", validation_losses)
///         .save("loss.svg");
class Plot final {
 public:
  /// Throws: std::invalid_argument for sizes and ranges that cannot be.
  explicit Plot(PlotOptions options = {}, SourceLocation where = SourceLocation::current());
  Plot(const Plot& other);  // moving is copying: what was moved from stays usable
  Plot& operator=(Plot other) noexcept;
  ~Plot();

  /// Adds a line through the numbers, at 0, 1, 2 ...; an empty name stays out of the legend.
  Plot& line(const std::string& name, const Values& y, const LineOptions& options = {},
             SourceLocation where = SourceLocation::current());
  /// Adds a line through points. Throws: std::invalid_argument where x and y differ in number.
  Plot& curve(const std::string& name, const Values& x, const Values& y, const LineOptions& options = {},
              SourceLocation where = SourceLocation::current());
  /// Adds points without a line.
  Plot& points(const std::string& name, const Values& x, const Values& y,
               SourceLocation where = SourceLocation::current());
  /// Adds the area between two curves, faintly: of the colour of the line that comes next.
  Plot& band(const Values& x, const Values& low, const Values& high, SourceLocation where = SourceLocation::current());
  /// Adds bars at 0, 1, 2 ..., named by PlotOptions::x_names; those of several calls stand side by side.
  Plot& bars(const std::string& name, const Values& heights, SourceLocation where = SourceLocation::current());
  /// Adds a histogram; several share their bins.
  Plot& histogram(const std::string& name, const Values& values, const PlotHistogramOptions& options = {},
                  SourceLocation where = SourceLocation::current());
  /// Makes the picture a heat map of a matrix [rows, columns], the first row on top; nothing else may be in it.
  Plot& heat_map(const Tensor& values, const HeatMapOptions& options = {},
                 SourceLocation where = SourceLocation::current());
  /// Adds a horizontal rule at a height, with a few words.
  Plot& rule(double y, const std::string& text, SourceLocation where = SourceLocation::current());

  const PlotOptions& options() const;
  /// The picture as SVG.
  std::string svg() const;
  /// The picture as PNG.
  std::string png() const;
  /// Writes a file, by its name SVG or PNG.
  /// Throws: std::invalid_argument for another ending, std::runtime_error where the file cannot be written.
  void save(const std::string& path, SourceLocation where = SourceLocation::current()) const;

 private:
  friend class Panels;
  friend struct PlotAccess;
  struct State;
  State* state_;
};

/// Options of Panels.
struct PanelsOptions {
  int columns = 0;  ///< 0: all in one row, but at most 3
  std::string title = {};
};

/// Panels is several plots in one picture, row after row; theme and scale are those of the first.
///
/// Example: `train::Panels({loss, accuracy}).save("run.png");`
class Panels final {
 public:
  /// Throws: std::invalid_argument without plots.
  explicit Panels(std::vector<Plot> plots, PanelsOptions options = {},
                  SourceLocation where = SourceLocation::current());

  std::string svg() const;
  std::string png() const;
  /// Writes a file, as Plot::save().
  void save(const std::string& path, SourceLocation where = SourceLocation::current()) const;

 private:
  internal::Hidden<std::vector<Plot>> plots_;
  PanelsOptions options_;
};

}  // namespace train
}  // namespace xgrad
