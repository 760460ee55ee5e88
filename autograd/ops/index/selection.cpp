#include "selection.hpp"

#include <algorithm>
#include <limits>

#include "../../kernels/elementwise.hpp"
#include "../../tensor_impl.hpp"
#include "../create.hpp"
#include "../detail/index_check.hpp"
#include "../detail/result.hpp"

namespace xgrad XGRAD_API {

Tensor internal::tensor_of_positions(const std::vector<std::int64_t>& positions) {
  return from_vector(positions, SourceLocation{});
}

}  // namespace xgrad

namespace xgrad::internal {

Range resolve(const Slice& slice, std::int64_t extent, SourceLocation where) {
  check(slice.step != 0, where, "slice: the step must not be 0, but it is.");
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

std::int64_t checked_position(const char* operation, const Tensor& x, int axis, std::int64_t i, SourceLocation where) {
  std::int64_t extent = x.shape()[axis];
  check<std::out_of_range>(-extent <= i && i < extent, where, operation, ": an index must be in [", -extent, ", ",
                           extent, ") on axis ", axis, " of x ", x.shape(), ", but it is ", i, ".");
  return i < 0 ? i + extent : i;
}

namespace {

/// How many axes of x an item stands for.
int axes_of(const Index& item) {
  switch (item.kind) {
    case Index::Kind::integer:
    case Index::Kind::slice:
      return 1;
    case Index::Kind::tensor:
      return item.tensor.dtype() == DType::boolean ? item.tensor.ndim() : 1;
    default:
      return 0;
  }
}

/// The items with each tensor checked for its dtype, and those without axes as plain integers and booleans.
std::vector<Index> checked_items(const char* operation, const std::vector<Index>& given, SourceLocation where) {
  std::vector<Index> items = given;
  for (Index& item : items) {
    if (item.kind != Index::Kind::tensor) continue;
    check(item.tensor.defined(), where, operation,
          ": the indices must be defined, but they are not: ", internal::kWhyUndefined);
    DType dtype = item.tensor.dtype();
    check(dtype == DType::int64 || dtype == DType::boolean, where, operation,
          ": the indices must be int64, or a boolean mask, but they are ", dtype, ".");
    if (item.tensor.ndim() > 0) continue;
    auto value = item.tensor.item<std::int64_t>();
    item = dtype == DType::int64 ? Index(value) : Index(value != 0);
  }
  return items;
}

Tensor checked_mask(const char* operation, const Tensor& mask, const Tensor& x, int axis, SourceLocation where) {
  for (int k = 0; k < mask.ndim(); ++k)
    check(mask.shape()[k] == x.shape()[axis + k], where, operation,
          ": a mask must have the shape of the axes that it stands for, but it is ", mask.shape(), " on axis ", axis,
          " of x ", x.shape(), ".");
  if (mask.is_contiguous()) return mask;
  Tensor packed = new_result(operation, mask.shape(), DType::boolean, where);
  copy_into(packed, mask);
  return packed;
}

}  // namespace

Selection selection_of(const char* operation, const Tensor& x, const std::vector<Index>& given, SourceLocation where) {
  std::vector<Index> items = checked_items(operation, given, where);
  int named = 0, ellipses = 0;
  for (const Index& item : items) {
    named += axes_of(item);
    ellipses += item.kind == Index::Kind::ellipsis;
  }
  check<std::out_of_range>(named <= x.ndim(), where, operation, ": at most ", x.ndim(), " axes of x ", x.shape(),
                           " can be indexed, but there are ", named, " integers and slices, or axes of tensors.");
  check(ellipses <= 1, where, operation, ": at most one ellipsis may be given, but there are ", ellipses, ".");

  Selection selection;
  Window& window = selection.window = {Shape::filled(x.ndim(), 0), Shape::filled(x.ndim(), 1), {}, {}};
  int axis = 0, left = named;
  auto add_axis = [&](int source, std::int64_t extent) {
    check(window.shape.ndim() < kMaxDims, where, operation, ": a tensor has at most ", kMaxDims,
          " axes, but this index of x ", x.shape(), " makes more.");
    window.source[static_cast<std::size_t>(window.shape.ndim())] = static_cast<std::int8_t>(source);
    window.shape.push_back(extent);
  };
  auto keep_until = [&](int end) {
    for (; axis < end; ++axis) add_axis(axis, x.shape()[axis]);
  };
  for (const Index& item : items) {
    int at = window.shape.ndim(), axes = axes_of(item);
    left -= axes;
    switch (item.kind) {
      case Index::Kind::newaxis:
        add_axis(-1, 1);
        selection.is_whole = false;
        break;
      case Index::Kind::ellipsis:
        keep_until(x.ndim() - left);
        break;
      case Index::Kind::integer:
        window.start[axis] = checked_position(operation, x, axis, item.integer, where);
        ++axis;
        selection.is_whole = false;
        break;
      case Index::Kind::slice: {
        Range range = resolve(item.range, x.shape()[axis], where);
        window.start[axis] = range.start;
        window.step[axis] = range.step;
        selection.is_whole &= range.length == x.shape()[axis] && range.step == 1;
        add_axis(axis, range.length);
        ++axis;
        break;
      }
      case Index::Kind::boolean: {
        Tensor positions = new_zeros(operation, {item.integer}, DType::int64, where);
        add_axis(-1, 1);
        selection.picked.push_back({at, 1, positions, {}});
        selection.is_whole = false;
        break;
      }
      case Index::Kind::tensor:
        if (item.tensor.dtype() == DType::boolean)
          selection.picked.push_back({at, axes, {}, checked_mask(operation, item.tensor, x, axis, where)});
        else
          selection.picked.push_back({at, 1, wrapped_indices(operation, item.tensor, x.shape(), axis, where), {}});
        keep_until(axis + axes);
        break;
    }
  }
  keep_until(x.ndim());
  return selection;
}

Tensor mask_alone(const Selection& selection) {
  if (selection.picked.size() != 1) return {};
  const Picked& only = selection.picked[0];
  return only.mask.defined() && only.axes == selection.window.shape.ndim() ? only.mask : Tensor();
}

namespace {

/// indices[i] = indices[i] * extent + positions[i]. Over positions.
struct AddAxis {
  std::int64_t* indices;
  const std::int64_t* positions;
  std::int64_t extent;

  static void run(const AddAxis& a, std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) a.indices[i] = a.indices[i] * a.extent + a.positions[i];
  }
};

/// The positions stretched to this shape, in memory of their own.
Tensor stretched(const char* operation, const Tensor& positions, const Shape& shape, SourceLocation where) {
  Tensor result = new_checked(operation, shape, DType::int64, where);
  if (result.numel() > 0) copy_into(result, positions);
  return result;
}

}  // namespace

Places places_of(const char* operation, const Shape& shape, std::vector<Picked> picked, SourceLocation where) {
  Places places{{picked[0].axis, 0}, {}, {}};
  Shape common;
  bool are_neighbours = true;
  for (std::size_t k = 0; k < picked.size(); ++k) {
    if (picked[k].mask.defined()) picked[k].positions = positions_of(operation, picked[k].mask, where);
    common =
        k == 0 ? picked[k].positions.shape() : broadcast_shapes(operation, common, picked[k].positions.shape(), where);
    are_neighbours &= picked[k].axis == places.at.axis + places.at.axes || k == 0;
    places.at.axes += picked[k].axes;
  }
  if (!are_neighbours) {
    // Indexed axes to the front.
    unsigned indexed = 0;
    for (const Picked& each : picked)
      for (int k = 0; k < each.axes; ++k) {
        places.order.push_back(each.axis + k);
        indexed |= 1u << (each.axis + k);
      }
    for (int k = 0; k < shape.ndim(); ++k)
      if ((indexed >> k & 1) == 0) places.order.push_back(k);
    places.at.axis = 0;
  }
  if (picked.size() == 1) {
    places.indices = picked[0].positions;
    return places;
  }
  places.indices = stretched(operation, picked[0].positions, common, where);
  for (std::size_t k = 1; k < picked.size(); ++k) {
    const Tensor& positions = picked[k].positions;
    Tensor own = positions.shape() == common ? positions : stretched(operation, positions, common, where);
    std::int64_t extent = 1;
    for (int axis = picked[k].axis; axis < picked[k].axis + picked[k].axes; ++axis) extent *= shape[axis];
    launch(AddAxis{data_of<std::int64_t>(places.indices), data_of<std::int64_t>(own), extent}, own.numel(), 32768);
  }
  return places;
}

}  // namespace xgrad::internal
