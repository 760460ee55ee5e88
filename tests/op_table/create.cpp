#include "op_table.hpp"

namespace xgrad::testing {
namespace {

Rows rows() {
  return {
      {.name = "zeros_like",
       .function = [](const Tensor& x) { return zeros_like(x); },
       .reference = [](double) { return 0.0; },
       .propagates_nan = false,
       .order = 0},
      {.name = "ones_like",
       .function = [](const Tensor& x) { return ones_like(x); },
       .reference = [](double) { return 1.0; },
       .propagates_nan = false,
       .order = 0},
      {.name = "full_like",
       .function = [](const Tensor& x) { return full_like(x, 2.5); },
       .reference = [](double) { return 2.5; },
       .propagates_nan = false,
       .order = 0},
  };
}

const Family kFamily("create", rows);

}  // namespace
}  // namespace xgrad::testing

TEST_CASE("Operators that take a tensor for its shape keep their contract", "[op_table]") {
  xgrad::testing::expect_family_holds("create");
}
