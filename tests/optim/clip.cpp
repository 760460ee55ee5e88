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
                    Contains("norm must be finite, but is nan") && Contains("clip.cpp"));
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
  CHECK_THROWS_WITH(clip_grad_norm(parameters, -1), Contains("max_norm must be at least 0, but is -1"));
  CHECK_THROWS_WITH(clip_grad_norm(parameters, 1, {.p = 0}), Contains("p must be above 0, but is 0"));
  CHECK_THROWS_WITH(clip_grad_value(parameters, std::nan("")), Contains("bound must be at least 0, but is nan"));
}

TEST_CASE("clipping names a parameter that is undefined", "[optim][clip]") {
  std::vector<Tensor> parameters = {with_gradient(tensor({1.})), Tensor()};
  CHECK_THROWS_WITH(
      clip_grad_norm(parameters, 1),
      Contains("clip_grad_norm: parameters must be defined tensors, but parameter 1 is default-constructed"));
  CHECK_THROWS_WITH(
      clip_grad_value(parameters, 1),
      Contains("clip_grad_value: parameters must be defined tensors, but parameter 1 is default-constructed"));
}
