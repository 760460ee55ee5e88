#include <xgrad/nn/init.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include <xgrad/autograd/ops.hpp>
#include <xgrad/nn/layers/dense.hpp>
#include "../catch.hpp"
#include "message.hpp"

using namespace xgrad;
using nn::testing::at;
using nn::testing::message_of;
namespace init = nn::init;

namespace {

constexpr TensorOptions kDouble{.dtype = DType::float64};

Tensor draw(const nn::Initializer& initializer, const Shape& shape) {
  Generator generator(11);
  return initializer(shape, kDouble, generator);
}

/// Sample mean and deviation are within six standard errors.
void check_moments(const Tensor& x, double expected_mean, double expected_std) {
  double root = std::sqrt(static_cast<double>(x.numel()));
  CHECK(std::abs(mean(x).item() - expected_mean) <= 6 * expected_std / root);
  CHECK(std::abs(xgrad::std(x).item() / expected_std - 1) <= 6 / root);
}

void check_uniform(const Tensor& x, double bound) {
  check_moments(x, 0, bound / std::sqrt(3));
  CHECK(max(abs(x)).item() <= bound);
  CHECK(max(abs(x)).item() > 0.95 * bound);
}

}  // namespace

TEST_CASE("constant, zeros and ones", "[nn][init]") {
  CHECK(draw(init::constant(2.5), {2}).to_vector<double>() == std::vector<double>{2.5, 2.5});
  CHECK(draw(init::zeros(), {2}).to_vector<double>() == std::vector<double>{0, 0});
  CHECK(draw(init::ones(), {}).item() == 1);
}

TEST_CASE("uniform and normal", "[nn][init]") {
  Tensor u = draw(init::uniform(-2, 3), {50, 60});
  check_moments(u, 0.5, 5 / std::sqrt(12));
  CHECK(min(u).item() >= -2);
  CHECK(max(u).item() < 3);
  check_moments(draw(init::normal(1.5, 0.25), {50, 60}), 1.5, 0.25);
  CHECK_THROWS_AS(init::uniform(1, 0), std::invalid_argument);
  CHECK_THROWS_AS(init::normal(0, -1), std::invalid_argument);
}

TEST_CASE("fans count the kernel's area", "[nn][init]") {
  CHECK(init::fans({40, 50}).in == 50);
  CHECK(init::fans({40, 50}).out == 40);
  CHECK(init::fans({24, 8, 3, 5}).in == 120);
  CHECK(init::fans({24, 8, 3, 5}).out == 360);
  CHECK_THROWS_AS(init::fans({4}), std::invalid_argument);
}

TEST_CASE("gains are those of PyTorch's calculate_gain", "[nn][init]") {
  CHECK(init::gain(init::Nonlinearity::linear) == 1);
  CHECK(init::gain(init::Nonlinearity::sigmoid) == 1);
  CHECK(init::gain(init::Nonlinearity::tanh) == Approx(5. / 3));
  CHECK(init::gain(init::Nonlinearity::relu) == Approx(1.4142135623730951));
  CHECK(init::gain(init::Nonlinearity::leaky_relu, 1.5) == Approx(0.7844645405527362));
  CHECK(init::gain(init::Nonlinearity::selu) == 0.75);
}

TEST_CASE("initialisers by fan have their bounds and deviations", "[nn][init]") {
  check_uniform(draw(init::uniform_fan_in(), {40, 50}), 1 / std::sqrt(50));
  check_uniform(draw(init::glorot_uniform(), {64, 100}), 0.19127301391900148);
  check_uniform(draw(init::glorot_uniform(std::sqrt(2)), {32, 16, 5}), 0.22360679774997894);
  check_moments(draw(init::glorot_normal(), {24, 8, 3, 3}), 0, 0.08333333333333333);
  check_moments(draw(init::lecun_normal(), {40, 50}), 0, 1 / std::sqrt(50));
  check_uniform(draw(init::he_uniform(), {64, 100}), 0.2449489742783178);
  check_uniform(draw(init::he_uniform({.fan = init::Fan::out}), {24, 8, 3, 3}), 0.16666666666666666);
  check_moments(draw(init::he_normal(), {24, 8, 3, 3}), 0, 0.16666666666666669);
  check_moments(draw(init::he_normal({.fan = init::Fan::out, .gain = init::gain(init::Nonlinearity::selu)}), {200, 50}),
                0, 0.053033008588991064);
  CHECK_THROWS_AS(draw(init::he_normal(), {5}), std::invalid_argument);
}

TEST_CASE("truncated_normal has the moments of the truncated distribution", "[nn][init]") {
  Tensor x = draw(init::truncated_normal({.mean = 0.5, .std = 0.7, .low = -1, .high = 1}), {80, 80});
  check_moments(x, 0.24776943944714358, 0.47427501698978053);
  CHECK(min(x).item() >= -1);
  CHECK(max(x).item() <= 1);
  check_moments(draw(init::truncated_normal({.std = 0.02}), {80, 80}), 0, 0.02);
}

TEST_CASE("truncated_normal reaches into far tails", "[nn][init]") {
  // Beyond 8 the distribution is nearly exponential: mean 8 + 1/8 - 2/8^3 + ...
  for (double sign : {-1., 1.}) {
    double low = sign > 0 ? 8 : -9, high = sign > 0 ? 9 : -8;
    Tensor x = draw(init::truncated_normal({.low = low, .high = high}), {100, 100});
    CHECK(min(x).item() >= low);
    CHECK(max(x).item() <= high);
    CHECK(mean(x).item() == Approx(sign * 8.121).epsilon(0.002));
  }
  // Where the distribution function underflows: at the bound towards the mean, nearly exponential with 1 / distance.
  for (double sign : {-1., 1.}) {
    Tensor x = draw(init::truncated_normal({.mean = sign * 1000, .std = 2}), {100, 100});
    CHECK(max(abs(x)).item() <= 2);
    check_moments(2 - sign * x, 4. / 998, 4. / 998);
  }
  check_moments(draw(init::truncated_normal({.low = 40, .high = HUGE_VAL}), {100, 100}), 40.024969, 0.024938);
  CHECK(max(draw(init::truncated_normal({.mean = -1e300, .std = 1e-10}), {9})).item() == -2);
  // Both ways agree where one takes over from the other.
  Tensor near = draw(init::truncated_normal({.low = -60, .high = -36.999}), {2000});
  Tensor far = draw(init::truncated_normal({.low = -60, .high = -37.001}), {2000});
  CHECK(max(abs(near - far - 0.002)).item() < 3e-4);
  for (double bad : {std::nan(""), HUGE_VAL}) {
    CHECK_THROWS_AS(init::truncated_normal({.mean = bad}), std::invalid_argument);
    CHECK_THROWS_AS(init::truncated_normal({.std = bad}), std::invalid_argument);
  }
  CHECK_THROWS_AS(init::truncated_normal({.low = 1, .high = 1}), std::invalid_argument);
  CHECK_THROWS_AS(init::truncated_normal({.std = 0}), std::invalid_argument);
}

TEST_CASE("truncated_normal is the quantile of a uniform number to rounding", "[nn][init]") {
  const Tensor share = draw(init::uniform(), {50, 40});
  struct Bounds {
    double low, high;
  };
  for (auto [low, high] : {Bounds{-2, 2}, Bounds{-HUGE_VAL, HUGE_VAL}, Bounds{-36.5, -30}, Bounds{30, 36.5}}) {
    INFO(low << " to " << high);
    const double sign = low > 0 ? -1 : 1;  // an upper tail is a lower one, mirrored
    Tensor x = draw(init::truncated_normal({.low = low, .high = high}), {50, 40});
    const Tensor p_low = ndtr(tensor(std::min(sign * low, sign * high), kDouble));
    const Tensor p_high = ndtr(tensor(std::max(sign * low, sign * high), kDouble));
    const Tensor p = p_low + (p_high - p_low) * share;
    CHECK(allclose(sign * x, ndtri(p), {.rtol = 1e-13, .atol = 1e-14}));
    // The distribution function gives p back: an error of eps in x is one of about eps x^2 in it.
    CHECK(allclose(ndtr(sign * x), p, {.rtol = 2e-12, .atol = 0}));
  }
}

TEST_CASE("identity is rectangular if need be", "[nn][init]") {
  CHECK(draw(init::identity(), {2, 3}).to_vector<double>() == std::vector<double>{1, 0, 0, 0, 1, 0});
  CHECK_THROWS_AS(draw(init::identity(), {2, 3, 4}), std::invalid_argument);
}

TEST_CASE("orthogonal has orthonormal rows or columns, whichever are fewer", "[nn][init]") {
  for (Shape shape : {Shape{30, 10}, Shape{10, 30}, Shape{16, 4, 3, 3}, Shape{70, 70}, Shape{1, 1}}) {
    INFO(to_string(shape));
    Tensor x = draw(init::orthogonal(2), shape);
    CHECK(x.shape() == shape);
    Tensor rows = reshape(x, {shape[0], x.numel() / shape[0]});
    if (rows.size(0) > rows.size(1)) rows = transpose(rows);
    CHECK(allclose(matmul(rows, transpose(rows)), 4 * eye(rows.size(0), kDouble), {.rtol = 0, .atol = 1e-13}));
  }
  CHECK_THROWS_AS(draw(init::orthogonal(), {5}), std::invalid_argument);
}

TEST_CASE("orthogonal is the Q of normal numbers whose R has a positive diagonal", "[nn][init]") {
  // Else the signs would be LAPACK's, and the matrices not uniformly distributed.
  for (Shape shape : {Shape{30, 10}, Shape{10, 30}, Shape{40, 40}}) {
    INFO(to_string(shape));
    const bool is_wide = shape[0] <= shape[1];
    const Shape drawn = is_wide ? shape : Shape{shape[1], shape[0]};
    const Tensor numbers = draw(init::normal(), drawn);
    Tensor rows = draw(init::orthogonal(), shape);
    if (!is_wide) rows = transpose(rows);
    const Tensor factor = matmul(numbers, transpose(rows));
    CHECK(max(abs(triu(factor, 1))).item() < 1e-13);
    CHECK(min(diagonal(factor)).item() > 0);
  }
}

TEST_CASE("initialisers give the dtype and the variable that are asked for", "[nn][init]") {
  for (const nn::Initializer& initializer : {init::uniform(), init::normal(), init::zeros(), init::identity(),
                                             init::orthogonal(), init::he_uniform(), init::truncated_normal()}) {
    INFO(initializer.name());
    Tensor x = initializer({3, 4}, {.requires_grad = true});
    CHECK(x.dtype() == DType::float32);
    CHECK(x.requires_grad());
    CHECK(x.is_leaf());
    CHECK(x.is_contiguous());
  }
}

TEST_CASE("weights without elements have initialisers too", "[nn][init]") {
  for (const nn::Initializer& initializer : {init::uniform_fan_in(), init::he_normal(), init::glorot_uniform(),
                                             init::orthogonal(), init::truncated_normal()})
    for (Shape shape : {Shape{0, 3}, Shape{3, 0}, Shape{0, 0}}) CHECK(initializer(shape).shape() == shape);
}

TEST_CASE("any function of shape, options and generator is an initialiser", "[nn][init]") {
  nn::Initializer ramp = [](const Shape& shape, TensorOptions options, Generator&) {
    return reshape(arange(0, static_cast<double>(shape.numel()), 1, options), shape);
  };
  CHECK(ramp.name() == "custom");
  CHECK(draw(ramp, {2, 2}).to_vector<double>() == std::vector<double>{0, 1, 2, 3});
  CHECK(init::he_uniform().name() == "he_uniform");
  CHECK_FALSE(nn::Initializer());
  CHECK_THROWS_AS(nn::Initializer()({2}), std::logic_error);
}

TEST_CASE("errors of initialisers name the caller's line", "[nn][init]") {
  const nn::Initializer drawn[] = {init::he_normal(), init::glorot_uniform(), init::orthogonal(), init::identity(),
                                   nn::Initializer()};
  for (const nn::Initializer& initializer : drawn) {
    INFO(initializer.name());
    auto call = [&] { initializer({3}); };
    int line = __LINE__ - 1;
    CHECK_THAT(message_of<std::logic_error>(call), Catch::Matchers::EndsWith(at("init.cpp", line)));
  }

  auto gain = [] { init::he_uniform({.gain = std::nan("")}); };
  int line = __LINE__ - 1;
  CHECK(message_of<std::invalid_argument>(gain) ==
        "init::he_uniform: gain must be finite and at least 0, but it is nan." + at("init.cpp", line));
  CHECK_THROWS_AS(init::he_normal({.gain = -1}), std::invalid_argument);
  CHECK_THROWS_AS(init::glorot_normal(-1), std::invalid_argument);
  CHECK_THROWS_AS(init::glorot_uniform(HUGE_VAL), std::invalid_argument);
  CHECK_THROWS_AS(init::uniform_fan_in(-1), std::invalid_argument);
  CHECK_THROWS_AS(init::orthogonal(std::nan("")), std::invalid_argument);
}

TEST_CASE("errors in a user's initialiser name the line in it", "[nn][init]") {
  int line = __LINE__ + 1;
  nn::Initializer wrong = [](const Shape&, TensorOptions, Generator&) { return ones({2}) + ones({3}); };
  CHECK_THAT(message_of<std::invalid_argument>([&] { wrong({2}); }), Catch::Matchers::EndsWith(at("init.cpp", line)));
}

TEST_CASE("an empty callable is no initialiser", "[nn][init]") {
  std::function<Tensor(const Shape&, TensorOptions, Generator&)> none;
  CHECK_FALSE(static_cast<bool>(nn::Initializer(none)));
  CHECK(nn::Initializer(none).name().empty());
  CHECK(nn::Dense(2, 3, {.weight_init = none, .bias_init = none}).weight().shape() == Shape{3, 2});
}

TEST_CASE("initialisers refuse what is not finite", "[nn][init]") {
  CHECK_THROWS_WITH(nn::init::normal(std::nan(""), 1), Catch::Contains("init::normal: mean and std must be finite"));
  CHECK_THROWS_WITH(nn::init::normal(0, HUGE_VAL), Catch::Contains("init::normal: mean and std must be finite"));
  CHECK_THROWS_WITH(nn::init::uniform(-HUGE_VAL, HUGE_VAL), Catch::Contains("init::uniform:"));
}
