#include "common.hpp"

#include "../../grad_mode.hpp"
#include "../reduce.hpp"

namespace xgrad::internal {

void check_same_shape(const char* name, const Operand& x, const Operand& target) {
  const Shape& shape = x.tensor(name).shape();
  const Shape& expected = target.tensor(name).shape();
  check(shape == expected, x.where(), name, ": x and target must have one shape, but x is ", shape, " and target is ",
        expected, ". Reshape one of them.");
}

void check_weight(const char* name, const char* what, const Tensor& weight, const Operand& x) {
  const Shape& shape = x.tensor(name).shape();
  check(!weight.defined() || broadcasts_to(weight.shape(), shape), x.where(), name, ": ", what,
        " must broadcast to x's shape, but x is ", shape, " and it is ", weight.defined() ? weight.shape() : Shape{},
        ".");
}

void check_constant_weight(const char* name, const Tensor& weight, SourceLocation where) {
  check(!weight.defined() || !grad_enabled() || !weight.requires_grad(), where, name,
        ": beside labels weight must not require a gradient, as none is computed for it, but it does. Pass "
        "weight.detach().");
}

Tensor reduce_losses(const Tensor& losses, Reduction reduction) {
  if (reduction == Reduction::none) return losses;
  return reduction == Reduction::sum ? sum(losses) : mean(losses);
}

}  // namespace xgrad::internal
