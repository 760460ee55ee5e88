// What the derivative of rsqrt is made of, on tensors: for second and higher orders, by the name of the batches' function
// (simd/math/parts.hpp).
#pragma once

#include "../../tensor.hpp"

namespace xgrad {

/// -1 / (2 x sqrt(x))
Tensor rsqrt_slope(const Tensor& x);

}  // namespace xgrad
