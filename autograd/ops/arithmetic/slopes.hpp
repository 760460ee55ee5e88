// What the derivatives of rsqrt and cbrt are made of, on tensors: for second and higher orders, by the names of the
// batches' functions (simd/math/parts.hpp, simd/math/cube_root.hpp).
#pragma once

#include "../../tensor.hpp"

namespace xgrad {

/// -1 / (2 x sqrt(x))
Tensor rsqrt_slope(const Tensor& x);

/// 1 / (3 cbrt(x)^2)
Tensor cbrt_slope(const Tensor& x);

}  // namespace xgrad
