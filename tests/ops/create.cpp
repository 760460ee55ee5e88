// Making tensors: shapes, dtypes, values, and what is refused.
#include <xgrad/autograd/ops/create.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <new>
#include <thread>
#include <type_traits>
#include <vector>

#include <xgrad/autograd/map.hpp>
#include <xgrad/autograd/ops.hpp>
#include "../catch.hpp"

using namespace xgrad;
using Catch::Matchers::Contains;

namespace {

using Numbers = std::vector<double>;
using Integers = std::vector<std::int64_t>;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

Numbers numbers(const Tensor& x) { return x.to_vector<double>(); }

}  // namespace

TEST_CASE("zeros, ones and full have the shape, the dtype and one value", "[create]") {
  Tensor x = zeros({2, 3});
  CHECK(x.shape() == Shape{2, 3});
  CHECK(x.dtype() == DType::float32);
  CHECK(numbers(x) == Numbers(6, 0));
  CHECK(numbers(ones({2}, {.dtype = DType::int64})) == Numbers{1, 1});
  CHECK(full({}, 2.5, {.dtype = DType::float64}).item() == 2.5);
  CHECK(full({2}, -1.9, {.dtype = DType::int64}).to_vector<std::int64_t>() == Integers{-1, -1});
  CHECK(full({1}, 0.25, {.dtype = DType::boolean}).to_vector<bool>() == std::vector<bool>{true});
}

TEST_CASE("an extent of 0 makes an empty tensor", "[create]") {
  CHECK(zeros({2, 0, 3}).numel() == 0);
  CHECK(numbers(ones({0})).empty());
}

TEST_CASE("large tensors are filled to the end", "[create]") {
  Tensor x = ones({3, 1 << 19}, {.dtype = DType::int64});
  CHECK(x.to_vector<std::int64_t>() == Integers(3 << 19, 1));
}

TEST_CASE("new tensors can be variables", "[create]") {
  CHECK(zeros({2}, {.requires_grad = true}).requires_grad());
  CHECK(tensor({1., 2.}, {.requires_grad = true}).is_leaf());
  CHECK_FALSE(ones({2}).requires_grad());
  CHECK_THROWS_WITH(zeros({2}, {.dtype = DType::int64, .requires_grad = true}), Contains("float32 and float64"));
}

TEST_CASE("shapes that make no tensor are refused", "[create]") {
  CHECK_THROWS_AS(zeros({2, -1}), std::invalid_argument);
  CHECK_THROWS_WITH(zeros({2, -1}),
                    Contains("zeros: extents must not be negative, but the shape is [2, -1]. at create.cpp:"));
  std::int64_t huge = std::int64_t{1} << 31;
  CHECK_THROWS_WITH(ones({huge, huge}), Contains("ones: the number of bytes must fit in an int64"));
  CHECK_THROWS_AS(zeros({0, huge, huge, huge}), std::invalid_argument);
}

TEST_CASE("a value that int64 cannot hold is refused", "[create]") {
  CHECK_THROWS_WITH(full({2}, kInfinity, {.dtype = DType::int64}),
                    Contains("full: an int64 must hold the number, but it is inf"));
  CHECK_THROWS_AS(full({2}, std::nan(""), {.dtype = DType::int64}), std::invalid_argument);
  CHECK_THROWS_AS(full({2}, 0x1p63, {.dtype = DType::int64}), std::invalid_argument);
  CHECK(full({}, -0x1p63, {.dtype = DType::int64}).item<std::int64_t>() == std::numeric_limits<std::int64_t>::min());
}

TEST_CASE("int64 tensors hold an integer of any size exactly", "[create][dtype]") {
  constexpr std::int64_t kOdd = (std::int64_t{1} << 53) + 1;  // between two doubles
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  const TensorOptions int64{.dtype = DType::int64};
  for (std::int64_t number : {kOdd, -kOdd, kMost, std::numeric_limits<std::int64_t>::min(), std::int64_t{7}}) {
    CHECK(full({2}, number, int64)[1].item<std::int64_t>() == number);
    CHECK(full_like(tensor({1, 2}), number)[1].item<std::int64_t>() == number);
  }
  CHECK(full({1}, std::uint64_t{kMost}, int64).item<std::int64_t>() == kMost);
  CHECK_THROWS_WITH(full({1}, std::uint64_t{1} << 63, int64), Contains("full: an int64 must hold the number"));
  CHECK(full({1}, kOdd, {.dtype = DType::float64}).item() == 0x1p53);
  // All kinds of numbers are taken.
  enum Plain { three = 3 };
  CHECK(full({1}, 1.75f, int64).item() == 1);
  CHECK(full({1}, 1.5f).item() == 1.5);
  CHECK(full({1}, true, int64).item() == 1);
  CHECK(full({1}, 'a', int64).item() == 97);
  CHECK(full({1}, three).item() == 3);
  CHECK(full({1}, 2.5L).item() == 2.5);
  // A sequence's numbers are computed as doubles.
  CHECK_THROWS_WITH(linspace(0, kOdd, 2, int64),
                    Contains("linspace: a double must hold each integer, but there is 9007199254740993") &&
                        Contains("at create.cpp:"));
  CHECK(linspace(0, kOdd - 1, 2, int64)[1].item<std::int64_t>() == kOdd - 1);
  CHECK(linspace(0, kOdd, 2, {.dtype = DType::float64})[1].item() == 0x1p53);
}

TEST_CASE("the _like functions take shape and dtype over, not the layout", "[create]") {
  Tensor x = transpose(zeros({2, 3}, {.dtype = DType::float64}));
  for (const Tensor& y : {zeros_like(x), ones_like(x), full_like(x, 7)}) {
    CHECK(y.shape() == Shape{3, 2});
    CHECK(y.dtype() == DType::float64);
    CHECK(y.is_contiguous());
  }
  CHECK(numbers(full_like(x, 7)) == Numbers(6, 7));
  CHECK(zeros_like(3.5).shape() == Shape{});
}

TEST_CASE("arange counts up to but without stop", "[create]") {
  CHECK(arange(4).to_vector<std::int64_t>() == Integers{0, 1, 2, 3});
  CHECK(arange(2, 9, 3).to_vector<std::int64_t>() == Integers{2, 5, 8});
  CHECK(arange(5, 0, -2).to_vector<std::int64_t>() == Integers{5, 3, 1});
  CHECK(arange(0).shape() == Shape{0});
  CHECK(arange(1.1, 1.1, 1).numel() == 0);
}

TEST_CASE("arange's dtype follows its numbers unless it is given", "[create]") {
  CHECK(arange(4).dtype() == DType::int64);
  CHECK(arange(0, 1, 0.25).dtype() == DType::float32);
  CHECK(numbers(arange(0, 1, 0.25)) == Numbers{0, 0.25, 0.5, 0.75});
  CHECK(numbers(arange(-0.5, 2.5, 1.5, {.dtype = DType::float64})) == Numbers{-0.5, 1});
  CHECK(arange(3, {.dtype = DType::float64}).dtype() == DType::float64);
}

TEST_CASE("arange truncates the numbers of an integer sequence first, as PyTorch", "[create]") {
  CHECK(arange(1.0, 5.000001, 2.0, {.dtype = DType::int64}).to_vector<std::int64_t>() == Integers{1, 3});
  CHECK_THROWS_WITH(arange(0, 1, 0.5, {.dtype = DType::int64}), Contains("step must not be 0"));
}

TEST_CASE("arange refuses steps that do not lead to stop", "[create]") {
  CHECK_THROWS_WITH(arange(0, 5, -1),
                    Contains("arange: step must lead from start to stop, but they are -1, 0, 5. at create.cpp:"));
  CHECK_THROWS_AS(arange(5, 0), std::invalid_argument);
  CHECK_THROWS_AS(arange(0, 5, 0), std::invalid_argument);
  CHECK_THROWS_WITH(arange(0., kInfinity), Contains("finite"));
}

TEST_CASE("linspace meets both ends exactly", "[create]") {
  Tensor x = linspace(0, 1, 5, {.dtype = DType::float64});
  CHECK(numbers(x) == Numbers{0, 0.25, 0.5, 0.75, 1});
  Numbers y = numbers(linspace(-0.1, 0.3, 7, {.dtype = DType::float64}));
  CHECK(y.front() == -0.1);
  CHECK(y.back() == 0.3);
  CHECK(numbers(linspace(3, 9, 1)) == Numbers{3});
  CHECK(linspace(3, 9, 0).shape() == Shape{0});
  CHECK(linspace(1, 4, 4, {.dtype = DType::int64}).to_vector<std::int64_t>() == Integers{1, 2, 3, 4});
  CHECK_THROWS_WITH(linspace(0, 1, -1), Contains("linspace: count must not be negative, but it is -1"));
}

TEST_CASE("linspace refuses what is not finite", "[create]") {
  const double inf = HUGE_VAL, nan = std::nan("");
  for (auto [start, stop] : {std::pair{0., inf}, {-inf, 0.}, {nan, 1.}, {0., nan}, {-1e308, 1e308}})
    CHECK_THROWS_AS(linspace(start, stop, 3), std::invalid_argument);
  CHECK_THROWS_WITH(linspace(0, inf, 3), Contains("linspace: start, stop and the distance between them must be finite, "
                                                  "but start and stop are 0 and inf. at create.cpp:"));
}

TEST_CASE("eye has ones on the diagonal", "[create]") {
  CHECK(numbers(eye(2)) == Numbers{1, 0, 0, 1});
  CHECK(numbers(eye(2, 3)) == Numbers{1, 0, 0, 0, 1, 0});
  CHECK(numbers(eye(3, 1, {.dtype = DType::boolean})) == Numbers{1, 0, 0});
  CHECK(eye(3, 0).shape() == Shape{3, 0});
}

TEST_CASE("nested braces give shape and dtype", "[create]") {
  Tensor x = tensor({{1., 2., 3.}, {4., 5., 6.}});
  CHECK(x.shape() == Shape{2, 3});
  CHECK(x.dtype() == DType::float32);
  CHECK(numbers(x) == Numbers{1, 2, 3, 4, 5, 6});
  CHECK(tensor({1, 2}).dtype() == DType::int64);
  CHECK(tensor({true, false}).dtype() == DType::boolean);
  CHECK(tensor({1, 2.5}).dtype() == DType::float32);
  CHECK(tensor({1, 2}, {.dtype = DType::float64}).dtype() == DType::float64);
  CHECK(tensor(3.5).shape() == Shape{});
  CHECK(tensor({3.5}).shape() == Shape{1});
  CHECK(tensor({{{7}}}).shape() == Shape{1, 1, 1});
  CHECK(tensor({{}, {}}).shape() == Shape{2, 0});
}

TEST_CASE("braces of different lengths are refused", "[create]") {
  CHECK_THROWS_AS(tensor({{1, 2}, {3}}), std::invalid_argument);
  CHECK_THROWS_WITH(tensor({{1, 2}, {3}}),
                    Contains("tensor: items of one pair of braces must have the same shape, but item 0 is [2] "
                             "and item 1 is [1]. at create.cpp:"));
  CHECK_THROWS_AS(tensor({{1, 2}, 3}), std::invalid_argument);
}

TEST_CASE("values are copied from vectors and pointers", "[create]") {
  std::vector<float> values = {1, 2, 3, 4, 5, 6};
  Tensor x = from_vector(values, {3, 2});
  values[0] = 9;
  CHECK(x.shape() == Shape{3, 2});
  CHECK(numbers(x) == Numbers{1, 2, 3, 4, 5, 6});
  CHECK(from_vector(Integers{1, 2}).dtype() == DType::int64);
  CHECK(numbers(from_vector(std::vector<bool>{true, false})) == Numbers{1, 0});
  double pair[] = {0.5, 1.5};
  CHECK(numbers(from_data(pair, {2, 1})) == Numbers{0.5, 1.5});
  CHECK_THROWS_WITH(from_vector(values, {4}),
                    Contains("from_vector: the shape [4] must have 6 elements, as many as the vector, but it "
                             "has 4. at create.cpp:"));
}

TEST_CASE("integers that a double cannot hold are refused", "[create]") {
  constexpr std::int64_t kOdd = (std::int64_t{1} << 53) + 1;
  CHECK_THROWS_WITH(tensor({1, kOdd}), Contains("tensor: a double must hold each integer, but there is "
                                                "9007199254740993. Use from_vector()."));
  CHECK_THROWS_WITH(arange(kOdd, kOdd + 2), Contains("arange: a double must hold each integer"));
  CHECK_THROWS_WITH(tensor(std::numeric_limits<std::int64_t>::max()), Contains("a double must hold each integer"));
  CHECK(tensor(std::int64_t{1} << 60).item<std::int64_t>() == std::int64_t{1} << 60);
  CHECK(arange(kOdd - 2, kOdd - 1).to_vector<std::int64_t>() == std::vector<std::int64_t>{kOdd - 2});
}

TEST_CASE("integers that int64 cannot hold are refused", "[create]") {
  const std::uint64_t large = std::uint64_t{1} << 63;
  CHECK_THROWS_WITH(from_vector(std::vector<std::uint64_t>{1, large}),
                    Contains("from_vector: an int64 must hold each integer, but there is 9223372036854775808. at "
                             "create.cpp:"));
  CHECK_THROWS_AS(from_vector(std::vector<std::uint64_t>{1, large}, {2, 1}), std::invalid_argument);
  CHECK(from_vector(std::vector<std::uint64_t>{large - 1}).item<std::uint64_t>() == large - 1);
}

TEST_CASE("a lack of memory says how much was asked for", "[create]") {
  CHECK_THROWS_AS(zeros({std::int64_t{1} << 45}), std::bad_alloc);
  int line = __LINE__ + 1;
  auto call = [] { zeros({std::int64_t{1} << 45}); };
  CHECK_THROWS_WITH(
      call(), Contains("zeros: there must be memory for float32 [35184372088832], but the system does not have "
                       "140737488355328 bytes more; ") &&
                  Contains(" bytes are in use and ") && Contains(" are cached. at create.cpp:" + std::to_string(line)));
  CHECK_THROWS_WITH(normal({1 << 25, 1 << 25, 2}), Contains("normal: there must be memory for"));
}

TEST_CASE("linspace is symmetric and exact at its middle", "[create]") {
  CHECK(linspace(-1, 1, 101)[50].item() == 0);
  for (DType dtype : {DType::float32, DType::float64, DType::int64})
    for (std::int64_t count : {1, 2, 7, 100, 101, 1001}) {
      std::vector<double> there = linspace(-3, 10, count, {.dtype = dtype}).to_vector<double>();
      std::vector<double> mirrored = linspace(3, -10, count, {.dtype = dtype}).to_vector<double>();
      std::vector<double> back = linspace(10, -3, count, {.dtype = dtype}).to_vector<double>();
      std::reverse(back.begin(), back.end());
      if (count > 1) CHECK(there == back);
      for (std::size_t i = 0; i < there.size(); ++i) REQUIRE(there[i] == -mirrored[i]);
      if (count % 2 == 1 && count > 1) CHECK(there[there.size() / 2] == (dtype == DType::int64 ? 3 : 3.5));
    }
  CHECK(linspace(0.1, 0.3, 3, {.dtype = DType::float64})[1].item() == 0.2);
}

TEST_CASE("linspace of integers meets each integer on its way", "[create]") {
  // 49 steps of a 49th: the step rounded and multiplied falls short of 1.
  std::vector<std::int64_t> numbers = linspace(0, 4, 197, {.dtype = DType::int64}).to_vector<std::int64_t>();
  for (std::size_t i = 0; i < numbers.size(); ++i) REQUIRE(numbers[i] == static_cast<std::int64_t>(i) * 4 / 196);
}

TEST_CASE("sequences do not depend on fused multiplication", "[create]") {
  // Products that a fused multiplication would not round: rounded here in steps of their own.
  volatile double step = 2.0 / 9999;
  std::vector<double> numbers = linspace(-1, 1, 10000, {.dtype = DType::float64}).to_vector<double>();
  for (int i = 0; i < 5000; ++i) {
    volatile double way = i * step;
    REQUIRE(numbers[static_cast<std::size_t>(i)] == -1 + way);
  }
  std::vector<double> counted = arange(0.1, 1000.0, 0.1, {.dtype = DType::float64}).to_vector<double>();
  for (std::size_t i = 0; i < counted.size(); ++i) {
    volatile double way = static_cast<double>(i) * 0.1;
    REQUIRE(counted[i] == 0.1 + way);
  }
}

TEST_CASE("DefaultDtype is the dtype where none is given", "[create]") {
  CHECK(default_dtype() == DType::float32);
  {
    DefaultDtype f64(DType::float64);
    CHECK(default_dtype() == DType::float64);
    CHECK(zeros({2}).dtype() == DType::float64);
    CHECK(ones({2}, {.requires_grad = true}).dtype() == DType::float64);
    CHECK(full({}, 0.1).item<double>() == 0.1);
    CHECK(tensor({0.1, 0.2})[0].item<double>() == 0.1);
    CHECK(tensor({{1., 2.}}, {.requires_grad = true}).dtype() == DType::float64);
    CHECK(tensor({1, 2}).dtype() == DType::int64);
    CHECK(tensor({true}).dtype() == DType::boolean);
    CHECK(arange(3.0).dtype() == DType::float64);
    CHECK(arange(3).dtype() == DType::int64);
    CHECK(linspace(0, 1, 3).dtype() == DType::float64);
    CHECK(eye(2).dtype() == DType::float64);
    CHECK(uniform({2}).dtype() == DType::float64);
    CHECK(normal({2}).dtype() == DType::float64);
    CHECK(zeros({2}, {.dtype = DType::float32}).dtype() == DType::float32);
    CHECK((arange(3) * 0.1).dtype() == DType::float64);
    CHECK(sum(0.5).dtype() == DType::float64);
    CHECK((zeros({2}, {.dtype = DType::float32}) + 0.5).dtype() == DType::float32);
    // Integers and booleans become it where an operator has no integer form, but not beside a float32 tensor.
    const Tensor whole = arange(3), truth = whole > 0;
    CHECK(exp(whole)[1].item<double>() == std::exp(1.0));
    CHECK(exp(truth).dtype() == DType::float64);
    CHECK((whole / 3)[1].item<double>() == 1.0 / 3);
    CHECK(mean(whole).dtype() == DType::float64);
    CHECK(var(whole).dtype() == DType::float64);
    CHECK(norm(whole).dtype() == DType::float64);
    CHECK(softmax(whole, 0).dtype() == DType::float64);
    CHECK(logsumexp(whole, 0).dtype() == DType::float64);
    CHECK(mse(whole, truth).dtype() == DType::float64);
    const Tensor large = tensor({16777217});  // which a float32 does not hold
    CHECK(addcdiv(large, tensor({0}), tensor({1})).item() == 16777217);
    CHECK(lerp(large, large, large).item() == 16777217);
    const Tensor rows = reshape(arange(4), {2, 2});
    CHECK(scaled_dot_product_attention(rows, rows, rows).dtype() == DType::float64);
    CHECK(attention_weights(rows, rows).dtype() == DType::float64);
    CHECK(grid_sample(reshape(arange(4), {1, 1, 2, 2}), zeros({1, 1, 1, 2}, {.dtype = DType::int64})).dtype() ==
          DType::float64);
    CHECK(clamp(whole, 0.5, 1).dtype() == DType::float64);
    CHECK(map([](auto a) { return exp(a); }, whole)[1].item<double>() == std::exp(1.0));
    CHECK(map_sum([](auto a) { return a; }, whole).dtype() == DType::float64);
    CHECK((whole / zeros({3}, {.dtype = DType::float32})).dtype() == DType::float32);
    CHECK(sum(whole).dtype() == DType::int64);
    DType elsewhere = DType::boolean;
    std::thread([&] { elsewhere = zeros({1}).dtype(); }).join();
    CHECK(elsewhere == DType::float32);
    {
      DefaultDtype f32(DType::float32);
      CHECK(tensor({1.}).dtype() == DType::float32);
    }
    CHECK(tensor({1.}).dtype() == DType::float64);
  }
  CHECK(zeros({2}).dtype() == DType::float32);
  CHECK_THROWS_WITH(DefaultDtype(DType::int64),
                    Contains("DefaultDtype: the dtype must be float32 or float64, but it is "
                             "int64. at create.cpp:"));
  CHECK(default_dtype() == DType::float32);
}

TEST_CASE("a shape is a vector of integers as well as a list in braces", "[create]") {
  std::vector<std::int64_t> sizes = {2, 3};
  std::vector<int> ints = {3, 2};
  CHECK(zeros(sizes).shape() == Shape{2, 3});
  CHECK(zeros(ints).shape() == Shape{3, 2});
  CHECK(zeros(std::vector<std::size_t>{4}).shape() == Shape{4});
  CHECK(zeros(std::vector<int>{}).shape() == Shape{});
  CHECK_THROWS_WITH(zeros(std::vector<int>(9, 1)),
                    Contains("shape: a tensor has at most 8 axes, but 9 were given. at "));
  // zeros(3) does not compile; the compiler shows the line of Shape that says {3}.
  static_assert(!std::is_convertible_v<int, Shape>);
  static_assert(!std::is_constructible_v<Shape, std::int64_t>);
}
