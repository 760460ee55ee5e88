#include "exponential.hpp"

#include "arithmetic.hpp"
#include "choose.hpp"
#include "create.hpp"
#include "detail/formula.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

Tensor exp(const Operand& x) { return unary("exp", x, formulas::Exp{}); }
Tensor expm1(const Operand& x) { return unary("expm1", x, formulas::Expm1{}); }
Tensor log(const Operand& x) { return unary("log", x, formulas::Log{}); }
Tensor log1p(const Operand& x) { return unary("log1p", x, formulas::Log1p{}); }

}  // namespace xgrad
