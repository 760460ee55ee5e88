#include <xgrad/autograd/ops/activation.hpp>

#include <xgrad/autograd/check/gradcheck.hpp>
#include "numbers.hpp"

using namespace xgrad;
using namespace xgrad::testing;
using Catch::Contains;

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
