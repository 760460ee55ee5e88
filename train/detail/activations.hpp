// Activation functions as diagnose() meets them: the operations by their names, with their slopes.
#pragma once

#include <string_view>

#include "../../autograd/tensor.hpp"

namespace xgrad::train::detail {

/// Whether an operation of this name is an activation function, by elements.
bool is_activation(std::string_view name);
/// Whether its slope goes to 0 on both sides (sigmoid, tanh ...).
bool saturates(std::string_view name);
/// |slope| by elements, of an input x.
Tensor slope_of(std::string_view name, const Tensor& x);

}  // namespace xgrad::train::detail
