#include "pad.hpp"

#include <algorithm>
#include <array>

#include "../extend.hpp"
#include "../kernels/elementwise.hpp"
#include "../kernels/fill.hpp"
#include "../tensor_impl.hpp"
#include "cast.hpp"
#include "detail/result.hpp"
#include "detail/window.hpp"
#include "index.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

namespace {

/// How many elements come before and behind along each axis.
struct Border {
  std::array<std::int64_t, kMaxDims> before{}, behind{};

  /// What of a tensor in this shape is left within the border, where it was (`from`) and where it comes to stand
  /// (`to`).
  struct Inside {
    Window from, to;
  };
  Inside inside(const Shape& x) const {
    Window from = Window::corner(x), to = from;
    for (int axis = 0; axis < x.ndim(); ++axis) {
      auto k = static_cast<std::size_t>(axis);
      from.start[axis] = std::max<std::int64_t>(-before[k], 0);
      to.start[axis] = std::max<std::int64_t>(before[k], 0);
      std::int64_t left = x[axis] - from.start[axis] - std::max<std::int64_t>(-behind[k], 0);
      from.shape[axis] = to.shape[axis] = std::max<std::int64_t>(left, 0);
    }
    return {from, to};
  }
};

Tensor with_constant(const Tensor& x, const Border& border, const Shape& shape, Scalar value, SourceLocation where) {
  Tensor result = new_checked("pad", shape, x.dtype(), where);
  dispatch(x.dtype(),
           [&]<class T>(T) { fill(data_of<T>(result), result.numel(), element_of<T>("pad", value, where)); });
  const auto [from, to] = border.inside(x.shape());
  if (from.shape.numel() > 0) copy_into(view_of(result, to), view_of(x, from));
  return record("pad", where, {x}, result, {}, [border](Vjp& vjp) {
    const auto [from, to] = border.inside(vjp.shape(0));
    give_window(vjp, get("get", vjp.g(), to, vjp.where()), from);
  });
}

/// Which element of an axis of this extent is at each place behind the border.
Tensor sources(PadMode mode, std::int64_t extent, std::int64_t before, std::int64_t behind, SourceLocation where) {
  std::int64_t length = extent + before + behind;
  Tensor positions = new_checked("pad", {length}, DType::int64, where);
  const std::int64_t cropped = std::max<std::int64_t>(-before, 0);
  const std::int64_t left = extent - cropped - std::max<std::int64_t>(-behind, 0);
  generate(data_of<std::int64_t>(positions), length, [=](std::int64_t j) {
    const std::int64_t i = j - before;
    switch (mode) {
      case PadMode::reflect:
        return i < 0 ? -i : i < extent ? i : 2 * (extent - 1) - i;
      case PadMode::replicate:
        return std::clamp<std::int64_t>(i, 0, extent - 1);
      default: {
        const std::int64_t around = i - cropped;  // counted in what is left
        return cropped + (around < 0 ? around + left : around < left ? around : around - left);
      }
    }
  });
  return positions;
}

void check_widths(PadMode mode, const Tensor& x, int axis, std::int64_t before, std::int64_t behind,
                  SourceLocation where) {
  std::int64_t extent = x.shape()[axis], most = std::max(before, behind);
  if (most <= 0) return;
  if (mode == PadMode::reflect)
    check(most < extent, where, "pad: reflect widths must be below the extent, but they are ", before, " and ", behind,
          " on axis ", axis, " of x ", x.shape(), ".");
  if (mode == PadMode::replicate)
    check(extent > 0, where, "pad: there must be an element to replicate, but there is none on axis ", axis, " of x ",
          x.shape(), ".");
  std::int64_t left = extent + std::min<std::int64_t>(before, 0) + std::min<std::int64_t>(behind, 0);
  if (mode == PadMode::circular)
    check(most <= left, where,
          "pad: circular widths must be at most the extent, without what is cropped, but they are ", before, " and ",
          behind, " on axis ", axis, " of x ", x.shape(), ".");
}

}  // namespace

Tensor pad(const Operand& operand, const std::vector<std::int64_t>& widths, PadOptions options) {
  const Tensor& x = operand.tensor("pad");
  SourceLocation where = operand.where();
  check(widths.size() % 2 == 0, where, "pad: there must be two widths for each axis, but there are ", widths.size(),
        ".");
  check(widths.size() <= 2 * static_cast<std::size_t>(x.ndim()), where, "pad: there may be widths for the ", x.ndim(),
        " axes of x ", x.shape(), ", but there are ", widths.size(), ".");
  constexpr std::int64_t kMost = std::int64_t{1} << 62;
  Border border;
  Shape shape = x.shape();
  std::int64_t bytes = static_cast<std::int64_t>(size_of(x.dtype()));
  bool overflow = false;
  for (std::size_t i = 0; i < widths.size(); i += 2) {
    int axis = x.ndim() - 1 - static_cast<int>(i / 2);
    std::int64_t before = widths[i], behind = widths[i + 1];
    check(std::max(before, behind) < kMost && std::min(before, behind) > -kMost, where,
          "pad: extents must fit in an int64, but the widths are ", before, " and ", behind, " on axis ", axis,
          " of x ", x.shape(), ".");
    overflow |= __builtin_add_overflow(shape[axis], before + behind, &shape[axis]);
    check(overflow || shape[axis] >= 0, where, "pad: there must be elements left to crop, but the widths are ", before,
          " and ", behind, " on axis ", axis, " of x ", x.shape(), ".");
    border.before[static_cast<std::size_t>(axis)] = before;
    border.behind[static_cast<std::size_t>(axis)] = behind;
    if (!overflow && options.mode != PadMode::constant) check_widths(options.mode, x, axis, before, behind, where);
  }
  for (std::int64_t extent : shape)
    if (extent > 0) overflow |= __builtin_mul_overflow(bytes, extent, &bytes);
  check(!overflow, where, "pad: the number of bytes must fit in an int64, but x is ", x.shape(), " and the result ",
        shape, ".");
  if (options.mode == PadMode::constant) return with_constant(x, border, shape, options.value, where);
  Tensor y = x;
  for (int axis = 0; axis < x.ndim(); ++axis) {
    auto k = static_cast<std::size_t>(axis);
    if (border.before[k] == 0 && border.behind[k] == 0) continue;
    Tensor from = sources(options.mode, x.shape()[axis], border.before[k], border.behind[k], where);
    y = index_select(Operand(y, where), axis, from);
  }
  return y.is_same(x) ? copy(operand) : y;
}

}  // namespace xgrad
