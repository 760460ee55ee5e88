#include <xgrad/autograd/ops/rounding.hpp>

#include <limits>

#include "numbers.hpp"

using namespace xgrad;
using namespace xgrad::testing;

TEST_CASE("round to decimals takes halves to the even one", "[elementwise][rounding]") {
  check_close(round(doubles({0.25, 0.75, 1.125, -2.5, -0.35}), 1), {0.2, 0.8, 1.1, -2.5, -0.4}, 1e-15);
  check_close(round(doubles({250, 350, -49, 51, kInf, kNan}), -2), {200, 400, -0.0, 100, kInf, kNan});
  check_close(round(doubles({1e300, 1.5, kInf}), 300), {1e300, 1.5, kInf});  // nothing overflows
  check_close(round(doubles({1e300, -1.5}), 400), {1e300, -1.5});
  check_close(round(doubles({1e300, -1.5, kInf, kNan}), -400), {0, -0.0, kInf, kNan});
  CHECK(round(tensor({1.25f}), 50).item() == 1.25);
  CHECK(round(tensor({1.25f}), -50).item() == 0);
  CHECK(slope_at([](const Tensor& x) { return round(x, 2); }, 0.3) == 0);
}

TEST_CASE("round of integers to tens", "[elementwise][rounding][dtype]") {
  auto rounded = [](std::int64_t x, int decimals) {
    return round(from_vector(std::vector{x}, {1}), decimals).item<std::int64_t>();
  };
  const std::int64_t least = std::numeric_limits<std::int64_t>::min();
  CHECK(rounded(15, -1) == 20);
  CHECK(rounded(25, -1) == 20);
  CHECK(rounded(-25, -1) == -20);
  CHECK(rounded(-26, -1) == -30);
  CHECK(rounded(1234, 5) == 1234);
  CHECK(rounded(least, -18) == -9000000000000000000);
  CHECK(rounded(4000000000000000000, -19) == 0);
  CHECK(rounded(7, -300) == 0);
}

TEST_CASE("frac has the sign of x", "[elementwise][rounding]") {
  check_close(frac(doubles({1.25, -1.25, 3, kInf})), {0.25, -0.25, 0, kNan});
  CHECK(frac(tensor({3, -4})).to_vector<std::int64_t>() == std::vector<std::int64_t>{0, 0});
}
