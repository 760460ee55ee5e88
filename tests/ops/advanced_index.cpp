// Indexing by tensors: positions and masks mixed with slices, and writing at them.
#include <xgrad/autograd/ops/index.hpp>

#include <cmath>
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
Tensor variable(const Shape& shape) { return counted(shape).set_requires_grad(); }
/// The gradient at x of sum(c y), c = 1, 2, 3 ... in the shape of y.
Tensor weighted_gradient(const Tensor& y, const Tensor& x) { return grad(sum(y * (counted(y.shape()) + 1)), x); }
const TensorOptions kInt64 = {.dtype = DType::int64};

}  // namespace

TEST_CASE("positions take the place of their axes where those are neighbours, else come first", "[index]") {
  Tensor x = counted({2, 3, 4, 5}), i = zeros({6, 1}, kInt64), j = zeros({7}, kInt64);
  CHECK(x[i].shape() == Shape{6, 1, 3, 4, 5});
  CHECK(x[{slice(), i, j}].shape() == Shape{2, 6, 7, 5});
  CHECK(x[{slice(), i, slice(), j}].shape() == Shape{6, 7, 2, 4});
  CHECK(x[{ellipsis, j}].shape() == Shape{2, 3, 4, 7});
  CHECK(x[{i, newaxis, j}].shape() == Shape{6, 7, 1, 4, 5});
  CHECK(x[{i, ellipsis, j}].shape() == Shape{6, 7, 3, 4});
  // As in PyTorch, integers are applied first; a scalar tensor is one.
  CHECK(x[{0, slice(), j}].shape() == Shape{3, 7, 5});
  CHECK(x[{i, 0, j}].shape() == Shape{6, 7, 5});
  CHECK(x[{tensor(1), slice(), j}].shape() == Shape{3, 7, 5});
  CHECK(x[tensor(-1)].shape() == Shape{3, 4, 5});
  CHECK(numbers(counted({2, 3})[{tensor({1, -2}), tensor({-1, 0})}]) == Numbers{5, 0});
  CHECK(numbers(counted({3})[std::vector<int>{2, 0}]) == Numbers{2, 0});
  CHECK(numbers(transpose(counted({2, 3}))[tensor({2, 0})]) == Numbers{2, 5, 0, 3});
  CHECK(numbers(counted({2, 3, 2})[{tensor({1, 0}), slice(), tensor({0, 1})}]) == Numbers{6, 8, 10, 1, 3, 5});
}

TEST_CASE("a mask stands for the positions at which it is true", "[index]") {
  Tensor x = variable({2, 3});
  Tensor mask = tensor({{true, false, true}, {false, true, false}});
  CHECK(numbers(x[mask]) == Numbers{0, 2, 4});
  CHECK(numbers(x[tensor({false, true})]) == Numbers{3, 4, 5});
  CHECK(numbers(x[{slice(), tensor({false, true, true})}]) == Numbers{1, 2, 4, 5});
  CHECK(numbers(x[{tensor({1, 0}), tensor({true, false, true})}]) == Numbers{3, 2});
  CHECK(numbers(counted({2, 2, 3})[{mask[{slice(), slice(0, 2)}], tensor({1, 0})}]) == Numbers{1, 9});
  CHECK(x[x > 100].shape() == Shape{0});
  CHECK(numbers(x[transpose(tensor({{true, true}, {false, false}, {false, true}}))]) == Numbers{0, 3, 5});
  CHECK(numbers(weighted_gradient(x[mask], x)) == Numbers{1, 0, 2, 0, 3, 0});
  CHECK(numbers(weighted_gradient(x[x > 100], x)) == Numbers(6, 0));
  // A mask without axes.
  CHECK(x[true].shape() == Shape{1, 2, 3});
  CHECK(x[false].shape() == Shape{0, 2, 3});
  CHECK(x[{slice(), tensor(true)}].shape() == Shape{2, 1, 3});
  CHECK(x[{true, tensor({1, 1})}].shape() == Shape{2, 3});
  CHECK(full({}, 3)[true].shape() == Shape{1});
  CHECK(full({}, 3)[full({}, 3) > 5].shape() == Shape{0});
}

TEST_CASE("a mask of many elements, in any number of threads", "[index]") {
  const std::int64_t n = 100003;
  Tensor x = variable({n});
  Tensor mask = sin(arange(0., double(n), 1., {.dtype = DType::float64})) > 0.3;
  std::vector<double> expected, gradient(n, 0);
  std::vector<bool> is_true = mask.to_vector<bool>();
  for (std::int64_t i = 0; i < n; ++i)
    if (is_true[static_cast<std::size_t>(i)]) {
      expected.push_back(double(i));
      gradient[static_cast<std::size_t>(i)] = double(expected.size());
    }
  Tensor y = x[mask];
  CHECK(numbers(y) == expected);
  CHECK(numbers(weighted_gradient(y, x)) == gradient);
  CHECK(nonzero(mask).shape() == Shape{static_cast<std::int64_t>(expected.size()), 1});
}

TEST_CASE("gradients of repeated positions add up", "[index]") {
  Tensor x = variable({3, 2});
  CHECK(numbers(weighted_gradient(x[tensor({{1, 1}, {-2, 0}})], x)) == Numbers{7, 8, 9, 12, 0, 0});
  CHECK(numbers(weighted_gradient(x[{tensor({1, 1, 2}), tensor({0, 0, 1})}], x)) == Numbers{0, 0, 3, 0, 0, 3});
  CHECK(numbers(weighted_gradient(x[{slice({}, {}, -1), tensor({1, 1})}], x)) == Numbers{0, 11, 0, 7, 0, 3});
  Tensor ones_sum = ones({1}).set_requires_grad();
  Tensor y = ones_sum[zeros({1 << 25}, kInt64)];
  CHECK(grad(sum(y), ones_sum).item() == double(1 << 25));
}

TEST_CASE("positions and masks that do not fit are refused", "[index]") {
  Tensor x = counted({2, 3});
  CHECK_THROWS_AS(x[tensor({0, 2})], std::out_of_range);
  CHECK_THROWS_WITH((x[{slice(), tensor({{0, 1}, {0, 3}})}]),
                    Contains("index: indices must be in [-3, 3) on axis 1 of x [2, 3], but the one at [1, 1] is 3. at "
                             "advanced_index.cpp:"));
  CHECK_THROWS_WITH(x[tensor({-3})], Contains("but the one at [0] is -3"));
  CHECK_THROWS_WITH(x[full({1}, std::numeric_limits<std::int64_t>::min() / 2, kInt64)],
                    Contains("index: indices must be"));
  CHECK_THROWS_WITH(
      x[tensor({true, false, true})],
      Contains("index: a mask must have the shape of the axes that it stands for, but it is [3] on axis 0 "
               "of x [2, 3]. at"));
  CHECK_THROWS_WITH(x[tensor({1.})],
                    Contains("index: the indices must be int64, or a boolean mask, but they are float"));
  CHECK_THROWS_WITH((x[{tensor({0, 1}), tensor({0, 1, 2})}]), Contains("index: shapes must broadcast"));
  CHECK_THROWS_WITH((x[{tensor({0}), 0, 0}]),
                    Contains("index: at most 2 axes of x [2, 3] can be indexed, but there are 3"));
  CHECK_THROWS_WITH(x[Tensor()], Contains("index: the indices must be defined"));
  CHECK_THROWS_WITH(x[zeros(Shape::filled(8, 1), kInt64)], Contains("index: a tensor has at most 8 axes"));
  CHECK_THROWS_AS(zeros({0})[tensor({0})], std::out_of_range);
  CHECK(zeros({0})[zeros({0}, kInt64)].shape() == Shape{0});
  CHECK(zeros({0, 3})[{slice(), tensor({2})}].shape() == Shape{0, 1});
}

// ---- index_put ----

TEST_CASE("index_put makes a new tensor, for slices, positions and masks alike", "[index]") {
  Tensor b = variable({3, 3}), a = (counted({2, 2}) * 10 + 100).set_requires_grad();
  Tensor y = index_put(b, {slice(0, 2), slice(0, 2)}, a);
  CHECK(numbers(y) == Numbers{100, 110, 2, 120, 130, 5, 6, 7, 8});
  CHECK(numbers(b) == numbers(counted({3, 3})));
  std::vector<Tensor> gradients = grad(sum(y * (counted({3, 3}) + 1)), {b, a});
  CHECK(numbers(gradients[0]) == Numbers{0, 0, 3, 0, 0, 6, 7, 8, 9});
  CHECK(numbers(gradients[1]) == Numbers{1, 2, 4, 5});
  CHECK(numbers(index_put(b, 1, 7)) == Numbers{0, 1, 2, 7, 7, 7, 6, 7, 8});
  CHECK(numbers(index_put(b, b > 6, -1)) == Numbers{0, 1, 2, 3, 4, 5, 6, -1, -1});
  CHECK(numbers(index_put(b, b > 6, tensor({-1., -2.}))) == Numbers{0, 1, 2, 3, 4, 5, 6, -1, -2});
  CHECK(numbers(index_put(b, {slice({}, {}, 2), tensor({0, -1})}, tensor({{1., 2.}, {3., 4.}}))) ==
        Numbers{1, 1, 2, 3, 4, 5, 3, 7, 4});
  CHECK(numbers(index_put(b, {tensor({0, 1}), newaxis, tensor({2, 2})}, 9)) == Numbers{0, 1, 9, 3, 4, 9, 6, 7, 8});
  CHECK(numbers(index_put(counted({2, 2, 2}), {tensor({0}), slice(), tensor({1})}, tensor({{-1., -2.}}))) ==
        Numbers{0, -1, 2, -2, 4, 5, 6, 7});
  CHECK(numbers(index_put(counted({2}), false, 5)) == Numbers{0, 1});
  CHECK(numbers(index_put(counted({2}), true, 5)) == Numbers{5, 5});
  CHECK(index_put(full({}, 1), true, 3).item() == 3);
}

TEST_CASE("values are broadcast, and repeated positions keep the last one", "[index]") {
  Tensor x = variable({3}), values = tensor({10., 20., 30.}, {.dtype = DType::float64, .requires_grad = true});
  Tensor y = index_put(x, tensor({1, 1, 0}), values);
  CHECK(numbers(y) == Numbers{30, 20, 2});
  std::vector<Tensor> gradients = grad(sum(y * (counted({3}) + 1)), {x, values});
  CHECK(numbers(gradients[0]) == Numbers{0, 0, 3});
  CHECK(numbers(gradients[1]) == Numbers{0, 2, 1});
  Tensor sums = index_put(x, tensor({1, 1, 0}), values, {.accumulate = true});
  CHECK(numbers(sums) == Numbers{30, 31, 2});
  CHECK(numbers(grad(sum(sums * (counted({3}) + 1)), values)) == Numbers{2, 2, 1});
  Tensor one = full({1}, 5, {.dtype = DType::float64, .requires_grad = true});
  Tensor z = index_put(x, tensor({0, 2}), one);
  CHECK(numbers(weighted_gradient(z, one)) == Numbers{4});
  CHECK(numbers(index_put(zeros({2}), slice(), ones({1, 1, 2}))) == Numbers{1, 1});  // as NumPy assigns
  CHECK(index_put(tensor({1, 2}), 0, 2.7).dtype() == DType::int64);
  CHECK(index_put(tensor({1, 2}), 0, full({}, 2.5)).dtype() == DType::float32);
  CHECK(numbers(index_put(tensor({1, 2}), slice(), 3, {.accumulate = true})) == Numbers{4, 5});
  CHECK(numbers(index_put(counted({3}), counted({3}) > 0, 3, {.accumulate = true})) == Numbers{0, 4, 5});
}

TEST_CASE("infinite gradients do not reach what was replaced", "[index]") {
  Tensor x = ones({2}).set_requires_grad(), v = ones({2}).set_requires_grad();
  Tensor y = index_put(x, tensor({0, 0}), v);
  std::vector<Tensor> gradients = grad({y}, {x, v}, {full({2}, std::numeric_limits<double>::infinity())});
  CHECK(gradients[0].to_vector<double>()[0] == 0);
  CHECK(gradients[1].to_vector<double>()[0] == 0);
}

TEST_CASE("index_put refuses what does not fit", "[index]") {
  Tensor x = counted({2, 3});
  CHECK_THROWS_WITH(
      index_put(x, tensor({0, 1, 1}), zeros({2, 3})),
      Contains("index_put: values must broadcast to the places' shape [3, 3] of x [2, 3], but they are [2, "
               "3]. at advanced_index.cpp:"));
  CHECK_THROWS_WITH(index_put(x, x > 2, zeros({4})),
                    Contains("index_put: values must broadcast to the places' shape [3]"));
  CHECK_THROWS_WITH(index_put(x, 2, 0),
                    Contains("index_put: an index must be in [-2, 2) on axis 0 of x [2, 3], but it is 2."));
  CHECK_THROWS_WITH(index_put(x, tensor({2}), 0), Contains("index_put: indices must be in [-2, 2)"));
  CHECK_THROWS_AS(index_put(x, 0, zeros({2, 3})), std::invalid_argument);
  CHECK_THROWS_AS(index_put(x, 0, Tensor()), std::invalid_argument);
}

TEST_CASE("what is assigned to a copy that nobody keeps is refused", "[index]") {
  Tensor x = counted({2, 3});
  CHECK_THROWS_AS(x[x > 2].assign(0), std::logic_error);
  CHECK_THROWS_WITH(x[x > 2].assign(0), Contains("x[mask] and x[positions] are copies of elements") &&
                                            Contains("Use index_put(x, mask, value)") &&
                                            Contains("advanced_index.cpp:"));
  CHECK_THROWS_AS(x[tensor({1})].assign(0), std::logic_error);
  x[1].assign(7);
  x[{slice(), 0}].assign(8);
  CHECK(numbers(x) == Numbers{8, 1, 2, 8, 7, 7});
  Tensor kept = x[x > 2];
  kept.assign(1);
  CHECK(numbers(kept) == Numbers(4, 1));
}
