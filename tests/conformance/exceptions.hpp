// Cases in which xgrad differs from PyTorch on purpose.
#pragma once

#include <string>

namespace conformance {

/// Why xgrad's answer to this case is another one by design; null for all other cases.
const char* reason_to_differ(const std::string& id);

}  // namespace conformance
