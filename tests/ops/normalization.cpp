// Expected numbers without a derivation beside them are PyTorch 1.13.1's.
#include <xgrad/autograd/ops/normalization.hpp>

#include <cmath>
#include <limits>

#include <xgrad/autograd/grad.hpp>
#include <xgrad/autograd/ops.hpp>
#include "../support.hpp"

using namespace xgrad;
using namespace xgrad::testing;

TEST_CASE("batch_norm in training takes the statistics of x and moves the running ones", "[nn][normalization]") {
  Tensor mean = zeros({2}, kDouble), variance = ones({2}, kDouble);
  Tensor y =
      batch_norm(f64({{1., 2.}, {3., 6.}, {5., 1.}}), mean, variance, {}, {}, {.training = true, .momentum = 0.5});
  CHECK(is_close(y, f64({{-1.224742575001414, -0.4629095539120194},
                         {0, 1.3887286617360581},
                         {1.2247425750014136, -0.9258191078240388}})));
  CHECK(is_close(mean, f64({1.5, 1.5})));
  CHECK(is_close(variance, f64({2.5, 4.})));
}

TEST_CASE("instance_norm moves the running statistics by the mean over the samples", "[nn][normalization]") {
  Tensor mean = zeros({2}, kDouble), variance = ones({2}, kDouble);
  Tensor x = f64({{{1., 2., 4.}, {3., 6., 0.}}, {{5., 1., 1.}, {0., 1., 0.}}});
  instance_norm(x, mean, variance, {}, {}, {.momentum = 0.5});
  CHECK(is_close(mean, f64({1.1666666666666667, 0.8333333333333334})));
  CHECK(is_close(variance, f64({2.416666666666667, 2.8333333333333335})));
}

TEST_CASE("batch_norm refuses one value a channel in training, and touches nothing then", "[nn][normalization]") {
  Tensor mean = zeros({2}, kDouble), variance = ones({2}, kDouble);
  std::string message = message_of<std::invalid_argument>([&] {
    batch_norm(zeros({1, 2}, kDouble), mean, variance, {}, {}, {.training = true});
  });
  CHECK(message.find("batch_norm: each channel must have more than one value in training, but x is [1, 2].") == 0);
  CHECK(message_of<std::invalid_argument>([&] {
          batch_norm(zeros({4, 2}, kDouble), mean, zeros({3}), {}, {}, {.training = true});
        }).find("batch_norm: running_variance must be [2]") == 0);
  CHECK(message_of<std::logic_error>([&] {
          batch_norm(f64({{1., 2.}, {3., 4.}}), mean, variable({1., 1.}) * 2, {}, {}, {.training = true});
        }).find("batch_norm: running_variance must be a leaf") == 0);
  CHECK(is_close(mean, f64({0., 0.})));
  CHECK(is_close(batch_norm(zeros({1, 2}, kDouble), mean, variance), zeros({1, 2}, kDouble)));
}

TEST_CASE("An empty batch changes no running statistics", "[nn][normalization]") {
  Tensor mean = zeros({2}, kDouble), variance = ones({2}, kDouble), weight = ones({2}, kDouble);
  weight.set_requires_grad();
  Tensor y = batch_norm(zeros({0, 2, 3}, kDouble), mean, variance, weight, {}, {.training = true});
  CHECK(y.shape() == Shape{0, 2, 3});
  CHECK(is_close(variance, f64({1., 1.})));
  CHECK(is_close(grad(sum(y), weight), f64({0., 0.})));
}

TEST_CASE("A running statistic that is written between forward and backward does no harm", "[nn][normalization]") {
  Tensor mean = f64({1., 2.}), variance = f64({1., 4.}), x = variable({{1., 2.}, {3., 4.}});
  Tensor y = batch_norm(x, mean, variance, {}, {}, {.eps = 0});
  mean.assign(0);
  variance.assign(9);
  CHECK(is_close(grad(sum(y), x), f64({{1., 0.5}, {1., 0.5}})));
}

TEST_CASE("Elements that differ by little are normalised by their differences", "[nn][normalization]") {
  // 4096 + k / 1024: float32 holds each; their mean is none.
  std::vector<float> row;
  std::vector<double> exact;
  for (int k = 0; k < 24; ++k) {
    row.push_back(4096 + static_cast<float>(k * k % 17) / 1024);
    exact.push_back(static_cast<double>(k * k % 17) / 1024);
  }
  Tensor y = layer_norm(from_vector(row), {24}, {}, {}, 0);
  Tensor expected = layer_norm(from_vector(exact), {24}, {}, {}, 0);
  CHECK(allclose(y, expected, {.rtol = 1e-5, .atol = 1e-6}));
  // And in a channel of a batch.
  Tensor channel = batch_norm(from_vector(row, {24, 1}), {}, {}, {}, {}, {.training = true, .eps = 0});
  CHECK(allclose(reshape(channel, {24}), expected, {.rtol = 1e-5, .atol = 1e-6}));
}

TEST_CASE("A constant group is 0, and passes no gradient to x", "[nn][normalization]") {
  Tensor x = full({2, 4}, 3, kVariable);
  Tensor y = layer_norm(x, {4});
  CHECK(is_close(y, zeros({2, 4}, kDouble)));
  CHECK(is_close(grad(sum(y), x), zeros({2, 4}, kDouble)));
}

TEST_CASE("group_norm refuses groups that do not divide the channels", "[nn][normalization]") {
  CHECK(message_of<std::invalid_argument>([] {
          group_norm(zeros({2, 6}), 4);
        }).find("group_norm: groups must divide the channels of x [2, 6] evenly, but there are 4.") == 0);
  CHECK_THROWS_AS(group_norm(zeros({1, 4}), 4), std::invalid_argument);
  CHECK_NOTHROW(group_norm(zeros({2, 4}), 4));
  CHECK_THROWS_AS(instance_norm(zeros({2, 3, 1})), std::invalid_argument);
}

TEST_CASE("rms_norm takes the dtype's epsilon by default", "[nn][normalization]") {
  const double eps = std::numeric_limits<float>::epsilon();
  Tensor x = tensor({1e-4, 2e-4}, {.dtype = DType::float32});
  CHECK(allclose(rms_norm(x, {2}), x / std::sqrt(2.5e-8 + eps)));
}

TEST_CASE("Mixed dtypes are promoted, and each gradient has its own", "[nn][normalization]") {
  Tensor x = zeros({3, 4}), weight = ones({4}, kVariable);
  x.set_requires_grad();
  Tensor y = layer_norm(x, {4}, weight);
  CHECK(y.dtype() == DType::float64);
  std::vector<Tensor> gradients = grad(sum(y), {x, weight});
  CHECK(gradients[0].dtype() == DType::float32);
  CHECK(gradients[1].dtype() == DType::float64);
}

TEST_CASE("normalize divides short vectors by eps", "[nn][normalization]") {
  Tensor x = variable({{0., 0.}, {3., 4.}});
  Tensor y = normalize(x);
  CHECK(is_close(y, f64({{0., 0.}, {0.6, 0.8}})));
  Tensor g = grad(sum(y), x);
  CHECK(g.to_vector()[0] == 1e12);
}
