// Performing one case of each kind. Each throws Mismatch when xgrad's answer differs, Unsupported when xgrad
// has no such operation or option, and lets the library's own exceptions through. Those that can differ by design
// answer with the reasons.
#pragma once

#include <string>
#include <vector>

#include "archive.hpp"
#include "compare.hpp"
#include "exceptions.hpp"
#include "value.hpp"

namespace conformance {

Reasons run_op(const Value& one_case, const Archive& archive);
Reasons run_module(const Value& one_case, const Archive& archive);
void run_optimizer(const Value& one_case, const Archive& archive);
void run_scheduler(const Value& one_case, const Archive& archive);
/// The kinds "init", "gain" and "default_init".
void run_initializer(const Value& one_case, const Archive& archive);

/// Performs the case, whatever its kind.
Reasons run_case(const Value& one_case, const Archive& archive);

// ---- Steps that the kinds share ----

/// Compares results with the names in `expected`; null there compares nothing. Notes why one differs by design.
void check_outputs(const Value& one_case, const std::vector<xgrad::Tensor>& outputs, const Archive& archive,
                   Reasons& by_design);

/// Gradients of sum over outputs of sum(cotangent * output), by grad() with cotangents. Undefined for a leaf
/// that the outputs do not depend on.
std::vector<xgrad::Tensor> gradients(const Value& cotangents, const std::vector<xgrad::Tensor>& outputs,
                                     const std::vector<xgrad::Tensor>& leaves, bool retain_graph,
                                     const Archive& archive);

/// What a gradient belongs to, in which comparison.
struct GradientOf {
  const char* what;  ///< "gradient of"
  Kind kind;
  std::string place;  ///< the path of the argument, or the name of the parameter
};
/// Compares a gradient with the tensor named in `expected`; null there demands none or zero. Notes why it differs by
/// design.
void check_gradient(const Value& one_case, const GradientOf& of, const xgrad::Tensor& gradient, const Value& expected,
                    const Archive& archive, Reasons& by_design);

}  // namespace conformance
