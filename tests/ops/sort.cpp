#include <xgrad/autograd/ops/sort.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <xgrad/autograd/functional.hpp>
#include <xgrad/autograd/ops/search.hpp>
#include <xgrad/autograd/threads.hpp>
#include "../support.hpp"

using namespace xgrad;
using namespace xgrad::testing;
using Catch::Contains;

namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
using Integers = std::vector<std::int64_t>;

Integers integers_of(const Tensor& x) { return x.to_vector<std::int64_t>(); }

/// In the order of sort(): nan the largest.
bool comes_before(double a, double b) { return a < b || (a == a && b != b); }

/// Few distinct numbers, with nan, infinities and both zeros among them.
Tensor with_ties(std::int64_t rows, std::int64_t n, DType dtype, int seed) {
  Generator generator(seed);
  std::vector<double> numbers = uniform({rows, n}, 0, 12, kDouble, generator).to_vector();
  for (double& number : numbers) {
    number = std::floor(number) - 5;
    if (!is_floating(dtype)) continue;
    if (number == 6) number = kNan;
    if (number == 5) number = kInf;
    if (number == -5) number = -kInf;
    if (number == 1) number = -0.0;
  }
  return cast(from_vector(numbers, {rows, n}), dtype);
}

void check_sorted(const Tensor& x, bool descending) {
  const std::int64_t rows = x.size(0), n = x.size(1);
  const auto [values, indices] = sort(x, 1, {.descending = descending});
  const std::vector<double> elements = x.to_vector<double>(), in_order = values.to_vector<double>();
  const Integers places = integers_of(indices);
  for (std::int64_t row = 0; row < rows; ++row) {
    Integers expected(static_cast<std::size_t>(n));
    std::iota(expected.begin(), expected.end(), 0);
    const double* from = elements.data() + row * n;
    std::stable_sort(expected.begin(), expected.end(), [&](std::int64_t i, std::int64_t j) {
      return descending ? comes_before(from[j], from[i]) : comes_before(from[i], from[j]);
    });
    CHECK(std::equal(expected.begin(), expected.end(), places.begin() + row * n));
    bool takes_elements = true;
    for (std::int64_t k = 0; k < n; ++k) {
      const double wanted = from[expected[static_cast<std::size_t>(k)]],
                   got = in_order[static_cast<std::size_t>(row * n + k)];
      takes_elements &=
          (wanted == got && std::signbit(wanted) == std::signbit(got)) || (std::isnan(wanted) && std::isnan(got));
    }
    CHECK(takes_elements);
  }
  CHECK(integers_of(argsort(x, 1, {.descending = descending})) == places);
}

}  // namespace

TEST_CASE("sort is stable at every length, for every dtype, with nan last", "[sort]") {
  int seed = 0;
  for (DType dtype : {DType::float32, DType::float64, DType::int64, DType::boolean})
    for (std::int64_t n : {1, 2, 7, 8, 9, 16, 17, 100, 383, 384, 385, 511, 512, 513, 3000})
      for (bool descending : {false, true}) {
        INFO(name(dtype) << ' ' << n << ' ' << descending);
        check_sorted(with_ties(3, n, dtype, ++seed), descending);
      }
}

TEST_CASE("sort orders numbers of every size", "[sort]") {
  // All bytes of the keys differ.
  Generator generator(3);
  for (DType dtype : {DType::float32, DType::float64})
    for (std::int64_t n : {50, 5000}) {
      const Tensor exponent = uniform({2, n}, -37, 37, {.dtype = dtype}, generator);
      const Tensor sign = where(uniform({2, n}, -1, 1, {.dtype = dtype}, generator) < 0, -1, 1);
      check_sorted(cast(sign, dtype) * pow(10, exponent), false);
    }
  const std::int64_t least = std::numeric_limits<std::int64_t>::min(), most = std::numeric_limits<std::int64_t>::max();
  Integers wide{0, most, least, -1, 1, most - 1, least + 1};
  for (std::int64_t i = 0; i < 1000; ++i)
    wide.push_back(static_cast<std::int64_t>(0x9e3779b97f4a7c15u * static_cast<std::uint64_t>(i)));
  Integers expected = wide;
  std::sort(expected.begin(), expected.end());
  CHECK(integers_of(sort(from_vector(wide)).values) == expected);
  std::reverse(expected.begin(), expected.end());
  CHECK(integers_of(sort(from_vector(wide), 0, {.descending = true}).values) == expected);
  // The smallest denormals.
  const Tensor denormals = f64({5e-324, -5e-324, 0, 1e-310});
  CHECK(integers_of(argsort(denormals)) == Integers{1, 2, 0, 3});
}

TEST_CASE("sort along every axis is sort along the last of the permuted tensor", "[sort]") {
  const Tensor x = reshape(with_ties(1, 2 * 30 * 50, DType::float64, 9), {2, 30, 50});
  for (int axis : {0, 1, 2}) {
    const auto [values, indices] = sort(x, axis);
    CHECK(values.is_contiguous());
    const auto [last_values, last_indices] = sort(transpose(x, axis, 2), 2);
    CHECK(is_close(values, transpose(last_values, axis, 2)));
    CHECK(integers_of(indices) == integers_of(transpose(last_indices, axis, 2)));
  }
}

TEST_CASE("sort of nothing and of scalars", "[sort]") {
  CHECK(sort(zeros({0})).values.shape() == Shape{0});
  CHECK(sort(zeros({2, 0}), 0).indices.shape() == Shape{2, 0});
  CHECK(sort(zeros({2, 0}), 1).indices.shape() == Shape{2, 0});
  CHECK(sort(f64(3)).values.item() == 3);
  CHECK(sort(f64(3)).indices.item() == 0);
  CHECK(msort(f64(3)).item() == 3);
  CHECK(argsort(zeros({0, 2}), 1).dtype() == DType::int64);
  CHECK_THROWS_AS(argsort(tensor({1, 2}), 1), std::out_of_range);
  CHECK_THROWS_AS(sort(f64(3), 1), std::out_of_range);
  const Tensor x = variable(3);
  sort(x).values.backward();
  CHECK(x.grad().item() == 1);
}

TEST_CASE("topk is the beginning of a stable sort, at every k", "[sort]") {
  int seed = 40;
  for (DType dtype : {DType::float32, DType::float64, DType::int64, DType::boolean})
    for (std::int64_t n : {1, 5, 64, 200, 1000, 5000})
      for (std::int64_t k : {std::int64_t{0}, std::int64_t{1}, std::int64_t{3}, n / 9, n / 2, n})
        for (bool largest : {false, true}) {
          if (k > n) continue;
          INFO(name(dtype) << ' ' << n << ' ' << k << ' ' << largest);
          const Tensor x = with_ties(2, n, dtype, ++seed);
          const auto [values, indices] = topk(x, k, 1, {.largest = largest});
          const auto [sorted, places] = sort(x, 1, {.descending = largest});
          CHECK(integers_of(indices) == integers_of(narrow(places, 1, 0, k)));
          CHECK(is_close(cast(values, DType::float64), cast(narrow(sorted, 1, 0, k), DType::float64)));
        }
  const Tensor x = reshape(with_ties(1, 2 * 30 * 5, DType::float64, 9), {2, 30, 5});
  CHECK(integers_of(topk(x, 4, 1).indices) == integers_of(narrow(sort(x, 1, {.descending = true}).indices, 1, 0, 4)));
}

TEST_CASE("topk with a k that does not fit", "[sort]") {
  const Tensor x = f64({3, 1, 2});
  CHECK(topk(x, 0).values.shape() == Shape{0});
  CHECK(topk(zeros({2, 0}), 0).values.shape() == Shape{2, 0});
  CHECK(topk(zeros({0, 3}), 2).values.shape() == Shape{0, 2});
  CHECK(topk(f64(3), 1).values.item() == 3);
  CHECK_THAT(message_of<std::invalid_argument>([&] { topk(x, 4); }),
             Contains("topk: k must be in [0, 3] on axis 0 of x [3], but it is 4."));
  CHECK_THROWS_AS(topk(x, -1), std::invalid_argument);
  CHECK_THROWS_AS(topk(f64(3), 2), std::invalid_argument);
  CHECK_THROWS_AS(topk(x, std::numeric_limits<std::int64_t>::max()), std::invalid_argument);
}

TEST_CASE("kthvalue is what sort() puts at that place", "[sort]") {
  int seed = 80;
  for (DType dtype : {DType::float32, DType::float64, DType::int64, DType::boolean})
    for (std::int64_t n : {1, 2, 33, 600}) {
      const Tensor x = with_ties(3, n, dtype, ++seed);
      const auto [sorted, places] = sort(x, 1);
      for (std::int64_t k : {std::int64_t{1}, (n + 1) / 2, n}) {
        const auto [values, indices] = kthvalue(x, k, 1, {.keepdims = true});
        CHECK(is_close(cast(values, DType::float64), cast(narrow(sorted, 1, k - 1, 1), DType::float64)));
        CHECK(integers_of(indices) == integers_of(narrow(places, 1, k - 1, 1)));
      }
    }
  CHECK(kthvalue(f64(3), 1).values.item() == 3);
  CHECK(kthvalue(zeros({0, 2}), 1, 1).values.shape() == Shape{0});
  for (std::int64_t k : {0, 3, -1})
    CHECK_THAT(message_of<std::invalid_argument>([&] {
                 kthvalue(f64({1, 2}), k);
               }),
               Contains("kthvalue: k must be in [1, 2] on axis 0 of x [2]"));
  CHECK_THROWS_AS(kthvalue(zeros({2, 0}), 1, 1), std::invalid_argument);
}

TEST_CASE("The gradient of what is picked goes where it stood, and on to any order", "[sort]") {
  const Tensor x = f64({3, 1, 2, 1});
  const Tensor w = f64({1, 10, 100, 1000});
  CHECK(is_close(grad([&](const Tensor& v) { return sum(w * sort(v).values); }, x), f64({1000, 1, 100, 10})));
  CHECK(is_close(grad([&](const Tensor& v) { return topk(v, 2).values[1]; }, x), f64({0, 0, 1, 0})));
  CHECK(is_close(grad([&](const Tensor& v) { return kthvalue(v, 2).values; }, x), f64({0, 0, 0, 1})));
  const Tensor curvature = hessian([&](const Tensor& v) { return sum(w * pow(sort(v).values, 3)); }, x);
  CHECK(is_close(curvature, f64({{18000, 0, 0, 0}, {0, 6, 0, 0}, {0, 0, 1200, 0}, {0, 0, 0, 60}})));
}

TEST_CASE("Bits do not depend on the number of threads", "[sort]") {
  const Tensor x = with_ties(300, 100, DType::float32, 5);
  set_num_threads(1);
  const Integers one = integers_of(argsort(x));
  set_num_threads(3);
  CHECK(integers_of(argsort(x)) == one);
  CHECK(integers_of(topk(x, 7).indices) == integers_of(narrow(argsort(x, 1, {.descending = true}), 1, 0, 7)));
  set_num_threads(1);
}

TEST_CASE("unique answers with values, where they stand, and how often", "[unique]") {
  const Unique u = unique(tensor({3, 1, 2, 1, 3, 3}));
  CHECK(integers_of(u.values) == Integers{1, 2, 3});
  CHECK(integers_of(u.inverse) == Integers{2, 0, 1, 0, 2, 2});
  CHECK(integers_of(u.counts) == Integers{2, 1, 3});
  // Each nan is distinct, and -0 is 0.
  const Unique with_nan = unique(f64({kNan, 1, -0.0, kNan, 0}));
  CHECK(with_nan.values.shape() == Shape{4});
  CHECK(integers_of(with_nan.inverse) == Integers{2, 1, 0, 3, 0});
  CHECK(integers_of(with_nan.counts) == Integers{2, 1, 1, 1});
  CHECK(std::signbit(with_nan.values[0].item()));  // the first of equals
  const Unique truth = unique(tensor({{true, false}, {true, true}}));
  CHECK(truth.values.to_vector<bool>() == std::vector<bool>{false, true});
  CHECK(truth.inverse.shape() == Shape{2, 2});
  CHECK(unique(f64(3)).inverse.shape() == Shape{});
  CHECK(unique(f64(3)).values.shape() == Shape{1});
  CHECK(unique(zeros({2, 0})).inverse.shape() == Shape{2, 0});
  CHECK(unique(zeros({0})).counts.shape() == Shape{0});
}

TEST_CASE("unique of slices goes by the order of words", "[unique]") {
  const Tensor x = tensor({{2, 1}, {1, 9}, {2, 1}, {1, 3}});
  const Unique rows = unique(x, {.axis = 0});
  CHECK(integers_of(rows.values) == Integers{1, 3, 1, 9, 2, 1});
  CHECK(integers_of(rows.inverse) == Integers{2, 1, 2, 0});
  CHECK(integers_of(rows.counts) == Integers{1, 1, 2});
  const Unique columns = unique(transpose(x), {.axis = -1});
  CHECK(integers_of(columns.values) == Integers{1, 1, 2, 3, 9, 1});
  CHECK(integers_of(columns.inverse) == integers_of(rows.inverse));
  // As PyTorch reads them, with the axis in exchange for the first.
  const Tensor deep = tensor({{{0, 0}, {1, 0}}, {{0, 1}, {0, 0}}});
  CHECK(integers_of(unique(deep, {.axis = 2}).values) == Integers{0, 0, 1, 0, 0, 1, 0, 0});
  CHECK(integers_of(unique(deep, {.axis = 2}).inverse) == Integers{0, 1});
  for (int axis : {0, 1, 2, 3}) {
    Generator generator(7);
    const Tensor four = randint(0, 2, {3, 2, 4, 3}, generator);
    const Unique of_axis = unique(four, {.axis = axis}), of_rows = unique(transpose(four, 0, axis), {.axis = 0});
    CHECK(integers_of(of_axis.inverse) == integers_of(of_rows.inverse));
    CHECK(integers_of(of_axis.values) == integers_of(transpose(of_rows.values, 0, axis)));
  }
  const Tensor middle = stack({x, x}, 2);  // [4, 2, 2], the last axis twice the same
  CHECK(unique(middle, {.axis = 2}).values.shape() == Shape{4, 2, 1});
  CHECK(unique(middle, {.axis = 1}).counts.shape() == Shape{2});
  const Unique with_nan = unique(f64({{kNan, 1}, {kNan, 1}, {0, 1}}), {.axis = 0});
  CHECK(integers_of(with_nan.counts) == Integers{1, 1, 1});
  CHECK(with_nan.values[0][0].item() == 0);
  CHECK(unique(zeros({0, 2}), {.axis = 0}).values.shape() == Shape{0, 2});
  CHECK_THAT(message_of<std::invalid_argument>([] {
               unique(zeros({2, 0}), {.axis = 0});
             }),
             Contains("unique: slices that are compared must have elements, but x is [2, 0]"));
  CHECK_THROWS_AS(unique(f64(3), {.axis = 0}), std::out_of_range);
}

TEST_CASE("unique_consecutive keeps one of each run", "[unique]") {
  const Unique runs = unique_consecutive(f64({1, 1, 2, kNan, kNan, 1, 1, 1}));
  CHECK(integers_of(runs.inverse) == Integers{0, 0, 1, 2, 3, 4, 4, 4});
  CHECK(integers_of(runs.counts) == Integers{2, 1, 1, 1, 3});
  CHECK(runs.values[4].item() == 1);
  const Unique rows = unique_consecutive(tensor({{1, 2}, {1, 2}, {0, 2}, {1, 2}}), {.axis = 0});
  CHECK(integers_of(rows.values) == Integers{1, 2, 0, 2, 1, 2});
  CHECK(integers_of(rows.inverse) == Integers{0, 0, 1, 2});
  CHECK(unique_consecutive(f64(2)).counts.to_vector() == std::vector<double>{1});
  CHECK(unique_consecutive(zeros({0})).values.shape() == Shape{0});
  CHECK(unique_consecutive(zeros({2, 3})).inverse.shape() == Shape{2, 3});
}

TEST_CASE("The gradient of distinct values goes to the first of their equals", "[unique]") {
  auto f = [](const Tensor& v) { return sum(f64({1, 10, 100}) * unique(v).values); };
  CHECK(is_close(grad(f, f64({2, 3, 2, 1, 3})), f64({10, 100, 0, 1, 0})));
}

TEST_CASE("searchsorted finds both sides of equals, with nan as the largest", "[search]") {
  const Tensor edges = f64({1, 3, 3, 5});
  const Tensor x = f64({0, 1, 3, 4, 5, 6, kNan, kInf});
  CHECK(integers_of(searchsorted(edges, x)) == Integers{0, 0, 1, 3, 3, 4, 4, 4});
  CHECK(integers_of(searchsorted(edges, x, {.right = true})) == Integers{0, 1, 3, 3, 4, 4, 4, 4});
  const Tensor with_nan = f64({1, kInf, kNan, kNan});
  CHECK(searchsorted(with_nan, kNan).item() == 2);
  CHECK(searchsorted(with_nan, kNan, {.right = true}).item() == 4);
  CHECK(searchsorted(with_nan, kInf, {.right = true}).item() == 2);
  CHECK(searchsorted(edges, 2.5).shape() == Shape{});
  CHECK(searchsorted(tensor({1, 3, 5}), 2.5).item() == 1);  // in the common dtype
  CHECK(integers_of(searchsorted(tensor({false, true}), tensor({true, false}))) == Integers{1, 0});
  CHECK(integers_of(searchsorted(zeros({0}), f64({1, 2}))) == Integers{0, 0});
  CHECK(searchsorted(edges, zeros({0})).shape() == Shape{0});
  // Rows of their own.
  const Tensor rows = f64({{1, 3, 5}, {0, 1, 2}});
  CHECK(integers_of(searchsorted(rows, f64({{2, 3}, {2, 3}}))) == Integers{1, 1, 2, 3});
  CHECK(integers_of(searchsorted(transpose(f64({{1, 0}, {3, 1}, {5, 2}})), f64({{2, 3}, {2, 3}}))) ==
        Integers{1, 1, 2, 3});
  CHECK(integers_of(searchsorted(zeros({2, 0}), zeros({2, 2}))) == Integers{0, 0, 0, 0});
  // Unsorted, with a sorter.
  const Tensor mixed = f64({5, 1, 3});
  CHECK(integers_of(searchsorted(mixed, f64({2, 3}), {.sorter = argsort(mixed)})) == Integers{1, 1});
  CHECK(integers_of(searchsorted(flip(rows, 1), f64({{2}, {2}}), {.right = true, .sorter = argsort(flip(rows, 1))})) ==
        Integers{1, 3});
}

TEST_CASE("searchsorted refuses what does not fit", "[search]") {
  CHECK_THAT(message_of<std::invalid_argument>([] { searchsorted(f64(1), f64({1})); }),
             Contains("searchsorted: sorted must have an axis, but it is a scalar."));
  CHECK_THAT(message_of<std::invalid_argument>([] {
               searchsorted(zeros({2, 3}), zeros({3, 3}));
             }),
             Contains("searchsorted: sorted must have one axis, or the values' axes but for the last extent"));
  CHECK_THROWS_AS(searchsorted(zeros({2, 3}), 1.0), std::invalid_argument);
  CHECK_THAT(message_of<std::invalid_argument>([] {
               searchsorted(zeros({3}), 1.0, {.sorter = tensor({0, 1})});
             }),
             Contains("searchsorted: the sorter must have the shape of sorted, [3], but it is [2]."));
  CHECK_THROWS_AS(searchsorted(zeros({3}), 1.0, {.sorter = tensor({0, 1, 7})}), std::out_of_range);
  CHECK_THROWS_AS(searchsorted(zeros({2}), 1.0, {.sorter = f64({0, 1})}), std::invalid_argument);
  CHECK_THAT(message_of<std::invalid_argument>([] {
               bucketize(1.0, zeros({1, 3}));
             }),
             Contains("bucketize: boundaries must have one axis, but they are [1, 3]."));
  CHECK(bucketize(3, tensor({1, 2, 3})).item() == 2);
  CHECK(bucketize(3, tensor({1, 2, 3}), {.right = true}).item() == 3);
}

TEST_CASE("isin compares in the common dtype, and finds no nan", "[search]") {
  CHECK(isin(tensor({1, 2, 3}), tensor({2, 5})).to_vector<bool>() == std::vector<bool>{false, true, false});
  CHECK(isin(tensor({1, 2, 3}), tensor({2, 5}), {.invert = true}).to_vector<bool>() ==
        std::vector<bool>{true, false, true});
  CHECK(isin(tensor({1, 2, 3}), f64({2.5, 3})).to_vector<bool>() == std::vector<bool>{false, false, true});
  CHECK(isin(f64({kNan, 1, kInf}), f64({kNan, kInf})).to_vector<bool>() == std::vector<bool>{false, false, true});
  CHECK(isin(2, tensor({{1}, {2}})).item<bool>());
  CHECK_FALSE(isin(tensor({1, 2}), 3)[0].item<bool>());
  CHECK(isin(tensor({1, 2}), zeros({0})).to_vector<bool>() == std::vector<bool>{false, false});
  CHECK(isin(tensor({true, false}), tensor({true})).to_vector<bool>() == std::vector<bool>{true, false});
  CHECK(isin(zeros({0, 2}), 1).shape() == Shape{0, 2});
}
