// docs/watching.md shows code that exists.
#include "../catch.hpp"
#include "../pages.hpp"

TEST_CASE("the code in docs/watching.md is that of examples/watching.cpp", "[docs]") {
  CHECK(xgrad::testing::blocks_missing("docs/watching.md", {"examples/watching.cpp"}).empty());
}
