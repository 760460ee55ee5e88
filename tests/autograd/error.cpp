#include <xgrad/autograd/error.hpp>

#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

#include "../support.hpp"

using namespace xgrad;

TEST_CASE("a number in a message has the digits that tell it from its neighbours", "[error]") {
  CHECK(concat(0.1) == "0.1");
  CHECK(concat(0.1f) == "0.1");
  CHECK(concat(1.0) == "1");
  CHECK(concat(1.0000001) == "1.0000001");  // %g has 1
  CHECK(concat(std::nextafter(1.0, 0.0)) == "0.9999999999999999");
  CHECK(concat(1.00000012f) == "1.0000001");
  CHECK(concat(123456789.0) == "123456789");
  CHECK(concat(1e300) == "1e+300");
  CHECK(concat(-std::numeric_limits<double>::infinity()) == "-inf");
  CHECK(concat(-std::numeric_limits<double>::quiet_NaN()) == "nan");
}

TEST_CASE("a message is a sentence, and the place follows it", "[error]") {
  CHECK(with_place("f: x must be 1, but it is 2.", SourceLocation("src/model.cpp", 42)) ==
        "f: x must be 1, but it is 2. at model.cpp:42");
  CHECK(with_place("f: x must be 1, but it is 2", SourceLocation("model.cpp", 42)) ==
        "f: x must be 1, but it is 2. at model.cpp:42");
  CHECK(with_place("f: no place", {}) == "f: no place");
}

TEST_CASE("a long message is cut in its middle", "[error]") {
  auto message = [](const std::string& middle) {
    return testing::message_of<std::invalid_argument>([&] {
      check(false, SourceLocation("model.cpp", 42), "load: names must be known, but ", middle,
            " are not. Call state() for those that are.");
    });
  };
  CHECK(message("a, b") ==
        "load: names must be known, but a, b are not. Call state() for those that are. at model.cpp:42");
  std::string names;
  for (int i = 0; i < 1000; ++i) names += "schicht" + std::to_string(i) + ".größe, ";
  for (int shift = 0; shift < 12; ++shift) {
    std::string text = message(std::string(shift, '.') + names);
    CHECK(text.size() <= 500);
    CHECK(text.starts_with("load: names must be known, but "));
    CHECK(text.find(" [...] ") != text.npos);
    CHECK(text.ends_with(" are not. Call state() for those that are. at model.cpp:42"));
    // No character is cut in two: each that is no ASCII is a whole pair.
    for (std::size_t i = 0; i < text.size(); ++i)
      if ((text[i] & 0x80) != 0) {
        REQUIRE((text[i] & 0xE0) == 0xC0);
        REQUIRE((text.at(++i) & 0xC0) == 0x80);
      }
  }
}
