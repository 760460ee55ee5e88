#include "activation.hpp"

#include "arithmetic.hpp"
#include "choose.hpp"
#include "compare.hpp"
#include "create.hpp"
#include "detail/formula.hpp"
#include "exponential.hpp"
#include "special/slopes.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

Tensor sigmoid(const Operand& x) { return unary("sigmoid", x, formulas::Sigmoid{}); }

Tensor log_sigmoid(const Operand& x) { return unary("log_sigmoid", x, formulas::LogSigmoid{}); }

Tensor relu(const Operand& x) { return unary<Integers::stay>("relu", x, formulas::Relu{}); }

Tensor leaky_relu(const Operand& x, double slope) { return unary("leaky_relu", x, formulas::LeakyRelu{slope}); }

Tensor elu(const Operand& x, double alpha) { return unary("elu", x, formulas::Elu{alpha}); }

Tensor silu(const Operand& x) { return unary("silu", x, formulas::Silu{}); }

Tensor gelu(const Operand& x, GeluForm form) {
  return form == GeluForm::erf ? unary("gelu", x, formulas::Gelu{}) : unary("gelu", x, formulas::GeluTanh{});
}

Tensor softplus(const Operand& x, double beta, double threshold) {
  check(beta > 0, x.where(), "softplus: beta must be above 0, but it is ", beta, ".");
  return unary("softplus", x, formulas::Softplus{beta, threshold});
}

}  // namespace xgrad
