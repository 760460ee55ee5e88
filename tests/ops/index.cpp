// Picking elements: basic indexing as NumPy's, and indexing by tensors as PyTorch's.
#include <xgrad/autograd/ops/index.hpp>

#include <cstdint>
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
  CHECK_THROWS_WITH(x[2], Contains("get: index 2 must be in [-2, 2) on axis 0 of x [2, 3]. at index.cpp:"));
  CHECK_THROWS_WITH((x[{ellipsis, -4}]), Contains("index -4 must be in [-3, 3) on axis 1 of x [2, 3]"));
  CHECK_THROWS_AS((x[{0, 0, 0}]), std::out_of_range);
  CHECK_THROWS_WITH((x[{0, 0, 0}]),
                    Contains("get: at most 2 axes of x [2, 3] can be indexed, but there are 3 integers and slices"));
  CHECK_THROWS_AS(counted({})[0], std::out_of_range);
  CHECK_THROWS_AS(zeros({0})[0], std::out_of_range);
}

TEST_CASE("malformed indices are refused", "[index]") {
  Tensor x = counted({2, 3});
  CHECK_THROWS_AS(x[slice(0, 2, 0)], std::invalid_argument);
  CHECK_THROWS_WITH(x[slice(0, 2, 0)], Contains("get: the step of a slice must not be 0. at index.cpp:"));
  CHECK_THROWS_WITH((x[{ellipsis, 0, ellipsis}]), Contains("get: at most one ellipsis may be given, but there are 2"));
  CHECK_THROWS_WITH(counted(Shape::filled(8, 1))[newaxis], Contains("a tensor has at most 8 axes"));
  CHECK_THROWS_WITH(Tensor()[0], Contains("get: "));
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
  CHECK(scatter_add(arange(2), 0, tensor({0}), tensor({0.5})).dtype() == DType::float32);
  CHECK(numbers(scatter_add(tensor({true, false}), 0, tensor({0, 1}), tensor({true, true}))) == Numbers{1, 1});
  CHECK(scatter_add(full({}, 1), 0, tensor(0), full({}, 2)).item() == 3);
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
