// What the losses of numbers share.
#pragma once

#include "../loss.hpp"

namespace xgrad::internal {

/// Throws std::invalid_argument unless x and target have one shape.
void check_same_shape(const char* name, const Operand& x, const Operand& target);

/// Throws std::invalid_argument unless a weight, where it is defined, stretches to x's shape.
void check_weight(const char* name, const char* what, const Tensor& weight, const Operand& x);

/// Throws std::invalid_argument for a weight of classes that requires a gradient, where none is computed for it.
void check_constant_weight(const char* name, const Tensor& weight, SourceLocation where);

/// Elements' losses as the reduction has them.
Tensor reduce_losses(const Tensor& losses, Reduction reduction);

}  // namespace xgrad::internal
