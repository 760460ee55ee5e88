#include "special.hpp"

#include "arithmetic.hpp"
#include "choose.hpp"
#include "create.hpp"
#include "detail/formula.hpp"
#include "special/slopes.hpp"

namespace xgrad {

using namespace internal;

Tensor erf(const Operand& x) { return unary("erf", x, formulas::Erf{}); }
Tensor erfc(const Operand& x) { return unary("erfc", x, formulas::Erfc{}); }

}  // namespace xgrad
