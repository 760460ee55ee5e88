// Cases in which xgrad differs from PyTorch on purpose.
#pragma once

#include <string>

namespace conformance {

/// Why xgrad's answer to this case is another one by design; null for all other cases.
const char* reason_to_differ(const std::string& id);
/// Why gradients of an operation may be as far from the recorded ones as float32 rounds; null where they may not.
const char* reason_to_round(const std::string& operation);

}  // namespace conformance
