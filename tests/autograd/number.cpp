#include <xgrad/autograd/number.hpp>

#include <xgrad/autograd/check/gradcheck.hpp>
#include "../ops/numbers.hpp"

using namespace xgrad;
using namespace xgrad::testing;
using Catch::Contains;

TEST_CASE("functions of plain numbers stay plain", "[elementwise][number]") {
  static_assert(std::is_same_v<decltype(xgrad::sqrt(2.0)), double>);
  static_assert(std::is_same_v<decltype(xgrad::sqrt(2.0f)), float>);
  static_assert(std::is_same_v<decltype(xgrad::exp(1)), double>);
  static_assert(std::is_same_v<decltype(xgrad::pow(2, 3.0f)), double>);
  static_assert(std::is_same_v<decltype(xgrad::abs(-3)), int>);
  static_assert(std::is_same_v<decltype(xgrad::atan2(1, 2.0f)), double>);
  static_assert(std::is_same_v<decltype(xgrad::hypot(3.0f, 4.0f)), float>);
  CHECK(xgrad::hypot(3, 4) == 5);
  CHECK(xgrad::atan2(1.0, -1.0) == std::atan2(1.0, -1.0));
  CHECK(xgrad::exp2(3) == 8);
  CHECK(xgrad::fmod(-7.5, 2) == -1.5);
  CHECK(xgrad::copysign(2, -0.0) == -2);
  CHECK(xgrad::sqrt(2.0) == std::sqrt(2.0));
  CHECK(xgrad::log1p(0.25) == std::log1p(0.25));
  CHECK(xgrad::pow(2.5, 3) == 15.625);
  CHECK(xgrad::round(2.5) == 3);
  CHECK(xgrad::abs(-3) == 3);
  CHECK_FALSE(std::signbit(xgrad::abs(-0.0)));
  CHECK((doubles({1}) * xgrad::sqrt(2.0)).item() == std::sqrt(2.0));
}
