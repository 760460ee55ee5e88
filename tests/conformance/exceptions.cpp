#include "tests/conformance/exceptions.hpp"

#include <map>

namespace conformance {

const char* reason_to_differ(const std::string& id) {
  static const std::map<std::string, const char*> kReasons = {};
  const auto found = kReasons.find(id);
  return found == kReasons.end() ? nullptr : found->second;
}

}  // namespace conformance
