// Who looks for a function finds it by its header's name: each that a header declares is defined in the .cpp, or in a
// .cpp of the folder, of that name. Headers and sources are read as text; a declaration is what ends in ";" and has
// arguments.
#include <algorithm>
#include <cctype>
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

/// A file's functions that are defined elsewhere, and why.
struct Exception {
  std::string_view header;
  std::string_view source;
  std::string_view reason;
};
const std::vector<Exception> kExceptions = {
    {"autograd/tensor.hpp", "autograd/tensor_members.cpp", "members that need a floor above the tensor's"},
    {"autograd/tensor_impl.hpp", "autograd/tensor_members.cpp", "to let go of a node takes the engine"},
    {"autograd/ops/linalg.hpp", "autograd/ops/products/cross.cpp", "linalg::cross is the other one with another axis"},
    {"autograd/config.hpp", "", "data(): is found, and never called"},
    {"autograd/function.hpp", "", "accept_result(): for a requires clause"},
};

/// The text without comments, literals' contents and lines of the preprocessor.
std::string code_of(const fs::path& file) {
  std::ifstream in(file);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  std::string code;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool starts_line = code.empty() || code.back() == '\n';
    if (text.compare(i, 2, "//") == 0) {
      i = std::min(text.find('\n', i), text.size());
      code += '\n';
    } else if (text.compare(i, 2, "/*") == 0) {
      i = text.find("*/", i) + 1;
    } else if (starts_line && text[i] == '#') {
      while (i < text.size() && text[i] != '\n') i += text[i] == '\\' ? 2 : 1;
    } else if (text.compare(i, 3, "R\"(") == 0) {
      i = text.find(")\"", i) + 1;
      code += "\"\"";
    } else if (text[i] == '"' ||
               (text[i] == '\'' && (i == 0 || std::isxdigit(static_cast<unsigned char>(text[i - 1])) == 0))) {
      const char quote = text[i++];
      while (i < text.size() && text[i] != quote) i += text[i] == '\\' ? 2 : 1;
      code += "\"\"";
    } else {
      code += text[i];
    }
  }
  return code;
}

/// The function that a piece of code declares or begins to define: its name, with its class where the piece says it;
/// else "".
std::string function_in(const std::string& piece) {
  static const std::regex kName(
      R"(^(?:[^=()]*?[\s*&>])??((?:~?\w+(?:<[^()<>]*>)?::)*(?:operator\s*(?:\(\)|[\w:]+|[^\s\w(]+)|~?\w+))\s*\((?!\s*\*))");
  static const std::regex kGuide(R"(^(?:template\s*<[^()]*>\s*)?\w+\([^()]*\)\s*->)"),
      kArguments(R"(<[^()<>]*>(?=::))"), kSpaces(R"(\s+)");
  static const std::set<std::string> kNone = {"alignas", "decltype", "sizeof", "requires"};
  std::smatch match;
  if (std::regex_search(piece, kGuide) || !std::regex_search(piece, match, kName)) return "";
  std::string name = std::regex_replace(std::regex_replace(match[1].str(), kArguments, ""), kSpaces, "");
  return kNone.count(name) == 0 ? name : "";
}

/// A piece of code without what comes before a declaration: spaces, access, and calls of macros.
std::string trimmed(const std::string& piece) {
  std::size_t begin = 0, end = piece.size();
  auto skip_spaces = [&] {
    while (begin < end && std::isspace(static_cast<unsigned char>(piece[begin])) != 0) ++begin;
  };
  skip_spaces();
  for (std::string_view access : {"public:", "private:", "protected:"})
    if (piece.compare(begin, access.size(), access) == 0) begin += access.size();
  skip_spaces();
  while (piece.compare(begin, 6, "XGRAD_") == 0) {
    const std::size_t open = piece.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_", begin);
    if (open != piece.npos && piece[open] == '(') {
      const std::size_t close = piece.find(')', open);
      begin = close == piece.npos ? end : close + 1;
    } else {
      begin = std::min(open, end);
    }
    skip_spaces();
  }
  while (begin < end && std::isspace(static_cast<unsigned char>(piece[end - 1])) != 0) --end;
  return piece.substr(begin, end - begin);
}

struct Functions {
  std::set<std::string> declared, defined;
  std::vector<std::pair<std::string, std::string>> types;  // those of namespaces: the namespace, and the name
};

/// The functions of namespaces and classes that a file declares only, and those that it defines.
Functions functions_of(const fs::path& file) {
  Functions found;
  std::vector<std::string> scopes;  // "": a namespace; a class's name; "{": anything else
  const std::string code = code_of(file);
  std::string piece;
  std::vector<std::string> outer;  // the namespaces that are open, by their full names
  int parentheses = 0;
  auto is_open = [&] { return std::find(scopes.begin(), scopes.end(), "{") == scopes.end(); };
  auto full = [&](const std::string& name) {
    std::string path;
    for (const std::string& scope : scopes)
      if (!scope.empty()) path += scope + "::";
    path += name;
    while (std::islower(static_cast<unsigned char>(path[0])) != 0 && path.find("::") != path.npos)
      path = path.substr(path.find("::") + 2);  // a namespace
    return path;
  };
  static const std::regex kNamespace(R"(^(?:inline )?namespace\b\s*([\w:]*))");
  static const std::regex kType(
      R"(^(?:template\s*<[^()]*>\s*)?(?:enum class|enum|class|struct|union)\s+(?:alignas\([^)]*\)\s*)?(\w+)(?![\w:<]*::))");
  static const std::regex kClass(
      R"(^(?:template\s*<[^()]*>\s*)?(?:class|struct|union)\s+(?:alignas\([^)]*\)\s*)?([\w:]+))");
  static const std::regex kNoFunction(
      R"(^(using|typedef|friend|static_assert|return|extern template|template (class|struct)|enum|concept|requires)\b)");
  for (char c : code) {
    parentheses += c == '(' ? 1 : c == ')' ? -1 : 0;
    if (parentheses > 0 || (c != '{' && c != '}' && c != ';')) {
      piece += c;
      continue;
    }
    piece = trimmed(piece);
    if (c == '{') {
      std::smatch match;
      std::string scope = "{";
      if (is_open()) {
        const bool is_in_namespace =
            std::all_of(scopes.begin(), scopes.end(), [](const std::string& each) { return each.empty(); });
        if (is_in_namespace && std::regex_search(piece, match, kType))
          found.types.emplace_back(outer.empty() ? "" : outer.back(), match[1]);
        if (std::regex_search(piece, match, kNamespace)) {
          scope = "";
          outer.push_back((outer.empty() ? "" : outer.back() + "::") + match[1].str());
        } else if (std::regex_search(piece, match, kClass) && piece.find('(') == piece.npos)
          scope = match[1];
        else if (const std::string name = function_in(piece); !name.empty())
          found.defined.insert(full(name));
      }
      scopes.push_back(scope);
    } else if (c == '}') {
      if (!scopes.empty() && scopes.back().empty() && !outer.empty()) outer.pop_back();
      if (!scopes.empty()) scopes.pop_back();
    } else if (is_open() && !std::regex_search(piece, kNoFunction)) {
      static const std::regex kIsDefault(R"(=\s*default\s*$)"), kIsNone(R"(=\s*(delete|0)\s*$)");
      if (const std::string name = function_in(piece); !name.empty() && !std::regex_search(piece, kIsNone))
        (std::regex_search(piece, kIsDefault) ? found.defined : found.declared).insert(full(name));
    }
    piece.clear();
  }
  return found;
}

}  // namespace

TEST_CASE("a header's functions are defined in the .cpp, or the folder, of its name", "[layering]") {
  const fs::path root = xgrad::testing::source_dir();
  std::map<std::string, std::set<std::string>> defined;  // by the path without its ending
  std::vector<fs::path> headers;
  for (std::string_view folder : {"autograd", "nn", "optim", "data", "io", "train"})
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root / folder)) {
      const fs::path file = fs::relative(entry.path(), root);
      if (file.extension() == ".hpp") headers.push_back(file);
      if (file.extension() != ".cpp") continue;
      const std::set<std::string> names = functions_of(entry.path()).defined;
      for (fs::path own = fs::path(file).replace_extension(""); !own.empty(); own = own.parent_path())
        defined[own.generic_string()].insert(names.begin(), names.end());
    }
  std::size_t count = 0;
  for (const fs::path& header : headers) {
    const Functions functions = functions_of(root / header);
    std::set<std::string> own = defined[fs::path(header).replace_extension("").generic_string()];
    own.insert(functions.defined.begin(), functions.defined.end());
    for (const Exception& exception : kExceptions)
      if (header == exception.header && exception.source.empty()) {
        own.insert(functions.declared.begin(), functions.declared.end());
      } else if (header == exception.header) {
        const std::set<std::string> more = functions_of(root / exception.source).defined;
        own.insert(more.begin(), more.end());
      }
    for (const std::string& name : functions.declared) {
      INFO(header.generic_string() << ": " << name);
      CHECK(own.count(name) == 1);
      ++count;
    }
  }
  CHECK(count > 1000);
}

// A user may open them all, and mean one thing by each name.
TEST_CASE("no type's name is in two of the namespaces that users open", "[layering]") {
  const fs::path root = xgrad::testing::source_dir();
  const std::set<std::string> opened = {"xgrad",       "xgrad::nn", "xgrad::optim",
                                        "xgrad::data", "xgrad::io", "xgrad::train"};
  std::map<std::string, std::string> first;  // of each name, the namespace
  for (std::string_view folder : {"autograd", "nn", "optim", "data", "io", "train"})
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root / folder)) {
      if (entry.path().extension() != ".hpp") continue;
      for (const auto& [space, name] : functions_of(entry.path()).types) {
        if (opened.count(space) == 0) continue;
        INFO(space << "::" << name << " in " << entry.path());
        CHECK(first.emplace(name, space).first->second == space);
      }
    }
  CHECK(first.size() > 200);
  CHECK(first.count("PlotHistogramOptions") == 1);
}

TEST_CASE("a function's piece of code is told from what is none", "[layering]") {
  CHECK(function_in("Tensor cat(const Operand& x, int axis = 0)") == "cat");
  CHECK(function_in("std::vector<Tensor> OptimizerOf<Options>::kept(int group) const") == "OptimizerOf::kept");
  CHECK(function_in("Column::operator Tensor() const") == "Column::operatorTensor");
  CHECK(function_in("template <class F> Value(F) -> Value<F>") == "");
  CHECK(function_in("void (*give_back)(void* owner) = nullptr") == "");
  CHECK(function_in("int count = size(x)") == "");
  CHECK(trimmed(" public: XGRAD_API XGRAD_USE(float) Tensor ones()\n") == "Tensor ones()");
}
