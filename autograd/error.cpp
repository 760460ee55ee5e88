#include "error.hpp"

#include <cmath>
#include <cstdio>
#include <utility>

namespace xgrad {
namespace {
thread_local SourceLocation call_site;
}

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
  // A nan's sign says nothing.
  std::snprintf(text, sizeof text, "%g", std::isnan(value) ? std::abs(value) : value);
  out += text;
}

std::string with_place(std::string message, SourceLocation where) {
  where = CallSite::or_else(where);
  if (where.known()) {
    message += message.ends_with('.') ? " at " : ", at ";
    append_text(message, where);
  }
  return message;
}

template <class Error>
void fail(SourceLocation where, std::string message) {
  throw Error(with_place(std::move(message), where));
}
template void fail<std::invalid_argument>(SourceLocation, std::string);
template void fail<std::out_of_range>(SourceLocation, std::string);
template void fail<std::logic_error>(SourceLocation, std::string);
template void fail<std::runtime_error>(SourceLocation, std::string);

}  // namespace xgrad
