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
      {.name = "add(alpha)",
       .function = [](const Tensor& a, const Tensor& b) { return add(a, b, -3); },
       .inputs = {any, any},
       .reference = [](double a, double b) { return a - 3 * b; },
       .refused = {[](const Tensor& a, const Tensor& b) { return add(a, b, b); },
                   [](const Tensor& a, const Tensor& b) {
                     return add(cast(a, DType::int64), cast(b, DType::int64), 0.5);
                   }}},
      {.name = "sub(alpha)",
       .function = [](const Tensor& a, const Tensor& b) { return sub(a, b, 2); },
       .inputs = {any, any},
       .reference = [](double a, double b) { return a - 2 * b; }},
      {.name = "rsub",
       .function = [](const Tensor& a, const Tensor& b) { return rsub(a, b, 2); },
       .inputs = {any, any},
       .reference = [](double a, double b) { return b - 2 * a; }},
      {.name = "positive",
       .function = [](const Tensor& x) { return xgrad::positive(x); },
       .reference = [](double x) { return x; },
       .extremes = signs},
      {.name = "float_power",
       .function = [](const Tensor& a, const Tensor& b) { return float_power(a, b); },
       .inputs = {positive, any},
       .reference = [](double a, double b) { return std::pow(a, b); },
       .output_dtype = DType::float64},
      {.name = "copysign",
       .function = [](const Tensor& a, const Tensor& b) { return copysign(a, b); },
       .inputs = {not_zero, not_zero},
       .reference = [](double a, double b) { return std::copysign(a, b); },
       .extremes = {0, -0.0, 1, -1, kInfinity, -kInfinity},
       .propagates_nan = false},
      {.name = "nextafter",
       .function = [](const Tensor& a, const Tensor& b) { return nextafter(a, b); },
       .inputs = {{.avoid = {0}}, {.low = 3, .high = 4}},
       .reference = [](double a, double b) { return std::nextafter(a, b); }},
      {.name = "ldexp",
       .function = [](const Tensor& a, const Tensor& b) { return ldexp(a, b); },
       .inputs = {any, any},
       .reference = [](double a, double b) { return a * std::exp2(b); },
       .extremes = {0, 1, -3, 20, -60}},
      {.name = "ldexp(int64)",
       .function = [](const Tensor& a, const Tensor& b) { return ldexp(a, b); },
       .inputs = {any, {.low = -9, .high = 10, .dtype = DType::int64}},
       .reference = [](double a, double b) { return std::ldexp(a, static_cast<int>(b)); }},
      {.name = "frexp",
       .function = [](const Tensor& x) { return frexp(x).mantissa; },
       .inputs = {{.low = 1.02, .high = 1.98}},
       .reference =
           [](double x) {
             int exponent;
             return std::frexp(x, &exponent);
           },
       .extremes = {0, 1, -3, 1e30, 1e-300, kInfinity, -kInfinity}},
      {.name = "frexp(exponent)",
       .function = [](const Tensor& x) { return frexp(x).exponent; },
       .inputs = {{.avoid = {0}}},
       .reference =
           [](double x) {
             int exponent;
             std::frexp(x, &exponent);
             return exponent;
           },
       .output_dtype = DType::int64,
       .order = 0},
      {.name = "addcmul",
       .function = [](const Tensor& x, const Tensor& a, const Tensor& b) { return addcmul(x, a, b, 3); },
       .inputs = {any, any, any},
       .reference = [](double x, double a, double b) { return x + 3 * a * b; },
       .refused = {[](const Tensor& x, const Tensor& a, const Tensor& b) { return addcmul(x, a, b, b); }}},
      {.name = "addcdiv",
       .function = [](const Tensor& x, const Tensor& a, const Tensor& b) { return addcdiv(x, a, b, -0.5); },
       .inputs = {any, any, not_zero},
       .reference = [](double x, double a, double b) { return x - 0.5 * a / b; }},
      {.name = "addcmul(default)",
       .function = [](const Tensor& x, const Tensor& a, const Tensor& b) { return addcmul(x, a, b); },
       .inputs = {any, any, any},
       .reference = [](double x, double a, double b) { return x + a * b; }},
      {.name = "addcdiv(default)",
       .function = [](const Tensor& x, const Tensor& a, const Tensor& b) { return addcdiv(x, a, b); },
       .inputs = {any, any, positive},
       .reference = [](double x, double a, double b) { return x + a / b; }},
      {.name = "rsub(default)",
       .function = [](const Tensor& a, const Tensor& b) { return rsub(a, b); },
       .inputs = {any, any},
       .reference = [](double a, double b) { return b - a; }},
      {.name = "lerp",
       .function = [](const Tensor& a, const Tensor& b, const Tensor& weight) { return lerp(a, b, weight); },
       .inputs = {any, any, any},
       .reference = [](double a, double b, double weight) { return a + weight * (b - a); }},
  };
}

const Family kFamily("arithmetic", rows);

}  // namespace
}  // namespace xgrad::testing

TEST_CASE("Arithmetic operators keep their contract", "[op_table]") {
  xgrad::testing::expect_family_holds("arithmetic");
}
