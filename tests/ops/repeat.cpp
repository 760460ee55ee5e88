// Repetitions and shifts at the edges of their arguments.
#include <xgrad/autograd/ops/repeat.hpp>

#include <limits>
#include <vector>

#include <xgrad/autograd/grad.hpp>
#include <xgrad/autograd/ops.hpp>
#include "../catch.hpp"

using namespace xgrad;
using Catch::Matchers::Contains;

namespace {

using Numbers = std::vector<double>;

Numbers numbers(const Tensor& x) { return x.to_vector<double>(); }
Tensor counted(const Shape& shape) { return reshape(arange(shape.numel(), {.dtype = DType::float64}), shape); }
constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();

}  // namespace

TEST_CASE("repeat and tile make copies", "[repeat]") {
  Tensor x = counted({2}).set_requires_grad();
  CHECK(numbers(repeat(x, {2, 2})) == Numbers{0, 1, 0, 1, 0, 1, 0, 1});
  CHECK(numbers(tile(counted({2, 1}), {2})) == Numbers{0, 0, 1, 1});
  CHECK(repeat(x, {0}).shape() == Shape{0});
  CHECK(repeat(x, {5, 0}).shape() == Shape{5, 0});
  CHECK(numbers(grad(sum(repeat(x, {3, 2})), x)) == Numbers{6, 6});
  CHECK(numbers(grad(sum(repeat(x, {3, 0})), x)) == Numbers{0, 0});
  CHECK(tile(x, {}).shape() == Shape{2});
  for (const Tensor& y : {repeat(x, {1}), repeat(x, {2}), tile(x, {1, 1}), repeat_interleave(x, 1)}) {
    Tensor plain = y.detach();
    plain.assign(5);
    CHECK(numbers(x) == Numbers{0, 1});
  }
}

TEST_CASE("repetitions are counted before anything is allocated", "[repeat]") {
  Tensor x = zeros({2, 3});
  CHECK_THROWS_WITH(repeat(x, {kMost, 1}),
                    Contains("repeat: extents must fit in an int64, but x is [2, 3] and the numbers"));
  CHECK_THROWS_WITH(repeat(x, {std::int64_t{1} << 40, std::int64_t{1} << 40}),
                    Contains("repeat: the number of bytes must fit"));
  CHECK_THROWS_WITH(tile(x, {kMost, 1, 1}), Contains("tile: the number of bytes must fit in an int64"));
  CHECK_THROWS_WITH(repeat_interleave(x, kMost, 1), Contains("repeat_interleave: extents must fit in an int64"));
  CHECK_THROWS_WITH(repeat_interleave(x, from_vector(std::vector<std::int64_t>(3, kMost / 2)), 1),
                    Contains("repeat_interleave: the numbers of copies must add up"));
  CHECK_THROWS_WITH(repeat(x, {2}),
                    Contains("repeat: there must be a number of copies for each of the 2 axes of x [2, 3]"));
  CHECK_THROWS_AS(tile(x, {-1}), std::invalid_argument);
}

TEST_CASE("repeat_interleave repeats each slice", "[repeat]") {
  Tensor x = counted({2, 2}).set_requires_grad();
  CHECK(numbers(repeat_interleave(x, 2)) == Numbers{0, 0, 1, 1, 2, 2, 3, 3});
  Tensor y = repeat_interleave(x, tensor({0, 3}), 0);
  CHECK(numbers(y) == Numbers{2, 3, 2, 3, 2, 3});
  CHECK(numbers(grad(sum(y), x)) == Numbers{0, 0, 3, 3});
  CHECK(numbers(repeat_interleave(x, tensor({2}), 1)) == Numbers{0, 0, 1, 1, 2, 2, 3, 3});
  CHECK(repeat_interleave(x, 0, 0).shape() == Shape{0, 2});
  CHECK(repeat_interleave(full({}, 3), 2).shape() == Shape{2});
  CHECK_THROWS_WITH(repeat_interleave(x, tensor({1, -1}), 0),
                    Contains("numbers of copies must not be negative, but number 1 is -1"));
  CHECK_THROWS_WITH(repeat_interleave(x, tensor({1, 1, 1}), 0), Contains("for each of the 2 slices along axis 0"));
  CHECK_THROWS_AS(repeat_interleave(x, tensor({1., 1.}), 0), std::invalid_argument);
}

TEST_CASE("roll takes any shift", "[repeat]") {
  Tensor x = counted({2, 3}).set_requires_grad();
  CHECK(numbers(roll(x, 1)) == Numbers{5, 0, 1, 2, 3, 4});
  CHECK(numbers(roll(x, -7)) == numbers(roll(x, -1)));
  CHECK(numbers(roll(x, kMost)) == numbers(roll(x, kMost % 6)));
  CHECK(numbers(roll(x, kLeast, 1)) == numbers(roll(x, kLeast % 3, 1)));
  CHECK(numbers(roll(x, {1, 1, 2}, {0, 1, 1})) == Numbers{3, 4, 5, 0, 1, 2});
  CHECK(roll(zeros({0, 2}), 3, 0).shape() == Shape{0, 2});
  CHECK(roll(full({}, 2), 3, 0).item() == 2);
  CHECK(numbers(grad(sum(roll(x, 1, 1) * counted({2, 3})), x)) == Numbers{1, 2, 0, 4, 5, 3});
  CHECK_THROWS_WITH(roll(x, {1}, {0, 1}),
                    Contains("roll: there must be a shift for each axis, but there are 1 shifts"));
  CHECK_THROWS_AS(roll(x, 1, 2), std::out_of_range);
}
