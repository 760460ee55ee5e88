#include "pull_back.hpp"

#include "../create.hpp"

namespace xgrad::internal {

std::vector<Tensor> pull_back(std::span<const Tensor> outputs, std::span<const Tensor> inputs,
                              std::span<const Tensor> cotangents, GradOptions options, SourceLocation where) {
  std::vector<Tensor> kept_outputs, kept_cotangents;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (!outputs[i].requires_grad()) continue;
    kept_outputs.push_back(outputs[i]);
    kept_cotangents.push_back(cotangents[i]);
  }
  options.allow_unused = true;
  std::vector<Tensor> results(inputs.size());
  if (!kept_outputs.empty()) results = grad(kept_outputs, inputs, kept_cotangents, options, where);
  for (std::size_t i = 0; i < results.size(); ++i)
    if (!results[i].defined()) results[i] = zeros(inputs[i].shape(), {.dtype = inputs[i].dtype()});
  return results;
}

}  // namespace xgrad::internal
