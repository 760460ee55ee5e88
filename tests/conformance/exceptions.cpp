#include "exceptions.hpp"

#include <map>

namespace conformance {

const char* reason_to_differ(const std::string& id) {
  static const char* const kBessel = "PyTorch's series is inf / inf = nan where the value is infinite";
  static const std::map<std::string, const char*> kReasons = {
      {"linalg.vector_norm-b80b2ac6a9", "PyTorch rounds the order -2.1 to float32 and answers for another norm"},
      {"i0-b893dcefc0", kBessel},
      {"special.i1-51863466a0", kBessel},
      {"nn.functional.hardtanh-742eef0007", "PyTorch truncates the bounds -0.5 and 0.5 to integers, both 0"},
      {"nn.functional.softshrink-3bb5c9d87d", "PyTorch 1.13 gives 0 for nan"},
  };
  const auto found = kReasons.find(id);
  return found == kReasons.end() ? nullptr : found->second;
}

const char* reason_to_round(const std::string& operation) {
  static const char* const kCelu = "PyTorch's gradient rounds alpha to float32";
  static const char* const kHardsigmoid = "PyTorch's gradient rounds 1/6 to float32";
  static const std::map<std::string, const char*> kReasons = {{"nn.functional.celu", kCelu},
                                                              {"nn.CELU", kCelu},
                                                              {"nn.functional.hardsigmoid", kHardsigmoid},
                                                              {"nn.Hardsigmoid", kHardsigmoid}};
  const auto found = kReasons.find(operation);
  return found == kReasons.end() ? nullptr : found->second;
}

}  // namespace conformance
