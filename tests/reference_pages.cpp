// docs/reference, made by scripts/reference.sh, is complete: nothing is blank, each operator and enumeration has its place.
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "catch.hpp"
#include "pages.hpp"

using xgrad::testing::read_file;
using xgrad::testing::source_dir;

namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

/// The cells of a row of a table, without the blanks around them. A bar after a backslash is part of its cell.
std::vector<std::string> cells_of(const std::string& row) {
  std::vector<std::string> cells(1);
  for (std::size_t i = 1; i < row.size(); ++i) {
    if (row[i] == '|' && row[i - 1] != '\\')
      cells.emplace_back();
    else
      cells.back() += row[i];
  }
  cells.pop_back();
  for (std::string& cell : cells) {
    std::size_t first = cell.find_first_not_of(' ');
    cell = first == cell.npos ? "" : cell.substr(first, cell.find_last_not_of(' ') - first + 1);
  }
  return cells;
}

/// The files of a folder with this ending, as paths in the repository.
std::vector<std::string> files_of(const std::string& folder, const std::string& ending) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(source_dir()) / folder))
    if (entry.path().extension() == ending) files.push_back(folder + "/" + entry.path().filename().string());
  return files;
}

std::string all_pages() {
  std::string text;
  for (const std::string& page : files_of("docs/reference", ".md")) text += read_file(page);
  return text;
}

}  // namespace

TEST_CASE("no label and no default in docs/reference is blank", "[reference][docs]") {
  for (const std::string& page : files_of("docs/reference", ".md")) {
    INFO(page);
    for (const std::string& line : lines_of(read_file(page))) {
      INFO(line);
      if (line.starts_with("- **")) CHECK(line.find("**: ") + 4 < line.size());
      std::vector<std::string> cells = line.starts_with("| ") ? cells_of(line) : std::vector<std::string>();
      // The last cell is a note, which may be missing.
      for (std::size_t i = 0; i + 1 < cells.size(); ++i) CHECK_FALSE(cells[i].empty());
    }
  }
}

TEST_CASE("each row of names.md says what NumPy and PyTorch have", "[reference][docs]") {
  int rows = 0;
  for (const std::string& line : lines_of(read_file("docs/reference/names.md"))) {
    if (line.starts_with("## ")) break;
    if (!line.starts_with("| [")) continue;
    INFO(line);
    std::vector<std::string> cells = cells_of(line);
    REQUIRE(cells.size() == 3);
    CHECK_FALSE(cells[1].empty());
    CHECK_FALSE(cells[2].empty());
    ++rows;
  }
  CHECK(rows > 400);
}

TEST_CASE("what has misled users stands in names.md", "[reference][docs]") {
  const std::string names = read_file("docs/reference/names.md");
  for (const char* said :
       {"`eq`; its `equal` is one bool", "of an even number the mean of the middle two", "with `ddof=0`",
        "which reverses all axes", "whose number is how many pieces", "its own default is 'xy'",
        "of which `dim=()` reduces all axes", "nn.functional.mse_loss", "nn.functional.l1_loss", "nn.functional.linear",
        "nn.functional.logsigmoid", "`x.clone()`", "`x.T`", "`randperm`"}) {
    INFO(said);
    CHECK(names.find(said) != names.npos);
  }
  CHECK(names.find("append_text") == names.npos);
}

TEST_CASE("the pages of the reference have every enumeration and what index.hpp declares", "[reference][docs]") {
  const std::string pages = all_pages();
  const std::string kStart = "enum class ";
  for (const char* folder : {"autograd/ops", "optim", "optim/schedule", "data", "io", "train", "nn/layers"})
    for (const std::string& header : files_of(folder, ".hpp"))
      for (const std::string& line : lines_of(read_file(header))) {
        if (!line.starts_with(kStart)) continue;  // those in classes are indented: part of their class
        std::string name = line.substr(kStart.size(), line.find_first_of(" :{", kStart.size()) - kStart.size());
        INFO(header << ": " << name);
        CHECK((pages.find(" enum " + name + "\n") != pages.npos || pages.find("::" + name + "\n") != pages.npos));
      }
  for (const char* heading :
       {"\n## get\n", "\n## gather\n", "\n## one_hot\n", "\n### optim::AdamOptions\n", "\n### data::BatchOptions\n"}) {
    INFO(heading);
    CHECK(pages.find(heading) != pages.npos);
  }
}
