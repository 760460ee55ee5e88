#include "glob.hpp"

namespace xgrad XGRAD_API {
namespace internal {

bool glob_fits(std::string_view pattern, std::string_view name) noexcept {
  // What follows the last * is tried at each place: earlier ones need not be moved, so that it is at most quadratic.
  std::size_t p = 0, n = 0, after_star = pattern.npos, tried = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      after_star = ++p;
      tried = n;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n])) {
      ++n;
      // A character of UTF-8 has further bytes of the form 10xxxxxx.
      if (pattern[p] == '?')
        while (n < name.size() && (static_cast<unsigned char>(name[n]) & 0xC0) == 0x80) ++n;
      ++p;
    } else if (after_star != pattern.npos) {
      p = after_star;
      n = ++tried;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace internal
}  // namespace xgrad
