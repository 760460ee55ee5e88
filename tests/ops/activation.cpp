#include <xgrad/autograd/ops/activation.hpp>

#include <xgrad/autograd/check/gradcheck.hpp>
#include "numbers.hpp"

using namespace xgrad;
using namespace xgrad::testing;
using Catch::Contains;

TEST_CASE("mish's tail is rounded once where its factor is denormal", "[elementwise][conventions]") {
  // From mpmath, at 60 digits: the least denormal number is 4.94e-324.
  check_close(mish(doubles({-730, -744, -kInf})), {-6.73520890545914312e-315, -5.70792685990990443e-321, kNan}, 1e-3);
  CHECK(std::abs(mish(doubles({-730})).item() + 6.73520890545914312e-315) < 1e-323);
  CHECK(std::abs(slope_at([](auto x) { return mish(x); }, -730) + 6.72598259189002101e-315) < 1e-323);
}

TEST_CASE("mish's second derivative at the largest numbers is 0", "[elementwise][conventions]") {
  for (const Tensor& at : {tensor({2e38, -2e38, 1e30}), doubles({1e308, -1e308, 1e200})}) {
    Tensor x = at.detach().set_requires_grad();
    Tensor slope = grad(sum(mish(x)), x, {.create_graph = true});
    check_close(grad(sum(slope), x), {0, 0, 0});
  }
}

TEST_CASE("derivatives at kinks are the documented ones", "[elementwise][activation][conventions]") {
  CHECK(slope_at([](auto x) { return abs(x); }, 0) == 0);
  CHECK(slope_at([](auto x) { return sign(x); }, 0) == 0);
  CHECK(slope_at([](auto x) { return relu(x); }, 0) == 0);
  CHECK(slope_at([](auto x) { return leaky_relu(x, 0.25); }, 0) == 0.25);
  CHECK(slope_at([](auto x) { return elu(x); }, 0) == 1);
  CHECK(slope_at([](auto x) { return clamp(x, 0, 1); }, 0) == 1);
  CHECK(slope_at([](auto x) { return clamp(x, 0, 1); }, 1) == 1);
  CHECK(slope_at([](auto x) { return clamp(x, 0, 1); }, kNan) == 0);
  CHECK(slope_at([](auto x) { return sqrt(x); }, 0) == kInf);
  CHECK(slope_at([](auto x) { return floor(x); }, 0.5) == 0);
}

TEST_CASE("saturated functions neither overflow nor lose accuracy", "[elementwise][activation][conventions]") {
  check_close(sigmoid(doubles({-800, -40, 40, 800})), {0, std::exp(-40), 1, 1}, 1e-15);
  check_close(tanh(doubles({-800, 800, 300})), {-1, 1, 1});
  check_close(softplus(doubles({-800, -40, 21, 800})), {0, std::log1p(std::exp(-40)), 21, 800}, 1e-15);
  check_close(log_sigmoid(doubles({-800, 0, 800})), {-800, -std::log(2.0), 0}, 1e-15);
  CHECK(slope_at([](auto x) { return log_sigmoid(x); }, -800) == 1);
  CHECK(slope_at([](auto x) { return softplus(x); }, 800) == 1);
  check_close(gelu(doubles({1.0})), {0.8413447460685429});
  check_close(gelu(doubles({1.0}), GeluForm::tanh), {0.8411919906082768});
  check_close(log(doubles({-1, 0})), {kNan, -kInf});
  check_close(exp(tensor({88.5})), {double(std::exp(88.5f))}, 1e-6);
  check_close(round(doubles({0.5, 1.5, 2.5, -0.5})), {0, 2, 2, 0});
}

TEST_CASE("formulas have derivatives to the third order", "[elementwise][activation][gradcheck]") {
  Tensor x = doubles({-6.5, -2.1, -0.7, 0.4, 1.3, 3.2});
  auto good = [&](auto f) { CHECK_NOTHROW(gradcheck([&](const Tensor& x) { return sum(f(x)); }, {x}, {.order = 3})); };
  good([](const Tensor& x) { return tanh(x); });
  good([](const Tensor& x) { return sigmoid(x) + log_sigmoid(x); });
  good([](const Tensor& x) { return gelu(x); });
  good([](const Tensor& x) { return gelu(x, GeluForm::tanh); });
  good([](const Tensor& x) { return silu(x) + softplus(x, 2); });
  good([](const Tensor& x) { return erf(x) + exp(x) * erfc(x); });
  good([](const Tensor& x) { return expm1(x) * elu(x, 0.5); });
  good([](const Tensor& x) { return pow(abs(x), 2.5) + sqrt(1 + square(x)) / (2 + cos(x)); });
}

TEST_CASE("the bounds of piecewise activations have the documented derivatives",
          "[elementwise][activation][conventions]") {
  for (double end : {-3.0, 3.0}) CHECK(slope_at([](auto x) { return hardsigmoid(x); }, end) == 0);
  CHECK(slope_at([](auto x) { return hardswish(x); }, -3) == -0.5);
  CHECK(slope_at([](auto x) { return hardswish(x); }, 3) == 1.5);
  CHECK(slope_at([](auto x) { return hardtanh(x); }, 1) == 0);
  CHECK(slope_at([](auto x) { return relu6(x); }, 6) == 0);
  CHECK(slope_at([](auto x) { return relu6(x); }, 0) == 0);
  CHECK(slope_at([](auto x) { return hardshrink(x); }, 0.5) == 0);
  CHECK(slope_at([](auto x) { return softshrink(x); }, -0.5) == 0);
  CHECK(slope_at([](auto x) { return threshold(x, 2, 7); }, 2) == 0);
  CHECK(slope_at([](auto x) { return celu(x, 2); }, 0) == 1);
  CHECK(slope_at([](auto x) { return prelu(x, doubles({0.25})); }, 0) == 0.25);
  Tensor weight = doubles({0.25}).set_requires_grad();
  CHECK(grad(sum(prelu(doubles({-2, 3}), weight)), weight).item() == -2);
}

TEST_CASE("activations of integers", "[elementwise][activation][dtype]") {
  using Integers = std::vector<std::int64_t>;
  Tensor i = tensor({-3, 0, 9});
  CHECK(relu6(i).to_vector<std::int64_t>() == Integers{0, 0, 6});
  CHECK(hardtanh(i).to_vector<std::int64_t>() == Integers{-1, 0, 1});
  CHECK(hardtanh(i, -0.5, 0.5).to_vector() == std::vector<double>{-0.5, 0, 0.5});
  CHECK(threshold(i, -0.5, 4).to_vector<std::int64_t>() == Integers{4, 0, 9});
  CHECK(threshold(i, 0, 0.5).to_vector() == std::vector<double>{0.5, 0.5, 9});
  CHECK(celu(i).dtype() == DType::float32);
  constexpr std::int64_t kOdd = (std::int64_t{1} << 53) + 1;  // between two doubles
  CHECK(hardtanh(i, kOdd, kOdd).to_vector<std::int64_t>() == Integers{kOdd, kOdd, kOdd});
  CHECK(threshold(i, 0, kOdd).to_vector<std::int64_t>() == Integers{kOdd, kOdd, 9});
  CHECK(threshold(i + (kOdd - 9), kOdd - 1, 0).to_vector<std::int64_t>() == Integers{0, 0, kOdd});
}

TEST_CASE("nan passes through activations", "[elementwise][activation][conventions]") {
  Tensor nan = doubles({kNan});
  for (Tensor (*f)(const Operand&) : {selu, mish, softsign, tanhshrink, hardsigmoid, hardswish, relu6})
    CHECK(std::isnan(f(nan).item()));
  CHECK(std::isnan(softshrink(nan).item()));
  CHECK(std::isnan(hardshrink(nan).item()));
  CHECK(std::isnan(threshold(nan, 1, 2).item()));
  CHECK(std::isnan(hardtanh(nan).item()));
}

TEST_CASE("prelu and glu name what does not fit", "[elementwise][activation]") {
  CHECK_THROWS_WITH(prelu(zeros({2, 3}), zeros({2})), Contains("one for each channel") && Contains("[2] and [2, 3]"));
  CHECK_THROWS_WITH(glu(zeros({2, 3})), Contains("glu: the extent along axis 1 must be even, but the shape is [2, 3]"));
  CHECK_THROWS_WITH(glu(zeros({})), Contains("glu: x must have an axis"));
  CHECK_THROWS_WITH(celu(zeros({2}), 0), Contains("celu: alpha must not be 0"));
  CHECK_THROWS_WITH(softshrink(zeros({2}), -1), Contains("softshrink: lambda must not be negative"));
  CHECK_THROWS_AS(softmin(zeros({2}), 1), std::out_of_range);
  check_close(softmin(doubles({0, std::log(3.0)})), {0.75, 0.25});
}

TEST_CASE("further activations have derivatives to the third order", "[elementwise][activation][gradcheck]") {
  Tensor x = doubles({-6.5, -2.1, -0.7, 0.4, 1.3, 2.2});
  auto good = [&](auto f) { CHECK_NOTHROW(gradcheck([&](const Tensor& x) { return sum(f(x)); }, {x}, {.order = 3})); };
  good([](const Tensor& x) { return mish(x) + selu(x); });
  good([](const Tensor& x) { return softsign(x) * tanhshrink(x); });
  good([](const Tensor& x) { return celu(x, 0.5) + hardswish(x) * hardsigmoid(x); });
  good([](const Tensor& x) { return glu(x) * 2; });
}
