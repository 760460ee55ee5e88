// What the guide says of the user's own flags: this file is compiled with -O2 -ffp-contract=off
// (cmake/XgradTests.cmake), with which a formula's multiplications and additions stay apart, whatever the machine has
// instructions for.
#include <cmath>
#include <cstdint>
#include <vector>

#include <xgrad/autograd/each.hpp>
#include <xgrad/autograd/map.hpp>
#include <xgrad/autograd/ops.hpp>
#include "../catch.hpp"

using namespace xgrad;

TEST_CASE("a formula is not fused where the user's flags say so", "[map]") {
  for (DType dtype : {DType::float32, DType::float64}) {
    INFO(name(dtype));
    // Their squares are no numbers of the dtype: rounded in one of the products alone, half of the differences are
    // below 0.
    const Tensor a = arange(1, 1001, 1, {.dtype = dtype}) / 7, b = copy(a);
    const std::vector<double> zeros(1000, 0);
    CHECK(map([](auto a, auto b) { return sqrt(a * a - b * b); }, a, b).to_vector() == zeros);
    CHECK(map([](auto a, auto b) { return sqrt((a - b) * (a + b)); }, a, b).to_vector() == zeros);
    Tensor w = copy(a);
    each(w, b, [](auto& w, const auto& b) { w = sqrt(w * w - b * b); });
    CHECK(w.to_vector() == zeros);
    CHECK(sqrt(a * a - b * b).to_vector() == zeros);
  }
}
