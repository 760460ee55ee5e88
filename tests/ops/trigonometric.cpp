#include <xgrad/autograd/ops/trigonometric.hpp>

#include <numbers>

#include <xgrad/autograd/check/gradcheck.hpp>
#include "numbers.hpp"

using namespace xgrad;
using namespace xgrad::testing;

namespace {

/// The derivatives of sum(f) to both operands at a point, in float32 and as a list.
template <class F>
std::vector<double> slopes_at(F f, double a, double b, DType dtype = DType::float64) {
  Tensor x = tensor({a}, {.dtype = dtype}).set_requires_grad(), y = tensor({b}, {.dtype = dtype}).set_requires_grad();
  std::vector<Tensor> g = grad(sum(f(x, y)), std::vector{x, y});
  return {g[0].item(), g[1].item()};
}
Tensor atan2_of(const Tensor& a, const Tensor& b) { return atan2(a, b); }
Tensor hypot_of(const Tensor& a, const Tensor& b) { return hypot(a, b); }

}  // namespace

TEST_CASE("atan2's and hypot's squares neither overflow nor underflow", "[elementwise][trigonometric]") {
  using List = std::vector<double>;
  for (double scale : {1e-300, 1e-160, 1.0, 1e160, 1e300}) {
    INFO(scale);
    List turn = slopes_at(atan2_of, 3 * scale, 4 * scale), length = slopes_at(hypot_of, 3 * scale, 4 * scale);
    CHECK(turn[0] * scale == Approx(0.16));
    CHECK(turn[1] * scale == Approx(-0.12));
    CHECK(length[0] == Approx(0.6));
    CHECK(length[1] == Approx(0.8));
    CHECK(hypot(doubles({3 * scale}), doubles({4 * scale})).item() / scale == Approx(5));
  }
  CHECK(slopes_at(atan2_of, 3e30, 4e30, DType::float32)[0] == Approx(0.16e-30));
  CHECK(slopes_at(hypot_of, 3e-40, 4e-40, DType::float32)[1] == Approx(0.8).epsilon(1e-4));
  CHECK(hypot(doubles({5e-324}), doubles({0})).item() == 5e-324);
  CHECK(hypot(doubles({1e-320}), doubles({-1e-320})).item() == 1.4140e-320);
  CHECK(std::isinf(hypot(doubles({1e308}), doubles({1.7e308})).item()));
  check_close(hypot(doubles({kInf, kNan, 1}), doubles({kNan, -kInf, kNan})), {kInf, kInf, kNan});
}

TEST_CASE("atan2 and hypot at (0, 0) have the derivative 0, to any order",
          "[elementwise][trigonometric][conventions]") {
  using List = std::vector<double>;
  CHECK(slopes_at(atan2_of, 0, 0) == List{0, 0});
  CHECK(slopes_at(hypot_of, 0, 0) == List{0, 0});
  for (auto f : {atan2_of, hypot_of}) {
    auto h = hessian([f](const Tensor& a, const Tensor& b) { return sum(f(a, b)); }, {doubles({0}), doubles({0})});
    for (const auto& row : h)
      for (const Tensor& entry : row) CHECK(entry.item() == 0);
  }
}

TEST_CASE("atan2 has the signs and quadrants of C", "[elementwise][trigonometric]") {
  const std::vector<double> numbers = {0.0, -0.0, 1, -2, 1e-320, kInf, -kInf};
  for (double a : numbers)
    for (double b : numbers) {
      INFO(a << ", " << b);
      double got = atan2(doubles({a}), doubles({b})).item(), expected = std::atan2(a, b);
      CHECK(got == Approx(expected));
      CHECK(std::signbit(got) == std::signbit(expected));
    }
}

TEST_CASE("a cotangent of 0 makes no nan at the end of a domain", "[elementwise][trigonometric][conventions]") {
  auto pulled = [](auto f, double x, double cotangent) {
    Tensor variable = doubles({x}).set_requires_grad();
    return vjp([f](const Tensor& x) { return f(x); }, variable, doubles({cotangent})).item();
  };
  for (double end : {1.0, -1.0}) {
    CHECK(pulled([](const Tensor& x) { return atanh(x); }, end, 0) == 0);
    CHECK(pulled([](const Tensor& x) { return asin(x); }, end, 0) == 0);
    CHECK(pulled([](const Tensor& x) { return acos(x); }, end, 0) == 0);
    CHECK(pulled([](const Tensor& x) { return atanh(x); }, end, 2) == kInf);
    CHECK(pulled([](const Tensor& x) { return asin(x); }, end, 2) == kInf);
    CHECK(pulled([](const Tensor& x) { return acos(x); }, end, 2) == -kInf);
  }
  CHECK(pulled([](const Tensor& x) { return acosh(x); }, 1, 0) == 0);
  CHECK(pulled([](const Tensor& x) { return acosh(x); }, 1, 1) == kInf);
}

TEST_CASE("inverse functions answer nan outside of their domains", "[elementwise][trigonometric]") {
  for (double x : {1.0000001, -2.0, 1e30, kInf, -kInf, kNan}) {
    INFO(x);
    CHECK(std::isnan(asin(doubles({x})).item()));
    CHECK(std::isnan(acos(doubles({x})).item()));
    CHECK(std::isnan(atanh(doubles({x})).item()));
    CHECK(std::isnan(acosh(doubles({-std::abs(x)})).item()));
  }
  CHECK(atanh(doubles({1})).item() == kInf);
  CHECK(std::isnan(acosh(tensor({0.5f})).item()));
}

TEST_CASE("slopes of slow functions are small, not 0, where squares overflow", "[elementwise][trigonometric]") {
  auto slope = [](auto f, float x) {
    Tensor variable = tensor({x}).set_requires_grad();
    return grad(sum(f(variable)), variable).item();
  };
  CHECK(slope([](const Tensor& x) { return atan(x); }, 2e20f) == Approx(2.5e-41).epsilon(1e-4));
  CHECK(slope([](const Tensor& x) { return asinh(x); }, 2e30f) == Approx(5e-31));
  CHECK(slope([](const Tensor& x) { return acosh(x); }, 2e30f) == Approx(5e-31));
  CHECK(slope_at([](const Tensor& x) { return atan(x); }, 2e160) == Approx(2.5e-321).epsilon(1e-3));
  CHECK(sinh(doubles({710.3})).item() == Approx(std::sinh(710.3)));
  CHECK(cosh(doubles({-710.3})).item() == Approx(std::cosh(710.3)));
}

TEST_CASE("trigonometric functions have derivatives to the third order", "[elementwise][trigonometric][gradcheck]") {
  auto good = [](auto f, Tensor x) {
    CHECK_NOTHROW(gradcheck([&](const Tensor& x) { return sum(f(x)); }, {x}, {.order = 3}));
  };
  Tensor inside = doubles({-0.8, -0.3, 0.1, 0.65}), any = doubles({-3.2, -0.7, 0.4, 1.3});
  good([](const Tensor& x) { return tan(x) + asin(x) * acos(x) + atanh(x); }, inside);
  good([](const Tensor& x) { return atan(x) * sinh(x) + cosh(x) * asinh(x); }, any);
  good([](const Tensor& x) { return acosh(2 + square(x)); }, any);
  good([](const Tensor& x) { return atan2(x, 1 + square(x)) * hypot(x, exp(x)); }, any);
}

TEST_CASE("degrees and radians", "[elementwise][trigonometric]") {
  check_close(deg2rad(doubles({180, -90})), {std::numbers::pi, -std::numbers::pi / 2});
  check_close(rad2deg(doubles({std::numbers::pi})), {180});
  CHECK(deg2rad(tensor({180})).dtype() == DType::float32);
}
