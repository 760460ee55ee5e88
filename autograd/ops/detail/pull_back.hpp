// Gradients where some outputs or inputs have nothing to do with one another.
#pragma once

#include <span>
#include <vector>

#include "../../grad.hpp"

namespace xgrad::internal {

/// grad() that passes over outputs which require no gradient, and gives zeros for inputs on which no output depends.
std::vector<Tensor> pull_back(std::span<const Tensor> outputs, std::span<const Tensor> inputs,
                              std::span<const Tensor> cotangents, GradOptions options, SourceLocation where);

}  // namespace xgrad::internal
