#include <xgrad/autograd/ops/division.hpp>

#include <limits>
#include <random>

#include <xgrad/autograd/map.hpp>
#include "numbers.hpp"

using namespace xgrad;
using namespace xgrad::testing;
using Catch::Contains;

namespace {

using Integers = std::vector<std::int64_t>;
constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();

Integers integers(const Tensor& x) {
  CHECK(x.dtype() == DType::int64);
  return x.to_vector<std::int64_t>();
}

}  // namespace

TEST_CASE("whole quotients and rests of integers", "[elementwise][division]") {
  Tensor a = tensor({7, -7, 7, -7}), b = tensor({2, 2, -2, -2});
  CHECK(integers(floor_divide(a, b)) == Integers{3, -4, -4, 3});
  CHECK(integers(div(a, b, Rounding::trunc)) == Integers{3, -3, -3, 3});
  CHECK(integers(div(a, b, Rounding::floor)) == Integers{3, -4, -4, 3});
  CHECK(integers(remainder(a, b)) == Integers{1, 1, -1, -1});
  CHECK(integers(fmod(a, b)) == Integers{1, -1, 1, -1});
  CHECK(div(a, b, Rounding::none).dtype() == DType::float32);
}

TEST_CASE("% is remainder", "[elementwise][division]") {
  const Tensor x = tensor({-7, 7, 8});
  CHECK((x % 4).to_vector<std::int64_t>() == std::vector<std::int64_t>{1, 3, 0});
  CHECK((10 % x).to_vector<std::int64_t>() == remainder(10, x).to_vector<std::int64_t>());
  CHECK((+x).to_vector<std::int64_t>() == std::vector<std::int64_t>{-7, 7, 8});
}

TEST_CASE("the least int64 by -1, and integers by 0", "[elementwise][division]") {
  Tensor least = from_vector(Integers{kLeast}, {1}), minus = tensor({-1});
  CHECK(integers(floor_divide(least, minus)) == Integers{kLeast});
  CHECK(integers(div(least, minus, Rounding::trunc)) == Integers{kLeast});
  CHECK(integers(remainder(least, minus)) == Integers{0});
  CHECK(integers(fmod(least, minus)) == Integers{0});
  for (auto f : {floor_divide, remainder, fmod})
    CHECK_THROWS_WITH(f(tensor({1, 2}), tensor({1, 0})), Contains("an integer must not be divided by 0"));
  CHECK_THROWS_WITH(div(tensor({1}), 0, Rounding::floor), Contains("div: an integer must not be divided by 0"));
  CHECK(floor_divide(zeros({0}, {.dtype = DType::int64}), 0).numel() == 0);
  CHECK_THROWS_WITH(fmod(tensor({true}), tensor({true})), Contains("fmod: one operand must be a number"));
}

TEST_CASE("rests keep their signs beside zeros, infinities and nan", "[elementwise][division]") {
  Tensor a = doubles({-4, 4, -1, 1, 5, kNan, kInf, -0.0, 1, -1e-20}),
         b = doubles({2, -2, kInf, -kInf, 0, 1, 2, 3, kNan, 1});
  check_close(fmod(a, b), {-0.0, 0, -1, 1, kNan, kNan, kNan, -0.0, kNan, -1e-20});
  check_close(remainder(a, b), {0, 0, kInf, -kInf, kNan, kNan, kNan, 0, kNan, 1});
  CHECK(std::signbit(fmod(doubles({-4}), 2).item()));
  check_close(floor_divide(a, b), {-2, -2, -1, -1, kInf, kNan, kNan, -0.0, kNan, -1});
  check_close(div(doubles({kInf, -5, 5, -0.5}), doubles({2, 0, -2, 1}), Rounding::trunc), {kInf, -kInf, -2, -0.0});
}

TEST_CASE("fmod is exact, and floor_divide right where the quotient would round up", "[elementwise][division]") {
  std::mt19937_64 random(3);
  auto number = [&](int range) { return std::ldexp(double(std::int64_t(random()) >> 11), int(random() % range) - 60); };
  std::vector<double> a, b, rest;
  std::vector<double> float_rest;
  for (int i = 0; i < 3000; ++i) {
    a.push_back(number(i % 3 == 0 ? 700 : 40));
    b.push_back(number(40));
    rest.push_back(std::fmod(a.back(), b.back()));
    float_rest.push_back(std::fmod(float(a.back()), float(b.back())));
  }
  Tensor x = from_vector(a, {3000}), y = from_vector(b, {3000});
  CHECK(values(fmod(x, y)) == rest);
  Tensor rests = fmod(cast(x, DType::float32), cast(y, DType::float32));
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!std::isnan(float_rest[i])) CHECK(values(rests)[i] == float_rest[i]);
    if (i > 300) break;  // values() copies them all
  }
  CHECK(floor_divide(doubles({1}), 0.1).item() == 9);  // 0.1 is a little more than a tenth
  CHECK(floor_divide(doubles({6}), 0.1).item() == 59);
  CHECK(floor_divide(tensor({6.0f}), 0.1).item() == std::floor(double(6.0f) / double(0.1f)));
}

TEST_CASE("the derivative of a rest to the divisor is the quotient", "[elementwise][division][conventions]") {
  Tensor a = doubles({7.5, -7.5, 7.5, -7.5}), b = doubles({2, 2, -2, -2}).set_requires_grad();
  check_close(grad(sum(fmod(a, b)), b), {-3, 3, 3, -3});
  check_close(grad(sum(remainder(a, b)), b), {-3, 4, 4, -3});
  check_close(grad(sum(div(a, b, Rounding::floor)), b), {0, 0, 0, 0});
  CHECK(slope_at([](const Tensor& x) { return remainder(x, 3); }, 7.5) == 1);
}
