#include "op_table.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace xgrad::testing {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

Rows rows() {
  const OperatorInput large = {.low = -20, .high = 20}, inside = {.low = -0.9, .high = 0.9};
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
      {.name = "tan",
       .function = [](const Tensor& x) { return tan(x); },
       .inputs = {{.low = -1.3, .high = 1.3}},
       .reference = [](double x) { return std::tan(x); },
       .extremes = {0, 1e-20, 1e-3, 1.57, 100, -1000, 1e5, 1e22, kInfinity}},
      {.name = "asin",
       .function = [](const Tensor& x) { return asin(x); },
       .inputs = {inside},
       .reference = [](double x) { return std::asin(x); },
       .extremes = {0, 1e-20, -1e-3, 0.5, 1, -1, 1.5, kInfinity}},
      {.name = "acos",
       .function = [](const Tensor& x) { return acos(x); },
       .inputs = {inside},
       .reference = [](double x) { return std::acos(x); },
       .extremes = {0, 1e-20, -1e-3, 0.5, 1, -1, 1.5, kInfinity}},
      {.name = "atan",
       .function = [](const Tensor& x) { return atan(x); },
       .inputs = {{.low = -4, .high = 4}},
       .reference = [](double x) { return std::atan(x); },
       .extremes = {0, 1e-20, -1e-3, 0.5, 1, -1, 1e30, -1e300, kInfinity, -kInfinity}},
      {.name = "atan2",
       .function = [](const Tensor& a, const Tensor& b) { return atan2(a, b); },
       .inputs = {{.avoid = {0}}, {.avoid = {0}}},
       .reference = [](double a, double b) { return std::atan2(a, b); },
       .extremes = {0, 1e-30, -1e-300, 0.5, -1, 1e30, -1e300, kInfinity, -kInfinity}},
      {.name = "hypot",
       .function = [](const Tensor& a, const Tensor& b) { return hypot(a, b); },
       .inputs = {{.avoid = {0}}, {.avoid = {0}}},
       .reference = [](double a, double b) { return std::hypot(a, b); },
       .extremes = {0, 1e-30, -1e-300, 0.5, -1, 1e30, -1e300, kInfinity, -kInfinity}},
      {.name = "sinh",
       .function = [](const Tensor& x) { return sinh(x); },
       .reference = [](double x) { return std::sinh(x); },
       .extremes = with_infinity},
      {.name = "cosh",
       .function = [](const Tensor& x) { return cosh(x); },
       .reference = [](double x) { return std::cosh(x); },
       .extremes = with_infinity},
      {.name = "asinh",
       .function = [](const Tensor& x) { return asinh(x); },
       .reference = [](double x) { return std::asinh(x); },
       .extremes = {0, 1e-20, -1e-3, 0.5, 1, -1, 1e30, -1e300, kInfinity, -kInfinity}},
      {.name = "acosh",
       .function = [](const Tensor& x) { return acosh(x); },
       .inputs = {{.low = 1.2, .high = 5}},
       .reference = [](double x) { return std::acosh(x); },
       .extremes = {0, -1e30, 1, 1 + 1e-7, 2, 1e9, 1e30, 1e300, kInfinity}},
      {.name = "atanh",
       .function = [](const Tensor& x) { return atanh(x); },
       .inputs = {inside},
       .reference = [](double x) { return std::atanh(x); },
       .extremes = {0, 1e-20, -1e-3, 0.5, 1, -1, 1.5, kInfinity}},
      {.name = "deg2rad",
       .function = [](const Tensor& x) { return deg2rad(x); },
       .inputs = {{.low = -400, .high = 400}},
       .reference = [](double x) { return x * std::numbers::pi / 180; },
       .extremes = {0, 1e-20, 180, -1e30, kInfinity}},
      {.name = "rad2deg",
       .function = [](const Tensor& x) { return rad2deg(x); },
       .reference = [](double x) { return x * 180 / std::numbers::pi; },
       .extremes = {0, 1e-20, 3, -1e30, kInfinity}},
  };
}

const Family kFamily("trigonometric", rows);

}  // namespace
}  // namespace xgrad::testing

TEST_CASE("Trigonometric and hyperbolic functions keep their contract", "[op_table]") {
  xgrad::testing::expect_family_holds("trigonometric");
}
