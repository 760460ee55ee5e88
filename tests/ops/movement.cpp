// Operators that move elements: values, which results are views, gradients, and what is refused.
#include <xgrad/autograd/ops/movement.hpp>

#include <cstdint>
#include <limits>
#include <new>
#include <vector>

#include <xgrad/autograd/grad.hpp>
#include <xgrad/autograd/ops.hpp>
#include "../catch.hpp"

using namespace xgrad;
using Catch::Matchers::Contains;

namespace {

using Numbers = std::vector<double>;

Numbers numbers(const Tensor& x) { return x.to_vector<double>(); }

/// 0, 1, 2 ... as float64.
Tensor counted(const Shape& shape) { return reshape(arange(shape.numel(), {.dtype = DType::float64}), shape); }

Tensor variable(const Shape& shape) { return counted(shape).set_requires_grad(); }

/// Writing to what x shows is seen through `view` when the two share elements.
bool share_elements(Tensor x, const Tensor& view) {
  double before = sum(view).item();
  x.assign(x + 1);
  bool changed = sum(view).item() != before;
  x.assign(x - 1);
  return changed;
}

/// The gradient at x of sum(c y), c = 1, 2, 3 ... in the shape of y.
Tensor weighted_gradient(const Tensor& y, const Tensor& x) { return grad(sum(y * (counted(y.shape()) + 1)), x); }

/// The same of sum(c y^2), twice: the gradient of sum(d dx), which is 2 d c at the places that y shows.
Tensor second_gradient(const Tensor& y, const Tensor& x) {
  Tensor first = grad(sum(square(y) * (counted(y.shape()) + 1)), x, {.create_graph = true});
  return grad(sum(first * (counted(x.shape()) + 1)), x);
}

}  // namespace

// ---- reshape and its kin ----

TEST_CASE("reshape of contiguous elements is a view", "[movement]") {
  Tensor x = counted({2, 6});
  Tensor y = reshape(x, {3, 4});
  CHECK(y.shape() == Shape{3, 4});
  CHECK(y.strides() == Strides{4, 1});
  CHECK(numbers(y) == numbers(x));
  CHECK(share_elements(x, y));
}

TEST_CASE("one extent of reshape may be -1", "[movement]") {
  CHECK(reshape(counted({2, 6}), {-1, 3}).shape() == Shape{4, 3});
  CHECK(reshape(counted({}), {-1}).shape() == Shape{1});
  CHECK(reshape(counted({1, 1}), {}).shape() == Shape{});
  CHECK(reshape(counted({0, 3}), {-1, 3}).shape() == Shape{0, 3});
  CHECK(reshape(counted({0, 3}), {5, 0, 2}).shape() == Shape{5, 0, 2});
}

TEST_CASE("reshape keeps a strided layout a view where the axes can be cut", "[movement]") {
  Tensor x = counted({4, 6});
  SECTION("a sliced axis stays apart") {
    Tensor y = reshape(x[{slice(), slice(0, 4)}], {2, 2, 2, 2});
    CHECK(y.strides() == Strides{12, 6, 2, 1});
    CHECK(share_elements(x, y));
    CHECK(numbers(y) == Numbers{0, 1, 2, 3, 6, 7, 8, 9, 12, 13, 14, 15, 18, 19, 20, 21});
  }
  SECTION("steps and flipped axes merge as far as they run evenly") {
    Tensor y = reshape(x[{slice(), slice(0, 6, 2)}], {12});
    CHECK(y.strides() == Strides{2});
    Tensor z = reshape(flip(x, {0, 1}), {24});
    CHECK(z.strides() == Strides{-1});
    CHECK(numbers(z)[0] == 23);
    CHECK(share_elements(x, z));
  }
  SECTION("broadcast axes merge") {
    Tensor y = reshape(expand(counted({1}), {3, 4}), {12});
    CHECK(y.strides() == Strides{0});
  }
  SECTION("axes of extent 1 go anywhere") { CHECK(share_elements(x, reshape(transpose(x), {1, 6, 1, 4, 1}))); }
}

TEST_CASE("reshape copies where no strides fit", "[movement]") {
  Tensor x = counted({2, 3});
  Tensor y = reshape(transpose(x), {6});
  CHECK(numbers(y) == Numbers{0, 3, 1, 4, 2, 5});
  CHECK_FALSE(share_elements(x, y));
  CHECK(numbers(reshape(expand(counted({2, 1}), {2, 3}), {3, 2})) == Numbers{0, 0, 0, 1, 1, 1});
}

TEST_CASE("the gradient of reshape is the reshaped gradient", "[movement]") {
  Tensor x = variable({2, 3});
  CHECK(numbers(weighted_gradient(reshape(x, {3, 2}), x)) == Numbers{1, 2, 3, 4, 5, 6});
  CHECK(numbers(weighted_gradient(reshape(transpose(x), {6}), x)) == Numbers{1, 3, 5, 2, 4, 6});
  CHECK(numbers(second_gradient(reshape(transpose(x), {6}), x)) == Numbers{2, 12, 30, 16, 40, 72});
}

TEST_CASE("reshape refuses shapes of another size", "[movement]") {
  Tensor x = counted({2, 3});
  CHECK_THROWS_AS(reshape(x, {4}), std::invalid_argument);
  CHECK_THROWS_WITH(
      reshape(x, {4}),
      Contains("reshape: the shape must hold the 6 elements of x [2, 3], but [4] holds 4. at movement.cpp:"));
  CHECK_THROWS_WITH(reshape(x, {4, -1}), Contains("[4, -1] holds a multiple of 4"));
  CHECK_THROWS_WITH(reshape(x, {-1, -1}), Contains("only one extent may be -1, but the shape is [-1, -1]"));
  CHECK_THROWS_WITH(reshape(x, {-2, 3}), Contains("extents must be -1 or not negative"));
  CHECK_THROWS_WITH(reshape(counted({0}), {-1, 0}), Contains("any extent would do"));
}

TEST_CASE("flatten merges neighbouring axes", "[movement]") {
  Tensor x = counted({2, 3, 4});
  CHECK(flatten(x).shape() == Shape{24});
  CHECK(flatten(x, 1).shape() == Shape{2, 12});
  CHECK(flatten(x, 0, -2).shape() == Shape{6, 4});
  CHECK(flatten(x, 1, 1).shape() == Shape{2, 3, 4});
  CHECK(flatten(counted({})).shape() == Shape{1});
  CHECK(share_elements(x, flatten(x)));
  CHECK_THROWS_WITH(flatten(x, 2, 1),
                    Contains("flatten: the first axis must not come after the last, but they are 2 and 1"));
  CHECK_THROWS_AS(flatten(x, 3), std::out_of_range);
}

TEST_CASE("squeeze takes axes of extent 1 away", "[movement]") {
  Tensor x = counted({1, 3, 1});
  CHECK(squeeze(x).shape() == Shape{3});
  CHECK(squeeze(x, 0).shape() == Shape{3, 1});
  CHECK(squeeze(x, -1).shape() == Shape{1, 3});
  CHECK(squeeze(x, {0, 2}).shape() == Shape{3});
  CHECK(squeeze(x, 1).shape() == Shape{1, 3, 1});
  CHECK(squeeze(counted({}), 0).shape() == Shape{});
  CHECK(squeeze(transpose(x)).strides() == Strides{1});
  CHECK(share_elements(x, squeeze(x)));
  CHECK_THROWS_AS(squeeze(x, 3), std::out_of_range);
}

TEST_CASE("unsqueeze puts an axis of extent 1 in", "[movement]") {
  Tensor x = counted({2, 3});
  CHECK(unsqueeze(x, 0).shape() == Shape{1, 2, 3});
  CHECK(unsqueeze(x, 1).shape() == Shape{2, 1, 3});
  CHECK(unsqueeze(x, -1).shape() == Shape{2, 3, 1});
  CHECK(unsqueeze(counted({}), 0).shape() == Shape{1});
  CHECK(share_elements(x, unsqueeze(transpose(x), 1)));
  CHECK_THROWS_AS(unsqueeze(x, 3), std::out_of_range);
  CHECK_THROWS_WITH(unsqueeze(counted(Shape::filled(8, 1)), 0), Contains("at most 8 axes"));
}

TEST_CASE("gradients of squeeze and unsqueeze have the input's shape", "[movement]") {
  Tensor x = variable({2, 1, 2});
  CHECK(numbers(weighted_gradient(squeeze(x), x)) == Numbers{1, 2, 3, 4});
  CHECK(numbers(weighted_gradient(unsqueeze(x, 1), x)) == Numbers{1, 2, 3, 4});
  CHECK(numbers(second_gradient(squeeze(x), x)) == Numbers{2, 8, 18, 32});
}

// ---- The order of axes ----

TEST_CASE("transpose swaps two axes of a view", "[movement]") {
  Tensor x = counted({2, 3, 4});
  Tensor y = transpose(x, 0, -1);
  CHECK(y.shape() == Shape{4, 3, 2});
  CHECK(y.strides() == Strides{1, 4, 12});
  CHECK(share_elements(x, y));
  CHECK(transpose(x).shape() == Shape{2, 4, 3});
  CHECK(transpose(counted({}), 0, -1).shape() == Shape{});
  CHECK_THROWS_WITH(transpose(x, 0, 3), Contains("transpose: axis must be in [-3, 2], but it is 3. at movement.cpp:"));
}

TEST_CASE("transpose without axes gives vectors and scalars back", "[movement]") {
  Tensor x = counted({3});
  CHECK(transpose(x).is_same(x));
  Tensor scalar = counted({});
  CHECK(transpose(scalar).is_same(scalar));
}

TEST_CASE("permute orders the axes of a view", "[movement]") {
  Tensor x = counted({2, 3, 4});
  Tensor y = permute(x, {2, 0, 1});
  CHECK(y.shape() == Shape{4, 2, 3});
  CHECK(y.strides() == Strides{1, 12, 4});
  CHECK(y[{1, 1, 2}].item() == x[{1, 2, 1}].item());
  CHECK(permute(x, {-1, 0, -2}).shape() == Shape{4, 2, 3});
  CHECK(share_elements(x, y));
  CHECK_THROWS_WITH(permute(x, {0, 1}),
                    Contains("permute: the order must name 3 axes, as many as x [2, 3, 4] has, but it names 2"));
  CHECK_THROWS_WITH(permute(x, {0, 1, 1}), Contains("axis 1 comes twice"));
  CHECK_THROWS_AS(permute(x, {0, 1, 3}), std::out_of_range);
  CHECK_THROWS_AS(permute(x, Axes::all()), std::invalid_argument);
}

TEST_CASE("gradients of transpose and permute go back to their places", "[movement]") {
  Tensor x = variable({2, 3});
  CHECK(numbers(weighted_gradient(transpose(x), x)) == Numbers{1, 3, 5, 2, 4, 6});
  Tensor y = variable({1, 2, 3});
  CHECK(numbers(weighted_gradient(permute(y, {2, 0, 1}), y)) == Numbers{1, 3, 5, 2, 4, 6});
  CHECK(numbers(second_gradient(permute(y, {2, 0, 1}), y)) == Numbers{2, 12, 30, 16, 40, 72});
}

TEST_CASE("flip reverses axes of a view", "[movement]") {
  Tensor x = counted({2, 3});
  CHECK(numbers(flip(x, 1)) == Numbers{2, 1, 0, 5, 4, 3});
  CHECK(numbers(flip(x, {0, 1})) == Numbers{5, 4, 3, 2, 1, 0});
  CHECK(numbers(flip(flip(x, 0), 0)) == numbers(x));
  CHECK(flip(x, -1).strides() == Strides{3, -1});
  CHECK(share_elements(x, flip(x, 0)));
  CHECK(numbers(flip(x, std::vector<int>{})) == numbers(x));
  CHECK(flip(counted({0, 2}), {0, 1}).shape() == Shape{0, 2});
  CHECK(flip(counted({}), Axes::all()).item() == 0);
  CHECK_THROWS_AS(flip(x, 2), std::out_of_range);
  Tensor v = variable({2, 3});
  CHECK(numbers(weighted_gradient(flip(v, 1), v)) == Numbers{3, 2, 1, 6, 5, 4});
}

// ---- expand ----

TEST_CASE("expand stretches without copying", "[movement]") {
  Tensor x = counted({2, 1});
  Tensor y = expand(x, {3, 2, 4});
  CHECK(y.strides() == Strides{0, 1, 0});
  CHECK(numbers(y)[4] == 1);
  CHECK(share_elements(x, y));
  CHECK(expand(x, {-1, 4}).shape() == Shape{2, 4});
  CHECK(expand(counted({}), {2, 2}).shape() == Shape{2, 2});
  CHECK(expand(counted({1}), {0}).shape() == Shape{0});
}

TEST_CASE("the gradient of expand is summed back", "[movement]") {
  Tensor x = variable({2, 1});
  Tensor gradient = weighted_gradient(expand(x, {2, 3}), x);
  CHECK(gradient.shape() == Shape{2, 1});
  CHECK(numbers(gradient) == Numbers{6, 15});
  CHECK(numbers(second_gradient(expand(x, {2, 3}), x)) == Numbers{12, 60});
  Tensor scalar = variable({});
  CHECK(weighted_gradient(expand(scalar, {2, 2}), scalar).item() == 10);
}

TEST_CASE("expand refuses to stretch other extents than 1", "[movement]") {
  Tensor x = counted({2, 3});
  CHECK_THROWS_WITH(expand(x, {2, 4}),
                    Contains("expand: only an extent of 1 can be stretched, but axis 1 of x [2, 3] is 3 and axis 1 of "
                             "[2, 4] is 4. at movement.cpp:"));
  CHECK_THROWS_WITH(expand(x, {3}), Contains("at least as many axes as x [2, 3]"));
  CHECK_THROWS_WITH(expand(x, {-1, 2, 3}),
                    Contains("new axes must have an extent of their own, but axis 0 of [-1, 2, 3] is -1"));
}

// ---- Joining and splitting ----

TEST_CASE("cat joins along an axis", "[movement]") {
  Tensor a = counted({2, 2}), b = counted({2, 1}) + 10;
  CHECK(numbers(cat({a, b}, 1)) == Numbers{0, 1, 10, 2, 3, 11});
  CHECK(numbers(cat({a, transpose(a)}, 0)) == Numbers{0, 1, 2, 3, 0, 2, 1, 3});
  CHECK(cat({a, a, a}, -2).shape() == Shape{6, 2});
  CHECK(numbers(cat({a})) == numbers(a));
}

TEST_CASE("cat promotes and skips empty vectors", "[movement]") {
  Tensor mixed = cat({arange(2), full({1}, 0.5), full({1}, 1, {.dtype = DType::boolean})});
  CHECK(mixed.dtype() == DType::float32);
  CHECK(numbers(mixed) == Numbers{0, 1, 0.5, 1});
  CHECK(cat({zeros({0}), counted({2, 3})}, 1).shape() == Shape{2, 3});
  CHECK(cat({counted({2, 3}), zeros({0})}, 1).shape() == Shape{2, 3});
  CHECK(cat({zeros({0}), zeros({0})}).shape() == Shape{0});
  CHECK(cat({zeros({2, 0}), zeros({2, 0})}, 0).shape() == Shape{4, 0});
  CHECK(numbers(cat({arange(2) > 0, arange(3) > 1})) == Numbers{0, 1, 0, 0, 1});
}

TEST_CASE("the gradient of cat is cut in pieces", "[movement]") {
  Tensor a = variable({2, 2}), b = variable({2, 1}),
         empty = zeros({0}, {.dtype = DType::float64, .requires_grad = true});
  Tensor y = cat({a, empty, b}, 1);
  std::vector<Tensor> gradients = grad(sum(y * (counted({2, 3}) + 1)), {a, b, empty});
  CHECK(numbers(gradients[0]) == Numbers{1, 2, 4, 5});
  CHECK(numbers(gradients[1]) == Numbers{3, 6});
  CHECK(gradients[2].shape() == Shape{0});
  CHECK(numbers(second_gradient(cat({a, a * 2}, 1), a)) == Numbers{2 * 13, 4 * 18, 6 * 33, 8 * 38});
}

TEST_CASE("cat converts the gradient back to each dtype", "[movement]") {
  Tensor a = ones({2}, {.requires_grad = true}), b = variable({2});
  Tensor y = cat({a, b});
  CHECK(y.dtype() == DType::float64);
  std::vector<Tensor> gradients = grad(sum(y * counted({4})), {a, b});
  CHECK(gradients[0].dtype() == DType::float32);
  CHECK(numbers(gradients[0]) == Numbers{0, 1});
  CHECK(numbers(gradients[1]) == Numbers{2, 3});
}

TEST_CASE("cat refuses tensors that do not fit", "[movement]") {
  Tensor a = counted({2, 3});
  CHECK_THROWS_WITH(cat({a, counted({3, 3})}, 1),
                    Contains("cat: tensors must agree in all axes but axis 1, but tensor 0 is [2, 3] and "
                             "tensor 1 is [3, 3]. at movement.cpp:"));
  CHECK_THROWS_AS(cat({a, counted({3})}), std::invalid_argument);
  CHECK_THROWS_WITH(cat({counted({}), counted({})}), Contains("Use stack"));
  CHECK_THROWS_WITH(cat(std::vector<Tensor>{}), Contains("at least one tensor"));
  CHECK_THROWS_WITH(cat({a, Tensor()}), Contains("tensor 1 must be defined"));
  CHECK_THROWS_AS(cat({a, a}, 2), std::out_of_range);
}

TEST_CASE("stack joins along a new axis", "[movement]") {
  Tensor a = counted({2}), b = counted({2}) + 10;
  CHECK(numbers(stack({a, b})) == Numbers{0, 1, 10, 11});
  Tensor y = stack({a, b, a}, -1);
  CHECK(y.shape() == Shape{2, 3});
  CHECK(numbers(y) == Numbers{0, 10, 0, 1, 11, 1});
  CHECK(stack({counted({}), counted({})}).shape() == Shape{2});
  CHECK(stack({zeros({0, 2}), zeros({0, 2})}, 1).shape() == Shape{0, 2, 2});
  CHECK_THROWS_WITH(stack({a, counted({3})}), Contains("stack: tensors must have the same shape, but tensor "
                                                       "0 is [2] and tensor 1 is [3]. at movement.cpp:"));
  CHECK_THROWS_AS(stack({a, b}, 2), std::out_of_range);
  Tensor v = variable({2}), w = variable({2});
  std::vector<Tensor> gradients = grad(sum(stack({v, w}, 1) * (counted({2, 2}) + 1)), {v, w});
  CHECK(numbers(gradients[0]) == Numbers{1, 3});
  CHECK(numbers(gradients[1]) == Numbers{2, 4});
  CHECK(numbers(second_gradient(stack({v, v}, 1), v)) == Numbers{6, 28});
}

TEST_CASE("split cuts into views of one size, the last smaller", "[movement]") {
  Tensor x = counted({5, 2});
  std::vector<Tensor> pieces = split(x, 2);
  REQUIRE(pieces.size() == 3);
  CHECK(pieces[1].shape() == Shape{2, 2});
  CHECK(pieces[2].shape() == Shape{1, 2});
  CHECK(numbers(pieces[2]) == Numbers{8, 9});
  for (const Tensor& piece : pieces) CHECK(share_elements(x, piece));
  CHECK(split(x, 5, 1).size() == 1);
  CHECK(split(zeros({0}), 3).size() == 1);
  CHECK(split(zeros({0}), 0).size() == 1);
}

TEST_CASE("split cuts into given sizes", "[movement]") {
  Tensor x = counted({2, 4});
  std::vector<Tensor> pieces = split(x, {1, 0, 3}, -1);
  REQUIRE(pieces.size() == 3);
  CHECK(numbers(pieces[0]) == Numbers{0, 4});
  CHECK(pieces[1].shape() == Shape{2, 0});
  CHECK(numbers(pieces[2]) == Numbers{1, 2, 3, 5, 6, 7});
}

TEST_CASE("split takes sizes of any integer type", "[movement]") {
  const std::vector<Tensor> pieces = split(arange(5), std::vector<int>{1, 4});
  REQUIRE(pieces.size() == 2);
  CHECK(pieces[1].shape() == Shape{4});
}

TEST_CASE("split is one operation whose unused pieces have zero gradients", "[movement]") {
  Tensor x = variable({4});
  std::vector<Tensor> pieces = split(x, 2);
  CHECK(std::string(pieces[1].operation()) == "split");
  CHECK(numbers(grad(sum(pieces[1] * 3), x, {.retain_graph = true})) == Numbers{0, 0, 3, 3});
  CHECK(numbers(grad(sum(pieces[0] * pieces[1]), x)) == Numbers{2, 3, 0, 1});
  std::vector<Tensor> again = split(x, {1, 3});
  Tensor first = grad(sum(square(again[1])), x, {.create_graph = true});
  CHECK(numbers(grad(sum(first * first), x)) == Numbers{0, 8, 16, 24});
}

TEST_CASE("split refuses sizes that do not add up", "[movement]") {
  Tensor x = counted({4});
  CHECK_THROWS_WITH(split(x, {1, 2}),
                    Contains("split: sizes must add up to 4, the extent of axis 0 of x [4], but they add up to 3. at "
                             "movement.cpp:"));
  CHECK_THROWS_WITH(split(x, 0), Contains("must be above 0, but it is 0"));
  CHECK_THROWS_WITH(split(x, {5, -1}), Contains("sizes must not be negative, but there is -1"));
  CHECK_THROWS_AS(split(counted({}), 1), std::invalid_argument);
  CHECK_THROWS_AS(split(x, 2, 1), std::out_of_range);
}

TEST_CASE("sizes beyond int64 are refused", "[movement]") {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  constexpr std::int64_t kHuge = std::int64_t{1} << 33;
  Tensor x = counted({2, 3}), one = counted({});
  CHECK_THROWS_WITH(reshape(x, {kMost, 2, -1}), Contains("reshape: the number of elements must fit in an int64"));
  CHECK_THROWS_WITH(reshape(x, {kHuge, kHuge, 0}), Contains("reshape: the number of elements must fit"));
  CHECK_THROWS_WITH(expand(one, {kHuge, kHuge}), Contains("expand: the number of elements must fit in an int64"));
  CHECK_THROWS_WITH(expand(one, {kHuge}) * expand(counted({1, 1}), {kHuge, 1}),
                    Contains("mul: the number of elements must fit"));
  CHECK_THROWS_AS(expand(one, {std::int64_t{1} << 62}) + 1, std::bad_alloc);
  CHECK_THROWS_WITH(reshape(x, {std::size_t(-1)}), !Contains("-1"));
  CHECK(split(x, kMost).size() == 1);
  std::int64_t quarter = std::int64_t{1} << 62;
  CHECK_THROWS_WITH(split(zeros({0}), {quarter, quarter, quarter, quarter}),
                    Contains("add up to more than an int64 holds"));
}

TEST_CASE("extents that add up to more than an int64 holds are refused by name", "[movement]") {
  Tensor one = counted({1});
  Tensor huge = expand(one, {std::int64_t{1} << 62}), most = expand(one, {std::numeric_limits<std::int64_t>::max()});
  Tensor three = counted({3});
  CHECK_THROWS_WITH(cat({huge, huge, huge, huge, three}),
                    Contains("cat: the extents of axis 0 must add up to what an "
                             "int64 holds, but tensor 0 is [4611686018427387904]"));
  CHECK_THROWS_WITH(cat({most, most, three}), Contains("cat: the extents of axis 0 must add up"));
  CHECK_THROWS_WITH(cat({huge, three}), Contains("cat: the number of bytes must fit in an int64"));
  CHECK_THROWS_WITH(stack({huge, huge}), Contains("stack: the number of bytes must fit in an int64"));
  CHECK_THROWS_WITH(outer(huge, three), Contains("outer: the number of elements must fit in an int64"));
  CHECK_THROWS_WITH(index_select(expand(one, {3, std::int64_t{1} << 61}), 0, zeros({9}, {.dtype = DType::int64})),
                    Contains("index_select: the number of bytes must fit in an int64"));
}

namespace {

/// Tensors [rows, extent, inner], their numbers all different.
std::vector<Tensor> parts_of(const std::vector<std::int64_t>& extents, std::int64_t rows, std::int64_t inner,
                             DType dtype) {
  std::vector<Tensor> parts;
  std::int64_t first = 0;
  for (std::int64_t extent : extents) {
    Tensor numbers = arange(first, first + rows * extent * inner, 1, {.dtype = DType::int64});
    first += numbers.numel();
    parts.push_back(dtype == DType::boolean ? sin(numbers) > 0.3 : cast(numbers, dtype));
    parts.back() = reshape(parts.back(), {rows, extent, inner});
  }
  return parts;
}

}  // namespace

TEST_CASE("cat puts short rows together and its gradient takes them apart", "[movement]") {
  std::vector<std::vector<std::int64_t>> lists = {{1, 1},    {1, 1, 1},       {1, 1, 1, 1},
                                                  {2, 3, 1}, {0, 1, 0, 5, 1}, std::vector<std::int64_t>(8, 1),
                                                  {70, 2},   {1, 2, 63}};
  lists.push_back(std::vector<std::int64_t>(37, 1));
  for (const std::vector<std::int64_t>& extents : lists)
    for (std::int64_t rows : {1, 2, 67, 1000})
      for (std::int64_t inner : {1, 3})
        for (DType dtype : {DType::boolean, DType::int64, DType::float32, DType::float64}) {
          std::vector<Tensor> parts = parts_of(extents, rows, inner, dtype);
          Tensor whole = cat(parts, 1);
          std::vector<double> all = numbers(whole);
          std::int64_t total = whole.size(1), start = 0;
          for (std::size_t p = 0; p < parts.size(); ++p) {
            std::vector<double> part = numbers(parts[p]);
            std::int64_t length = extents[p] * inner;
            bool same = true;
            for (std::int64_t i = 0; i < rows * length; ++i)
              same &= part[static_cast<std::size_t>(i)] ==
                      all[static_cast<std::size_t>(i / length * total * inner + start + i % length)];
            REQUIRE(same);
            start += length;
          }
          if (!is_floating(dtype)) continue;
          for (Tensor& part : parts) part.set_requires_grad();
          Tensor joined = cat(parts, 1);
          std::vector<Tensor> gradients = grad(sum(joined * joined), parts);
          for (std::size_t p = 0; p < parts.size(); ++p) REQUIRE(numbers(gradients[p]) == numbers(2 * parts[p]));
        }
}

TEST_CASE("stack along the last axis and back, of many vectors", "[movement]") {
  for (int count : {2, 3, 4, 7, 8, 16, 50})
    for (DType dtype : {DType::float32, DType::float64}) {
      std::vector<Tensor> vectors;
      for (int k = 0; k < count; ++k)
        vectors.push_back(arange(k, k + 1000, 1, {.dtype = dtype, .requires_grad = true}));
      Tensor y = stack(vectors, -1);
      std::vector<double> all = numbers(y);
      bool same = true;
      for (int i = 0; i < 1000; ++i)
        for (int k = 0; k < count; ++k) same &= all[static_cast<std::size_t>(i * count + k)] == i + k;
      CHECK(same);
      std::vector<Tensor> gradients = grad(sum(y * y), vectors, {.create_graph = true});
      std::vector<Tensor> plain = grad(sum(stack(vectors, -1) * y.detach()), vectors);
      for (int k = 0; k < count; ++k) {
        REQUIRE(numbers(gradients[static_cast<std::size_t>(k)]) == numbers(2 * vectors[static_cast<std::size_t>(k)]));
        REQUIRE(numbers(plain[static_cast<std::size_t>(k)]) == numbers(vectors[static_cast<std::size_t>(k)]));
      }
      // Only some are wanted.
      Tensor some = grad(sum(stack(vectors, -1) * y.detach()), vectors[1]);
      CHECK(numbers(some) == numbers(vectors[1]));
    }
}

// ---- The graph ----

TEST_CASE("views of views share the first tensor's elements", "[movement]") {
  Tensor x = counted({2, 3, 4});
  CHECK(share_elements(x, squeeze(unsqueeze(flip(permute(x, {2, 1, 0}), 1), 0))));
}

TEST_CASE("a view made under NoGrad is a constant", "[movement]") {
  Tensor x = variable({2, 3});
  NoGrad no_grad;
  CHECK_FALSE(transpose(x).requires_grad());
  CHECK_FALSE(reshape(x, {6}).requires_grad());
  CHECK_FALSE(split(x, 1)[0].requires_grad());
}

TEST_CASE("integer and boolean tensors move too", "[movement]") {
  Tensor mask = arange(6) > 2;
  CHECK(numbers(transpose(reshape(mask, {2, 3}))) == Numbers{0, 1, 0, 1, 0, 1});
  CHECK(flip(arange(3), 0).to_vector<std::int64_t>() == std::vector<std::int64_t>{2, 1, 0});
}
