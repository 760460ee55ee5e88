#include "error.hpp"

#include <charconv>
#include <cmath>
#include <utility>

namespace xgrad XGRAD_API {
namespace {
thread_local SourceLocation call_site;
}  // namespace

CallSite::CallSite(SourceLocation where) : outermost_(!call_site.known()) {
  if (outermost_) call_site = where;
}

CallSite::~CallSite() {
  if (outermost_) call_site = {};
}

SourceLocation CallSite::or_else(SourceLocation fallback) { return call_site.known() ? call_site : fallback; }

void append_text(std::string& out, SourceLocation where) {
  if (!where.known()) {
    out += "an unknown line";
    return;
  }
  std::string_view file = where.file;
  if (auto slash = file.rfind('/'); slash != file.npos) file.remove_prefix(slash + 1);
  out += file;
  out += ':';
  out += std::to_string(where.line);
}

void append_text(std::string& out, double value) {
  char text[32];
  char* end = text + sizeof text;
  auto rounded = static_cast<float>(value);
  if (std::isnan(value))
    end = std::to_chars(text, end, std::abs(value)).ptr;  // its sign says nothing
  else if (static_cast<double>(rounded) == value)
    end = std::to_chars(text, end, rounded).ptr;  // 0.1f as 0.1
  else
    end = std::to_chars(text, end, value).ptr;  // the fewest digits that read back as the same number
  out.append(text, end);
}

std::string shortened(std::string text, std::size_t longest) {
  if (text.size() <= longest) return text;
  auto is_inside_of_character = [&](std::size_t i) { return (static_cast<unsigned char>(text[i]) & 0xC0) == 0x80; };
  constexpr std::string_view kGap = " [...] ";
  const std::size_t end_kept = longest / 3;
  std::size_t from = longest - end_kept - kGap.size(), to = text.size() - end_kept;
  while (is_inside_of_character(from)) --from;
  while (is_inside_of_character(to)) ++to;
  return text.replace(from, to - from, kGap);
}

std::string with_place(std::string message, SourceLocation where) {
  where = CallSite::or_else(where);
  if (where.known()) {
    const bool is_ended = message.ends_with('.') || message.ends_with('?') || message.ends_with('!');
    message += is_ended ? " at " : ". at ";
    append_text(message, where);
  }
  return message;
}

template <class Error>
void fail(SourceLocation where, std::string message) {
  throw Error(with_place(shortened(std::move(message)), where));
}
template void fail<std::invalid_argument>(SourceLocation, std::string);
template void fail<std::out_of_range>(SourceLocation, std::string);
template void fail<std::logic_error>(SourceLocation, std::string);
template void fail<std::runtime_error>(SourceLocation, std::string);

}  // namespace xgrad
