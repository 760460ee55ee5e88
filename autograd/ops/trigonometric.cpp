#include "trigonometric.hpp"

#include "arithmetic.hpp"
#include "choose.hpp"
#include "create.hpp"
#include "detail/formula.hpp"
#include "special/slopes.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

Tensor sin(const Operand& x) { return unary("sin", x, formulas::Sin{}); }
Tensor cos(const Operand& x) { return unary("cos", x, formulas::Cos{}); }
Tensor tanh(const Operand& x) { return unary("tanh", x, formulas::Tanh{}); }

}  // namespace xgrad
