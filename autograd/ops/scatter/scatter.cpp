#include "scatter.hpp"

#include "../../base/launch.hpp"
#include "../../extend.hpp"
#include "../../kernels/elementwise.hpp"
#include "../../tensor_impl.hpp"
#include "../cast.hpp"
#include "../choose.hpp"
#include "../create.hpp"
#include "../detail/index_check.hpp"
#include "../detail/promote.hpp"
#include "../detail/result.hpp"
#include "../detail/window.hpp"
#include "../index/places.hpp"
#include "../index/rows.hpp"
#include "../movement.hpp"
#include "../scatter.hpp"

// scatter: an index for each element.

namespace xgrad XGRAD_API {

using namespace internal;

internal::XAndSource internal::promoted_pair(const char* operation, const Operand& x, const Operand& source) {
  const Tensor& given = x.tensor(operation);
  if (source.is_number()) return {given, source.number_as(given.dtype(), operation)};
  DType dtype = promote(x.dtype(operation), source.dtype(operation));
  return {cast_for(operation, x, dtype), cast_for(operation, {source.tensor(operation), x.where()}, dtype)};
}

Tensor internal::cut_to(const Tensor& source, const Shape& shape, SourceLocation where) {
  return source.shape() == shape || source.ndim() != shape.ndim() ? source
                                                                  : get("get", source, Window::corner(shape), where);
}

Tensor internal::flat_places(const char* operation, const Shape& shape, const Tensor& indices, int axis,
                             SourceLocation where) {
  Tensor places = new_result(operation, {indices.numel()}, DType::int64, where);
  if (indices.numel() == 0) return places;
  IndexedRows rows(row_major(shape), indices, axis);
  launch(PlacesOfRows{data_of<std::int64_t>(places), rows}, rows.rows, rows.grain());
  return places;
}

void internal::check_scatter(const char* operation, const Tensor& x, const Tensor& indices, const Tensor& source,
                             int axis, SourceLocation where) {
  if (indices.numel() == 0) return;
  check_fits(operation, "indices", indices.shape(), "x", x.shape(), axis, where);
  check_fits(operation, "indices", indices.shape(), "source", source.shape(), -1, where);
}

namespace {

/// to[place of i] = from[i]. Over rows, in their order: the last one stays.
template <class T>
struct AssignRows {
  T* to;
  const T* from;
  IndexedRows rows;

  static void run(const AssignRows& a, std::int64_t begin, std::int64_t end) {
    a.rows.each(begin, end, [&](std::int64_t place, std::int64_t at) { a.to[place] = a.from[at]; });
  }
};

/// x with the elements of source, of the indices' shape, at their places. All is checked.
Tensor assigned(const Tensor& x, int axis, const Tensor& indices, const Tensor& source, SourceLocation where) {
  Tensor result = new_result("scatter", x.shape(), x.dtype(), where);
  copy_into(result, x);
  if (indices.numel() > 0) {
    IndexedRows rows(result.strides(), indices, axis, source.strides());
    dispatch(x.dtype(), [&]<class T>(T) {
      launch(AssignRows<T>{data_of<T>(result), data_of<T>(source), rows}, rows.rows, rows.rows);
    });
  }
  return record("scatter", where, {x, indices, source}, result, {Uses::input(1), Uses(), Uses::input(1)},
                [axis](Vjp& vjp) {
                  const Tensor& indices = vjp.input(1);
                  const Tensor& g = vjp.g();
                  SourceLocation where = vjp.where();
                  if (vjp.needs(0)) {
                    Tensor zero = zeros({}, {.dtype = g.dtype()}, where);
                    vjp.give(0, assigned(g, axis, indices, expand(Operand(zero, where), indices.shape()), where));
                  }
                  if (!vjp.needs(2)) return;
                  Tensor taken = gather(Operand(g, where), axis, indices);
                  Tensor places = flat_places("scatter", g.shape(), indices, axis, where);
                  if (Tensor last = last_of_each("scatter", places, g.numel(), where); last.defined())
                    taken = xgrad::where(Operand(reshape(last, indices.shape()), where), taken, 0);
                  vjp.give(2, taken);
                });
}

}  // namespace

Tensor scatter(const Operand& operand, int axis, const Tensor& given_indices, const Operand& source_operand) {
  SourceLocation where = operand.where();
  auto [x, source] = promoted_pair("scatter", operand, source_operand);
  axis = normalize_axis("scatter", axis, x.ndim(), where);
  Tensor indices = checked_indices("scatter", given_indices, x, axis, where);
  if (source_operand.is_number()) source = expand(Operand(source, where), indices.shape());
  check_scatter("scatter", x, indices, source, axis, where);
  if (indices.numel() == 0) return copy(Operand(x, where));
  return assigned(x, axis, indices, cut_to(source, indices.shape(), where), where);
}

}  // namespace xgrad
