#include "op_table.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace xgrad::testing {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

Rows rows() {
  const OperatorInput mask = {.low = 0, .high = 2, .dtype = DType::boolean};
  return {
      {.name = "where",
       .function = [](const Tensor& c, const Tensor& a, const Tensor& b) { return where(c, a, b); },
       .inputs = {mask, {}, {}},
       .reference = [](double c, double a, double b) { return c != 0 ? a : b; },
       .propagates_nan = false},
      {.name = "where_safe",
       .function =
           [](const Tensor& x) {
             return where_safe(
                 x > 0, [](const Tensor& x) { return sqrt(x); }, [](const Tensor& x) { return x * x; }, x);
           },
       .inputs = {{.avoid = {0}}},
       .reference = [](double x) { return x > 0 ? std::sqrt(x) : x * x; },
       .extremes = {0, -1, 4}},
      {.name = "maximum",
       .function = [](const Tensor& a, const Tensor& b) { return maximum(a, b); },
       .inputs = {{}, {}},
       .reference = [](double a, double b) { return std::max(a, b); },
       .extremes = {0, 1, kInfinity, -kInfinity}},
      {.name = "minimum",
       .function = [](const Tensor& a, const Tensor& b) { return minimum(a, b); },
       .inputs = {{}, {}},
       .reference = [](double a, double b) { return std::min(a, b); },
       .extremes = {0, 1, kInfinity, -kInfinity}},
      {.name = "clamp",
       .function = [](const Tensor& x) { return clamp(x, -0.5, 1); },
       .inputs = {{.avoid = {-0.5, 1}}},
       .reference = [](double x) { return std::min(std::max(x, -0.5), 1.0); },
       .extremes = {0, 1, kInfinity, -kInfinity}},
      {.name = "clamp(tensors)",
       .function = [](const Tensor& x, const Tensor& low, const Tensor& high) { return clamp(x, low, high); },
       .inputs = {{}, {.low = -1, .high = -0.5}, {.low = 0.5, .high = 1}},
       .reference = [](double x, double low, double high) { return std::min(std::max(x, low), high); }},
      {.name = "clamp_min",
       .function = [](const Tensor& x, const Tensor& low) { return clamp_min(x, low); },
       .inputs = {{}, {}},
       .reference = [](double x, double low) { return std::max(x, low); },
       .extremes = {0, 1, kInfinity, -kInfinity}},
      {.name = "clamp_max",
       .function = [](const Tensor& x, const Tensor& high) { return clamp_max(x, high); },
       .inputs = {{}, {}},
       .reference = [](double x, double high) { return std::min(x, high); },
       .extremes = {0, 1, kInfinity, -kInfinity}},
      {.name = "fmax",
       .function = [](const Tensor& a, const Tensor& b) { return fmax(a, b); },
       .inputs = {{}, {}},
       .reference = [](double a, double b) { return std::fmax(a, b); },
       .extremes = {0, 1, kInfinity, -kInfinity, std::nan("")},
       .propagates_nan = false},
      {.name = "fmin",
       .function = [](const Tensor& a, const Tensor& b) { return fmin(a, b); },
       .inputs = {{}, {}},
       .reference = [](double a, double b) { return std::fmin(a, b); },
       .extremes = {0, 1, kInfinity, -kInfinity, std::nan("")},
       .propagates_nan = false},
      {.name = "heaviside",
       .function = [](const Tensor& x, const Tensor& values) { return heaviside(x, values); },
       .inputs = {{.avoid = {0}}, {}},
       .reference = [](double x, double value) { return x == 0 ? value : double(x > 0); },
       .extremes = {0, 1, kInfinity, -kInfinity},
       .propagates_nan = false},
      {.name = "masked_fill",
       .function = [](const Tensor& x, const Tensor& mask) { return masked_fill(x, mask, -2.5); },
       .inputs = {{}, mask},
       .reference = [](double x, double c) { return c != 0 ? -2.5 : x; },
       .propagates_nan = false},
      {.name = "nan_to_num",
       .function = [](const Tensor& x) { return nan_to_num(x, {.nan = 7, .posinf = 8, .neginf = -9}); },
       .reference = [](double x) { return std::isnan(x)     ? 7
                                          : x == kInfinity  ? 8
                                          : x == -kInfinity ? -9
                                                            : x; },
       .extremes = {0, 1, kInfinity, -kInfinity, std::nan("")},
       .propagates_nan = false},
  };
}

const Family kFamily("choose", rows);

}  // namespace
}  // namespace xgrad::testing

TEST_CASE("Operators that choose keep their contract", "[op_table]") { xgrad::testing::expect_family_holds("choose"); }
