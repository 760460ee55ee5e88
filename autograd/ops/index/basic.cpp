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

Tensor get(const Operand& operand, const Indices& indices) {
  const Tensor& x = operand.tensor("index");
  const std::vector<Index>& items = indices.items();
  SourceLocation where = operand.where();
  if (items.size() == 1 && x.ndim() > 0) {  // most are so
    if (items[0].kind == Index::Kind::integer)
      return get("index", x, AxisWindow{0, true, checked_position("index", x, 0, items[0].integer, where), 1, 1},
                 where);
    if (items[0].kind == Index::Kind::slice) {
      Range range = resolve(items[0].range, x.shape()[0], where);
      return get("index", x, AxisWindow{0, false, range.start, range.step, range.length}, where);
    }
  }
  Selection selection = selection_of("index", x, items, where);
  Tensor y = selection.is_whole && !selection.picked.empty() ? x : get("index", x, selection.window, where);
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
  check(step != 0, where, "narrow: the step must not be 0, but it is.");
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
