#include "slopes.hpp"

#include "../../simd/formulas/exponential.hpp"
#include "../arithmetic.hpp"
#include "../choose.hpp"
#include "../create.hpp"
#include "../detail/formula.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

Tensor exp2_slope(const Tensor& x) { return unary("exp2_slope", x, formulas::Exp2Slope{}); }
Tensor share(const Tensor& a, const Tensor& b) { return binary("share", a, b, formulas::Share{}); }
Tensor share2(const Tensor& a, const Tensor& b) { return binary("share2", a, b, formulas::Share2{}); }

}  // namespace xgrad
