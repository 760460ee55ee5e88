#include <xgrad/autograd/ops/statistics.hpp>

#include <cmath>
#include <limits>

#include <xgrad/autograd/check/gradcheck.hpp>
#include <xgrad/autograd/functional.hpp>
#include "../support.hpp"

using namespace xgrad;
using namespace xgrad::testing;
using Catch::Contains;

namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
using Integers = std::vector<std::int64_t>;

Integers integers_of(const Tensor& x) { return x.to_vector<std::int64_t>(); }

}  // namespace

TEST_CASE("The median of an even number is the lower one, and nan where there is one", "[median]") {
  CHECK(median(f64({4, 1, 3, 2})).item() == 2);
  CHECK(median(tensor({4, 1, 3, 2})).dtype() == DType::int64);
  CHECK(median(tensor({true, false})).item<bool>() == false);
  CHECK(std::isnan(median(f64({1, kNan, 3})).item()));
  CHECK(nanmedian(f64({kNan, 2, 1, kNan})).item() == 1);
  CHECK(std::isnan(nanmedian(f64({kNan, kNan})).item()));
  CHECK(std::isnan(median(zeros({0})).item()));
  CHECK(std::isnan(nanmedian(zeros({2, 0})).item()));
  CHECK_THAT(message_of<std::invalid_argument>([] { median(zeros({0}, {.dtype = DType::int64})); }),
             Contains("median: x must have an element where it holds integers, but it is [0]."));

  const auto [values, indices] = median(f64({{3, 1, 2}, {1, kNan, kNan}}), 1);
  CHECK(values[0].item() == 2);
  CHECK(std::isnan(values[1].item()));
  CHECK(integers_of(indices) == Integers{2, 1});
  CHECK(nanmedian(f64({kNan, 2, 1}), 0).indices.item() == 2);
  CHECK(nanmedian(f64({kNan, kNan}), 0).indices.item() == 0);
  CHECK(median(f64(3), 0, {.keepdims = true}).values.shape() == Shape{});
  CHECK(median(zeros({0, 2}), 1, {.keepdims = true}).values.shape() == Shape{0, 1});
  CHECK_THAT(message_of<std::invalid_argument>([] {
               median(zeros({2, 0}), 1);
             }),
             Contains("median: it needs at least one element on axis 1, but x is [2, 0]."));
  // Rows that are picked from in memory of their own.
  Generator generator(1);
  const Tensor x = normal({3, 2001}, 0, 1, kDouble, generator);
  CHECK(is_close(median(x, 1).values, sort(x, 1).values[{slice(), 1000}]));
}

TEST_CASE("The gradient of the median is split among its equals; that along an axis goes to one", "[median]") {
  const Tensor x = f64({1, 2, 2, 3});
  CHECK(is_close(grad([](const Tensor& v) { return median(v); }, x), f64({0, 0.5, 0.5, 0})));
  CHECK(is_close(grad([](const Tensor& v) { return median(v, 0).values; }, x), f64({0, 1, 0, 0})));
  CHECK(is_close(grad([](const Tensor& v) { return nanmedian(v); }, f64({kNan, 5, 1})), f64({0, 0, 1})));
  CHECK(is_close(hessian([](const Tensor& v) { return square(median(v)); }, f64({1, 5, 2})),
                 f64({{0, 0, 0}, {0, 0, 0}, {0, 0, 2}})));
}

TEST_CASE("mode is the smallest of the most frequent, at its last position", "[mode]") {
  const auto [value, index] = mode(tensor({3, 3, 1, 1, 2}));
  CHECK(value.item() == 1);
  CHECK(index.item() == 3);
  CHECK(mode(tensor({true, false, true})).indices.item() == 2);
  CHECK(mode(f64({-0.0, 1, 0, 1, 0})).indices.item() == 4);  // -0 is 0
  // Each nan is an element of its own.
  CHECK(mode(f64({kNan, kNan, kNan, 1, 1})).values.item() == 1);
  CHECK(mode(f64({kNan, 7, kNan})).values.item() == 7);
  CHECK(std::isnan(mode(f64({kNan, kNan})).values.item()));
  CHECK(mode(f64(2)).indices.item() == 0);
  CHECK(mode(zeros({0, 2})).values.shape() == Shape{0});
  CHECK_THAT(message_of<std::invalid_argument>([] { mode(zeros({0})); }),
             Contains("mode: it needs at least one element on axis 0, but x is [0]."));
  CHECK_THROWS_AS(mode(zeros({2, 0}), 1), std::invalid_argument);
  const Tensor many = cast(floor(arange(3000.) / 7), DType::int64);
  CHECK(mode(many).values.item() == 0);
  CHECK(mode(many).indices.item() == 6);
}

TEST_CASE("quantile interpolates as asked", "[quantile]") {
  const Tensor x = f64({4, 1, 3, 2});
  const Tensor q = f64({0, 0.5, 0.17, 0.83, 1});
  auto at = [&](QuantileInterpolation interpolation) {
    return quantile(x, q, {.interpolation = interpolation}).to_vector();
  };
  using V = std::vector<double>;
  CHECK(is_close(quantile(x, q), f64({1, 2.5, 1.51, 3.49, 4})));
  CHECK(at(QuantileInterpolation::lower) == V{1, 2, 1, 3, 4});
  CHECK(at(QuantileInterpolation::higher) == V{1, 3, 2, 4, 4});
  CHECK(at(QuantileInterpolation::midpoint) == V{1, 2.5, 1.5, 3.5, 4});
  CHECK(at(QuantileInterpolation::nearest) == V{1, 3, 2, 3, 4});  // 1.5 is rounded to 2
  auto slope = [&](QuantileInterpolation interpolation) {
    return grad([&](const Tensor& v) { return quantile(v, 0.3, {.interpolation = interpolation}); }, f64({1, 2, 3}));
  };
  CHECK(is_close(slope(QuantileInterpolation::linear), f64({0.4, 0.6, 0})));
  CHECK(is_close(slope(QuantileInterpolation::lower), f64({1, 0, 0})));
  CHECK(is_close(slope(QuantileInterpolation::higher), f64({0, 1, 0})));
  CHECK(is_close(slope(QuantileInterpolation::midpoint), f64({0.5, 0.5, 0})));
  CHECK(is_close(slope(QuantileInterpolation::nearest), f64({0, 1, 0})));
  // Among equals the weights go to those it lies between.
  CHECK(is_close(grad([](const Tensor& v) { return quantile(v, 0.25); }, f64({1, 1, 5})), f64({0.5, 0.5, 0})));
  CHECK(is_close(grad([](const Tensor& v) { return quantile(f64({1, 2, 5}), v); }, f64(0.75)), f64(6)));
}

TEST_CASE("quantile of nan, infinities, scalars and nothing", "[quantile]") {
  CHECK(std::isnan(quantile(f64({1, kNan, 2}), 0.).item()));
  CHECK(nanquantile(f64({1, kNan, 2}), 0.5).item() == 1.5);
  CHECK(std::isnan(nanquantile(f64({kNan, kNan}), 0.5).item()));
  const Tensor rows = f64({{1, kNan, 3}, {5, 7, 6}});
  const Tensor some = quantile(rows, f64({0.5, 1}), {.axis = 1});
  CHECK(std::isnan(some[0][0].item()));
  CHECK(some[0][1].item() == 6);
  CHECK(some[1][1].item() == 7);
  CHECK(is_close(nanquantile(rows, f64({0, 0.5}), {.axis = 1}), f64({{1, 5}, {2, 6}})));
  CHECK(is_close(grad([](const Tensor& v) { return sum(nanquantile(v, 0.5, {.axis = 1})); }, rows),
                 f64({{0.5, 0, 0.5}, {0, 0, 1}})));
  CHECK(quantile(f64({kInf, kInf, kInf}), 0.3).item() == kInf);
  CHECK(quantile(f64({-kInf, -kInf, 3}), 0.3).item() == -kInf);
  CHECK(quantile(f64({1, 2, kInf}), 0.5).item() == 2);
  CHECK(quantile(f64(3), 0.5, {.axis = 0, .keepdims = true}).shape() == Shape{});
  CHECK(quantile(f64({{1, 2}, {3, 5}}), 0.5, {.keepdims = true}).shape() == Shape{1, 1});
  CHECK(quantile(f64({{1, 2}, {3, 5}}), f64({0.5, 0.2}), {.keepdims = true}).shape() == Shape{2, 1, 1});
  CHECK(quantile(f64({{1, 2}, {3, 5}}), f64({0.5, 0.2, 1}), {.axis = 0, .keepdims = true}).shape() == Shape{3, 1, 2});
  CHECK(quantile(f64({1, 2}), zeros({0})).shape() == Shape{0});
  CHECK(quantile(tensor({1, 2}), 0.5).dtype() == DType::float32);
  CHECK(quantile(tensor({1, 2}), 0.5).item() == 1.5);
  CHECK_THAT(message_of<std::invalid_argument>([] {
               quantile(f64({1}), f64({0.5, 1.5}));
             }),
             Contains("quantile: q must be in [0, 1], but it is 1.5."));
  CHECK_THROWS_AS(quantile(f64({1}), kNan), std::invalid_argument);
  CHECK_THROWS_AS(quantile(f64({1}), f64({{0.5}})), std::invalid_argument);
  CHECK_THAT(message_of<std::invalid_argument>([] {
               quantile(zeros({2, 0}), 0.5, {.axis = 0});
             }),
             Contains("quantile: x must have elements, but it is [2, 0]."));
}

TEST_CASE("quantile finds ranks that a float32 does not hold", "[quantile]") {
  const std::int64_t n = (1 << 24) + 3;
  const Tensor x = cast(arange(n) >= n - 1, DType::float32);  // 0 ... 0 1
  CHECK(quantile(x, 1 - 1. / (1 << 24), {.interpolation = QuantileInterpolation::lower}).item() == 0);
  CHECK(quantile(x, 1.).item() == 1);
}

TEST_CASE("bincount counts, weighs, and checks before it takes memory", "[bincount]") {
  CHECK(integers_of(bincount(tensor({0, 2, 2}))) == Integers{1, 0, 2});
  CHECK(integers_of(bincount(tensor({0, 2, 2}), {.min_length = 5})) == Integers{1, 0, 2, 0, 0});
  CHECK(bincount(zeros({0}, {.dtype = DType::int64})).shape() == Shape{0});
  CHECK(integers_of(bincount(zeros({0}, {.dtype = DType::int64}), {.min_length = 2})) == Integers{0, 0});
  const Tensor weighed = bincount(tensor({0, 2, 2}), {.weights = f64({1, 2, 3.5})});
  CHECK(is_close(weighed, f64({1, 0, 5.5})));
  CHECK(bincount(tensor({0, 2, 2}), {.weights = tensor({1, 2, 3})}).dtype() == DType::float64);
  CHECK(bincount(tensor({0}), {.weights = tensor({1.}, {.dtype = DType::float32})}).dtype() == DType::float32);
  CHECK(is_close(grad(
                     [](const Tensor& w) {
                       return sum(f64({1, 10, 100}) * bincount(tensor({2, 0, 2}), {.weights = w}));
                     },
                     f64({1, 1, 1})),
                 f64({100, 1, 100})));
  CHECK(bincount(expand(tensor({3}), {1000}))[3].item() == 1000);

  CHECK_THAT(message_of<std::invalid_argument>([] {
               bincount(tensor({0, -2}));
             }),
             Contains("bincount: no element may be negative, but the one at 1 is -2."));
  const std::int64_t most = std::numeric_limits<std::int64_t>::max();
  CHECK_THAT(
      message_of<std::invalid_argument>([&] {
        bincount(from_vector(Integers{0, most}));
      }),
      Contains("bincount: an int64 must hold the largest element + 1, but the one at 1 is 9223372036854775807."));
  CHECK_THAT(message_of<std::invalid_argument>([&] { bincount(from_vector(Integers{most - 1})); }),
             Contains("bincount: the number of bytes must fit in an int64"));
  CHECK_THAT(message_of<std::invalid_argument>([&] { bincount(tensor({1}), {.min_length = most}); }),
             Contains("bincount: the number of bytes must fit in an int64"));
  CHECK_THROWS_AS(bincount(tensor({1}), {.min_length = -1}), std::invalid_argument);
  CHECK_THROWS_AS(bincount(f64({1})), std::invalid_argument);
  CHECK_THROWS_AS(bincount(tensor({true})), std::invalid_argument);
  CHECK_THROWS_AS(bincount(tensor({{1}})), std::invalid_argument);
  CHECK_THROWS_AS(bincount(tensor({1, 2}), {.weights = f64({1})}), std::invalid_argument);
}

TEST_CASE("histograms hold their lower edges, and the last bin its upper one", "[histogram]") {
  const auto [counts, edges] = histogram(f64({0, 1, 1, 2, 3, 3.5, -1, kNan}), 3, {.low = 0, .high = 3});
  CHECK(is_close(counts, f64({1, 2, 2})));
  CHECK(is_close(edges, f64({0, 1, 2, 3})));
  CHECK(is_close(histogram(f64({0, 1, 1, 2, 3, 3.5, -1, kNan}), f64({0, 1.5, 3})).counts, f64({3, 2})));
  CHECK(is_close(histogram(f64({1, 2, 1}), 4, {.high = 3, .weights = f64({1, 2, 4})}).counts, f64({0, 5, 2, 0})));
  CHECK(is_close(histogram(f64({1, 2, 1}), 4, {.high = 3, .weights = f64({1, 2, 4}), .density = true}).counts,
                 f64({0, 5 / 5.25, 2 / 5.25, 0})));
  CHECK(is_close(histogram(f64({1, 2, 5}), 4).edges, f64({1, 2, 3, 4, 5})));
  CHECK(is_close(histc(f64({1, 1}), 2), f64({0, 2})));
  CHECK(is_close(histogram(zeros({0}, kDouble), 2).edges, f64({0, 0.5, 1})));
  CHECK(histc(tensor({1, 2, 3}), 2).dtype() == DType::float32);
  // 0.1 is the edge of a bin, wherever rounding of 0.1 / 0.7 * 7 puts it.
  const Tensor edges7 = histogram(zeros({0}, kDouble), 7, {.high = 0.7}).edges;
  for (int i = 0; i < 7; ++i) {
    const Tensor on_edge = histogram(reshape(edges7[i], {1}), 7, {.high = 0.7}).counts;
    CHECK(on_edge[i].item() == 1);
  }
  const std::int64_t n = 20'000'000;
  CHECK(histc(zeros({n}, {.dtype = DType::float32}), 1, -1, 1).item() == 2e7);

  CHECK_THROWS_AS(histogram(f64({1}), 0), std::invalid_argument);
  CHECK_THAT(message_of<std::invalid_argument>([] { histogram(f64({1}), 3, {.low = 2, .high = 1}); }),
             Contains("histogram: low must not be above high, but they are 2 and 1."));
  CHECK_THAT(message_of<std::invalid_argument>([] {
               histc(f64({1, kNan}), 3);
             }),
             Contains("histc: the ends must be finite, but they are nan and nan."));
  CHECK_THROWS_AS(histogram(f64({1}), std::numeric_limits<std::int64_t>::max()), std::invalid_argument);
  CHECK_THROWS_AS(histogram(f64({1}), std::numeric_limits<std::int64_t>::max() - 1), std::invalid_argument);
  CHECK_THROWS_AS(histogram(f64({1}), f64({1, 0})), std::invalid_argument);
  CHECK_THROWS_AS(histogram(f64({1}), f64({0, kNan, 1})), std::invalid_argument);
  CHECK_THROWS_AS(histogram(f64({1}), f64({1})), std::invalid_argument);
  CHECK_THROWS_AS(histogram(f64({1}), 2, {.weights = f64({1, 2})}), std::invalid_argument);
}

TEST_CASE("cov and corrcoef of few, with weights", "[cov]") {
  const Tensor x = f64({{1, 2, 4}, {3, 1, 0}});
  CHECK(is_close(cov(x), f64({{7. / 3, -13. / 6}, {-13. / 6, 7. / 3}})));
  CHECK(cov(f64({1, 2, 4})).shape() == Shape{});
  CHECK(is_close(cov(f64({1, 2, 4})), f64(7. / 3)));
  CHECK(is_close(cov(x, {.frequencies = tensor({1, 2, 1})}), cov(f64({{1, 2, 2, 4}, {3, 1, 1, 0}}))));
  CHECK(is_close(cov(x, {.correction = 0, .reliabilities = f64({1, 2, 1})}),
                 cov(f64({{1, 2, 2, 4}, {3, 1, 1, 0}}), {.correction = 0})));
  CHECK(std::isnan(cov(f64(1)).item()));
  CHECK(cov(x, {.correction = 3})[0][0].item() == kInf);
  CHECK(cov(full({2, 7}, 0.1, kDouble))[0][1].item() == 0);  // of constants
  CHECK(is_close(cov(x + 1e9), cov(x)));
  CHECK(cov(zeros({0, 2})).shape() == Shape{0, 0});
  CHECK(std::isnan(cov(zeros({2, 0}))[0][0].item()));
  CHECK(cov(tensor({1, 2, 4})).dtype() == DType::float32);
  CHECK_NOTHROW(gradgradcheck([](const Tensor& v, const Tensor& w) { return cov(v, {.reliabilities = w}); },
                              {x, f64({1, 0.5, 2})}));
  CHECK_THAT(message_of<std::invalid_argument>([&] {
               cov(x, {.frequencies = tensor({1, -2, 1})});
             }),
             Contains("cov: frequencies must not be negative, but one is."));
  CHECK_THAT(message_of<std::invalid_argument>([&] {
               cov(x, {.frequencies = f64({1, 2, 1})});
             }),
             Contains("cov: frequencies must be int64, but they are float64."));
  CHECK_THAT(message_of<std::invalid_argument>([&] {
               cov(x, {.reliabilities = f64({0, 0, 0})});
             }),
             Contains("cov: the weights must not add up to 0, but they do."));
  CHECK_THROWS_AS(cov(x, {.reliabilities = f64({1, 2})}), std::invalid_argument);
  CHECK_THROWS_AS(cov(zeros({2, 2, 2})), std::invalid_argument);
  CHECK_THROWS_AS(cov(tensor({true, false})), std::invalid_argument);
  CHECK(corrcoef(f64({1, 2, 3})).item() == Approx(1));
  CHECK(corrcoef(x)[0][1].item() == Approx(-13. / 14));
  CHECK(corrcoef(zeros({0, 2})).shape() == Shape{0, 0});
  CHECK(std::isnan(corrcoef(f64({{1, 1}, {2, 3}}))[0][1].item()));  // of a constant
}

TEST_CASE("Reductions in another dtype, of some elements, and in pairs", "[reduce]") {
  CHECK(sum(tensor({1, 2}), Axes::all(), {.dtype = DType::float64}).dtype() == DType::float64);
  CHECK(sum(f64({1.7, 1.7}), Axes::all(), {.dtype = DType::int64}).item<std::int64_t>() == 2);
  CHECK(sum(tensor({1, 2}), Axes::all(), {.dtype = DType::boolean}).dtype() == DType::boolean);
  CHECK(prod(tensor({1, 2}), 0, {.dtype = DType::boolean}).item<bool>());
  CHECK(mean(tensor({1, 2}), 0, {.dtype = DType::float64}).item() == 1.5);
  CHECK_THAT(message_of<std::invalid_argument>([] {
               mean(tensor({1, 2}), 0, {.dtype = DType::int64});
             }),
             Contains("mean: dtype must be floating, but it is int64."));
  const Tensor narrow_x = ones({3}, {.dtype = DType::float32, .requires_grad = true});
  sum(narrow_x, Axes::all(), {.dtype = DType::float64}).backward();
  CHECK(narrow_x.grad().dtype() == DType::float32);

  CHECK(nansum(f64({1, kNan, 2})).item() == 3);
  CHECK(nansum(f64({kNan})).item() == 0);
  CHECK(nansum(tensor({true, true})).item<std::int64_t>() == 2);
  CHECK(nanmean(f64({1, kNan, 2})).item() == 1.5);
  CHECK(std::isnan(nanmean(f64({kNan})).item()));
  CHECK(std::isnan(nanmean(zeros({0})).item()));
  CHECK(nanmean(tensor({1, 2})).item() == 1.5);
  CHECK(is_close(grad([](const Tensor& v) { return nansum(v * v); }, f64({1, kNan, 2}))[slice(0, 3, 2)], f64({2, 4})));
  CHECK(is_close(grad([](const Tensor& v) { return nanmean(v); }, f64({1, kNan, 2})), f64({0.5, 0, 0.5})));
  CHECK(count_nonzero(f64({0, kNan, -0.0, 3})).item<std::int64_t>() == 2);
  CHECK(count_nonzero(tensor({{true, false}, {true, true}}), 0).to_vector<std::int64_t>() == Integers{2, 1});

  const auto [least, most] = aminmax(f64({{1, 5}, {3, 2}}), 0);
  CHECK(is_close(least, f64({1, 2})));
  CHECK(is_close(most, f64({3, 5})));
  CHECK(std::isnan(aminmax(f64({1, kNan})).min.item()));
  CHECK_THROWS_AS(aminmax(zeros({2, 0}), 1), std::invalid_argument);
  const auto [deviation, average] = std_mean(tensor({1, 2, 3}));
  CHECK(deviation.item() == 1);
  CHECK(average.item() == 2);
  CHECK(var_mean(f64({1, 3}), 0, {.correction = 0, .keepdims = true}).mean.shape() == Shape{1});
}

TEST_CASE("dist and renorm at their edges", "[norm]") {
  CHECK(dist(f64({3, 4}), f64({0, 0})).item() == 5);
  CHECK(dist(tensor({3, 4}), 0).item() == 5);
  CHECK(dist(f64({3, 4}), f64({0, 0}), 0).item() == 2);
  CHECK(dist(f64({3, 4}), f64({0, 0}), kInf).item() == 4);
  for (double p : {0.0, 0.5, 1.0, 2.0, -2.0, kInf, -kInf}) {
    CHECK(dist(zeros({0}), zeros({0}), p).item() == 0);
    CHECK(dist(zeros({0, 3}), 1, p).shape() == Shape{});
    CHECK(grad([p](const Tensor& v) { return dist(v, f64(1), p); }, zeros({0, 2}, kDouble)).shape() == Shape{0, 2});
  }
  CHECK_THROWS_WITH(dist(zeros({0}), zeros({0}), kNan), Contains("dist: p must be a number, but it is nan."));
  CHECK(is_close(grad([](const Tensor& v) { return dist(v, f64({1, 2})); }, f64({1, 2})), f64({0, 0})));
  CHECK_THROWS_AS(dist(zeros({2}), zeros({3})), std::invalid_argument);

  const Tensor x = f64({{3, 4}, {0.3, 0.4}, {0, 0}});
  const Tensor y = renorm(x, 2, 0, 1);
  CHECK(is_close(y, f64({{0.6, 0.8}, {0.3, 0.4}, {0, 0}}), 1e-6));
  CHECK(y[1][0].item() == 0.3);
  CHECK(is_close(renorm(x, kInf, 0, 1)[0], f64({0.75, 1}), 1e-6));
  CHECK(renorm(x, 2, 1, 0)[0][0].item() == 0);
  CHECK(renorm(zeros({2, 0}), 2, 0, 1).shape() == Shape{2, 0});
  CHECK_NOTHROW(gradgradcheck([](const Tensor& v) { return renorm(v, 2, 0, 1); }, {f64({{3, 4}, {0.3, 0.4}})}));
  CHECK_THROWS_AS(renorm(f64(1), 2, 0, 1), std::invalid_argument);
}

TEST_CASE("quantile between -inf and a number is -inf, as between a number and inf it is inf", "[statistics]") {
  for (double q : {0.25, 0.5, 0.75}) {
    CHECK(quantile(f64({-kInf, 1.0}), q).item() == -kInf);
    CHECK(quantile(f64({1.0, kInf}), q).item() == kInf);
    CHECK(nanquantile(f64({-kInf, 1, kNan}), q).item() == -kInf);
    CHECK(std::isnan(quantile(f64({-kInf, kInf}), q).item()));
  }
  CHECK(quantile(f64({-kInf, 1}), 0.5, {.interpolation = QuantileInterpolation::midpoint}).item() == -kInf);
  CHECK(quantile(f64({-kInf, 1}), 1).item() == 1);
}

TEST_CASE("renorm of a slice that stays has the gradient g, though it hold a nan", "[statistics]") {
  const Tensor x = f64({{kNan, 1}, {0.1, 0.1}});
  CHECK(is_close(grad([](const Tensor& v) { return sum(renorm(v, 2, 0, 1)); }, x), ones({2, 2}, kDouble)));
}
