// Dependencies point one way: reads every #include line of the library and compares it with the rules of the house.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tests/catch.hpp"

namespace {

namespace fs = std::filesystem;

const fs::path kRoot = XGRAD_SOURCE_DIR;

/// Which folders a folder's files may include, besides their own.
struct FolderRule {
  std::string_view folder;
  std::vector<std::string_view> may_include;
};
const std::vector<FolderRule> kFolders = {
    {"autograd", {}},
    {"nn", {"autograd"}},
    {"optim", {"autograd"}},
    {"data", {"autograd"}},
    {"io", {"autograd", "nn", "optim"}},
};

bool starts_with(std::string_view text, std::string_view start) { return text.substr(0, start.size()) == start; }
bool is_internal(std::string_view path) { return path.find("/internal/") != path.npos; }
bool is_public_header(std::string_view path) { return path.ends_with(".hpp") && !is_internal(path); }

std::string_view folder_of(std::string_view path) {
  std::size_t slash = path.find('/');
  return slash == path.npos ? std::string_view() : path.substr(0, slash);
}

/// Height of a header of autograd/ in the house: a header includes none that stands higher.
int layer_of(std::string_view header) {
  static const std::vector<std::vector<std::string_view>> kLayers = {
      {"autograd/dtype.hpp", "autograd/shape.hpp", "autograd/error.hpp", "autograd/function.hpp", "autograd/number.hpp",
       "autograd/version.hpp"},
      {"autograd/tensor.hpp", "autograd/memory.hpp", "autograd/threads.hpp"},
      {"autograd/rule.hpp", "autograd/extend.hpp", "autograd/internal/"},
      {"autograd/ops", "autograd/dual.hpp", "autograd/each.hpp", "autograd/map.hpp"},
      {"autograd/grad.hpp"},
  };
  for (std::size_t layer = 0; layer < kLayers.size(); ++layer)
    for (std::string_view start : kLayers[layer])
      if (starts_with(header, start)) return static_cast<int>(layer);
  return static_cast<int>(kLayers.size());  // functional, gradcheck and whatever else stands on everything
}

/// What is wrong with `file` including `header`; empty when nothing is.
std::string violation(std::string_view file, std::string_view header) {
  bool is_own = std::any_of(kFolders.begin(), kFolders.end(),
                            [&](const FolderRule& rule) { return folder_of(header) == rule.folder; });
  if (!is_own) {
    bool is_xtensor = starts_with(header, "xtensor") || starts_with(header, "xtl/") || starts_with(header, "xflens");
    if (is_xtensor && file != "autograd/internal/xt.hpp") return "only autograd/internal/xt.hpp includes xtensor";
    if ((header.ends_with("intrin.h") || header == "arm_neon.h") && !starts_with(file, "autograd/internal/"))
      return "only autograd/internal/ includes intrinsics";
    if (header == "cblas.h" && !starts_with(file, "autograd/internal/"))
      return "only autograd/internal/ includes cblas.h";
    return "";
  }

  for (const FolderRule& rule : kFolders)
    if (folder_of(file) == rule.folder && folder_of(header) != rule.folder &&
        std::find(rule.may_include.begin(), rule.may_include.end(), folder_of(header)) == rule.may_include.end())
      return std::string(rule.folder) + "/ does not depend on " + std::string(folder_of(header)) + "/";

  if (is_public_header(file) && is_internal(header)) {
    bool is_template = file == "autograd/map.hpp" || file == "autograd/each.hpp" || file == "autograd/dual.hpp";
    bool is_loop = header == "autograd/internal/vectorize.hpp" || header == "autograd/internal/simd.hpp";
    bool is_bridge = file == "autograd/xtensor.hpp";
    bool is_handle = file == "autograd/function.hpp" || file == "nn/module.hpp" || file == "nn/sequential.hpp";
    bool is_count = is_handle && header == "autograd/internal/ref.hpp";
    if (!(is_template && is_loop) && !is_bridge && !is_count) return "a public header includes nothing of internal/";
  } else if (is_public_header(file) && folder_of(file) == "autograd" && layer_of(header) > layer_of(file)) {
    return "this header stands above the one that includes it";
  }
  return "";
}

std::vector<std::string> includes_of(const fs::path& file) {
  static const std::regex kInclude(R"(^\s*#\s*include\s*[<"]([^>"]+)[>"])");
  std::vector<std::string> headers;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);)
    if (std::smatch match; std::regex_search(line, match, kInclude)) headers.push_back(match[1]);
  return headers;
}

std::vector<fs::path> library_files() {
  std::vector<fs::path> files;
  for (const FolderRule& rule : kFolders) {
    if (!fs::exists(kRoot / rule.folder)) continue;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(kRoot / rule.folder))
      if (entry.path().extension() == ".hpp" || entry.path().extension() == ".cpp") files.push_back(entry.path());
  }
  return files;
}

/// The headers that `header` brings in, itself included, following the project's own ones.
void collect(const std::string& header, std::set<std::string>& reached) {
  if (!reached.insert(header).second || !fs::exists(kRoot / header)) return;
  for (const std::string& next : includes_of(kRoot / header)) collect(next, reached);
}

}  // namespace

TEST_CASE("every include follows the rules of the house", "[layering]") {
  std::vector<fs::path> files = library_files();
  REQUIRE(files.size() > 20);
  for (const fs::path& path : files) {
    std::string file = fs::relative(path, kRoot).generic_string();
    for (const std::string& header : includes_of(path)) {
      INFO(file << " includes " << header);
      CHECK(violation(file, header) == "");
    }
  }
}

TEST_CASE("every header is included by its path from the root", "[layering]") {
  for (const fs::path& path : library_files())
    for (const std::string& header : includes_of(path))
      if (header.ends_with(".hpp") && fs::exists(path.parent_path() / header) && !fs::exists(kRoot / header))
        FAIL_CHECK(path << " includes " << header);
}

TEST_CASE("the umbrella contains includes only, and keeps xtensor away", "[layering]") {
  std::ifstream in(kRoot / "xgrad.hpp");
  for (std::string line; std::getline(in, line);) {
    INFO(line);
    CHECK((line.empty() || starts_with(line, "//") || line == "#pragma once" || starts_with(line, "#include \"")));
  }
  std::set<std::string> reached;
  collect("xgrad.hpp", reached);
  for (const std::string& header : reached) CHECK_FALSE(starts_with(header, "xtensor"));
}

TEST_CASE("each kind of violation is seen", "[layering]") {
  CHECK(violation("optim/adam.hpp", "nn/module.hpp") != "");
  CHECK(violation("optim/adam.cpp", "nn/module.hpp") != "");
  CHECK(violation("nn/dense.cpp", "optim/sgd.hpp") != "");
  CHECK(violation("autograd/grad.cpp", "nn/module.hpp") != "");
  CHECK(violation("autograd/shape.hpp", "autograd/tensor.hpp") != "");
  CHECK(violation("autograd/tensor.hpp", "autograd/ops/reduce.hpp") != "");
  CHECK(violation("autograd/ops/reduce.hpp", "autograd/grad.hpp") != "");
  CHECK(violation("autograd/grad.hpp", "autograd/gradcheck.hpp") != "");
  CHECK(violation("autograd/tensor.hpp", "autograd/internal/node.hpp") != "");
  CHECK(violation("autograd/map.hpp", "autograd/internal/node.hpp") != "");
  CHECK(violation("nn/dense.hpp", "autograd/internal/vectorize.hpp") != "");
  CHECK(violation("autograd/ops/linalg.cpp", "xtensor-blas/xlinalg.hpp") != "");
  CHECK(violation("autograd/xtensor.hpp", "xtensor/xarray.hpp") != "");
  CHECK(violation("nn/dense.cpp", "cblas.h") != "");
  CHECK(violation("nn/dense.cpp", "immintrin.h") != "");
  CHECK(violation("nn/dense.hpp", "autograd/internal/ref.hpp") != "");

  CHECK(violation("autograd/map.hpp", "autograd/internal/vectorize.hpp") == "");
  CHECK(violation("autograd/function.hpp", "autograd/internal/ref.hpp") == "");
  CHECK(violation("nn/module.hpp", "autograd/internal/ref.hpp") == "");
  CHECK(violation("autograd/internal/simd_register.hpp", "immintrin.h") == "");
  CHECK(violation("autograd/xtensor.hpp", "autograd/internal/xt.hpp") == "");
  CHECK(violation("autograd/internal/xt.hpp", "xtensor/xarray.hpp") == "");
  CHECK(violation("autograd/tensor.cpp", "autograd/ops/elementwise.hpp") == "");
  CHECK(violation("nn/dense.hpp", "autograd/ops.hpp") == "");
  CHECK(violation("optim/adam.hpp", "autograd/each.hpp") == "");
}
