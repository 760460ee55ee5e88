#include <xgrad/autograd/ops/elementwise.hpp>

#include <cmath>
#include <limits>

#include <xgrad/autograd/functional.hpp>
#include <xgrad/autograd/check/gradcheck.hpp>
#include <xgrad/autograd/map.hpp>
#include <xgrad/autograd/ops.hpp>
#include "../catch.hpp"

using namespace xgrad;
using Catch::Contains;

namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

Tensor doubles(NestedList values) { return tensor(values, {.dtype = DType::float64}); }
std::vector<double> values(const Tensor& x) { return x.to_vector<double>(); }

/// The derivative of sum(f) at a single point.
template <class F>
double slope_at(F f, double x) {
  return grad([&](const Tensor& t) { return sum(f(t)); }, doubles({x})).item();
}

void check_close(const Tensor& got, std::vector<double> expected, double tolerance = 1e-14) {
  std::vector<double> all = values(got);
  REQUIRE(all.size() == expected.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    INFO("element " << i << ": " << all[i] << ", expected " << expected[i]);
    bool both_nan = std::isnan(all[i]) && std::isnan(expected[i]);
    CHECK((both_nan || all[i] == expected[i] || std::abs(all[i] - expected[i]) <= tolerance * std::abs(expected[i])));
  }
}

}  // namespace

TEST_CASE("functions agree with libm in float64", "[elementwise]") {
  std::vector<double> points{-30.5, -3.25, -1, -0.5, -1e-3, 1e-12, 0.3, 1, 2.75, 9.5};
  Tensor x = from_vector(points);
  auto agrees = [&](Tensor (*op)(const Operand&), double (*reference)(double), double tolerance) {
    std::vector<double> expected;
    for (double p : points) expected.push_back(reference(p));
    check_close(op(x), expected, tolerance);
  };
  agrees(exp, std::exp, 1e-15);
  agrees(expm1, std::expm1, 1e-15);
  agrees(sin, std::sin, 1e-15);
  agrees(cos, std::cos, 1e-15);
  agrees(tanh, std::tanh, 1e-15);
  agrees(erf, std::erf, 1e-14);
  agrees(abs, std::fabs, 0);
  agrees(log, std::log, 1e-15);
  agrees(log1p, std::log1p, 1e-15);
  agrees(sqrt, std::sqrt, 0);
}

TEST_CASE("tails of every length are right", "[elementwise]") {
  for (std::int64_t n = 0; n < 40; ++n) {
    Tensor x = arange(0, double(n), 1, {.dtype = DType::float32});
    std::vector<double> y = values(x * x + 1);
    REQUIRE(std::int64_t(y.size()) == n);
    for (std::int64_t i = 0; i < n; ++i) REQUIRE(y[i] == double(i) * i + 1);
  }
}

TEST_CASE("every mixture of layouts gives what contiguous copies give", "[elementwise][layout]") {
  Tensor base = normal({6, 40, 70}, 0, 1, {.dtype = DType::float64});
  std::vector<Tensor> layouts{
      base[{slice(0, 3), slice(0, 20), slice(0, 30)}],
      permute(base, {0, 2, 1})[{slice(0, 3), slice(0, 20), slice(0, 30)}],
      permute(base, {2, 1, 0})[{slice(0, 3), slice(0, 20), slice(0, 6)}][{ellipsis, slice(0, 1)}],
      flip(base, 2)[{slice(0, 6, 2), slice(20, 40), slice(0, 60, 2)}],
      base[{slice(1, 2), slice(0, 20), slice(0, 1)}],
      base[{0, 0, slice(0, 30)}],
      base[{slice(0, 3), slice(0, 1), slice(5, 6)}],
      base[{0, 0, 0}],
  };
  for (std::size_t i = 0; i < layouts.size(); ++i)
    for (std::size_t j = 0; j < layouts.size(); ++j) {
      INFO("layouts " << i << " and " << j);
      Shape shape = broadcast_shapes("test", layouts[i].shape(), layouts[j].shape(), {});
      Tensor a = contiguous(expand(layouts[i], shape));
      Tensor b = contiguous(expand(layouts[j], shape));
      REQUIRE(values(layouts[i] * layouts[j]) == values(a * b));
      REQUIRE(values(where(layouts[i] > 0, layouts[j], 0)) == values(where(a > 0, b, 0)));
    }
}

TEST_CASE("long transposed operands are tiled right", "[elementwise][layout]") {
  Tensor a = normal({130, 201}), b = normal({201, 130});
  Tensor y = a + transpose(b);
  const float* pa = a.data<float>();
  const float* pb = b.data<float>();
  const float* py = y.data<float>();
  for (int r = 0; r < 130; ++r)
    for (int c = 0; c < 201; ++c) REQUIRE(py[r * 201 + c] == pa[r * 201 + c] + pb[c * 130 + r]);
}

TEST_CASE("tiles take constants, columns and every element size", "[elementwise][layout]") {
  Tensor x = normal({2, 201, 130}, 0, 1, {.dtype = DType::float64});
  Tensor constant = expand(full({}, 3, {.dtype = DType::float64}), {2, 130, 201});
  Tensor column = normal({2, 130, 1}, 0, 1, {.dtype = DType::float64});
  Tensor turned = transpose(x);
  CHECK(values(turned * constant) == values(contiguous(turned) * 3));
  CHECK(values(where(turned > 0, constant, column)) ==
        values(where(contiguous(turned) > 0, contiguous(constant), contiguous(expand(column, {2, 130, 201})))));
  for (DType dtype : {DType::boolean, DType::int64, DType::float32, DType::float64}) {
    CAPTURE(dtype);
    Tensor numbers = cast(x * 2, dtype);
    CHECK(values(cast(transpose(numbers), DType::float64)) == values(transpose(cast(numbers, DType::float64))));
    CHECK(values(cast(contiguous(transpose(numbers)), DType::float64)) ==
          values(transpose(cast(numbers, DType::float64))));
  }
}

TEST_CASE("integers stay integers where they can", "[elementwise][dtype]") {
  Tensor i = tensor({-3, 0, 7});
  CHECK((i * i).to_vector<std::int64_t>() == std::vector<std::int64_t>{9, 0, 49});
  CHECK(abs(i).dtype() == DType::int64);
  CHECK(sign(i).to_vector<std::int64_t>() == std::vector<std::int64_t>{-1, 0, 1});
  CHECK(relu(i).to_vector<std::int64_t>() == std::vector<std::int64_t>{0, 0, 7});
  CHECK(maximum(i, 2).to_vector<std::int64_t>() == std::vector<std::int64_t>{2, 2, 7});
  CHECK(clamp(i, -1, 3).to_vector<std::int64_t>() == std::vector<std::int64_t>{-1, 0, 3});
  CHECK(exp(i).dtype() == DType::float32);
  CHECK(pow(i, 3).to_vector<std::int64_t>() == std::vector<std::int64_t>{-27, 0, 343});
  CHECK_THROWS_WITH(pow(i, -1), Contains("negative integer power"));
}

TEST_CASE("booleans add as or, multiply as and, and do not subtract", "[elementwise][dtype]") {
  Tensor a = tensor({true, true, false}), b = tensor({true, false, false});
  CHECK((a + b).to_vector<bool>() == std::vector<bool>{true, true, false});
  CHECK((a * b).to_vector<bool>() == std::vector<bool>{true, false, false});
  CHECK_THROWS_WITH(a - b, Contains("booleans cannot be subtracted"));
  CHECK_THROWS_WITH(-a, Contains("logical_not"));
}

TEST_CASE("comparisons answer booleans; NaN equals nothing", "[elementwise]") {
  Tensor a = doubles({1, 2, kNan}), b = doubles({1, 3, kNan});
  CHECK((a == b).to_vector<bool>() == std::vector<bool>{true, false, false});
  CHECK((a != b).to_vector<bool>() == std::vector<bool>{false, true, true});
  CHECK((a < b).to_vector<bool>() == std::vector<bool>{false, true, false});
  CHECK((a >= b).to_vector<bool>() == std::vector<bool>{true, false, false});
  CHECK(isnan(a).to_vector<bool>() == std::vector<bool>{false, false, true});
  CHECK(isfinite(doubles({1, kInf, kNan})).to_vector<bool>() == std::vector<bool>{true, false, false});
  CHECK(isinf(doubles({1, -kInf, kNan})).to_vector<bool>() == std::vector<bool>{false, true, false});
  CHECK(logical_xor(a > 1, b > 1).to_vector<bool>() == std::vector<bool>{false, false, false});
}

TEST_CASE("where passes exactly 0 to the branch not taken", "[elementwise][conventions]") {
  Tensor mask = tensor({true, false});
  Tensor a = doubles({1, kNan}).set_requires_grad(), b = doubles({kInf, 2}).set_requires_grad();
  Tensor y = where(mask, a, b);
  check_close(y, {1, 2});
  auto g = grad(sum(y), std::vector{a, b});
  check_close(g[0], {1, 0});
  check_close(g[1], {0, 1});
  CHECK_THROWS_WITH(where(a, a, b), Contains("where: the condition must be boolean, but it is float64"));
}

TEST_CASE("where_safe keeps the other branch's nan out of the gradient", "[elementwise][conventions]") {
  Tensor x = doubles({-4, 4}).set_requires_grad();
  Tensor y = where_safe(
      x > 0, [](const Tensor& x) { return sqrt(x); }, [](const Tensor& x) { return x * 0; }, x);
  check_close(y, {0, 2});
  check_close(grad(sum(y), x), {0, 0.25});
}

TEST_CASE("maximum and minimum let NaN through and halve at ties", "[elementwise][conventions]") {
  check_close(maximum(doubles({kNan, 1, 3}), doubles({1, kNan, 2})), {kNan, kNan, 3});
  check_close(minimum(doubles({kNan, 1, 3}), doubles({1, kNan, 2})), {kNan, kNan, 2});
  Tensor a = doubles({2, 1, 5}).set_requires_grad(), b = doubles({2, 3, 4}).set_requires_grad();
  auto g = grad(sum(maximum(a, b)), std::vector{a, b});
  check_close(g[0], {0.5, 0, 1});
  check_close(g[1], {0.5, 1, 0});
}

TEST_CASE("derivatives at kinks are the documented ones", "[elementwise][conventions]") {
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

TEST_CASE("pow at 0 has the documented derivatives", "[elementwise][conventions]") {
  auto slope = [](double c) { return slope_at([c](auto x) { return pow(x, c); }, 0); };
  CHECK(slope(2) == 0);
  CHECK(slope(1) == 1);
  CHECK(slope(0) == 0);
  CHECK(slope(0.5) == kInf);
  CHECK(slope(-1) == -kInf);
  CHECK(slope(3) == 0);
  auto both = [](double a, double b) {
    auto g = grad([](const Tensor& a, const Tensor& b) { return sum(pow(a, b)); }, {doubles({a}), doubles({b})});
    return std::pair(g[0].item(), g[1].item());
  };
  CHECK(both(0, 0) == std::pair(0.0, 0.0));
  CHECK(both(0, 1) == std::pair(1.0, 0.0));
}

TEST_CASE("clamp: NaN stays, a low above high gives high", "[elementwise][conventions]") {
  check_close(clamp(doubles({kNan, -5, 0.5, 5}), 0, 1), {kNan, 0, 0.5, 1});
  check_close(clamp(doubles({-5, 0, 5}), 2, 1), {1, 1, 1});
  CHECK_THROWS_WITH(clamp(doubles({1}), std::nullopt, std::nullopt), Contains("at least one of low and high"));
  Tensor low = doubles({0, 2}).set_requires_grad();
  Tensor y = clamp(doubles({1, 1}), low, Tensor());
  check_close(y, {1, 2});
  check_close(grad(sum(y), low), {0, 1});
}

TEST_CASE("saturated functions neither overflow nor lose accuracy", "[elementwise][conventions]") {
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

TEST_CASE("second derivatives of activations hold where the first saturates", "[elementwise][gradcheck]") {
  Tensor x = doubles({-25, -3, -0.7, 0.4, 2, 18, 24});
  CHECK_NOTHROW(gradgradcheck([](const Tensor& x) { return sum(softplus(x) * elu(x)); }, {x}));
  CHECK_NOTHROW(gradgradcheck([](const Tensor& x) { return sum(silu(x) + gelu(x) + gelu(x, GeluForm::tanh)); }, {x}));
  CHECK_NOTHROW(gradgradcheck([](const Tensor& x) { return sum(log_sigmoid(x) * sigmoid(x)); }, {x}));
}

TEST_CASE("a cast is recorded, and its gradient converted back", "[elementwise][dtype]") {
  Tensor x = tensor({1.5, -2.5}).set_requires_grad();
  Tensor y = cast(x, DType::float64);
  CHECK(y.dtype() == DType::float64);
  CHECK(grad(sum(y * y), x).dtype() == DType::float32);
  CHECK(cast(x, DType::int64).to_vector<std::int64_t>() == std::vector<std::int64_t>{1, -2});
  CHECK(cast(doubles({0, kNan, 2}), DType::boolean).to_vector<bool>() == std::vector<bool>{false, true, true});
  CHECK(cast(x, DType::float32).is_same(x));
}

TEST_CASE("allclose follows NumPy's rule", "[elementwise]") {
  CHECK(allclose(doubles({1, kInf}), doubles({1 + 1e-9, kInf})));
  CHECK_FALSE(allclose(doubles({1}), doubles({1.1})));
  CHECK_FALSE(allclose(doubles({kInf}), doubles({-kInf})));
  CHECK_FALSE(allclose(doubles({kInf}), doubles({1})));
  CHECK_FALSE(allclose(doubles({kNan}), doubles({kNan})));
  CHECK(allclose(doubles({kNan}), doubles({kNan}), {.equal_nan = true}));
  CHECK(allclose(doubles({1, 1}), 1.0));
}

TEST_CASE("cast refuses to make integers of what none is", "[elementwise]") {
  for (double wrong : {std::nan(""), HUGE_VAL, -HUGE_VAL, 1e30, 0x1p63})
    CHECK_THROWS_WITH(cast(from_vector(std::vector<double>{1, wrong, 2}), DType::int64),
                      Contains("cast: an int64 must hold each element") && Contains("at elementwise.cpp:"));
  CHECK_THROWS_WITH(cast(std::nan(""), DType::int64), Contains("cast: an int64 must hold the number, but it is nan"));
  CHECK(cast(from_vector(std::vector<double>{-0x1p63, 2.7}), DType::int64).to_vector<std::int64_t>() ==
        std::vector<std::int64_t>{std::numeric_limits<std::int64_t>::min(), 2});
  CHECK(cast(zeros({0}), DType::int64).numel() == 0);
}

TEST_CASE("pow's second derivatives where the exponent or the base is 0", "[elementwise][conventions]") {
  auto f = [](const Tensor& a, const Tensor& b) { return sum(pow(a, b)); };
  auto mixed = [&](double a, double b) {
    std::vector<std::vector<Tensor>> h = hessian(f, {doubles({a}), doubles({b})});
    return std::vector<double>{h[0][0].item(), h[0][1].item(), h[1][0].item(), h[1][1].item()};
  };
  CHECK(mixed(2, 0)[1] == 0.5);
  CHECK(mixed(2, 0)[2] == 0.5);
  CHECK(mixed(0, 2) == std::vector<double>{2, 0, 0, 0});
  CHECK(mixed(0, 0) == std::vector<double>{0, 0, 0, 0});
  CHECK(mixed(0, 3) == std::vector<double>{0, 0, 0, 0});
  gradgradcheck(f, {doubles({2, 0.5}), doubles({0, 0})});
}

TEST_CASE("clamp between tensors passes nothing to a NaN", "[elementwise][conventions]") {
  Tensor x = doubles({kNan, -1, 1, 3}).set_requires_grad();
  Tensor y = clamp(x, doubles({0}), doubles({2}));
  CHECK(std::isnan(y[0].item()));
  CHECK(grad(sum(y), x).to_vector() == std::vector<double>{0, 0, 1, 0});
  CHECK(clamp(tensor({-3, 5}), tensor({0}), tensor({2})).to_vector<std::int64_t>() == std::vector<std::int64_t>{0, 2});
}

TEST_CASE("pow's gradient to a base of any size is 0 where the exponent is 0", "[elementwise][conventions]") {
  for (double base : {0.0, 1e-310, -1e-310, kInf, kNan}) {
    Tensor a = doubles({base}).set_requires_grad(), b = doubles({0}).set_requires_grad();
    INFO(base);
    CHECK(grad(sum(pow(a, b)), a).item() == 0);
    CHECK(grad(sum(pow(a, b)), a, {.create_graph = true}).item() == 0);
  }
}

TEST_CASE("where_safe takes branches that give numbers", "[elementwise]") {
  Tensor x = doubles({-1, 4}).set_requires_grad();
  Tensor y = where_safe(
      x > 0, [](const Tensor& x) { return sqrt(x); }, [](const Tensor&) { return 7.0; }, x);
  CHECK(values(y) == std::vector<double>{7, 2});
  CHECK(values(grad(sum(y), x)) == std::vector<double>{0, 0.25});
}

TEST_CASE("functions of plain numbers stay plain", "[elementwise]") {
  static_assert(std::is_same_v<decltype(xgrad::sqrt(2.0)), double>);
  static_assert(std::is_same_v<decltype(xgrad::sqrt(2.0f)), float>);
  static_assert(std::is_same_v<decltype(xgrad::exp(1)), double>);
  static_assert(std::is_same_v<decltype(xgrad::pow(2, 3.0f)), double>);
  static_assert(std::is_same_v<decltype(xgrad::abs(-3)), int>);
  CHECK(xgrad::sqrt(2.0) == std::sqrt(2.0));
  CHECK(xgrad::log1p(0.25) == std::log1p(0.25));
  CHECK(xgrad::pow(2.5, 3) == 15.625);
  CHECK(xgrad::round(2.5) == 3);
  CHECK(xgrad::abs(-3) == 3);
  CHECK_FALSE(std::signbit(xgrad::abs(-0.0)));
  CHECK((doubles({1}) * xgrad::sqrt(2.0)).item() == std::sqrt(2.0));
}

TEST_CASE("a lack of memory names the operation, the shape and the line", "[elementwise]") {
  Tensor a = expand(zeros({1}), {std::int64_t{1} << 50});
  for (auto call : {+[](const Tensor& a) { return exp(a); }, +[](const Tensor& a) { return a + 1; },
                    +[](const Tensor& a) { return a == 1; }, +[](const Tensor& a) { return copy(a); },
                    +[](const Tensor& a) { return softmax(a, 0); }, +[](const Tensor& a) { return cat({a}, 0); },
                    +[](const Tensor& a) { return map([](auto x) { return x; }, a); }}) {
    try {
      call(a);
      FAIL("no error");
    } catch (const std::bad_alloc& error) {
      CHECK_THAT(error.what(), Contains(": there must be memory for ") && Contains("[1125899906842624]") &&
                                   Contains(" bytes are in use and ") && Contains(" are cached. at elementwise.cpp:"));
    }
  }
  Tensor column = expand(zeros({1, 1}), {std::int64_t{1} << 25, 1});
  CHECK_THROWS_WITH(matmul(column, transpose(column)), Contains("matmul: there must be memory for"));
}
