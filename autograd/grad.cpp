#include "grad.hpp"

#include "engine/backward.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

namespace {

void check_output(const char* operation, const Tensor& output, SourceLocation where) {
  check(output.defined(), where, operation, ": the output must be defined, but it is not: ", internal::kWhyUndefined);
  if (output.requires_grad()) [[likely]]
    return;
  fail<std::logic_error>(
      where, concat(operation, ": the output must depend on a tensor that requires a gradient, but it does not. ",
                    Pass::is_under_way() && !grad_enabled()
                        ? "Hooks and rules run unrecorded: open a GradMode(true) before computing it."
                        : "Call set_requires_grad() on a variable before computing with it, outside of NoGrad. A "
                          "gradient that is differentiated in turn is taken with {.create_graph = true}."));
}

void check_outputs(const char* operation, std::span<const Tensor> outputs, std::span<const Tensor> cotangents,
                   SourceLocation where) {
  check(!outputs.empty(), where, operation, ": at least one output is needed, but there is none.");
  check(cotangents.empty() || cotangents.size() == outputs.size(), where, operation, ": there must be one cotangent ",
        "for each output, but there are ", cotangents.size(), " for ", outputs.size(), " outputs.");
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const Tensor& output = outputs[i];
    check_output(operation, output, where);
    if (cotangents.empty()) {
      check(output.numel() == 1, where, operation, ": the output must have one element, but its shape is ",
            output.shape(), ". Reduce it with sum() or mean(), or pass a cotangent of that shape.");
    } else {
      const Tensor& cotangent = cotangents[i];
      check(cotangent.defined(), where, operation, ": the cotangent must be ", output.dtype(), " ", output.shape(),
            " as its output, but it is undefined.");
      check(cotangent.shape() == output.shape() && cotangent.dtype() == output.dtype(), where, operation,
            ": the cotangent must be ", output.dtype(), " ", output.shape(), " as its output, but it is ",
            cotangent.dtype(), " ", cotangent.shape(), ".");
    }
  }
}

}  // namespace

std::vector<Tensor> grad(std::span<const Tensor> outputs, std::span<const Tensor> inputs,
                         std::span<const Tensor> cotangents, GradOptions options, SourceLocation where) {
  check_outputs("grad", outputs, cotangents, where);
  for (const Tensor& input : inputs) {
    check(input.defined(), where, "grad: the input must be defined, but it is not: ", internal::kWhyUndefined);
    check<std::logic_error>(input.requires_grad(), where, "grad: the input must require a gradient, but a ",
                            input.dtype(), " tensor of shape ", input.shape(), " does not. Call set_requires_grad().");
  }
  Backward pass({.create_graph = options.create_graph, .retain_graph = options.retain_graph}, where);
  pass.want(inputs);
  pass.discover(outputs);
  for (std::size_t i = 0; i < inputs.size() && options.unused == Unused::error; ++i)
    if (!pass.reaches(i))
      fail<std::logic_error>(where,
                             concat("grad: the outputs must depend on each input, but not on input ", i, " of shape ",
                                    inputs[i].shape(), ". Pass {.unused = Unused::zeros}, or Unused::undefined."));
  pass.run(outputs, cotangents);
  return pass.take_results(options.unused != Unused::undefined);
}

Tensor grad(const Tensor& output, const Tensor& input, GradOptions options, SourceLocation where) {
  return std::move(grad(std::span(&output, 1), std::span(&input, 1), {}, options, where)[0]);
}

std::vector<Tensor> grad(std::initializer_list<Tensor> outputs, std::initializer_list<Tensor> inputs,
                         std::initializer_list<Tensor> cotangents, GradOptions options, SourceLocation where) {
  return grad(std::span(outputs), std::span(inputs), std::span(cotangents), options, where);
}

std::vector<Tensor> grad(const Tensor& output, const std::vector<Tensor>& inputs, GradOptions options,
                         SourceLocation where) {
  return grad(std::span(&output, 1), std::span(inputs), {}, options, where);
}

Tensor grad(const Tensor& output, const Tensor& input, const Tensor& cotangent, GradOptions options,
            SourceLocation where) {
  return std::move(grad(std::span(&output, 1), std::span(&input, 1), std::span(&cotangent, 1), options, where)[0]);
}

std::vector<Tensor> grad(const Tensor& output, const std::vector<Tensor>& inputs, const Tensor& cotangent,
                         GradOptions options, SourceLocation where) {
  return grad(std::span(&output, 1), std::span(inputs), std::span(&cotangent, 1), options, where);
}

void backward(std::span<const Tensor> outputs, std::span<const Tensor> cotangents, BackwardOptions options,
              SourceLocation where) {
  check_outputs("backward", outputs, cotangents, where);
  Backward pass({.create_graph = options.create_graph, .retain_graph = options.retain_graph}, where);
  pass.discover(outputs);
  pass.run(outputs, cotangents);
  pass.store();
}

void backward(std::initializer_list<Tensor> outputs, std::initializer_list<Tensor> cotangents, BackwardOptions options,
              SourceLocation where) {
  backward(std::span(outputs), std::span(cotangents), options, where);
}

}  // namespace xgrad
