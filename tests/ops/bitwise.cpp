#include <xgrad/autograd/ops/bitwise.hpp>

#include <limits>

#include "numbers.hpp"

using namespace xgrad;
using namespace xgrad::testing;
using Catch::Contains;

namespace {

using Integers = std::vector<std::int64_t>;
using Booleans = std::vector<bool>;
constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();

Integers integers(const Tensor& x) {
  CHECK(x.dtype() == DType::int64);
  return x.to_vector<std::int64_t>();
}

}  // namespace

TEST_CASE("bits of integers, of booleans, and of both", "[elementwise][bitwise]") {
  Tensor a = tensor({12, -1}), b = tensor({10, 7});
  CHECK(integers(a & b) == Integers{8, 7});
  CHECK(integers(a | b) == Integers{14, -1});
  CHECK(integers(a ^ b) == Integers{6, -8});
  CHECK(integers(~a) == Integers{-13, 0});
  Tensor p = tensor({true, true, false}), q = tensor({true, false, false});
  CHECK((p & q).to_vector<bool>() == Booleans{true, false, false});
  CHECK((p | q).to_vector<bool>() == Booleans{true, true, false});
  CHECK((p ^ q).to_vector<bool>() == Booleans{false, true, false});
  CHECK((~p).to_vector<bool>() == Booleans{false, false, true});
  CHECK(integers(bitwise_and(p, 3)) == Integers{1, 1, 0});
  CHECK_THROWS_WITH(bitwise_or(doubles({1}), a),
                    Contains("bitwise_or: the operands must be int64 or boolean, but one is float64"));
  CHECK_THROWS_WITH(~doubles({1}), Contains("bitwise_not"));
  CHECK_THROWS_WITH(bitwise_xor(a, 1.5), Contains("bitwise_xor"));
}

TEST_CASE("shifts by any count", "[elementwise][bitwise]") {
  Tensor count = tensor({-1, 0, 2, 63, 64});
  CHECK(integers(bitwise_left_shift(tensor({1, 5, -3, 1, 1}), count)) == Integers{0, 5, -12, kLeast, 0});
  CHECK(integers(bitwise_right_shift(tensor({-8, 5, -9, -8, -8}), count)) == Integers{-1, 5, -3, -1, -1});
  CHECK(integers(bitwise_right_shift(tensor({8, 5, 9, 8, 8}), count)) == Integers{0, 5, 2, 0, 0});
  CHECK_THROWS_WITH(bitwise_left_shift(tensor({true}), tensor({true})), Contains("one operand must be an integer"));
}

TEST_CASE("<< and >> shift", "[elementwise][bitwise]") {
  const Tensor x = tensor({1, 5, -8});
  CHECK((x << 2).to_vector<std::int64_t>() == std::vector<std::int64_t>{4, 20, -32});
  CHECK((x >> 1).to_vector<std::int64_t>() == std::vector<std::int64_t>{0, 2, -4});
  CHECK((1 << tensor({0, 3})).to_vector<std::int64_t>() == std::vector<std::int64_t>{1, 8});
}

TEST_CASE("divisors and multiples", "[elementwise][bitwise]") {
  CHECK(integers(gcd(tensor({0, -4, 6, 12, -7}), tensor({0, 6, 0, 18, -21}))) == Integers{0, 2, 6, 6, 7});
  CHECK(integers(lcm(tensor({0, -4, 6, 12}), tensor({0, 6, 0, 18}))) == Integers{0, 12, 0, 36});
  const Tensor most = from_vector(Integers{std::numeric_limits<std::int64_t>::max()});
  CHECK(integers(lcm(most, 2)) == Integers{2});  // it wraps, and is not negative
  Tensor least = from_vector(Integers{kLeast}, {1});
  CHECK(integers(gcd(least, 12)) == Integers{4});
  CHECK(integers(gcd(least, least)) == Integers{kLeast});
  CHECK_THROWS_WITH(gcd(tensor({1}), 2.5), Contains("gcd: the operands must be int64 or boolean"));
}
