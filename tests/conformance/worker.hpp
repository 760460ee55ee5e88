// Runs the cases in a child process, so that a case that crashes or hangs is that case's failure and no more.
#pragma once

#include <functional>
#include <vector>

#include "archive.hpp"
#include "report.hpp"

namespace conformance {

/// Performs one case; never throws.
Result perform(const Value& one_case, const Archive& archive);

/// Performs the cases in order, each answer handed to `done`. A case that kills its process or takes over a
/// minute fails; the next case runs in a new process.
void perform_all(const std::vector<Value>& cases, const Archive& archive,
                 const std::function<void(const Value& one_case, const Result& result)>& done);

}  // namespace conformance
