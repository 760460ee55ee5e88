// Scatters and picks at the edges of their arguments.
#include <xgrad/autograd/ops/scatter.hpp>

#include <cmath>
#include <limits>
#include <vector>

#include <xgrad/autograd/check/gradcheck.hpp>
#include <xgrad/autograd/grad.hpp>
#include <xgrad/autograd/ops.hpp>
#include "../catch.hpp"

using namespace xgrad;
using Catch::Matchers::Contains;

namespace {

using Numbers = std::vector<double>;

Numbers numbers(const Tensor& x) { return x.to_vector<double>(); }
Tensor counted(const Shape& shape) { return reshape(arange(shape.numel(), {.dtype = DType::float64}), shape); }
Tensor variable(NestedList list) { return tensor(list, {.dtype = DType::float64, .requires_grad = true}); }
const double kNan = std::numeric_limits<double>::quiet_NaN();
const TensorOptions kInt64 = {.dtype = DType::int64};

}  // namespace

TEST_CASE("scatter keeps the last one, and gives it the gradient alone", "[scatter]") {
  Tensor x = variable({1, 2, 3}), source = variable({10, 20, 30});
  Tensor y = scatter(x, 0, tensor({2, 0, 2}), source);
  CHECK(numbers(y) == Numbers{20, 2, 30});
  std::vector<Tensor> gradients = grad(sum(y * (counted({3}) + 1)), {x, source});
  CHECK(numbers(gradients[0]) == Numbers{0, 2, 0});
  CHECK(numbers(gradients[1]) == Numbers{0, 1, 3});
  CHECK(numbers(scatter(x, 0, tensor({1}), 5)) == Numbers{1, 5, 3});
  CHECK(numbers(scatter(tensor({1, 2}), 0, tensor({0}), 2.9)) == Numbers{2, 2});
  // A source larger than the indices: the rest is not read.
  Tensor z = scatter(zeros({2, 2}, {.dtype = DType::float64}), 1, tensor({{1}}), reshape(source, {1, 3}));
  CHECK(numbers(z) == Numbers{0, 10, 0, 0});
  CHECK(numbers(grad(sum(z), source)) == Numbers{1, 0, 0});
  CHECK(scatter(full({}, 1), 0, tensor(0), full({}, 2)).item() == 2);
  CHECK(numbers(scatter(x, 0, zeros({0}, kInt64), zeros({0}))) == Numbers{1, 2, 3});
  CHECK_THROWS_WITH(
      scatter(x, 0, tensor({3}), source),
      Contains("scatter: indices must be in [0, 3) on axis 0 of x [3], but the one at [0] is 3. at scatter.cpp:"));
  CHECK_THROWS_WITH(scatter(x, 0, tensor({0, 0, 0, 0}), source),
                    Contains("scatter: indices must have as many axes as source"));
  CHECK_THROWS_AS(scatter(x, 0, tensor({{0}}), source), std::invalid_argument);
}

TEST_CASE("scatter_reduce with and without the element that is there", "[scatter]") {
  Tensor x = tensor({5., 6., 7.}), i = tensor({0, 0, 2}), s = tensor({2., 4., 1.});
  using enum ScatterReduction;
  CHECK(numbers(scatter_reduce(x, 0, i, s, sum)) == Numbers{11, 6, 8});
  CHECK(numbers(scatter_reduce(x, 0, i, s, sum, {.include_self = false})) == Numbers{6, 6, 1});
  CHECK(numbers(scatter_reduce(x, 0, i, s, prod)) == Numbers{40, 6, 7});
  CHECK(numbers(scatter_reduce(x, 0, i, s, mean, {.include_self = false})) == Numbers{3, 6, 1});
  CHECK(numbers(scatter_reduce(x, 0, i, s, amax)) == Numbers{5, 6, 7});
  CHECK(numbers(scatter_reduce(x, 0, i, s, amin, {.include_self = false})) == Numbers{2, 6, 1});
  CHECK(numbers(scatter_reduce(tensor({-4, 1}), 0, tensor({0}), tensor({1}), mean)) == Numbers{-2, 1});
  CHECK(numbers(scatter_reduce(tensor({true, false}), 0, tensor({0, 1}), tensor({false, true}), amin)) ==
        Numbers{0, 0});
  CHECK(std::isnan(scatter_reduce(x, 0, tensor({0, 0}), tensor({kNan, 9.}), amax)[0].item()));
  CHECK(std::isnan(scatter_reduce(tensor({kNan}), 0, tensor({0}), tensor({1.}), amin)[0].item()));
  CHECK(scatter_reduce(tensor({kNan}), 0, tensor({0}), tensor({1.}), amin, {.include_self = false})[0].item() == 1);
  CHECK_THROWS_WITH(scatter_reduce(tensor({true}), 0, tensor({0}), tensor({true}), mean),
                    Contains("scatter_reduce: the mean is of numbers, but x is boolean. Cast it. at scatter.cpp:"));
  CHECK_THROWS_AS(scatter_reduce(x, 0, tensor({3}), s, sum), std::out_of_range);
}

TEST_CASE("products with zeros have their derivatives of any order", "[scatter]") {
  auto product = [](const Tensor& x, const Tensor& s) {
    return scatter_reduce(x, 0, tensor({0, 0, 1, 0}), s, ScatterReduction::prod);
  };
  gradcheck(product, {variable({2, 3}), variable({0, 4, 0, 5})});
  gradgradcheck(product, {variable({2, 3}), variable({0, 4, 0, 5})});
  gradgradcheck(product, {variable({0, 3}), variable({0, 4, 0, 0})});
}

TEST_CASE("ties of extremes share the gradient", "[scatter]") {
  Tensor x = variable({3, 1}), s = variable({3, 3, 0});
  std::vector<Tensor> g = grad(sum(scatter_reduce(x, 0, tensor({0, 0, 1}), s, ScatterReduction::amax)), {x, s});
  CHECK(numbers(g[0]) == Numbers{1. / 3, 1});
  CHECK(numbers(g[1]) == Numbers{1. / 3, 1. / 3, 0});
  g = grad(sum(scatter_reduce(x, 0, tensor({0, 0, 0}), s, ScatterReduction::amax, {.include_self = false})), {x, s});
  CHECK(numbers(g[0]) == Numbers{0, 1});
  CHECK(numbers(g[1]) == Numbers{0.5, 0.5, 0});
}

TEST_CASE("index_copy and index_fill write slices", "[scatter]") {
  Tensor x = counted({2, 3});
  CHECK(numbers(index_copy(x, 1, tensor({2, 2}), tensor({{10., 20.}, {30., 40.}}))) == Numbers{0, 1, 20, 3, 4, 40});
  CHECK(index_copy(full({}, 1), 0, tensor(0), full({}, 5)).item() == 5);
  CHECK(numbers(index_fill(x, 1, tensor({-1, 0}), 9)) == Numbers{9, 1, 9, 9, 4, 9});
  CHECK(index_fill(full({}, 1), 0, tensor({0}), 5).item() == 5);
  const Tensor wide = tensor(9, {.dtype = DType::float64});  // a scalar: it has a say only if of a later kind
  CHECK(index_fill(ones({3}), 0, tensor({0}), wide).dtype() == DType::float32);
  CHECK(index_fill(tensor({1, 2}), 0, tensor({0}), wide).dtype() == DType::float64);
  CHECK(index_put(ones({3}), {tensor({0})}, wide).dtype() == DType::float32);
  CHECK(index_put(ones({3}), {slice(0, 2)}, wide).dtype() == DType::float32);
  CHECK(index_put(tensor({1, 2}), {0}, wide).dtype() == DType::float64);
  CHECK(index_put(ones({3}), {slice(0, 1)}, reshape(wide, {1})).dtype() == DType::float64);
  CHECK(numbers(index_fill(x, 0, zeros({0}, kInt64), 9)) == numbers(x));
  CHECK_THROWS_WITH(index_fill(x, 0, tensor({0}), zeros({1})),
                    Contains("the value must be a number or a scalar, but it is [1]"));
  CHECK_THROWS_WITH(index_copy(x, 1, tensor({0}), zeros({2, 2})),
                    Contains("index_copy: source must be [2, 1] for x [2, 3]"));
  CHECK_THROWS_AS(index_copy(x, 1, tensor({-1}), zeros({2, 1})), std::out_of_range);
  CHECK_THROWS_AS(index_fill(x, 1, tensor({3}), 0), std::out_of_range);
}

TEST_CASE("select_scatter and slice_scatter want the slice's shape", "[scatter]") {
  Tensor x = counted({2, 3});
  CHECK(numbers(select_scatter(x, tensor({7., 8.}), 1, -1)) == Numbers{0, 1, 7, 3, 4, 8});
  CHECK(numbers(slice_scatter(x, tensor({{7.}, {8.}}), 1, slice(1, 2))) == Numbers{0, 7, 2, 3, 8, 5});
  CHECK(numbers(slice_scatter(x, x * 0)) == Numbers(6, 0));
  CHECK(numbers(slice_scatter(x, zeros({2, 0}), 1, slice(5))) == numbers(x));
  CHECK_THROWS_WITH(
      select_scatter(x, zeros({3}), 1, 0),
      Contains("select_scatter: source must be [2] as the slice of x [2, 3], but it is [3]. at scatter.cpp:"));
  CHECK_THROWS_AS(select_scatter(x, zeros({2}), 1, 3), std::out_of_range);
  CHECK_THROWS_WITH(slice_scatter(x, x, 0, slice(0, 2, 0)), Contains("slice_scatter: the step must not be 0"));
}

TEST_CASE("masked_scatter takes elements in their order", "[scatter]") {
  Tensor x = variable({0, 1, 2}), source = variable({10, 20, 30});
  Tensor y = masked_scatter(x, tensor({true, false, true}), source);
  CHECK(numbers(y) == Numbers{10, 1, 20});
  std::vector<Tensor> g = grad(sum(y * (counted({3}) + 1)), {x, source});
  CHECK(numbers(g[0]) == Numbers{0, 2, 0});
  CHECK(numbers(g[1]) == Numbers{1, 3, 0});
  CHECK(masked_scatter(x, tensor({{true}, {false}}), zeros({3})).shape() == Shape{2, 3});
  CHECK_THROWS_WITH(
      masked_scatter(x, tensor({true}), zeros({2})),
      Contains("masked_scatter: source must have an element for each of the 3 places where the mask is true"));
  CHECK_THROWS_AS(masked_scatter(x, tensor({1, 0, 1}), source), std::invalid_argument);
}

TEST_CASE("take and put count from either end", "[scatter]") {
  Tensor x = counted({2, 3});
  CHECK(numbers(take(transpose(x), tensor({{1, -1}}))) == Numbers{3, 5});
  CHECK(numbers(put(x, tensor({0, -1, 0}), tensor({7., 8., 9.}))) == Numbers{9, 1, 2, 3, 4, 8});
  CHECK(numbers(put(x, tensor({0, -6}), tensor({7., 8.}), {.accumulate = true})) == Numbers{15, 1, 2, 3, 4, 5});
  CHECK_THROWS_WITH(take(x, tensor({6})),
                    Contains("take: indices must be in [-6, 6) on axis 0 of x [6], but the one at [0]"));
  CHECK_THROWS_AS(put(x, tensor({-7}), tensor({1.})), std::out_of_range);
  CHECK_THROWS_WITH(put(x, tensor({0, 1}), tensor({1.})),
                    Contains("put: source must have as many elements as there are indices"));
  CHECK_THROWS_AS(take(zeros({0}), tensor({0})), std::out_of_range);
}

TEST_CASE("masked_select and nonzero", "[scatter]") {
  Tensor x = counted({2, 3}).set_requires_grad();
  CHECK(numbers(masked_select(x, tensor({true, false, true}))) == Numbers{0, 2, 3, 5});
  CHECK(numbers(masked_select(full({}, 4), tensor({true, false, true}))) == Numbers{4, 4});
  CHECK(numbers(grad(sum(masked_select(x, tensor({{true}, {false}}))), x)) == Numbers{1, 1, 1, 0, 0, 0});
  CHECK(numbers(nonzero(tensor({{0., kNan}, {-0., 2.}}))) == Numbers{0, 1, 1, 1});
  CHECK(nonzero(full({}, 3)).shape() == Shape{1, 0});
  CHECK(nonzero(full({}, 0)).shape() == Shape{0, 0});
  CHECK(nonzero(zeros({0, 2})).shape() == Shape{0, 2});
  CHECK(numbers(nonzero_tuple(full({}, 3))[0]) == Numbers{0});
  CHECK(numbers(nonzero_tuple(tensor({{0, 1}, {1, 0}}))[1]) == Numbers{1, 0});
  CHECK_THROWS_WITH(masked_select(x, tensor({1, 0, 1})),
                    Contains("masked_select: the mask must be boolean, but it is int64"));
  CHECK_THROWS_AS(masked_select(x, tensor({true, false})), std::invalid_argument);
}

TEST_CASE("take_along_dim broadcasts the other axes", "[scatter]") {
  Tensor x = counted({2, 3});
  CHECK(numbers(take_along_dim(x, tensor({{2, 0}}), 1)) == Numbers{2, 0, 5, 3});
  CHECK(numbers(take_along_dim(x, tensor({5, 0}))) == Numbers{5, 0});
  CHECK_THROWS_AS(take_along_dim(x, tensor({{-1}}), 1), std::out_of_range);
  CHECK_THROWS_WITH(take_along_dim(x, tensor({0}), 1),
                    Contains("take_along_dim: x and indices must have as many axes"));
}
