#include "characters.hpp"

#include <algorithm>
#include <string_view>

#include "../autograd/ops/create.hpp"
#include "file.hpp"

namespace xgrad XGRAD_API {
namespace data {
namespace {

/// Bytes of the UTF-8 character that begins here; 0 where there is none: bytes that continue, overlong forms,
/// surrogates, and what lies beyond Unicode.
std::size_t character_at(std::string_view text, std::size_t at) {
  auto byte = [&](std::size_t i) { return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0u; };
  auto continues = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xbf) {
    return byte(i) >= low && byte(i) <= high;
  };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return continues(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef)
    return continues(1, first == 0xe0 ? 0xa0 : 0x80, first == 0xed ? 0x9f : 0xbf) && continues(2) ? 3 : 0;
  if (first >= 0xf0 && first <= 0xf4)
    return continues(1, first == 0xf0 ? 0x90 : 0x80, first == 0xf4 ? 0x8f : 0xbf) && continues(2) && continues(3) ? 4
                                                                                                                  : 0;
  return 0;
}

/// Calls f(character) for each; answers with where the text stops being UTF-8, its size where it does not.
template <class F>
std::size_t for_characters(std::string_view text, const F& f) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = character_at(text, at);
    if (size == 0) return at;
    f(text.substr(at, size));
    at += size;
  }
  return text.size();
}

void check_utf8(const char* name, std::string_view text, std::size_t end, SourceLocation where) {
  check(end == text.size(), where, name, ": the text must be UTF-8, but byte ", end, " begins no character of it.");
}

}  // namespace

std::string read_text(const std::string& path, SourceLocation where) {
  FileContents contents = read_file(path);
  auto refuse = [&](std::size_t at, const std::string& problem) {
    const auto begin = contents.bytes.begin(), end = begin + static_cast<std::ptrdiff_t>(at);
    throw FileError(path, 1 + std::count(begin, end, '\n'), 0, with_place(problem + ".", where));
  };
  if (!contents.problem.empty()) refuse(contents.bytes.size(), contents.problem);
  const std::size_t end = for_characters(contents.bytes, [](std::string_view) {});
  if (end != contents.bytes.size())
    refuse(end, concat("a text must be UTF-8, but byte ", end, " begins no character of it"));
  return std::move(contents.bytes);
}

Characters::Characters(const std::string& text, SourceLocation where) {
  // By first bytes, then as a whole: UTF-8 sorts as its code points do.
  bool is_plain[0x80] = {};
  std::vector<std::string> others;
  const std::size_t end = for_characters(text, [&](std::string_view character) {
    if (character.size() == 1)
      is_plain[static_cast<unsigned char>(character[0])] = true;
    else
      others.emplace_back(character);
  });
  check_utf8("Characters", text, end, where);
  for (int i = 0; i < 0x80; ++i)
    if (is_plain[i]) characters_.emplace_back(1, static_cast<char>(i));
  std::sort(others.begin(), others.end(), [](const std::string& a, const std::string& b) {
    return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
      return static_cast<unsigned char>(x) < static_cast<unsigned char>(y);
    });
  });
  others.erase(std::unique(others.begin(), others.end()), others.end());
  characters_.insert(characters_.end(), others.begin(), others.end());
}

Tensor Characters::encode(const std::string& text, SourceLocation where) const {
  const auto less = [](const std::string& a, std::string_view b) { return std::string_view(a).compare(b) < 0; };
  std::vector<std::int64_t> numbers;
  numbers.reserve(text.size());
  std::int64_t of_plain[0x80];
  std::fill(std::begin(of_plain), std::end(of_plain), -1);
  for (std::size_t i = 0; i < characters_.size(); ++i)
    if (characters_[i].size() == 1)
      of_plain[static_cast<unsigned char>(characters_[i][0])] = static_cast<std::int64_t>(i);
  const std::size_t end = for_characters(text, [&](std::string_view character) {
    std::int64_t number = -1;
    if (character.size() == 1) {
      number = of_plain[static_cast<unsigned char>(character[0])];
    } else {
      const auto at = std::lower_bound(characters_.begin(), characters_.end(), character, less);
      if (at != characters_.end() && *at == character) number = at - characters_.begin();
    }
    check(number >= 0, where, "Characters: each character must be among the ", count(), " known ones, but '", character,
          "' is not.");
    numbers.push_back(number);
  });
  check_utf8("Characters", text, end, where);
  return from_vector(numbers);
}

std::string Characters::decode(const Tensor& numbers, SourceLocation where) const {
  check(numbers.dtype() == DType::int64, where, "Characters: numbers must be int64, but they are ", numbers.dtype(),
        ".");
  std::string text;
  for (std::int64_t number : numbers.to_vector<std::int64_t>()) {
    check<std::out_of_range>(0 <= number && number < count(), where, "Characters: numbers must be in [0, ", count(),
                             "), but one is ", number, ".");
    text += characters_[static_cast<std::size_t>(number)];
  }
  return text;
}

}  // namespace data
}  // namespace xgrad
