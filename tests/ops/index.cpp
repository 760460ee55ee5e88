// Picking elements: basic indexing as NumPy's, and indexing by tensors as PyTorch's.
#include <xgrad/autograd/ops/index.hpp>

#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <vector>

#include <xgrad/autograd/grad.hpp>
#include <xgrad/autograd/memory.hpp>
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

/// The gradient at x of sum(c y), c = 1, 2, 3 ... in the shape of y.
Tensor weighted_gradient(const Tensor& y, const Tensor& x) { return grad(sum(y * (counted(y.shape()) + 1)), x); }

/// A sixth of the gradient of sum(dx), where dx is the gradient of sum(y^3) at x.
Tensor second_gradient(const Tensor& y, const Tensor& x) {
  Tensor first = grad(sum(y * y * y), x, {.create_graph = true});
  return grad(sum(first), x) / 6;
}

}  // namespace

// ---- Basic indexing ----

TEST_CASE("an integer takes its axis away", "[index]") {
  Tensor x = counted({2, 3});
  CHECK(numbers(x[1]) == Numbers{3, 4, 5});
  CHECK(numbers(x[-2]) == Numbers{0, 1, 2});
  CHECK(x[{1, 2}].item() == 5);
  CHECK(x[{1, 2}].shape() == Shape{});
  CHECK(x[1][2].item() == 5);
}

TEST_CASE("integers in braces within the braces of an index are positions", "[index]") {
  const Tensor x = counted({3, 4});
  CHECK(numbers(x[{slice(), {0, 2}}]) == Numbers{0, 2, 4, 6, 8, 10});
  CHECK(numbers(x[{0, {0, 2}}]) == Numbers{0, 2});
  CHECK(numbers(x[{slice(1, 3), {-1, 1}}]) == Numbers{7, 5, 11, 9});
  CHECK(numbers(x[{ellipsis, {0, 3}}]) == Numbers{0, 3, 4, 7, 8, 11});
  CHECK(numbers(x[{{0, 2}}]) == Numbers{0, 1, 2, 3, 8, 9, 10, 11});
  CHECK(numbers(x[{{0, 2}, {1, 3}}]) == Numbers{1, 11});
  CHECK(x[{slice(), {1}}].shape() == Shape{3, 1});
  CHECK(x[{0, {}}].shape() == Shape{0});
  CHECK(numbers(x[{0, 2}]) == Numbers{2});  // two items
  CHECK(numbers(index_put(x, {slice(), {0, 2}}, -1)[1]) == Numbers{-1, 5, -1, 7});
  CHECK_THROWS_WITH((x[{2, {0, 9}}]), Contains("9") && Contains("index.cpp:"));
  CHECK_THROWS_WITH((x[{7, {0, 2}}]), Contains("but it is 7. at index.cpp:"));
}

TEST_CASE("slices cut their bounds to the axis, as Python's", "[index]") {
  Tensor x = counted({5});
  CHECK(numbers(x[slice(1, 3)]) == Numbers{1, 2});
  CHECK(numbers(x[slice(-2)]) == Numbers{3, 4});
  CHECK(numbers(x[slice(std::nullopt, -3)]) == Numbers{0, 1});
  CHECK(numbers(x[slice(3, 100)]) == Numbers{3, 4});
  CHECK(numbers(x[slice(-100, 2)]) == Numbers{0, 1});
  CHECK(numbers(x[slice(0, 5, 2)]) == Numbers{0, 2, 4});
  CHECK(x[slice(3, 2)].shape() == Shape{0});
  CHECK(x[slice(7)].shape() == Shape{0});
  CHECK(numbers(x[slice()]) == Numbers{0, 1, 2, 3, 4});
}

TEST_CASE("negative steps walk backwards", "[index]") {
  Tensor x = counted({5});
  CHECK(numbers(x[slice(std::nullopt, std::nullopt, -1)]) == Numbers{4, 3, 2, 1, 0});
  CHECK(numbers(x[slice(3, 0, -2)]) == Numbers{3, 1});
  CHECK(numbers(x[slice(100, -100, -3)]) == Numbers{4, 1});
  CHECK(numbers(x[slice(-2, std::nullopt, -1)]) == Numbers{3, 2, 1, 0});
  CHECK(x[slice(0, 3, -1)].shape() == Shape{0});
  CHECK(numbers(x[slice(4, std::nullopt, std::numeric_limits<std::int64_t>::min())]) == Numbers{4});
}

TEST_CASE("ellipsis and newaxis fill and add axes", "[index]") {
  Tensor x = counted({2, 3, 4});
  CHECK(x[{ellipsis, 0}].shape() == Shape{2, 3});
  CHECK(x[{0, ellipsis, 1}].shape() == Shape{3});
  CHECK(x[ellipsis].shape() == Shape{2, 3, 4});
  CHECK(x[{0, 1, 2, ellipsis}].item() == 6);
  CHECK(x[newaxis].shape() == Shape{1, 2, 3, 4});
  CHECK(x[{ellipsis, newaxis}].shape() == Shape{2, 3, 4, 1});
  CHECK(x[{0, newaxis, slice(1, 3), newaxis}].shape() == Shape{1, 2, 1, 4});
  CHECK(numbers(x[{1, newaxis, slice(0, 3, 2), -1}]) == Numbers{15, 23});
  CHECK(counted({})[ellipsis].shape() == Shape{});
  CHECK(counted({})[{newaxis, newaxis}].shape() == Shape{1, 1});
}

TEST_CASE("a basic index makes a view", "[index]") {
  Tensor x = counted({4, 6});
  Tensor y = x[{slice(1, 4, 2), slice(std::nullopt, std::nullopt, -3)}];
  CHECK(y.strides() == Strides{12, -3});
  CHECK(numbers(y) == Numbers{11, 8, 23, 20});
  x.assign(x * 10);
  CHECK(numbers(y) == Numbers{110, 80, 230, 200});
  CHECK(numbers(transpose(x)[1][slice(2)]) == Numbers{130, 190});
}

TEST_CASE("the gradient of an index is g in the place, 0 elsewhere", "[index]") {
  Tensor x = variable({2, 3});
  CHECK(numbers(weighted_gradient(x[1], x)) == Numbers{0, 0, 0, 1, 2, 3});
  CHECK(numbers(weighted_gradient(x[{ellipsis, -1}], x)) == Numbers{0, 0, 1, 0, 0, 2});
  CHECK(numbers(weighted_gradient(x[{0, 1}], x)) == Numbers{0, 1, 0, 0, 0, 0});
  CHECK(numbers(weighted_gradient(x[{slice(), slice(2, std::nullopt, -2)}], x)) == Numbers{2, 0, 1, 4, 0, 3});
  CHECK(numbers(weighted_gradient(x[{newaxis, 1, newaxis, slice(0, 2)}], x)) == Numbers{0, 0, 0, 1, 2, 0});
  CHECK(numbers(weighted_gradient(x[slice(5)], x)) == Numbers(6, 0));
}

TEST_CASE("an index is differentiated to any order", "[index]") {
  Tensor x = variable({2, 3});
  CHECK(numbers(second_gradient(x[{slice(), slice(0, 3, 2)}], x)) == Numbers{0, 0, 2, 3, 0, 5});
  CHECK(numbers(second_gradient(transpose(x)[{slice(1), 1}], x)) == Numbers{0, 0, 0, 0, 4, 5});
  CHECK(numbers(second_gradient(x[{newaxis, 0}], x)) == Numbers{0, 1, 2, 0, 0, 0});
}

TEST_CASE("indices beyond the axes are refused with index, axis and shape", "[index]") {
  Tensor x = counted({2, 3});
  CHECK_THROWS_AS(x[2], std::out_of_range);
  CHECK_THROWS_WITH(x[2],
                    Contains("index: an index must be in [-2, 2) on axis 0 of x [2, 3], but it is 2. at index.cpp:"));
  CHECK_THROWS_WITH((x[{ellipsis, -4}]),
                    Contains("index: an index must be in [-3, 3) on axis 1 of x [2, 3], but it is -4."));
  CHECK_THROWS_AS((x[{0, 0, 0}]), std::out_of_range);
  CHECK_THROWS_WITH((x[{0, 0, 0}]),
                    Contains("index: at most 2 axes of x [2, 3] can be indexed, but there are 3 integers and slices"));
  CHECK_THROWS_AS(counted({})[0], std::out_of_range);
  CHECK_THROWS_AS(zeros({0})[0], std::out_of_range);
}

TEST_CASE("malformed indices are refused", "[index]") {
  Tensor x = counted({2, 3});
  CHECK_THROWS_AS(x[slice(0, 2, 0)], std::invalid_argument);
  CHECK_THROWS_WITH(x[slice(0, 2, 0)], Contains("slice: the step must not be 0, but it is. at index.cpp:"));
  CHECK_THROWS_WITH((x[{ellipsis, 0, ellipsis}]),
                    Contains("index: at most one ellipsis may be given, but there are 2"));
  CHECK_THROWS_WITH(counted(Shape::filled(8, 1))[newaxis], Contains("a tensor has at most 8 axes"));
  CHECK_THROWS_WITH(Tensor()[0], Contains("index: "));
}

TEST_CASE("narrow takes a part of one axis", "[index]") {
  Tensor x = variable({2, 5});
  CHECK(numbers(narrow(x, 1, 1, 2)) == Numbers{1, 2, 6, 7});
  CHECK(numbers(narrow(x, -1, 4, 3, -2)) == Numbers{4, 2, 0, 9, 7, 5});
  CHECK(numbers(narrow(x, 1, -2, 2)) == Numbers{3, 4, 8, 9});
  CHECK(narrow(x, 1, 5, 0).shape() == Shape{2, 0});
  CHECK(numbers(weighted_gradient(narrow(x, 1, 0, 2, 3), x)) == Numbers{1, 0, 0, 2, 0, 3, 0, 0, 4, 0});
  CHECK(numbers(second_gradient(narrow(x, 0, 1, 1), x)) == Numbers{0, 0, 0, 0, 0, 5, 6, 7, 8, 9});
  CHECK_THROWS_AS(narrow(x, 1, 3, 3), std::out_of_range);
  CHECK_THROWS_WITH(
      narrow(x, 1, 3, 3),
      Contains("narrow: the elements must lie on axis 1 of x [2, 5], but start is 3, length 3 and step 1. "
               "at index.cpp:"));
  CHECK_THROWS_AS(narrow(x, 1, 0, 3, std::numeric_limits<std::int64_t>::max()), std::out_of_range);
  CHECK_THROWS_AS(narrow(x, 1, 0, -1), std::invalid_argument);
  CHECK_THROWS_AS(narrow(x, 1, 0, 1, 0), std::invalid_argument);
  CHECK_THROWS_AS(narrow(x, 2, 0, 1), std::out_of_range);
  CHECK_THROWS_AS(narrow(counted({}), 0, 0, 1), std::invalid_argument);
}

// ---- gather and scatter_add ----

TEST_CASE("gather reads at the indices along an axis", "[index]") {
  Tensor x = counted({2, 3});
  CHECK(numbers(gather(x, 1, tensor({{2, 0}, {1, 1}}))) == Numbers{2, 0, 4, 4});
  CHECK(numbers(gather(x, 0, tensor({{1, 0, 1}}))) == Numbers{3, 1, 5});
  CHECK(numbers(gather(transpose(x), -1, tensor({{1}, {0}, {1}}))) == Numbers{3, 1, 5});
  CHECK(numbers(gather(x, 1, transpose(tensor({{2, 0}, {1, 1}})))) == Numbers{2, 1, 3, 4});
  CHECK(gather(x > 2, 1, tensor({{0}, {1}})).dtype() == DType::boolean);
}

TEST_CASE("gather of scalars and by empty indices follows PyTorch", "[index]") {
  CHECK(gather(full({}, 3), 0, tensor(0)).shape() == Shape{});
  CHECK(numbers(gather(full({}, 3), 0, tensor({0, 0}))) == Numbers{3, 3});
  CHECK(gather(counted({3}), 0, tensor(1)).item() == 1);
  CHECK(gather(counted({3}), 0, zeros({0}, {.dtype = DType::int64})).shape() == Shape{0});
  Tensor x = variable({3});
  CHECK(numbers(grad(sum(gather(x, 0, zeros({0}, {.dtype = DType::int64}))), x)) == Numbers{0, 0, 0});
}

TEST_CASE("the gradients of repeated indices add up", "[index]") {
  Tensor x = variable({2, 3});
  Tensor indices = tensor({{2, 0, 2}, {1, 1, 1}});
  CHECK(numbers(weighted_gradient(gather(x, 1, indices), x)) == Numbers{2, 0, 4, 0, 15, 0});
  CHECK(numbers(second_gradient(gather(x, 1, indices), x)) == Numbers{0, 0, 4, 0, 12, 0});
}

TEST_CASE("gather checks every index before it reads", "[index]") {
  Tensor x = counted({2, 3});
  CHECK_THROWS_AS(gather(x, 1, tensor({{0, 1}, {0, 3}})), std::out_of_range);
  CHECK_THROWS_WITH(gather(x, 1, tensor({{0, 1}, {0, 3}})),
                    Contains("gather: indices must be in [0, 3) on axis 1 of x [2, 3], but the one at [1, 1] "
                             "is 3. at index.cpp:"));
  CHECK_THROWS_WITH(gather(x, 0, tensor({{0, -1}})), Contains("but the one at [0, 1] is -1"));
  CHECK_THROWS_WITH(gather(x, 1, full({2, 1}, 0)), Contains("gather: the indices must be int64, but they are float32"));
  CHECK_THROWS_WITH(gather(x, 1, tensor({0})),
                    Contains("gather: indices must have as many axes as x and be no larger in any but axis 1, but "
                             "they are [1] and [2, 3]"));
  CHECK_THROWS_AS(gather(x, 1, tensor({{0}, {0}, {0}})), std::invalid_argument);
  CHECK_THROWS_AS(gather(x, 2, tensor({{0}})), std::out_of_range);
}

TEST_CASE("scatter_add adds at the indices", "[index]") {
  Tensor x = ones({2, 3});
  CHECK(numbers(scatter_add(x, 1, tensor({{0, 0}, {2, 1}}), tensor({{1., 2.}, {3., 4.}}))) ==
        Numbers{4, 1, 1, 1, 5, 4});
  CHECK(numbers(x) == Numbers(6, 1));
  CHECK(numbers(scatter_add(zeros({2}), 0, tensor({1, 1}), expand(full({}, 0.5), {2}))) == Numbers{0, 1});
  // A source may be larger than the indices: what no index stands beside is not read.
  CHECK(numbers(scatter_add(zeros({2}), 0, tensor({1}), tensor({7., 8.}))) == Numbers{0, 7});
  // Without indices the source's gradient is there all the same.
  Tensor source = ones({2}).set_requires_grad();
  sum(scatter_add(zeros({2}), 0, zeros({0}, {.dtype = DType::int64}), source)).backward();
  CHECK(numbers(source.grad()) == Numbers{0, 0});
  CHECK(scatter_add(arange(2), 0, tensor({0}), tensor({0.5})).dtype() == DType::float32);
  CHECK(numbers(scatter_add(tensor({true, false}), 0, tensor({0, 1}), tensor({true, true}))) == Numbers{1, 1});
  CHECK(scatter_add(full({}, 1), 0, tensor(0), full({}, 2)).item() == 3);
}

TEST_CASE("gather checks indices in whatever block of them one is wrong", "[index][errors]") {
  // Rows shorter and longer than a block, enough of them for several threads; a block's last index, its first, the last
  // of all.
  for (std::int64_t length : {3, 7000}) {
    const std::int64_t rows = 210000 / length;
    Tensor x = counted({5, length});
    Tensor indices = remainder(reshape(arange(rows * length), {rows, length}), 5);
    Tensor columns = arange(length);
    CHECK(all(gather(x, 0, indices) == cast(indices * length + columns, DType::float64)).item<bool>());
    for (std::int64_t place : {std::int64_t{2047}, std::int64_t{2048}, rows * length - 1}) {
      Tensor wrong = indices + 0;
      wrong[place / length][place % length].assign(5);
      CHECK_THROWS_WITH(gather(x, 0, wrong), Contains("gather: indices must be in [0, 5)") && Contains(" is 5."));
    }
  }
}

TEST_CASE("scatter_add and gather are each other's transposes", "[index]") {
  Tensor x = variable({3}), source = variable({2, 2});
  Tensor indices = tensor({{0, 2}});
  Tensor y = scatter_add(reshape(x, {1, 3}), 1, indices, source);
  CHECK(numbers(y) == Numbers{0, 1, 3});
  std::vector<Tensor> gradients = grad(sum(y * (counted({1, 3}) + 1)), {x, source});
  CHECK(numbers(gradients[0]) == Numbers{1, 2, 3});
  CHECK(numbers(gradients[1]) == Numbers{1, 3, 0, 0});
  Tensor v = variable({3});
  CHECK(numbers(second_gradient(scatter_add(zeros({2}, {.dtype = DType::float64}), 0, tensor({1, 0, 1}), v), v)) ==
        Numbers{4, 1, 4});
}

TEST_CASE("scatter_add refuses what does not fit", "[index]") {
  Tensor x = zeros({2, 3});
  CHECK_THROWS_WITH(scatter_add(x, 1, tensor({{0, 1}}), zeros({1, 1})),
                    Contains("scatter_add: indices must have as many axes as source and be no larger in any, "
                             "but they are [1, 2] and [1, 1]. "
                             "at index.cpp:"));
  CHECK_THROWS_AS(scatter_add(x, 1, tensor({{3}}), zeros({1, 1})), std::out_of_range);
  CHECK_THROWS_AS(scatter_add(x, 1, Tensor(), zeros({1, 1})), std::invalid_argument);
}

// ---- index_select and index_add ----

TEST_CASE("index_select takes slices at positions", "[index]") {
  Tensor x = counted({3, 2});
  CHECK(numbers(index_select(x, 0, tensor({2, 0, 2}))) == Numbers{4, 5, 0, 1, 4, 5});
  CHECK(numbers(index_select(x, -1, tensor({1}))) == Numbers{1, 3, 5});
  CHECK(index_select(x, 0, tensor(1)).shape() == Shape{1, 2});
  CHECK(index_select(x, 0, zeros({0}, {.dtype = DType::int64})).shape() == Shape{0, 2});
  CHECK(index_select(full({}, 3), 0, tensor(0)).shape() == Shape{});
  CHECK(numbers(index_select(transpose(x), 1, tensor({2, 1}))) == Numbers{4, 2, 5, 3});
  CHECK(numbers(index_select(counted({2, 3, 2}), 1, tensor({2, 0}))) == Numbers{4, 5, 0, 1, 10, 11, 6, 7});
  CHECK(index_select(x > 1, 0, tensor({0})).dtype() == DType::boolean);
}

TEST_CASE("index_select's gradient adds the slices of repeated positions", "[index]") {
  Tensor x = variable({3, 2});
  CHECK(numbers(weighted_gradient(index_select(x, 0, tensor({2, 0, 2})), x)) == Numbers{3, 4, 0, 0, 6, 8});
  CHECK(numbers(weighted_gradient(index_select(x, 1, tensor({1, 1})), x)) == Numbers{0, 3, 0, 7, 0, 11});
  CHECK(numbers(second_gradient(index_select(x, 0, tensor({2, 0, 2})), x)) == Numbers{0, 1, 0, 0, 8, 10});
  // The cotangent of a sum is a broadcast view.
  CHECK(numbers(grad(sum(index_select(x, 0, tensor({1, 1}))), x)) == Numbers{0, 0, 2, 2, 0, 0});
}

TEST_CASE("index_add adds slices at positions", "[index]") {
  Tensor x = variable({3, 2}), source = variable({2, 2});
  Tensor y = index_add(x, 0, tensor({2, 2}), source);
  CHECK(numbers(y) == Numbers{0, 1, 2, 3, 6, 9});
  std::vector<Tensor> gradients = grad(sum(y * (counted({3, 2}) + 1)), {x, source});
  CHECK(numbers(gradients[0]) == Numbers{1, 2, 3, 4, 5, 6});
  CHECK(numbers(gradients[1]) == Numbers{5, 6, 5, 6});
  CHECK(numbers(index_add(zeros({2, 2}), 1, tensor({1}), transpose(tensor({{5., 6.}})))) == Numbers{0, 5, 0, 6});
  // Times a factor, which integers truncate, as in PyTorch.
  const Tensor whole = tensor({1, 2, 3}), places = tensor({0, 2});
  CHECK(numbers(index_add(whole, 0, places, tensor({10, 20}), {.alpha = 2})) == Numbers{21, 2, 43});
  CHECK(numbers(index_add(whole, 0, places, tensor({10, 20}), {.alpha = 2.9})) == Numbers{21, 2, 43});
  CHECK(numbers(index_add(whole, 0, places, tensor({10, 20}), {.alpha = -0.5})) == Numbers{1, 2, 3});
  CHECK(index_add(whole, 0, places, tensor({10, 20}), {.alpha = 2}).dtype() == DType::int64);
  CHECK(numbers(index_add(ones({3}), 0, places, tensor({1.f, 3.f}), {.alpha = 2.5})) == Numbers{3.5, 1, 8.5});
  CHECK_THROWS_WITH(index_add(whole, 0, places, tensor({10, 20}), {.alpha = 1e30}), Contains("index_add: "));
  Tensor added = tensor({1.f, 3.f}).set_requires_grad();
  CHECK(numbers(grad(sum(index_add(zeros({3}), 0, places, added, {.alpha = 2.5}) * whole), added)) ==
        Numbers{2.5, 7.5});
  CHECK(numbers(second_gradient(index_add(zeros({2, 2}, {.dtype = DType::float64}), 0, tensor({1, 1}), source),
                                source)) == Numbers{4, 8, 4, 8});
}

TEST_CASE("positions that do not fit are refused", "[index]") {
  Tensor x = counted({3, 2});
  CHECK_THROWS_WITH(index_select(x, 0, tensor({0, 3})),
                    Contains("index_select: indices must be in [0, 3) on axis 0 of x [3, 2], but the one at "
                             "[1] is 3. at index.cpp:"));
  CHECK_THROWS_AS(index_select(x, 0, tensor({-1})), std::out_of_range);
  CHECK_THROWS_WITH(index_select(x, 0, tensor({{0}})),
                    Contains("index_select: the indices must be a scalar or have one axis, but they are [1, 1]"));
  CHECK_THROWS_AS(index_select(full({}, 3), 0, tensor({0, 0})), std::invalid_argument);
  CHECK_THROWS_WITH(index_add(x, 0, tensor({0, 1}), zeros({1, 2})),
                    Contains("index_add: source must be [2, 2] for x [3, 2] and 2 indices on axis 0, but it "
                             "is [1, 2]. at index.cpp:"));
}

// ---- one_hot ----

TEST_CASE("one_hot has a 1 at each label", "[index]") {
  Tensor y = one_hot(tensor({1, 0, 2}));
  CHECK(y.dtype() == DType::int64);
  CHECK(y.shape() == Shape{3, 3});
  CHECK(numbers(y) == Numbers{0, 1, 0, 1, 0, 0, 0, 0, 1});
  CHECK(one_hot(tensor({{0}, {1}}), 4).shape() == Shape{2, 1, 4});
  CHECK(numbers(one_hot(tensor(1), 3)) == Numbers{0, 1, 0});
  CHECK(one_hot(zeros({0}, {.dtype = DType::int64}), 3).shape() == Shape{0, 3});
  CHECK(numbers(one_hot(flip(arange(2), 0))) == Numbers{0, 1, 1, 0});
}

TEST_CASE("one_hot of expanded labels checks the result's size before it copies them", "[index]") {
  Tensor labels = expand(zeros({1}, {.dtype = DType::int64}), {std::int64_t{1} << 40});
  CHECK_THROWS_WITH(one_hot(labels, std::int64_t{1} << 40), Contains("one_hot: the number of elements must fit"));
}

TEST_CASE("one_hot refuses labels outside the classes", "[index]") {
  CHECK_THROWS_AS(one_hot(tensor({0, 3}), 3), std::out_of_range);
  CHECK_THROWS_WITH(one_hot(tensor({0, 3}), 3),
                    Contains("one_hot: labels must be in [0, 3), but label 1 is 3. at index.cpp:"));
  CHECK_THROWS_AS(one_hot(tensor({0, -1})), std::out_of_range);
  CHECK_THROWS_WITH(one_hot(tensor({0.5})), Contains("one_hot: labels must be int64, but they are float32"));
  CHECK_THROWS_WITH(one_hot(zeros({0}, {.dtype = DType::int64})), Contains("the number of classes must be given"));
  CHECK_THROWS_AS(one_hot(tensor({0}), -2), std::invalid_argument);
}

TEST_CASE("indices and labels beyond int64 are out of range, not negative", "[index]") {
  Tensor x = arange(3);
  CHECK_THROWS_AS(x[~std::size_t{0}], std::out_of_range);
  CHECK_THROWS_AS(one_hot(from_vector(std::vector<std::int64_t>{std::numeric_limits<std::int64_t>::max()})),
                  std::out_of_range);
  CHECK_THROWS_WITH(one_hot(tensor({0}), std::numeric_limits<std::int64_t>::max()), Contains("one_hot: the number of"));
  CHECK_THROWS_WITH(scatter_add(Tensor(), 0, tensor({0}), x), Contains("scatter_add: its operands must be defined"));
  CHECK_THROWS_WITH(index_add(x, 0, tensor({0}), Tensor()), Contains("index_add: its operands must be defined"));
}

// ---- Sums over places that are named often, and loops over parts ----

namespace {

/// The sum that double precision gives of each place's values.
std::vector<double> reference_sums(const std::vector<std::int64_t>& places, const std::vector<float>& values,
                                   std::int64_t extent) {
  std::vector<double> sums(static_cast<std::size_t>(extent), 0.0);
  for (std::size_t i = 0; i < places.size(); ++i) sums[static_cast<std::size_t>(places[i])] += values[i];
  return sums;
}

/// The most bytes that are live at once while `run` runs, beyond those live before.
template <class F>
std::int64_t peak_of(F run) {
  std::int64_t before = memory::stats().bytes_live;
  memory::reset_peak();
  run();
  return memory::stats().bytes_peak - before;
}

}  // namespace

TEST_CASE("the gradients of an index that comes 2e7 times are as accurate as a sum", "[index]") {
  constexpr std::int64_t kTimes = 20'000'000;
  Tensor indices = zeros({kTimes}, {.dtype = DType::int64});
  Tensor x = zeros({2}, {.requires_grad = true});
  CHECK(numbers(grad(sum(index_select(x, 0, indices)), x)) == Numbers{kTimes, 0});
  CHECK(numbers(grad(sum(gather(x, 0, indices)), x)) == Numbers{kTimes, 0});
  Tensor many = expand(ones({}), {kTimes});
  CHECK(numbers(index_add(zeros({2}), 0, indices, many)) == Numbers{kTimes, 0});
  CHECK(numbers(scatter_add(zeros({2}), 0, indices, many)) == Numbers{kTimes, 0});
}

TEST_CASE("sums over repeated indices are those of double precision, rounded", "[index]") {
  // Few places and many, of which some come often: both ways to keep the careful sums.
  for (std::int64_t extent : {std::int64_t{7}, std::int64_t{100'000}}) {
    constexpr std::int64_t kCount = 20'000;
    std::vector<std::int64_t> places;
    std::vector<float> values;
    for (std::int64_t i = 0; i < kCount; ++i) {
      places.push_back(i % 3 != 0 ? extent / 2 : i * 37 % extent);
      values.push_back(0.1f + 1e-3f * static_cast<float>(i % 11));
    }
    Tensor indices = from_vector(places), source = from_vector(values);
    std::vector<double> expected = reference_sums(places, values, extent);
    for (const Tensor& sums :
         {index_add(zeros({extent}), 0, indices, source), scatter_add(zeros({extent}), 0, indices, source)}) {
      std::vector<float> got = sums.to_vector<float>();
      double worst = 0;
      for (std::size_t i = 0; i < got.size(); ++i)
        worst = std::max(worst, std::abs(got[i] - expected[i]) / std::max(expected[i], 1e-30));
      CHECK(worst < 5e-6);
      CHECK(std::abs(got[static_cast<std::size_t>(extent / 2)] / expected[static_cast<std::size_t>(extent / 2)] - 1) <
            1e-7);
    }
    // Rows of several elements, and axes outside.
    Tensor rows = expand(reshape(source, {1, kCount, 1}), {2, kCount, 3});
    Tensor wide = index_add(ones({2, extent, 3}), 1, indices, rows);
    CHECK(std::abs(wide[{1, extent / 2, 2}].item() / (1 + expected[static_cast<std::size_t>(extent / 2)]) - 1) <
          1.3e-7);
  }
}

TEST_CASE("an infinity among often repeated places stays one", "[index]") {
  Tensor source = ones({1000});
  source.assign(where(arange(1000) == 3, std::numeric_limits<double>::infinity(), source));
  Tensor sums = index_add(zeros({2}), 0, zeros({1000}, {.dtype = DType::int64}), source);
  CHECK(numbers(sums) == Numbers{std::numeric_limits<double>::infinity(), 0});
}

TEST_CASE("a loop over rows adds each into the gradient that is there", "[index]") {
  // With a gradient of x's size made anew for each row, two of them would be live at once.
  constexpr std::int64_t kRows = 64, kColumns = 4096, kBytes = kRows * kColumns * 4;
  Tensor x = ones({kRows, kColumns}, {.requires_grad = true});
  Tensor position = zeros({1}, {.dtype = DType::int64});
  Tensor columns = zeros({1, kColumns}, {.dtype = DType::int64});
  std::vector<std::function<Tensor(std::int64_t)>> takes = {
      [&](std::int64_t i) { return x[i]; },
      [&](std::int64_t i) {
        return x[{i, slice()}];
      },
      [&](std::int64_t i) { return narrow(x, 0, i, 1); },
      [&](std::int64_t i) { return index_select(x, 0, position + i); },
      [&](std::int64_t i) { return gather(x, 0, columns + i); },
      [&](std::int64_t i) {
        return split(x, {i, 1, kRows - 1 - i})[1];
      },
  };
  for (const auto& take : takes) {
    std::vector<Tensor> rows, cotangents;
    for (std::int64_t i = 0; i < kRows; ++i) {
      rows.push_back(take(i));
      cotangents.push_back(expand(ones({}), rows.back().shape()));
    }
    Tensor gradient;
    std::int64_t peak = peak_of([&] { gradient = grad(rows, std::span(&x, 1), cotangents)[0]; });
    CHECK(peak < 2 * kBytes);
    CHECK(numbers(gradient) == Numbers(kRows * kColumns, 1));
  }
}
