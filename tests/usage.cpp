// What a user writes with everything included and both namespaces open: what compiles, and what is refused because it
// would do something else than it says.
#include <array>
#include <cmath>
#include <functional>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include <xgrad/xgrad.hpp>
#include "catch.hpp"

using namespace std;
using namespace xgrad;

namespace {

template <class T>
string printed(const T& value) {
  ostringstream out;
  out << value;
  return out.str();
}

}  // namespace

// ---- Numbers and sizes of every type ----

TEST_CASE("extents and axes are integers of any type", "[usage]") {
  vector<int> values(3);
  const size_t two = 2;
  const unsigned one = 1;
  const int64_t four = 4;
  Tensor x = zeros({values.size(), two, four, 5});
  CHECK(x.shape() == Shape{3, 2, 4, 5});
  CHECK(reshape(x, {-1, two}).shape() == Shape{60, 2});
  CHECK(from_vector(vector<float>(4), {two, 2}).shape() == Shape{2, 2});
  CHECK(sum(x, {0, four - 1}).shape() == Shape{2, 4});
  CHECK(sum(x, one).shape() == Shape{3, 4, 5});
  CHECK(sum(x, {}).shape() == x.shape());
  CHECK(permute(x, {3, two, one, 0}).shape() == Shape{5, 4, 2, 3});
  CHECK(x[{values.size() - 1, slice(0, two)}].shape() == Shape{2, 4, 5});
  CHECK_THROWS_AS((Shape{1, 1, 1, 1, 1, 1, 1, 1, 1}), invalid_argument);
}

TEST_CASE("numbers of any type mix with tensors and keep their dtype", "[usage]") {
  Tensor x = tensor({1., 2.});
  for (const Tensor& y : {x + 1, 1 - x, 2.0f * x, x / 3u, pow(2.0, x), pow(x, 2), maximum(x, 0), true * x,
                          where(x > 1, x, 0), clamp(x, 0, 1), x * size_t{2}})
    CHECK(y.dtype() == DType::float32);
  CHECK(pow(2.0, x).to_vector() == vector<double>{2, 4});
  CHECK((1 < x).to_vector<bool>() == vector<bool>{false, true});
}

TEST_CASE("elements are read as any type of number", "[usage]") {
  Tensor x = tensor({1.5, 2.5}), n = tensor(7);
  CHECK(x.to_vector() == vector<double>{1.5, 2.5});
  CHECK(x.to_vector<int>() == vector<int>{1, 2});
  CHECK(n.item() == 7);
  CHECK(n.item<size_t>() == 7);
  CHECK(n.item<char>() == 7);
  CHECK(x[1].item<long double>() == 2.5L);
}

TEST_CASE("vectors of integers become int64", "[usage]") {
  Tensor x = from_vector(vector<int>{1, -2, 3});
  CHECK(x.dtype() == DType::int64);
  CHECK(x.to_vector<int>() == vector<int>{1, -2, 3});
  CHECK(from_vector(vector<size_t>{1, 2}, {2, 1}).shape() == Shape{2, 1});
}

// ---- Names ----

TEST_CASE("operators are found beside the standard library's functions of the same names", "[usage]") {
  Tensor x = tensor({{1., 2.}, {3., 4.}});
  CHECK(sum(abs(x) + sqrt(x) + exp(x) + log(x) + erf(x) + round(x) + floor(x)).ndim() == 0);
  CHECK(max(x).item() == 4);
  CHECK(max(x, 0).values.to_vector() == vector<double>{3, 4});
  CHECK(max(1.0, 2.0) == 2);
  CHECK(abs(-3) == 3);
  CHECK(xgrad::std(x).ndim() == 0);
}

TEST_CASE("Sequential takes operators by their names", "[usage][nn]") {
  nn::Sequential model{nn::Dense(2, 3), relu, nn::Dense(3, 4), tanh, [](const Tensor& x) { return x * 2; }};
  model.add(exp).add("last", nn::Dense(4, 1));
  CHECK(model.size() == 7);
  CHECK(model(ones({5, 2})).shape() == Shape{5, 1});
  function<Tensor(const Tensor&)> activation = relu;
  CHECK(activation(tensor(-1.)).item() == 0);
}

TEST_CASE("conditions combine by the logical signs", "[usage]") {
  Tensor x = tensor({-1., 0.5, 2.});
  CHECK((x > 0 && x < 1).to_vector<bool>() == vector<bool>{false, true, false});
  CHECK((x < 0 || x > 1).to_vector<bool>() == vector<bool>{true, false, true});
  CHECK((!(x > 0)).to_vector<bool>() == vector<bool>{true, false, false});
}

TEST_CASE("random numbers take their options alone", "[usage]") {
  Generator one(3), other(3);
  Tensor x = normal({4}, {.dtype = DType::float64}, one);
  CHECK(x.dtype() == DType::float64);
  CHECK(allclose(x, normal({4}, 0, 1, {.dtype = DType::float64}, other)));
  CHECK(uniform({4}, {.requires_grad = true}).requires_grad());
}

// ---- Writing ----

TEST_CASE("assign takes numbers", "[usage]") {
  Tensor x = zeros({2, 2}, {.dtype = DType::float64}), n = zeros({2}, {.dtype = DType::int64});
  x.assign(0.1);
  CHECK(x[{1, 1}].item() == 0.1);
  x[0].assign(3);
  CHECK(x.to_vector() == vector<double>{3, 3, 0.1, 0.1});
  n.assign((int64_t{1} << 53) + 1);
  CHECK(n[0].item<int64_t>() == (int64_t{1} << 53) + 1);
}

template <class T>
concept WritesByIndex = requires(T x) {
  x[0] = x[1];
};  // would change a handle that is gone at once
template <class T>
concept AddsInPlace = requires(T x) {
  x += 1;
};  // for this name alone, or for all that hold the tensor?
template <class T>
concept TakesMaxOfTwo = requires(T x) {
  xgrad::max(x, x);
};  // maximum
template <class T>
concept TakesMaxWithNumber = requires(T x) {
  xgrad::max(x, 0.0);
};  // maximum, or an axis?
template <class T>
concept TakesOptionsForAxes =  // g++ 12 would take it for sum(x, {1})
    requires(T x) {
  sum(x, {.keepdims = true});
}
|| requires(T x) { norm(x, {.p = 1}); }
|| requires(T x) { var(x, {.correction = 0}); };
template <class T>
concept TakesBoolForAxis = requires(T x) {
  sum(x, true);
};
template <class T>
concept ComparesToBool = requires(T x) {
  bool(x == x);
};

template <class T>
concept TakesVectorAsTensor = requires(std::vector<T> values) {
  tensor(values);
};

TEST_CASE("what would do something else than it says does not compile", "[usage]") {
  CHECK_FALSE(TakesVectorAsTensor<double>);
  CHECK_FALSE(WritesByIndex<Tensor>);
  CHECK_FALSE(AddsInPlace<Tensor>);
  CHECK_FALSE(TakesMaxOfTwo<Tensor>);
  CHECK_FALSE(TakesMaxWithNumber<Tensor>);
  CHECK_FALSE(TakesOptionsForAxes<Tensor>);
  CHECK_FALSE(TakesBoolForAxis<Tensor>);
  CHECK_FALSE(ComparesToBool<Tensor>);
}

// ---- Printing ----

TEST_CASE("shapes and dtypes print", "[usage]") {
  CHECK(printed(zeros({2, 3}).shape()) == "[2, 3]");
  CHECK(printed(Shape{}) == "[]");
  CHECK(printed(DType::float64) == "float64");
  CHECK(printed(tensor({1, 2})) == "[1 2] dtype=int64");
}
