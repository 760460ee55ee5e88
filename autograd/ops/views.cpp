#include "views.hpp"

#include <algorithm>

#include "../base/overlap.hpp"
#include "../extend.hpp"
#include "../kernels/elementwise.hpp"
#include "../kernels/few_terms.hpp"
#include "../tensor_impl.hpp"
#include "cast.hpp"
#include "detail/recorded_sum.hpp"
#include "detail/reshape.hpp"
#include "detail/result.hpp"
#include "detail/view_rule.hpp"
#include "detail/window.hpp"
#include "index.hpp"
#include "movement.hpp"
#include "movement/join.hpp"
#include "reduce.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

// ---- Shapes ----

namespace {

const Shape& shape_of(const char* operation, const Tensor& other, SourceLocation where) {
  check(other.defined(), where, operation,
        ": the tensor whose shape is asked for must be defined, but it is not: ", internal::kWhyUndefined);
  return other.shape();
}

Tensor viewed(const char* operation, const Operand& operand, const Shape& target) {
  const Tensor& x = operand.tensor(operation);
  Shape shape = resolved_shape(operation, x.shape(), x.numel(), target, operand.where());
  check(x.is_contiguous() || x.numel() == 0 || reshaped_strides(x.shape(), x.strides(), shape), operand.where(),
        operation, ": the layout of x must allow a view in another shape, but x is ", x.shape(), " with strides ",
        x.strides(), " and the shape is ", shape, ". Use reshape, which copies then.");
  return reshape(operand, shape);
}

}  // namespace

Tensor view(const Operand& operand, const Shape& shape) { return viewed("view", operand, shape); }

Tensor view_as(const Operand& operand, const Tensor& other) {
  return viewed("view_as", operand, shape_of("view_as", other, operand.where()));
}

Tensor reshape_as(const Operand& operand, const Tensor& other) {
  const Tensor& x = operand.tensor("reshape_as");
  const Shape& shape = shape_of("reshape_as", other, operand.where());
  return reshape(operand, resolved_shape("reshape_as", x.shape(), x.numel(), shape, operand.where()));
}

Tensor ravel(const Operand& operand) { return reshape(operand, {operand.tensor("ravel").numel()}); }

Tensor unflatten(const Operand& operand, int axis, const Shape& sizes) {
  const Tensor& x = operand.tensor("unflatten");
  SourceLocation where = operand.where();
  check(x.ndim() > 0, where, "unflatten: x must have at least one axis, but it is a scalar.");
  axis = normalize_axis("unflatten", axis, x.ndim(), where);
  check(!sizes.empty(), where, "unflatten: at least one size must be given, but there is none.");
  check(x.ndim() - 1 + sizes.ndim() <= kMaxDims, where, "unflatten: a tensor has at most ", kMaxDims,
        " axes, but x is ", x.shape(), " and the sizes are ", sizes, ".");
  std::int64_t extent = x.shape()[axis];
  Shape cut = resolved_shape("unflatten", {extent}, extent, sizes, where);
  Shape shape;
  for (int k = 0; k < x.ndim(); ++k) {
    if (k != axis) shape.push_back(x.shape()[k]);
    for (int i = 0; k == axis && i < cut.ndim(); ++i) shape.push_back(cut[i]);
  }
  checked_numel("unflatten", shape, where);  // sizes around an extent of 0
  return reshape(operand, shape);
}

Tensor atleast_1d(const Operand& operand) {
  const Tensor& x = operand.tensor("atleast_1d");
  return x.ndim() >= 1 ? x : reshape(operand, {1});
}

Tensor atleast_2d(const Operand& operand) {
  const Tensor& x = operand.tensor("atleast_2d");
  return x.ndim() >= 2 ? x : reshape(operand, {1, x.numel()});
}

Tensor atleast_3d(const Operand& operand) {
  const Tensor& x = operand.tensor("atleast_3d");
  if (x.ndim() >= 3) return x;
  return x.ndim() == 2 ? unsqueeze(operand, 2) : reshape(operand, {1, x.numel(), 1});
}

// ---- The order of axes ----

namespace {

Tensor swapped(const char* operation, const Operand& operand, int axis1, int axis2) {
  int ndim = operand.tensor(operation).ndim();
  axis1 = normalize_axis(operation, axis1, ndim, operand.where());
  axis2 = normalize_axis(operation, axis2, ndim, operand.where());
  return transpose(operand, axis1, axis2);
}

/// The axes counted from 0, each named once.
std::vector<int> places(const char* operation, const Axes& axes, int ndim, SourceLocation where) {
  axis_mask(operation, axes, ndim, where);
  std::vector<int> list;
  if (axes.is_all())
    for (int axis = 0; axis < ndim; ++axis) list.push_back(axis);
  for (int axis : axes.list()) list.push_back(normalize_axis(operation, axis, ndim, where));
  return list;
}

Tensor moved(const char* operation, const Operand& operand, const Axes& from_axes, const Axes& to_axes) {
  const Tensor& x = operand.tensor(operation);
  std::vector<int> from = places(operation, from_axes, x.ndim(), operand.where());
  std::vector<int> to = places(operation, to_axes, x.ndim(), operand.where());
  check(from.size() == to.size(), operand.where(), operation, ": there must be as many places as axes, but there are ",
        from.size(), " axes and ", to.size(), " places.");
  if (x.ndim() == 0) return x;
  std::vector<int> order(static_cast<std::size_t>(x.ndim()), -1);
  for (std::size_t i = 0; i < from.size(); ++i) order[static_cast<std::size_t>(to[i])] = from[i];
  int next = 0;
  for (int& axis : order) {
    if (axis >= 0) continue;
    while (std::find(from.begin(), from.end(), next) != from.end()) ++next;
    axis = next++;
  }
  return permute(operand, order);
}

}  // namespace

Tensor t(const Operand& operand) {
  const Tensor& x = operand.tensor("t");
  check(x.ndim() <= 2, operand.where(), "t: x must have at most two axes, but it is ", x.shape(),
        ". transpose(x) swaps the last two.");
  return transpose(operand);
}

Tensor swapaxes(const Operand& x, int axis1, int axis2) { return swapped("swapaxes", x, axis1, axis2); }
Tensor swapdims(const Operand& x, int axis1, int axis2) { return swapped("swapdims", x, axis1, axis2); }

Tensor movedim(const Operand& x, const Axes& from, const Axes& to) { return moved("movedim", x, from, to); }
Tensor moveaxis(const Operand& x, const Axes& from, const Axes& to) { return moved("moveaxis", x, from, to); }

// ---- Broadcasting ----

Tensor broadcast_to(const Operand& operand, const Shape& shape) {
  return expand(operand,
                expanded_shape("broadcast_to", operand.tensor("broadcast_to").shape(), shape, operand.where()));
}

Tensor expand_as(const Operand& operand, const Tensor& other) {
  const Shape& shape = shape_of("expand_as", other, operand.where());
  return expand(operand, expanded_shape("expand_as", operand.tensor("expand_as").shape(), shape, operand.where()));
}

std::vector<Tensor> broadcast_tensors(std::span<const Tensor> tensors, SourceLocation where) {
  check_given("broadcast_tensors", tensors, where);
  Shape shape = tensors[0].shape();
  for (const Tensor& tensor : tensors.subspan(1))
    shape = broadcast_shapes("broadcast_tensors", shape, tensor.shape(), where);
  CallSite site(where);
  std::vector<Tensor> all;
  for (const Tensor& tensor : tensors) all.push_back(expand(tensor, shape));
  return all;
}
std::vector<Tensor> broadcast_tensors(std::initializer_list<Tensor> tensors, SourceLocation where) {
  return broadcast_tensors(std::span<const Tensor>(tensors.begin(), tensors.size()), where);
}

Tensor sum_to_size(const Operand& operand, const Shape& shape) {
  const Tensor& x = operand.tensor("sum_to_size");
  check(broadcasts_to(shape, x.shape()), operand.where(), "sum_to_size: the shape must broadcast to that of x ",
        x.shape(), ", but it is ", shape, ".");
  if (shape == x.shape() && !shape.empty()) return x;
  std::vector<int> axes;
  int lead = x.ndim() - shape.ndim();
  for (int axis = 0; axis < x.ndim(); ++axis)
    if (axis < lead || shape[axis - lead] != x.shape()[axis]) axes.push_back(axis);
  return reshape(Operand(sum(operand, shape.empty() ? Axes::all() : Axes(axes), {.keepdims = true}), operand.where()),
                 shape);
}

// ---- Directions ----

Tensor fliplr(const Operand& operand) {
  const Tensor& x = operand.tensor("fliplr");
  check(x.ndim() >= 2, operand.where(), "fliplr: x must have at least two axes, but it is ", x.shape(), ".");
  return flip(operand, 1);
}

Tensor flipud(const Operand& operand) {
  check(operand.tensor("flipud").ndim() >= 1, operand.where(),
        "flipud: x must have at least one axis, but it is a scalar.");
  return flip(operand, 0);
}

Tensor rot90(const Operand& operand, std::int64_t turns, const Axes& plane) {
  const Tensor& x = operand.tensor("rot90");
  SourceLocation where = operand.where();
  check(x.ndim() >= 2, where, "rot90: x must have at least two axes, but it is ", x.shape(), ".");
  std::vector<int> axes = places("rot90", plane, x.ndim(), where);
  check(axes.size() == 2, where, "rot90: the plane must be two axes, but it is ", axes.size(), ".");
  CallSite site(where);
  switch (turns & 3) {  // of a negative number too: two's complement
    case 0:
      return x;
    case 1:
      return transpose(flip(x, axes[1]), axes[0], axes[1]);
    case 2:
      return flip(x, axes);
    default:
      return transpose(flip(x, axes[0]), axes[0], axes[1]);
  }
}

// ---- Windows ----

namespace {

/// unfold(), and what it is the transpose of.
struct Pieces {
  int axis;
  std::int64_t size, step, count;

  /// Element j of each piece, in a tensor of the unfolded shape.
  AxisWindow elements(std::int64_t j) const { return {axis, false, j, step, count}; }
  /// All elements of piece i.
  AxisWindow piece(std::int64_t i) const { return {axis, false, i * step, 1, size}; }
  /// The layout of a tensor, as that of its pieces.
  void unfold(Shape& shape, Strides& strides) const {
    shape[axis] = count;
    shape.push_back(size);
    strides.push_back(strides[axis]);
    if (count > 1) strides[axis] *= step;
  }
};

/// x with its last axis moved to this place.
Tensor with_last_at(const Tensor& x, int axis) {
  Shape shape = x.shape();
  Strides strides = x.strides();
  std::int64_t extent = shape.back(), stride = strides.back();
  shape.erase(x.ndim() - 1);
  strides.erase(x.ndim() - 1);
  shape.insert(axis, extent);
  strides.insert(axis, stride);
  return new_view(x, shape, strides, x.impl()->data);
}

/// Adds the pieces of g at their places in `sum`.
void add_pieces(const Tensor& sum, const Tensor& g, const Pieces& pieces, SourceLocation where) {
  if (g.numel() == 0) return;
  bool by_element = pieces.size <= pieces.count;
  std::int64_t terms = std::min(pieces.size, pieces.count);
  Tensor total = sum;
  bool is_wide = terms > kFewOverlaps && sum.dtype() == DType::float32;
  if (is_wide) total = new_zeros("unfold", sum.shape(), DType::float64, where);
  for (std::int64_t i = 0; i < terms; ++i) {
    Tensor part = by_element ? view_of(g, AxisWindow{g.ndim() - 1, true, i, 1, 1})
                             : with_last_at(view_of(g, AxisWindow{pieces.axis, true, i, 1, 1}), pieces.axis);
    if (is_wide) {
      Tensor wide = new_result("unfold", part.shape(), DType::float64, where);
      copy_into(wide, part);
      part = wide;
    }
    add_into(view_of(total, by_element ? pieces.elements(i) : pieces.piece(i)), part);
  }
  if (!is_wide) return;
  Tensor narrow = new_result("unfold", sum.shape(), DType::float32, where);
  copy_into(narrow, total);
  add_into(sum, narrow);
}

/// Zeros of this shape with the pieces of g added at their places. Gradient: unfold.
Tensor unfold_sum(const Tensor& g, const Shape& shape, const Pieces& pieces, SourceLocation where) {
  Tensor result = new_zeros("unfold_sum", shape, g.dtype(), where);
  add_pieces(result, g, pieces, where);
  return record("unfold_sum", where, {g}, result, {}, [pieces](Vjp& vjp) {
    vjp.give(0, unfold(Operand(vjp.g(), vjp.where()), pieces.axis, pieces.size, pieces.step));
  });
}

struct UnfoldRule : ViewRule {
  Pieces pieces;

  explicit UnfoldRule(const Pieces& pieces) : ViewRule{&again}, pieces(pieces) {}
  void operator()(Vjp& vjp) const {
    const SumPlace place = vjp.place_of_sum(0);
    if (place.sum == nullptr || overlapping_axis(place.view.shape(), place.view.strides()) >= 0)
      return vjp.give(0, unfold_sum(vjp.g(), vjp.shape(0), pieces, vjp.where()));
    add_pieces(place.view, vjp.g(), pieces, vjp.where());
    if (!vjp.creates_graph()) return;
    const Tensor& g = vjp.g();
    record_added_to_sum(vjp, *place.sum, {*place.sum, g}, {},
                        [pieces = pieces, window = window_of(place.view, *place.sum)](Vjp& vjp) {
                          const Tensor g = contiguous(Operand(vjp.g(), vjp.where()));
                          if (vjp.needs(1))
                            vjp.give(1, xgrad::unfold(Operand(get("get", g, window, vjp.where()), vjp.where()),
                                                      pieces.axis, pieces.size, pieces.step));
                          if (vjp.needs(0)) vjp.give(0, g);
                        });
  }
  static Tensor again(const ViewRule& rule, const Node&, int, const Tensor& x) {
    Shape shape = x.shape();
    Strides strides = x.strides();
    static_cast<const UnfoldRule&>(rule).pieces.unfold(shape, strides);
    return new_view(x, shape, strides, x.impl()->data);
  }
};

}  // namespace

Tensor unfold(const Operand& operand, int axis, std::int64_t size, std::int64_t step) {
  const Tensor& x = operand.tensor("unfold");
  SourceLocation where = operand.where();
  axis = normalize_axis("unfold", axis, x.ndim(), where);
  std::int64_t extent = x.ndim() == 0 ? 1 : x.shape()[axis];
  check(0 <= size && size <= extent, where, "unfold: the size of the pieces must be in [0, ", extent,
        "], the extent of axis ", axis, " of x ", x.shape(), ", but it is ", size, ".");
  check(step > 0, where, "unfold: the step must be above 0, but it is ", step, ".");
  if (x.ndim() == 0) return narrow(reshape(operand, {1}), 0, 0, size);
  check(x.ndim() < kMaxDims, where, "unfold: a tensor has at most ", kMaxDims, " axes, but x ", x.shape(),
        " has as many.");
  Pieces pieces{axis, size, step, (extent - size) / step + 1};
  Shape shape = x.shape();
  Strides strides = x.strides();
  pieces.unfold(shape, strides);
  checked_numel("unfold", shape, where);
  return record_view("unfold", where, x, new_result_view("unfold", where, x, shape, strides, x.impl()->data),
                     UnfoldRule(pieces));
}

}  // namespace xgrad
