#include <xgrad/autograd/ops/dropout.hpp>

#include "numbers.hpp"

using namespace xgrad;
using namespace xgrad::testing;
using Catch::Contains;

TEST_CASE("feature_dropout drops whole channels", "[dropout]") {
  Generator generator(11);
  Tensor y = feature_dropout(ones({50, 40, 3, 2}), 0.25, generator);
  std::vector<double> numbers = values(y);
  int dropped = 0;
  for (std::size_t channel = 0; channel < 2000; ++channel) {
    const double first = numbers[channel * 6];
    CHECK((first == 0 || first == double(float(1 / 0.75))));
    for (std::size_t i = 1; i < 6; ++i) CHECK(numbers[channel * 6 + i] == first);
    dropped += first == 0;
  }
  CHECK(std::abs(dropped - 500) < 6 * std::sqrt(2000 * 0.25 * 0.75));
  CHECK_THROWS_WITH(feature_dropout(ones({3})), Contains("must have at least two axes"));
}

TEST_CASE("alpha_dropout keeps mean and variance", "[dropout]") {
  Generator generator(12);
  const std::int64_t count = 400000;
  Tensor x = normal({count}, {.dtype = DType::float64}, generator);
  for (double p : {0.1, 0.5, 0.9}) {
    INFO(p);
    Tensor y = alpha_dropout(x, p, generator);
    CHECK(std::abs(mean(y).item()) < 6 / std::sqrt(double(count)));
    CHECK(var(y).item() == Approx(1).epsilon(0.03));
  }
  CHECK(values(alpha_dropout(doubles({1, -kInf}), 1)) == std::vector<double>{0, 0});
  CHECK(values(alpha_dropout(doubles({1, 2}), 0)) == std::vector<double>{1, 2});
}

TEST_CASE("rrelu's slopes are uniform, and its derivative is the slope that was drawn", "[dropout]") {
  Generator generator(13);
  Tensor x = full({20000}, -1.0, {.dtype = DType::float64}).set_requires_grad();
  Tensor y = rrelu(x, 0.125, 0.375, generator), g = grad(sum(y), x);
  CHECK(values(g) == values(-y));
  CHECK(amin(g).item() >= 0.125);
  CHECK(amax(g).item() < 0.375);
  CHECK(mean(g).item() == Approx(0.25).epsilon(0.01));
  CHECK(values(rrelu(doubles({2, 0}))) == std::vector<double>{2, 0});
}

TEST_CASE("rrelu's slopes have the digits of x's dtype and stay between the bounds", "[dropout]") {
  for (auto [lower, upper] : {std::pair(0.1, 0.1), {0.1, std::nextafter(0.1, 1)}, {-1 / 3.0, 0.7}, {-0.3, -0.1}}) {
    INFO(lower << " to " << upper);
    Generator generator(14);
    const Tensor slopes = -rrelu(full({1000}, -1.0, {.dtype = DType::float64}), lower, upper, generator);
    CHECK(amin(slopes).item() >= lower);
    CHECK(amax(slopes).item() <= upper);
    // A float32 x draws the same numbers.
    generator.reseed(14);
    const Tensor rounded = -rrelu(full({1000}, -1.0, {.dtype = DType::float32}), lower, upper, generator);
    CHECK(allclose(rounded, cast(slopes, DType::float32), {.rtol = 0, .atol = 2e-7}));
  }
  CHECK(values(rrelu(doubles({-1, -3}), 0.1, 0.1)) == std::vector<double>{-0.1, -3 * 0.1});
}
