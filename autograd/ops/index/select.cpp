#include <algorithm>
#include <cstring>

#include "../../base/launch.hpp"
#include "../../extend.hpp"
#include "../../kernels/elementwise.hpp"
#include "../../kernels/scatter.hpp"
#include "../../tensor_impl.hpp"
#include "../arithmetic.hpp"
#include "../cast.hpp"
#include "../choose.hpp"
#include "../detail/index_check.hpp"
#include "../detail/result.hpp"
#include "../detail/window.hpp"
#include "../index.hpp"
#include "../movement.hpp"
#include "places.hpp"

// index_select and index_add: an index for each slice.

namespace xgrad XGRAD_API {

using namespace internal;

namespace {

// Elements from which copying slices is worth a second thread.
constexpr std::int64_t kSelectGrain = 32768;

/// A contiguous tensor [outer, extent, inner] around an axis, of which `count` slices are selected.
RowsLayout layout_of(const Shape& shape, int axis, std::int64_t count) {
  RowsLayout layout{.count = count};
  for (int k = 0; k < shape.ndim(); ++k)
    (k < axis ? layout.outer : k == axis ? layout.extent : layout.inner) *= shape[k];
  return layout;
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

/// to[o, i, ...] = from[o, index[i], ...]. Over o and i.
template <class T>
struct SelectRows {
  T* to;
  const T* from;
  const std::int64_t* index;
  RowsLayout layout;

  static void run(const SelectRows& a, std::int64_t begin, std::int64_t end) {
    const RowsLayout l = a.layout;
    std::int64_t i = begin % l.count;
    const T* in = a.from + begin / l.count * l.extent * l.inner;
    T* out = a.to + begin * l.inner;
    while (begin < end) {
      std::int64_t stop = std::min(l.count, i + end - begin);
      begin += stop - i;
      if (l.inner == 1)
        for (; i < stop; ++i) *out++ = in[a.index[i]];
      else
        for (; i < stop; ++i, out += l.inner)
          std::memcpy(out, in + a.index[i] * l.inner, static_cast<std::size_t>(l.inner) * sizeof(T));
      i = 0;
      in += l.extent * l.inner;
    }
  }
};

/// result[..., i, ...] = x[..., indices[i], ...]. Indices are contiguous and checked.
void select_slices(const Tensor& result, const Tensor& x, int axis, const Tensor& indices, SourceLocation where) {
  const std::int64_t* index = data_of<std::int64_t>(indices);
  std::int64_t count = indices.numel();
  if (!x.is_contiguous()) {
    // Where most of x is wanted, one copy of all of it costs less than strided copies of its slices.
    if (2 * count > x.shape()[axis]) {
      Tensor rows = new_checked("index_select", x.shape(), x.dtype(), where);
      copy_into(rows, x);
      return select_slices(result, rows, axis, indices, where);
    }
    for (std::int64_t i = 0; i < count; ++i)
      copy_into(view_of(result, AxisWindow{axis, true, i, 1, 1}), view_of(x, AxisWindow{axis, true, index[i], 1, 1}));
    return;
  }
  RowsLayout layout = layout_of(x.shape(), axis, count);
  dispatch(x.dtype(), [&]<class T>(T) {
    launch(SelectRows<T>{data_of<T>(result), data_of<T>(x), index, layout}, layout.outer * count,
           kSelectGrain / layout.inner + 1);
  });
}

}  // namespace

Tensor index_select(const Operand& operand, int axis, const Tensor& given_indices) {
  const Tensor& x = operand.tensor("index_select");
  SourceLocation where = operand.where();
  axis = normalize_axis("index_select", axis, x.ndim(), where);
  Tensor indices = checked_positions("index_select", given_indices, x, axis, where);
  Tensor result = new_checked("index_select", selected_shape(x.shape(), axis, indices.numel()), x.dtype(), where);
  if (result.numel() > 0) select_slices(result, x, axis, indices, where);
  return record("index_select", where, {x, indices}, result, {Uses::input(1), Uses()}, [axis](Vjp& vjp) {
    if (vjp.shape(0).empty()) return vjp.give(0, vjp.take_g());
    const Tensor& indices = vjp.input(1);
    give_places(vjp, vjp.g(), {axis, 1}, indices.ndim() == 1 ? indices : reshape(indices, {1}));
  });
}

namespace {

/// x times the factor of index_add, which an x of integers truncates.
Tensor times(const Tensor& x, Scalar factor, SourceLocation where) {
  if (factor.value() == 1) return x;
  CallSite site(where);
  if (is_floating(x.dtype())) return mul(x, factor.value());
  const Operand number = factor.is_integer() ? Operand(factor.integer(), where) : Operand(factor.value(), where);
  return mul(x, number.number_as(x.dtype(), "index_add"));
}

}  // namespace

Tensor index_add(const Operand& operand, int axis, const Tensor& given_indices, const Operand& source_operand,
                 IndexAddOptions options) {
  SourceLocation where = operand.where();
  DType dtype = promote(operand.dtype("index_add"), source_operand.dtype("index_add"));
  Tensor x = cast(Operand(operand.tensor("index_add"), where), dtype);
  Tensor source = cast(Operand(source_operand.tensor("index_add"), where), dtype);
  axis = normalize_axis("index_add", axis, x.ndim(), where);
  Tensor indices = checked_positions("index_add", given_indices, x, axis, where);
  Shape expected = selected_shape(x.shape(), axis, indices.numel());
  check(source.shape() == expected, where, "index_add: source must be ", expected, " for x ", x.shape(), " and ",
        indices.numel(), " indices on axis ", axis, ", but it is ", source.shape(), ".");
  source = times(source, options.alpha, where);
  Tensor result = new_checked("index_add", x.shape(), dtype, where);
  copy_into(result, x);
  add_to_places("index_add", result, {axis, 1}, indices, source, where);
  return record("index_add", where, {x, indices, source}, result, {Uses(), Uses(), Uses::input(1)}, [axis](Vjp& vjp) {
    vjp.give(0, vjp.g());
    if (vjp.needs(2)) vjp.give(2, index_select(Operand(vjp.g(), vjp.where()), axis, vjp.input(1)));
  });
}

}  // namespace xgrad
