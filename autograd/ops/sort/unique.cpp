// unique and unique_consecutive.
#include "../../base/launch.hpp"
#include "../../kernels/elementwise.hpp"
#include "../../kernels/sort.hpp"
#include "../../tensor_impl.hpp"
#include "../detail/axis_rows.hpp"
#include "../detail/result.hpp"
#include "../index.hpp"
#include "../movement.hpp"
#include "../sort.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

namespace {

/// Gathers equal rows that follow one another, in the order given or (null) that of memory. Over the rows, in one
/// piece.
template <class T>
struct FindGroups {
  const T* x;
  const std::int64_t* order;
  bool is_in_order;  // x lies in that order
  std::int64_t length;
  std::int64_t* inverse;
  std::int64_t* first;
  std::int64_t* counts;
  std::int64_t* groups;  // one number

  static void run(const FindGroups& a, std::int64_t begin, std::int64_t end) {
    std::int64_t group = -1;
    const T* last = nullptr;
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t row = a.order == nullptr ? i : a.order[i];
      const T* here = a.x + (a.is_in_order ? i : row) * a.length;
      if (last == nullptr || !is_equal(last, here, a.length)) {
        ++group;
        a.first[group] = row;
        a.counts[group] = 0;
      }
      ++a.counts[group];
      a.inverse[row] = group;
      last = here;
    }
    *a.groups = group + 1;
  }

 private:
  static bool is_equal(const T* a, const T* b, std::int64_t length) {
    for (std::int64_t k = 0; k < length; ++k)
      if (a[k] != b[k]) return false;
    return true;
  }
};

/// The first elements of a tensor with one axis, as one of its own: what the rest was room for is let go.
Tensor beginning(const char* name, const Tensor& x, std::int64_t count, SourceLocation where) {
  Tensor result = new_result(name, {count}, DType::int64, where);
  copy_into(result, new_view(x, {count}, {1}, x.impl()->data));
  return result;
}

Unique distinct(const char* name, const Operand& operand, const UniqueOptions& options, bool sorts) {
  const Tensor& given = operand.tensor(name);
  const SourceLocation where = operand.where();
  CallSite site(where);
  int axis = 0;
  if (options.axis) {
    check<std::out_of_range>(given.ndim() > 0, where, name, ": x must have at least one axis, but it is a scalar.");
    axis = normalize_axis(name, *options.axis, given.ndim(), where);
    check(given.numel() > 0 || given.shape()[axis] == 0, where, name,
          ": slices that are compared must have elements, but x is ", given.shape(), " and the axis is ", axis, ".");
  }
  const Tensor x = options.axis ? given : reshape(Operand(given, where), {given.numel()});
  const std::int64_t count = x.shape()[axis];

  // The slices as rows: the axis in exchange for the first one, whose place decides in which order words are read.
  Shape moved = x.shape();
  Strides strides = x.strides();
  std::swap(moved[axis], moved[0]);
  std::swap(strides[axis], strides[0]);
  const Tensor rows = without_gaps(name, new_view(x, moved, strides, x.impl()->data), where);
  const RowsShape shape{count, count == 0 ? 0 : x.numel() / count};

  Tensor order, inverse = new_result(name, {count}, DType::int64, where);
  Tensor first = new_result(name, {count}, DType::int64, where);
  Tensor counts = new_result(name, {count}, DType::int64, where);
  std::int64_t groups = 0;
  dispatch(x.dtype(), [&]<class T>(T) {
    const T* data = data_of<T>(rows);
    Tensor sorted;
    if (sorts) {
      order = new_result(name, {count}, DType::int64, where);
      if (shape.length == 1) {
        sorted = new_result(name, {count}, x.dtype(), where);
        sort_rows<T>(data, data_of<T>(sorted), data_of<std::int64_t>(order), {1, count}, false);
        data = data_of<T>(sorted);
      } else {
        order_rows<T>(data, data_of<std::int64_t>(order), shape);
      }
    }
    launch(FindGroups<T>{data, sorts ? data_of<std::int64_t>(order) : nullptr, sorted.defined(), shape.length,
                         data_of<std::int64_t>(inverse), data_of<std::int64_t>(first), data_of<std::int64_t>(counts),
                         &groups},
           count, count + 1);
  });
  Unique result;
  result.values = index_select(Operand(x, where), axis, beginning(name, first, groups, where));
  result.inverse = options.axis ? inverse : reshape(Operand(inverse, where), given.shape());
  result.counts = beginning(name, counts, groups, where);
  return result;
}

}  // namespace

Unique unique(const Operand& x, UniqueOptions options) { return distinct("unique", x, options, true); }
Unique unique_consecutive(const Operand& x, UniqueOptions options) {
  return distinct("unique_consecutive", x, options, false);
}

}  // namespace xgrad
