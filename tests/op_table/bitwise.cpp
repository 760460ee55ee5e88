#include "op_table.hpp"

#include <cmath>
#include <cstdint>
#include <numeric>

namespace xgrad::testing {
namespace {

using Integer = std::int64_t;

OperatorRow bits(const char* name, Tensor (*function)(const Operand&, const Operand&),
                 double (*reference)(double, double), double least = -9) {
  const OperatorInput any = {.low = -9, .high = 10, .dtype = DType::int64};
  const OperatorInput second = {.low = least, .high = 10, .dtype = DType::int64};
  return {.name = name,
          .function = [function](const Tensor& a, const Tensor& b) { return function(a, b); },
          .inputs = {any, second},
          .reference = reference,
          .output_dtype = DType::int64,
          .refused = {[function](const Tensor& a, const Tensor& b) { return function(a, cast(b, DType::float32)); }},
          .order = 0};
}

Rows rows() {
  return {
      bits("bitwise_and", bitwise_and, [](double a, double b) { return double(Integer(a) & Integer(b)); }),
      bits("bitwise_or", bitwise_or, [](double a, double b) { return double(Integer(a) | Integer(b)); }),
      bits("bitwise_xor", bitwise_xor, [](double a, double b) { return double(Integer(a) ^ Integer(b)); }),
      {.name = "bitwise_not",
       .function = [](const Tensor& x) { return bitwise_not(x); },
       .inputs = {{.low = -9, .high = 10, .dtype = DType::int64}},
       .reference = [](double x) { return -1 - x; },
       .output_dtype = DType::int64,
       .refused = {[](const Tensor& x) { return bitwise_not(cast(x, DType::float64)); }},
       .order = 0},
      {.name = "bitwise_not(boolean)",
       .function = [](const Tensor& x) { return bitwise_not(x); },
       .inputs = {{.low = 0, .high = 2, .dtype = DType::boolean}},
       .reference = [](double x) { return 1 - x; },
       .output_dtype = DType::boolean,
       .order = 0},
      bits(
          "bitwise_left_shift", bitwise_left_shift, [](double a, double b) { return a * std::exp2(b); }, 0),
      bits(
          "bitwise_right_shift", bitwise_right_shift, [](double a, double b) { return std::floor(a / std::exp2(b)); },
          0),
      bits("gcd", gcd, [](double a, double b) { return double(std::gcd(Integer(a), Integer(b))); }),
      bits("lcm", lcm, [](double a, double b) { return double(std::lcm(Integer(a), Integer(b))); }),
  };
}

const Family kFamily("bitwise", rows);

}  // namespace
}  // namespace xgrad::testing

TEST_CASE("Operators on bits keep their contract", "[op_table]") { xgrad::testing::expect_family_holds("bitwise"); }
