#include "../../simd/formulas/exponential.hpp"
#include "../arithmetic.hpp"
#include "../choose.hpp"
#include "../create.hpp"
#include "../detail/formula.hpp"
#include "../exponential.hpp"
#include "slopes.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

Tensor exp2(const Operand& x) { return unary("exp2", x, formulas::Exp2{}); }
Tensor log2(const Operand& x) { return unary("log2", x, formulas::Log2{}); }
Tensor log10(const Operand& x) { return unary("log10", x, formulas::Log10{}); }
Tensor logaddexp(const Operand& a, const Operand& b) { return binary("logaddexp", a, b, formulas::LogAddExp{}); }
Tensor logaddexp2(const Operand& a, const Operand& b) { return binary("logaddexp2", a, b, formulas::LogAddExp2{}); }

}  // namespace xgrad
