// Checks of what an operator does where it is used wrongly.
#pragma once

#include "trial.hpp"

namespace xgrad::internal {

/// Other ranks, extents, dtypes and indices than the operator takes: a result, or a refusal in the house's words.
void check_wrong_inputs(Trial& trial, const Tensors& inputs);
/// The calls that the row says are refused, are refused in the house's words.
void check_refused(Trial& trial, const Tensors& inputs);
/// A value that is overwritten between forward and backward is noticed, or was not needed.
void check_overwritten(Trial& trial, const Tensors& inputs, const Tensor& cotangent);

}  // namespace xgrad::internal
