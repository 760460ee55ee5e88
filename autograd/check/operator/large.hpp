// Checks of an operator at the shapes at which it takes other loops, and several threads, than at small ones.
#pragma once

#include "trial.hpp"

namespace xgrad::internal {

/// The value of large inputs against the reference, of elementwise operators also against that of small pieces; float32
/// against float64, the gradient against differences of the value, and one thread against three.
void check_large(Trial& trial, const Tensors& inputs);

}  // namespace xgrad::internal
