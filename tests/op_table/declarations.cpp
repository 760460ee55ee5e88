#include "declarations.hpp"

#include <cctype>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <vector>

#include "../catch.hpp"
#include "../source_dir.hpp"

namespace xgrad::testing {
namespace {

namespace fs = std::filesystem;

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

/// Whether the text has the word by itself.
bool has_word(const std::string& text, const std::string& word) {
  for (std::size_t at = text.find(word); at != text.npos; at = text.find(word, at + 1)) {
    bool begins = at == 0 || !is_word(text[at - 1]);
    bool ends = at + word.size() == text.size() || !is_word(text[at + word.size()]);
    if (begins && ends) return true;
  }
  return false;
}

/// Without comments, preprocessor lines, and what stands in quotes.
std::string plain(const std::string& text) {
  std::string out;
  bool is_line_start = true;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.compare(i, 2, "//") == 0) {
      i = std::min(text.find('\n', i), text.size());
      out += '\n';
    } else if (text.compare(i, 2, "/*") == 0) {
      i = text.find("*/", i) + 1;
    } else if (text[i] == '#' && is_line_start) {
      while (i < text.size() && (text[i] != '\n' || text[i - 1] == '\\')) ++i;
    } else if (text[i] == '"' || (text[i] == '\'' && (i == 0 || !is_word(text[i - 1])))) {
      char quote = text[i];
      for (++i; i < text.size() && text[i] != quote; ++i)
        if (text[i] == '\\') ++i;
      out += "0";
    } else {
      out += text[i];
      if (text[i] == '\n')
        is_line_start = true;
      else if (text[i] != ' ')
        is_line_start = false;
    }
  }
  return out;
}

struct Scope {
  std::string name;
  bool is_class = false;
  bool is_open = true;       // whether what is declared now is public
  bool is_exported = false;  // whether the library exports it
};

/// Reads declarations at namespace and class scope; bodies of functions are skipped.
class Reader {
 public:
  Reader(const std::string& text, std::map<std::string, int>& functions) : text_(plain(text)), functions_(functions) {}

  void read() {
    std::string statement;
    for (at_ = 0; at_ < text_.size(); ++at_) {
      char c = text_[at_];
      if (c == '(') {
        statement += bracketed('(', ')');
      } else if (c == ';') {
        declare(statement);
        statement.clear();
      } else if (c == '{') {
        open(statement);
      } else if (c == '}') {
        if (!scopes_.empty()) scopes_.pop_back();
        statement.clear();
      } else {
        statement += c;
        if (c == ':') change_access(statement);
      }
    }
  }

 private:
  /// The text from a bracket to the one that closes it; at_ stands on that then.
  std::string bracketed(char opening, char closing) {
    std::size_t begin = at_;
    int depth = 0;
    for (; at_ < text_.size(); ++at_) {
      if (text_[at_] == opening) ++depth;
      if (text_[at_] == closing && --depth == 0) break;
    }
    return text_.substr(begin, at_ - begin + 1);
  }

  static std::string trimmed(const std::string& text) {
    std::size_t begin = text.find_first_not_of(" \n\t"), end = text.find_last_not_of(" \n\t");
    return begin == text.npos ? "" : text.substr(begin, end - begin + 1);
  }

  void change_access(std::string& statement) {
    std::string label = trimmed(statement);
    if (scopes_.empty() || (label != "public:" && label != "private:" && label != "protected:")) return;
    scopes_.back().is_open = label == "public:";
    statement.clear();
  }

  /// Enters a namespace or class; skips any other braces.
  void open(std::string& statement) {
    std::string head = trimmed(statement);
    bool is_namespace = head.starts_with("namespace") || head.starts_with("inline namespace");
    bool is_type = is_type_head(head);
    // A layer that has its call from its base.
    std::string base = head.substr(std::min(head.find(" : ") + 3, head.size()));
    for (const char* called : {"Pointwise<", "Loss<"})
      if (is_type && (base.starts_with(called) || base.starts_with(std::string("public ") + called)))
        ++functions_[qualified(name_of_scope(head))];
    if (is_namespace || is_type) {
      bool is_exported = has_word(head, "XGRAD_API") || (!scopes_.empty() && scopes_.back().is_exported);
      scopes_.push_back({name_of_scope(head), is_type, !head_is_class(head), is_exported});
      statement.clear();
      return;
    }
    bool is_function = head.find('(') != head.npos && !is_variable(head);
    bracketed('{', '}');
    if (is_function && !is_initialiser(head)) {
      declare(statement);
      statement.clear();
    }
  }

  /// Without template<...> in front.
  static std::string without_template(std::string head) {
    while (head.starts_with("template")) {
      std::size_t i = head.find('<');
      int depth = 0;
      for (; i < head.size(); ++i) {
        if (head[i] == '<') ++depth;
        if (head[i] == '>' && --depth == 0) break;
      }
      head = trimmed(head.substr(std::min(i + 1, head.size())));
    }
    return head;
  }
  static bool is_type_head(const std::string& head) {
    std::string rest = without_template(head);
    if (rest.starts_with("inline constexpr struct") || rest.starts_with("enum"))
      return rest.find("struct") != rest.npos;
    return rest.starts_with("struct") || rest.starts_with("class") || rest.starts_with("union");
  }
  static bool head_is_class(const std::string& head) { return without_template(head).starts_with("class"); }
  /// `Member a_{...}` in a constructor's list of initialisers: the body is still to come.
  static bool is_initialiser(const std::string& head) {
    std::size_t close = head.rfind(')');
    std::size_t colon = head.find(" :", head.find(')'));
    bool in_list = colon != head.npos && head.find("::", colon) != colon + 1;
    return in_list && is_word(head.back()) && close < head.size() - 1 && !head.ends_with("const") &&
           !head.ends_with("noexcept");
  }
  static bool is_variable(const std::string& head) {
    std::size_t equal = head.find('='), bracket = head.find('(');
    return equal != head.npos && equal < bracket && head.find("operator") == head.npos;
  }
  static std::string name_of_scope(const std::string& head) {
    std::string rest = without_template(head);
    std::istringstream words(rest);
    std::string word, name;
    while (words >> word) {
      if (word == ":" || word == "final") break;
      if (word == "namespace" || word == "struct" || word == "class" || word == "inline" || word == "constexpr" ||
          word == "union" || word == "XGRAD_API" || word.starts_with("[["))
        continue;
      name = word.ends_with(':') ? word.substr(0, word.size() - 1) : word;
      break;
    }
    return name;
  }

  /// The name with the scopes before it; the scopes alone for an empty one.
  std::string qualified(const std::string& name) const {
    std::string path;
    for (const Scope& scope : scopes_)
      if (!scope.name.empty() && scope.name != "xgrad")
        path += (path.empty() ? "" : "::") + scope.name.substr(scope.name.starts_with("xgrad::") ? 7 : 0);
    return path + (path.empty() || name.empty() ? "" : "::") + name;
  }

  bool is_reachable() const {
    for (const Scope& scope : scopes_)
      if (!scope.is_open || has_word(scope.name, "internal") || has_word(scope.name, "detail")) return false;
    return true;
  }

  void declare(const std::string& statement) {
    std::string text = without_template(trimmed(statement));
    // What is neither exported nor has its body in the header is out of reach of users.
    bool has_body = has_word(statement, "inline") || has_word(statement, "template");
    if (!has_body && !has_word(statement, "XGRAD_API") && (scopes_.empty() || !scopes_.back().is_exported)) return;
    if (text.starts_with("requires")) text = " " + text;
    if (!is_reachable() || text.starts_with("using") || text.starts_with("friend") || text.starts_with("typedef") ||
        text.starts_with("extern template") || text.starts_with("static_assert") ||
        text.find("= delete") != text.npos || is_variable(text))
      return;
    std::string name, parameters;
    if (!find_function(text, name, parameters)) return;
    if (!takes_tensor(parameters)) return;
    name = name == "operator()" ? qualified("") : qualified(name);
    // A template is declared, and defined further down.
    if (seen_.insert(name + "(" + without_defaults(parameters)).second) ++functions_[name];
  }

  /// Whether a type among the parameters is a tensor or holds some: Tensor, TensorList, NamedTensors, Operand ...
  static bool takes_tensor(const std::string& parameters) {
    for (std::size_t at = parameters.find("Tensor"); at != parameters.npos; at = parameters.find("Tensor", at + 1)) {
      std::size_t end = at;
      while (end < parameters.size() && is_word(parameters[end])) ++end;
      std::string rest = parameters.substr(at, end - at);
      if (rest != "TensorOptions" && rest != "TensorFunction") return true;
    }
    return has_word(parameters, "Operand") || has_word(parameters, "Inputs") || has_word(parameters, "Parameter") ||
           has_word(parameters, "GradcheckInputs");
  }

  /// The parameters without their defaults and spaces.
  static std::string without_defaults(const std::string& parameters) {
    std::string out;
    int depth = 0;
    bool is_default = false;
    for (char c : parameters) {
      if (c == '(' || c == '{' || c == '<') ++depth;
      if (c == ')' || c == '}' || c == '>') --depth;
      if (c == '=' && depth == 0) is_default = true;
      if (c == ',' && depth == 0) is_default = false;
      if (!is_default && std::isspace(static_cast<unsigned char>(c)) == 0) out += c;
    }
    return out;
  }

  /// A function's name and the text of its parameters.
  static bool find_function(const std::string& text, std::string& name, std::string& parameters) {
    std::size_t from = text.find("operator()");
    std::size_t open = text.find('(', from == text.npos ? 0 : from + 10);
    while (open != text.npos) {
      std::size_t end = open;
      while (end > 0 && (text[end - 1] == ' ' || text[end - 1] == '\n')) --end;
      std::size_t begin = end;
      std::size_t symbol = text.rfind("operator", end);
      if (symbol != text.npos && text.find_first_of(" (", symbol) >= end)
        begin = symbol;
      else if (from != text.npos && from < open)
        begin = from;
      else
        while (begin > 0 && is_word(text[begin - 1])) --begin;
      name = text.substr(begin, end - begin);
      int depth = 0;
      std::size_t close = open;
      for (; close < text.size(); ++close) {
        if (text[close] == '(') ++depth;
        if (text[close] == ')' && --depth == 0) break;
      }
      parameters = text.substr(open + 1, close - open - 1);
      // requires(...), sizeof...(T), decltype(...), __attribute__((...)) come before the name.
      if (begin > 1 && text.compare(begin - 2, 2, "::") == 0) return false;  // a member's definition
      bool is_other = name.empty() || name == "requires" || name == "sizeof" || name == "decltype" ||
                      name == "noexcept" || name == "explicit" || name == "__attribute__" ||
                      (begin > 0 && text[begin - 1] == '.');
      if (!is_other) return true;
      open = text.find('(', close);
    }
    return false;
  }

  std::string text_;
  std::map<std::string, int>& functions_;
  std::vector<Scope> scopes_;
  std::set<std::string> seen_;
  std::size_t at_ = 0;
};

}  // namespace

void add_functions_of_tensors(const std::string& header, std::map<std::string, int>& functions) {
  Reader(header, functions).read();
}

std::map<std::string, int> functions_of_tensors() {
  std::map<std::string, int> functions;
  const fs::path root = source_dir();
  for (const char* folder : {"autograd", "nn", "optim", "data", "io", "train"}) {
    if (!fs::exists(root / folder)) continue;
    for (auto file = fs::recursive_directory_iterator(root / folder); file != fs::recursive_directory_iterator();
         ++file) {
      std::string name = file->path().filename().string();
      if (file->is_directory()) {
        // Nobody's interface.
        if (name == "detail" || name == "base" || name == "simd" || name == "kernels" || name == "engine" ||
            name == "operator")
          file.disable_recursion_pending();
        continue;
      }
      if (file->path().extension() != ".hpp") continue;
      std::ifstream in(file->path());
      std::ostringstream text;
      text << in.rdbuf();
      add_functions_of_tensors(text.str(), functions);
    }
  }
  return functions;
}

}  // namespace xgrad::testing

using namespace xgrad::testing;

TEST_CASE("A declaration that takes a tensor is seen, whatever it answers with", "[op_table]") {
  std::map<std::string, int> found;
  add_functions_of_tensors(R"(
    namespace xgrad XGRAD_API {
    struct Svd { Tensor u, s, v; };
    Svd svd(const Operand& a);
    std::pair<Tensor, Tensor> qr(const Tensor& a, bool complete = false);
    XGRAD_API std::vector<Tensor> parts(std::span<const Tensor> all, int axis = 0);
    template <class F>
    requires(std::is_invocable_v<F, Tensor>) double
    fold(F&& f, const Tensor& x, double start = 1);
    template <class F>
    requires(std::is_invocable_v<F, Tensor>) double
    fold(F&& f, const Tensor& x, double start) { return 1; }
    inline bool check(int a, const Operand& b = {}) { if (a) { return true; } return false; }
    Tensor of_list(const TensorList& list);
    Tensor only_numbers(const Shape& shape, TensorOptions options = {});
    Tensor refused(const Operand& a, int axis) = delete;
    Tensor twice(const Operand& a);
    Tensor twice(const Operand& a, const Operand& b);  // twice(const Operand& c)
    inline Tensor operator+(const Operand& a, const Operand& b) { return add(a, b); }
    namespace internal { Tensor hidden(const Tensor& x); }
    }
    namespace xgrad::internal XGRAD_API { Tensor hidden(const Tensor& x); }
    namespace xgrad {
    Tensor not_exported(const Tensor& x);
    inline Tensor in_the_header(const Tensor& x) { return x; }
    XGRAD_API Tensor alone(const Tensor& x);
    }
    namespace xgrad XGRAD_API {
    namespace linalg { auto det(Inputs inputs) -> Tensor; }
    namespace nn {
    class Dense : public Module {
     public:
      explicit Dense(int in) : in_{in} {}
      Tensor operator()(const Operand& x) const;
     private:
      Tensor secret(const Tensor& x);
    };
    struct ReLU final : Module { Tensor operator()(const Operand& x) const { return relu(x); } };
    struct Tanh final : Pointwise<xgrad::tanh> {};
    }
    }
  )",
                           found);
  const std::map<std::string, int> expected = {
      {"in_the_header", 1}, {"of_list", 1},   {"alone", 1},    {"svd", 1},     {"qr", 1},
      {"parts", 1},         {"fold", 1},      {"check", 1},    {"twice", 2},   {"operator+", 1},
      {"linalg::det", 1},   {"nn::Dense", 1}, {"nn::ReLU", 1}, {"nn::Tanh", 1}};
  CHECK(found == expected);
}
