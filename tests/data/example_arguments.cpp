// How the examples read numbers from the command line.
#include "../../examples/arguments.hpp"

#include <cstdint>
#include <limits>
#include <string>

#include "../catch.hpp"

TEST_CASE("whole numbers on the command line are decimal, and refused where no number of the type holds them",
          "[examples]") {
  auto read = [](const std::string& text) {
    std::int64_t value = -1;
    const std::string problem = read_integer<std::int64_t>(text, 0, 1000, value);
    return problem.empty() ? std::to_string(value) : problem;
  };
  CHECK(read("010") == "10");
  CHECK(read("0") == "0");
  CHECK(read("1000") == "1000");
  CHECK(read("1001") == "must be at least 0 and at most 1000, but it is 1001");
  CHECK(read("-1") == "must be at least 0 and at most 1000, but it is -1");
  for (const char* text : {"", "0x10", "1e3", "1.5", "ten", " 1", "1 "})
    CHECK(read(text) == "must be a whole number, but it is \"" + std::string(text) + '"');

  auto read_seed = [](const std::string& text) {
    std::uint64_t value = 7;
    const std::string problem = read_integer<std::uint64_t>(text, 0, std::numeric_limits<std::uint64_t>::max(), value);
    return problem.empty() ? std::to_string(value) : problem;
  };
  CHECK(read_seed("18446744073709551615") == "18446744073709551615");
  CHECK(read_seed("18446744073709551616") ==
        "must be at least 0 and at most 18446744073709551615, but it is 18446744073709551616");
  CHECK(read_seed("-1") == "must be at least 0 and at most 18446744073709551615, but it is -1");
}

TEST_CASE("a learning rate on the command line is refused with the reason that holds", "[examples]") {
  auto problem = [](const std::string& text) {
    double value = 0;
    return read_positive(text, value);
  };
  double value = 0;
  CHECK(read_positive("1e-3", value) == "");
  CHECK(value == 1e-3);
  CHECK(problem("inf") == "must be finite, but it is inf");
  CHECK(problem("nan") == "must be finite, but it is nan");
  CHECK(problem("0") == "must be above 0, but it is 0");
  CHECK(problem("-0.1") == "must be above 0, but it is -0.1");
  CHECK(problem("1e999") == "must be within the range of a double, but it is 1e999");
  CHECK(problem("fast") == "must be a number, but it is \"fast\"");
  CHECK(problem("") == "must be a number, but it is \"\"");
}
