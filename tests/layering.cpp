// The house has floors, and includes point down: reads every #include line of the library and compares it with one list.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "source_dir.hpp"

namespace {

namespace fs = std::filesystem;

const fs::path kRoot = xgrad::testing::source_dir();

/// A floor's folders ("autograd/simd/": what stands in it and below), and single headers with their .cpp
/// ("autograd/tensor"). The longest entry that fits a file decides.
using Floor = std::vector<std::string_view>;

/// The floors, lowest first. A file includes what stands on its own floor or below.
const std::vector<Floor> kFloors = {
    {"autograd/config", "autograd/version", "autograd/dtype", "autograd/default_dtype", "autograd/shape",
     "autograd/error", "autograd/function", "autograd/hidden", "autograd/hooks", "autograd/number", "autograd/base/",
     "autograd/memory", "autograd/threads"},
    {"autograd/simd/"},
    {"autograd/tensor", "autograd/tensor_impl", "autograd/print", "autograd/grad_mode", "autograd/random",
     "autograd/random_state", "autograd/random_process"},
    {"autograd/kernels/"},
    {"autograd/engine/", "autograd/rule", "autograd/extend"},
    {"autograd/ops/detail/"},
    {"autograd/ops/", "autograd/ops"},
    {"autograd/"},  // grad, functional, map, each, xtensor
    {"autograd/check/"},
    {"nn/", "optim/", "data/"},
    {"io/"},
    {"train/"},
};

/// Folders of one floor that know nothing of each other.
const std::vector<std::string_view> kStrangers = {"nn/", "optim/", "data/"};

/// An include that runs up, and why it may.
struct Exception {
  std::string_view file;
  std::string_view header;
  std::string_view reason;
};
const std::vector<Exception> kExceptions = {};

/// Folders whose headers are nobody's interface: a public header of another folder includes them only where it is a
/// template whose body needs them.
const std::vector<std::string_view> kInternal = {"autograd/base/",
                                                 "autograd/engine/",
                                                 "autograd/kernels/",
                                                 "autograd/ops/activation/",
                                                 "autograd/ops/arithmetic/",
                                                 "autograd/ops/detail/",
                                                 "autograd/ops/exponential/",
                                                 "autograd/ops/index/",
                                                 "autograd/ops/interpolation/",
                                                 "autograd/ops/linalg/",
                                                 "autograd/ops/loss/",
                                                 "autograd/ops/movement/",
                                                 "autograd/ops/products/",
                                                 "autograd/ops/reduce/",
                                                 "autograd/ops/scatter/",
                                                 "autograd/ops/sort/",
                                                 "autograd/ops/special/",
                                                 "autograd/ops/trigonometric/",
                                                 "data/detail/",
                                                 "nn/detail/",
                                                 "optim/detail/",
                                                 "io/detail/",
                                                 "train/detail/"};
const std::vector<std::pair<std::string_view, std::string_view>> kTemplates = {
    {"autograd/map.hpp", "autograd/base/launch.hpp"},
    {"autograd/map.hpp", "autograd/kernels/elementwise.hpp"},
    {"autograd/each.hpp", "autograd/kernels/elementwise.hpp"},
    {"autograd/xtensor.hpp", "autograd/base/xt.hpp"},
    {"autograd/xtensor.hpp", "autograd/tensor_impl.hpp"},
    {"autograd/function.hpp", "autograd/base/ref.hpp"},
    {"nn/containers.hpp", "autograd/base/substitution.hpp"},
    {"autograd/hooks.hpp", "autograd/base/ref.hpp"},
    {"nn/module.hpp", "autograd/base/ref.hpp"},
};

bool starts_with(std::string_view text, std::string_view start) { return text.substr(0, start.size()) == start; }
template <class List>
bool stands_in(std::string_view file, const List& folders) {
  return std::any_of(folders.begin(), folders.end(),
                     [&](std::string_view folder) { return starts_with(file, folder); });
}
bool is_internal(std::string_view file) {
  return stands_in(file, kInternal) || file == "autograd/tensor_impl.hpp" || file == "autograd/random_process.hpp";
}

/// The file's floor, counted from the lowest; -1 for a file that is not the library's.
int floor_of(std::string_view file) {
  std::size_t longest = 0;
  int found = -1;
  std::string_view stem = file.substr(0, file.rfind('.'));
  for (std::size_t floor = 0; floor < kFloors.size(); ++floor)
    for (std::string_view entry : kFloors[floor])
      if (entry.size() > longest && (entry.ends_with('/') ? starts_with(file, entry) : stem == entry)) {
        longest = entry.size();
        found = static_cast<int>(floor);
      }
  return found;
}

/// What is wrong with `file` including `header` (both by their paths from the root); empty when nothing is.
std::string violation(std::string_view file, std::string_view header) {
  if (floor_of(header) < 0) {
    bool is_xtensor = starts_with(header, "xtensor") || starts_with(header, "xtl/") || starts_with(header, "xflens");
    if (is_xtensor && file != "autograd/base/xt.hpp" && file != "autograd/kernels/lapack.cpp")
      return "only the bridge and the LAPACK kernels include xtensor";
    if ((header.ends_with("intrin.h") || header == "arm_neon.h") &&
        !stands_in(file, std::vector<std::string_view>{"autograd/simd/", "autograd/kernels/"}))
      return "only autograd/simd/ and autograd/kernels/ include intrinsics";
    if (header == "cblas.h" && !starts_with(file, "autograd/kernels/"))
      return "only autograd/kernels/ includes cblas.h";
    return "";
  }
  for (const Exception& exception : kExceptions)
    if (file == exception.file && header == exception.header) return "";
  if (floor_of(header) > floor_of(file)) return "the header stands on a higher floor";
  for (std::string_view mine : kStrangers)
    for (std::string_view other : kStrangers)
      if (mine != other && starts_with(file, mine) && starts_with(header, other))
        return "these folders know nothing of each other";
  if (starts_with(file, "nn/") && starts_with(header, "autograd/") && is_internal(header) &&
      !starts_with(header, "autograd/base/"))
    return "nn sees the face of autograd alone";
  if (file.ends_with(".hpp") && !is_internal(file) && is_internal(header) &&
      std::find(kTemplates.begin(), kTemplates.end(), std::pair(file, header)) == kTemplates.end())
    return "a public header includes no internal one";
  return "";
}

struct Include {
  std::string written;  // as it stands between the quotes
  std::string header;   // from the root, for a header of the library
};

std::vector<Include> includes_of(const fs::path& file) {
  static const std::regex kInclude(R"(^\s*#\s*include\s*([<"])([^>"]+)[>"])");
  std::vector<Include> includes;
  std::ifstream in(kRoot / file);
  for (std::string line; std::getline(in, line);) {
    std::smatch match;
    if (!std::regex_search(line, match, kInclude)) continue;
    std::string written = match[2], header = written;
    if (match[1] == "\"") header = (file.parent_path() / written).lexically_normal().generic_string();
    includes.push_back({written, header});
  }
  return includes;
}

/// Every .hpp and .cpp of the library, by its path from the root.
std::vector<std::string> library_files() {
  std::vector<std::string> files;
  for (std::string_view folder : {"autograd", "nn", "optim", "data", "io", "train"}) {
    if (!fs::exists(kRoot / folder)) continue;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(kRoot / folder))
      if (entry.path().extension() == ".hpp" || entry.path().extension() == ".cpp")
        files.push_back(fs::relative(entry.path(), kRoot).generic_string());
  }
  return files;
}

}  // namespace

TEST_CASE("every include points down", "[layering]") {
  std::vector<std::string> files = library_files();
  REQUIRE(files.size() > 100);
  for (const std::string& file : files) {
    CHECK(floor_of(file) >= 0);
    for (const Include& include : includes_of(file)) {
      INFO(file << " includes " << include.header);
      CHECK(violation(file, include.header) == "");
    }
  }
}

TEST_CASE("what a marked header declares is defined in a marked block", "[layering]") {
  // Else a library made by clang++, which looks at the block of the definition, would hide it.
  auto lines_of = [](const fs::path& file) {
    std::vector<std::string> lines;
    std::ifstream in(kRoot / file);
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
  };
  auto is_marked = [&](const fs::path& header) {
    std::vector<std::string> lines = lines_of(header);
    return std::find(lines.begin(), lines.end(), "namespace xgrad XGRAD_API {") != lines.end();
  };
  for (const std::string& file : library_files()) {
    if (!file.ends_with(".cpp")) continue;
    fs::path own = fs::path(file).replace_extension(".hpp");
    fs::path folders = fs::path(file).parent_path().replace_extension(".hpp");
    if (!is_marked(fs::exists(kRoot / own) ? own : folders)) continue;
    for (const std::string& line : lines_of(file)) {
      INFO(file << ": " << line << " (write namespace xgrad XGRAD_API {, and inner namespaces by themselves)");
      CHECK((!starts_with(line, "namespace xgrad") || line == "namespace xgrad XGRAD_API {"));
    }
  }
}

TEST_CASE("no header includes itself by way of others", "[layering]") {
  std::map<std::string, std::vector<std::string>> edges;
  for (const std::string& file : library_files())
    for (const Include& include : includes_of(file))
      if (floor_of(include.header) >= 0) edges[file].push_back(include.header);
  std::set<std::string> done, open;
  auto visit = [&](auto& self, const std::string& file) -> void {
    if (done.count(file) != 0) return;
    INFO(file);
    CHECK(open.insert(file).second);
    for (const std::string& next : edges[file])
      if (open.count(next) == 0 || done.count(next) == 0) {
        INFO(file << " includes " << next);
        CHECK(open.count(next) == 0);
        if (open.count(next) == 0) self(self, next);
      }
    open.erase(file);
    done.insert(file);
  };
  for (const std::string& file : library_files()) visit(visit, file);
}

// A user's own nn/module.hpp, first on his include path, must not be taken for ours.
TEST_CASE("the library includes its own headers by relative paths that exist", "[layering]") {
  for (const std::string& file : library_files())
    for (const Include& include : includes_of(file)) {
      INFO(file << " includes " << include.written);
      bool is_own_by_root = fs::exists(kRoot / "include/xgrad" / include.written) &&
                            include.written == include.header && include.written.find('/') != include.written.npos;
      CHECK_FALSE((is_own_by_root && !fs::exists((kRoot / file).parent_path() / include.written)));
      if (floor_of(include.header) >= 0) CHECK(fs::exists(kRoot / include.header));
      // Dependency files shorten x/../y by text, so that the header must be found from include/xgrad too.
      if (floor_of(include.header) >= 0) CHECK(fs::exists(kRoot / "include/xgrad" / include.header));
    }
}

TEST_CASE("a header's functions are defined in the .cpp of its name, which includes it first", "[layering]") {
  for (const std::string& file : library_files()) {
    if (!file.ends_with(".cpp")) continue;
    fs::path header = fs::path(file).replace_extension(".hpp");
    if (!fs::exists(kRoot / header)) continue;
    INFO(file);
    std::vector<Include> includes = includes_of(file);
    REQUIRE(!includes.empty());
    CHECK(includes[0].header == header.generic_string());
  }
}

TEST_CASE("the folder of public headers holds nothing but xgrad", "[layering]") {
  std::set<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(kRoot / "include"))
    names.insert(entry.path().filename().string());
  CHECK(names == std::set<std::string>{"xgrad", "xgrad.hpp"});
}

TEST_CASE("the umbrella contains includes only, and keeps xtensor away", "[layering]") {
  std::ifstream in(kRoot / "include/xgrad/xgrad.hpp");
  std::vector<std::string> left;
  for (std::string line; std::getline(in, line);) {
    INFO(line);
    CHECK((line.empty() || starts_with(line, "//") || line == "#pragma once" || starts_with(line, "#include \"")));
    if (starts_with(line, "#include \"")) left.push_back(line.substr(10, line.size() - 11));
  }
  REQUIRE(left.size() > 10);
  std::set<std::string> reached;
  while (!left.empty()) {
    std::string header = left.back();
    left.pop_back();
    if (!reached.insert(header).second || floor_of(header) < 0) continue;
    REQUIRE(fs::exists(kRoot / header));
    for (const Include& include : includes_of(header)) left.push_back(include.header);
  }
  for (const std::string& header : reached) CHECK_FALSE(starts_with(header, "xtensor"));
}

/// Files whose kernels are still lambdas, and why.
const std::vector<std::pair<std::string_view, std::string_view>> kLambdaKernels = {
    {"optim/optimizer.cpp", "the parameters of an optimizer are updated by the user's code"},
};

/// The text of a call's arguments, from its opening parenthesis on.
std::string arguments_at(const std::string& text, std::size_t open) {
  int depth = 0;
  for (std::size_t i = open; i < text.size(); ++i) {
    depth += text[i] == '(' ? 1 : text[i] == ')' ? -1 : 0;
    if (depth == 0) return text.substr(open, i + 1 - open);
  }
  return "";
}

// What touches elements goes through launch() with a plain struct, or is a formula that captures by value.
TEST_CASE("no kernel is a lambda that captures by reference", "[layering]") {
  static const std::regex kCall(R"(\b(parallel_for|compute|compute_into|vectorize)\s*(<[^;(]*>)?\()");
  static const std::regex kByReference(R"(\[(&|[^\]\n]*, ?&)[^\]\n]*\]\s*[(<{])");
  for (const std::string& file : library_files()) {
    if (starts_with(file, "autograd/base/")) continue;
    if (std::any_of(kLambdaKernels.begin(), kLambdaKernels.end(), [&](const auto& each) { return each.first == file; }))
      continue;
    std::ifstream in(kRoot / file);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    for (std::sregex_iterator call(text.begin(), text.end(), kCall), end; call != end; ++call) {
      const std::string arguments = arguments_at(text, static_cast<std::size_t>(call->position() + call->length()) - 1);
      INFO(file << ": " << call->str() << arguments.substr(0, 200));
      CHECK_FALSE(std::regex_search(arguments, kByReference));
      CHECK((*call)[1] != "parallel_for");
    }
  }
}

TEST_CASE("each kind of violation is seen", "[layering]") {
  CHECK(violation("optim/adam.hpp", "nn/module.hpp") != "");
  CHECK(violation("optim/adam.cpp", "nn/module.hpp") != "");
  CHECK(violation("nn/layers/dense.cpp", "optim/sgd.hpp") != "");
  CHECK(violation("autograd/grad.cpp", "nn/module.hpp") != "");
  CHECK(violation("autograd/shape.hpp", "autograd/tensor.hpp") != "");
  CHECK(violation("autograd/shape.cpp", "autograd/tensor.hpp") != "");
  CHECK(violation("autograd/tensor.cpp", "autograd/ops/create.hpp") != "");
  CHECK(violation("autograd/base/allocator.cpp", "autograd/tensor_impl.hpp") != "");
  CHECK(violation("autograd/simd/math.hpp", "autograd/tensor.hpp") != "");
  CHECK(violation("autograd/kernels/reduce.hpp", "autograd/extend.hpp") != "");
  CHECK(violation("autograd/kernels/matmul.cpp", "autograd/ops/products.hpp") != "");
  CHECK(violation("autograd/engine/node.cpp", "autograd/ops/create.hpp") != "");
  CHECK(violation("autograd/ops/detail/reduction.hpp", "autograd/ops/movement.hpp") != "");
  CHECK(violation("autograd/ops/reduce.hpp", "autograd/grad.hpp") != "");
  CHECK(violation("autograd/grad.hpp", "autograd/check/gradcheck.hpp") != "");
  CHECK(violation("autograd/functional.cpp", "autograd/check/derivative_of_order.hpp") != "");
  CHECK(violation("autograd/tensor.hpp", "autograd/engine/node.hpp") != "");
  CHECK(violation("autograd/map.hpp", "autograd/engine/node.hpp") != "");
  CHECK(violation("nn/layers/dense.hpp", "autograd/kernels/elementwise.hpp") != "");
  CHECK(violation("nn/layers/dense.hpp", "autograd/tensor_impl.hpp") != "");
  CHECK(violation("nn/layers/dense.hpp", "io/checkpoint.hpp") != "");
  CHECK(violation("nn/module.cpp", "autograd/engine/node.hpp") != "");
  CHECK(violation("nn/copy.cpp", "autograd/tensor_impl.hpp") != "");
  CHECK(violation("io/checkpoint.hpp", "train/log.hpp") != "");
  CHECK(violation("autograd/ops/products/matmul.cpp", "xtensor-blas/xlinalg.hpp") != "");
  CHECK(violation("autograd/xtensor.hpp", "xtensor/xarray.hpp") != "");
  CHECK(violation("nn/layers/dense.cpp", "cblas.h") != "");
  CHECK(violation("autograd/ops/products/matmul.cpp", "immintrin.h") != "");

  CHECK(violation("autograd/map.hpp", "autograd/kernels/elementwise.hpp") == "");
  CHECK(violation("autograd/map.hpp", "autograd/simd/dual.hpp") == "");
  CHECK(violation("autograd/function.hpp", "autograd/base/ref.hpp") == "");
  CHECK(violation("nn/module.hpp", "autograd/base/ref.hpp") == "");
  CHECK(violation("autograd/simd/register.hpp", "immintrin.h") == "");
  CHECK(violation("autograd/xtensor.hpp", "autograd/base/xt.hpp") == "");
  CHECK(violation("autograd/base/xt.hpp", "xtensor/xarray.hpp") == "");
  CHECK(violation("autograd/ops/reduce/sum.cpp", "autograd/ops/movement.hpp") == "");
  CHECK(violation("nn/layers/dense.hpp", "autograd/ops.hpp") == "");
  CHECK(violation("optim/adam.hpp", "autograd/each.hpp") == "");
  CHECK(violation("io/checkpoint.cpp", "optim/optimizer.hpp") == "");
}
