#include "../../simd/formulas/trigonometric.hpp"
#include "../arithmetic.hpp"
#include "../choose.hpp"
#include "../compare.hpp"
#include "../create.hpp"
#include "../detail/formula.hpp"
#include "../trigonometric.hpp"
#include "slopes.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

Tensor asin(const Operand& x) { return unary("asin", x, formulas::Asin{}); }
Tensor acos(const Operand& x) { return unary("acos", x, formulas::Acos{}); }
Tensor atan(const Operand& x) { return unary("atan", x, formulas::Atan{}); }
Tensor atan2(const Operand& a, const Operand& b) { return binary("atan2", a, b, formulas::Atan2{}); }
Tensor asinh(const Operand& x) { return unary("asinh", x, formulas::Asinh{}); }
Tensor acosh(const Operand& x) { return unary("acosh", x, formulas::Acosh{}); }
Tensor atanh(const Operand& x) { return unary("atanh", x, formulas::Atanh{}); }

}  // namespace xgrad
