// Activations that are made of straight pieces.
#include <cmath>

#include "../../simd/formulas/activation.hpp"
#include "../activation.hpp"
#include "../arithmetic.hpp"
#include "../choose.hpp"
#include "../compare.hpp"
#include "../create.hpp"
#include "../detail/formula.hpp"
#include "../movement.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

namespace {

bool is_whole(const Scalar& number) { return std::trunc(number.value()) == number.value(); }

/// Whether its integer part is an int64.
bool fits(const Scalar& number) { return number.is_integer() || std::abs(number.value()) < 0x1p63; }

}  // namespace

Tensor hardtanh(const Operand& x, Scalar low, Scalar high) {
  // Of integers there is no derivative in which they differ.
  if (!is_floating(x.dtype("hardtanh")) && is_whole(low) && is_whole(high)) return clamp(x, low, high);
  return unary("hardtanh", x, formulas::Hardtanh{low.value(), high.value()});
}
Tensor relu6(const Operand& x) {
  if (!is_floating(x.dtype("relu6"))) return clamp(x, 0, 6);
  return unary("relu6", x, formulas::Hardtanh{0, 6});
}
Tensor hardsigmoid(const Operand& x) { return unary("hardsigmoid", x, formulas::Hardsigmoid{}); }
Tensor hardswish(const Operand& x) { return unary("hardswish", x, formulas::Hardswish{}); }
Tensor hardshrink(const Operand& x, double lambda) { return unary("hardshrink", x, formulas::Hardshrink{lambda}); }
Tensor softshrink(const Operand& x, double lambda) {
  check(lambda >= 0, x.where(), "softshrink: lambda must not be negative, but it is ", lambda, ".");
  return unary("softshrink", x, formulas::Softshrink{lambda});
}

Tensor threshold(const Operand& x, Scalar bound, Scalar value) {
  const Tensor& tensor = x.tensor("threshold");
  if (!is_floating(tensor.dtype()) && is_whole(value) && fits(value) && fits(bound)) {
    const auto integer = [](const Scalar& number) {
      return number.is_integer() ? number.integer() : static_cast<std::int64_t>(std::floor(number.value()));
    };
    const std::int64_t low = integer(bound), other = integer(value);
    return compute<std::int64_t>(
        tensor.shape(), [low, other](std::int64_t x) { return x <= low ? other : x; },
        cast_for("threshold", {tensor, x.where()}, DType::int64));
  }
  return unary("threshold", x, formulas::Threshold{bound.value(), value.value()});
}

Tensor prelu(const Operand& x, const Operand& weight) {
  const Tensor &tensor = x.tensor("prelu"), &slopes = weight.tensor("prelu");
  const SourceLocation where = x.where();
  const int ndim = tensor.ndim();
  check(slopes.ndim() <= 1, where, "prelu: weight must have at most one axis, but its shape is ", slopes.shape(), ".");
  const std::int64_t channels = ndim > 1 ? tensor.shape()[1] : 1;
  check(slopes.numel() == 1 || slopes.numel() == channels, where,
        "prelu: weight must have one element or one for each channel, axis 1 of x, but the shapes are ", slopes.shape(),
        " and ", tensor.shape(), ".");
  CallSite site(where);
  if (slopes.numel() == 1) return binary("prelu", tensor, reshape(slopes, Shape::filled(ndim, 1)), formulas::Prelu{});
  Shape per_channel = Shape::filled(ndim - 1, 1);
  per_channel[0] = channels;
  return binary("prelu", tensor, reshape(slopes, per_channel), formulas::Prelu{});
}

}  // namespace xgrad
