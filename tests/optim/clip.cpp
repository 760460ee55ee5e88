#include <xgrad/optim/clip.hpp>

#include <cmath>
#include <limits>
#include <vector>

#include <xgrad/autograd/ops.hpp>
#include "../catch.hpp"

using namespace xgrad;
using Catch::Matchers::Contains;
using optim::clip_grad_norm;
using optim::clip_grad_value;

namespace {

Tensor with_gradient(const Tensor& gradient) {
  Tensor w = zeros(gradient.shape(), {.dtype = gradient.dtype(), .requires_grad = true});
  w.set_grad(gradient);
  return w;
}

}  // namespace

TEST_CASE("clip_grad_norm scales all gradients by one factor", "[optim][clip]") {
  std::vector<Tensor> parameters = {with_gradient(tensor({3., 0.})), with_gradient(tensor({{4.}})),
                                    zeros({2}, {.requires_grad = true})};
  CHECK(clip_grad_norm(parameters, 1) == Approx(5));
  const double factor = 1 / (5 + 1e-6);
  CHECK(allclose(parameters[0].grad(), tensor({3 * factor, 0.})));
  CHECK(allclose(parameters[1].grad(), tensor({{4 * factor}})));
  CHECK_FALSE(parameters[2].grad().defined());
}

TEST_CASE("clip_grad_norm leaves gradients within the bound alone", "[optim][clip]") {
  Tensor gradient = tensor({3., 4.});
  std::vector<Tensor> parameters = {with_gradient(gradient)};
  CHECK(clip_grad_norm(parameters, 10) == Approx(5));
  CHECK(parameters[0].grad().is_same(gradient));
}

TEST_CASE("clip_grad_norm takes other norms", "[optim][clip]") {
  const double infinity = std::numeric_limits<double>::infinity();
  auto parameters = [] { return std::vector<Tensor>{with_gradient(tensor({-3., 1.})), with_gradient(tensor({2.}))}; };
  CHECK(clip_grad_norm(parameters(), 1, {.p = 1}) == Approx(6));
  CHECK(clip_grad_norm(parameters(), 1, {.p = infinity}) == Approx(3));
  CHECK(clip_grad_norm(parameters(), 1, {.p = 3}) == Approx(std::cbrt(36)));
}

TEST_CASE("clip_grad_norm tells of a norm that is not finite, by option", "[optim][clip]") {
  std::vector<Tensor> parameters = {with_gradient(tensor({std::nan(""), 1.}))};
  CHECK_THROWS_WITH(clip_grad_norm(parameters, 1, {.error_if_nonfinite = true}),
                    Contains("norm must be finite, but it is nan") && Contains("clip.cpp"));
  CHECK(std::isnan(clip_grad_norm(parameters, 1)));
  CHECK(all(isnan(parameters[0].grad())).item<bool>());
}

TEST_CASE("clip_grad_value bounds each element", "[optim][clip]") {
  Tensor gradient = tensor({-3., 0.5, 2.});
  std::vector<Tensor> parameters = {with_gradient(gradient)};
  clip_grad_value(parameters, 1);
  CHECK(parameters[0].grad().to_vector<double>() == std::vector<double>{-1, 0.5, 1});
  CHECK(gradient.to_vector<double>() == std::vector<double>{-3, 0.5, 2});
}

TEST_CASE("clipping refuses bounds below 0 and nan", "[optim][clip]") {
  std::vector<Tensor> parameters = {with_gradient(tensor({1.}))};
  CHECK_THROWS_WITH(clip_grad_norm(parameters, -1), Contains("max_norm must be at least 0, but it is -1"));
  CHECK_THROWS_WITH(clip_grad_norm(parameters, 1, {.p = 0}), Contains("p must be above 0, but it is 0"));
  CHECK_THROWS_WITH(clip_grad_value(parameters, std::nan("")), Contains("bound must be at least 0, but it is nan"));
}

TEST_CASE("clipping names a parameter that is undefined", "[optim][clip]") {
  std::vector<Tensor> parameters = {with_gradient(tensor({1.})), Tensor()};
  CHECK_THROWS_WITH(
      clip_grad_norm(parameters, 1),
      Contains("clip_grad_norm: parameters must be defined tensors, but parameter 1 is not: default-constructed"));
  CHECK_THROWS_WITH(
      clip_grad_value(parameters, 1),
      Contains("clip_grad_value: parameters must be defined tensors, but parameter 1 is not: default-constructed"));
}

TEST_CASE("clip_grad_norm neither overflows nor underflows", "[optim][clip]") {
  auto clipped = [](const Tensor& gradient, double max_norm, optim::ClipNormOptions options = {}) {
    std::vector<Tensor> parameters = {with_gradient(gradient)};
    double norm = clip_grad_norm(parameters, max_norm, options);
    return std::pair(norm, parameters[0].grad().to_vector<double>());
  };
  auto near = [](double a, double b) { return std::abs(a - b) <= 1e-6 * std::abs(b); };

  auto [large, unit] = clipped(tensor({3e20, 4e20}), 1);
  CHECK(near(large, 5e20));
  CHECK(near(unit[0], 0.6));
  CHECK(near(unit[1], 0.8));
  // Beyond float32 itself: the norm is a double's.
  auto [beyond, halves] = clipped(full({4}, 3e38), 1);
  CHECK(near(beyond, 6e38));
  CHECK(near(halves[3], 0.5));
  auto [wide, wide_unit] = clipped(tensor({3e200, 4e200}, {.dtype = DType::float64}), 1);
  CHECK(near(wide, 5e200));
  CHECK(near(wide_unit[0], 0.6));
  auto [small, small_unit] = clipped(tensor({3e-200, 4e-200}, {.dtype = DType::float64}), 0);
  CHECK(near(small, 5e-200));
  CHECK(near(clipped(tensor({3e-30, 4e-30}), 1).first, 5e-30));

  for (double p : {20.0, 1000.0}) {
    auto [norm, values] = clipped(full({4}, 100), 1, {.p = p});
    CHECK(near(norm, 100 * std::pow(4, 1 / p)));
    CHECK(near(values[0], std::pow(4, -1 / p)));
    CHECK(near(clipped(full({4}, 0.01), 1, {.p = p}).first, 0.01 * std::pow(4, 1 / p)));
  }
  CHECK(near(clipped(full({1000}, 1), 1, {.p = 0.01}).first, 1e300));

  // Small factors: denormal in the gradient's dtype.
  auto [huge, tiny] = clipped(tensor({3e38, 0.}), 3e-5);
  CHECK(near(huge, 3e38));
  CHECK(near(tiny[0], 3e-5));
}

TEST_CASE("clip_grad_norm sums the norms of several gradients without overflow", "[optim][clip]") {
  std::vector<Tensor> parameters = {with_gradient(tensor({3e200}, {.dtype = DType::float64})),
                                    with_gradient(tensor({4e200}, {.dtype = DType::float64}))};
  CHECK(clip_grad_norm(parameters, 1) == Approx(5e200));
  CHECK(parameters[1].grad().item() == Approx(0.8));
  parameters = {with_gradient(full({1}, 100)), with_gradient(full({3}, 100))};
  CHECK(clip_grad_norm(parameters, 1, {.p = 1000}) == Approx(100 * std::pow(4, 1e-3)));
  parameters = {with_gradient(full({1}, 3e-30)), with_gradient(full({1}, 4e-30))};
  CHECK(clip_grad_norm(parameters, 1) == Approx(5e-30));
}

TEST_CASE("clip_grad_norm takes gradients that are empty, zero or infinite, for each p", "[optim][clip]") {
  const double infinity = std::numeric_limits<double>::infinity();
  for (double p : {1.0, 2.0, 1000.0, infinity}) {
    std::vector<Tensor> parameters = {with_gradient(zeros({0, 2})), with_gradient(zeros({2}))};
    CHECK(clip_grad_norm(parameters, 1, {.p = p}) == 0);
    parameters.push_back(with_gradient(tensor({4., 0.})));
    CHECK(clip_grad_norm(parameters, 1, {.p = p}) == Approx(4));
    CHECK(parameters[2].grad()[0].item() == Approx(1));
    parameters.push_back(with_gradient(tensor({infinity})));
    CHECK(std::isinf(clip_grad_norm(parameters, 1, {.p = p})));
  }
  CHECK(clip_grad_norm(std::vector<Tensor>{}, 1) == 0);
}

TEST_CASE("clipping for which memory runs out has changed no gradient", "[optim][clip]") {
  Tensor gradient = tensor({-3., 0.5});
  Tensor huge = expand(ones({1}), {std::int64_t{1} << 48}).set_requires_grad();
  huge.set_grad(expand(ones({1}), {std::int64_t{1} << 48}));
  std::vector<Tensor> parameters = {with_gradient(gradient), huge};
  CHECK_THROWS_AS(clip_grad_value(parameters, 1), std::bad_alloc);
  CHECK(parameters[0].grad().is_same(gradient));
}

TEST_CASE("a parameter that is listed twice is clipped once", "[optim][clip]") {
  Tensor w = with_gradient(tensor({3., 4.}));
  std::vector<Tensor> parameters = {w, w};
  CHECK(clip_grad_norm(parameters, 1) == Approx(5 * std::sqrt(2)));
  CHECK(w.grad()[0].item() == Approx(3 / (5 * std::sqrt(2))));
}
