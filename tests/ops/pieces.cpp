// Pieces, stacks and grids at the edges of their arguments.
#include <xgrad/autograd/ops/pieces.hpp>

#include <limits>
#include <vector>

#include <xgrad/autograd/grad.hpp>
#include <xgrad/autograd/ops.hpp>
#include "../catch.hpp"

using namespace xgrad;
using Catch::Matchers::Contains;

namespace {

using Numbers = std::vector<double>;
using Integers = std::vector<std::int64_t>;

Numbers numbers(const Tensor& x) { return x.to_vector<double>(); }
Tensor counted(const Shape& shape) { return reshape(arange(shape.numel(), {.dtype = DType::float64}), shape); }

std::vector<Numbers> all(const std::vector<Tensor>& pieces) {
  std::vector<Numbers> list;
  for (const Tensor& piece : pieces) list.push_back(numbers(piece));
  return list;
}

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

}  // namespace

TEST_CASE("tensor_split reads bounds as slices do", "[pieces]") {
  Tensor x = counted({5}).set_requires_grad();
  CHECK(all(tensor_split(x, 3)) == std::vector<Numbers>{{0, 1}, {2, 3}, {4}});
  CHECK(all(tensor_split(x, 7)) == std::vector<Numbers>{{0}, {1}, {2}, {3}, {4}, {}, {}});
  CHECK(all(tensor_split(x, Integers{2, 9})) == std::vector<Numbers>{{0, 1}, {2, 3, 4}, {}});
  CHECK(all(tensor_split(x, Integers{-2, kMost})) == std::vector<Numbers>{{0, 1, 2}, {3, 4}, {}});
  // A bound before the last one begins again.
  CHECK(all(tensor_split(x, Integers{4, 1})) == std::vector<Numbers>{{0, 1, 2, 3}, {}, {1, 2, 3, 4}});
  CHECK(all(tensor_split(x, Integers{})) == std::vector<Numbers>{{0, 1, 2, 3, 4}});
  CHECK(all(tensor_split(x, tensor({1}))) == std::vector<Numbers>{{0}, {1, 2, 3, 4}});
  CHECK(tensor_split(x, tensor(2)).size() == 2);
  std::vector<Tensor> again = tensor_split(x, Integers{4, 1});
  CHECK(numbers(grad(sum(again[0]) + 10 * sum(again[2]), x)) == Numbers{1, 11, 11, 11, 10});
  CHECK_THROWS_WITH(tensor_split(x, 0),
                    Contains("tensor_split: the number of pieces must be above 0, but it is 0. at"));
  CHECK_THROWS_AS(tensor_split(x, kMost), std::invalid_argument);
  CHECK_THROWS_WITH(tensor_split(x, tensor({1.5})), Contains("the bounds must be int64"));
  CHECK_THROWS_AS(tensor_split(full({}, 1), 1), std::invalid_argument);
}

TEST_CASE("chunk makes as many pieces as PyTorch's", "[pieces]") {
  CHECK(chunk(counted({5}), 4).size() == 3);
  CHECK(chunk(counted({5}), kMost).size() == 5);
  CHECK(chunk(zeros({0, 2}), 3).size() == 3);
  CHECK_THROWS_AS(chunk(zeros({2}), 0), std::invalid_argument);
}

TEST_CASE("more pieces than can be listed are refused by name", "[pieces]") {
  const std::int64_t huge = std::int64_t{1} << 62, beyond_int = (std::int64_t{1} << 32) + 2;
  for (std::int64_t extent : {huge, beyond_int}) {
    const Tensor x = expand(zeros({1}), {extent});
    const std::string ending =
        ": the number of pieces must be at most 2^24, but it is " + std::to_string(extent) + ". at";
    CHECK_THROWS_WITH(unbind(x), Contains("unbind" + ending));
    CHECK_THROWS_WITH(split(x, 1), Contains("split" + ending));
    CHECK_THROWS_WITH(chunk(x, extent), Contains("split" + ending));
    CHECK_THROWS_WITH(tensor_split(x, extent), Contains("tensor_split" + ending));
    CHECK_THROWS_WITH(hsplit(x, extent), Contains("hsplit" + ending));
  }
  CHECK(split(expand(zeros({1}), {huge}), huge / 4).size() == 4);
}

TEST_CASE("unbind and select drop their axis", "[pieces]") {
  Tensor x = counted({2, 3}).set_requires_grad();
  std::vector<Tensor> columns = unbind(x, -1);
  CHECK(all(columns) == std::vector<Numbers>{{0, 3}, {1, 4}, {2, 5}});
  CHECK(numbers(grad(sum(columns[2] * 5), x)) == Numbers{0, 0, 5, 0, 0, 5});
  CHECK(unbind(zeros({0, 2})).empty());
  CHECK(numbers(select(x, 0, -1)) == Numbers{3, 4, 5});
  CHECK_THROWS_WITH(select(x, 1, 3),
                    Contains("select: the position must be in [-3, 3) on axis 1 of x [2, 3], but it is 3"));
  CHECK_THROWS_AS(select(full({}, 1), 0, 0), std::invalid_argument);
}

TEST_CASE("hsplit, vsplit and dsplit want pieces of equal size", "[pieces]") {
  Tensor x = counted({2, 4});
  CHECK(all(hsplit(x, 2)) == std::vector<Numbers>{{0, 1, 4, 5}, {2, 3, 6, 7}});
  CHECK(all(hsplit(counted({4}), Integers{1})) == std::vector<Numbers>{{0}, {1, 2, 3}});
  CHECK(all(vsplit(x, 2)) == std::vector<Numbers>{{0, 1, 2, 3}, {4, 5, 6, 7}});
  CHECK_THROWS_WITH(hsplit(x, 3),
                    Contains("hsplit: the number of pieces must divide the extent of axis 1 of x [2, 4]"));
  CHECK_THROWS_WITH(vsplit(counted({4}), 2), Contains("vsplit: x must have at least 2 axes, but it is [4]"));
  CHECK_THROWS_WITH(dsplit(x, 2), Contains("dsplit: x must have at least 3 axes"));
}

TEST_CASE("stacks promote, add axes and name themselves", "[pieces]") {
  CHECK(hstack({full({}, 1), tensor({2, 3})}).dtype() == DType::float32);
  CHECK(vstack({tensor({1, 2}), tensor({{3, 4}})}).shape() == Shape{2, 2});
  CHECK(numbers(dstack({tensor({1, 2}), tensor({3, 4})})) == Numbers{1, 3, 2, 4});
  CHECK(numbers(column_stack({tensor({1, 2}), tensor({{3, 4}, {5, 6}})})) == Numbers{1, 3, 4, 2, 5, 6});
  CHECK_THROWS_WITH(
      hstack({zeros({2, 3}), zeros({3, 3})}),
      Contains("hstack: tensors must agree in all axes but axis 1, but tensor 0 is [2, 3] and tensor 1 is"));
  CHECK_THROWS_WITH(vstack(std::vector<Tensor>()),
                    Contains("vstack: at least one tensor must be given, but there is none. at pieces.cpp:"));
  CHECK_THROWS_WITH(dstack({Tensor()}), Contains("dstack: tensor 0 must be defined"));
  Tensor x = zeros({2}).set_requires_grad();
  CHECK(hstack({x, x}).operation() == std::string("hstack"));
}

TEST_CASE("block_diag takes matrices, rows and scalars", "[pieces]") {
  CHECK(numbers(block_diag({tensor({{1, 2}}), tensor(3)})) == Numbers{1, 2, 0, 0, 0, 3});
  CHECK(block_diag({zeros({2, 0}), zeros({0, 3})}).shape() == Shape{2, 3});
  // A scalar has a say in the dtype only if it is of a later kind.
  const Tensor wide = tensor(3, {.dtype = DType::float64});
  CHECK(block_diag({wide, ones({2, 2})}).dtype() == DType::float32);
  CHECK(block_diag({ones({2}), wide}).dtype() == DType::float32);
  CHECK(block_diag({wide, tensor({1, 2})}).dtype() == DType::float64);
  CHECK(block_diag({wide, tensor(2.f)}).dtype() == DType::float64);
  CHECK(block_diag({reshape(wide, {1}), ones({2, 2})}).dtype() == DType::float64);
  CHECK(numbers(block_diag({wide, ones({1, 1}), tensor(4)})) == Numbers{3, 0, 0, 0, 1, 0, 0, 0, 4});
  CHECK_THROWS_WITH(block_diag({Tensor()}), Contains("block_diag: tensor 0 must be defined"));
  CHECK_THROWS_WITH(block_diag({zeros({1, 1, 1})}),
                    Contains("block_diag: tensors must have at most two axes, but tensor 0"));
  Tensor huge = expand(zeros({1, 1}), {kMost, 1});
  CHECK_THROWS_AS(block_diag({huge, huge}), std::invalid_argument);
}

TEST_CASE("grids refuse what has no room", "[pieces]") {
  Tensor huge = expand(zeros({1}), {std::int64_t{1} << 40});
  CHECK_THROWS_WITH(meshgrid({huge, huge}), Contains("meshgrid: the number of elements must fit in an int64"));
  CHECK_THROWS_WITH(cartesian_prod({huge, huge}), Contains("cartesian_prod: the number of bytes must fit in an int64"));
  CHECK_THROWS_WITH(combinations(huge, 30), Contains("combinations: the number of rows must fit in an int64"));
  CHECK_THROWS_AS(combinations(zeros({2}), kMost, {.with_replacement = true}), std::invalid_argument);
  CHECK_THROWS_AS(meshgrid(std::vector<Tensor>(9, zeros({1}))), std::invalid_argument);
  CHECK_THROWS_WITH(cartesian_prod({zeros({}), zeros({1})}), Contains("cartesian_prod: tensors must be vectors"));
  CHECK(meshgrid({tensor({1, 2}), tensor({3., 4., 5.})}, GridIndexing::xy)[0].shape() == Shape{3, 2});
  CHECK(meshgrid({zeros({2})}, GridIndexing::xy)[0].shape() == Shape{2});
}

TEST_CASE("combinations with and without replacement", "[pieces]") {
  Tensor x = tensor({1, 2, 3});
  CHECK(numbers(combinations(x, 3)) == Numbers{1, 2, 3});
  CHECK(numbers(combinations(x, 2, {.with_replacement = true})) == Numbers{1, 1, 1, 2, 1, 3, 2, 2, 2, 3, 3, 3});
  CHECK(combinations(x, 4).shape() == Shape{0, 4});
  CHECK(combinations(x, 0).shape() == Shape{0});
  CHECK(combinations(zeros({0}), 2, {.with_replacement = true}).shape() == Shape{0, 2});
  CHECK(numbers(combinations(tensor({5}), 3, {.with_replacement = true})) == Numbers{5, 5, 5});
  CHECK_THROWS_AS(combinations(zeros({2, 2})), std::invalid_argument);
}
