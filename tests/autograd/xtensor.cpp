#include <xgrad/autograd/xtensor.hpp>

#include <xgrad/autograd/grad.hpp>
#include <xgrad/autograd/memory.hpp>
#include <xgrad/autograd/ops.hpp>
#include "../catch.hpp"

using namespace xgrad;

TEST_CASE("an xtensor expression becomes a tensor of its values", "[xtensor]") {
  xt::xarray<double> a = {{1, 2, 3}, {4, 5, 6}};
  Tensor t = from_xtensor(2 * a + 1);
  CHECK(t.dtype() == DType::float64);
  CHECK(t.shape() == Shape{2, 3});
  CHECK(t.to_vector<double>() == std::vector<double>{3, 5, 7, 9, 11, 13});
}

TEST_CASE("the dtype follows the expression's elements", "[xtensor]") {
  CHECK(from_xtensor(xt::xarray<float>{1, 2}).dtype() == DType::float32);
  CHECK(from_xtensor(xt::xarray<int>{1, 2}).dtype() == DType::int64);
  CHECK(from_xtensor(xt::xarray<int>{1, 2} > 1).to_vector<bool>() == std::vector<bool>{false, true});
}

TEST_CASE("column-major xtensor arrays arrive row-major", "[xtensor]") {
  xt::xarray<double, xt::layout_type::column_major> a = {{1, 2, 3}, {4, 5, 6}};
  CHECK(from_xtensor(a).to_vector<double>() == std::vector<double>{1, 2, 3, 4, 5, 6});
}

TEST_CASE("scalars and empty tensors cross the bridge both ways", "[xtensor]") {
  Tensor scalar = full({}, 3, {.dtype = DType::float64});
  CHECK(xt::sum(as_xtensor<double>(scalar))() == 3);
  CHECK(from_xtensor(as_xtensor<double>(scalar)).shape() == Shape{});
  Tensor empty = zeros({0, 4}, {.dtype = DType::float64});
  CHECK(as_xtensor<double>(empty).size() == 0);
  CHECK(from_xtensor(as_xtensor<double>(empty)).shape() == Shape{0, 4});
}

TEST_CASE("a tensor's elements are seen by xtensor without a copy", "[xtensor]") {
  Tensor t = arange(0, 6, 1, {.dtype = DType::float32});
  Tensor matrix = reshape(t, {2, 3});
  auto view = as_xtensor<float>(matrix);
  CHECK(&view(0, 0) == matrix.data<float>());
  CHECK(view(1, 2) == 5);
}

TEST_CASE("views keep their strides on the way out", "[xtensor]") {
  Tensor matrix = reshape(arange(0, 12, 1, {.dtype = DType::float64}), {3, 4});
  Tensor transposed = transpose(matrix);
  auto t = as_xtensor<double>(transposed);
  CHECK(t(3, 1) == 7);
  Tensor column = matrix[{ellipsis, slice(1, 4, 2)}];
  auto c = as_xtensor<double>(column);
  CHECK(c(2, 1) == 11);
  Tensor spread = expand(ones({1, 2}, {.dtype = DType::float64}), {3, 2});
  CHECK(xt::sum(as_xtensor<double>(spread))() == 6);
}

TEST_CASE("flipped tensors are seen backwards", "[xtensor]") {
  Tensor flipped = flip(reshape(arange(0, 6, 1, {.dtype = DType::float32}), {2, 3}), {0, 1});
  auto view = as_xtensor<float>(flipped);
  CHECK(view(0, 0) == 5);
  CHECK(view(1, 2) == 0);
  CHECK(from_xtensor(view + 0.0f).to_vector<float>() == flipped.to_vector<float>());
}

TEST_CASE("the bridge says which dtype it is asked for and which it has", "[xtensor]") {
  Tensor t = ones({3});
  CHECK_THROWS_WITH(
      as_xtensor<double>(t),
      Catch::Contains("as_xtensor: the tensor's dtype must be float64, but it is float32. at xtensor.cpp:"));
}

TEST_CASE("the bridge refuses what a tensor cannot hold, and names the line", "[xtensor]") {
  Tensor none;
  CHECK_THROWS_WITH(as_xtensor<float>(none), Catch::Contains("as_xtensor: the tensor must be defined, but it is not: "
                                                             "default-constructed, moved from"));
  xt::xarray<double> deep = xt::zeros<double>(std::vector<std::size_t>(9, 1));
  CHECK_THROWS_WITH(from_xtensor(deep), Catch::Contains("from_xtensor: a tensor has at most 8 axes, but the "
                                                        "expression has 9. at xtensor.cpp:"));
  xt::xarray<std::uint64_t> large = {1, std::uint64_t{1} << 63};
  CHECK_THROWS_WITH(from_xtensor(large), Catch::Contains("from_xtensor: an int64 must hold each integer, but there is "
                                                         "9223372036854775808. at xtensor.cpp:"));
  CHECK(from_xtensor(large - 1).to_vector<std::int64_t>() == std::vector<std::int64_t>{0, INT64_MAX});
}

TEST_CASE("an array that is moved comes in without a copy", "[xtensor]") {
  xt::xarray<double> a = {{1, 2, 3}, {4, 5, 6}};
  const double* elements = a.data();
  const std::int64_t before = memory::stats().storages;
  {
    Tensor t = from_xtensor(std::move(a));
    CHECK(t.data<double>() == elements);
    CHECK(t.shape() == Shape{2, 3});
    CHECK(t.is_contiguous());
    Tensor row = t[1];
    t = Tensor();
    CHECK(row.to_vector<double>() == std::vector<double>{4, 5, 6});  // a view keeps the array alive
    CHECK(memory::stats().storages == before + 1);
  }
  CHECK(memory::stats().storages == before);
  xt::xtensor<float, 2> fixed = {{1, 2}, {3, 4}};
  CHECK(from_xtensor(std::move(fixed)).dtype() == DType::float32);
  xt::xarray<bool> flags = {true, false};
  CHECK(from_xtensor(std::move(flags)).to_vector<bool>() == std::vector<bool>{true, false});
  CHECK(from_xtensor(xt::xarray<int>{1, 2}).dtype() == DType::int64);  // converted
}

TEST_CASE("column-major arrays keep their layout when moved", "[xtensor]") {
  xt::xarray<double, xt::layout_type::column_major> a = {{1, 2, 3}, {4, 5, 6}};
  const double* elements = a.data();
  Tensor t = from_xtensor(std::move(a));
  CHECK_FALSE(t.is_contiguous());
  CHECK(t.to_vector<double>() == std::vector<double>{1, 2, 3, 4, 5, 6});
  CHECK(transpose(t).data<double>() == elements);
  CHECK(as_xtensor<double>(t)(1, 0) == 4);
}

TEST_CASE("a moved array is a variable like any other", "[xtensor]") {
  Tensor x = from_xtensor(xt::xarray<double>{1, 2, 3}).set_requires_grad();
  CHECK(grad(sum(x * x), x).to_vector<double>() == std::vector<double>{2, 4, 6});
  x.assign(2 * x.detach());
  CHECK(x.to_vector<double>() == std::vector<double>{2, 4, 6});
  Tensor scalar = from_xtensor(xt::xarray<double>(3.0));
  CHECK(scalar.shape() == Shape{});
  CHECK(scalar.item() == 3);
  CHECK(from_xtensor(xt::xarray<double>(std::vector<std::size_t>{0, 4})).shape() == Shape{0, 4});
}

TEST_CASE("a borrowed array shares its elements, and no rule writes over them", "[xtensor]") {
  xt::xarray<double> a = {1, 2, 3};
  Tensor x = borrow_xtensor(a);
  a(0) = 5;
  CHECK(x.to_vector<double>() == std::vector<double>{5, 2, 3});
  x.set_requires_grad();
  // A cotangent that a rule may hand on and write over, were it nobody else's.
  xt::xarray<double> weights = {1, 10, 100};
  Tensor y = tanh(x * 2.0) * 3.0;
  y.backward(borrow_xtensor(weights));
  CHECK((weights == xt::xarray<double>({1, 10, 100})));
  CHECK((a == xt::xarray<double>({5, 2, 3})));
}

TEST_CASE("what is too deep is refused before it is moved", "[xtensor]") {
  xt::xarray<double> deep = xt::zeros<double>(std::vector<std::size_t>(9, 1));
  CHECK_THROWS_WITH(from_xtensor(std::move(deep)),
                    Catch::Contains("from_xtensor: a tensor has at most 8 axes, but the array "
                                    "has 9. at xtensor.cpp:"));
  CHECK(deep.size() == 1);
  CHECK_THROWS_WITH(borrow_xtensor(deep), Catch::Contains("borrow_xtensor: a tensor has at most 8 axes"));
}
