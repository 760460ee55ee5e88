#include "rounding.hpp"

#include "arithmetic.hpp"
#include "choose.hpp"
#include "create.hpp"
#include "detail/formula.hpp"

namespace xgrad {

using namespace internal;

Tensor floor(const Operand& x) { return unary<Integers::stay>("floor", x, formulas::Floor{}); }
Tensor ceil(const Operand& x) { return unary<Integers::stay>("ceil", x, formulas::Ceil{}); }
Tensor trunc(const Operand& x) { return unary<Integers::stay>("trunc", x, formulas::Trunc{}); }
Tensor round(const Operand& x) { return unary<Integers::stay>("round", x, formulas::Round{}); }

}  // namespace xgrad
