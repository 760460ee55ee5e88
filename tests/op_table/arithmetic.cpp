#include "op_table.hpp"

#include <cmath>
#include <limits>

namespace xgrad::testing {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

Rows rows() {
  const OperatorInput any = {}, not_zero = {.avoid = {0}}, positive = {.low = 0.2, .high = 3};
  const std::vector<double> signs = {0, 1, -1, 1e30, -kInfinity};
  return {
      {.name = "add",
       .function = [](const Tensor& a, const Tensor& b) { return a + b; },
       .inputs = {any, any},
       .reference = [](double a, double b) { return a + b; },
       .extremes = signs},
      {.name = "sub",
       .function = [](const Tensor& a, const Tensor& b) { return a - b; },
       .inputs = {any, any},
       .reference = [](double a, double b) { return a - b; },
       .extremes = signs},
      {.name = "mul",
       .function = [](const Tensor& a, const Tensor& b) { return a * b; },
       .inputs = {any, any},
       .reference = [](double a, double b) { return a * b; },
       .extremes = signs},
      {.name = "div",
       .function = [](const Tensor& a, const Tensor& b) { return a / b; },
       .inputs = {any, not_zero},
       .reference = [](double a, double b) { return a / b; },
       .extremes = {0, 1, -1, 1e15, kInfinity}},
      {.name = "neg",
       .function = [](const Tensor& x) { return -x; },
       .reference = [](double x) { return -x; },
       .extremes = signs},
      {.name = "pow",
       .function = [](const Tensor& a, const Tensor& b) { return pow(a, b); },
       .inputs = {positive, any},
       .reference = [](double a, double b) { return std::pow(a, b); }},
      {.name = "pow(number)",
       .function = [](const Tensor& x) { return pow(x, 3); },
       .reference = [](double x) { return x * x * x; },
       .extremes = {0, 1, -1, 100, -1e5}},
      {.name = "pow(negative number)",
       .function = [](const Tensor& x) { return pow(x, -1.5); },
       .inputs = {positive},
       .reference = [](double x) { return std::pow(x, -1.5); }},
      {.name = "pow(of a number)",
       .function = [](const Tensor& x) { return pow(2.5, x); },
       .reference = [](double x) { return std::pow(2.5, x); }},
      {.name = "square",
       .function = [](const Tensor& x) { return square(x); },
       .reference = [](double x) { return x * x; },
       .extremes = signs},
      {.name = "reciprocal",
       .function = [](const Tensor& x) { return reciprocal(x); },
       .inputs = {not_zero},
       .reference = [](double x) { return 1 / x; },
       .extremes = {0, 1, -1, 1e15, kInfinity}},
      {.name = "abs",
       .function = [](const Tensor& x) { return abs(x); },
       .inputs = {{.avoid = {0}}},
       .reference = [](double x) { return std::abs(x); },
       .extremes = {0, -1, kInfinity, -kInfinity}},
      {.name = "sign",
       .function = [](const Tensor& x) { return sign(x); },
       .inputs = {{.avoid = {0}}},
       .reference = [](double x) { return double((x > 0) - (x < 0)); },
       .extremes = {0, 1e-300, -1, kInfinity, -kInfinity}},
  };
}

const Family kFamily("arithmetic", rows);

}  // namespace
}  // namespace xgrad::testing

TEST_CASE("Arithmetic operators keep their contract", "[op_table]") {
  xgrad::testing::expect_family_holds("arithmetic");
}
