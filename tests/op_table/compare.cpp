#include "op_table.hpp"

#include <cmath>
#include <limits>

namespace xgrad::testing {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// A row of two operands with a boolean result, on floating numbers and on integers, which often are equal.
Rows comparison(const char* name, Tensor (*function)(const Operand&, const Operand&),
                double (*reference)(double, double)) {
  auto call = [function](const Tensor& a, const Tensor& b) { return function(a, b); };
  const OperatorInput integer = {.low = -1, .high = 2, .dtype = DType::int64};
  return {{.name = name,
           .function = call,
           .inputs = {{}, {}},
           .reference = reference,
           .output_dtype = DType::boolean,
           .order = 0},
          {.name = concat(name, "(int64)"),
           .function = call,
           .inputs = {integer, integer},
           .reference = reference,
           .output_dtype = DType::boolean,
           .order = 0}};
}

Rows rows() {
  Rows rows;
  append(rows, comparison("equal", equal, [](double a, double b) { return double(a == b); }));
  append(rows, comparison("not_equal", not_equal, [](double a, double b) { return double(a != b); }));
  append(rows, comparison("less", less, [](double a, double b) { return double(a < b); }));
  append(rows, comparison("less_equal", less_equal, [](double a, double b) { return double(a <= b); }));
  append(rows, comparison("greater", greater, [](double a, double b) { return double(a > b); }));
  append(rows, comparison("greater_equal", greater_equal, [](double a, double b) { return double(a >= b); }));
  append(rows, comparison("logical_and", logical_and, [](double a, double b) { return double(a != 0 && b != 0); }));
  append(rows, comparison("logical_or", logical_or, [](double a, double b) { return double(a != 0 || b != 0); }));
  append(rows, comparison("logical_xor", logical_xor, [](double a, double b) { return double((a != 0) != (b != 0)); }));
  const std::vector<double> special = {0, 1, kInfinity, -kInfinity, std::nan("")};
  append(rows, {{.name = "logical_not",
                 .function = [](const Tensor& x) { return logical_not(x); },
                 .reference = [](double x) { return double(x == 0); },
                 .output_dtype = DType::boolean,
                 .extremes = special,
                 .order = 0},
                {.name = "isnan",
                 .function = [](const Tensor& x) { return isnan(x); },
                 .reference = [](double x) { return double(std::isnan(x)); },
                 .output_dtype = DType::boolean,
                 .extremes = special,
                 .order = 0},
                {.name = "isinf",
                 .function = [](const Tensor& x) { return isinf(x); },
                 .reference = [](double x) { return double(std::isinf(x)); },
                 .output_dtype = DType::boolean,
                 .extremes = special,
                 .order = 0},
                {.name = "isfinite",
                 .function = [](const Tensor& x) { return isfinite(x); },
                 .reference = [](double x) { return double(std::isfinite(x)); },
                 .output_dtype = DType::boolean,
                 .extremes = special,
                 .order = 0}});
  append(rows, comparison(
                   "isclose", [](const Operand& a, const Operand& b) { return isclose(a, b, {.atol = 0.5}); },
                   [](double a, double b) { return double(std::abs(a - b) <= 0.5 + 1e-5 * std::abs(b)); }));
  append(rows,
         {{.name = "isclose(rtol, equal_nan)",
           .function = [](const Tensor& a,
                          const Tensor& b) { return isclose(a, b, {.rtol = 0.5, .atol = 0.1, .equal_nan = true}); },
           .inputs = {{}, {}},
           .reference =
               [](double a, double b) {
                 if (std::isnan(a) || std::isnan(b)) return double(std::isnan(a) && std::isnan(b));
                 if (std::isinf(a) || std::isinf(b)) return double(a == b);
                 return double(std::abs(a - b) <= 0.1 + 0.5 * std::abs(b));
               },
           .output_dtype = DType::boolean,
           .extremes = special,
           .order = 0}});
  append(rows, {{.name = "isposinf",
                 .function = [](const Tensor& x) { return isposinf(x); },
                 .reference = [](double x) { return double(x == kInfinity); },
                 .output_dtype = DType::boolean,
                 .extremes = special,
                 .order = 0},
                {.name = "isneginf",
                 .function = [](const Tensor& x) { return isneginf(x); },
                 .reference = [](double x) { return double(x == -kInfinity); },
                 .output_dtype = DType::boolean,
                 .extremes = special,
                 .order = 0},
                {.name = "signbit",
                 .function = [](const Tensor& x) { return signbit(x); },
                 .reference = [](double x) { return double(std::signbit(x)); },
                 .output_dtype = DType::boolean,
                 .extremes = {0, -0.0, 1, -1, kInfinity, -kInfinity},
                 .order = 0}});
  return rows;
}

const Family kFamily("compare", rows);

}  // namespace
}  // namespace xgrad::testing

TEST_CASE("Comparisons keep their contract", "[op_table]") { xgrad::testing::expect_family_holds("compare"); }
