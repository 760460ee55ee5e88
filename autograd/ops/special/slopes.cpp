#include "slopes.hpp"

#include "../arithmetic.hpp"
#include "../choose.hpp"
#include "../create.hpp"
#include "../detail/formula.hpp"
#include "../trigonometric.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

Tensor sigmoid_slope(const Tensor& x) { return unary("sigmoid_slope", x, formulas::SigmoidSlope{}); }
Tensor bell(const Tensor& x) { return unary("bell", x, formulas::Bell{}); }
Tensor normal_density(const Tensor& x) { return unary("normal_density", x, formulas::NormalDensity{}); }
Tensor normal_cdf(const Tensor& x) { return unary("normal_cdf", x, formulas::NormalCdf{}); }
Tensor bounded(const Tensor& x, double limit) { return clamp(x, -limit, limit); }

}  // namespace xgrad
