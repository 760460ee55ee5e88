#include "places.hpp"

#include <algorithm>

#include "../../extend.hpp"
#include "../../kernels/elementwise.hpp"
#include "../../kernels/pick.hpp"
#include "../../kernels/scatter.hpp"
#include "../../tensor_impl.hpp"
#include "../cast.hpp"
#include "../choose.hpp"
#include "../create.hpp"
#include "../detail/axis_rows.hpp"
#include "../detail/recorded_sum.hpp"
#include "../detail/reshape.hpp"
#include "../detail/result.hpp"
#include "../detail/window.hpp"
#include "../movement.hpp"

namespace xgrad::internal {
namespace {

/// A contiguous tensor around the indexed axes.
RowsLayout layout_of(const Shape& shape, IndexedAxes at, std::int64_t count) {
  RowsLayout layout{.count = count};
  for (int k = 0; k < shape.ndim(); ++k)
    (k < at.axis ? layout.outer : k < at.axis + at.axes ? layout.extent : layout.inner) *= shape[k];
  return layout;
}

/// to[..., indices, ...] += source, in place. `to` is contiguous.
void add_into_places(const char* operation, const Tensor& to, IndexedAxes at, const Tensor& indices,
                     const Tensor& source, SourceLocation where) {
  if (source.numel() == 0) return;
  add_rows(to, data_of<std::int64_t>(indices), without_gaps(operation, source, where),
           layout_of(to.shape(), at, indices.numel()));
}

/// What of a tensor belongs to one place along neighbouring axes: the layout of the others, and where it begins.
struct SlicesAt {
  Shape extents;  // along the axes
  Strides steps;
  Shape shape;  // of a slice
  Strides strides;

  SlicesAt(const Tensor& x, IndexedAxes at) {
    for (int k = 0; k < x.ndim(); ++k) {
      const bool is_named = at.axis <= k && k < at.axis + at.axes;
      (is_named ? extents : shape).push_back(x.shape()[k]);
      (is_named ? steps : strides).push_back(x.strides()[k]);
    }
  }
  /// The slice at a place, counted row-major.
  StridedWindow operator()(std::int64_t place) const {
    std::int64_t offset = 0;
    for (int k = extents.ndim() - 1; k >= 0; --k) {
      offset += place % extents[k] * steps[k];
      place /= extents[k];
    }
    return {shape, strides, offset};
  }
};

/// Zeros of this shape with the slices of source added at the indices. Gradient: pick_at.
Tensor sum_at(const Shape& shape, IndexedAxes at, const Tensor& indices, const Tensor& source, SourceLocation where) {
  Tensor result = new_zeros("index_sum", shape, source.dtype(), where);
  add_into_places("index_sum", result, at, indices, source, where);
  return record("index_sum", where, {source, indices}, result, {Uses::input(1), Uses()},
                [at](Vjp& vjp) { vjp.give(0, pick_at("index", vjp.g(), at, vjp.input(1), vjp.where())); });
}

/// Zeros in this shape, without memory for each.
Tensor zeros_in(const Shape& shape, DType dtype, SourceLocation where) {
  return expand(Operand(zeros({}, {.dtype = dtype}, where), where), shape);
}

}  // namespace

Shape picked_shape(const char* operation, const Shape& x, IndexedAxes at, const Shape& indices, SourceLocation where) {
  check(x.ndim() - at.axes + indices.ndim() <= kMaxDims, where, operation, ": a tensor has at most ", kMaxDims,
        " axes, but this index of x ", x, " makes more.");
  Shape shape;
  for (int k = 0; k < at.axis; ++k) shape.push_back(x[k]);
  for (std::int64_t extent : indices) shape.push_back(extent);
  for (int k = at.axis + at.axes; k < x.ndim(); ++k) shape.push_back(x[k]);
  return shape;
}

bool add_to_places(const char* operation, const Tensor& to, IndexedAxes at, const Tensor& indices, const Tensor& source,
                   SourceLocation where) {
  const std::int64_t count = indices.numel();
  if (to.is_contiguous() || source.numel() == 0) {
    add_into_places(operation, to, at, indices, source, where);
    return true;
  }
  SlicesAt slices(to, at), from(source, {at.axis, indices.ndim()});
  // One slice after the other costs more than the kernel, for each element.
  constexpr std::int64_t kFraction = 4;
  if (count > kFewTerms || count > slices.extents.numel() / kFraction) return false;
  if (count > 0 && !can_be_added_to(view_of(to, slices(0)))) return false;
  for (std::int64_t i = 0; i < count; ++i)
    add_elements(view_of(to, slices(data_of<std::int64_t>(indices)[i])), view_of(source, from(i)));
  return true;
}

Tensor pick_at(const char* operation, const Tensor& x, IndexedAxes at, const Tensor& indices, SourceLocation where) {
  Shape shape = picked_shape(operation, x.shape(), at, indices.shape(), where);
  Tensor result = new_checked(operation, shape, x.dtype(), where);
  pick_places(result, x, at.axis, at.axes, data_of<std::int64_t>(indices), indices.numel());
  return record(operation, where, {x, indices}, result, {Uses::input(1), Uses()},
                [at](Vjp& vjp) { give_places(vjp, vjp.g(), at, vjp.input(1)); });
}

void give_places(Vjp& vjp, const Tensor& g, IndexedAxes at, const Tensor& indices) {
  auto add = [&](const Tensor& sum) { return add_to_places("index_sum", sum, at, indices, g, vjp.where()); };
  auto pull = [at](const Tensor& g, const Tensor& indices, SourceLocation where) {
    return pick_at("index", g, at, indices, where);
  };
  if (!add_indexed_to_sum(vjp, g, indices, add, pull)) vjp.give(0, sum_at(vjp.shape(0), at, indices, g, vjp.where()));
}

Tensor add_at(const char* operation, const Tensor& x, IndexedAxes at, const Tensor& indices, const Tensor& source,
              SourceLocation where) {
  Tensor result = new_result(operation, x.shape(), x.dtype(), where);
  copy_into(result, x);
  add_into_places(operation, result, at, indices, source, where);
  return record(operation, where, {x, indices, source}, result, {Uses(), Uses(), Uses::input(1)}, [at](Vjp& vjp) {
    vjp.give(0, vjp.g());
    if (vjp.needs(2)) vjp.give(2, pick_at("index", vjp.g(), at, vjp.input(1), vjp.where()));
  });
}

Tensor put_at(const char* operation, const Tensor& x, IndexedAxes at, const Tensor& indices, const Tensor& source,
              SourceLocation where) {
  Tensor result = new_result(operation, x.shape(), x.dtype(), where);
  copy_into(result, x);
  RowsLayout layout = layout_of(x.shape(), at, indices.numel());
  // The kernel takes one stride for all axes before the indices, for theirs, and for those behind.
  bool fits =
      source.numel() == 0 ||
      reshaped_strides(source.shape(), source.strides(), {layout.outer, layout.count, layout.inner}).has_value();
  put_places(result, at.axis, at.axes, data_of<std::int64_t>(indices), indices.numel(),
             fits ? source : without_gaps(operation, source, where));
  return record(operation, where, {x, indices, source}, result, {Uses::input(1), Uses(), Uses::input(1)},
                [operation, at, extent = layout.extent](Vjp& vjp) {
                  const Tensor& indices = vjp.input(1);
                  SourceLocation where = vjp.where();
                  const Tensor& g = vjp.g();
                  if (vjp.needs(0)) {
                    Shape shape = picked_shape(operation, g.shape(), at, indices.shape(), where);
                    vjp.give(0, put_at(operation, g, at, indices, zeros_in(shape, g.dtype(), where), where));
                  }
                  if (!vjp.needs(2)) return;
                  Tensor taken = pick_at("index", g, at, indices, where);
                  if (Tensor last = last_of_each(operation, indices, extent, where); last.defined()) {
                    Shape shape = last.shape();
                    for (int k = at.axis + at.axes; k < g.ndim(); ++k) shape.push_back(1);
                    taken = xgrad::where(Operand(reshape(last, shape), where), taken, 0);
                  }
                  vjp.give(2, taken);
                });
}

Tensor last_of_each(const char* operation, const Tensor& indices, std::int64_t extent, SourceLocation where) {
  Tensor last = new_result(operation, indices.shape(), DType::boolean, where);
  if (indices.numel() == 0) return {};
  Tensor owner = new_result(operation, {extent}, DType::int64, where);
  bool all =
      find_last(data_of<bool>(last), data_of<std::int64_t>(indices), indices.numel(), data_of<std::int64_t>(owner));
  return all ? Tensor() : last;
}

// ---- Masks ----

namespace {

/// Zeros of this shape with the elements of source [number of true] where the mask is true. Gradient: pick_masked_at.
Tensor spread_at(const Tensor& mask, const Tensor& source, SourceLocation where) {
  Tensor result = new_result("index_sum", mask.shape(), source.dtype(), where);
  MaskParts parts(data_of<bool>(mask), mask.numel());
  spread_masked(result, without_gaps("index_sum", source, where), parts);
  return record("index_sum", where, {source, mask}, result, {Uses::input(1), Uses()},
                [](Vjp& vjp) { vjp.give(0, pick_masked_at("index", vjp.g(), vjp.input(1), vjp.where())); });
}

}  // namespace

Tensor pick_masked_at(const char* operation, const Tensor& x, const Tensor& mask, SourceLocation where) {
  MaskParts parts(data_of<bool>(mask), mask.numel());
  Tensor result = new_result(operation, {parts.count()}, x.dtype(), where);
  pick_masked(result, without_gaps(operation, x, where), parts);
  return record(operation, where, {x, mask}, result, {Uses::input(1), Uses()}, [](Vjp& vjp) {
    const Tensor& mask = vjp.input(1);
    if (Tensor* sum = vjp.sum_so_far(0); sum != nullptr && sum->is_contiguous())
      add_masked(*sum, without_gaps("index_sum", vjp.g(), vjp.where()), MaskParts(data_of<bool>(mask), mask.numel()));
    else
      vjp.give(0, spread_at(mask, vjp.g(), vjp.where()));
  });
}

Tensor put_masked_at(const char* operation, const Tensor& x, const Tensor& mask, const Tensor& source,
                     SourceLocation where) {
  Tensor result = new_result(operation, x.shape(), x.dtype(), where);
  copy_into(result, x);
  put_masked(result, without_gaps(operation, source, where), MaskParts(data_of<bool>(mask), mask.numel()));
  return record(operation, where, {x, mask, source}, result, {Uses::input(1), Uses(), Uses::input(1)}, [](Vjp& vjp) {
    Operand g(vjp.g(), vjp.where());
    if (vjp.needs(0)) vjp.give(0, xgrad::where(Operand(vjp.input(1), vjp.where()), 0, g));
    if (vjp.needs(2)) vjp.give(2, pick_masked_at("index", vjp.g(), vjp.input(1), vjp.where()));
  });
}

Tensor positions_of(const char* operation, const Tensor& mask, SourceLocation where) {
  MaskParts parts(data_of<bool>(mask), mask.numel());
  Tensor result = new_result(operation, {parts.count()}, DType::int64, where);
  true_positions(data_of<std::int64_t>(result), parts);
  return result;
}

}  // namespace xgrad::internal
