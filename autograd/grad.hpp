// The engine's interface: gradients of any order through the graph.
#pragma once

#include <initializer_list>
#include <span>
#include <vector>

#include "grad_mode.hpp"
#include "tensor.hpp"

namespace xgrad XGRAD_API {

/// Unused says what grad() answers for an input that no output depends on.
enum class Unused {
  error,      ///< throws std::logic_error, before any rule runs
  undefined,  ///< an undefined Tensor
  zeros,      ///< zeros in the input's shape and dtype
};

/// GradOptions says how grad() traverses the graph.
struct GradOptions {
  bool create_graph = false;      ///< record the gradients' own graph, so that they can be differentiated again
  bool retain_graph = false;      ///< keep the graph for another pass; implied by create_graph
  Unused unused = Unused::error;  ///< what to answer for an input that no output depends on
};

/// grad computes the gradients of sum_k <outputs[k], cotangents[k]> with respect to `inputs` (leaves or intermediate
/// results), and touches no Tensor::grad(). Without cotangents each output must have one element.
/// The results may share memory with each other, with the cotangents and with other tensors: the gradients of a + b are
/// one tensor, and that of sum(x) is one number, expanded. Write into a copy() alone. What backward() leaves in
/// Tensor::grad() is each tensor's own.
///
/// Shapes: cotangents as outputs; results as inputs.
/// Dtype: cotangents as outputs; results as inputs.
///
/// Throws: std::invalid_argument for cotangents of another number, shape or dtype; std::logic_error for outputs or
/// inputs that require no gradient, an input that no output depends on (see Unused), a graph that an earlier pass
/// freed, or a saved value that was overwritten. All of that is checked before the first rule runs, and nothing is
/// changed then. A pass in which a rule or a hook throws has used up its graph unless it retains it.
/// Example: `Tensor w = copy(x).set_requires_grad(), g = grad(sum(w * w), w, {.unused = Unused::zeros});  // 2 w`
std::vector<Tensor> grad(std::span<const Tensor> outputs, std::span<const Tensor> inputs,
                         std::span<const Tensor> cotangents = {}, GradOptions options = {},
                         SourceLocation where = SourceLocation::current());

/// grad of several outputs by several inputs, in braces: `grad({loss, penalty}, {w, b})`.
std::vector<Tensor> grad(std::initializer_list<Tensor> outputs, std::initializer_list<Tensor> inputs,
                         std::initializer_list<Tensor> cotangents = {}, GradOptions options = {},
                         SourceLocation where = SourceLocation::current());

/// grad of one output with one element, with respect to one or several inputs.
Tensor grad(const Tensor& output, const Tensor& input, GradOptions options = {},
            SourceLocation where = SourceLocation::current());
std::vector<Tensor> grad(const Tensor& output, const std::vector<Tensor>& inputs, GradOptions options = {},
                         SourceLocation where = SourceLocation::current());

/// grad of <output, cotangent>, for an output of any shape.
Tensor grad(const Tensor& output, const Tensor& input, const Tensor& cotangent, GradOptions options = {},
            SourceLocation where = SourceLocation::current());
std::vector<Tensor> grad(const Tensor& output, const std::vector<Tensor>& inputs, const Tensor& cotangent,
                         GradOptions options = {}, SourceLocation where = SourceLocation::current());

/// backward is Tensor::backward for several outputs at once.
void backward(std::span<const Tensor> outputs, std::span<const Tensor> cotangents = {}, BackwardOptions options = {},
              SourceLocation where = SourceLocation::current());
/// backward of outputs in braces: `backward({loss, penalty})`.
void backward(std::initializer_list<Tensor> outputs, std::initializer_list<Tensor> cotangents = {},
              BackwardOptions options = {}, SourceLocation where = SourceLocation::current());

}  // namespace xgrad
