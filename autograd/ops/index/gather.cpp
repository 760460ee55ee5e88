#include "gather.hpp"

#include <atomic>

#include "../../base/launch.hpp"
#include "../../extend.hpp"
#include "../../kernels/elementwise.hpp"
#include "../../kernels/scatter.hpp"
#include "../../tensor_impl.hpp"
#include "../arithmetic.hpp"
#include "../cast.hpp"
#include "../choose.hpp"
#include "../create.hpp"
#include "../detail/index_check.hpp"
#include "../detail/recorded_sum.hpp"
#include "../detail/result.hpp"
#include "../detail/window.hpp"
#include "../index.hpp"
#include "rows.hpp"

// gather and scatter_add: an index for each element.

namespace xgrad XGRAD_API {

using namespace internal;

namespace {

/// to[i] = from[place of i]. Over rows. The indices of a piece are checked before they are read.
template <class T>
struct GatherRows {
  T* to;
  const T* from;
  IndexedRows rows;
  std::int64_t extent;  // of the indexed axis
  std::atomic<bool>* wrong;

  static void run(const GatherRows& a, std::int64_t begin, std::int64_t end) {
    a.rows.each_piece(begin, end, [&](const IndexedRows::Piece& piece) {
      if (!all_below(piece.index, piece.rows * piece.columns, a.extent)) [[unlikely]]
        return a.wrong->store(true, std::memory_order_relaxed);
      a.rows.each(piece, [&](std::int64_t place, std::int64_t at) { a.to[at] = a.from[place]; });
    });
  }
};

/// to[place of i] += from[i]. Over rows, which may share places: on one thread.
template <class Sum, class T>
struct ScatterRows {
  Sum* to;
  const T* from;
  IndexedRows rows;

  static void run(const ScatterRows& a, std::int64_t begin, std::int64_t end) {
    a.rows.each(begin, end,
                [&](std::int64_t place, std::int64_t at) { a.to[place] = static_cast<Sum>(a.to[place] + a.from[at]); });
  }
};

/// to[i] += sums[i]. What was not added to stays as it is, -0 too.
struct AddSums {
  float* to;
  const double* sums;

  static void run(const AddSums& a, std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
      a.to[i] = a.sums[i] == 0 ? a.to[i] : static_cast<float>(a.to[i] + a.sums[i]);
  }
};

/// Adds up how often each place is named. Over rows, on one thread.
struct CountPlaces {
  UseCounts* uses;
  IndexedRows rows;

  static void run(const CountPlaces& a, std::int64_t begin, std::int64_t end) {
    a.rows.each(begin, end, [&](std::int64_t place, std::int64_t) { a.uses->add(place); });
  }
};

template <class Sum, class T>
void scatter_rows(Sum* to, const Tensor& source, const IndexedRows& rows) {
  launch(ScatterRows<Sum, T>{to, data_of<T>(source), rows}, rows.rows, rows.rows);
}

/// to[..., indices[..., i, ...], ...] += source[..., i, ...]. Where an index may come more than kFewTerms times, `to`
/// is contiguous; indices are contiguous and checked.
void scatter_into(const char* operation, const Tensor& to, const Tensor& indices, int axis, const Tensor& source,
                  SourceLocation where) {
  if (indices.numel() == 0) return;
  IndexedRows rows(to.strides(), indices, axis, source.strides());
  // A place is named at most once for each index along the axis.
  if (is_floating(to.dtype()) && at_least_1d(indices.shape())[axis] > kFewTerms) {
    if (to.dtype() == DType::float32 && 4 * to.numel() <= indices.numel()) {
      // To add up in double costs less than to count first.
      Tensor sums = new_zeros(operation, {to.numel()}, DType::float64, where);
      scatter_rows<double, float>(data_of<double>(sums), source, rows);
      launch(AddSums{data_of<float>(to), data_of<double>(sums)}, to.numel(), kGatherGrain);
      return;
    }
    UseCounts uses(indices.numel(), to.numel());
    launch(CountPlaces{&uses, rows}, rows.rows, rows.rows);
    if (uses.any_often()) {
      Tensor places = new_result(operation, {indices.numel()}, DType::int64, where);
      launch(PlacesOfRows{data_of<std::int64_t>(places), {to.strides(), indices, axis}}, rows.rows, rows.grain());
      Tensor values = new_result(operation, indices.shape(), to.dtype(), where);
      copy_into(values, view_of(source, Window::corner(indices.shape())));
      add_rows(to, data_of<std::int64_t>(places), values, {.extent = to.numel(), .count = indices.numel()});
      return;
    }
  }
  dispatch(to.dtype(), [&]<class T>(T) { scatter_rows<T, T>(data_of<T>(to), source, rows); });
}

/// Zeros of this shape with `source` added where the indices, of its shape, say. Gradient: gather.
Tensor scatter_sum(const Shape& shape, int axis, const Tensor& indices, const Tensor& source, SourceLocation where) {
  Tensor result = new_zeros("scatter_sum", shape, source.dtype(), where);
  scatter_into("scatter_sum", result, indices, axis, source, where);
  return record("scatter_sum", where, {source, indices}, result, {Uses::input(1), Uses()},
                [axis](Vjp& vjp) { vjp.give(0, gather(Operand(vjp.g(), vjp.where()), axis, vjp.input(1))); });
}

}  // namespace

void internal::give_gathered(Vjp& vjp, const Tensor& g, int axis, const Tensor& indices) {
  // Careful sums, of places that are named often, want a sum without gaps.
  auto add = [&](const Tensor& sum) {
    if (!sum.is_contiguous() && at_least_1d(indices.shape())[axis] > kFewTerms) return false;
    scatter_into("scatter_sum", sum, indices, axis, g, vjp.where());
    return true;
  };
  auto pull = [axis](const Tensor& g, const Tensor& indices, SourceLocation where) {
    return gather(Operand(g, where), axis, indices);
  };
  if (!add_indexed_to_sum(vjp, g, indices, add, pull))
    vjp.give(0, scatter_sum(vjp.shape(0), axis, indices, g, vjp.where()));
}

Tensor gather(const Operand& operand, int axis, const Tensor& given_indices) {
  const Tensor& x = operand.tensor("gather");
  SourceLocation where = operand.where();
  axis = normalize_axis("gather", axis, x.ndim(), where);
  Tensor indices = unchecked_indices("gather", given_indices, where);
  if (indices.numel() > 0) check_fits("gather", "indices", indices.shape(), "x", x.shape(), axis, where);
  Tensor result = new_checked("gather", indices.shape(), x.dtype(), where);
  if (indices.numel() > 0) {
    IndexedRows rows(x.strides(), indices, axis);
    std::atomic<bool> wrong = false;
    dispatch(x.dtype(), [&]<class T>(T) {
      launch(GatherRows<T>{data_of<T>(result), data_of<T>(x), rows, at_least_1d(x.shape())[axis], &wrong}, rows.rows,
             rows.grain());
    });
    if (wrong) [[unlikely]]
      checked_indices("gather", indices, x, axis, where);  // throws, naming the first
  }
  return record("gather", where, {x, indices}, result, {Uses::input(1), Uses()},
                [axis](Vjp& vjp) { give_gathered(vjp, vjp.g(), axis, vjp.input(1)); });
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
  Tensor result = new_checked("scatter_add", x.shape(), dtype, where);
  copy_into(result, x);
  scatter_into("scatter_add", result, indices, axis, source, where);
  return record("scatter_add", where, {x, indices, source}, result, {Uses(), Uses(), Uses::input(1)}, [axis](Vjp& vjp) {
    vjp.give(0, vjp.g());
    if (!vjp.needs(2)) return;
    const Shape& shape = vjp.shape(2);
    const Tensor& indices = vjp.input(1);
    if (indices.numel() == 0) return vjp.give(2, zeros(shape, {.dtype = vjp.dtype(2)}));
    Tensor taken = gather(Operand(vjp.g(), vjp.where()), axis, indices);
    // Elements of source that have no index were not read.
    vjp.give(2, taken.shape() == shape ? taken : put(taken, shape, Window::corner(taken.shape()), vjp.where()));
  });
}

}  // namespace xgrad
