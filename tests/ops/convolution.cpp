#include <xgrad/autograd/ops/convolution.hpp>

#include <cmath>
#include <limits>

#include <xgrad/autograd/functional.hpp>
#include <xgrad/autograd/grad.hpp>
#include <xgrad/autograd/ops.hpp>
#include "../support.hpp"

using namespace xgrad;
using namespace xgrad::testing;

namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

template <class F>
std::string refusal(F&& f) {
  return message_of<std::invalid_argument>(f);
}

}  // namespace

TEST_CASE("conv1d multiplies windows with the weight as it stands", "[nn][convolution]") {
  Tensor x = f64({{{1., 2., 3., 4.}}}), w = f64({{{1., 10.}}});
  CHECK(is_close(conv1d(x, w), f64({{{21., 32., 43.}}})));
  CHECK(is_close(conv1d(x, w, f64({0.5}), {.stride = 2, .padding = 1}), f64({{{10.5, 32.5, 4.5}}})));
  CHECK(is_close(conv1d(x, w, {}, {.dilation = 3}), f64({{{41.}}})));
}

TEST_CASE("Padding::same keeps the extents, with the odd zero behind", "[nn][convolution]") {
  Tensor x = f64({{{1., 2., 3.}}});
  CHECK(is_close(conv1d(x, f64({{{1., 10.}}}), {}, {.padding = Padding::same}), f64({{{21., 32., 3.}}})));
  CHECK(is_close(conv1d(x, f64({{{1., 10., 100.}}}), {}, {.padding = Padding::same}), f64({{{210., 321., 32.}}})));
  CHECK(refusal([&] {
          conv1d(x, f64({{{1., 10.}}}), {}, {.stride = 2, .padding = Padding::same});
        }).find("conv1d: Padding::same needs a stride of 1, but it is [2].") == 0);
}

TEST_CASE("One sample has no batch axis", "[nn][convolution]") {
  Tensor x = ones({2, 4, 5}, kDouble), w = ones({3, 2, 2, 2}, kDouble);
  CHECK(conv2d(x, w).shape() == Shape{3, 3, 4});
  CHECK(conv_transpose2d(ones({3, 3, 4}, kDouble), w).shape() == Shape{2, 4, 5});
}

TEST_CASE("A window must fit into the padded x", "[nn][convolution]") {
  CHECK(
      refusal([] {
        conv2d(zeros({1, 1, 2, 2}), zeros({1, 1, 3, 3}));
      }).find("conv2d: a window must not be larger than the padded x, but x is [1, 1, 2, 2], weight is [1, 1, 3, 3]") ==
      0);
  CHECK_NOTHROW(conv2d(zeros({1, 1, 2, 2}), zeros({1, 1, 3, 3}), {}, {.padding = {1, 1}}));
  CHECK(refusal([] {
          conv_transpose1d(zeros({1, 1, 2}), zeros({1, 1, 1}), {}, {.padding = 1});
        }).find("conv_transpose1d: the result must have elements") == 0);
  CHECK(refusal([] {
          conv_transpose1d(zeros({1, 1, 2}), zeros({1, 1, 2}), {}, {.output_padding = 1});
        }).find("conv_transpose1d: output_padding must be below the stride or the dilation, but it is [1].") == 0);
  CHECK_THROWS_AS(conv1d(zeros({1, 1, 0}), zeros({1, 1, 1})), std::invalid_argument);
  CHECK_THROWS_AS(conv1d(zeros({1, 1, 2}), zeros({1, 1, 0})), std::invalid_argument);
}

TEST_CASE("Groups divide the channels of x and of the result", "[nn][convolution]") {
  CHECK_THROWS_AS(conv1d(zeros({1, 3, 4}), zeros({2, 2, 1}), {}, {.groups = 2}), std::invalid_argument);
  CHECK_THROWS_AS(conv1d(zeros({1, 4, 4}), zeros({3, 2, 1}), {}, {.groups = 2}), std::invalid_argument);
  CHECK_THROWS_AS(conv1d(zeros({1, 4, 4}), zeros({4, 4, 1}), {}, {.groups = 0}), std::invalid_argument);
  CHECK_THROWS_AS(conv1d(zeros({1, 4, 4}), zeros({4, 4, 1}), zeros({3})), std::invalid_argument);
  Tensor x = f64({{{1., 2.}, {3., 4.}}}), w = f64({{{10.}}, {{100.}}});
  CHECK(is_close(conv1d(x, w, {}, {.groups = 2}), f64({{{10., 20.}, {300., 400.}}})));
}

TEST_CASE("Extents that no int64 counts are refused before memory is taken", "[nn][convolution]") {
  constexpr std::int64_t kHuge = std::numeric_limits<std::int64_t>::max();
  Tensor x = zeros({1, 1, 4}), w = zeros({1, 1, 2});
  CHECK_THROWS_AS(conv1d(x, w, {}, {.padding = kHuge}), std::invalid_argument);
  CHECK_THROWS_AS(conv1d(x, w, {}, {.dilation = kHuge}), std::invalid_argument);
  CHECK_THROWS_AS(conv_transpose1d(x, w, {}, {.stride = kHuge}), std::invalid_argument);
  CHECK_THROWS_AS(conv_transpose1d(x, w, {}, {.padding = kHuge}), std::invalid_argument);
  CHECK_THROWS_AS(conv1d(x, w, {}, {.groups = kHuge}), std::invalid_argument);
}

TEST_CASE("An empty batch has an empty result, and gradients of 0", "[nn][convolution]") {
  Tensor w = ones({3, 2, 2, 2}, kVariable), b = ones({3}, kVariable);
  Tensor y = conv2d(zeros({0, 2, 4, 4}, kDouble), w, b);
  CHECK(y.shape() == Shape{0, 3, 3, 3});
  std::vector<Tensor> g = grad(sum(y), {w, b});
  CHECK(is_close(g[0], zeros(w.shape(), kDouble)));
  CHECK(is_close(g[1], zeros(b.shape(), kDouble)));
}

TEST_CASE("Integers stay integers", "[nn][convolution]") {
  Tensor x = reshape(arange(9), {1, 1, 3, 3}), w = ones({1, 1, 2, 2}, {.dtype = DType::int64});
  Tensor y = conv2d(x, w);
  CHECK(y.dtype() == DType::int64);
  CHECK(y.to_vector<std::int64_t>() == std::vector<std::int64_t>{8, 12, 20, 24});
  CHECK(conv_transpose2d(x, w).to_vector<std::int64_t>()[5] == 0 + 1 + 3 + 4);
  CHECK_THROWS_AS(conv2d(x == 0, w == 0), std::invalid_argument);
}

// Between the rows of a padded plane stand elements that no window reads at that place. They are multiplied by 0, which an
// infinite one would turn into nan.
TEST_CASE("An element that a tap does not read does not reach the tap's gradient", "[nn][convolution]") {
  for (double odd : {kInf, std::nan("")}) {
    Tensor x = ones({1, 1, 5, 5}, kDouble);
    x[{0, 0, 0, 4}].assign(odd);  // read by the taps of the last column alone
    Tensor w = ones({1, 1, 2, 2}, kVariable);
    Tensor y = conv2d(x, w);
    Tensor g = grad({y}, {w}, {ones(y.shape(), kDouble)})[0];
    CHECK(g.to_vector()[0] == 16);
    CHECK(g.to_vector()[2] == 16);
    CHECK_FALSE(std::isfinite(g.to_vector()[1]));
  }
}

TEST_CASE("The gradients of a convolution and of its transpose are those of one bilinear map", "[nn][convolution]") {
  Generator generator(3);
  const ConvOptions options{.stride = 2, .padding = 1, .dilation = 2, .groups = 2};
  Tensor x = normal({2, 4, 9, 37}, 0, 1, kDouble, generator).set_requires_grad();
  Tensor w = normal({6, 2, 3, 3}, 0, 1, kDouble, generator).set_requires_grad();
  Tensor y = conv2d(x, w, {}, options);
  Tensor g = normal(y.shape(), 0, 1, kDouble, generator);
  std::vector<Tensor> gradients = grad({y}, {x, w}, {g});
  // <g, conv(x, w)> = <gx, x> = <gw, w>
  const double product = sum(g * y).item();
  CHECK(sum(gradients[0] * x).item() == Approx(product));
  CHECK(sum(gradients[1] * w).item() == Approx(product));
  Tensor back =
      conv_transpose2d(g, w, {}, {.stride = 2, .padding = 1, .output_padding = {0, 0}, .groups = 2, .dilation = 2});
  CHECK(is_close(back, gradients[0].detach()));
}

TEST_CASE("float32 sums of many channels are accurate", "[nn][convolution]") {
  Tensor x = full({1, 2000, 3, 3}, 0.1, {.dtype = DType::float32}),
         w = full({1, 2000, 3, 3}, 0.1, {.dtype = DType::float32});
  CHECK(conv2d(x, w).item() == Approx(180).epsilon(1e-5));
}
