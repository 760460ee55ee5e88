#include "op_table.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace xgrad::testing {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

Rows rows() {
  return {
      {.name = "copy", .function = [](const Tensor& x) { return copy(x); }, .reference = [](double x) { return x; }},
      {.name = "contiguous",
       .function = [](const Tensor& x) { return contiguous(x); },
       .reference = [](double x) { return x; }},
      {.name = "cast",
       .function = [](const Tensor& x) { return cast(x, DType::float32); },
       .reference = [](double x) { return x; },
       .output_dtype = DType::float32,
       .order = 0},
      {.name = "cast(float64)",
       .function = [](const Tensor& x) { return cast(x, DType::float64); },
       .reference = [](double x) { return x; },
       .output_dtype = DType::float64},
      {.name = "cast(int64)",
       .function = [](const Tensor& x) { return cast(x, DType::int64); },
       .inputs = {{.low = -1e6, .high = 1e6}},
       .reference = [](double x) { return std::trunc(x); },
       .output_dtype = DType::int64,
       .propagates_nan = false,
       .order = 0},
      {.name = "cast(boolean)",
       .function = [](const Tensor& x) { return cast(x, DType::boolean); },
       .reference = [](double x) { return double(x != 0); },
       .output_dtype = DType::boolean,
       .extremes = {0, -0.0, 1e-300, kInfinity, std::nan("")},
       .order = 0},
  };
}

const Family kFamily("cast", rows);

}  // namespace
}  // namespace xgrad::testing

TEST_CASE("Conversions keep their contract", "[op_table]") { xgrad::testing::expect_family_holds("cast"); }
