#include <xgrad/autograd/ops/arithmetic.hpp>

#include <xgrad/autograd/check/gradcheck.hpp>
#include <xgrad/autograd/map.hpp>
#include <xgrad/autograd/threads.hpp>
#include "numbers.hpp"

using namespace xgrad;
using namespace xgrad::testing;
using Catch::Contains;

TEST_CASE("integers stay integers where they can", "[elementwise][arithmetic][dtype]") {
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

TEST_CASE("booleans add as or, multiply as and, and do not subtract", "[elementwise][arithmetic][dtype]") {
  Tensor a = tensor({true, true, false}), b = tensor({true, false, false});
  CHECK((a + b).to_vector<bool>() == std::vector<bool>{true, true, false});
  CHECK((a * b).to_vector<bool>() == std::vector<bool>{true, false, false});
  CHECK_THROWS_WITH(a - b, Contains("booleans cannot be subtracted"));
  CHECK_THROWS_WITH(-a, Contains("logical_not"));
}

TEST_CASE("pow at 0 has the documented derivatives", "[elementwise][arithmetic][conventions]") {
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

TEST_CASE("pow's second derivatives where the exponent or the base is 0", "[elementwise][arithmetic][conventions]") {
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

TEST_CASE("pow's gradient to a base of any size is 0 where the exponent is 0",
          "[elementwise][arithmetic][conventions]") {
  for (double base : {0.0, 1e-310, -1e-310, kInf, kNan}) {
    Tensor a = doubles({base}).set_requires_grad(), b = doubles({0}).set_requires_grad();
    INFO(base);
    CHECK(grad(sum(pow(a, b)), a).item() == 0);
    CHECK(grad(sum(pow(a, b)), a, {.create_graph = true}).item() == 0);
  }
}

TEST_CASE("the cotangent of one element that is broadcast is a sum in blocks, of any layout and on any threads",
          "[elementwise][arithmetic][parallel]") {
  const std::int64_t rows = 300, columns = 701;
  std::vector<double> numbers(static_cast<std::size_t>(rows * columns));
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<double>(i * 7919 % 1009) / 1009 - 0.3;
  const Tensor dense = from_vector(numbers, {rows, columns});
  const Tensor turned = transpose(from_vector(numbers, {columns, rows}));
  const Tensor row = dense[0];
  auto by_loop = [&](const Tensor& g, const Tensor& x) {
    std::vector<double> a = expand(g, {rows, columns}).to_vector(), b = expand(x, {rows, columns}).to_vector();
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
    return sum;
  };
  for (const Tensor& x : {dense, turned, row, flip(dense, 0)})
    for (const Tensor& g :
         {dense, turned, expand(full({}, 2, {.dtype = DType::float64}), {rows, columns}), expand(row, {rows, columns})})
      for (const Shape& shape : {Shape{}, Shape{1}, Shape{1, 1}}) {
        Tensor s = full(shape, 3, {.dtype = DType::float64, .requires_grad = true});
        Tensor y = expand(x, {rows, columns}) * s;
        Tensor got = grad(y, s, g);
        CHECK(got.shape() == shape);
        CHECK(got.item() == Approx(by_loop(g, x)).epsilon(1e-12));
      }

  // In float32 as accurate as sum(), and the same bits for any number of threads.
  Tensor tenths = full({1'000'000}, 0.1f);
  Tensor s = tensor(1.f).set_requires_grad();
  auto summed = [&] { return grad(sum(tenths * s), s).item<float>(); };
  const int threads_before = num_threads();
  set_num_threads(1);
  const float alone = summed();
  CHECK(alone == Approx(1e6 * 0.1f).epsilon(1e-6));
  for (int threads : {2, 3}) {
    set_num_threads(threads);
    CHECK(summed() == alone);
  }
  set_num_threads(threads_before);
}

TEST_CASE("a lack of memory names the operation, the shape and the line", "[elementwise][arithmetic]") {
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
                                   Contains(" bytes are in use and ") && Contains(" are cached. at arithmetic.cpp:"));
    }
  }
  Tensor column = expand(zeros({1, 1}), {std::int64_t{1} << 25, 1});
  CHECK_THROWS_WITH(matmul(column, transpose(column)), Contains("matmul: there must be memory for"));
}

TEST_CASE("add, sub and rsub with a factor", "[elementwise][arithmetic][dtype]") {
  Tensor a = tensor({1, 2}), b = tensor({10, 20});
  using Integers = std::vector<std::int64_t>;
  CHECK(add(a, b, 3).to_vector<std::int64_t>() == Integers{31, 62});
  CHECK(sub(a, b, 3).to_vector<std::int64_t>() == Integers{-29, -58});
  CHECK(rsub(a, b, 3).to_vector<std::int64_t>() == Integers{7, 14});
  CHECK(rsub(a, 5).to_vector<std::int64_t>() == Integers{4, 3});
  CHECK_THROWS_WITH(add(a, b, 0.5),
                    Contains("add: alpha must be an integer beside operands of dtype int64, but it is 0.5"));
  CHECK_THROWS_WITH(sub(a, b, b), Contains("sub: alpha must be a number"));
  CHECK_THROWS_WITH(rsub(tensor({true}), tensor({true})), Contains("rsub: booleans cannot be subtracted"));
  CHECK(add(doubles({1}), 2, 0.5).item() == 2);
}

TEST_CASE("copysign at zeros, of both signs", "[elementwise][arithmetic][conventions]") {
  Tensor a = doubles({0, -0.0, 2, -2, 3}).set_requires_grad(), b = doubles({-1, 1, -0.0, 0, 5}).set_requires_grad();
  Tensor y = copysign(a, b);
  check_close(y, {-0.0, 0, -2, 2, 3});
  CHECK(std::signbit(y[0].item()));
  CHECK_FALSE(std::signbit(y[1].item()));
  auto g = grad(sum(y), std::vector{a, b});
  check_close(g[0], {0, 0, -1, -1, 1});
  check_close(g[1], {0, 0, 0, 0, 0});
}

TEST_CASE("nextafter steps by the last bit", "[elementwise][arithmetic]") {
  const std::vector<double> numbers = {0.0, -0.0, 1, -1, 5e-324, -5e-324, 1e308, kInf, -kInf, 1 + 1e-16, 2};
  for (double a : numbers)
    for (double b : numbers) {
      INFO(a << " towards " << b);
      double got = nextafter(doubles({a}), doubles({b})).item();
      CHECK(got == std::nextafter(a, b));
      CHECK(std::signbit(got) == std::signbit(std::nextafter(a, b)));
      float of_float = static_cast<float>(nextafter(tensor({float(a)}), tensor({float(b)})).item());
      CHECK(of_float == std::nextafter(float(a), float(b)));
    }
  CHECK(std::isnan(nextafter(doubles({kNan}), 1).item()));
}

TEST_CASE("ldexp beyond the range of 2^b, and its gradients at negative integers", "[elementwise][arithmetic]") {
  for (double x : {1.0, -0.75, 1e300, 1e-300, 5e-324, 0.0, kInf})
    for (int n : {-2100, -1080, -1074, -1060, -60, -1, 0, 3, 1000, 1023, 1024, 2090, 5000}) {
      INFO(x << " 2^" << n);
      CHECK(ldexp(doubles({x}), tensor({n})).item() == std::ldexp(x, n));
      CHECK(ldexp(tensor({float(x)}), tensor({n})).item() == double(std::ldexp(float(x), n)));
    }
  Tensor x = doubles({3, 3, 3}).set_requires_grad();
  check_close(grad(sum(ldexp(x, tensor({-3, 0, 2}))), x), {0.125, 1, 4});
  Tensor exponent = doubles({-3, 0.5}).set_requires_grad();
  check_close(grad(sum(ldexp(doubles({3, 3}), exponent)), exponent),
              {3 * std::log(2.0) / 8, 3 * std::log(2.0) * std::sqrt(2.0)});
  CHECK(ldexp(tensor({2}), tensor({-1})).dtype() == DType::float32);
}

TEST_CASE("frexp takes numbers apart", "[elementwise][arithmetic]") {
  for (double x : {1.0, -3.0, 0.1, 1e308, 5e-324, -3e-310, 0.0, kInf}) {
    INFO(x);
    int exponent = 0;
    const double mantissa = std::frexp(x, &exponent);
    Frexp parts = frexp(doubles({x}));
    CHECK(parts.mantissa.item() == mantissa);
    if (std::isfinite(x)) CHECK(parts.exponent.item<std::int64_t>() == exponent);
    const float of_float = std::frexp(float(x), &exponent);
    CHECK(frexp(tensor({float(x)})).mantissa.item() == double(of_float));
  }
  Tensor x = doubles({6}).set_requires_grad();
  CHECK(grad(sum(frexp(x).mantissa), x).item() == 0.125);
}

TEST_CASE("lerp is exact at both ends; addcmul of integers", "[elementwise][arithmetic]") {
  Tensor a = doubles({0.1, 1e16}), b = doubles({0.7, 1});
  check_close(lerp(a, b, 0), values(a), 0);
  check_close(lerp(a, b, 1), values(b), 0);
  check_close(lerp(a, b, doubles({0.25, 0.75})), {0.25, 1e16 - 0.75 * (1e16 - 1)});
  CHECK(addcmul(tensor({1}), tensor({2}), tensor({3}), 4).to_vector<std::int64_t>() == std::vector<std::int64_t>{25});
  // A value with a fraction is truncated, as in PyTorch.
  Tensor x = tensor({1, 2, 3});
  using Integers = std::vector<std::int64_t>;
  CHECK(addcmul(x, x, x, 3.14).to_vector<std::int64_t>() == Integers{4, 14, 30});
  CHECK(addcmul(x, x, x, -2.9).to_vector<std::int64_t>() == Integers{-1, -6, -15});
  CHECK(addcmul(x, x, x, -0.5).to_vector<std::int64_t>() == Integers{1, 2, 3});
  CHECK(addcmul(x, x, x, true).to_vector<std::int64_t>() == Integers{2, 6, 12});
  for (double value : {kInf, kNan, 0x1p63, -1e30})
    CHECK_THROWS_WITH(addcmul(x, x, x, value),
                      Contains("addcmul: value must fit in int64 beside operands of dtype int64, but it is "));
  CHECK(addcdiv(tensor({1}), tensor({2}), tensor({4})).item() == 1.5);
  CHECK(float_power(tensor({2}), -1).item() == 0.5);
  CHECK(float_power(tensor({3.0f}), 2).dtype() == DType::float64);
  CHECK_THROWS_WITH(positive(tensor({true})), Contains("positive: the operand must be a number"));
}

TEST_CASE("A tensor times itself: value, gradient to the third order, and kinds of operands", "[arithmetic]") {
  for (DType dtype : {DType::float32, DType::float64}) {
    Tensor base = cast(tensor({{1.5, -2, 0}, {3, 1e-3, -7}}), dtype).detach().set_requires_grad();
    for (const Tensor& x : {base, transpose(base), base[1]}) {
      const double rtol = dtype == DType::float32 ? 1e-6 : 1e-14;
      CHECK(allclose(x * x, pow(x, full({}, 2, {.dtype = dtype})), {.rtol = rtol}));
      Tensor w = arange(x.numel(), {.dtype = dtype});
      Tensor g = grad(sum(reshape(x * x, {-1}) * w), x, {.create_graph = true});
      CHECK(allclose(g, 2 * x * reshape(w, x.shape()), {.rtol = rtol}));
      Tensor second = grad(sum(g * g), x, {.create_graph = true});
      CHECK(allclose(second, 8 * x * square(reshape(w, x.shape())), {.rtol = rtol}));
      CHECK(allclose(grad(sum(second), x), 8 * square(reshape(w, x.shape())), {.rtol = rtol}));
    }
  }
  Tensor whole = tensor({3, -4}, {.dtype = DType::int64}), truth = tensor({1, 0}, {.dtype = DType::boolean});
  CHECK((whole * whole).to_vector<std::int64_t>() == std::vector<std::int64_t>{9, 16});
  CHECK((truth * truth).dtype() == DType::boolean);
  CHECK((truth * truth).to_vector<bool>() == std::vector<bool>{true, false});
  CHECK_THROWS_AS(Tensor() * Tensor(), std::invalid_argument);
}
