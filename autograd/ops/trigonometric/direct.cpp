#include "../../simd/formulas/arithmetic.hpp"
#include "../../simd/formulas/trigonometric.hpp"
#include "../arithmetic.hpp"
#include "../choose.hpp"
#include "../create.hpp"
#include "../detail/formula.hpp"
#include "../trigonometric.hpp"
#include "slopes.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

Tensor tan(const Operand& x) { return unary("tan", x, formulas::Tan{}); }
Tensor sinh(const Operand& x) { return unary("sinh", x, formulas::Sinh{}); }
Tensor cosh(const Operand& x) { return unary("cosh", x, formulas::Cosh{}); }
Tensor hypot(const Operand& a, const Operand& b) { return binary("hypot", a, b, formulas::Hypot{}); }
Tensor deg2rad(const Operand& x) { return unary("deg2rad", x, formulas::Multiple{std::numbers::pi / 180}); }
Tensor rad2deg(const Operand& x) { return unary("rad2deg", x, formulas::Multiple{180 / std::numbers::pi}); }

}  // namespace xgrad
