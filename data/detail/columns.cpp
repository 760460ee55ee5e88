#include "columns.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "lines.hpp"

namespace xgrad {
namespace data {
namespace detail {
namespace {

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

}  // namespace

std::string in_columns(const std::vector<std::vector<std::string>>& lines, const std::vector<bool>& to_the_right) {
  std::vector<std::size_t> widths(to_the_right.size());
  for (const auto& line : lines)
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], width_of(line[i]));
  std::string text;
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) {
      const std::string room(widths[i] - width_of(line[i]), ' ');
      const bool last = i + 1 == line.size();
      text += to_the_right[i] ? room + line[i] : line[i] + (last ? "" : room);
      text += last ? "\n" : "  ";
    }
  }
  return text;
}

std::string short_number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, std::abs(value) < 1e9 && value == std::floor(value) ? "%.0f" : "%.4g", value);
  return text;
}

std::string digits_of(double value, bool is_float) {
  char text[64];
  const auto end = is_float ? std::to_chars(text, text + sizeof text, static_cast<float>(value)).ptr
                            : std::to_chars(text, text + sizeof text, value).ptr;
  return std::string(text, end);
}

std::string short_text(std::string_view text, std::size_t most) {
  std::string result = shown(text);
  if (result.size() <= most) return result;
  result.resize(most);
  while (!result.empty() && (result.back() & 0x80) != 0) result.pop_back();
  return result + "...";
}

}  // namespace detail
}  // namespace data
}  // namespace xgrad
