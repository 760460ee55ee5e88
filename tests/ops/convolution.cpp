#include <xgrad/autograd/ops/convolution.hpp>

#include <cmath>
#include <limits>

#include <xgrad/autograd/functional.hpp>
#include <xgrad/autograd/grad.hpp>
#include <xgrad/autograd/ops.hpp>
#include <xgrad/autograd/threads.hpp>
#include "../support.hpp"

using namespace xgrad;
using namespace xgrad::testing;

namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

template <class F>
std::string refusal(F&& f) {
  return message_of<std::invalid_argument>(f);
}

/// A convolution of planes, as nested loops: y, and the gradients of x and w for y's cotangent.
struct Planes {
  std::int64_t batch, groups, sources, outs;  // channels of a group
  std::int64_t in[2], kernel[2], stride[2], dilation[2], padding[2];

  std::int64_t out(int axis) const {
    return (in[axis] + 2 * padding[axis] - dilation[axis] * (kernel[axis] - 1) - 1) / stride[axis] + 1;
  }
  Shape x_shape() const { return {batch, groups * sources, in[0], in[1]}; }
  Shape w_shape() const { return {groups * outs, sources, kernel[0], kernel[1]}; }
  Shape y_shape() const { return {batch, groups * outs, out(0), out(1)}; }
  ConvOptions options() const {
    return {.stride = {stride[0], stride[1]},
            .padding = {padding[0], padding[1]},
            .dilation = {dilation[0], dilation[1]},
            .groups = groups};
  }

  /// Calls use(x's position, w's, y's) for all that meet.
  template <class Use>
  void for_meetings(const Use& use) const {
    for (std::int64_t n = 0; n < batch; ++n)
      for (std::int64_t o = 0; o < groups * outs; ++o)
        for (std::int64_t c = 0; c < sources; ++c)
          for (std::int64_t i = 0; i < out(0) * out(1); ++i)
            for (std::int64_t k = 0; k < kernel[0] * kernel[1]; ++k) {
              const std::int64_t row = i / out(1) * stride[0] + k / kernel[1] * dilation[0] - padding[0];
              const std::int64_t column = i % out(1) * stride[1] + k % kernel[1] * dilation[1] - padding[1];
              if (row < 0 || row >= in[0] || column < 0 || column >= in[1]) continue;
              const std::int64_t channel = n * groups * sources + o / outs * sources + c;
              use((channel * in[0] + row) * in[1] + column, (o * sources + c) * kernel[0] * kernel[1] + k,
                  (n * groups * outs + o) * out(0) * out(1) + i);
            }
  }
};

/// Whole numbers, whose sums of products are exact in any order.
Tensor small_integers(const Shape& shape, DType dtype, Generator& generator) {
  return cast(randint(-4, 5, shape, generator), dtype);
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
  CHECK(refusal([] {
          conv1d(zeros({1, 3, 4}), zeros({2, 2, 1}));
        }).find("conv1d: with 1 group the channels must fit the weight's, but x is [1, 3, 4] and") == 0);
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

TEST_CASE("The transpose of an empty batch has a shape where that of a sample would be refused", "[nn][convolution]") {
  // An output_padding of the stride, and a result that has no elements: as in PyTorch.
  Tensor w = ones({3, 2, 1, 1}, kVariable), b = ones({2}, kVariable), x = zeros({0, 3, 7, 4}, kVariable);
  auto gradients_are_0 = [&](const Tensor& y) {
    bool are_0 = true;
    for (bool create_graph : {false, true}) {
      std::vector<Tensor> g = grad(sum(y), {x, w, b}, {.create_graph = create_graph, .retain_graph = true});
      are_0 = are_0 && g[0].shape() == x.shape() && is_close(g[1], zeros(w.shape(), kDouble)) &&
              is_close(g[2], zeros(b.shape(), kDouble));
    }
    return are_0;
  };
  Tensor wide = conv_transpose2d(x, w, b, {.stride = 2, .output_padding = 2});
  CHECK(wide.shape() == Shape{0, 2, 15, 9});
  CHECK(gradients_are_0(wide));
  Tensor none = conv_transpose2d(x, w, b, {.padding = 2});
  CHECK(none.shape() == Shape{0, 2, 3, 0});
  CHECK(gradients_are_0(none));
  CHECK(conv_transpose3d(zeros({0, 3, 7, 4, 4}), ones({3, 2, 1, 1, 1}), {}, {.padding = 2}).shape() ==
        Shape{0, 2, 3, 0, 0});
  CHECK_THROWS_AS(conv_transpose2d(x, w, b, {.padding = 3}), std::invalid_argument);
  CHECK_THROWS_AS(conv_transpose2d(ones({1, 3, 7, 4}), w, b, {.padding = 2}), std::invalid_argument);
}

TEST_CASE("Integers stay integers", "[nn][convolution]") {
  Tensor x = reshape(arange(9), {1, 1, 3, 3}), w = ones({1, 1, 2, 2}, {.dtype = DType::int64});
  Tensor y = conv2d(x, w);
  CHECK(y.dtype() == DType::int64);
  CHECK(y.to_vector<std::int64_t>() == std::vector<std::int64_t>{8, 12, 20, 24});
  CHECK(conv_transpose2d(x, w).to_vector<std::int64_t>()[5] == 0 + 1 + 3 + 4);
  CHECK_THROWS_AS(conv2d(x == 0, w == 0), std::invalid_argument);
}

// Between the rows of a padded plane stand elements that no window reads at that place. They are multiplied by 0, which
// an infinite one would turn into nan.
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

TEST_CASE("A tap that does not meet an element does not reach it", "[nn][convolution]") {
  for (double odd : {kInf, std::nan("")}) {
    Tensor w = f64({{{odd, 1.}}});
    std::vector<double> y = conv_transpose1d(f64({{{1., 2., 3.}}}), w, {}, {.dilation = 2}).to_vector();
    CHECK((y[3] == 2 && y[4] == 3));
    CHECK_FALSE((std::isfinite(y[0]) || std::isfinite(y[2])));
    Tensor x = ones({1, 1, 4}, {.dtype = DType::float64}).set_requires_grad();
    CHECK(grad(sum(conv1d(x, w)), x).to_vector()[3] == 1);
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

// Rows shorter and longer than registers of any size, which are worked on by themselves or with what stands between
// them; planes that end within a register; channels that fill blocks of sums and that do not; more padding than a
// window reaches.
TEST_CASE("Convolutions of all kinds are the sums of their windows, in any number of threads", "[nn][convolution]") {
  const Planes all[] = {
      {3, 1, 1, 16, {28, 28}, {3, 3}, {1, 1}, {1, 1}, {1, 1}},  {2, 1, 16, 9, {14, 14}, {3, 3}, {1, 1}, {1, 1}, {1, 1}},
      {2, 1, 2, 5, {7, 7}, {3, 3}, {1, 1}, {1, 1}, {1, 1}},     {5, 1, 3, 6, {9, 33}, {5, 5}, {1, 1}, {1, 1}, {0, 0}},
      {2, 1, 3, 11, {19, 23}, {7, 7}, {2, 2}, {1, 1}, {3, 3}},  {2, 1, 4, 7, {1, 50}, {1, 3}, {1, 1}, {1, 2}, {0, 2}},
      {2, 3, 2, 3, {8, 17}, {2, 4}, {1, 1}, {1, 1}, {1, 2}},    {4, 8, 1, 1, {12, 12}, {3, 3}, {1, 1}, {1, 1}, {1, 1}},
      {2, 1, 1, 1, {3, 70}, {3, 2}, {1, 3}, {2, 1}, {2, 1}},    {1, 1, 2, 8, {5, 6}, {1, 2}, {1, 1}, {1, 1}, {4, 5}},
      {1, 2, 3, 17, {11, 16}, {4, 3}, {3, 1}, {1, 3}, {2, 3}},  {2, 1, 2, 2, {16, 31}, {3, 3}, {2, 2}, {2, 2}, {1, 0}},
      {1, 1, 1, 3, {1, 1}, {1, 1}, {1, 1}, {1, 1}, {1, 1}},     {3, 1, 60, 10, {4, 5}, {3, 3}, {1, 1}, {1, 1}, {1, 1}},
      {130, 1, 2, 4, {15, 15}, {3, 3}, {1, 1}, {1, 1}, {1, 1}}, {2, 1, 4, 4, {2, 300}, {2, 9}, {2, 1}, {1, 4}, {0, 8}},
  };
  const int threads_before = num_threads();
  Generator generator(5);
  for (DType dtype : {DType::float32, DType::float64})
    for (const Planes& planes : all) {
      Tensor x = small_integers(planes.x_shape(), dtype, generator).set_requires_grad();
      Tensor w = small_integers(planes.w_shape(), dtype, generator).set_requires_grad();
      Tensor bias = small_integers({planes.groups * planes.outs}, dtype, generator);
      const Tensor g = small_integers(planes.y_shape(), dtype, generator);
      const std::vector<double> of_x = x.to_vector(), of_w = w.to_vector(), of_g = g.to_vector();
      std::vector<double> y = (zeros(planes.y_shape(), kDouble) + reshape(cast(bias, DType::float64), {-1, 1, 1}))
                                  .to_vector(),
                          gx(of_x.size()), gw(of_w.size());
      planes.for_meetings([&](std::int64_t at_x, std::int64_t at_w, std::int64_t at_y) {
        y[at_y] += of_x[at_x] * of_w[at_w];
        gx[at_x] += of_g[at_y] * of_w[at_w];
        gw[at_w] += of_g[at_y] * of_x[at_x];
      });
      for (int threads : {1, 2}) {
        CAPTURE(dtype, planes.x_shape(), planes.w_shape(), threads);
        set_num_threads(threads);
        Tensor result = conv2d(x, w, bias, planes.options());
        std::vector<Tensor> gradients = grad({result}, {x, w}, {g});
        CHECK((result.to_vector() == y));
        CHECK((gradients[0].to_vector() == gx));
        CHECK((gradients[1].to_vector() == gw));
      }
    }
  set_num_threads(threads_before);
}

TEST_CASE("float32 sums of many channels are accurate", "[nn][convolution]") {
  Tensor x = full({1, 2000, 3, 3}, 0.1, {.dtype = DType::float32}),
         w = full({1, 2000, 3, 3}, 0.1, {.dtype = DType::float32});
  CHECK(conv2d(x, w).item() == Approx(180).epsilon(1e-5));
}
