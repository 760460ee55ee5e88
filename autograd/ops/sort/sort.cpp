// sort, argsort, msort, topk and kthvalue.
#include "../../kernels/sort.hpp"

#include "../../tensor_impl.hpp"
#include "../detail/axis_rows.hpp"
#include "../detail/reduction.hpp"
#include "../sort.hpp"
#include "picked.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

namespace {

Tensor sorted_positions(const char* name, const Tensor& x, int axis, bool descending, SourceLocation where) {
  AxisRows from(name, x, axis, where);
  NewRows positions(name, x.shape(), DType::int64, axis, where);
  dispatch(x.dtype(), [&]<class T>(T) {
    sort_rows<T>(data_of<T>(from.x), nullptr, data_of<std::int64_t>(positions.rows()), {from.rows, from.length},
                 descending);
  });
  return positions.tensor();
}

Picked sorted(const char* name, const Operand& operand, int axis, bool descending) {
  const Tensor& x = operand.tensor(name);
  const SourceLocation where = operand.where();
  axis = normalize_axis(name, axis, x.ndim(), where);
  AxisRows from(name, x, axis, where);
  NewRows values(name, x.shape(), x.dtype(), axis, where);
  NewRows positions(name, x.shape(), DType::int64, axis, where);
  dispatch(x.dtype(), [&]<class T>(T) {
    sort_rows<T>(data_of<T>(from.x), data_of<T>(values.rows()), data_of<std::int64_t>(positions.rows()),
                 {from.rows, from.length}, descending);
  });
  return recorded_picks(name, where, x, axis, values.tensor(), positions.tensor());
}

}  // namespace

Picked sort(const Operand& x, int axis, SortOptions options) { return sorted("sort", x, axis, options.descending); }

Tensor argsort(const Operand& operand, int axis, SortOptions options) {
  const Tensor& x = operand.tensor("argsort");
  axis = normalize_axis("argsort", axis, x.ndim(), operand.where());
  return sorted_positions("argsort", x, axis, options.descending, operand.where());
}

Tensor msort(const Operand& x) { return sorted("msort", x, 0, false).values; }

Picked topk(const Operand& operand, std::int64_t k, int axis, TopkOptions options) {
  const Tensor& x = operand.tensor("topk");
  const SourceLocation where = operand.where();
  axis = normalize_axis("topk", axis, x.ndim(), where);
  const std::int64_t n = x.ndim() == 0 ? 1 : x.shape()[axis];
  check(0 <= k && k <= n, where, "topk: k must be in [0, ", n, "] on axis ", axis, " of x ", x.shape(), ", but it is ",
        k, ".");
  check(x.ndim() > 0 || k == 1, where, "topk: of a scalar k must be 1, but it is ", k, ".");
  const Shape shape = with_extent(x.shape(), axis, k);
  AxisRows from("topk", x, axis, where);
  NewRows values("topk", shape, x.dtype(), axis, where);
  NewRows positions("topk", shape, DType::int64, axis, where);
  dispatch(x.dtype(), [&]<class T>(T) {
    top_of_rows<T>(data_of<T>(from.x), data_of<T>(values.rows()), data_of<std::int64_t>(positions.rows()),
                   {from.rows, from.length}, k, options.largest);
  });
  return recorded_picks("topk", where, x, axis, values.tensor(), positions.tensor());
}

Picked kthvalue(const Operand& operand, std::int64_t k, int axis, ReduceOptions options) {
  const Tensor& x = operand.tensor("kthvalue");
  const SourceLocation where = operand.where();
  axis = normalize_axis("kthvalue", axis, x.ndim(), where);
  const std::int64_t n = x.ndim() == 0 ? 1 : x.shape()[axis];
  check(1 <= k && k <= n, where, "kthvalue: k must be in [1, ", n, "] on axis ", axis, " of x ", x.shape(),
        ", but it is ", k, ".");
  return picked_of_rows("kthvalue", x, axis, options.keepdims, Rank::kth, k - 1, where);
}

}  // namespace xgrad
