#include "table.hpp"

#include <algorithm>
#include <cstdio>

#include "columns.hpp"

namespace xgrad::train::detail {

TextTable::TextTable(std::vector<std::string> heads, std::vector<int> at_right) : at_right_(std::move(at_right)) {
  rows_.push_back(std::move(heads));
  rows_.emplace_back();
}

std::string TextTable::text() const {
  std::vector<std::size_t> widths(at_right_.size(), 0);
  for (const auto& row : rows_)
    for (std::size_t k = 0; k < row.size(); ++k) widths[k] = std::max(widths[k], columns_of(row[k]));
  std::size_t all = 0;
  for (std::size_t width : widths) all += width + 2;
  std::string out;
  for (const auto& row : rows_) {
    if (row.empty()) {
      out += std::string(all - 2, '-') + '\n';
      continue;
    }
    std::string line;
    for (std::size_t k = 0; k < row.size(); ++k) {
      const std::string space(widths[k] - columns_of(row[k]), ' ');
      line += at_right_[k] != 0 ? space + row[k] : row[k] + space;
      line += "  ";
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + '\n';
  }
  return out;
}

std::string grouped(std::int64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3 + (text[0] == '-' ? 1u : 0u);) text.insert(at -= 3, ",");
  return text;
}

std::string bytes_text(std::int64_t bytes) {
  if (bytes < 1024) return std::to_string(bytes) + " B";
  const char* const units[] = {"KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes) / 1024;
  int unit = 0;
  for (; value >= 1024 && unit < 3; ++unit) value /= 1024;
  char text[64];
  std::snprintf(text, sizeof text, "%.1f %s", value, units[unit]);
  return text;
}

}  // namespace xgrad::train::detail
