#include "op_table.hpp"
#include "references.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace xgrad::testing {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

Rows rows() {
  const OperatorInput positive = {.low = 0.1, .high = 4};
  const std::vector<double> ends = {0, 1e-20, -1e-10, 1e-3, 5, -5, 9.5, -9.5, 20, -20, 88, -88, 100, -100, 800, -800};
  std::vector<double> with_infinity = ends;
  with_infinity.insert(with_infinity.end(), {kInfinity, -kInfinity});
  return {
      {.name = "exp",
       .function = [](const Tensor& x) { return exp(x); },
       .reference = [](double x) { return std::exp(x); },
       .extremes = with_infinity},
      {.name = "expm1",
       .function = [](const Tensor& x) { return expm1(x); },
       .reference = [](double x) { return std::expm1(x); },
       .extremes = with_infinity},
      {.name = "log",
       .function = [](const Tensor& x) { return log(x); },
       .inputs = {positive},
       .reference = [](double x) { return std::log(x); },
       .extremes = {0, 1e-300, 1e-30, 1 + 1e-6, 1, 1e30, 1e300, kInfinity, -1}},
      {.name = "log1p",
       .function = [](const Tensor& x) { return log1p(x); },
       .inputs = {{.low = -0.8, .high = 3}},
       .reference = [](double x) { return std::log1p(x); },
       .extremes = {0, 1e-20, -1e-10, 1e-5, -1, -0.999, 1e30, kInfinity, -2}},
      {.name = "sqrt",
       .function = [](const Tensor& x) { return sqrt(x); },
       .inputs = {positive},
       .reference = [](double x) { return std::sqrt(x); },
       .extremes = {0, 1e-300, 1e-30, 1e30, 1e300, kInfinity, -1}},
      {.name = "cbrt",
       .function = [](const Tensor& x) { return cbrt(x); },
       .inputs = {{.low = -3, .high = 3, .avoid = {0}}},
       .reference = [](double x) { return std::cbrt(x); },
       .extremes = {0, 1e-310, -1e-300, 1e-30, -8, 27, 1e300, -1e300, kInfinity, -kInfinity}},
      {.name = "exp2",
       .function = [](const Tensor& x) { return exp2(x); },
       .reference = [](double x) { return std::exp2(x); },
       .extremes = with_infinity},
      {.name = "log2",
       .function = [](const Tensor& x) { return log2(x); },
       .inputs = {positive},
       .reference = [](double x) { return std::log2(x); },
       .extremes = {0, 1e-300, 1e-30, 1 + 1e-6, 1, 8, 1e30, 1e300, kInfinity, -1}},
      {.name = "log10",
       .function = [](const Tensor& x) { return log10(x); },
       .inputs = {positive},
       .reference = [](double x) { return std::log10(x); },
       .extremes = {0, 1e-300, 1e-30, 1 + 1e-6, 1, 1000, 1e30, 1e300, kInfinity, -1}},
      {.name = "logaddexp",
       .function = [](const Tensor& a, const Tensor& b) { return logaddexp(a, b); },
       .inputs = {{}, {}},
       .reference =
           [](double a, double b) {
             return a == b ? a + std::numbers::ln2 : std::max(a, b) + softplus_of(-std::abs(a - b));
           },
       .extremes = {0, 1, -1000, 1000, 1e30, -1e30, kInfinity, -kInfinity}},
      {.name = "logaddexp2",
       .function = [](const Tensor& a, const Tensor& b) { return logaddexp2(a, b); },
       .inputs = {{}, {}},
       .reference =
           [](double a, double b) {
             return a == b ? a + 1 : std::max(a, b) + std::log1p(std::exp2(-std::abs(a - b))) / std::numbers::ln2;
           },
       .extremes = {0, 1, -1000, 1000, 1e30, -1e30, kInfinity, -kInfinity}},
      {.name = "rsqrt",
       .function = [](const Tensor& x) { return rsqrt(x); },
       .inputs = {positive},
       .reference = [](double x) { return 1 / std::sqrt(x); },
       .extremes = {0, 1e-300, 1e-30, 1e30, 1e300, kInfinity, -1}},
  };
}

const Family kFamily("exponential", rows);

}  // namespace
}  // namespace xgrad::testing

TEST_CASE("Exponentials, logarithms and roots keep their contract", "[op_table]") {
  xgrad::testing::expect_family_holds("exponential");
}
