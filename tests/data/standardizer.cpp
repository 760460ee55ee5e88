#include <xgrad/data/standardizer.hpp>

#include <cmath>
#include <vector>

#include <xgrad/autograd/ops.hpp>
#include "../catch.hpp"

using namespace xgrad;
using Catch::Matchers::Contains;
using data::Standardizer;

TEST_CASE("standardised features have mean 0 and deviation 1", "[data][standardizer]") {
  for (DType dtype : {DType::float32, DType::float64}) {
    Generator generator(1);
    Tensor x = normal({200, 5}, 30, 4, {.dtype = dtype}, generator);
    Tensor y = Standardizer::fit(x).transform(x);
    CHECK(y.dtype() == dtype);
    const double tolerance = dtype == DType::float32 ? 1e-5 : 1e-12;
    CHECK(allclose(mean(y, 0), zeros({5}, {.dtype = dtype}), {.atol = tolerance}));
    CHECK(allclose(xgrad::std(y, 0, {.correction = 0}), ones({5}, {.dtype = dtype}), {.rtol = tolerance}));
  }
}

TEST_CASE("test data take the training data's shift and scale", "[data][standardizer]") {
  Standardizer standardizer = Standardizer::fit(tensor({{0.}, {2.}}));
  CHECK(standardizer.mean().item() == 1);
  CHECK(standardizer.scale().item() == 1);
  CHECK(standardizer.transform(tensor({{5.}})).item() == 4);
  CHECK(standardizer.transform(tensor({5.})).item() == 4);
}

TEST_CASE("a constant feature becomes 0", "[data][standardizer]") {
  // 0.1 seven times: the rounded mean is not 0.1, and the deviation from it not 0.
  Tensor x = full({7, 1}, 0.1, {.dtype = DType::float64});
  Standardizer standardizer = Standardizer::fit(x);
  CHECK(standardizer.scale().item() == 1);
  CHECK(max(abs(standardizer.transform(x))).item() == 0);
  CHECK(Standardizer::fit(tensor({{3., 4.}})).scale().to_vector<double>() == std::vector<double>{1, 1});
}

TEST_CASE("large offsets lose nothing in float32", "[data][standardizer]") {
  Tensor x = tensor({{16777216.}, {16777218.}});
  CHECK(Standardizer::fit(x).scale().item() == 1);
}

TEST_CASE("inverse undoes transform, on points of any shape", "[data][standardizer]") {
  Generator generator(2);
  Tensor x = uniform({20, 2, 3}, -5, 9, {.dtype = DType::float64}, generator);
  Standardizer standardizer = Standardizer::fit(x);
  CHECK(standardizer.mean().shape() == Shape{2, 3});
  CHECK(allclose(standardizer.inverse(standardizer.transform(x)), x));
}

TEST_CASE("what a standardizer refuses", "[data][standardizer]") {
  CHECK_THROWS_WITH(Standardizer::fit(zeros({0, 3})), Contains("n > 0") && Contains("[0, 3]"));
  CHECK_THROWS_AS(Standardizer::fit(arange(3)), std::invalid_argument);
  CHECK_THROWS_AS(Standardizer::fit(Tensor()), std::invalid_argument);
  Standardizer standardizer = Standardizer::fit(zeros({4, 3}));
  CHECK_THROWS_WITH(standardizer.transform(zeros({4, 2})), Contains("[3]") && Contains("[4, 2]"));
  CHECK_THROWS_WITH(standardizer.inverse(zeros({})), Contains("Standardizer::inverse"));
}

TEST_CASE("features are transformed in float64 and rounded once", "[data][standardizer]") {
  Tensor x = tensor({{16777216.}, {16777218.}});
  Standardizer standardizer = Standardizer::fit(x);
  CHECK(standardizer.transform(x).to_vector<double>() == std::vector<double>{-1, 1});
  CHECK(standardizer.transform(x).dtype() == DType::float32);
  CHECK(standardizer.inverse(tensor({{-1.}, {1.}})).to_vector<double>() == std::vector<double>{16777216, 16777218});
}

TEST_CASE("features of any size have a scale", "[data][standardizer]") {
  const DType wide = DType::float64;
  for (double unit : {1e-45, 1e-38, 1e-25, 1e20, 1e38}) {
    Tensor x = tensor({{unit, 0.}, {0., 1.}, {-unit, 2.}});
    Tensor y = Standardizer::fit(x).transform(x);
    CHECK(allclose(y, tensor({{1.2247449, -1.2247449}, {0., 0.}, {-1.2247449, 1.2247449}})));
  }
  for (double unit : {1e-320, 1e-310, 1e-200, 1e160, 1e308, 1.5e308}) {
    Tensor x = tensor({{unit}, {0.}}, {.dtype = wide});
    Standardizer standardizer = Standardizer::fit(x);
    CHECK(standardizer.scale().item() == Approx(unit / 2).epsilon(1e-3));
    CHECK(allclose(standardizer.transform(x), tensor({{1.}, {-1.}}, {.dtype = wide}), {.rtol = 1e-3}));
  }
  Tensor least = tensor({{5e-324}, {0.}}, {.dtype = wide});
  CHECK(all(isfinite(Standardizer::fit(least).transform(least))).item<bool>());
}

TEST_CASE("a nan or an infinity in what is fitted is named; what is transformed keeps it", "[data][standardizer]") {
  const double nan = std::nan("");
  CHECK_THROWS_WITH(
      Standardizer::fit(tensor({{1., 2.}, {3., nan}})),
      Contains("Standardizer::fit: x must be finite, but feature 1 of point 1 is nan. Replace or drop such "
               "points first. at standardizer.cpp:"));
  CHECK_THROWS_WITH(Standardizer::fit(tensor({{1., -INFINITY}, {3., nan}})), Contains("feature 1 of point 0 is -inf."));
  Tensor y = Standardizer::fit(tensor({{0.}, {2.}})).transform(tensor({{nan}, {1.}}));
  CHECK(std::isnan(y[0].item()));
  CHECK(y[1].item() == 0);
}

TEST_CASE("transform takes points in any layout, and passes gradients on", "[data][standardizer]") {
  Generator generator(5);
  Tensor x = uniform({6, 4}, -3, 3, {.dtype = DType::float64}, generator);
  Standardizer standardizer = Standardizer::fit(x);
  Tensor y = standardizer.transform(x);
  CHECK(standardizer.transform(transpose(copy(transpose(x)))).to_vector() == y.to_vector());
  CHECK(standardizer.transform(flip(copy(flip(x, 0)), 0)).to_vector() == y.to_vector());
  CHECK(standardizer.transform(zeros({0, 4})).shape() == Shape{0, 4});
  CHECK(standardizer.transform(stack({x, x}))[1].to_vector() == y.to_vector());

  Tensor v = copy(x).set_requires_grad();
  CHECK(standardizer.transform(v).to_vector() == y.to_vector());
  sum(standardizer.transform(v)).backward();
  CHECK(allclose(v.grad()[0], 1.0 / standardizer.scale()));
  CHECK(allclose(standardizer.inverse(copy(y).set_requires_grad()), standardizer.inverse(y), {.rtol = 1e-14}));
}
