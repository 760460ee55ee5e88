// Numbers on a logarithmic scale.
#include <xgrad/autograd/ops/logspace.hpp>

#include <cmath>
#include <limits>
#include <vector>

#include <xgrad/autograd/ops.hpp>
#include "../catch.hpp"

using namespace xgrad;
using Catch::Matchers::Contains;

namespace {
using Numbers = std::vector<double>;
Numbers numbers(const Tensor& x) { return x.to_vector<double>(); }
const TensorOptions kDouble = {.dtype = DType::float64};
}  // namespace

TEST_CASE("logspace meets its ends, and powers of integers exactly", "[logspace]") {
  CHECK(numbers(logspace(0, 3, 4, 10, kDouble)) == Numbers{1, 10, 100, 1000});
  CHECK(numbers(logspace(3, 0, 4, 2, kDouble)) == Numbers{8, 4, 2, 1});
  CHECK(numbers(logspace(-2, 2, 3, 3, kDouble)) == Numbers{1. / 9, 1, 9});
  CHECK(numbers(logspace(2.5, 7, 1, 4, kDouble)) == Numbers{32});
  CHECK(logspace(0, 1, 0).shape() == Shape{0});
  CHECK(numbers(logspace(0, 2, 3, -2, kDouble)) == Numbers{1, -2, 4});
  CHECK(numbers(logspace(1, 3, 3, 0, kDouble)) == Numbers{0, 0, 0});
  CHECK(logspace(0, 1, 2).dtype() == default_dtype());
  // As in PyTorch, the ends of an integer sequence are cut first.
  CHECK(numbers(logspace(4.3, 1.2, 2, 5, {.dtype = DType::int64})) == Numbers{625, 5});
}

TEST_CASE("logspace is right to the last bits of large powers", "[logspace]") {
  for (double base : {10., 2., 1.1, 0.3}) {
    const double start = -280 / std::log10(base) * 0.99, stop = 300.7 / std::log10(base) * 0.99;
    const std::int64_t count = 997;
    Numbers got = numbers(logspace(start, stop, count, base, kDouble));
    for (std::int64_t i = 0; i < count; ++i) {
      const long double exponent = start + (static_cast<long double>(stop) - start) * i / (count - 1);
      const long double expected = std::pow(static_cast<long double>(base), exponent);
      const auto ulp = std::nextafter(static_cast<double>(expected), INFINITY) - static_cast<double>(expected);
      INFO(base << " to the " << static_cast<double>(exponent));
      CHECK(std::abs(static_cast<long double>(got[static_cast<std::size_t>(i)]) - expected) <= 2 * ulp);
    }
  }
}

TEST_CASE("logspace refuses what is no scale", "[logspace]") {
  const double inf = std::numeric_limits<double>::infinity();
  CHECK_THROWS_WITH(logspace(0, 1, -1),
                    Contains("logspace: count must not be negative, but it is -1. at logspace.cpp:"));
  CHECK_THROWS_WITH(logspace(0, inf, 3),
                    Contains("logspace: start, stop, the distance between them and base must be finite"));
  CHECK_THROWS_AS(logspace(0, 1, 3, inf), std::invalid_argument);
  CHECK_THROWS_AS(logspace(0, 30, 2, 10, {.dtype = DType::int64}), std::invalid_argument);
  CHECK_THROWS_AS(logspace(0, 1, 4, -2, {.dtype = DType::int64}), std::invalid_argument);
  CHECK_THROWS_AS(logspace(0, 1, std::numeric_limits<std::int64_t>::max()), std::invalid_argument);
}
