// Performing one case of each kind. Each throws Mismatch when xgrad's answer differs, Unsupported when xgrad
// has no such operation or option, and lets the library's own exceptions through.
#pragma once

#include <string>
#include <vector>

#include "archive.hpp"
#include "compare.hpp"
#include "value.hpp"

namespace conformance {

void run_op(const Value& one_case, const Archive& archive);
void run_module(const Value& one_case, const Archive& archive);
void run_optimizer(const Value& one_case, const Archive& archive);
void run_scheduler(const Value& one_case, const Archive& archive);
/// The kinds "init", "gain" and "default_init".
void run_initializer(const Value& one_case, const Archive& archive);

/// Performs the case, whatever its kind.
void run_case(const Value& one_case, const Archive& archive);

// ---- Steps that the kinds share ----

/// Compares results with the names in `expected`; null there compares nothing.
void check_outputs(const Value& one_case, const std::vector<xgrad::Tensor>& outputs, const Archive& archive);

/// Gradients of sum over outputs of sum(cotangent * output), by grad() with cotangents. Undefined for a leaf
/// that the outputs do not depend on.
std::vector<xgrad::Tensor> gradients(const Value& cotangents, const std::vector<xgrad::Tensor>& outputs,
                                     const std::vector<xgrad::Tensor>& leaves, bool retain_graph,
                                     const Archive& archive);

/// Compares a gradient with the tensor named in `expected`; null there demands none or zero.
void check_gradient(const Value& one_case, const std::string& what, const xgrad::Tensor& gradient,
                    const Value& expected, Kind kind, const Archive& archive);

}  // namespace conformance
