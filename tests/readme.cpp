// The README shows code that exists: its first block is the program examples/overview.cpp.
#include <string>

#include "catch.hpp"
#include "pages.hpp"

using xgrad::testing::code_blocks;
using xgrad::testing::read_file;

TEST_CASE("the README's first example is the program overview.cpp", "[readme]") {
  std::string program = read_file("examples/overview.cpp");
  REQUIRE_FALSE(program.empty());
  // The program begins with a comment on what the file is.
  CHECK(code_blocks(read_file("README.md")).at(0) == program.substr(program.find('\n') + 1));
}
