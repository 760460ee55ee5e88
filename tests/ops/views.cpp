// Views by other names: what they share, and what they refuse.
#include <xgrad/autograd/ops/views.hpp>

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

/// Whether writing into x is seen in y.
bool shows(const Tensor& y, Tensor x) {
  Numbers before = numbers(y);
  x.assign(x + 100);
  return numbers(y) != before;
}

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

}  // namespace

TEST_CASE("views show the elements of their tensor", "[views]") {
  Tensor x = counted({2, 3});
  for (const Tensor& y :
       {view(x, {3, 2}), ravel(x), unflatten(x, 1, {3, 1}), atleast_3d(x), t(x), swapaxes(x, 0, 1), movedim(x, 0, 1),
        broadcast_to(x, {2, 2, 3}), fliplr(x), flipud(x), rot90(x), rot90(x, 2), rot90(x, -1), unfold(x, 1, 2, 1)})
    CHECK(shows(y, x));
}

TEST_CASE("view never copies", "[views]") {
  Tensor x = transpose(counted({2, 3}));
  CHECK_THROWS_WITH(view(x, {6}), Contains("view: the layout of x must allow a view in another shape, but x is [3, 2] "
                                           "with strides [1, 3] and the shape is [6]. Use reshape, which copies then. "
                                           "at views.cpp:"));
  CHECK(view(x, {3, 1, 2}).shape() == Shape{3, 1, 2});
  CHECK_THROWS_WITH(view_as(x, zeros({6})), Contains("view_as: the layout of x"));
  CHECK_THROWS_WITH(view(x, {4, 2}), Contains("view: the shape must hold the 6 elements of x [3, 2]"));
  CHECK(reshape_as(x, zeros({6})).shape() == Shape{6});
  CHECK_THROWS_WITH(reshape(zeros({0}), {0, kMost, 2}),
                    Contains("reshape: the number of elements must fit in an int64"));
}

TEST_CASE("unflatten cuts one axis", "[views]") {
  CHECK(unflatten(counted({2, 6}), 1, {-1, 2}).shape() == Shape{2, 3, 2});
  CHECK(unflatten(zeros({0, 3}), 0, {2, 0}).shape() == Shape{2, 0, 3});
  CHECK_THROWS_WITH(
      unflatten(zeros({2, 6}), 1, {4, -1}),
      Contains("unflatten: the shape must hold the 6 elements of x [6], but [4, -1] holds a multiple of 4"));
  CHECK_THROWS_AS(unflatten(zeros({}), 0, {1}), std::invalid_argument);
  CHECK_THROWS_WITH(unflatten(zeros(Shape::filled(8, 1)), 0, {1, 1}), Contains("a tensor has at most 8 axes"));
  CHECK_THROWS_AS(unflatten(zeros({0}), 0, {0, kMost, kMost}), std::invalid_argument);
}

TEST_CASE("broadcast_tensors stretches each to the common shape", "[views]") {
  Tensor a = tensor({{1.f}, {2.f}}).set_requires_grad(), b = tensor({3, 4, 5});
  const std::vector<Tensor> both = broadcast_tensors({a, b});
  REQUIRE(both.size() == 2);
  CHECK(both[0].shape() == Shape{2, 3});
  CHECK(numbers(both[0]) == Numbers{1, 1, 1, 2, 2, 2});
  CHECK(numbers(both[1]) == Numbers{3, 4, 5, 3, 4, 5});
  CHECK(both[1].dtype() == DType::int64);  // each keeps its own
  CHECK(numbers(grad(sum(both[0] * both[1]), a)) == Numbers{12, 12});
  CHECK(broadcast_tensors({tensor(1.f)})[0].shape() == Shape{});
  CHECK_THROWS_WITH(broadcast_tensors({zeros({2}), zeros({3})}),
                    Contains("broadcast_tensors: shapes must broadcast, but [2] and [3]"));
  CHECK_THROWS_WITH(broadcast_tensors(std::vector<Tensor>()),
                    Contains("broadcast_tensors: at least one tensor must be given, but there is none. at views.cpp:"));
  CHECK_THROWS_WITH(broadcast_tensors({a, Tensor()}), Contains("broadcast_tensors: tensor 1 must be defined"));
}

TEST_CASE("rot90 turns either way, any number of times", "[views]") {
  Tensor x = counted({2, 2});
  const Numbers turned[] = {{0, 1, 2, 3}, {1, 3, 0, 2}, {3, 2, 1, 0}, {2, 0, 3, 1}};
  for (std::int64_t k : {std::int64_t{-8}, std::int64_t{-5}, std::int64_t{-1}, std::int64_t{0}, std::int64_t{3},
                         std::int64_t{6}, std::numeric_limits<std::int64_t>::min(), kMost})
    CHECK(numbers(rot90(x, k)) == turned[((k % 4) + 4) % 4]);
  CHECK(numbers(rot90(x, 1, {1, 0})) == turned[3]);
  CHECK_THROWS_WITH(rot90(x, 1, {0, 1, 0}), Contains("rot90: each axis may be named once"));
  CHECK_THROWS_AS(rot90(zeros({2})), std::invalid_argument);
  CHECK_THROWS_AS(rot90(x, 1, {0, 2}), std::out_of_range);
}

TEST_CASE("movedim refuses what is no move", "[views]") {
  Tensor x = counted({2, 3, 4});
  CHECK(movedim(x, {0, 1, 2}, {2, 0, 1}).shape() == Shape{3, 4, 2});
  CHECK(movedim(x, Axes(), Axes()).shape() == x.shape());
  CHECK(movedim(full({}, 1), 0, -1).shape() == Shape{});
  CHECK_THROWS_WITH(movedim(x, {0, 1}, {0}), Contains("movedim: there must be as many places as axes, but there are 2 "
                                                      "axes and 1 places. at views.cpp:"));
  CHECK_THROWS_WITH(moveaxis(x, {0, -3}, {0, 1}), Contains("moveaxis: each axis may be named once, but axis -3 comes"));
}

TEST_CASE("unfold shows overlapping pieces", "[views]") {
  Tensor x = counted({5}).set_requires_grad();
  CHECK(numbers(unfold(x, 0, 3, 1)) == Numbers{0, 1, 2, 1, 2, 3, 2, 3, 4});
  CHECK(numbers(unfold(x, 0, 2, 3)) == Numbers{0, 1, 3, 4});
  CHECK(unfold(x, 0, 0, 2).shape() == Shape{3, 0});
  CHECK(unfold(x, 0, 2, kMost).shape() == Shape{1, 2});
  CHECK(unfold(full({}, 3), 0, 1, 1).shape() == Shape{1});
  CHECK(unfold(full({}, 3), 0, 0, 1).shape() == Shape{0});
  CHECK(numbers(grad(sum(unfold(x, 0, 3, 1)), x)) == Numbers{1, 2, 3, 2, 1});
  // Ones that are added up in float32 one by one stop at 2^24.
  Tensor wide = ones({3000}).set_requires_grad();
  Tensor pieces = unfold(wide, 0, 1500, 1);
  Tensor scale = full({1}, 16777215.);
  CHECK(grad(sum(pieces * scale), wide)[1499].item() == double(float(1500 * 16777215.)));
  CHECK_THROWS_WITH(unfold(x, 0, 6, 1), Contains("unfold: the size of the pieces must be in [0, 5]"));
  CHECK_THROWS_AS(unfold(x, 0, 1, 0), std::invalid_argument);
  CHECK_THROWS_AS(unfold(x, 1, 1, 1), std::out_of_range);
}

TEST_CASE("what overlaps is not written into", "[views]") {
  Tensor x = counted({5});
  CHECK_THROWS_WITH(unfold(x, 0, 3, 1).assign(0), Contains("overlap, as unfold() makes them. Write to a copy()."));
  unfold(x, 0, 2, 2).assign(7);
  CHECK(numbers(x) == Numbers{7, 7, 7, 7, 4});
  Tensor m = counted({3, 4});
  diagonal(transpose(m)[{slice({}, {}, -1)}]).assign(-1);
  CHECK(numbers(m) == Numbers{0, 1, 2, -1, 4, 5, -1, 7, 8, -1, 10, 11});
}
