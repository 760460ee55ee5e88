#include "search.hpp"

#include "../base/launch.hpp"
#include "../kernels/elementwise.hpp"
#include "../kernels/search.hpp"
#include "../kernels/sort.hpp"
#include "../tensor_impl.hpp"
#include "cast.hpp"
#include "detail/axis_rows.hpp"
#include "detail/index_check.hpp"
#include "detail/promote.hpp"
#include "detail/result.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

namespace {

/// An operand in this dtype, without gaps.
Tensor searchable(const char* name, const Operand& operand, DType dtype, SourceLocation where) {
  return without_gaps(
      name, cast_for(name, operand.is_number() ? operand : Operand(operand.tensor(name).detach(), where), dtype),
      where);
}

/// Whether the shapes are equal but for the last extents.
bool are_rows_alike(const Shape& a, const Shape& b) {
  if (a.ndim() != b.ndim()) return false;
  for (int k = 0; k + 1 < a.ndim(); ++k)
    if (a[k] != b[k]) return false;
  return true;
}

Tensor places(const char* name, const char* sorted_name, const Operand& sorted_operand, const Operand& values_operand,
              bool right, const Tensor& sorter, SourceLocation where) {
  const DType dtype = common_dtype(name, {&sorted_operand, &values_operand});
  const Tensor sorted = searchable(name, sorted_operand, dtype, where);
  const Tensor values = searchable(name, values_operand, dtype, where);
  check(sorted.ndim() > 0, where, name, ": ", sorted_name, " must have an axis, but it is a scalar.");
  const bool is_shared = sorted.ndim() == 1;
  check(is_shared || are_rows_alike(sorted.shape(), values.shape()), where, name, ": ", sorted_name,
        " must have one axis, or the values' axes but for the last extent, but it is ", sorted.shape(),
        " and the values are ", values.shape(), ".");
  const std::int64_t length = sorted.shape()[sorted.ndim() - 1];
  Tensor order;
  if (sorter.defined()) {
    check(sorter.shape() == sorted.shape(), where, name, ": the sorter must have the shape of ", sorted_name, ", ",
          sorted.shape(), ", but it is ", sorter.shape(), ".");
    order = checked_indices(name, sorter, sorted, sorted.ndim() - 1, where);
  }
  Tensor result = new_result(name, values.shape(), DType::int64, where);
  const std::int64_t per_row = values.ndim() == 0 ? 1 : values.shape()[values.ndim() - 1];
  dispatch(dtype, [&]<class T>(T) {
    search_rows<T>(data_of<T>(sorted), order.defined() ? data_of<std::int64_t>(order) : nullptr, data_of<T>(values),
                   data_of<std::int64_t>(result), {length, values.numel(), per_row, is_shared}, right);
  });
  return result;
}

/// Says of each value whether the element at its place equals it. Over the values.
template <class T>
struct IsFound {
  const T* sorted;
  std::int64_t length;
  const T* values;
  const std::int64_t* places;
  bool* found;
  bool invert;

  static void run(const IsFound& a, std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
      a.found[i] = (a.places[i] < a.length && a.sorted[a.places[i]] == a.values[i]) != a.invert;
  }
};

}  // namespace

Tensor searchsorted(const Operand& sorted, const Operand& values, const SearchOptions& options) {
  return places("searchsorted", "sorted", sorted, values, options.right, options.sorter, sorted.where());
}

Tensor bucketize(const Operand& x, const Operand& boundaries, BucketizeOptions options) {
  const Tensor& edges = boundaries.tensor("bucketize");
  check(edges.ndim() == 1, x.where(), "bucketize: boundaries must have one axis, but they are ", edges.shape(), ".");
  return places("bucketize", "boundaries", boundaries, x, options.right, {}, x.where());
}

Tensor isin(const Operand& x, const Operand& candidates, IsinOptions options) {
  const SourceLocation where = x.where();
  const DType dtype = common_dtype("isin", {&x, &candidates});
  const Tensor values = searchable("isin", x, dtype, where);
  const Tensor among = searchable("isin", candidates, dtype, where);
  const std::int64_t length = among.numel();
  Tensor sorted = new_result("isin", {length}, dtype, where);
  Tensor positions = new_result("isin", {length}, DType::int64, where);
  Tensor places = new_result("isin", values.shape(), DType::int64, where);
  Tensor found = new_result("isin", values.shape(), DType::boolean, where);
  dispatch(dtype, [&]<class T>(T) {
    sort_rows<T>(data_of<T>(among), data_of<T>(sorted), data_of<std::int64_t>(positions), {1, length}, false);
    search_rows<T>(data_of<T>(sorted), nullptr, data_of<T>(values), data_of<std::int64_t>(places),
                   {length, values.numel(), 1, true}, false);
    launch(IsFound<T>{data_of<T>(sorted), length, data_of<T>(values), data_of<std::int64_t>(places),
                      data_of<bool>(found), options.invert},
           values.numel(), kElementwiseGrain);
  });
  return found;
}

}  // namespace xgrad
