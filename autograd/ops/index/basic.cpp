#include <algorithm>

#include "../../tensor_impl.hpp"
#include "../detail/window.hpp"
#include "../index.hpp"
#include "../movement.hpp"
#include "selection.hpp"

// Reading: integers, slices, ellipsis and new axes give views, positions and masks copies.

namespace xgrad XGRAD_API {

using namespace internal;

Indices::Indices(std::initializer_list<Index> items, SourceLocation where) : items_(items), where_(where) {}
Indices::Indices(std::vector<Index> items, SourceLocation where) : items_(std::move(items)), where_(where) {}

namespace {

struct Range {
  std::int64_t start, step, length;
};

/// A slice of an axis, its bounds cut to the extent as Python does.
Range resolve(const Slice& slice, std::int64_t extent, SourceLocation where) {
  check(slice.step != 0, where, "slice: the step must not be 0.");
  // The negative of the smallest integer is not an integer.
  std::int64_t step = std::max(slice.step, -std::numeric_limits<std::int64_t>::max());
  std::int64_t lowest = step < 0 ? -1 : 0;
  std::int64_t highest = step < 0 ? extent - 1 : extent;
  auto bound = [&](const std::optional<std::int64_t>& given, std::int64_t otherwise) {
    if (!given) return otherwise;
    return std::clamp(*given < 0 ? *given + extent : *given, lowest, highest);
  };
  std::int64_t start = bound(slice.start, step < 0 ? highest : lowest);
  std::int64_t stop = bound(slice.stop, step < 0 ? lowest : highest);
  std::int64_t distance = step < 0 ? start - stop : stop - start;
  return {start, step, distance <= 0 ? 0 : (distance - 1) / std::abs(step) + 1};
}

std::int64_t checked_position(const Tensor& x, int axis, std::int64_t i, SourceLocation where) {
  std::int64_t extent = x.shape()[axis];
  check<std::out_of_range>(-extent <= i && i < extent, where, "index: ", i, " must be in [", -extent, ", ", extent,
                           ") on axis ", axis, " of x ", x.shape(), ".");
  return i < 0 ? i + extent : i;
}

Window window_of(const Tensor& x, const std::vector<Index>& items, int named, SourceLocation where) {
  Window window{Shape::filled(x.ndim(), 0), Shape::filled(x.ndim(), 1), {}, {}};
  int axis = 0;
  auto add_axis = [&](int source, std::int64_t extent) {
    check(window.shape.ndim() < kMaxDims, where, "index: a tensor has at most ", kMaxDims,
          " axes, but this index of x ", x.shape(), " makes more.");
    window.source[window.shape.ndim()] = static_cast<std::int8_t>(source);
    window.shape.push_back(extent);
  };
  auto keep_until = [&](int end) {
    for (; axis < end; ++axis) add_axis(axis, x.shape()[axis]);
  };
  for (const Index& item : items) {
    switch (item.kind) {
      case Index::Kind::newaxis:
        add_axis(-1, 1);
        break;
      case Index::Kind::ellipsis:
        keep_until(x.ndim() - named);
        break;
      case Index::Kind::integer:
        window.start[axis] = checked_position(x, axis, item.integer, where);
        ++axis;
        --named;
        break;
      case Index::Kind::slice: {
        Range range = resolve(item.range, x.shape()[axis], where);
        window.start[axis] = range.start;
        window.step[axis] = range.step;
        add_axis(axis, range.length);
        ++axis;
        --named;
        break;
      }
    }
  }
  keep_until(x.ndim());
  return window;
}

}  // namespace

Tensor get(const Operand& operand, const Indices& indices) {
  const Tensor& x = operand.tensor("index");
  const std::vector<Index>& items = indices.items();
  SourceLocation where = operand.where();
  if (items.size() == 1 && x.ndim() > 0) {  // most are so
    if (items[0].kind == Index::Kind::integer)
      return get("get", x, AxisWindow{0, true, checked_position("index", x, 0, items[0].integer, where), 1, 1}, where);
    if (items[0].kind == Index::Kind::slice) {
      Range range = resolve(items[0].range, x.shape()[0], where);
      return get("get", x, AxisWindow{0, false, range.start, range.step, range.length}, where);
    }
  }
  Selection selection = selection_of("index", x, items, where);
  Tensor y = selection.is_whole && !selection.picked.empty() ? x : get("get", x, selection.window, where);
  if (selection.picked.empty()) return y;
  if (Tensor mask = mask_alone(selection); mask.defined()) return pick_masked_at("index", y, mask, where);
  Places places = places_of("index", y.shape(), std::move(selection.picked), where);
  if (!places.order.empty()) y = permute(Operand(y, where), places.order);
  return pick_at("index", y, places.at, places.indices, where);
}

Tensor narrow(const Operand& operand, int axis, std::int64_t start, std::int64_t length, std::int64_t step) {
  const Tensor& x = operand.tensor("narrow");
  SourceLocation where = operand.where();
  check(x.ndim() > 0, where, "narrow: x must have at least one axis, but it is a scalar.");
  axis = normalize_axis("narrow", axis, x.ndim(), where);
  std::int64_t extent = x.shape()[axis];
  check(length >= 0, where, "narrow: the length must not be negative, but it is ", length, ".");
  check(step != 0, where, "narrow: the step must not be 0.");
  std::int64_t first = start < 0 ? start + extent : start;
  std::int64_t steps, last;
  bool overflow = __builtin_mul_overflow(std::max<std::int64_t>(length - 1, 0), step, &steps);
  overflow |= __builtin_add_overflow(first, steps, &last);
  bool fits = length == 0 ? 0 <= first && first <= extent : 0 <= first && first < extent && 0 <= last && last < extent;
  check<std::out_of_range>(fits && !overflow, where, "narrow: the elements must lie on axis ", axis, " of x ",
                           x.shape(), ", but start is ", start, ", length ", length, " and step ", step, ".");
  return get("narrow", x, AxisWindow{axis, false, first, step, length}, where);
}

}  // namespace xgrad
