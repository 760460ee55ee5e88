// Plots: what is in the picture, at its edges, and that files hold it.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <regex>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <xgrad/xgrad.hpp>
#include "../catch.hpp"
#include "../support.hpp"
#include "message.hpp"
#include "png.hpp"
#include "xml.hpp"

using namespace xgrad;
using testing::message_of;
using testing::texts_of;
using train::AxisScale;
using train::Plot;
using train::Theme;

namespace {

const double kNan = std::numeric_limits<double>::quiet_NaN(), kInfinity = std::numeric_limits<double>::infinity();

bool contains(const std::vector<std::string>& list, const std::string& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

const TensorOptions kDouble = {.dtype = DType::float64};

int count_of(const std::string& text, const std::string& part) {
  int count = 0;
  for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++count;
  return count;
}

/// How many pixels of a picture have a colour.
int pixels_of(const testing::Png& png, const std::vector<int>& colour) {
  int count = 0;
  for (int y = 0; y < png.height; ++y)
    for (int x = 0; x < png.width; ++x) count += png.at(x, y) == colour ? 1 : 0;
  return count;
}

/// A label of an axis, where its mark stands, and where it stands itself.
struct Label {
  std::string text;
  double mark, place;
};

/// The labels of one axis: each follows its mark.
std::vector<Label> labels_of(const std::string& svg, bool of_x) {
  std::vector<Label> labels;
  std::istringstream lines(svg);
  double x = 0, y = 0;
  for (std::string line; std::getline(lines, line);) {
    double at = 0;
    std::sscanf(line.c_str(), "<path fill=\"none\" d=\"M%lf %lfL", &x, &y);
    if (std::sscanf(line.c_str(), "<text x=\"%lf\"", &at) != 1) continue;
    if (line.find(of_x ? "\"middle\"" : "\"end\"") != line.npos)
      labels.push_back({texts_of(line).at(0), of_x ? x : y, at});
  }
  return labels;
}

/// The number that a label says, and nothing about the axis: "−2.5k", "0.25·10⁻⁵", "10³".
double number_in(const std::string& label) {
  std::string text = label, exponent = "0";
  auto replace = [](std::string& where, const std::string& from, const std::string& to) {
    for (std::size_t at = where.find(from); at != where.npos; at = where.find(from)) where.replace(at, from.size(), to);
  };
  replace(text, "−", "-");
  const std::size_t dot = text.find("·10");
  const bool is_power = text.starts_with("10") && text.size() > 2 && static_cast<unsigned char>(text[2]) >= 0x80;
  if (dot != text.npos || is_power) {
    exponent = is_power ? text.substr(2) : text.substr(dot + 4);
    text = is_power ? "1" : text.substr(0, dot);
    const std::vector<std::string> digits = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
    for (std::size_t i = 0; i < digits.size(); ++i) replace(exponent, digits[i], std::to_string(i));
    replace(exponent, "⁻", "-");
  }
  const std::string letters = "kMGT";
  if (const std::size_t letter = letters.find(text.back()); letter != letters.npos) {
    text.pop_back();
    exponent = std::to_string(3 * (letter + 1));
  }
  const std::string all = text + "e" + exponent;
  char* end = nullptr;
  const double value = std::strtod(all.c_str(), &end);
  if (*end != 0) throw std::runtime_error("no number: " + label);
  return value;
}

/// The places of the first path that is 2 wide, a line's.
std::vector<std::pair<double, double>> line_in(const std::string& svg) {
  std::istringstream lines(svg);
  for (std::string line; std::getline(lines, line);) {
    if (line.find("stroke-width=\"2\"") == line.npos) continue;
    std::vector<std::pair<double, double>> places;
    for (std::size_t at = line.find_first_of("ML"); at != line.npos; at = line.find_first_of("ML", at + 1)) {
      double x = 0, y = 0;
      if (std::sscanf(line.c_str() + at + 1, "%lf %lf", &x, &y) == 2) places.emplace_back(x, y);
    }
    return places;
  }
  return {};
}

/// How far a number stands from `low` on the way to `high`, whose difference may be more than a double holds.
double share_of(double value, double low, double high, AxisScale scale) {
  if (scale == AxisScale::log) return (std::log(value) - std::log(low)) / (std::log(high) - std::log(low));
  const double by = std::isfinite(high - low) ? 1 : 4;
  return (value / by - low / by) / (high / by - low / by);
}

/// Each label of both axes says the number at its mark, and no two of an axis the same; how many there are.
std::size_t check_labels(double low, double high, AxisScale scale) {
  Plot plot({.x_scale = scale, .y_scale = scale, .x_range = {low, high}, .y_range = {low, high}});
  plot.curve("", {low, high}, {low, high});
  const std::string svg = plot.svg();
  const auto ends = line_in(svg);
  REQUIRE(ends.size() == 2);
  std::size_t count = 0;
  for (bool of_x : {true, false}) {
    const double from = of_x ? ends[0].first : ends[0].second, to = of_x ? ends[1].first : ends[1].second;
    std::set<std::string> texts;
    const std::vector<Label> labels = labels_of(svg, of_x);
    for (const Label& label : labels) {
      texts.insert(label.text);
      const double said = share_of(number_in(label.text), low, high, scale), drawn = (label.mark - from) / (to - from);
      if (std::abs(said - drawn) < 1e-4) continue;
      INFO((of_x ? "x" : "y") << " in [" << low << ", " << high << "]: '" << label.text << "' at " << drawn);
      CHECK(said == Approx(drawn).margin(1e-4));
    }
    if (texts.size() != labels.size()) {
      INFO((of_x ? "x" : "y") << " in [" << low << ", " << high << "]");
      CHECK(texts.size() == labels.size());
    }
    count += labels.size();
  }
  return count;
}

const std::vector<int> kWhite = {255, 255, 255}, kBlue = {0x1F, 0x6F, 0xD6}, kOrange = {0xDD, 0x5A, 0x1F};

}  // namespace

TEST_CASE("plot: a line has a title, labels, round ticks and a legend where two things are named", "[plot]") {
  Plot plot({.title = "Loss <1> & more", .x_label = "epoch", .y_label = "cross entropy"});
  plot.line("training", {2.5, 1.0, 0.5, 0.25});
  std::vector<std::string> texts = texts_of(plot.svg());
  for (const char* text : {"Loss <1> & more", "epoch", "cross entropy", "0", "1", "2", "3", "0.5", "2.5"}) {
    INFO(text);
    CHECK(contains(texts, text));
  }
  CHECK_FALSE(contains(texts, "training"));
  CHECK_FALSE(contains(texts, "1.5e0"));
  CHECK_FALSE(contains(texts, "0.25"));
  plot.line("validation", {2.6, 1.2, 0.9, 0.8});
  texts = texts_of(plot.svg());
  CHECK(contains(texts, "training"));
  CHECK(contains(texts, "validation"));
}

TEST_CASE("plot: a line goes through its points", "[plot]") {
  // With given ranges the frame's corners are the ends of the diagonal.
  Plot plot({.x_range = {0, 4}, .y_range = {0, 8}, .theme = Theme::light});
  plot.curve("", {0, 1, 4}, {0, 2, 8});
  std::smatch match;
  const std::string svg = plot.svg();
  REQUIRE(std::regex_search(
      svg, match, std::regex(R"re(d="M([\d.]+) ([\d.]+)L([\d.]+) ([\d.]+)L([\d.]+) ([\d.]+)" stroke-width="2")re")));
  std::vector<double> p;
  for (int i = 1; i <= 6; ++i) p.push_back(std::stod(match[i]));
  CHECK(p[2] - p[0] == Approx((p[4] - p[0]) / 4).margin(0.02));
  CHECK(p[1] - p[3] == Approx((p[1] - p[5]) / 4).margin(0.02));
  CHECK(p[4] > p[0]);
  CHECK(p[5] < p[1]);
}

TEST_CASE("plot: a logarithmic axis", "[plot]") {
  Plot plot({.y_scale = AxisScale::log});
  plot.line("", {1e-7, 1e-3, 0, -4, 10});
  const std::vector<std::string> texts = texts_of(plot.svg());
  CHECK(contains(texts, "10⁻⁶"));
  CHECK(contains(texts, "1"));
  CHECK_FALSE(contains(texts, "0.01"));  // all as powers, as one is

  Plot narrow({.y_scale = AxisScale::log});
  narrow.line("", {0.3, 4});
  CHECK(contains(texts_of(narrow.svg()), "0.5"));
  CHECK(contains(texts_of(narrow.svg()), "2"));
  Plot nothing({.y_scale = AxisScale::log});
  nothing.line("", {0, -1});  // nothing that a logarithm could show
  CHECK(contains(texts_of(nothing.svg()), "0.1"));
}

TEST_CASE("plot: each label of an axis says the number at its mark", "[plot]") {
  Plot plot;
  plot.line("", {0, 17400});
  std::vector<std::string> texts;
  for (const Label& label : labels_of(plot.svg(), false)) texts.push_back(label.text);
  CHECK(texts == std::vector<std::string>{"0", "2.5k", "5.0k", "7.5k", "10.0k", "12.5k", "15.0k", "17.5k"});
  std::size_t count = 0, axes = 0;
  for (double size : {1e-300, 1e-16, 1e-5, 1e-4, 0.01, 1.,   100., 1e3,  1e4,   1e5,
                      1e6,    1e8,   1e9,  1e12, 1e14, 1e15, 1e16, 1e22, 1e100, 1e307})
    for (double mantissa = 1; mantissa < 10; mantissa += 0.37) {
      const double high = size * mantissa;
      for (double low : {0.0, -0.3 * high, -high, 0.5 * high, 0.97 * high, (1 - 1e-6) * high, (1 - 1e-12) * high}) {
        count += check_labels(low, high, AxisScale::linear);
        ++axes;
      }
      for (double low : {high / 1.01, high / 1.7, high / 3, high / 30, high / 4e3, high / 2e9}) {
        if (low < 1e-307) continue;
        count += check_labels(low, high, AxisScale::log);
        ++axes;
      }
    }
  CHECK(count > 4 * axes);  // there is something to compare
  for (auto [low, high] : {std::pair(-9e307, 9e307),
                           {-1.79e308, 1.79e308},
                           {1e15, 1e15 + 2},
                           {1e18, 1e18 + 4096},
                           {-3e-323, 3e-323},
                           {1e300, 1.79e308}})
    CHECK(check_labels(low, high, AxisScale::linear) >= 4);
  for (auto [low, high] : {std::pair(1.0, 1e300), {1e-308, 1.0}, {5e-324, 1.79e308}})
    CHECK(check_labels(low, high, AxisScale::log) >= 8);

  // Long ones stay within the picture.
  Plot far;
  far.curve("", {1e15, 1e15 + 1, 1e15 + 2}, {1, 2, 3});
  const std::vector<Label> labels = labels_of(far.svg(), true);
  REQUIRE(labels.size() == 3);
  CHECK(labels[0].text == "1.000000000000000·10¹⁵");
  CHECK(labels[1].text == "1.000000000000001·10¹⁵");
  CHECK(labels[0].place > 60);  // half of its width
}

TEST_CASE("plot: numbers at the ends of double's range stand where they belong", "[plot]") {
  const double largest = std::numeric_limits<double>::max();
  for (AxisScale scale : {AxisScale::linear, AxisScale::log})
    for (std::vector<double> values : {std::vector<double>{-9e307, 0, 9e307},
                                       {-largest, 0, largest},
                                       {0, largest / 2, largest},
                                       {1, 1e150, 1e300},
                                       {1e-308, 1e-154, 1},
                                       {1e-300, 1, 1e300},
                                       {-2e-320, 0, 2e-320}}) {
      const bool is_log = values[2] / 2 != values[1] && values[1] != 0;
      if (is_log != (scale == AxisScale::log)) continue;
      INFO(values[0] << " ... " << values[2]);
      const auto places = line_in(Plot({.x_scale = scale, .y_scale = scale}).curve("", values, values).svg());
      REQUIRE(places.size() == 3);
      CHECK(places[1].first == Approx((places[0].first + places[2].first) / 2).margin(0.02));
      CHECK(places[1].second == Approx((places[0].second + places[2].second) / 2).margin(0.02));
      CHECK(places[2].first - places[0].first > 500);    // of 640
      CHECK(places[0].second - places[2].second > 250);  // of 400
    }
  for (double value : {largest, -largest, 5e-324, 1e-320}) {  // one number: in the middle, or at an end
    INFO(value);
    const auto places = line_in(Plot().line("", {value, value}).svg());
    REQUIRE(places.size() == 2);
    CHECK(places[0].second == places[1].second);
    CHECK(places[0].second > 0);
    CHECK(places[0].second < 400);
  }

  for (int bins : {0, 1, 3, 40}) {
    const std::string svg = Plot().histogram("", {-1.7e308, 0, 1.7e308}, {.bins = bins}).svg();
    INFO(bins << " bins");
    CHECK(count_of(svg, bins == 1 ? ": 3</title>" : ": 1</title>") == (bins == 1 ? 1 : 3));
    CHECK(svg.find("inf") == svg.npos);
    CHECK(svg.find("∞") == svg.npos);
    CHECK(svg.find("x=\"0\" y=\"0\" width=\"0\"") == svg.npos);
  }
  // What lies far beyond the frame leaves no endless numbers.
  for (const Plot& plot :
       {Plot({.x_range = {0, 1e-310}}).bars("", {1, 2}).rule(1e300, "r"),
        Plot({.x_range = {0, 1e-310}, .y_range = {0, 1e-310}}).histogram("", {1, 2, 3}).rule(1e300, "r"),
        Plot({.x_names = {"a", "b"}}).line("", {1, 2}).points("", {-1.7e308, 1.7e308}, {1, 2}),
        Plot().heat_map(tensor({{-1.7e308, 1.7e308}}, kDouble)), Plot().heat_map(tensor({{1e300, 1e300}}, kDouble)),
        Plot().heat_map(tensor({{largest, largest}}, kDouble))}) {
    const std::string svg = plot.svg();
    testing::check_xml(svg);
    CHECK_FALSE(std::regex_search(svg, std::regex("\"-?[0-9]{7}")));
    CHECK(svg.find("nan") == svg.npos);
    CHECK(svg.find("inf") == svg.npos);
    CHECK(testing::read_png(plot.png()).width == 1280);
  }
}

TEST_CASE("plot: numbers have the digits that tell them apart", "[plot]") {
  const std::string svg = Plot().curve("", {123'456, 123'457}, {1, 2}).svg();
  CHECK(svg.find("<title>123.456k: 1</title>") != svg.npos);
  CHECK(svg.find("<title>123.457k: 2</title>") != svg.npos);
  const std::string bins = Plot().histogram("", {1000.01, 1000.02, 1000.03}, {.bins = 2}).svg();
  CHECK(bins.find("<title>1000.01 … 1000.02: ") != bins.npos);
  const std::vector<std::string> texts = texts_of(Plot().heat_map(tensor({{1000.01, 1000.04}}, kDouble)).svg());
  CHECK(contains(texts, "1000.01"));
  CHECK(contains(texts, "1000.04"));
}

TEST_CASE("plot: what is not finite is a gap", "[plot]") {
  Plot plot({.theme = Theme::light});
  plot.line("", {1, 2, kNan, 3, 4, kInfinity, 5});
  const std::string svg = plot.svg();
  CHECK(count_of(svg, "stroke-width=\"2\"") == 2);  // 1-2 and 3-4
  CHECK(count_of(svg, "r=\"3\"") == 1);             // 5, by itself
  CHECK(svg.find("nan") == svg.npos);
  CHECK(svg.find("inf") == svg.npos);

  for (std::vector<double> values : {std::vector<double>{},
                                     {kNan},
                                     {kInfinity, -kInfinity},
                                     {0},
                                     {7, 7, 7},
                                     {1e308, -1e308},
                                     {5e-324, 0},
                                     {1e18, 1e18 + 4096}})
    for (AxisScale scale : {AxisScale::linear, AxisScale::log}) {
      Plot extreme({.y_scale = scale});
      extreme.line("a", values).bars("b", values).histogram("c", values).points("d", values, values);
      const std::string picture = extreme.svg();
      testing::check_xml(picture);
      CHECK(picture.find("nan") == picture.npos);
      CHECK(picture.find("inf") == picture.npos);
      CHECK(testing::read_png(extreme.png()).width == 1280);
    }
}

TEST_CASE("plot: SVG is well-formed whatever the names are", "[plot]") {
  const std::string nasty = "a<b>\"c\" & 'd' ]]> \x01\n\xff\xc3 ü 漢 \U0001F600";
  Plot plot({.title = nasty, .x_label = nasty, .y_label = nasty, .x_names = {nasty, nasty}});
  plot.bars(nasty, {1, 2}).line(nasty, {1, 2}).rule(1.5, nasty);
  testing::check_xml(plot.svg());
  CHECK(plot.svg().find("漢") != std::string::npos);
  testing::read_png(plot.png());
  for (Theme theme : {Theme::light, Theme::dark}) {
    Plot fixed({.title = nasty, .theme = theme});
    fixed.heat_map(ones({2, 2}), {.rows = {nasty, "b"}, .columns = {"c", nasty}});
    testing::check_xml(fixed.svg());
  }
}

TEST_CASE("plot: light, dark, and as the page is", "[plot]") {
  auto plot_in = [](Theme theme) { return Plot({.theme = theme}).line("", {1, 2, 3}); };
  CHECK(plot_in(Theme::light).svg().find("prefers-color-scheme") == std::string::npos);
  CHECK(plot_in(Theme::dark).svg().find("<style>") == std::string::npos);
  const std::string automatic = plot_in(Theme::automatic).svg();
  CHECK(automatic.find("@media(prefers-color-scheme:dark)") != std::string::npos);
  CHECK(automatic.find("fill=\"#") == std::string::npos);  // no colour beside the two schemes'
  CHECK(testing::read_png(plot_in(Theme::light).png()).at(1, 1) == kWhite);
  CHECK(testing::read_png(plot_in(Theme::automatic).png()).at(1, 1) == kWhite);
  CHECK(testing::read_png(plot_in(Theme::dark).png()).at(1, 1) == std::vector<int>{0x11, 0x16, 0x1D});
}

TEST_CASE("plot: PNG has the size asked for and the marks in their colours", "[plot]") {
  Plot plot({.x_range = {0, 1}, .y_range = {0, 1}, .width = 200, .height = 100, .theme = Theme::light, .scale = 3});
  plot.curve("", {0, 1}, {0.5, 0.5});
  testing::Png png = testing::read_png(plot.png());
  CHECK(png.width == 600);
  CHECK(png.height == 300);
  const int blue = pixels_of(png, kBlue);
  CHECK(blue > 6 * 400);  // 2 wide: 6 rows of pixels
  CHECK(blue < 6 * 600);
  CHECK(pixels_of(png, kOrange) == 0);
  plot.curve("", {0, 1}, {0.2, 0.2});
  CHECK(pixels_of(testing::read_png(plot.png()), kOrange) > 6 * 400);
}

TEST_CASE("plot: bars and histograms count", "[plot]") {
  Plot bars({.x_names = {"first", "second"}});
  bars.bars("a", {1, 3}).bars("b", {2, kNan});
  const std::string svg = bars.svg();
  CHECK(svg.find("<title>a first: 1</title>") != svg.npos);
  CHECK(svg.find("<title>a second: 3</title>") != svg.npos);
  CHECK(svg.find("<title>b first: 2</title>") != svg.npos);
  CHECK(svg.find("<title>b second") == svg.npos);

  Plot histogram;
  histogram.histogram("h", {0, 1, 1, 1, 2, 2, 9, kNan, -kInfinity});
  const std::string counted = histogram.svg();
  CHECK(counted.find("<title>0.5 … 1.5: 3</title>") != counted.npos);
  CHECK(counted.find("<title>8.5 … 9.5: 1</title>") != counted.npos);
  Plot binned;
  binned.histogram("", linspace(0, 1, 1001), {.bins = 4}).histogram("x", {0.1, 0.2});
  const std::string four = binned.svg();
  CHECK(four.find("<title>0 … 0.25: 250</title>") != four.npos);
  CHECK(four.find("<title>0.75 … 1: 251</title>") != four.npos);
  CHECK(four.find("<title>0 … 0.25: 2</title>") != four.npos);
}

TEST_CASE("plot: a heat map shows its numbers, with names and a scale", "[plot]") {
  Plot plot({.title = "Confusion", .x_label = "predicted", .y_label = "true"});
  plot.heat_map(tensor({{5, 1}, {0, 12}}), {.rows = {"cat", "dog"}, .columns = {"cat", "dog"}});
  const std::vector<std::string> texts = texts_of(plot.svg());
  for (const char* text : {"Confusion", "predicted", "true", "cat", "dog", "5", "1", "0", "12"})
    CHECK(contains(texts, text));
  CHECK(plot.svg().find("<title>dog, cat: 0</title>") != std::string::npos);

  Plot signs;
  signs.heat_map(tensor({{-2.0, 4.0}}));
  CHECK(contains(texts_of(signs.svg()), "−4"));
  CHECK(contains(texts_of(signs.svg()), "4"));
  Plot large({.theme = Theme::light});
  large.heat_map(uniform({100, 90}));
  CHECK(large.svg().find("data:image/png;base64,") != std::string::npos);
  CHECK(testing::read_png(large.png()).width == 1280);
  for (Shape shape : {Shape{0, 3}, Shape{3, 0}, Shape{1, 1}}) {
    Plot edge;
    edge.heat_map(full(shape, kNan));
    testing::check_xml(edge.svg());
  }
}

TEST_CASE("plot: smoothing is an unbiased running mean", "[plot]") {
  Plot plot({.x_range = {0, 3}, .y_range = {0, 2}, .theme = Theme::light});
  plot.line("", {1, 1, 1, 1}, {.smoothing = 0.9});
  const std::string svg = plot.svg();
  CHECK(svg.find("stroke-opacity=\"0.28\"") != svg.npos);
  std::smatch match;
  REQUIRE(
      std::regex_search(svg, match, std::regex(R"re(d="M[\d.]+ ([\d.]+)L[\d.]+ ([\d.]+)L[^"]*" stroke-width="2")re")));
  CHECK(match[1] == match[2]);  // constant numbers stay where they are
}

TEST_CASE("plot: very long lines are thinned, with their peaks", "[plot]") {
  std::vector<double> y(200'000);
  for (std::size_t i = 0; i < y.size(); ++i) y[i] = std::sin(static_cast<double>(i) / 5000);
  y[123'456] = 50;
  Plot plot({.y_range = {-2, 60}});
  plot.line("", y);
  const std::string svg = plot.svg();
  CHECK(svg.size() < 150'000);
  Plot short_plot({.x_range = {0, 199'999}, .y_range = {-2, 60}});
  short_plot.curve("", {123'456, 123'457}, {50, 0});
  std::smatch peak;
  const std::string reference = short_plot.svg();
  REQUIRE(std::regex_search(reference, peak, std::regex(R"(d="M([\d.]+ [\d.]+)L)")));
  CHECK(svg.find(peak[1]) != svg.npos);
}

TEST_CASE("plot: files", "[plot]") {
  const std::string folder =
      (std::filesystem::temp_directory_path() / ("xgrad_plot_" + std::to_string(::getpid()))).string();
  Plot plot = Plot().line("", {1, 2});
  auto read = [](const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  plot.save(folder + "/a/b.svg");  // folders on the way are made
  plot.save(folder + "/c.PNG");
  CHECK(read(folder + "/a/b.svg") == plot.svg());
  CHECK(read(folder + "/c.PNG") == plot.png());
  train::Panels({plot, plot, plot, plot}, {.title = "Four"}).save(folder + "/d.png");
  const testing::Png panels = testing::read_png(read(folder + "/d.png"));
  CHECK(panels.width == 3 * 1280);
  CHECK(panels.height == 2 * (40 + 800));

  CHECK(testing::without_place(message_of<std::invalid_argument>([&] { plot.save(folder + "/loss.jpg"); }), __FILE__) ==
        "Plot: a picture's file must end in .svg or .png, but it is '" + folder + "/loss.jpg'.");
  CHECK(message_of<std::runtime_error>([&] {
          plot.save(folder + "/c.PNG/x.svg");
        }).find("must be a file that can be written, but: Not a directory. at ") != std::string::npos);
  const std::string long_name = folder + "/" + std::string(251, 'n') + ".svg";  // as long as a name can be
  plot.save(long_name);
  CHECK(read(long_name) == plot.svg());
  std::filesystem::remove_all(folder);
}

TEST_CASE("plot: wrong input", "[plot]") {
  auto message = [](auto f) { return testing::without_place(message_of<std::invalid_argument>(f), __FILE__); };
  CHECK(message([] {
          Plot().curve("", {1, 2, 3}, {1, 2});
        }) == "Plot: a line must have as many y as x, but there are 2 y and 3 x.");
  CHECK(message([] { Plot({.width = 5}); }) ==
        "Plot: its width and height must be in [80, 10000], but they are 5 and 400.");
  CHECK(message([] { Plot({.x_range = {2, 1}}); }) == "Plot: x_range must begin below its end, but it is [2, 1].");
  CHECK(message([] {
          Plot({.y_scale = AxisScale::log, .y_range = {0, 1}});
        }) == "Plot: y_range of a logarithmic axis must begin above 0, but it begins at 0.");
  CHECK(message([] { Plot().line("", {1}, {.smoothing = 1}); }) == "Plot: smoothing must be in [0, 1), but it is 1.");
  CHECK(message([] { Plot().heat_map(ones({3})); }) == "Plot: a heat map's values must be a matrix, but they are [3].");
  CHECK(message([] { Plot().heat_map(Tensor()); }) ==
        "Plot: a heat map's values must be a defined tensor, but it is default-constructed.");
  CHECK(message([] {
          Plot().heat_map(ones({2, 2}), {.rows = {"a"}});
        }) == "Plot: there must be a name for each row, but there are 1 for 2.");
  CHECK(message([] {
          Plot().heat_map(ones({2, 2})).line("", {1});
        }) == "Plot: a heat map must be by itself, but a line is added to it.");
  CHECK(message([] { train::Panels({}); }) == "Panels: there must be at least one plot, but there is none.");
}
