// Expected numbers without a derivation beside them are PyTorch 1.13.1's.
#include <xgrad/autograd/ops/normalization.hpp>

#include <cmath>
#include <limits>

#include <xgrad/autograd/grad.hpp>
#include <xgrad/autograd/ops.hpp>
#include "../support.hpp"
#include "numbers.hpp"

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

TEST_CASE("batch_norm of no elements and no channels answers with none, as PyTorch", "[nn][normalization]") {
  Tensor x = zeros({0}).set_requires_grad();
  Tensor y = batch_norm(x, zeros({0}), ones({0}), {}, {}, {.training = true});
  CHECK(y.shape() == Shape{0});
  CHECK(grad(sum(y), x).shape() == Shape{0});
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

TEST_CASE("With constant statistics the gradient of an element is its own, whatever the others are",
          "[nn][normalization]") {
  // g weight / sqrt(variance): a sum over the channel that leaves the range, or an element that is not finite, is no
  // part of it. Channels of single elements, in columns, have a kernel of their own.
  const Tensor mean = f64({1., 2.}), variance = f64({4., 0.25}), of_variance = f64({0.5, 2.}), w = f64({2., -0.5});
  for (DType dtype : {DType::float32, DType::float64})
    for (std::int64_t places : {1, 3})
      for (bool is_weighted : {false, true})
        for (bool is_batch : {false, true}) {
          const double huge = dtype == DType::float32 ? 1e20 : 1e160;
          auto of_places = [&](const NestedList& rows) {
            return cast(copy(expand(unsqueeze(f64(rows), 2), {4, 2, places})), dtype);
          };
          const Tensor g = of_places({{1., huge}, {2., huge}, {3., huge}, {4., huge}});
          const Tensor x = of_places({{1., huge}, {2., huge}, {kInf, huge}, {kNan, huge}}).set_requires_grad();
          const Tensor weight = is_weighted ? cast(w, dtype) : Tensor();
          const Tensor y = is_batch
                               ? batch_norm(x, mean, variance, weight, {}, {.training = false, .eps = 0})
                               : instance_norm(x, mean, variance, weight, {}, {.use_input_stats = false, .eps = 0});
          const Tensor slope = cast(is_weighted ? of_variance * w : of_variance, dtype);
          const Tensor expected = g * unsqueeze(slope, 1);
          INFO(dtype << ", places " << places << ", weighted " << is_weighted << ", batch_norm " << is_batch);
          CHECK(all(grad(y, x, g, {.retain_graph = true}) == expected).item<bool>());
          CHECK(all(grad(y, x, g, {.create_graph = true}) == expected).item<bool>());
        }
}

TEST_CASE("The running mean of a channel with infinities of one sign is that infinity", "[nn][normalization]") {
  for (DType dtype : {DType::float32, DType::float64})
    for (std::int64_t places : {1, 2})
      for (std::int64_t at : {0, 2})
        for (double infinity : {kInf, -kInf}) {
          Tensor mean = zeros({1}, kDouble), variance = ones({1}, kDouble);
          Tensor x = cast(reshape(arange(4 * places), {4, 1, places}), dtype);
          x[at].assign(infinity);
          const Tensor y = batch_norm(x, mean, variance, {}, {}, {.training = true});
          INFO(dtype << ", places " << places << ", sample " << at << ", " << infinity);
          CHECK(mean.item() == infinity);
          CHECK(std::isnan(variance.item()));
          CHECK(all(isnan(y)).item<bool>());
        }
}

TEST_CASE("A running statistic that does not count leaves nothing behind", "[nn][normalization]") {
  // momentum 0 takes none of x's, momentum 1 all of them: 0 times an infinity is no part of either.
  Tensor mean = zeros({1}, kDouble), variance = ones({1}, kDouble);
  batch_norm(f64({{1.}, {kInf}}), mean, variance, {}, {}, {.training = true, .momentum = 0});
  CHECK(mean.item() == 0);
  CHECK(variance.item() == 1);
  mean.assign(kInf);
  variance.assign(kNan);
  batch_norm(f64({{1.}, {3.}}), mean, variance, {}, {}, {.training = true, .momentum = 1});
  CHECK(mean.item() == 2);
  CHECK(variance.item() == 2);
}

TEST_CASE("A channel with weight 0 takes no part, though its cotangents' sum leaves the range", "[nn][normalization]") {
  const TensorOptions options{.dtype = DType::float32};
  const Tensor x = reshape(arange(1., 17., 1., options), {2, 2, 4}).set_requires_grad();
  const Tensor second = reshape(square(arange(0., 8., 1., options)), {2, 4});
  const Tensor g = stack({full({2, 4}, 2e38, options), second}, 1);
  const Tensor of_second = stack({zeros({2, 4}, options), second}, 1);
  const Tensor weight = tensor({0., 1.5}, options);
  using Norm = Tensor (*)(const Tensor&, const Tensor&);
  for (const Norm norm :
       {Norm([](const Tensor&x, const Tensor&w) { return group_norm(x, 1, w); }),
        Norm([](const Tensor&x, const Tensor&w) { return instance_norm(x, {}, {}, w); }),
        Norm([](const Tensor&x, const Tensor&w) { return batch_norm(x, {}, {}, w, {}, {.training = true}); })}) {
    const Tensor y = norm(x, weight);
    const Tensor expected = grad(norm(x, weight), x, of_second);
    CHECK(allclose(grad(y, x, g, {.retain_graph = true}), expected, {.rtol = 1e-4, .atol = 1e-5}));
    CHECK(allclose(grad(y, x, g, {.create_graph = true}), expected, {.rtol = 1e-4, .atol = 1e-5}));
  }
}
