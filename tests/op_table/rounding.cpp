#include "op_table.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace xgrad::testing {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

Rows rows() {
  const std::vector<double> halves = {-2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2};
  const std::vector<double> ties = {-2.5, -1.5, -0.5, 0, 0.5, 1.5, 2.5, 4.5, 1e18, -kInfinity};
  return {
      {.name = "floor",
       .function = [](const Tensor& x) { return floor(x); },
       .inputs = {{.avoid = halves}},
       .reference = [](double x) { return std::floor(x); },
       .extremes = ties},
      {.name = "ceil",
       .function = [](const Tensor& x) { return ceil(x); },
       .inputs = {{.avoid = halves}},
       .reference = [](double x) { return std::ceil(x); },
       .extremes = ties},
      {.name = "trunc",
       .function = [](const Tensor& x) { return trunc(x); },
       .inputs = {{.avoid = halves}},
       .reference = [](double x) { return std::trunc(x); },
       .extremes = ties},
      {.name = "round",
       .function = [](const Tensor& x) { return round(x); },
       .inputs = {{.avoid = halves}},
       .reference = [](double x) { return std::nearbyint(x); },
       .extremes = ties},
      {.name = "round(decimals)",
       .function = [](const Tensor& x) { return round(x, 1); },
       .inputs = {{.low = 0.06, .high = 0.14}},
       .reference = [](double x) { return std::nearbyint(x * 10) / 10; },
       .extremes = {-2.25, -0.5, 0, 0.25, 0.75, 1e15, -kInfinity}},
      {.name = "round(to hundreds)",
       .function = [](const Tensor& x) { return round(x, -2); },
       .inputs = {{.low = 60, .high = 140}},
       .reference = [](double x) { return std::nearbyint(x / 100) * 100; },
       .extremes = {-250, -50, 0, 50, 150, 1234, 1e15, -kInfinity}},
      {.name = "frac",
       .function = [](const Tensor& x) { return frac(x); },
       .inputs = {{.avoid = halves}},
       .reference = [](double x) { return x - std::trunc(x); },
       .extremes = ties},
  };
}

const Family kFamily("rounding", rows);

}  // namespace
}  // namespace xgrad::testing

TEST_CASE("Operators that round keep their contract", "[op_table]") { xgrad::testing::expect_family_holds("rounding"); }
