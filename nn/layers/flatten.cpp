#include "flatten.hpp"

#include <algorithm>

#include "../../autograd/ops.hpp"

namespace xgrad XGRAD_API {
namespace nn {

Flatten::Flatten(int first, int last) : first_(first), last_(last) {}
Tensor Flatten::operator()(const Operand& x) const {
  return call(x, [&] {
    const Shape& shape = x.tensor("Flatten").shape();
    const int ndim = std::max(1, shape.ndim());  // a scalar counts as one number in a row
    for (int axis : {first_, last_})
      check<std::out_of_range>(-ndim <= axis && axis < ndim, x.where(), "x must have the axes ", first_, " to ", last_,
                               ", but x is ", shape, ".");
    return flatten(x, first_, last_);
  });
}

Unflatten::Unflatten(int axis, const Shape& sizes) : axis_(axis), sizes_(sizes) {}

Tensor Unflatten::operator()(const Operand& x) const {
  return call(x, [&] { return unflatten(x, axis_, sizes_); });
}
Unfold::Unfold(const Shape& kernel, PatchOptions options) : kernel_(kernel), options_(options) {}
Unfold::Unfold(std::int64_t kernel, PatchOptions options) : Unfold(Shape{kernel}, options) {}

Tensor Unfold::operator()(const Operand& x) const {
  return call(x, [&] { return unfold(x, kernel_, options_); });
}
Fold::Fold(const Shape& size, const Shape& kernel, PatchOptions options)
    : size_(size), kernel_(kernel), options_(options) {}

Tensor Fold::operator()(const Operand& x) const {
  return call(x, [&] { return fold(x, size_, kernel_, options_); });
}

}  // namespace nn
}  // namespace xgrad
