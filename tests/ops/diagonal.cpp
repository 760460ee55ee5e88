// Diagonals and triangles at the edges of their arguments.
#include <xgrad/autograd/ops/diagonal.hpp>

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

TEST_CASE("a diagonal is a view, of any offset", "[diagonal]") {
  Tensor x = counted({2, 3});
  Tensor y = diagonal(x, {.offset = 1});
  CHECK(numbers(y) == Numbers{1, 5});
  x.assign(x * 10);
  CHECK(numbers(y) == Numbers{10, 50});
  CHECK(numbers(diagonal(x, {.offset = -1})) == Numbers{30});
  CHECK(numbers(diagonal(x, {.offset = 1, .axis1 = 1, .axis2 = 0})) == Numbers{30});
  for (std::int64_t offset : {kMost, kLeast, std::int64_t{3}, std::int64_t{-2}})
    CHECK(diagonal(x, {.offset = offset}).shape() == Shape{0});
  CHECK(diagonal(counted({2, 3, 2}), {.axis1 = 2, .axis2 = 0}).shape() == Shape{3, 2});
  CHECK_THROWS_AS(diagonal(x, {.axis1 = 2}), std::out_of_range);
  CHECK_THROWS_WITH(diagonal(x, {.axis1 = 1}), Contains("diagonal: the two axes must differ, but both are axis 1. at"));
  CHECK_THROWS_AS(diagonal(zeros({2})), std::invalid_argument);
}

TEST_CASE("a loop over diagonals adds into one gradient", "[diagonal]") {
  Tensor x = counted({2, 2}).set_requires_grad();
  Tensor y = sum(diagonal(x)) + 2 * sum(diagonal(x)) + 3 * sum(diagonal(x, {.offset = 1}));
  CHECK(numbers(grad(y, x)) == Numbers{3, 3, 0, 3});
}

TEST_CASE("diag and diag_embed make room for the offset", "[diagonal]") {
  CHECK(numbers(diag(tensor({1, 2}), 1)) == Numbers{0, 1, 0, 0, 0, 2, 0, 0, 0});
  CHECK(diag(zeros({0}), -2).shape() == Shape{2, 2});
  CHECK(diagflat(full({}, 4)).shape() == Shape{1, 1});
  CHECK(diag_embed(counted({2, 3}), {.axis1 = 0, .axis2 = 2}).shape() == Shape{3, 2, 3});
  CHECK_THROWS_WITH(diag(zeros({1}), kMost), Contains("diag: the extents of the matrix must fit in an int64"));
  CHECK_THROWS_WITH(diag(zeros({1}), kLeast), Contains("diag: the extents of the matrix must fit in an int64"));
  CHECK_THROWS_WITH(diag_embed(zeros({1}), {.offset = std::int64_t{1} << 40}),
                    Contains("diag_embed: the number of bytes must fit in an int64"));
  CHECK_THROWS_AS(diag(zeros({})), std::invalid_argument);
  CHECK_THROWS_AS(diag(zeros({1, 1, 1})), std::invalid_argument);
  CHECK_THROWS_AS(diag_embed(zeros(Shape::filled(8, 1))), std::invalid_argument);
}

TEST_CASE("diagonal_scatter wants the diagonal's shape", "[diagonal]") {
  Tensor x = zeros({2, 3}), source = ones({2});
  CHECK(numbers(diagonal_scatter(x, source)) == Numbers{1, 0, 0, 0, 1, 0});
  CHECK(numbers(x) == Numbers(6, 0));
  CHECK_THROWS_WITH(diagonal_scatter(x, ones({3})),
                    Contains("diagonal_scatter: source must be [2] as the diagonal of x [2, 3], but it is [3]. at"));
  CHECK(diagonal_scatter(tensor({{1, 2}}), full({1}, 0.5)).dtype() == DType::float32);
}

TEST_CASE("triangles of any offset", "[diagonal]") {
  Tensor x = counted({2, 3}) + 1;
  CHECK(numbers(tril(x)) == Numbers{1, 0, 0, 4, 5, 0});
  CHECK(numbers(triu(x, 1)) == Numbers{0, 2, 3, 0, 0, 6});
  for (std::int64_t offset : {kMost, std::int64_t{2}}) {
    CHECK(numbers(tril(x, offset)) == numbers(x));
    CHECK(numbers(triu(x, offset + (offset == 2))) == Numbers(6, 0));
  }
  for (std::int64_t offset : {kLeast, std::int64_t{-2}}) {
    CHECK(numbers(tril(x, offset)) == Numbers(6, 0));
    CHECK(numbers(triu(x, offset)) == numbers(x));
  }
  // What is cut off is 0, whatever it was.
  CHECK(numbers(triu(full({2, 1}, std::numeric_limits<double>::infinity())))[1] == 0);
  CHECK(tril(tensor({{true, true}})).dtype() == DType::boolean);
  CHECK_THROWS_WITH(tril(zeros({3})), Contains("tril: x must have at least two axes, but it is [3]. at diagonal.cpp:"));
}

TEST_CASE("indices of triangles name their elements", "[diagonal]") {
  for (std::int64_t rows : {0, 1, 3, 5})
    for (std::int64_t columns : {0, 1, 2, 4})
      for (std::int64_t offset = -6; offset <= 6; ++offset) {
        Numbers lower[2], upper[2];
        for (std::int64_t i = 0; i < rows; ++i)
          for (std::int64_t j = 0; j < columns; ++j) {
            if (j - i <= offset) lower[0].push_back(double(i)), lower[1].push_back(double(j));
            if (j - i >= offset) upper[0].push_back(double(i)), upper[1].push_back(double(j));
          }
        INFO(rows << ' ' << columns << ' ' << offset);
        Tensor below = tril_indices(rows, columns, offset), above = triu_indices(rows, columns, offset);
        for (int k : {0, 1}) {
          CHECK(numbers(below[k]) == lower[k]);
          CHECK(numbers(above[k]) == upper[k]);
        }
      }
  CHECK(tril_indices(kMost, 1, kLeast).shape() == Shape{2, 0});
  CHECK(tril_indices(kMost, 2, 2 - kMost).shape() == Shape{2, 3});
  CHECK(triu_indices(kMost, 2).shape() == Shape{2, 3});
  CHECK_THROWS_WITH(triu_indices(kMost, kMost), Contains("triu_indices: the number of bytes must fit in an int64"));
  CHECK_THROWS_WITH(tril_indices(-1, 2),
                    Contains("tril_indices: rows and columns must not be negative, but they are -1"));
}
