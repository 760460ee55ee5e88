// Tables for a terminal.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace xgrad::train::detail {

/// Columns as wide as their widest cell.
class TextTable {
 public:
  /// The heads of the columns, and by column whether its cells are aligned to the right.
  TextTable(std::vector<std::string> heads, std::vector<int> at_right);
  void row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  /// A line across.
  void rule() { rows_.emplace_back(); }
  std::string text() const;

 private:
  std::vector<int> at_right_;
  std::vector<std::vector<std::string>> rows_;
};

/// "1,234,567"
std::string grouped(std::int64_t number);
/// "1.5 MiB"
std::string bytes_text(std::int64_t bytes);

}  // namespace xgrad::train::detail
