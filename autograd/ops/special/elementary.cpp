#include "elementary.hpp"

#include "../../simd/formulas/special.hpp"
#include "../arithmetic.hpp"
#include "../choose.hpp"
#include "../compare.hpp"
#include "../create.hpp"
#include "../detail/formula.hpp"
#include "../exponential.hpp"
#include "../special.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

Tensor sinc(const Operand& x) { return unary("sinc", x, formulas::Sinc{}); }
Tensor entr(const Operand& x) { return unary("entr", x, formulas::Entr{}); }
Tensor xlogy(const Operand& x, const Operand& y) { return binary("xlogy", x, y, formulas::Xlogy{}); }
Tensor xlog1py(const Operand& x, const Operand& y) { return binary("xlog1py", x, y, formulas::Xlog1py{}); }

Tensor logit(const Operand& x) { return unary("logit", x, formulas::Logit{}); }
Tensor logit(const Operand& x, double eps) {
  return eps < 0 ? logit(x) : unary("logit", x, formulas::BoundedLogit{eps});
}

Tensor sinc_slope(const Tensor& x) { return unary("sinc_slope", x, formulas::SincSlope{}); }
Tensor sinc_derivative(int n, const Tensor& x) { return unary("sinc_derivative", x, formulas::SincDerivative{n}); }
Tensor entr_slope(const Tensor& x) { return unary("entr_slope", x, formulas::EntrSlope{}); }

}  // namespace xgrad
