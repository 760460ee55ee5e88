// The engine's interface: gradients of any order through the graph.
#pragma once

#include <span>
#include <vector>

#include "grad_mode.hpp"
#include "tensor.hpp"

namespace xgrad XGRAD_API {

struct GradOptions {
  bool create_graph = false;  ///< record the gradients' own graph, so that they can be differentiated again
  bool retain_graph = false;  ///< keep the graph for another pass; implied by create_graph
  bool allow_unused = false;  ///< an input that no output depends on: an undefined Tensor instead of an error
};

/// Gradients of sum_k <outputs[k], cotangents[k]> with respect to `inputs` (leaves or intermediate results), in their
/// shapes and dtypes. Touches no Tensor::grad(). Without cotangents each output must have one element.
///
/// Throws std::invalid_argument for cotangents of another number, shape or dtype; std::logic_error for outputs that
/// require no gradient, an input that no output depends on, a graph that an earlier pass freed, or a saved value that was
/// overwritten. Nothing is changed then.
std::vector<Tensor> grad(std::span<const Tensor> outputs, std::span<const Tensor> inputs,
                         std::span<const Tensor> cotangents = {}, GradOptions options = {},
                         SourceLocation where = SourceLocation::current());

/// The same for one output with one element and one or several inputs.
Tensor grad(const Tensor& output, const Tensor& input, GradOptions options = {},
            SourceLocation where = SourceLocation::current());
std::vector<Tensor> grad(const Tensor& output, const std::vector<Tensor>& inputs, GradOptions options = {},
                         SourceLocation where = SourceLocation::current());

/// Tensor::backward for several outputs at once.
void backward(std::span<const Tensor> outputs, std::span<const Tensor> cotangents = {}, BackwardOptions options = {},
              SourceLocation where = SourceLocation::current());

}  // namespace xgrad
