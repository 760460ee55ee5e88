#include "slopes.hpp"

#include "../../simd/formulas/trigonometric.hpp"
#include "../arithmetic.hpp"
#include "../choose.hpp"
#include "../compare.hpp"
#include "../create.hpp"
#include "../detail/formula.hpp"
#include "../special/slopes.hpp"
#include "../trigonometric.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

Tensor secant_square(const Tensor& x) { return unary("secant_square", x, formulas::SecantSquare{}); }
Tensor lorentz(const Tensor& x) { return unary("lorentz", x, formulas::Lorentz{}); }
Tensor asin_slope(const Tensor& x) { return unary("asin_slope", x, formulas::AsinSlope{}); }
Tensor acosh_slope(const Tensor& x) { return unary("acosh_slope", x, formulas::AcoshSlope{}); }
Tensor atanh_slope(const Tensor& x) { return unary("atanh_slope", x, formulas::AtanhSlope{}); }
Tensor tanh_square(const Tensor& x) { return unary("tanh_square", x, formulas::TanhSquare{}); }
Tensor direction(const Tensor& a, const Tensor& b) { return binary("direction", a, b, formulas::Direction{}); }
Tensor winding(const Tensor& a, const Tensor& b) { return binary("winding", a, b, formulas::Winding{}); }

}  // namespace xgrad
