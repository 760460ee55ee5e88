// Plots: what is in the picture, at its edges, and that files hold it.
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <regex>
#include <string>
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
