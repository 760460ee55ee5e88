// How tensors print. What is expected here was printed by NumPy 1.24.
#include <cmath>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include <xgrad/autograd/ops.hpp>
#include "../catch.hpp"

using namespace xgrad;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// As float64, without the dtype behind.
std::string as_double(const std::vector<double>& values) {
  std::string text = to_string(from_vector(values));
  return text.substr(0, text.rfind(" dtype=float64"));
}

}  // namespace

TEST_CASE("columns are aligned at the point", "[print]") {
  CHECK(to_string(tensor({{1., 2.5}, {-3.25, 10.}})) == "[[ 1.    2.5 ]\n [-3.25 10.  ]]");
  CHECK(to_string(tensor({1., 2., 3.})) == "[1. 2. 3.]");
}

TEST_CASE("the dtype is named unless it is float32", "[print]") {
  CHECK(to_string(tensor({1, 20, -3})) == "[ 1 20 -3] dtype=int64");
  CHECK(to_string(tensor({true, false})) == "[ True False] dtype=boolean");
  CHECK(to_string(full({2}, 0.5, {.dtype = DType::float64})) == "[0.5 0.5] dtype=float64");
}

TEST_CASE("a number prints with as few digits as tell it from its neighbours", "[print]") {
  CHECK(to_string(from_vector(std::vector<float>{0.1f, 1.f / 3})) == "[0.1        0.33333334]");
  CHECK(as_double({0.1, 1. / 3}) == "[0.1        0.33333333]");
  CHECK(as_double({-0.0}) == "[-0.]");
}

TEST_CASE("large, small or far apart numbers are scientific", "[print]") {
  CHECK(as_double({1e-5, 1}) == "[1.e-05 1.e+00]");
  CHECK(as_double({0.001, 1.5}) == "[1.0e-03 1.5e+00]");
  CHECK(as_double({1e8, 5}) == "[1.e+08 5.e+00]");
  CHECK(as_double({1. / 3, 1e-5, 1e100}) == "[3.33333333e-001 1.00000000e-005 1.00000000e+100]");
  CHECK(as_double({99999999, 5e5}) == "[99999999.   500000.]");
  CHECK(as_double({0, 1e-4}) == "[0.     0.0001]");
}

TEST_CASE("nan and infinity align with the numbers", "[print]") {
  double nan = std::nan("");
  CHECK(as_double({nan, 1, kInfinity, -kInfinity}) == "[ nan   1.  inf -inf]");
  CHECK(as_double({nan, kInfinity}) == "[nan inf]");
  CHECK(as_double({nan, 1e-9}) == "[   nan 1.e-09]");
}

TEST_CASE("a scalar prints all of its digits", "[print]") {
  CHECK(to_string(full({}, 1.5)) == "1.5");
  CHECK(to_string(full({}, 3)) == "3.0");
  CHECK(to_string(full({}, 1. / 3, {.dtype = DType::float64})) == "0.3333333333333333 dtype=float64");
  CHECK(to_string(full({}, 1e-5)) == "1e-05");
  CHECK(to_string(full({}, 1e16)) == "1e+16");
  CHECK(to_string(full({}, -6918443630592.)) == "-6918443600000.0");
  CHECK(to_string(full({}, 7, {.dtype = DType::int64})) == "7 dtype=int64");
  CHECK(to_string(full({}, 1, {.dtype = DType::boolean})) == "True dtype=boolean");
}

TEST_CASE("inner brackets are set apart by lines", "[print]") {
  CHECK(to_string(zeros({2, 1, 2})) == "[[[0. 0.]]\n\n [[0. 0.]]]");
  CHECK(to_string(zeros({2, 1, 1, 1})) == "[[[[0.]]]\n\n\n [[[0.]]]]");
}

TEST_CASE("long rows are broken", "[print]") {
  CHECK(to_string(arange(40)) ==
        "[ 0  1  2  3  4  5  6  7  8  9 10 11 12 13 14 15 16 17 18 19 20 21 22 23\n"
        " 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39] dtype=int64");
}

TEST_CASE("more than a thousand elements are abbreviated", "[print]") {
  CHECK(to_string(arange(1001)) == "[   0    1    2 ...  998  999 1000] dtype=int64");
  CHECK(to_string(zeros({501, 2})) == "[[0. 0.]\n [0. 0.]\n [0. 0.]\n ...\n [0. 0.]\n [0. 0.]\n [0. 0.]]");
  CHECK(to_string(arange(1000)).find("...") == std::string::npos);
  // Only what is shown decides on the format.
  std::vector<double> values(2000, 1);
  values[1000] = 1e30;
  CHECK(as_double(values) == "[1. 1. 1. ... 1. 1. 1.]");
}

TEST_CASE("empty and undefined tensors print as such", "[print]") {
  CHECK(to_string(zeros({0})) == "[]");
  CHECK(to_string(zeros({0, 3}, {.dtype = DType::int64})) == "[] shape=[0, 3] dtype=int64");
  CHECK(to_string(Tensor()) == "undefined");
}

TEST_CASE("views print as what they show, on streams too", "[print]") {
  std::ostringstream out;
  out << transpose(tensor({{1, 2}, {3, 4}}));
  CHECK(out.str() == "[[1 3]\n [2 4]] dtype=int64");
  CHECK(to_string(flip(arange(3), 0)) == "[2 1 0] dtype=int64");
  CHECK(to_string(expand(full({1}, 2), {3})) == "[2. 2. 2.]");
}
