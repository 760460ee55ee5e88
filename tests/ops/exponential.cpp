#include <xgrad/autograd/ops/exponential.hpp>

#include <numbers>

#include <xgrad/autograd/check/gradcheck.hpp>
#include "numbers.hpp"

using namespace xgrad;
using namespace xgrad::testing;

TEST_CASE("powers of 2 and of 10 have whole logarithms", "[elementwise][exponential]") {
  for (int n = -1074; n < 1024; ++n) {
    INFO(n);
    CHECK(exp2(doubles({double(n)})).item() == std::ldexp(1.0, n));
    CHECK(log2(doubles({std::ldexp(1.0, n)})).item() == n);
    if (n >= -149 && n < 128) CHECK(log2(tensor({std::ldexp(1.0f, n)})).item() == n);
    if (n >= -149 && n < 128) CHECK(exp2(tensor({float(n)})).item() == std::ldexp(1.0, n));
  }
  double power = 1;
  for (int n = 0; n <= 22; ++n, power *= 10) {
    INFO(n);
    CHECK(log10(doubles({power})).item() == n);
    CHECK(log10(tensor({float(power)})).item() == n);
  }
}

TEST_CASE("logaddexp at ties and infinities", "[elementwise][exponential][conventions]") {
  auto f = [](const Tensor& a, const Tensor& b) { return sum(logaddexp(a, b)); };
  auto f2 = [](const Tensor& a, const Tensor& b) { return sum(logaddexp2(a, b)); };
  auto slopes = [](auto f, double a, double b) {
    auto g = grad(f, {doubles({a}), doubles({b})});
    return std::pair(g[0].item(), g[1].item());
  };
  check_close(logaddexp(doubles({1, -kInf, kInf, kInf, 0, kNan}), doubles({1, -kInf, kInf, -kInf, -kInf, 1})),
              {1 + std::numbers::ln2, -kInf, kInf, kInf, 0, kNan});
  check_close(logaddexp2(doubles({1, -kInf, kInf, 1e300}), doubles({1, -kInf, kInf, 1})), {2, -kInf, kInf, 1e300});
  CHECK(slopes(f, 3, 3) == std::pair(0.5, 0.5));
  CHECK(slopes(f, -kInf, -kInf) == std::pair(0.0, 0.0));
  CHECK(slopes(f, kInf, kInf) == std::pair(0.5, 0.5));
  CHECK(slopes(f, -kInf, 2) == std::pair(0.0, 1.0));
  CHECK(slopes(f, kInf, 2) == std::pair(1.0, 0.0));
  CHECK(slopes(f2, 1e300, 1e300) == std::pair(0.5, 0.5));
  CHECK(slopes(f2, -kInf, -kInf) == std::pair(0.0, 0.0));
  for (auto ties : {0.0, -40.0, 1e5}) {
    CHECK_NOTHROW(gradgradcheck(f, {doubles({ties}), doubles({ties})}));
    CHECK_NOTHROW(gradgradcheck(f2, {doubles({ties}), doubles({ties})}));
  }
  auto h = hessian(f, {doubles({-kInf}), doubles({-kInf})});
  CHECK(h[0][1].item() == 0);
}

TEST_CASE("shares are accurate far from a tie", "[elementwise][exponential]") {
  Tensor a = tensor({0.1f, 80.3f}).set_requires_grad(), b = tensor({80.3f, 0.1f}).set_requires_grad();
  Tensor g = grad(sum(logaddexp(a, b)), a);
  const double difference = double(0.1f) - double(80.3f);
  CHECK(g[0].item() == Approx(std::exp(difference)).epsilon(1e-7));
  CHECK(slope_at([](const Tensor& x) { return logaddexp(x, 3e-17); }, -300.0) ==
        Approx(std::exp(-300.0)).epsilon(1e-15));
}

TEST_CASE("slopes stay finite and are not 0 as far as they can", "[elementwise][exponential]") {
  auto slope = [](auto f, float x) {
    Tensor variable = tensor({x}).set_requires_grad();
    return grad(sum(f(variable)), variable).item();
  };
  CHECK(slope([](const Tensor& x) { return exp2(x); }, 128.4f) ==
        Approx(std::numbers::ln2 * std::exp2(double(128.4f))));
  CHECK(slope([](const Tensor& x) { return log2(x); }, 3e38f) == Approx(4.8089e-39).epsilon(1e-4));
  CHECK(slope([](const Tensor& x) { return rsqrt(x); }, 1.5e-26f) == Approx(-0.5 * std::pow(double(1.5e-26f), -1.5)));
  check_close(rsqrt(doubles({4, 0, kInf, -1})), {0.5, kInf, 0, kNan});
}
