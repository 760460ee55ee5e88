// What the derivatives of the gamma function's family are made of, on tensors.
#pragma once

#include "../../tensor.hpp"

namespace xgrad {

/// The derivative of digamma.
Tensor trigamma(const Tensor& x);

}  // namespace xgrad
