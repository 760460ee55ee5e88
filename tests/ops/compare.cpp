#include <xgrad/autograd/ops/compare.hpp>

#include <xgrad/autograd/check/gradcheck.hpp>
#include "numbers.hpp"

using namespace xgrad;
using namespace xgrad::testing;
using Catch::Contains;

TEST_CASE("comparisons answer booleans; NaN equals nothing", "[elementwise][compare]") {
  Tensor a = doubles({1, 2, kNan}), b = doubles({1, 3, kNan});
  CHECK((a == b).to_vector<bool>() == std::vector<bool>{true, false, false});
  CHECK((a != b).to_vector<bool>() == std::vector<bool>{false, true, true});
  CHECK((a < b).to_vector<bool>() == std::vector<bool>{false, true, false});
  CHECK((a >= b).to_vector<bool>() == std::vector<bool>{true, false, false});
  CHECK(isnan(a).to_vector<bool>() == std::vector<bool>{false, false, true});
  CHECK(isfinite(doubles({1, kInf, kNan})).to_vector<bool>() == std::vector<bool>{true, false, false});
  CHECK(isinf(doubles({1, -kInf, kNan})).to_vector<bool>() == std::vector<bool>{false, true, false});
  CHECK(logical_xor(a > 1, b > 1).to_vector<bool>() == std::vector<bool>{false, false, false});
}

TEST_CASE("allclose follows NumPy's rule", "[elementwise][compare]") {
  CHECK(allclose(doubles({1, kInf}), doubles({1 + 1e-9, kInf})));
  CHECK_FALSE(allclose(doubles({1}), doubles({1.1})));
  CHECK_FALSE(allclose(doubles({kInf}), doubles({-kInf})));
  CHECK_FALSE(allclose(doubles({kInf}), doubles({1})));
  CHECK_FALSE(allclose(doubles({kNan}), doubles({kNan})));
  CHECK(allclose(doubles({kNan}), doubles({kNan}), {.equal_nan = true}));
  CHECK(allclose(doubles({1, 1}), 1.0));
}
