// The README shows code that exists: its first block is the program examples/overview.cpp.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/catch.hpp"

namespace {

std::string read(const std::string& path) {
  std::ifstream in(std::filesystem::path(XGRAD_SOURCE_DIR) / path);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("the README's first example is the program overview.cpp", "[readme]") {
  std::string readme = read("README.md");
  std::string program = read("examples/overview.cpp");
  REQUIRE_FALSE(program.empty());

  std::string start = "```cpp\n";
  std::size_t begin = readme.find(start);
  REQUIRE(begin != readme.npos);
  begin += start.size();
  // The program begins with a comment on what the file is.
  CHECK(readme.substr(begin, readme.find("```", begin) - begin) == program.substr(program.find('\n') + 1));
}
