#include <stdexcept>
#include <string>
#include <vector>

#include <xgrad/data/data.hpp>
#include "../catch.hpp"
#include "../support.hpp"
#include "temporary_file.hpp"

using namespace xgrad;
using Catch::Matchers::Contains;
using data::Characters;
using testing::message_of;
using testing::place;

TEST_CASE("Characters are numbered in ascending order, and come back", "[data][characters]") {
  const Characters characters("hello, world");
  CHECK(characters.characters() == std::vector<std::string>{" ", ",", "d", "e", "h", "l", "o", "r", "w"});
  const Tensor numbers = characters.encode("hold");
  CHECK(numbers.dtype() == DType::int64);
  CHECK(numbers.to_vector<std::int64_t>() == std::vector<std::int64_t>{4, 6, 5, 2});
  CHECK(characters.decode(numbers) == "hold");
  CHECK(characters.decode(reshape(numbers, {2, 2})) == "hold");
  CHECK(characters.encode("").shape() == Shape{0});
  CHECK(characters.decode(characters.encode("")).empty());
  CHECK(Characters("").count() == 0);
}

TEST_CASE("A character may take several bytes", "[data][characters]") {
  // Of one to four bytes; by code point U+00E9 < U+20AC < U+FF5E < U+1F600.
  const std::string text = "z\U0001F600\uFF5E\u20AC\u00E9z";
  const Characters characters(text);
  CHECK(characters.characters() == std::vector<std::string>{"z", "\u00E9", "\u20AC", "\uFF5E", "\U0001F600"});
  CHECK(characters.encode(text).to_vector<std::int64_t>() == std::vector<std::int64_t>{0, 4, 3, 2, 1, 0});
  CHECK(characters.decode(characters.encode(text)) == text);
}

TEST_CASE("What is no UTF-8 is refused", "[data][characters]") {
  for (const char* bad : {"a\x80", "\xC3", "\xC0\xAF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF",
                          "\xF4\x90\x80\x80", "\xE2\x82", "\xF5\x80\x80\x80", "\xFF"}) {
    INFO(testing::message_of<std::invalid_argument>([&] { Characters{bad}; }));
    CHECK_THAT(message_of<std::invalid_argument>([&] { Characters{bad}; }),
               Contains("Characters: the text must be UTF-8, but byte "));
    CHECK_THROWS_AS(Characters("a").encode(bad), std::invalid_argument);
  }
}

TEST_CASE("Characters say which they do not know", "[data][characters]") {
  const Characters characters("abc\u00E9");
  const int line = __LINE__ + 1;
  const std::string message = message_of<std::invalid_argument>([&] { characters.encode("abd"); });
  CHECK_THAT(message,
             Contains("Characters: each character must be among the 4 known ones, but 'd' is not. at " + place(line)));
  CHECK_THAT(message_of<std::invalid_argument>([&] { characters.encode("\u00E8"); }), Contains("'\u00E8' is not."));
  CHECK_THAT(message_of<std::out_of_range>([&] {
               characters.decode(tensor({0, 4}));
             }),
             Contains("numbers must be in [0, 4), but one is 4."));
  CHECK_THAT(message_of<std::invalid_argument>([&] { characters.decode(ones({2})); }),
             Contains("numbers must be int64, but they are float32."));
}

TEST_CASE("Text files are read plain or gzipped", "[data][characters]") {
  const TemporaryFile plain("plain.txt", "Who's there?\n\u00C9toile\n");
  CHECK(data::read_text(plain.path()) == "Who's there?\n\u00C9toile\n");
  const TemporaryFile empty("empty.txt", "");
  CHECK(data::read_text(empty.path()).empty());
  const std::string packed = example_bytes("shakespeare.txt.gz");
  const TemporaryFile whole("plays.gz", packed);
  const std::string plays = data::read_text(whole.path());
  CHECK(plays.size() == 1115394);
  CHECK(plays.substr(0, 14) == "First Citizen:");
  CHECK(Characters(plays).count() == 65);
}

TEST_CASE("Text files say what is wrong with them", "[data][characters]") {
  const std::string packed = example_bytes("shakespeare.txt.gz");
  const TemporaryFile cut("cut.gz", std::string_view(packed).substr(0, 1000));
  CHECK_THROWS_AS(data::read_text(cut.path()), data::FileError);
  const TemporaryFile bad("bad.txt", "one\ntwo\xFF\n");
  const int line = __LINE__ + 2;
  try {
    data::read_text(bad.path());
    FAIL("nothing was thrown");
  } catch (const data::FileError& error) {
    CHECK(error.line() == 2);
    CHECK_THAT(error.what(), Contains("a text must be UTF-8, but byte 7 begins no character of it. at " + place(line)));
  }
  CHECK_THROWS_AS(data::read_text("/nowhere/text.txt"), data::FileError);
}
