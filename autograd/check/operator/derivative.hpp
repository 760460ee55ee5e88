// Checks of an operator's derivative, and of what must not change it or the value.
#pragma once

#include "trial.hpp"

namespace xgrad::internal {

/// Every memory layout gives the same value and gradient. Without a cotangent: the value alone.
void check_layouts(Trial& trial, const Tensors& inputs, const Tensor& value, const Tensor& cotangent);
/// Recorded or not, the value is the same; each input's gradient is the same whether others need one or not.
void check_recording(Trial& trial, const Tensors& inputs, const Tensor& value, const Tensor& cotangent);
/// Against finite differences, to the row's order.
void check_gradient(Trial& trial, const Tensors& inputs);
/// <u, J v> = <J^T u, v>: the product of the derivative with a tangent and that with a cotangent are of one matrix.
void check_transposes(Trial& trial, const Tensors& inputs, const Tensor& value);
/// The rule is linear in the cotangent: vjp(a u + w) = a vjp(u) + vjp(w), with numbers of both signs.
void check_linearity(Trial& trial, const Tensors& inputs, const Tensor& value);
/// An input in the place of another one too: value and gradient must be those for a copy there.
void check_shared(Trial& trial, const Tensors& inputs);
/// One thread and several give the same bits.
void check_threads(Trial& trial, const Tensors& inputs);

}  // namespace xgrad::internal
