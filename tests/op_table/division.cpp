#include "op_table.hpp"

#include <cmath>
#include <limits>

namespace xgrad::testing {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

double floor_of(double a, double b) {
  if (b == 0) return a / b;
  if (std::isinf(a)) return std::nan("");
  double rest = std::fmod(a, b);
  double quotient = std::round((a - rest) / b);
  return rest != 0 && (rest < 0) != (b < 0) ? quotient - 1 : quotient;
}
double remainder_of(double a, double b) {
  double rest = std::fmod(a, b);
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

/// A row of floating operands, whose quotient keeps away from whole numbers, and one of integers.
Rows division(const char* name, OperatorFunction function, double (*reference)(double, double)) {
  const OperatorInput dividend = {.low = 5.2, .high = 5.8}, divisor = {.low = -2.4, .high = -2.1};
  const OperatorInput integer = {.low = -9, .high = 10, .dtype = DType::int64};
  const OperatorInput not_zero = {.low = 1, .high = 4, .dtype = DType::int64};
  return {{.name = name,
           .function = function,
           .inputs = {dividend, divisor},
           .reference = reference,
           .extremes = {0, 1, -1, 0.3, -2.5, 7, 1e15, kInfinity, -kInfinity}},
          {.name = concat(name, "(int64)"),
           .function = function,
           .inputs = {integer, not_zero},
           .reference = reference,
           .output_dtype = DType::int64,
           .refused = {[function](const Tensor& a, const Tensor& b) {
             const Tensor both[] = {a, b * 0};
             return function.call()(both);
           }},
           .order = 0}};
}

Rows rows() {
  Rows rows;
  append(rows, division(
                   "floor_divide", [](const Tensor& a, const Tensor& b) { return floor_divide(a, b); }, floor_of));
  append(rows, division(
                   "fmod", [](const Tensor& a, const Tensor& b) { return fmod(a, b); },
                   [](double a, double b) { return std::fmod(a, b); }));
  append(rows, division(
                   "remainder", [](const Tensor& a, const Tensor& b) { return remainder(a, b); }, remainder_of));
  auto rounded = [](const char* name, Rounding rounding, double (*reference)(double, double)) {
    Rows both = division(
        "div", [rounding](const Tensor& a, const Tensor& b) { return div(a, b, rounding); }, reference);
    both[0].name = concat("div(", name, ")");
    both[1].name = concat("div(", name, ", int64)");
    return both;
  };
  append(rows, rounded("trunc", Rounding::trunc, [](double a, double b) { return std::trunc(a / b); }));
  append(rows, rounded("floor", Rounding::floor, floor_of));
  return rows;
}

const Family kFamily("division", rows);

}  // namespace
}  // namespace xgrad::testing

TEST_CASE("Divisions with a rest keep their contract", "[op_table]") {
  xgrad::testing::expect_family_holds("division");
}
