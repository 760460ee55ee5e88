#include "error.hpp"

#include "../../simd/formulas/special.hpp"
#include "../arithmetic.hpp"
#include "../choose.hpp"
#include "../compare.hpp"
#include "../create.hpp"
#include "../detail/formula.hpp"
#include "../special.hpp"
#include "slopes.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

Tensor erf(const Operand& x) { return unary("erf", x, formulas::Erf{}); }
Tensor erfc(const Operand& x) { return unary("erfc", x, formulas::Erfc{}); }
Tensor erfcx(const Operand& x) { return unary("erfcx", x, formulas::Erfcx{}); }
Tensor erfinv(const Operand& x) { return unary("erfinv", x, formulas::Erfinv{}); }
Tensor ndtr(const Operand& x) { return unary("ndtr", x, formulas::Ndtr{}); }
Tensor ndtri(const Operand& p) { return unary("ndtri", p, formulas::Ndtri{}); }
Tensor log_ndtr(const Operand& x) { return unary("log_ndtr", x, formulas::LogNdtr{}); }

Tensor erfinv_slope(const Tensor& x) { return unary("erfinv_slope", x, formulas::ErfinvSlope{}); }
Tensor ndtr_slope(const Tensor& x) { return normal_density(x); }
Tensor ndtri_slope(const Tensor& p) { return unary("ndtri_slope", p, formulas::NdtriSlope{}); }
Tensor log_ndtr_slope(const Tensor& x) { return unary("log_ndtr_slope", x, formulas::LogNdtrSlope{}); }
Tensor erfcx_integral(const Tensor& x) { return unary("erfcx_integral", x, formulas::ErfcxIntegral{}); }
Tensor erfcx_integral(int n, const Tensor& x) { return unary("erfcx_integral", x, formulas::ErfcxIntegralOf{n}); }

}  // namespace xgrad
