#include <xgrad/autograd/ops/choose.hpp>

#include <xgrad/autograd/check/gradcheck.hpp>
#include "numbers.hpp"

using namespace xgrad;
using namespace xgrad::testing;
using Catch::Contains;

TEST_CASE("where passes exactly 0 to the branch not taken", "[elementwise][choose][conventions]") {
  Tensor mask = tensor({true, false});
  Tensor a = doubles({1, kNan}).set_requires_grad(), b = doubles({kInf, 2}).set_requires_grad();
  Tensor y = where(mask, a, b);
  check_close(y, {1, 2});
  auto g = grad(sum(y), std::vector{a, b});
  check_close(g[0], {1, 0});
  check_close(g[1], {0, 1});
  CHECK_THROWS_WITH(where(a, a, b), Contains("where: the condition must be boolean, but it is float64"));
}

TEST_CASE("where_safe keeps the other branch's nan out of the gradient", "[elementwise][choose][conventions]") {
  Tensor x = doubles({-4, 4}).set_requires_grad();
  Tensor y = where_safe(
      x > 0, [](const Tensor& x) { return sqrt(x); }, [](const Tensor& x) { return x * 0; }, x);
  check_close(y, {0, 2});
  check_close(grad(sum(y), x), {0, 0.25});
}

TEST_CASE("maximum and minimum let NaN through and halve at ties", "[elementwise][choose][conventions]") {
  check_close(maximum(doubles({kNan, 1, 3}), doubles({1, kNan, 2})), {kNan, kNan, 3});
  check_close(minimum(doubles({kNan, 1, 3}), doubles({1, kNan, 2})), {kNan, kNan, 2});
  Tensor a = doubles({2, 1, 5}).set_requires_grad(), b = doubles({2, 3, 4}).set_requires_grad();
  auto g = grad(sum(maximum(a, b)), std::vector{a, b});
  check_close(g[0], {0.5, 0, 1});
  check_close(g[1], {0.5, 1, 0});
}

TEST_CASE("clamp: NaN stays, a low above high gives high", "[elementwise][choose][conventions]") {
  check_close(clamp(doubles({kNan, -5, 0.5, 5}), 0, 1), {kNan, 0, 0.5, 1});
  check_close(clamp(doubles({-5, 0, 5}), 2, 1), {1, 1, 1});
  CHECK_THROWS_WITH(clamp(doubles({1}), std::nullopt, std::nullopt), Contains("at least one of low and high"));
  Tensor low = doubles({0, 2}).set_requires_grad();
  Tensor y = clamp(doubles({1, 1}), low, Tensor());
  check_close(y, {1, 2});
  check_close(grad(sum(y), low), {0, 1});
}

TEST_CASE("second derivatives of activations hold where the first saturates", "[elementwise][choose][gradcheck]") {
  Tensor x = doubles({-25, -3, -0.7, 0.4, 2, 18, 24});
  CHECK_NOTHROW(gradgradcheck([](const Tensor& x) { return sum(softplus(x) * elu(x)); }, {x}));
  CHECK_NOTHROW(gradgradcheck([](const Tensor& x) { return sum(silu(x) + gelu(x) + gelu(x, GeluForm::tanh)); }, {x}));
  CHECK_NOTHROW(gradgradcheck([](const Tensor& x) { return sum(log_sigmoid(x) * sigmoid(x)); }, {x}));
}

TEST_CASE("clamp between tensors passes nothing to a NaN", "[elementwise][choose][conventions]") {
  Tensor x = doubles({kNan, -1, 1, 3}).set_requires_grad();
  Tensor y = clamp(x, doubles({0}), doubles({2}));
  CHECK(std::isnan(y[0].item()));
  CHECK(grad(sum(y), x).to_vector() == std::vector<double>{0, 0, 1, 0});
  CHECK(clamp(tensor({-3, 5}), tensor({0}), tensor({2})).to_vector<std::int64_t>() == std::vector<std::int64_t>{0, 2});
}

TEST_CASE("where_safe takes branches that give numbers", "[elementwise][choose]") {
  Tensor x = doubles({-1, 4}).set_requires_grad();
  Tensor y = where_safe(
      x > 0, [](const Tensor& x) { return sqrt(x); }, [](const Tensor&) { return 7.0; }, x);
  CHECK(values(y) == std::vector<double>{7, 2});
  CHECK(values(grad(sum(y), x)) == std::vector<double>{0, 0.25});
}

TEST_CASE("clamp of integers takes bounds of any size", "[elementwise][choose][dtype]") {
  Tensor x = tensor({-3, 0, 7});
  auto integers = [](const Tensor& x) {
    CHECK(x.dtype() == DType::int64);
    return x.to_vector<std::int64_t>();
  };
  using Integers = std::vector<std::int64_t>;
  CHECK(integers(clamp(x, -1e30, 1e30)) == Integers{-3, 0, 7});
  CHECK(integers(clamp(x, -kInf, 2)) == Integers{-3, 0, 2});
  CHECK(integers(clamp(x, 1, kInf)) == Integers{1, 1, 7});
  CHECK(integers(clamp(x, -0x1p63, 0x1p63)) == Integers{-3, 0, 7});
  // What no int64 holds is the answer: floating.
  CHECK(clamp(x, 1e30, std::nullopt).to_vector()[0] == double(1e30f));
  CHECK(clamp(x, std::nullopt, -1e30).to_vector()[2] == double(-1e30f));
  CHECK(std::isnan(clamp(x, kNan, std::nullopt).to_vector()[0]));
}
