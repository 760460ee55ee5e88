// Activations that are smooth, or nearly so.
#include "../../simd/formulas/activation.hpp"
#include "../../simd/formulas/trigonometric.hpp"
#include "../activation.hpp"
#include "../arithmetic.hpp"
#include "../choose.hpp"
#include "../compare.hpp"
#include "../create.hpp"
#include "../detail/formula.hpp"
#include "../exponential.hpp"
#include "../index.hpp"
#include "../special/slopes.hpp"
#include "../trigonometric.hpp"
#include "../trigonometric/slopes.hpp"
#include "slopes.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

Tensor celu(const Operand& x, double alpha) {
  check(alpha != 0, x.where(), "celu: alpha must not be 0, but it is.");
  return unary("celu", x, formulas::Celu{alpha});
}
Tensor selu(const Operand& x) { return unary("selu", x, formulas::Selu{}); }
Tensor mish(const Operand& x) { return unary("mish", x, formulas::Mish{}); }
Tensor softsign(const Operand& x) { return unary("softsign", x, formulas::Softsign{}); }
Tensor tanhshrink(const Operand& x) { return unary("tanhshrink", x, formulas::Tanhshrink{}); }

Tensor glu(const Operand& x, int axis) {
  const Tensor& tensor = x.tensor("glu");
  const SourceLocation where = x.where();
  check(tensor.ndim() > 0, where, "glu: x must have an axis, but it is 0-d.");
  axis = normalize_axis("glu", axis, tensor.ndim(), where);
  const std::int64_t extent = tensor.shape()[axis];
  check(extent % 2 == 0, where, "glu: the extent along axis ", axis, " must be even, but the shape is ", tensor.shape(),
        ".");
  CallSite site(where);
  return binary("glu", narrow(tensor, axis, 0, extent / 2), narrow(tensor, axis, extent / 2, extent / 2),
                formulas::Gate{});
}

}  // namespace xgrad
