// Where xgrad differs from PyTorch on purpose: by operation and condition, each with what is right there.
#pragma once

#include <set>
#include <string>

#include "archive.hpp"
#include "compare.hpp"
#include "value.hpp"

namespace conformance {

/// Reasons for which answers of a case are others by design.
using Reasons = std::set<std::string>;

/// One tensor of a case beside the recorded one.
struct Compared {
  const Value& one_case;
  Kind kind;
  std::string place;  ///< an output's number, or the path of the argument, or the name of the parameter
  const xgrad::Tensor& actual;
  const xgrad::Tensor& recorded;
};

/// Why xgrad's answer is not the recorded one, but right by its own conventions; null where it is not.
const char* reason_to_differ(const Compared& compared, const Archive& archive);
/// Why xgrad throws this where PyTorch answers; null where it should not.
const char* reason_to_throw(const Value& one_case, const std::string& message);

}  // namespace conformance
