#include "escape.hpp"

#include <cstdint>

namespace xgrad {
namespace data {
namespace detail {
namespace {

constexpr char kDigits[] = "0123456789abcdef";

int digit(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; }

}  // namespace

std::size_t character_size(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const std::uint32_t first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < size) return 0;
  std::uint32_t code = first & (0x7fu >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
    code = code << 6 | (byte(i) & 0x3fu);
  }
  constexpr std::uint32_t kLowest[] = {0, 0, 0x80, 0x800, 0x10000};
  return code < kLowest[size] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ? 0 : size;
}

std::string escaped(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const std::size_t size = character_size(text);
    const auto byte = static_cast<unsigned char>(text[0]);
    if (text[0] == '\\')
      result += "\\\\";
    else if (text[0] == '\n')
      result += "\\n";
    else if (size == 0 || byte < 0x20 || byte == 0x7f)
      result += {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
    else
      result += text.substr(0, size);
    text.remove_prefix(size == 0 ? 1 : size);
  }
  return result;
}

bool unescape(std::string_view text, std::string& plain) {
  plain.clear();
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') return false;
    if (text[i] != '\\') {
      plain += text[i];
    } else if (text.substr(i, 2) == "\\\\" || text.substr(i, 2) == "\\n") {
      plain += text[++i] == 'n' ? '\n' : '\\';
    } else {
      if (i + 3 >= text.size() || text[i + 1] != 'x' || digit(text[i + 2]) < 0 || digit(text[i + 3]) < 0) return false;
      plain += static_cast<char>(16 * digit(text[i + 2]) + digit(text[i + 3]));
      i += 3;
    }
  }
  return true;
}

std::string joined(const std::vector<std::string>& strings) {
  std::string text;
  for (const std::string& each : strings) text += escaped(each) + '\n';
  return text;
}

bool take_apart(std::string_view text, std::vector<std::string>& strings) {
  strings.clear();
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end == text.npos || !unescape(text.substr(0, end), strings.emplace_back())) return false;
    text.remove_prefix(end + 1);
  }
  return true;
}

}  // namespace detail
}  // namespace data
}  // namespace xgrad
