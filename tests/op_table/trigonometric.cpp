#include "op_table.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace xgrad::testing {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

Rows rows() {
  const OperatorInput large = {.low = -20, .high = 20};
  const std::vector<double> ends = {0, 1e-20, -1e-10, 1e-3, 5, -5, 9.5, -9.5, 20, -20, 88, -88, 100, -100, 800, -800};
  std::vector<double> with_infinity = ends;
  with_infinity.insert(with_infinity.end(), {kInfinity, -kInfinity});
  return {
      {.name = "sin",
       .function = [](const Tensor& x) { return sin(x); },
       .inputs = {large},
       .reference = [](double x) { return std::sin(x); },
       .extremes = {0, 1e-20, 1e-3, 100, -1000, 1e5, kInfinity}},
      {.name = "cos",
       .function = [](const Tensor& x) { return cos(x); },
       .inputs = {large},
       .reference = [](double x) { return std::cos(x); },
       .extremes = {0, 1e-20, 1e-3, 100, -1000, 1e5, kInfinity}},
      {.name = "tanh",
       .function = [](const Tensor& x) { return tanh(x); },
       .reference = [](double x) { return std::tanh(x); },
       .extremes = with_infinity},
  };
}

const Family kFamily("trigonometric", rows);

}  // namespace
}  // namespace xgrad::testing

TEST_CASE("Trigonometric and hyperbolic functions keep their contract", "[op_table]") {
  xgrad::testing::expect_family_holds("trigonometric");
}
