// Reads SVG as XML: strictly as far as the pictures use it, to see that any reader can.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

namespace xgrad::testing {

/// The text with &lt; and the like undone. Throws for a < or & that is none of these, and for bytes that XML forbids.
inline std::string unescaped(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 && byte != '\n' && byte != '\t' && byte != '\r') throw std::runtime_error("a control character");
    if (byte >= 0x80) {
      const int more = byte >= 0xF0 && byte < 0xF5   ? 3
                       : byte >= 0xE0                ? 2
                       : byte >= 0xC2 && byte < 0xE0 ? 1
                                                     : throw std::runtime_error("no UTF-8");
      if (byte >= 0xF5) throw std::runtime_error("no UTF-8");
      for (int k = 1; k <= more; ++k)
        if (i + k >= text.size() || (static_cast<unsigned char>(text[i + k]) & 0xC0) != 0x80)
          throw std::runtime_error("no UTF-8");
      out += text.substr(i, more + 1);
      i += more;
      continue;
    }
    if (byte == '<') throw std::runtime_error("a bare <");
    if (byte != '&') {
      out += text[i];
      continue;
    }
    const std::size_t end = text.find(';', i);
    const std::string name = text.substr(i + 1, end - i - 1);
    out += name == "lt"     ? '<'
           : name == "gt"   ? '>'
           : name == "amp"  ? '&'
           : name == "quot" ? '"'
           : name == "#39"  ? '\''
                            : throw std::runtime_error("unknown entity " + name);
    i = end;
  }
  return out;
}

/// Throws unless the elements of a document are closed in order and their attributes quoted; the texts of <text>
/// elements.
inline std::vector<std::string> texts_of(const std::string& xml) {
  std::vector<std::string> open, texts;
  std::size_t at = 0;
  while (at < xml.size()) {
    const std::size_t start = xml.find('<', at);
    const std::string between = unescaped(xml.substr(at, start - at));
    if (!open.empty() && open.back() == "text" && !between.empty()) texts.push_back(between);
    if (start == xml.npos) {
      if (between.find_first_not_of("\n ") != between.npos) throw std::runtime_error("text at the end");
      break;
    }
    std::size_t end = start + 1;
    for (char quote = 0; end < xml.size() && (quote != 0 || xml[end] != '>'); ++end) {
      if (quote == 0 && xml[end] == '"')
        quote = '"';
      else if (quote == xml[end])
        quote = 0;
      else if (xml[end] == '<')
        throw std::runtime_error("a < inside of an element");
    }
    if (end == xml.size()) throw std::runtime_error("an element is not closed");
    const std::string element = xml.substr(start + 1, end - start - 1);
    at = end + 1;
    if (element[0] == '/') {
      if (open.empty() || open.back() != element.substr(1)) throw std::runtime_error("closed out of order: " + element);
      open.pop_back();
      continue;
    }
    const std::string name = element.substr(0, element.find_first_of(" /"));
    for (std::size_t quote = element.find('"'); quote != element.npos;) {
      const std::size_t other = element.find('"', quote + 1);
      if (other == element.npos || element[quote - 1] != '=') throw std::runtime_error("an attribute is not quoted");
      unescaped(element.substr(quote + 1, other - quote - 1));
      quote = element.find('"', other + 1);
    }
    if (element.back() != '/') open.push_back(name);
  }
  if (!open.empty()) throw std::runtime_error("not closed: " + open.back());
  return texts;
}

inline void check_xml(const std::string& xml) { texts_of(xml); }

}  // namespace xgrad::testing
