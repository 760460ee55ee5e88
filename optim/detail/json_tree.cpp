#include "json_tree.hpp"

namespace xgrad::optim {

JsonTree parsed_json(const std::string& text, std::size_t most) {
  constexpr std::size_t kOfValue = 64;
  constexpr int kDeepest = 8;
  std::size_t bytes = text.size();
  int depth = 0;
  bool in_string = false, escaped = false;
  for (char c : text) {
    if (in_string) {
      if (c == '"' && !escaped) in_string = false;
      escaped = c == '\\' && !escaped;
      continue;
    }
    in_string = c == '"';
    if (c == '[' || c == '{') ++depth;
    if (c == ']' || c == '}') --depth;
    if (c == '[' || c == '{' || c == ',') bytes += kOfValue;
    if (depth > kDeepest || bytes > most) return nlohmann::json(nlohmann::json::value_t::discarded);
  }
  return nlohmann::json::parse(text, nullptr, false);
}

}  // namespace xgrad::optim
