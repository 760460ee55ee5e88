// Borders and patches at the edges of their arguments.
#include <xgrad/autograd/ops/pad.hpp>

#include <limits>
#include <vector>

#include <xgrad/autograd/grad.hpp>
#include <xgrad/autograd/memory.hpp>
#include <xgrad/autograd/ops.hpp>
#include <xgrad/autograd/ops/patches.hpp>
#include "../catch.hpp"

using namespace xgrad;
using Catch::Matchers::Contains;

namespace {

using Numbers = std::vector<double>;

Numbers numbers(const Tensor& x) { return x.to_vector<double>(); }
Tensor counted(const Shape& shape) { return reshape(arange(shape.numel(), {.dtype = DType::float64}), shape); }
constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
constexpr PadMode kModes[] = {PadMode::constant, PadMode::reflect, PadMode::replicate, PadMode::circular};

}  // namespace

TEST_CASE("the four borders", "[pad]") {
  Tensor x = counted({3}) + 1;
  CHECK(numbers(pad(x, {2, 1}, {.value = 9})) == Numbers{9, 9, 1, 2, 3, 9});
  CHECK(numbers(pad(x, {2, 1}, {.mode = PadMode::reflect})) == Numbers{3, 2, 1, 2, 3, 2});
  CHECK(numbers(pad(x, {2, 1}, {.mode = PadMode::replicate})) == Numbers{1, 1, 1, 2, 3, 3});
  CHECK(numbers(pad(x, {2, 1}, {.mode = PadMode::circular})) == Numbers{2, 3, 1, 2, 3, 1});
  CHECK(numbers(pad(x, {3, 3}, {.mode = PadMode::circular})) == Numbers{1, 2, 3, 1, 2, 3, 1, 2, 3});
  CHECK(pad(tensor({true}), {1, 0}, {.value = 1}).dtype() == DType::boolean);
  CHECK(numbers(pad(tensor({5}), {1, 0}, {.value = 2.9})) == Numbers{2, 5});
  CHECK(pad(full({}, 1), {}).shape() == Shape{});
  for (PadMode mode : kModes) {
    Tensor y = pad(x, {0, 0}, {.mode = mode});
    y.assign(0);
    CHECK(numbers(x) == Numbers{1, 2, 3});
  }
}

TEST_CASE("negative widths crop", "[pad]") {
  Tensor x = (counted({4}) + 1).detach().set_requires_grad();
  CHECK(numbers(pad(x, {-1, 1})) == Numbers{2, 3, 4, 0});
  CHECK(numbers(pad(x, {-2, -2})) == Numbers{});
  CHECK(numbers(pad(x, {-5, 6}, {.value = 7})) == Numbers(5, 7));
  CHECK(numbers(pad(x, {-1, 2}, {.mode = PadMode::reflect})) == Numbers{2, 3, 4, 3, 2});
  CHECK(numbers(pad(x, {2, -1}, {.mode = PadMode::replicate})) == Numbers{1, 1, 1, 2, 3});
  CHECK(numbers(pad(x, {2, -1}, {.mode = PadMode::circular})) == Numbers{2, 3, 1, 2, 3});
  Tensor weights = counted({4}) + 1;
  CHECK(numbers(grad(sum(pad(x, {-1, 1}) * weights), x)) == Numbers{0, 1, 2, 3});
  CHECK(numbers(grad(sum(pad(x, {-5, 6})), x)) == Numbers(4, 0));
}

TEST_CASE("a border is counted before anything is allocated", "[pad]") {
  Tensor x = zeros({2, 3});
  const std::int64_t before = memory::stats().bytes_live;
  for (PadMode mode : kModes)
    for (std::int64_t width : {kMost, kMost - 3, kMost / 2, kMost / 4, kLeast, kLeast + 1}) {
      CHECK_THROWS_AS(pad(x, {width, 0}, {.mode = mode}), std::invalid_argument);
      CHECK_THROWS_AS(pad(x, {0, 0, width, width}, {.mode = mode}), std::invalid_argument);
    }
  CHECK(memory::stats().bytes_live == before);
  CHECK_THROWS_WITH(pad(x, {kMost, 0}),
                    Contains("pad: extents must fit in an int64, but the widths are 9223372036854775807 "
                             "and 0 on axis 1 of x [2, 3]. at pad.cpp:"));
  CHECK_THROWS_WITH(pad(x, {1}), Contains("pad: there must be two widths for each axis, but there are 1."));
  CHECK_THROWS_WITH(pad(x, {1, 1, 1, 1, 1, 1}),
                    Contains("pad: there may be widths for the 2 axes of x [2, 3], but there are 6"));
  CHECK_THROWS_WITH(pad(x, {-2, -2}), Contains("pad: there must be elements left to crop"));
  CHECK_THROWS_WITH(pad(x, {3, 0}, {.mode = PadMode::reflect}),
                    Contains("pad: reflect widths must be below the extent"));
  CHECK_THROWS_WITH(pad(x, {4, 0}, {.mode = PadMode::circular}),
                    Contains("pad: circular widths must be at most the extent"));
  CHECK_THROWS_WITH(pad(x, {3, -1}, {.mode = PadMode::circular}), Contains("pad: circular widths"));
  CHECK_THROWS_WITH(pad(zeros({0}), {1, 0}, {.mode = PadMode::replicate}),
                    Contains("there must be an element to replicate"));
  CHECK_THROWS_AS(pad(tensor({1}), {1, 0}, {.value = 1e30}), std::invalid_argument);
}

TEST_CASE("a replicated element has the sum of all gradients, exactly", "[pad]") {
  Tensor x = ones({1}).set_requires_grad();
  CHECK(grad(sum(pad(x, {1 << 24, 1 << 24}, {.mode = PadMode::replicate})), x).item() == double(1 << 25));
}

TEST_CASE("patches and images", "[pad]") {
  Tensor x = counted({1, 1, 3, 3});
  CHECK(numbers(unfold(x, {2, 2})) == Numbers{0, 1, 3, 4, 1, 2, 4, 5, 3, 4, 6, 7, 4, 5, 7, 8});
  CHECK(unfold(counted({2, 3, 3}), {2}, {.padding = {1}, .stride = {2}}).shape() == Shape{8, 4});
  CHECK(numbers(fold(unfold(x, {2}), {3, 3}, {2})) == Numbers{0, 2, 2, 6, 16, 10, 6, 14, 8});
  CHECK(fold(zeros({2, 4, 4}), {3, 3}, {2}).shape() == Shape{2, 1, 3, 3});
  CHECK_THROWS_WITH(unfold(x, {4}),
                    Contains("unfold: the image must have room for a patch, but it is 3 x 3, with kernel [4]"));
  CHECK_THROWS_WITH(unfold(zeros({2, 2}), {1}), Contains("unfold: x must be [n, c, h, w] or [c, h, w]"));
  CHECK_THROWS_WITH(unfold(x, {1}, {.padding = {kMost}}),
                    Contains("unfold: the number of patches must fit in an int64"));
  CHECK_THROWS_WITH(unfold(x, {1}, {.padding = {kMost / 8}}),
                    Contains("unfold: the number of bytes must fit in an int64"));
  CHECK_THROWS_WITH(unfold(x, {2}, {.dilation = {kMost}}), Contains("unfold: the image must have room"));
  CHECK_THROWS_WITH(fold(zeros({2, 4, 5}), {3, 3}, {2}),
                    Contains("fold: there must be as many columns as the image 3 x 3 has"));
  CHECK_THROWS_WITH(fold(zeros({2, 5, 4}), {3, 3}, {2}),
                    Contains("must be a multiple of the 4 elements of the kernel [2]"));
  CHECK_THROWS_AS(fold(zeros({2, 4, 4}), {kMost, kMost}, {2}), std::invalid_argument);
  // Many patches over one element are added up in double.
  Tensor wide = full({1, 1, 1, 99}, 16777215.).set_requires_grad();
  Tensor g = grad(sum(unfold(wide, {1, 70}) * full({1}, 16777215.)), wide);
  CHECK(g[{0, 0, 0, 50}].item() == double(float(30 * 16777215.)));
}

TEST_CASE("channels and pixels", "[pad]") {
  Tensor x = counted({2, 4, 2, 3});
  CHECK(numbers(pixel_unshuffle(pixel_shuffle(x, 2), 2)) == numbers(x));
  CHECK(pixel_shuffle(zeros({0, 4, 2, 3}), 2).shape() == Shape{0, 1, 4, 6});
  CHECK_THROWS_WITH(pixel_shuffle(x, 3), Contains("pixel_shuffle: the square of the factor must divide the channels"));
  CHECK_THROWS_WITH(pixel_shuffle(zeros({2, 2}), 1),
                    Contains("pixel_shuffle: x must be [..., c, h, w], but it is [2, 2]"));
  CHECK_THROWS_AS(pixel_shuffle(x, kMost), std::invalid_argument);
  CHECK_THROWS_AS(pixel_shuffle(zeros({0, 2, 2}), kMost), std::invalid_argument);
  CHECK_THROWS_AS(pixel_unshuffle(x, kMost), std::invalid_argument);
  CHECK_THROWS_AS(pixel_unshuffle(zeros({2, 0, 0}), kMost), std::invalid_argument);
}

TEST_CASE("the border of an int64 tensor holds an integer exactly", "[pad]") {
  constexpr std::int64_t kOdd = (std::int64_t{1} << 53) + 1;  // between two doubles
  CHECK(pad(tensor({1}), {1, 1}, {.value = kOdd}).to_vector<std::int64_t>() ==
        std::vector<std::int64_t>{kOdd, 1, kOdd});
  CHECK(pad(tensor({1}), {1, 0}, {.value = 2.75}).to_vector<std::int64_t>() == std::vector<std::int64_t>{2, 1});
  CHECK(pad(tensor({1.}), {1, 0}, {.value = 0.5f}).to_vector() == std::vector<double>{0.5, 1});
}
