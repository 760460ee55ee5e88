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

TEST_CASE("clamp between equal tensors gives to the bound that was taken", "[elementwise][choose][conventions]") {
  Tensor x = doubles({0, 2, 3}), low = doubles({2, 2, 2}), high = doubles({2, 2, 2});
  for (Tensor* each : {&x, &low, &high}) each->set_requires_grad();
  std::vector<Tensor> slopes = grad(sum(clamp(x, low, high)), std::vector<Tensor>{x, low, high});
  check_close(slopes[0], {0, 1, 0});
  check_close(slopes[1], {1, 0, 0});
  check_close(slopes[2], {0, 0, 1});
}

TEST_CASE("clamp between tensors refuses in its own name", "[elementwise][choose]") {
  CHECK_THROWS_WITH(clamp(zeros({2}), zeros({3}), ones({2})),
                    Contains("clamp: shapes must broadcast, but [2] and [3]"));
  CHECK_THROWS_WITH(clamp(zeros({2}), zeros({2}), ones({4})),
                    Contains("clamp: shapes must broadcast, but [2] and [4]"));
  CHECK_THROWS_WITH(clamp(Tensor(), zeros({2}), ones({2})), Contains("clamp: its operands must be defined"));
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

TEST_CASE("clamp of integers is exact beyond 2^53", "[elementwise][choose][dtype]") {
  constexpr std::int64_t kOdd = (std::int64_t{1} << 53) + 1;  // between two doubles
  using Limits = std::numeric_limits<std::int64_t>;
  const Tensor x = from_vector(std::vector<std::int64_t>{0, kOdd, Limits::max(), Limits::min()});
  auto integers = [](const Tensor& x) {
    CHECK(x.dtype() == DType::int64);
    return x.to_vector<std::int64_t>();
  };
  using Integers = std::vector<std::int64_t>;
  CHECK(integers(clamp(x, kOdd, std::nullopt)) == Integers{kOdd, kOdd, Limits::max(), kOdd});
  CHECK(integers(clamp(x, std::nullopt, kOdd)) == Integers{0, kOdd, kOdd, Limits::min()});
  CHECK(integers(clamp(x, -kOdd, kOdd)) == Integers{0, kOdd, kOdd, -kOdd});
  CHECK(integers(clamp(x, Limits::max(), Limits::max())) == Integers(4, Limits::max()));
  CHECK(integers(clamp(x, Limits::min(), Limits::min())) == Integers(4, Limits::min()));
  CHECK(integers(clamp(x, -1, 2.0)) == Integers{0, 2, 2, -1});
  CHECK(integers(clamp(x, std::optional<double>(), std::optional<double>(2))) == Integers{0, 2, 2, Limits::min()});
  CHECK(clamp(x, 0.5, 2).dtype() == DType::float32);
}

TEST_CASE("clamp_min and clamp_max pass a tie on to x", "[elementwise][choose][conventions]") {
  Tensor x = doubles({1, 2, 3, kNan}).set_requires_grad(), bound = doubles({2, 2, 2, 2}).set_requires_grad();
  auto low = grad(sum(clamp_min(x, bound)), std::vector{x, bound});
  check_close(low[0], {0, 1, 1, 0});
  check_close(low[1], {1, 0, 0, 0});
  auto high = grad(sum(clamp_max(x, bound)), std::vector{x, bound});
  check_close(high[0], {1, 1, 0, 0});
  check_close(high[1], {0, 0, 1, 0});
  CHECK(clamp_min(tensor({1, 5}), 2).to_vector<std::int64_t>() == std::vector<std::int64_t>{2, 5});
  CHECK(clamp_max(tensor({1, 5}), 2.5).dtype() == DType::float32);
}

TEST_CASE("fmax and fmin take the other one beside a nan", "[elementwise][choose][conventions]") {
  Tensor a = doubles({kNan, 1, 3, kNan, 2}).set_requires_grad(), b = doubles({1, kNan, 2, kNan, 2}).set_requires_grad();
  check_close(fmax(a, b), {1, 1, 3, kNan, 2});
  check_close(fmin(a, b), {1, 1, 2, kNan, 2});
  auto g = grad(sum(fmax(a, b)), std::vector{a, b});
  check_close(g[0], {0, 1, 1, 1, 1});
  check_close(g[1], {1, 0, 0, 0, 0});
  g = grad(sum(fmin(a, b)), std::vector{a, b});
  check_close(g[0], {0, 1, 0, 1, 1});
  check_close(g[1], {1, 0, 1, 0, 0});
  CHECK(fmax(tensor({true, false}), tensor({false, false})).to_vector<bool>() == std::vector<bool>{true, false});
}

TEST_CASE("heaviside takes its value at 0 from the other operand", "[elementwise][choose][conventions]") {
  Tensor x = doubles({-2, 0, -0.0, 3, kNan}), value = doubles({0.5, 0.25, 0.75, 0.5, 0.5}).set_requires_grad();
  Tensor y = heaviside(x, value);
  check_close(y, {0, 0.25, 0.75, 1, kNan});
  check_close(grad(sum(y), value), {0, 1, 1, 0, 0});
  CHECK(heaviside(tensor({-1, 0, 4}), 7).to_vector<std::int64_t>() == std::vector<std::int64_t>{0, 7, 1});
}

TEST_CASE("masked_fill writes a number, or a 0-d tensor with its own gradient", "[elementwise][choose]") {
  Tensor x = doubles({{1, kNan}, {3, 4}}).set_requires_grad(), value = doubles(5).set_requires_grad();
  Tensor y = masked_fill(x, tensor({false, true}), value);
  check_close(y, {1, 5, 3, 5});
  auto g = grad(sum(y * doubles({{1, 2}, {3, 4}})), std::vector{x, value});
  check_close(g[0], {1, 0, 3, 0});
  CHECK(g[1].item() == 6);
  CHECK(masked_fill(tensor({1, 2}), tensor({true, false}), 9).to_vector<std::int64_t>() ==
        std::vector<std::int64_t>{9, 2});
  CHECK(masked_fill(doubles(1), tensor({true, false}), 2).shape() == Shape{2});
  CHECK_THROWS_WITH(masked_fill(x, x, 1), Contains("masked_fill: the mask must be boolean, but it is float64"));
  CHECK_THROWS_WITH(masked_fill(x, x > 0, doubles({1})), Contains("must be a number or a 0-d tensor"));
}

TEST_CASE("nan_to_num", "[elementwise][choose]") {
  Tensor x = doubles({kNan, kInf, -kInf, 2}).set_requires_grad();
  const double largest = std::numeric_limits<double>::max();
  check_close(nan_to_num(x), {0, largest, -largest, 2});
  check_close(nan_to_num(x, {.nan = 1, .posinf = 3}), {1, 3, -largest, 2});
  check_close(grad(sum(nan_to_num(x)), x), {0, 0, 0, 1});
  CHECK(nan_to_num(tensor({float(kInf)})).item() == std::numeric_limits<float>::max());
  CHECK(nan_to_num(tensor({1, 2})).dtype() == DType::int64);
}
