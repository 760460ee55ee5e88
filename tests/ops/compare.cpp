#include <xgrad/autograd/ops/compare.hpp>

#include <cstdint>
#include <limits>
#include <vector>

#include <xgrad/autograd/check/gradcheck.hpp>
#include "numbers.hpp"

using namespace xgrad;
using namespace xgrad::testing;
using Catch::Contains;

TEST_CASE("comparisons answer booleans; NaN equals nothing", "[elementwise][compare]") {
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

TEST_CASE("allclose follows NumPy's rule", "[elementwise][compare]") {
  CHECK(allclose(doubles({1, kInf}), doubles({1 + 1e-9, kInf})));
  CHECK_FALSE(allclose(doubles({1}), doubles({1.1})));
  CHECK_FALSE(allclose(doubles({kInf}), doubles({-kInf})));
  CHECK_FALSE(allclose(doubles({kInf}), doubles({1})));
  CHECK_FALSE(allclose(doubles({kNan}), doubles({kNan})));
  CHECK(allclose(doubles({kNan}), doubles({kNan}), {.equal_nan = true}));
  CHECK(allclose(doubles({1, 1}), 1.0));
}

TEST_CASE("isclose of integers is exact", "[elementwise][compare]") {
  const std::int64_t large = (std::int64_t{1} << 62) + 1, least = std::numeric_limits<std::int64_t>::min();
  auto of = [](std::int64_t a, std::int64_t b, AllcloseOptions tolerance) {
    return isclose(from_vector(std::vector{a}, {1}), from_vector(std::vector{b}, {1}), tolerance).item<bool>();
  };
  CHECK_FALSE(of(large, large - 1, {.rtol = 0, .atol = 0}));
  CHECK(of(large, large - 1, {.rtol = 0, .atol = 1}));
  CHECK_FALSE(of(least, std::numeric_limits<std::int64_t>::max(), {.rtol = 0.5}));
  CHECK(of(least, std::numeric_limits<std::int64_t>::max(), {.rtol = 2.5}));
  CHECK(of(7, 7, {.rtol = 0, .atol = 0}));
  CHECK(isclose(tensor({true, false}), tensor({true, true})).to_vector<bool>() == std::vector<bool>{true, false});
}

TEST_CASE("isclose, element by element", "[elementwise][compare]") {
  Tensor a = doubles({1, kInf, kInf, kNan, 1, kInf}), b = doubles({1 + 1e-9, kInf, -kInf, kNan, 1.1, 1});
  CHECK(isclose(a, b).to_vector<bool>() == std::vector<bool>{true, true, false, false, false, false});
  CHECK(isclose(a, b, {.rtol = 1, .equal_nan = true}).to_vector<bool>() ==
        std::vector<bool>{true, true, false, true, true, false});
  CHECK_THROWS_WITH(isclose(a, b, {.rtol = -1}), Contains("isclose: the tolerances must not be negative"));
  CHECK_THROWS_WITH(allclose(a, b, {.atol = kNan}), Contains("allclose: the tolerances must not be negative"));
}

TEST_CASE("infinities and signs", "[elementwise][compare]") {
  Tensor x = doubles({1, -0.0, kInf, -kInf, kNan, 0});
  CHECK(isposinf(x).to_vector<bool>() == std::vector<bool>{false, false, true, false, false, false});
  CHECK(isneginf(x).to_vector<bool>() == std::vector<bool>{false, false, false, true, false, false});
  CHECK(signbit(x).to_vector<bool>() == std::vector<bool>{false, true, false, true, false, false});
  CHECK(signbit(tensor({-3, 0, 2})).to_vector<bool>() == std::vector<bool>{true, false, false});
  CHECK(signbit(tensor({true})).item<bool>() == false);
  CHECK(isposinf(tensor({3})).item<bool>() == false);
}

TEST_CASE("allclose of integers is exact at any size", "[elementwise][compare]") {
  auto whole = [](std::int64_t value) { return from_vector(std::vector<std::int64_t>{value}); };
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max(),
                         kLeast = std::numeric_limits<std::int64_t>::min();
  const std::int64_t large = 1600000000000000000;
  CHECK_FALSE(allclose(whole(large), whole(large + 10), {.rtol = 0, .atol = 1}));
  CHECK_FALSE(allclose(whole(large), whole(large + 2), {.rtol = 0, .atol = 1.9}));
  CHECK(allclose(whole(large), whole(large + 1), {.rtol = 0, .atol = 1}));
  CHECK(allclose(whole(-large - 1), whole(-large), {.rtol = 0, .atol = 1}));
  CHECK(allclose(whole(large), whole(large), {.rtol = 0, .atol = 0}));
  CHECK_FALSE(allclose(whole(kLeast), whole(kMost), {.rtol = 1, .atol = 0}));
  CHECK(allclose(whole(kLeast), whole(kMost), {.rtol = 2.5, .atol = 0}));
  CHECK(allclose(whole(100000), whole(100001)));  // the default tolerances are relative
  CHECK(allclose(tensor({true, false}), tensor({1, 0})));
  CHECK_FALSE(allclose(tensor({true, false}), tensor({1, 1})));
}
