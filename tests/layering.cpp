// The house has floors, and includes point down: reads every #include line of the library and compares it with one
// list.
#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <sstream>
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
     "autograd/error", "autograd/function", "autograd/hidden", "autograd/hooks", "autograd/number", "autograd/scalar",
     "autograd/base/", "autograd/memory", "autograd/threads"},
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

/// Folders whose headers are nobody's interface, besides those of the operators' families (autograd/ops/*/).
const std::vector<std::string_view> kInternal = {"autograd/base/", "autograd/engine/", "autograd/kernels/",
                                                 "data/detail/",   "nn/detail/",       "optim/detail/",
                                                 "io/detail/",     "train/detail/"};

/// Public headers that include internal ones, because templates or members in them need these, and what they need.
const std::vector<Exception> kTemplates = {
    {"autograd/map.hpp", "autograd/base/launch.hpp", "the kernel made of the user's formula starts itself"},
    {"autograd/map.hpp", "autograd/kernels/elementwise.hpp", "the user's formula becomes a kernel in his file"},
    {"autograd/each.hpp", "autograd/kernels/elementwise.hpp", "the user's formula becomes a kernel in his file"},
    {"autograd/xtensor.hpp", "autograd/base/xt.hpp", "the bridge is made of templates of xtensor's arrays"},
    {"autograd/xtensor.hpp", "autograd/tensor_impl.hpp", "arrays become storage, and storage arrays, without a copy"},
    {"autograd/function.hpp", "autograd/base/ref.hpp", "a Function shares its callable by a counted reference"},
    {"nn/containers.hpp", "autograd/base/substitution.hpp", "copies of a list share one, in clone() too"},
    {"autograd/hooks.hpp", "autograd/base/ref.hpp", "a HookHandle shares its list of hooks by a counted reference"},
    {"nn/module.hpp", "autograd/base/ref.hpp", "a Module is a handle: a counted reference"},
};

/// The folders that use autograd by its face, and each other's: what they include of the inside all the same, and for
/// what.
const std::vector<std::string_view> kUsers = {"nn/", "optim/", "data/", "io/", "train/"};
const std::vector<Exception> kInsides = {
    {"nn/detail/copy_plan.hpp", "autograd/base/substitution.hpp", "the plan of a copy is a Substitution"},
    {"nn/detail/registry.hpp", "autograd/base/fork_lock.hpp", "a lock that the child of a fork() does not wait for"},
    {"nn/module.cpp", "autograd/base/substitution.hpp", "a Module's copy asks what stands for its registry"},
    {"nn/sequential.cpp", "autograd/base/substitution.hpp", "copies of a Sequential share one list, in clone() too"},
    {"nn/state.cpp", "autograd/base/glob.hpp", "fits patterns to names"},
    {"optim/optimizer.cpp", "autograd/base/overlap.hpp", "where the elements of parameters lie, as no two share them"},
    {"optim/optimizer.cpp", "autograd/base/parallel.hpp", "updates of many small parameters share the threads"},
    {"optim/optimizer.cpp", "autograd/engine/node.hpp", "whether a closure has called backward() on its loss"},
    {"optim/optimizer.cpp", "autograd/kernels/elementwise.hpp", "kElementwiseGrain: which parameters are small"},
    {"optim/average.cpp", "autograd/tensor_impl.hpp", "check_writable(): refuses before it has written anything"},
    {"optim/detail/vectors.cpp", "autograd/base/launch.hpp", "a kernel for several dot products in one pass"},
    {"optim/detail/vectors.cpp", "autograd/tensor_impl.hpp", "the kernel's pointers"},
    {"data/standardizer.cpp", "autograd/base/launch.hpp", "a kernel that standardises in one pass, in float64"},
    {"data/standardizer.cpp", "autograd/tensor_impl.hpp", "the kernel's pointers, and a result without zeros first"},
    {"io/checkpoint.cpp", "optim/detail/json_tree.hpp", "reads JSON that is let go of without memory, as options are"},
    {"io/checkpoint.cpp", "optim/detail/restore.hpp", "puts back an optimizer and its schedule, all or nothing"},
    {"io/detail/array.cpp", "autograd/tensor_impl.hpp", "a file is read into a tensor's memory itself"},
    {"io/detail/file.cpp", "autograd/base/launch.hpp", "pieces of a file are read by several threads"},
    {"io/npy.cpp", "autograd/tensor_impl.hpp", "a tensor's memory is written as it is, whatever its dtype"},
    {"io/safetensors.cpp", "autograd/tensor_impl.hpp", "memory is read and written as it is, whatever its dtype"},
    {"train/audit.cpp", "autograd/engine/node.hpp", "looks for faults in the recorded graph"},
    {"train/audit.cpp", "autograd/engine/observer.hpp", "looks for faults in the operations of a step"},
    {"train/audit.cpp", "nn/detail/copy_plan.hpp", "audits the plan by which clone() copies"},
    {"train/classification.cpp", "data/detail/columns.hpp", "sets a report's columns as data prints its tables"},
    {"train/diagnose.cpp", "autograd/engine/observer.hpp", "takes down the operations of each layer"},
    {"train/folds.cpp", "autograd/base/allocator.hpp", "throws the allocator's OutOfMemory before a list too long"},
    {"train/summary.cpp", "autograd/engine/node.hpp", "counts what nodes keep for the backward pass"},
    {"train/summary.cpp", "autograd/engine/observer.hpp", "takes down the operations of each layer"},
};

bool is_listed(const std::vector<Exception>& list, std::string_view file, std::string_view header) {
  return std::any_of(list.begin(), list.end(),
                     [&](const Exception& each) { return each.file == file && each.header == header; });
}

bool starts_with(std::string_view text, std::string_view start) { return text.substr(0, start.size()) == start; }
template <class List>
bool stands_in(std::string_view file, const List& folders) {
  return std::any_of(folders.begin(), folders.end(),
                     [&](std::string_view folder) { return starts_with(file, folder); });
}
bool is_internal(std::string_view file) {
  constexpr std::string_view kOperators = "autograd/ops/";
  return stands_in(file, kInternal) ||
         (starts_with(file, kOperators) && file.find('/', kOperators.size()) != file.npos) ||
         file == "autograd/tensor_impl.hpp" || file == "autograd/random_process.hpp";
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
  if (is_listed(kExceptions, file, header)) return "";
  if (floor_of(header) > floor_of(file)) return "the header stands on a higher floor";
  for (std::string_view mine : kStrangers)
    for (std::string_view other : kStrangers)
      if (mine != other && starts_with(file, mine) && starts_with(header, other))
        return "these folders know nothing of each other";
  if (file.ends_with(".hpp") && !is_internal(file) && is_internal(header) && !is_listed(kTemplates, file, header))
    return "a public header includes no internal one";
  const std::string_view folder = file.substr(0, file.find('/') + 1);
  if (stands_in(file, kUsers) && is_internal(header) && !starts_with(header, folder) &&
      !is_listed(kTemplates, file, header) && !is_listed(kInsides, file, header))
    return "nn, optim, data, io and train see the faces of autograd and of each other alone";
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
    // By its installed name it is the same header, on the same floor.
    for (std::string_view root : {"include/", "xgrad/"})
      if (starts_with(header, root)) header = header.substr(root.size());
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

TEST_CASE("the library is made of .hpp and .cpp files, which are those that are read here", "[layering]") {
  for (std::string_view folder : {"autograd", "nn", "optim", "data", "io", "train"})
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(kRoot / folder)) {
      INFO(entry.path());
      CHECK((entry.is_directory() || entry.path().extension() == ".hpp" || entry.path().extension() == ".cpp"));
    }
}

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

TEST_CASE("each listed exception is needed, and has its reason", "[layering]") {
  for (const std::vector<Exception>* list : {&kExceptions, &kTemplates, &kInsides})
    for (const Exception& each : *list) {
      INFO(each.file << " includes " << each.header);
      CHECK(each.reason != "");
      const std::vector<Include> includes = includes_of(each.file);
      CHECK(std::any_of(includes.begin(), includes.end(),
                        [&](const Include& include) { return include.header == each.header; }));
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
      CHECK_FALSE(starts_with(include.written, "xgrad/"));
      CHECK(include.written.find("include/xgrad/") == include.written.npos);
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

/// Where elements are written in kernels alone, and the folders in there that kernels are made of, or that compare
/// numbers.
const std::vector<std::string_view> kWithKernels = {"autograd/", "nn/", "optim/"};
const std::vector<std::string_view> kOfKernels = {"autograd/base/", "autograd/check/", "autograd/kernels/",
                                                  "autograd/simd/"};

/// What is written outside of kernels all the same, or looks like it: the file, what stands in the line, and why.
const std::vector<Exception> kHostWrites = {
    {"autograd/engine/node.cpp", "to[first++] = extent", "extents, not elements"},
    {"autograd/map.cpp",
     "*data_of<T>(all.outputs[0]) =", "the sums of a MapSum's parts are added up outside of kernels"},
    {"autograd/map.cpp", "std::memset(to, 0, kLaneBytes)", "a part of a kernel"},
    {"autograd/map.cpp", "std::memcpy(to, ", "a part of a kernel"},
    {"autograd/map.hpp", "data[k] = static_cast<T*>(operands[k])", "a kernel's own array of pointers"},
    {"autograd/map.hpp", "data[k] = room[k]", "a kernel's own array of pointers"},
    {"autograd/ops/create.cpp", "*to++ = element_of<T>", "values of the program, whose memory no later run may read"},
    {"autograd/ops/create.cpp", "std::copy_n(values, ", "values of the program, whose memory no later run may read"},
    {"autograd/ops/create.cpp", "std::copy(values.begin()",
     "values of the program, whose memory no later run may read"},
    {"autograd/ops/create.cpp", "for (double* number :", "arguments, not elements"},
    {"autograd/ops/logspace.cpp", "for (double* number :", "arguments, not elements"},
    {"autograd/ops/loss/margins.cpp", "marks[", "for_pairs() is a part of two kernels"},
    {"autograd/ops/products/distance.cpp", "strides[axis] =", "a kernel's own array of strides"},
    {"autograd/ops/reduce/moments.cpp", "residues[at] =", "MeanFromGuess is a part of kernels"},
    {"autograd/shape.cpp", "*to++ = extent.value", "extents, not elements"},
    {"optim/optimizer.hpp", "*own = momentum", "an option, not an element"},
};

/// The position behind the bracket that closes the one at `open`.
std::size_t behind_bracket(std::string_view text, std::size_t open) {
  int depth = 0;
  for (std::size_t i = open; i < text.size(); ++i) {
    depth += std::string_view("([{").find(text[i]) != text.npos ? 1 : 0;
    depth -= std::string_view(")]}").find(text[i]) != text.npos ? 1 : 0;
    if (depth == 0) return i + 1;
  }
  return text.size();
}

/// The text without comments, and without the structs that are kernels: those with a static run().
std::string outside_kernels(std::string text) {
  static const std::regex kComment(R"(//[^\n]*)"), kStruct(R"(\bstruct\s+\w+[^;{}()]*\{)");
  text = std::regex_replace(text, kComment, "");
  std::string left;
  std::smatch match;
  while (std::regex_search(text, match, kStruct)) {
    const std::size_t open = static_cast<std::size_t>(match.position() + match.length()) - 1;
    const std::size_t end = behind_bracket(text, open);
    const bool is_kernel = text.substr(open, end - open).find("static void run(") != text.npos;
    left += text.substr(0, is_kernel ? static_cast<std::size_t>(match.position()) : open + 1);
    text.erase(0, is_kernel ? end : open + 1);
  }
  return left + text;
}

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

/// Whether what is named in [begin, end) of the line is written as an element or elements: name[...] = ..., *name++ =
/// ...
bool is_written(std::string_view line, std::size_t begin, std::size_t end) {
  std::string_view before = line.substr(0, begin), after = line.substr(end);
  auto trim = [](std::string_view text) {
    while (text.ends_with(' ')) text.remove_suffix(1);
    return text;
  };
  bool is_element = false;
  if (before.ends_with('*')) {  // a dereference, unless a type, a factor or a declarator stands before it
    before = trim(before.substr(0, before.size() - 1));
    is_element =
        before.empty() || (!is_word(before.back()) && std::string_view(">]),").find(before.back()) == before.npos);
    is_element |= before.ends_with(')') && before.find("for (") != before.npos;
  }
  if (after.starts_with("++") && is_element) after.remove_prefix(2);
  if (after.starts_with('[')) {
    after.remove_prefix(behind_bracket(after, 0));
    is_element = true;
  }
  while (after.starts_with(' ')) after.remove_prefix(1);
  static const std::regex kAssigned(R"(^([-+*/%&|^]|<<|>>)?=[^=])");
  const std::string rest = std::string(after) + ' ';
  const bool is_stepped = rest.starts_with("++") || rest.starts_with("--") || before.ends_with("++");
  return is_element && (is_stepped || std::regex_search(rest, kAssigned));
}

/// The lines of a file's text that write elements outside of kernels: through a pointer to them, or by an algorithm.
std::vector<std::string> host_writes(const std::string& file_text) {
  const std::string text = outside_kernels(file_text);
  static const std::regex kPointer(
      R"((const )?\b(auto|T|E|V|bool|char|float|double|std::int64_t)\s*\*\s*(\w+)|, \*(\w+) = )");
  std::set<std::string> pointers;
  for (std::sregex_iterator at(text.begin(), text.end(), kPointer), end; at != end; ++at)
    if (!(*at)[1].matched) pointers.insert((*at)[3].matched ? (*at)[3] : (*at)[4]);
  static const std::regex kName(R"(\bdata_of<|\b\w+)");
  static const std::regex kAlgorithm(
      R"(\b(std::(copy|copy_n|fill|fill_n|iota|transform|generate|mem\w+)|mem(cpy|set))\()");
  std::vector<std::string> found;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    bool writes = false, names_elements = false;
    for (std::sregex_iterator at(line.begin(), line.end(), kName), end; at != end; ++at) {
      const auto begin = static_cast<std::size_t>(at->position());
      std::size_t behind = begin + static_cast<std::size_t>(at->length());
      const bool is_call = at->str() == "data_of<";
      if (!is_call && (pointers.count(at->str()) == 0 || (begin > 0 && line[begin - 1] == '.'))) continue;
      names_elements = true;
      if (is_call && line.find('(', behind) != line.npos) behind = behind_bracket(line, line.find('(', behind));
      writes |= is_written(line, begin, behind);
    }
    writes |= names_elements && std::regex_search(line, kAlgorithm);
    // A member that is a pointer, as far as it is seen: what is put there is an element.
    static const std::regex kMember(R"(\.\w+\[.*\] [-+*/]?= .*data_of<\w+>\(.*\)\[)");
    writes |= std::regex_search(line, kMember);
    if (writes) found.push_back(line);
  }
  return found;
}

// A step that is captured and run again runs its kernels: what is written beside them would stay as it was.
TEST_CASE("elements are written in kernels alone", "[layering]") {
  std::set<const Exception*> used;
  for (const std::string& file : library_files()) {
    if (!stands_in(file, kWithKernels) || stands_in(file, kOfKernels)) continue;
    std::ifstream in(kRoot / file);
    for (const std::string& line : host_writes({std::istreambuf_iterator<char>(in), {}})) {
      auto allows = [&](const Exception& each) { return file == each.file && line.find(each.header) != line.npos; };
      auto exception = std::find_if(kHostWrites.begin(), kHostWrites.end(), allows);
      INFO(file << ": " << line << " (write it as a struct with a static run(), and launch() that)");
      CHECK(exception != kHostWrites.end());
      if (exception != kHostWrites.end()) used.insert(&*exception);
    }
  }
  for (const Exception& each : kHostWrites) {
    INFO(each.file << ": " << each.header);
    CHECK(used.count(&each) == 1);
    CHECK(each.reason != "");
  }
}

TEST_CASE("each kind of write outside of kernels is seen", "[layering]") {
  auto is_seen = [](const std::string& statement) {
    return host_writes("void f() {\n  T* to = data_of<T>(y);\n  T *a = p, *b = q;\n  " + statement + "\n}\n").size() ==
           1;
  };
  CHECK(is_seen("std::copy_n(data_of<T>(x), n, data_of<T>(y));"));
  CHECK(is_seen("std::fill_n(to, n, T(0));"));
  CHECK(is_seen("std::iota(to, to + n, 0);"));
  CHECK(is_seen("std::memcpy(to, from, bytes);"));
  CHECK(is_seen("for (int i = 0; i < n; ++i) to[i] = from[i];"));
  CHECK(is_seen("to[i * n + from[i]] = 1;"));
  CHECK(is_seen("b[i] += a[i];"));
  CHECK(is_seen("for (double number : numbers) *to++ = number;"));
  CHECK(is_seen("*to = 1;"));
  CHECK(is_seen("++to[i];"));
  CHECK(is_seen("data_of<T>(y)[at] = 1;"));
  CHECK(is_seen("*data_of<T>(y) = 1;"));
  CHECK(is_seen("numbers.centers[c] = data_of<T>(means)[c];"));
  CHECK(is_seen("struct Plain {\n  T* it;\n  void set() { it[0] = 1; }\n};"));

  CHECK_FALSE(is_seen("T* next = to + n;"));
  CHECK_FALSE(is_seen("if (to[i] == 0) return;"));
  CHECK_FALSE(is_seen("const T last = to[n - 1];"));
  CHECK_FALSE(is_seen("to += n;"));
  CHECK_FALSE(is_seen("std::copy_n(x.strides().begin(), n, kernel.stride);"));
  CHECK_FALSE(is_seen("fill(to, n, T(0));  // to[i] = 0"));
  CHECK_FALSE(
      is_seen("struct Kernel {\n  T* it;\n  static void run(const Kernel& a, std::int64_t, std::int64_t) {\n"
              "    a.it[0] = to[0] = 1;\n  }\n};"));
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
  CHECK(violation("nn/print.cpp", "autograd/base/parallel.hpp") != "");
  CHECK(violation("optim/adam.cpp", "autograd/engine/node.hpp") != "");
  CHECK(violation("optim/adam.cpp", "autograd/kernels/elementwise.hpp") != "");
  CHECK(violation("optim/adam.cpp", "autograd/tensor_impl.hpp") != "");
  CHECK(violation("data/csv.cpp", "autograd/ops/detail/formula.hpp") != "");
  CHECK(violation("data/csv.cpp", "autograd/ops/cumulative/scans.hpp") != "");
  CHECK(violation("io/npy.cpp", "autograd/engine/pass.hpp") != "");
  CHECK(violation("io/checkpoint.cpp", "optim/detail/vectors.hpp") != "");
  CHECK(violation("train/log.cpp", "autograd/engine/observer.hpp") != "");
  CHECK(violation("autograd/each.hpp", "autograd/ops/cumulative/scans.hpp") != "");
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
  CHECK(violation("optim/average.cpp", "autograd/tensor_impl.hpp") == "");
  CHECK(violation("optim/detail/vectors.cpp", "autograd/base/launch.hpp") == "");
  CHECK(violation("train/log.cpp", "train/detail/table.hpp") == "");
  CHECK(violation("io/checkpoint.cpp", "optim/optimizer.hpp") == "");
}
