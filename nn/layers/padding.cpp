#include "padding.hpp"

#include "../../autograd/ops.hpp"

namespace xgrad XGRAD_API {
namespace nn {

std::vector<std::int64_t> BorderWidths::of_axes(const char* layer, int axes, SourceLocation where) const {
  const std::size_t count = 2 * static_cast<std::size_t>(axes);
  check(widths_.size() == 1 || widths_.size() == count, where, layer, ": there must be one width, or ", count,
        ", but there are ", widths_.size(), ".");
  return widths_.size() == count ? widths_ : std::vector<std::int64_t>(count, widths_[0]);
}

Tensor PaddingLayer::operator()(const Operand& x) const {
  return call(x, [&] {
    const Shape& shape = x.tensor("padding").shape();
    // PyTorch pads whatever has the axes by numbers; what repeats elements needs the channels, too.
    const bool any = mode_ == PadMode::constant;
    check(any ? shape.ndim() >= axes_ : shape.ndim() == axes_ + 1 || shape.ndim() == axes_ + 2, x.where(),
          "x must have ", any ? axes_ : axes_ + 1,
          any ? " axes at least, but it is " : " axes, or one more, but it is ", shape, ".");
    return pad(x, widths_, {.mode = mode_, .value = value_});
  });
}

}  // namespace nn
}  // namespace xgrad
