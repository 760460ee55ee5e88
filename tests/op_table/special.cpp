#include "op_table.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace xgrad::testing {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

Rows rows() {
  const std::vector<double> ends = {0, 1e-20, -1e-10, 1e-3, 5, -5, 9.5, -9.5, 20, -20, 88, -88, 100, -100, 800, -800};
  std::vector<double> with_infinity = ends;
  with_infinity.insert(with_infinity.end(), {kInfinity, -kInfinity});
  return {
      {.name = "erfc",
       .function = [](const Tensor& x) { return erfc(x); },
       .reference = [](double x) { return std::erfc(x); },
       .extremes = with_infinity},
      {.name = "erf",
       .function = [](const Tensor& x) { return erf(x); },
       .reference = [](double x) { return std::erf(x); },
       .extremes = with_infinity},
  };
}

const Family kFamily("special", rows);

}  // namespace
}  // namespace xgrad::testing

TEST_CASE("Special functions keep their contract", "[op_table]") { xgrad::testing::expect_family_holds("special"); }
