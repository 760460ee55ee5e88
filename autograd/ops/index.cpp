#include "index.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

#include "../extend.hpp"
#include "../grad.hpp"
#include "detail/result.hpp"
#include "../tensor_impl.hpp"
#include "../kernels/elementwise.hpp"
#include "create.hpp"
#include "elementwise.hpp"

namespace xgrad {

using namespace internal;

// ---- Basic indexing: views ----

namespace {

/// What a basic index picks of a tensor, whatever the tensor's layout.
struct Window {
  Shape start, step;                         // by axis of the tensor
  Shape shape;                               // of the result
  std::array<std::int8_t, kMaxDims> source;  // by axis of the result: the tensor's axis, or -1 for a new one
};

/// What an index of one axis picks, as most are. It takes little room in a rule.
struct AxisWindow {
  int axis;
  bool drops_axis;
  std::int64_t start, step, length;
};

/// A view whose first element stands `offset` elements after that of x.
Tensor view_at(const Tensor& x, const Shape& shape, const Strides& strides, std::int64_t offset) {
  // An empty view has no first element, and the address that it would have may lie outside of the storage.
  if (shape.numel() == 0) offset = 0;
  return new_view(x, shape, strides, data_of<char>(x) + offset * static_cast<std::int64_t>(size_of(x.dtype())));
}

Tensor view_of(const Tensor& x, const Window& window) {
  Strides strides = window.shape;
  for (int k = 0; k < window.shape.ndim(); ++k) {
    int axis = window.source[k];
    strides[k] = axis < 0 ? 1 : x.strides()[axis] * window.step[axis];
  }
  std::int64_t offset = 0;
  for (int axis = 0; axis < x.ndim(); ++axis) offset += window.start[axis] * x.strides()[axis];
  return view_at(x, window.shape, strides, offset);
}

Tensor view_of(const Tensor& x, const AxisWindow& window) {
  Shape shape = x.shape();
  Strides strides = x.strides();
  std::int64_t offset = window.start * strides[window.axis];
  shape[window.axis] = window.length;
  strides[window.axis] *= window.step;
  if (window.drops_axis) {
    shape.erase(window.axis);
    strides.erase(window.axis);
  }
  return view_at(x, shape, strides, offset);
}

template <class AnyWindow>
Tensor get(const char* name, const Tensor& x, const AnyWindow& window, SourceLocation where);

/// Zeros of this shape with x in the window: the transpose of get. Gradient: the window of g.
template <class AnyWindow>
Tensor put(const Tensor& x, const Shape& shape, const AnyWindow& window, SourceLocation where) {
  Tensor result = zeros(shape, {.dtype = x.dtype()}, where);
  if (x.numel() > 0) copy_into(view_of(result, window), x);
  return record("put", where, {x}, result, {},
                [window](Vjp& vjp) { vjp.give(0, get("get", vjp.g(), window, vjp.where())); });
}

template <class AnyWindow>
Tensor get(const char* name, const Tensor& x, const AnyWindow& window, SourceLocation where) {
  return record(name, where, {x}, view_of(x, window), {},
                [window](Vjp& vjp) { vjp.give(0, put(vjp.g(), vjp.shape(0), window, vjp.where())); });
}

struct Range {
  std::int64_t start, step, length;
};

/// A slice of an axis, its bounds cut to the extent as Python does.
Range resolve(const Slice& slice, std::int64_t extent, SourceLocation where) {
  check(slice.step != 0, where, "get: the step of a slice must not be 0.");
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

}  // namespace

namespace {

std::int64_t checked_position(const Tensor& x, int axis, std::int64_t i, SourceLocation where) {
  std::int64_t extent = x.shape()[axis];
  check<std::out_of_range>(-extent <= i && i < extent, where, "get: index ", i, " must be in [", -extent, ", ", extent,
                           ") on axis ", axis, " of x ", x.shape(), ".");
  return i < 0 ? i + extent : i;
}

Window window_of(const Tensor& x, const std::vector<Index>& items, int named, SourceLocation where) {
  Window window{Shape::filled(x.ndim(), 0), Shape::filled(x.ndim(), 1), {}, {}};
  int axis = 0;
  auto add_axis = [&](int source, std::int64_t extent) {
    check(window.shape.ndim() < kMaxDims, where, "get: a tensor has at most ", kMaxDims, " axes, but this index of x ",
          x.shape(), " makes more.");
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
  const Tensor& x = operand.tensor("get");
  const std::vector<Index>& items = indices.items();
  SourceLocation where = operand.where();
  int named = 0, ellipses = 0;
  for (const Index& item : items) {
    named += item.kind == Index::Kind::integer || item.kind == Index::Kind::slice;
    ellipses += item.kind == Index::Kind::ellipsis;
  }
  check<std::out_of_range>(named <= x.ndim(), where, "get: at most ", x.ndim(), " axes of x ", x.shape(),
                           " can be indexed, but there are ", named, " integers and slices.");
  check(ellipses <= 1, where, "get: at most one ellipsis may be given, but there are ", ellipses, ".");
  if (items.size() == 1 && named == 1) {
    if (items[0].kind == Index::Kind::integer)
      return get("get", x, AxisWindow{0, true, checked_position(x, 0, items[0].integer, where), 1, 1}, where);
    Range range = resolve(items[0].range, x.shape()[0], where);
    return get("get", x, AxisWindow{0, false, range.start, range.step, range.length}, where);
  }
  return get("get", x, window_of(x, items, named, where), where);
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

// ---- Indexing by tensors: copies ----

namespace {

/// The indices, contiguous, after checking them all.
Tensor checked_indices(const char* operation, const Tensor& indices, const Tensor& x, int axis, SourceLocation where) {
  check(indices.defined(), where, operation, ": the indices must be defined, but they are default-constructed.");
  check(indices.dtype() == DType::int64, where, operation, ": the indices must be int64, but they are ",
        indices.dtype(), ".");
  Tensor checked = contiguous(Operand(indices, where));
  const auto* values = data_of<std::int64_t>(checked);
  std::int64_t count = checked.numel();
  std::int64_t extent = x.ndim() == 0 ? 1 : x.shape()[axis];
  bool wrong = false;  // a loop without a way out is vectorised
  for (std::int64_t i = 0; i < count; ++i)
    wrong |= static_cast<std::uint64_t>(values[i]) >= static_cast<std::uint64_t>(extent);
  if (!wrong) [[likely]]
    return checked;
  std::int64_t at = std::find_if(values, values + count, [=](std::int64_t i) { return i < 0 || i >= extent; }) - values;
  Shape position = checked.shape();
  for (std::int64_t rest = at, k = position.ndim() - 1; k >= 0; --k) {
    std::int64_t axis_extent = position[static_cast<int>(k)];
    position[static_cast<int>(k)] = rest % axis_extent;
    rest /= axis_extent;
  }
  fail<std::out_of_range>(where, concat(operation, ": indices must be in [0, ", extent, ") on axis ", axis, " of x ",
                                        x.shape(), ", but the one at ", position, " is ", values[at], "."));
}

/// The window that starts at the first element.
Window corner(const Shape& shape) {
  Window window{Shape::filled(shape.ndim(), 0), Shape::filled(shape.ndim(), 1), shape, {}};
  for (int axis = 0; axis < shape.ndim(); ++axis) window.source[axis] = static_cast<std::int8_t>(axis);
  return window;
}

Shape at_least_1d(Shape shape) {
  if (shape.empty()) shape.push_back(1);
  return shape;
}

/// Throws unless `inner` has as many axes as `outer` and is nowhere larger, but for the axis `except`.
void check_fits(const char* operation, const char* inner_name, const Shape& inner, const char* outer_name,
                const Shape& outer, int except, SourceLocation where) {
  Shape small = at_least_1d(inner), large = at_least_1d(outer);
  bool fits = small.ndim() == large.ndim();
  for (int k = 0; fits && k < small.ndim(); ++k) fits = k == except || small[k] <= large[k];
  if (fits) [[likely]]
    return;
  std::string but = except >= 0 ? concat(" but axis ", except) : "";
  fail<std::invalid_argument>(
      where, concat(operation, ": ", inner_name, " must have as many axes as ", outer_name, " and be no larger in any",
                    but, ", but they are ", inner, " and ", outer, "."));
}

/// Calls f(row, first, second) for each row along the last axis of `shape`: its number and where it starts in
/// tensors of these strides.
template <class F>
void for_each_row(const Shape& shape, const Strides& first, const Strides& second, F f) {
  int last = shape.ndim() - 1;
  std::int64_t rows = 1;
  for (int k = 0; k < last; ++k) rows *= shape[k];
  Shape position = Shape::filled(shape.ndim(), 0);
  std::int64_t first_at = 0, second_at = 0;
  for (std::int64_t row = 0; row < rows; ++row) {
    f(row, first_at, second_at);
    for (int k = last - 1; k >= 0; --k) {
      first_at += first[k];
      second_at += second[k];
      if (++position[k] < shape[k]) break;
      first_at -= shape[k] * first[k];
      second_at -= shape[k] * second[k];
      position[k] = 0;
    }
  }
}

/// Where the elements named by indices along `axis` lie in x: those of a row at start + j * along + index *
/// across.
struct IndexedLayout {
  Shape shape;      // of the indices
  Strides strides;  // of x, 0 on the indexed axis
  std::int64_t along, across;
};

IndexedLayout indexed_layout(const Tensor& x, const Tensor& indices, int axis) {
  IndexedLayout layout{at_least_1d(indices.shape()), at_least_1d(x.strides()), 0, 0};
  layout.across = layout.strides[axis];
  layout.strides[axis] = 0;
  layout.along = layout.strides.back();
  return layout;
}

/// to[..., indices[..., i, ...], ...] += source[..., i, ...]. `to` is contiguous; indices are contiguous and
/// checked.
void scatter_into(const Tensor& to, const Tensor& indices, int axis, const Tensor& source) {
  if (indices.numel() == 0) return;
  IndexedLayout layout = indexed_layout(to, indices, axis);
  Strides source_strides = at_least_1d(source.strides());
  std::int64_t length = layout.shape.back();
  dispatch(to.dtype(), [&]<class T>(T) {
    for_each_row(layout.shape, layout.strides, source_strides,
                 [&](std::int64_t row, std::int64_t to_at, std::int64_t source_at) {
                   T* out = data_of<T>(to) + to_at;
                   const T* in = data_of<T>(source) + source_at;
                   const std::int64_t* index = data_of<std::int64_t>(indices) + row * length;
                   for (std::int64_t j = 0; j < length; ++j) {
                     T& sum = out[j * layout.along + index[j] * layout.across];
                     sum = static_cast<T>(sum + in[j * source_strides.back()]);
                   }
                 });
  });
}

/// Zeros of this shape with `source` added where the indices, of its shape, say. Gradient: gather.
Tensor scatter_sum(const Shape& shape, int axis, const Tensor& indices, const Tensor& source, SourceLocation where) {
  Tensor result = zeros(shape, {.dtype = source.dtype()}, where);
  scatter_into(result, contiguous(indices), axis, source);
  return record("scatter_sum", where, {source, indices}, result, {Uses::input(1), Uses()},
                [axis](Vjp& vjp) { vjp.give(0, gather(Operand(vjp.g(), vjp.where()), axis, vjp.input(1))); });
}

}  // namespace

Tensor gather(const Operand& operand, int axis, const Tensor& given_indices) {
  const Tensor& x = operand.tensor("gather");
  SourceLocation where = operand.where();
  axis = normalize_axis("gather", axis, x.ndim(), where);
  Tensor indices = checked_indices("gather", given_indices, x, axis, where);
  if (indices.numel() > 0) check_fits("gather", "indices", indices.shape(), "x", x.shape(), axis, where);
  Tensor result = new_tensor(indices.shape(), x.dtype());
  if (indices.numel() > 0) {
    IndexedLayout layout = indexed_layout(x, indices, axis);
    std::int64_t length = layout.shape.back();
    dispatch(x.dtype(), [&]<class T>(T) {
      for_each_row(layout.shape, layout.strides, layout.strides,
                   [&](std::int64_t row, std::int64_t x_at, std::int64_t) {
                     const T* in = data_of<T>(x) + x_at;
                     const std::int64_t* index = data_of<std::int64_t>(indices) + row * length;
                     T* out = data_of<T>(result) + row * length;
                     for (std::int64_t j = 0; j < length; ++j) out[j] = in[j * layout.along + index[j] * layout.across];
                   });
    });
  }
  return record("gather", where, {x, indices}, result, {Uses::input(1), Uses()},
                [axis](Vjp& vjp) { vjp.give(0, scatter_sum(vjp.shape(0), axis, vjp.input(1), vjp.g(), vjp.where())); });
}

Tensor scatter_add(const Operand& operand, int axis, const Tensor& given_indices, const Operand& source_operand) {
  SourceLocation where = operand.where();
  DType dtype = promote(operand.dtype("scatter_add"), source_operand.dtype("scatter_add"));
  Tensor x = cast(Operand(operand.tensor("scatter_add"), where), dtype);
  Tensor source = cast(Operand(source_operand.tensor("scatter_add"), where), dtype);
  axis = normalize_axis("scatter_add", axis, x.ndim(), where);
  Tensor indices = checked_indices("scatter_add", given_indices, x, axis, where);
  if (indices.numel() > 0) {
    check_fits("scatter_add", "indices", indices.shape(), "x", x.shape(), axis, where);
    check_fits("scatter_add", "indices", indices.shape(), "source", source.shape(), -1, where);
  }
  Tensor result = new_tensor(x.shape(), dtype);
  copy_into(result, x);
  scatter_into(result, indices, axis, source);
  return record("scatter_add", where, {x, indices, source}, result, {Uses(), Uses(), Uses::input(1)}, [axis](Vjp& vjp) {
    vjp.give(0, vjp.g());
    if (!vjp.needs(2)) return;
    const Shape& shape = vjp.shape(2);
    const Tensor& indices = vjp.input(1);
    if (indices.numel() == 0) return;
    Tensor taken = gather(Operand(vjp.g(), vjp.where()), axis, indices);
    // Elements of source that no index stands beside were not read.
    vjp.give(2, taken.shape() == shape ? taken : put(taken, shape, corner(taken.shape()), vjp.where()));
  });
}

namespace {

/// A contiguous tensor as [outer, extent, inner] around an axis.
struct AxisSplit {
  std::int64_t outer = 1, extent = 1, inner = 1;
};

AxisSplit split_at(const Shape& shape, int axis) {
  AxisSplit split;
  for (int k = 0; k < shape.ndim(); ++k) (k < axis ? split.outer : k == axis ? split.extent : split.inner) *= shape[k];
  return split;
}

/// The shape of index_select's result.
Shape selected_shape(const Shape& x, int axis, std::int64_t count) {
  Shape shape = x;
  if (!shape.empty()) shape[axis] = count;
  return shape;
}

Tensor checked_positions(const char* operation, const Tensor& indices, const Tensor& x, int axis,
                         SourceLocation where) {
  Tensor checked = checked_indices(operation, indices, x, axis, where);
  check(checked.ndim() <= 1, where, operation, ": the indices must be a scalar or have one axis, but they are ",
        checked.shape(), ".");
  check(x.ndim() > 0 || checked.numel() == 1, where, operation,
        ": for a scalar there must be one index, but there are ", checked.numel(), ".");
  return checked;
}

/// to[..., indices[i], ...] += source[..., i, ...]. `to` is contiguous; indices are contiguous and checked.
void add_slices(const Tensor& to, const Tensor& indices, int axis, const Tensor& source) {
  if (source.numel() == 0) return;
  Tensor from = contiguous(source);
  AxisSplit split = split_at(to.shape(), axis);
  const std::int64_t* index = data_of<std::int64_t>(indices);
  std::int64_t count = indices.numel();
  dispatch(to.dtype(), [&]<class T>(T) {
    const T* in = data_of<T>(from);
    for (std::int64_t o = 0; o < split.outer; ++o)
      for (std::int64_t i = 0; i < count; ++i, in += split.inner) {
        T* out = data_of<T>(to) + (o * split.extent + index[i]) * split.inner;
        for (std::int64_t k = 0; k < split.inner; ++k) out[k] = static_cast<T>(out[k] + in[k]);
      }
  });
}

/// Zeros of this shape with the slices of `source` added at these positions. Gradient: index_select.
Tensor index_sum(const Shape& shape, int axis, const Tensor& indices, const Tensor& source, SourceLocation where) {
  Tensor result = zeros(shape, {.dtype = source.dtype()}, where);
  {
    NoGrad no_grad;
    add_slices(result, contiguous(indices), axis, source);
  }
  return record("index_sum", where, {source, indices}, result, {Uses::input(1), Uses()},
                [axis](Vjp& vjp) { vjp.give(0, index_select(Operand(vjp.g(), vjp.where()), axis, vjp.input(1))); });
}

/// result[..., i, ...] = x[..., indices[i], ...]. Indices are contiguous and checked.
void select_slices(const Tensor& result, const Tensor& x, int axis, const Tensor& indices) {
  const std::int64_t* index = data_of<std::int64_t>(indices);
  std::int64_t count = indices.numel();
  if (!x.is_contiguous()) {
    // Where most of x is wanted, one copy of all of it costs less than strided copies of its slices.
    if (2 * count > x.shape()[axis]) {
      Tensor rows = new_tensor(x.shape(), x.dtype());
      copy_into(rows, x);
      return select_slices(result, rows, axis, indices);
    }
    for (std::int64_t i = 0; i < count; ++i)
      copy_into(view_of(result, AxisWindow{axis, true, i, 1, 1}), view_of(x, AxisWindow{axis, true, index[i], 1, 1}));
    return;
  }
  AxisSplit split = split_at(x.shape(), axis);
  dispatch(x.dtype(), [&]<class T>(T) {
    const T* in = data_of<T>(x);
    T* out = data_of<T>(result);
    for (std::int64_t o = 0; o < split.outer; ++o, in += split.extent * split.inner) {
      if (split.inner == 1) {
        for (std::int64_t i = 0; i < count; ++i) *out++ = in[index[i]];
        continue;
      }
      for (std::int64_t i = 0; i < count; ++i, out += split.inner)
        std::memcpy(out, in + index[i] * split.inner, split.inner * sizeof(T));
    }
  });
}

}  // namespace

Tensor index_select(const Operand& operand, int axis, const Tensor& given_indices) {
  const Tensor& x = operand.tensor("index_select");
  SourceLocation where = operand.where();
  axis = normalize_axis("index_select", axis, x.ndim(), where);
  Tensor indices = checked_positions("index_select", given_indices, x, axis, where);
  Tensor result = new_tensor(selected_shape(x.shape(), axis, indices.numel()), x.dtype());
  if (result.numel() > 0) select_slices(result, x, axis, indices);
  return record("index_select", where, {x, indices}, result, {Uses::input(1), Uses()},
                [axis](Vjp& vjp) { vjp.give(0, index_sum(vjp.shape(0), axis, vjp.input(1), vjp.g(), vjp.where())); });
}

Tensor index_add(const Operand& operand, int axis, const Tensor& given_indices, const Operand& source_operand) {
  SourceLocation where = operand.where();
  DType dtype = promote(operand.dtype("index_add"), source_operand.dtype("index_add"));
  Tensor x = cast(Operand(operand.tensor("index_add"), where), dtype);
  Tensor source = cast(Operand(source_operand.tensor("index_add"), where), dtype);
  axis = normalize_axis("index_add", axis, x.ndim(), where);
  Tensor indices = checked_positions("index_add", given_indices, x, axis, where);
  Shape expected = selected_shape(x.shape(), axis, indices.numel());
  check(source.shape() == expected, where, "index_add: source must be ", expected, " for x ", x.shape(), " and ",
        indices.numel(), " indices on axis ", axis, ", but it is ", source.shape(), ".");
  Tensor result = new_tensor(x.shape(), dtype);
  copy_into(result, x);
  {
    NoGrad no_grad;
    add_slices(result, indices, axis, source);
  }
  return record("index_add", where, {x, indices, source}, result, {Uses(), Uses(), Uses::input(1)}, [axis](Vjp& vjp) {
    vjp.give(0, vjp.g());
    if (vjp.needs(2)) vjp.give(2, index_select(Operand(vjp.g(), vjp.where()), axis, vjp.input(1)));
  });
}

Tensor one_hot(const Operand& operand, std::int64_t classes) {
  const Tensor& labels = operand.tensor("one_hot");
  SourceLocation where = operand.where();
  check(labels.dtype() == DType::int64, where, "one_hot: labels must be int64, but they are ", labels.dtype(), ".");
  check(labels.ndim() < kMaxDims, where, "one_hot: a tensor has at most ", kMaxDims, " axes, but labels ",
        labels.shape(), " have as many.");
  check(classes >= 0 || classes == -1, where, "one_hot: classes must be -1 or not negative, but it is ", classes, ".");
  check(classes >= 0 || labels.numel() > 0, where,
        "one_hot: the number of classes must be given where there are no labels.");
  Tensor flat = contiguous(operand);
  const auto* label = data_of<std::int64_t>(flat);
  std::int64_t count = flat.numel();
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  if (classes == -1)  // a label of kMost has no place in any case
    classes = std::min(std::max<std::int64_t>(*std::max_element(label, label + count), 0), kMost - 1) + 1;
  for (std::int64_t i = 0; i < count; ++i)
    check<std::out_of_range>(0 <= label[i] && label[i] < classes, where, "one_hot: labels must be in [0, ", classes,
                             "), but label ", i, " is ", label[i], ".");
  Shape shape = labels.shape();
  shape.push_back(classes);
  Tensor result = new_checked("one_hot", shape, DType::int64, where);
  auto* to = data_of<std::int64_t>(result);
  std::fill_n(to, result.numel(), 0);
  for (std::int64_t i = 0; i < count; ++i) to[i * classes + label[i]] = 1;
  return result;
}

}  // namespace xgrad
