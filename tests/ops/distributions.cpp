#include <xgrad/autograd/ops/distributions.hpp>

#include <algorithm>
#include <numbers>

#include <xgrad/autograd/threads.hpp>
#include "numbers.hpp"

using namespace xgrad;
using namespace xgrad::testing;
using Catch::Contains;

namespace {

constexpr std::int64_t kCount = 200000;
constexpr TensorOptions kOptions{.dtype = DType::float64};

/// Mean and variance of a sample beside the distribution's, within six standard errors. `kurtosis` is the fourth
/// central moment by the square of the variance.
void check_moments(const Tensor& sample, double mean, double variance, double kurtosis) {
  const std::vector<double> numbers = values(sample);
  const double n = static_cast<double>(numbers.size());
  double sum = 0, squares = 0;
  for (double x : numbers) sum += x;
  const double found = sum / n;
  for (double x : numbers) squares += (x - found) * (x - found);
  INFO("mean " << found << " of " << mean << ", variance " << squares / n << " of " << variance);
  CHECK(std::abs(found - mean) <= 6 * std::sqrt(variance / n) + 1e-12 * mean);
  CHECK(std::abs(squares / n - variance) <= 6 * variance * std::sqrt((kurtosis - 1) / n) + 1e-12);
}

/// How often each position was drawn, within six standard deviations of what the probabilities say.
void check_frequencies(const std::vector<std::int64_t>& drawn, const std::vector<double>& weights) {
  double total = 0;
  for (double weight : weights) total += weight;
  std::vector<double> found(weights.size());
  for (std::int64_t position : drawn) ++found.at(static_cast<std::size_t>(position));
  const double n = static_cast<double>(drawn.size());
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const double p = weights[i] / total;
    INFO("position " << i << ": " << found[i] << " times, expected " << n * p);
    CHECK(std::abs(found[i] - n * p) <= 6 * std::sqrt(n * p * (1 - p)));
  }
}

}  // namespace

TEST_CASE("exponential and Gumbel numbers have their moments and quantiles", "[random]") {
  Generator generator(21);
  Tensor x = exponential({kCount}, 2.5, kOptions, generator);
  check_moments(x, 0.4, 0.16, 9);
  CHECK(amin(x).item() > 0);
  for (double q : {0.01, 0.1, 1.0, 2.0})
    CHECK(mean(cast(x > q, DType::float64)).item() == Approx(std::exp(-2.5 * q)).margin(0.008));
  check_moments(exponential({kCount}, 1, {.dtype = DType::float32}, generator), 1, 1, 9);
  check_moments(gumbel({kCount}, 1, 2, kOptions, generator), 1 + 2 * std::numbers::egamma,
                4 * std::numbers::pi * std::numbers::pi / 6, 5.4);
}

TEST_CASE("gamma and beta numbers have their moments", "[random]") {
  Generator generator(22);
  for (double a : {0.05, 0.5, 1.0, 1.7, 7.3, 400.0}) {
    INFO(a);
    check_moments(gamma({kCount}, a, 2, kOptions, generator), a / 2, a / 4, 3 + 6 / a);
  }
  for (auto [a, b] : {std::pair(0.5, 0.5), std::pair(2.0, 3.0), std::pair(30.0, 0.7), std::pair(1.0, 1.0)}) {
    INFO(a << ", " << b);
    check_moments(beta({kCount}, a, b, kOptions, generator), a / (a + b), a * b / ((a + b) * (a + b) * (a + b + 1)), 6);
  }
  // Where both gamma numbers underflow.
  Tensor extreme = beta({20000}, 1e-4, 2e-4, kOptions, generator);
  CHECK(all(isfinite(extreme)).item<bool>());
  CHECK(mean(extreme).item() == Approx(1 / 3.0).margin(0.02));
}

TEST_CASE("Poisson numbers have their moments, each by its own rate", "[random]") {
  Generator generator(23);
  for (double rate : {0.3, 5.0, 9.99, 10.0, 37.5, 1000.0, 1e6, 1e12}) {
    INFO(rate);
    Tensor x = poisson(full({kCount}, rate, kOptions), generator);
    check_moments(x, rate, rate, 3 + 1 / rate);
    CHECK(all(x == floor(x)).item<bool>());
    CHECK(amin(x).item() >= 0);
  }
  // The probability of each number, on both sides of the change of method.
  for (double rate : {4.0, 12.0}) {
    std::vector<double> weights(40);
    for (int k = 0; k < 40; ++k)
      weights[static_cast<std::size_t>(k)] = std::exp(k * std::log(rate) - rate - std::lgamma(k + 1.0));
    check_frequencies(poisson(full({kCount}, rate, kOptions), generator).to_vector<std::int64_t>(), weights);
  }
  check_close(poisson(doubles({0, 0, 0})), {0, 0, 0});
  CHECK(poisson(tensor({1, 2})).dtype() == DType::float32);
  CHECK_THROWS_WITH(poisson(doubles({1, -1})), Contains("poisson: each rate must be finite and not negative"));
  CHECK_THROWS_WITH(poisson(doubles({kNan})), Contains("poisson: each rate"));
}

TEST_CASE("bernoulli of probabilities draws each by its own", "[random]") {
  Generator generator(7);
  const std::int64_t count = 100000;
  for (double p : {0.0, 1e-3, 0.3, 0.75, 1.0}) {
    const Tensor drawn = bernoulli(full({count}, p, kOptions), generator);
    CHECK(drawn.dtype() == DType::float64);
    CHECK(all(drawn * drawn == drawn).item<bool>());
    CHECK(mean(drawn).item() == Approx(p).margin(5 * std::sqrt(p * (1 - p) / count)));
  }
  check_close(bernoulli(doubles({0, 1, 0, 1}), generator), {0, 1, 0, 1});
  CHECK(bernoulli(full({2}, 0.5).set_requires_grad()).requires_grad() == false);
  CHECK_THROWS_WITH(bernoulli(doubles({0.5, 1.5})),
                    Contains("bernoulli: each probability must be in [0, 1], but one is 1.5"));
  CHECK_THROWS_WITH(bernoulli(doubles({-0.5})), Contains("bernoulli: each probability"));
  CHECK_THROWS_WITH(bernoulli(doubles({kNan})), Contains("bernoulli: each probability"));
}

TEST_CASE("multinomial draws by weight", "[random]") {
  Generator generator(24);
  const std::vector<double> weights = {1, 0, 3, 0.5, 0};
  Tensor x = from_vector(weights, {5});
  std::vector<std::int64_t> drawn = multinomial(x, 50000, true, generator).to_vector<std::int64_t>();
  check_frequencies(drawn, weights);
  // Without replacement: different ones, and the first of each by weight.
  Tensor rows = multinomial(expand(x, {20000, 5}), 3, false, generator);
  CHECK(rows.shape() == Shape{20000, 3});
  drawn = rows.to_vector<std::int64_t>();
  std::vector<std::int64_t> first, second_after_2;
  for (std::size_t i = 0; i < drawn.size(); i += 3) {
    std::vector<std::int64_t> row(drawn.begin() + static_cast<std::ptrdiff_t>(i),
                                  drawn.begin() + static_cast<std::ptrdiff_t>(i) + 3);
    first.push_back(row[0]);
    if (row[0] == 2) second_after_2.push_back(row[1]);
    std::sort(row.begin(), row.end());
    REQUIRE(row == std::vector<std::int64_t>{0, 2, 3});
  }
  check_frequencies(first, weights);
  check_frequencies(second_after_2, {1, 0, 0, 0.5, 0});
  CHECK(multinomial(doubles({1e308, 1e308}), 4, true).shape() == Shape{4});
  CHECK_THROWS_WITH(multinomial(x, 4), Contains("must have at least 4 that are not 0"));
  CHECK_THROWS_WITH(multinomial(zeros({3}), 1, true), Contains("at least 1 that are not 0"));
  CHECK_THROWS_WITH(multinomial(doubles({1, -1}), 1), Contains("each weight must be finite and not negative"));
  CHECK_THROWS_WITH(multinomial(zeros({2, 2, 2}), 1), Contains("one or two axes"));
}

TEST_CASE("categorical draws by softmax", "[random]") {
  Generator generator(25);
  Tensor logits = doubles({std::log(1.0), -kInf, std::log(3.0), std::log(0.5)});
  Tensor drawn = categorical(expand(logits, {40000, 4}), -1, generator);
  CHECK(drawn.shape() == Shape{40000});
  check_frequencies(drawn.to_vector<std::int64_t>(), {1, 0, 3, 0.5});
  CHECK(categorical(expand(reshape(logits, {4, 1}), {4, 6}), 0).shape() == Shape{6});
  CHECK_THROWS_WITH(categorical(doubles({-kInf, -kInf})), Contains("one above -infinity"));
  CHECK_THROWS_WITH(categorical(doubles({kNan, 1})), Contains("no logit may be nan or +infinity"));
  CHECK_THROWS_AS(categorical(logits, 1), std::out_of_range);
}

TEST_CASE("samples are the same for a seed, whatever the number of threads", "[random]") {
  const int threads = num_threads();
  auto all_of = [](int count) {
    set_num_threads(count);
    Generator generator(26, 3);
    Tensor weights = exponential({64, 200}, 1, kOptions, generator);
    return std::vector<std::vector<double>>{values(weights), values(gamma({30000}, 0.3, 1, kOptions, generator)),
                                            values(poisson(full({30000}, 15.0), generator)),
                                            values(multinomial(weights, 20, false, generator)),
                                            values(multinomial(weights, 20, true, generator))};
  };
  CHECK(all_of(1) == all_of(3));
  set_num_threads(threads);
  Generator one(27), same(27), other(28);
  CHECK(values(gumbel({50}, 0, 1, kOptions, one)) == values(gumbel({50}, 0, 1, kOptions, same)));
  CHECK(values(gumbel({50}, 0, 1, kOptions, one)) != values(gumbel({50}, 0, 1, kOptions, other)));
  CHECK_THROWS_WITH(exponential({2}, 0), Contains("exponential: the rate must be positive and finite, but it is 0"));
  CHECK_THROWS_WITH(gamma({2}, -1), Contains("gamma: the concentration must be positive"));
  CHECK_THROWS_WITH(beta({2}, 1, kInf), Contains("beta: b must be positive and finite"));
  CHECK_THROWS_WITH(gumbel({2}, 0, 1, {.dtype = DType::int64}),
                    Contains("gumbel: the dtype must be float32 or float64"));
}
