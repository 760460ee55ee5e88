// Checks of an operator's value.
#pragma once

#include "trial.hpp"

namespace xgrad::internal {

/// Against the reference; its dtype; constants stay constants, and inputs as they are.
void check_value(Trial& trial, const Tensors& inputs, const Tensor& value);
/// In float32 against float64, the gradient too; that may be off by `of_terms` for each element of the value that it
/// sums up.
void check_float32(Trial& trial, const Tensors& inputs, double of_terms = 0);
/// A nan in any floating input makes one in the value.
void check_nan(Trial& trial, const Tensors& inputs);
/// All combinations of the row's extreme numbers.
void check_extremes(Trial& trial);
/// Integer and boolean operands: the reference's value, or a refusal in the house's words.
void check_integers(Trial& trial, const Tensors& inputs);

}  // namespace xgrad::internal
