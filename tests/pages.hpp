// Pages show code that exists: each block of theirs stands in a source file, too.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "source_dir.hpp"

namespace xgrad::testing {

/// A file of the repository.
inline std::string read_file(const std::string& path) {
  std::ifstream in(std::filesystem::path(source_dir()) / path);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// The blocks of C++ in a page, in order.
inline std::vector<std::string> code_blocks(const std::string& page) {
  const std::string kStart = "```cpp\n";
  std::vector<std::string> blocks;
  for (std::size_t at = page.find(kStart); at != page.npos; at = page.find(kStart, at)) {
    at += kStart.size();
    blocks.push_back(page.substr(at, page.find("```", at) - at));
  }
  return blocks;
}

/// The lines without the blanks before them: a page shows the inside of a function.
inline std::string without_indentation(const std::string& text) {
  std::istringstream in(text);
  std::string result;
  for (std::string line; std::getline(in, line);) {
    std::size_t begin = line.find_first_not_of(' ');
    result += (begin == line.npos ? "" : line.substr(begin)) + '\n';
  }
  return result;
}

/// Blocks of the page that are in none of the source files; the page itself when it has none.
inline std::vector<std::string> blocks_missing(const std::string& page, const std::vector<std::string>& sources) {
  std::vector<std::string> blocks = code_blocks(read_file(page)), missing;
  if (blocks.empty()) missing.push_back(page + " has no code");
  std::string code;
  for (const std::string& source : sources) code += without_indentation(read_file(source));
  for (const std::string& block : blocks)
    if (code.find(without_indentation(block)) == code.npos) missing.push_back(block);
  return missing;
}

}  // namespace xgrad::testing
