// Grids of images: each pixel where it belongs.
#include <limits>
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
using testing::read_png;
using train::ImageGrid;

namespace {
const double kNan = std::numeric_limits<double>::quiet_NaN();
}

TEST_CASE("image: grey, in a grid", "[image]") {
  Tensor images = tensor({0., 0.2, 0.4, 0.6, 0.8, 1., 2., -1., 1., 0., 0.5, kNan});  // three of 2 x 2
  const testing::Png png =
      read_png(ImageGrid(reshape(images, {3, 2, 2}), {.columns = 2, .zoom = 1, .padding = 1}).png());
  CHECK(png.width == 1 + 2 * 3);
  CHECK(png.height == 1 + 2 * 3);
  CHECK(png.at(0, 0) == std::vector<int>{255, 255, 255});
  CHECK(png.at(1, 1) == std::vector<int>{0, 0, 0});
  CHECK(png.at(2, 1) == std::vector<int>{51, 51, 51});
  CHECK(png.at(1, 2) == std::vector<int>{102, 102, 102});
  CHECK(png.at(2, 2) == std::vector<int>{153, 153, 153});
  CHECK(png.at(4, 1) == std::vector<int>{204, 204, 204});
  CHECK(png.at(4, 2) == std::vector<int>{255, 255, 255});  // 2 is beyond the range
  CHECK(png.at(5, 2) == std::vector<int>{0, 0, 0});
  CHECK(png.at(1, 4) == std::vector<int>{255, 255, 255});
  CHECK(png.at(1, 5) == std::vector<int>{128, 128, 128});
  CHECK(png.at(2, 5) == std::vector<int>{255, 0, 0});  // nan
}

TEST_CASE("image: RGB and RGBA, zoomed", "[image]") {
  Tensor image = tensor({1., 0., 0.5, 0., 0.2, 1.});  // [1, 3, 1, 2]
  const testing::Png png = read_png(ImageGrid(reshape(image, {1, 3, 1, 2}), {.zoom = 3, .padding = 0}).png());
  CHECK(png.width == 6);
  CHECK(png.height == 3);
  CHECK(png.at(0, 0) == std::vector<int>{255, 128, 51});
  CHECK(png.at(2, 2) == std::vector<int>{255, 128, 51});
  CHECK(png.at(3, 0) == std::vector<int>{0, 0, 255});
  const testing::Png over =
      read_png(ImageGrid(reshape(tensor({1., 0., 0., 0.5}), {1, 4, 1, 1}), {.zoom = 1, .padding = 0}).png());
  CHECK(over.at(0, 0)[0] == 255);
  CHECK(over.at(0, 0)[1] == Approx(127).margin(1));  // half over white
}

TEST_CASE("image: integers go to 255, and a range may be given or stretched", "[image]") {
  auto first = [](const ImageGrid& grid) { return read_png(grid.png()).at(0, 0)[0]; };
  CHECK(first(ImageGrid(tensor({{100, 200}}), {.zoom = 1, .padding = 0})) == 100);
  CHECK(first(ImageGrid(tensor({{4, 16}}), {.zoom = 1, .padding = 0, .range = {0, 16}})) == 64);
  CHECK(first(ImageGrid(tensor({{-3., 5.}}), {.zoom = 1, .padding = 0, .stretch = true})) == 0);
  CHECK(first(ImageGrid(tensor({{true}}), {.zoom = 1, .padding = 0})) == 255);
  CHECK(first(ImageGrid(tensor({{2., 2.}}), {.zoom = 1, .padding = 0, .stretch = true})) == 0);
  CHECK(first(ImageGrid(full({1, 1}, kNan), {.zoom = 1, .padding = 0, .stretch = true})) == 255);
}

TEST_CASE("image: labels and a title", "[image]") {
  const ImageGrid grid(uniform({3, 8, 8}), {.labels = {"a <b>", "c", "d"}, .title = "Samples & more"});
  const std::vector<std::string> texts = testing::texts_of(grid.svg());
  CHECK(texts == std::vector<std::string>{"Samples & more", "a <b>", "c", "d"});
  CHECK(read_png(grid.png()).width > 16);
  // Views and gradients are of no matter.
  Tensor x = uniform({4, 6}, 0, 1, {.requires_grad = true});
  CHECK(ImageGrid(transpose(x)).png() == ImageGrid(copy(transpose(x)).detach()).png());
}

TEST_CASE("image: wrong input", "[image]") {
  auto message = [](auto f) { return testing::without_place(message_of<std::invalid_argument>(f), __FILE__); };
  CHECK(message([] { ImageGrid(ones({3})); }) ==
        "ImageGrid: images must be [height, width], [n, height, width] or [n, channels, height, width], but they are "
        "[3].");
  CHECK(message([] {
          ImageGrid(ones({1, 2, 4, 4}));
        }) == "ImageGrid: images must have 1, 3 or 4 channels, but they are [1, 2, 4, 4].");
  CHECK(message([] { ImageGrid(ones({0, 4, 4})); }) == "ImageGrid: there must be an image, but they are [0, 4, 4].");
  CHECK(message([] { ImageGrid(Tensor{}); }) ==
        "ImageGrid: images must be a defined tensor, but it is default-constructed.");
  CHECK(message([] {
          ImageGrid(ones({2, 2}), {.range = {1, 1}});
        }) == "ImageGrid: range must begin below its end, but it is [1, 1].");
  CHECK(message([] {
          ImageGrid(ones({2, 2}), {.labels = {"a", "b"}});
        }) == "ImageGrid: there must be at most one label an image, but there are 2 for 1.");
}

TEST_CASE("image: stretched at the ends of double's range", "[image]") {
  const double largest = std::numeric_limits<double>::max();
  auto pixels = [](double a, double b, double c) {
    const Tensor image = tensor({{a, b, c}}, {.dtype = DType::float64});
    const testing::Png png = read_png(ImageGrid(image, {.zoom = 1, .padding = 0, .stretch = true}).png());
    return std::vector<int>{png.at(0, 0)[0], png.at(1, 0)[0], png.at(2, 0)[0]};
  };
  CHECK(pixels(-largest, 0, largest) == std::vector<int>{0, 128, 255});
  CHECK(pixels(-1.7e308, 1.7e308, 0) == std::vector<int>{0, 255, 128});
  // All of one number: of one colour, as small ones are.
  CHECK(pixels(7, 7, 7) == std::vector<int>{0, 0, 0});
  CHECK(pixels(1e300, 1e300, 1e300) == std::vector<int>{0, 0, 0});
  CHECK(pixels(-1e300, -1e300, -1e300) == std::vector<int>{0, 0, 0});
  const std::vector<int> most = pixels(largest, largest, largest);
  CHECK(most[0] == most[2]);
}
