// What the derivatives of exp2, logaddexp and logaddexp2 are made of, on tensors: for second and higher orders. The
// names are those of the batches' and duals' functions (simd/math/logarithm.hpp).
#pragma once

#include "../../tensor.hpp"

namespace xgrad {

/// log(2) 2^x
Tensor exp2_slope(const Tensor& x);
/// exp(a) / (exp(a) + exp(b))
Tensor share(const Tensor& a, const Tensor& b);
/// 2^a / (2^a + 2^b)
Tensor share2(const Tensor& a, const Tensor& b);

}  // namespace xgrad
