#include <xgrad/autograd/ops.hpp>

#include <xgrad/autograd/check/gradcheck.hpp>
#include "numbers.hpp"

using namespace xgrad;
using namespace xgrad::testing;
using Catch::Contains;

TEST_CASE("functions agree with libm in float64", "[elementwise][functions]") {
  std::vector<double> points{-30.5, -3.25, -1, -0.5, -1e-3, 1e-12, 0.3, 1, 2.75, 9.5};
  Tensor x = from_vector(points);
  auto agrees = [&](Tensor (*op)(const Operand&), double (*reference)(double), double tolerance) {
    std::vector<double> expected;
    for (double p : points) expected.push_back(reference(p));
    check_close(op(x), expected, tolerance);
  };
  agrees(exp, std::exp, 1e-15);
  agrees(expm1, std::expm1, 1e-15);
  agrees(sin, std::sin, 1e-15);
  agrees(cos, std::cos, 1e-15);
  agrees(tanh, std::tanh, 1e-15);
  agrees(erf, std::erf, 1e-14);
  agrees(abs, std::fabs, 0);
  agrees(log, std::log, 1e-15);
  agrees(log1p, std::log1p, 1e-15);
  agrees(sqrt, std::sqrt, 0);
}
