#include "padding.hpp"

#include "../../autograd/ops.hpp"

namespace xgrad XGRAD_API {
namespace nn {

BorderWidths::BorderWidths(std::initializer_list<std::int64_t> each) : widths_(each) {}
BorderWidths::BorderWidths(std::vector<std::int64_t> each) : widths_(std::move(each)) {}
std::vector<std::int64_t> BorderWidths::of_axes(const char* layer, int axes, SourceLocation where) const {
  const std::size_t count = 2 * static_cast<std::size_t>(axes);
  check(widths_.size() == 1 || widths_.size() == count, where, layer, ": there must be one width, or ", count,
        ", but there are ", widths_.size(), ".");
  return widths_.size() == count ? widths_ : std::vector<std::int64_t>(count, widths_[0]);
}

PaddingLayer::PaddingLayer(const char* name, int axes, const BorderWidths& widths, PadMode mode, Scalar value,
                           SourceLocation where)
    : axes_(axes), widths_(widths.of_axes(name, axes, where)), mode_(mode), value_(value) {}
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

ZeroPad1d::ZeroPad1d(const BorderWidths& widths, SourceLocation where)
    : PaddingLayer("ZeroPad1d", 1, widths, PadMode::constant, 0, where) {}
ZeroPad2d::ZeroPad2d(const BorderWidths& widths, SourceLocation where)
    : PaddingLayer("ZeroPad2d", 2, widths, PadMode::constant, 0, where) {}
ZeroPad3d::ZeroPad3d(const BorderWidths& widths, SourceLocation where)
    : PaddingLayer("ZeroPad3d", 3, widths, PadMode::constant, 0, where) {}
ConstantPad1d::ConstantPad1d(const BorderWidths& widths, Scalar value, SourceLocation where)
    : PaddingLayer("ConstantPad1d", 1, widths, PadMode::constant, value, where) {}
ConstantPad2d::ConstantPad2d(const BorderWidths& widths, Scalar value, SourceLocation where)
    : PaddingLayer("ConstantPad2d", 2, widths, PadMode::constant, value, where) {}
ConstantPad3d::ConstantPad3d(const BorderWidths& widths, Scalar value, SourceLocation where)
    : PaddingLayer("ConstantPad3d", 3, widths, PadMode::constant, value, where) {}
ReflectionPad1d::ReflectionPad1d(const BorderWidths& widths, SourceLocation where)
    : PaddingLayer("ReflectionPad1d", 1, widths, PadMode::reflect, 0, where) {}
ReflectionPad2d::ReflectionPad2d(const BorderWidths& widths, SourceLocation where)
    : PaddingLayer("ReflectionPad2d", 2, widths, PadMode::reflect, 0, where) {}
ReflectionPad3d::ReflectionPad3d(const BorderWidths& widths, SourceLocation where)
    : PaddingLayer("ReflectionPad3d", 3, widths, PadMode::reflect, 0, where) {}
ReplicationPad1d::ReplicationPad1d(const BorderWidths& widths, SourceLocation where)
    : PaddingLayer("ReplicationPad1d", 1, widths, PadMode::replicate, 0, where) {}
ReplicationPad2d::ReplicationPad2d(const BorderWidths& widths, SourceLocation where)
    : PaddingLayer("ReplicationPad2d", 2, widths, PadMode::replicate, 0, where) {}
ReplicationPad3d::ReplicationPad3d(const BorderWidths& widths, SourceLocation where)
    : PaddingLayer("ReplicationPad3d", 3, widths, PadMode::replicate, 0, where) {}
CircularPad1d::CircularPad1d(const BorderWidths& widths, SourceLocation where)
    : PaddingLayer("CircularPad1d", 1, widths, PadMode::circular, 0, where) {}
CircularPad2d::CircularPad2d(const BorderWidths& widths, SourceLocation where)
    : PaddingLayer("CircularPad2d", 2, widths, PadMode::circular, 0, where) {}
CircularPad3d::CircularPad3d(const BorderWidths& widths, SourceLocation where)
    : PaddingLayer("CircularPad3d", 3, widths, PadMode::circular, 0, where) {}

}  // namespace nn
}  // namespace xgrad
