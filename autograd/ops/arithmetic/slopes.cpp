#include "slopes.hpp"

#include "../../simd/formulas/arithmetic.hpp"
#include "../arithmetic.hpp"
#include "../choose.hpp"
#include "../create.hpp"
#include "../detail/formula.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

Tensor rsqrt_slope(const Tensor& x) { return unary("rsqrt_slope", x, formulas::RsqrtSlope{}); }
Tensor cbrt_slope(const Tensor& x) { return unary("cbrt_slope", x, formulas::CbrtSlope{}); }

}  // namespace xgrad
