#include "pieces.hpp"

#include <algorithm>

#include "../extend.hpp"
#include "../kernels/elementwise.hpp"
#include "../tensor_impl.hpp"
#include "cast.hpp"
#include "detail/promote.hpp"
#include "detail/result.hpp"
#include "detail/window.hpp"
#include "index.hpp"
#include "movement.hpp"
#include "movement/join.hpp"
#include "views.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

// ---- Cutting ----

namespace {

/// The axis counted from 0, of a tensor that has axes.
int cut_axis(const char* operation, const Tensor& x, int axis, SourceLocation where) {
  check(x.ndim() > 0, where, operation, ": x must have at least one axis, but it is a scalar.");
  return normalize_axis(operation, axis, x.ndim(), where);
}

}  // namespace

Tensor select(const Operand& operand, int axis, std::int64_t position) {
  const Tensor& x = operand.tensor("select");
  SourceLocation where = operand.where();
  axis = cut_axis("select", x, axis, where);
  std::int64_t extent = x.shape()[axis];
  check<std::out_of_range>(-extent <= position && position < extent, where, "select: the position must be in [",
                           -extent, ", ", extent, ") on axis ", axis, " of x ", x.shape(), ", but it is ", position,
                           ".");
  return get("select", x, AxisWindow{axis, true, position < 0 ? position + extent : position, 1, 1}, where);
}

std::vector<Tensor> unbind(const Operand& operand, int axis) {
  const Tensor& x = operand.tensor("unbind");
  SourceLocation where = operand.where();
  axis = cut_axis("unbind", x, axis, where);
  return parts_along("unbind", x, Parts{axis, {}}, where);
}

std::vector<Tensor> chunk(const Operand& operand, std::int64_t count, int axis) {
  const Tensor& x = operand.tensor("chunk");
  SourceLocation where = operand.where();
  axis = cut_axis("chunk", x, axis, where);
  check(count > 0, where, "chunk: the number of pieces must be above 0, but it is ", count, ".");
  std::int64_t extent = x.shape()[axis];
  // An axis of extent 0 gives as many empty pieces as were asked for, as in PyTorch.
  if (extent == 0) return tensor_split(operand, count, axis);
  return split(operand, (extent - 1) / count + 1, axis);
}

namespace {

std::vector<Tensor> cut_evenly(const char* operation, const Operand& operand, std::int64_t count, int axis) {
  const Tensor& x = operand.tensor(operation);
  SourceLocation where = operand.where();
  axis = cut_axis(operation, x, axis, where);
  check(count > 0, where, operation, ": the number of pieces must be above 0, but it is ", count, ".");
  std::int64_t extent = x.shape()[axis];
  check_part_count(operation, count, where);
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(count), extent / count);
  for (std::int64_t i = 0; i < extent % count; ++i) ++sizes[static_cast<std::size_t>(i)];
  return split(operand, sizes, axis);
}

std::vector<Tensor> cut_at(const char* operation, const Operand& operand, const std::vector<std::int64_t>& bounds,
                           int axis) {
  const Tensor& x = operand.tensor(operation);
  SourceLocation where = operand.where();
  axis = cut_axis(operation, x, axis, where);
  std::int64_t extent = x.shape()[axis];
  auto cut = [extent](std::int64_t bound) {
    return std::clamp<std::int64_t>(bound < 0 ? bound + extent : bound, 0, extent);
  };
  std::vector<std::int64_t> starts{0}, sizes;
  bool in_order = true;
  for (std::int64_t bound : bounds) {
    std::int64_t stop = cut(bound), start = starts.back();
    in_order &= start <= stop;
    sizes.push_back(std::max<std::int64_t>(stop - start, 0));
    starts.push_back(stop);
  }
  sizes.push_back(extent - starts.back());
  if (in_order) return split(operand, sizes, axis);
  std::vector<Tensor> pieces;
  for (std::size_t i = 0; i < sizes.size(); ++i)
    pieces.push_back(get(operation, x, AxisWindow{axis, false, starts[i], 1, sizes[i]}, where));
  return pieces;
}

/// Pieces of equal size alone.
std::vector<Tensor> cut_equally(const char* operation, const Operand& operand, std::int64_t count, int axis) {
  const Tensor& x = operand.tensor(operation);
  check(count > 0, operand.where(), operation, ": the number of pieces must be above 0, but it is ", count, ".");
  check(x.shape()[axis] % count == 0, operand.where(), operation,
        ": the number of pieces must divide the extent of axis ", axis, " of x ", x.shape(), ", but it is ", count,
        ".");
  return cut_evenly(operation, operand, count, axis);
}

/// The axis that hsplit, vsplit or dsplit cuts.
int axis_of(const char* operation, const Operand& operand, int least_ndim, int axis) {
  const Tensor& x = operand.tensor(operation);
  check(x.ndim() >= least_ndim, operand.where(), operation, ": x must have at least ", least_ndim, " axes, but it is ",
        x.shape(), ".");
  return std::min(axis, x.ndim() - 1);
}

}  // namespace

std::vector<Tensor> tensor_split(const Operand& x, std::int64_t count, int axis) {
  return cut_evenly("tensor_split", x, count, axis);
}
std::vector<Tensor> tensor_split(const Operand& x, const std::vector<std::int64_t>& bounds, int axis) {
  return cut_at("tensor_split", x, bounds, axis);
}
std::vector<Tensor> tensor_split(const Operand& x, const Tensor& bounds, int axis) {
  SourceLocation where = x.where();
  check(bounds.defined(), where,
        "tensor_split: the bounds must be defined, but they are not: ", internal::kWhyUndefined);
  check(bounds.dtype() == DType::int64 && bounds.ndim() <= 1, where,
        "tensor_split: the bounds must be int64 with at most one axis, but they are ", bounds.dtype(), ' ',
        bounds.shape(), ".");
  std::vector<std::int64_t> list = bounds.to_vector<std::int64_t>();
  return bounds.ndim() == 0 ? tensor_split(x, list[0], axis) : tensor_split(x, list, axis);
}

std::vector<Tensor> hsplit(const Operand& x, std::int64_t count) {
  return cut_equally("hsplit", x, count, axis_of("hsplit", x, 1, 1));
}
std::vector<Tensor> hsplit(const Operand& x, const std::vector<std::int64_t>& bounds) {
  return cut_at("hsplit", x, bounds, axis_of("hsplit", x, 1, 1));
}
std::vector<Tensor> vsplit(const Operand& x, std::int64_t count) {
  return cut_equally("vsplit", x, count, axis_of("vsplit", x, 2, 0));
}
std::vector<Tensor> vsplit(const Operand& x, const std::vector<std::int64_t>& bounds) {
  return cut_at("vsplit", x, bounds, axis_of("vsplit", x, 2, 0));
}
std::vector<Tensor> dsplit(const Operand& x, std::int64_t count) {
  return cut_equally("dsplit", x, count, axis_of("dsplit", x, 3, 2));
}
std::vector<Tensor> dsplit(const Operand& x, const std::vector<std::int64_t>& bounds) {
  return cut_at("dsplit", x, bounds, axis_of("dsplit", x, 3, 2));
}

// ---- Joining ----

namespace {

/// The tensors, each changed, one after the other along an axis.
template <class F>
Tensor joined(const char* operation, std::span<const Tensor> tensors, int axis, SourceLocation where, F change) {
  CallSite site(where);
  std::vector<Tensor> parts;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    check(tensors[i].defined(), where, operation, ": tensor ", i,
          " must be defined, but it is not: ", internal::kWhyUndefined);
    parts.push_back(change(tensors[i]));
  }
  if (!parts.empty()) axis = std::min(axis, parts.front().ndim() - 1);
  return cat_as(operation, parts, axis, where);
}

std::span<const Tensor> span_of(std::initializer_list<Tensor> tensors) { return {tensors.begin(), tensors.size()}; }

}  // namespace

Tensor hstack(std::span<const Tensor> tensors, SourceLocation where) {
  return joined("hstack", tensors, 1, where, [](const Tensor& x) { return atleast_1d(x); });
}
Tensor vstack(std::span<const Tensor> tensors, SourceLocation where) {
  return joined("vstack", tensors, 0, where, [](const Tensor& x) { return atleast_2d(x); });
}
Tensor dstack(std::span<const Tensor> tensors, SourceLocation where) {
  return joined("dstack", tensors, 2, where, [](const Tensor& x) { return atleast_3d(x); });
}
Tensor column_stack(std::span<const Tensor> tensors, SourceLocation where) {
  return joined("column_stack", tensors, 1, where, [](const Tensor& x) {
    return x.ndim() >= 2 ? x : reshape(x, {x.numel(), 1});
  });
}

Tensor hstack(std::initializer_list<Tensor> tensors, SourceLocation where) { return hstack(span_of(tensors), where); }
Tensor vstack(std::initializer_list<Tensor> tensors, SourceLocation where) { return vstack(span_of(tensors), where); }
Tensor dstack(std::initializer_list<Tensor> tensors, SourceLocation where) { return dstack(span_of(tensors), where); }
Tensor column_stack(std::initializer_list<Tensor> tensors, SourceLocation where) {
  return column_stack(span_of(tensors), where);
}

Tensor block_diag(std::span<const Tensor> tensors, SourceLocation where) {
  check_given("block_diag", tensors, where);
  const DType dtype = common_dtype(tensors);
  CallSite site(where);
  std::vector<Tensor> blocks;
  std::vector<Window> windows;
  Shape shape{0, 0};
  bool overflow = false;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    check(tensors[i].ndim() <= 2, where, "block_diag: tensors must have at most two axes, but tensor ", i, " is ",
          tensors[i].shape(), ".");
    blocks.push_back(atleast_2d(cast(tensors[i], dtype)));
    Window window = Window::corner(blocks.back().shape());
    window.start = shape;
    windows.push_back(window);
    for (int axis : {0, 1}) overflow |= __builtin_add_overflow(shape[axis], window.shape[axis], &shape[axis]);
  }
  check(!overflow, where, "block_diag: the extents must add up to what an int64 holds, but tensor 0 is ",
        tensors[0].shape(), " of ", tensors.size(), " tensors, and they add up to more.");
  Tensor result = new_zeros("block_diag", shape, dtype, where);
  for (std::size_t i = 0; i < blocks.size(); ++i)
    if (blocks[i].numel() > 0) copy_into(view_of(result, windows[i]), blocks[i]);
  return record("block_diag", where, blocks, result, {}, [windows = std::move(windows)](Vjp& vjp) {
    for (int i = 0; i < static_cast<int>(windows.size()); ++i)
      if (vjp.needs(i)) vjp.give(i, get("get", vjp.g(), windows[static_cast<std::size_t>(i)], vjp.where()));
  });
}

Tensor block_diag(std::initializer_list<Tensor> tensors, SourceLocation where) {
  return block_diag(span_of(tensors), where);
}

// ---- Grids ----

namespace {

void check_vectors(const char* operation, std::span<const Tensor> tensors, int least_ndim, SourceLocation where) {
  check(!tensors.empty(), where, operation, ": at least one tensor must be given, but there is none.");
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    check(tensors[i].defined(), where, operation, ": tensor ", i,
          " must be defined, but it is not: ", internal::kWhyUndefined);
    check(least_ndim <= tensors[i].ndim() && tensors[i].ndim() <= 1, where, operation,
          ": tensors must be vectors, but tensor ", i, " is ", tensors[i].shape(), ".");
  }
}

}  // namespace

std::vector<Tensor> meshgrid(std::span<const Tensor> tensors, GridIndexing indexing, SourceLocation where) {
  check_vectors("meshgrid", tensors, 0, where);
  int count = static_cast<int>(tensors.size());
  check(tensors.size() <= kMaxDims, where, "meshgrid: a tensor has at most ", kMaxDims, " axes, but there are ",
        tensors.size(), " tensors.");
  CallSite site(where);
  bool is_swapped = indexing == GridIndexing::xy && count > 1;
  auto axis_of = [=](int i) { return is_swapped && i < 2 ? 1 - i : i; };
  Shape shape = Shape::filled(count, 1);
  for (int i = 0; i < count; ++i) shape[axis_of(i)] = tensors[static_cast<std::size_t>(i)].numel();
  checked_numel("meshgrid", shape, where);
  std::vector<Tensor> grid;
  for (int i = 0; i < count; ++i) {
    Shape along = Shape::filled(count, 1);
    along[axis_of(i)] = shape[axis_of(i)];
    grid.push_back(expand(reshape(tensors[static_cast<std::size_t>(i)], along), shape));
  }
  return grid;
}

std::vector<Tensor> meshgrid(std::initializer_list<Tensor> tensors, GridIndexing indexing, SourceLocation where) {
  return meshgrid(span_of(tensors), indexing, where);
}

Tensor cartesian_prod(std::span<const Tensor> tensors, SourceLocation where) {
  check_vectors("cartesian_prod", tensors, 1, where);
  if (tensors.size() == 1) return tensors[0];
  std::vector<Tensor> room;
  std::span<const Tensor> parts = in_common_dtype("cartesian_prod", tensors, room, where);
  CallSite site(where);
  std::int64_t rows = 1, bytes;
  bool overflow = false, empty = false;
  for (const Tensor& part : parts) {
    empty |= part.numel() == 0;
    if (part.numel() > 0) overflow |= __builtin_mul_overflow(rows, part.numel(), &rows);
  }
  overflow |= __builtin_mul_overflow(rows, static_cast<std::int64_t>(parts.size() * size_of(parts[0].dtype())), &bytes);
  check(!overflow, where, "cartesian_prod: the number of bytes must fit in an int64, but there are ", parts.size(),
        " tensors, the first of ", parts[0].shape(), ".");
  std::vector<Tensor> columns;
  std::int64_t before = 1, after = empty ? 0 : rows;
  for (const Tensor& part : parts) {
    std::int64_t extent = part.numel();
    if (!empty) after /= extent;
    Shape shape = empty ? Shape{0, extent, 0} : Shape{before, extent, after};
    columns.push_back(reshape(expand(reshape(part, {1, extent, 1}), shape), {shape.numel()}));
    before *= empty ? 1 : extent;
  }
  return stack(columns, 1, where);
}

Tensor cartesian_prod(std::initializer_list<Tensor> tensors, SourceLocation where) {
  return cartesian_prod(span_of(tensors), where);
}

namespace {

/// n over k; -1 where an int64 cannot hold it.
std::int64_t binomial(std::int64_t n, std::int64_t k) {
  if (k > n) return 0;
  k = std::min(k, n - k);
  __int128 result = 1;
  for (std::int64_t i = 1; i <= k; ++i) {
    result = result * (n - k + i) / i;  // exact: a product of i numbers one after the other
    if (result > INT64_MAX) return -1;
  }
  return static_cast<std::int64_t>(result);
}

/// The combinations of `count` of n positions, in order, each made from the one before it: so all are one part, over
/// [0, 1).
struct Combinations {
  std::int64_t* to;
  std::int64_t rows, count, n;
  std::int64_t repeats;  // how far a position is above the one before it

  static void run(const Combinations& a, std::int64_t, std::int64_t) {
    std::int64_t* row = a.to;
    for (std::int64_t r = 0; r < a.rows; ++r, row += a.count) {
      if (r == 0) {
        for (std::int64_t k = 0; k < a.count; ++k) row[k] = a.repeats * k;
        continue;
      }
      std::copy_n(row - a.count, a.count, row);
      std::int64_t k = a.count - 1;
      while (row[k] == a.n - 1 - a.repeats * (a.count - 1 - k)) --k;
      ++row[k];
      for (std::int64_t later = k + 1; later < a.count; ++later) row[later] = row[later - 1] + a.repeats;
    }
  }
};

}  // namespace

Tensor combinations(const Operand& operand, std::int64_t count, CombinationOptions options) {
  const Tensor& x = operand.tensor("combinations");
  SourceLocation where = operand.where();
  check(x.ndim() == 1, where, "combinations: x must be a vector, but it is ", x.shape(), ".");
  check(count >= 0, where, "combinations: the number of elements must not be negative, but it is ", count, ".");
  CallSite site(where);
  std::int64_t n = x.numel();
  if (count == 0) return narrow(x, 0, 0, 0);
  std::int64_t most = n, rows = 0;
  bool overflow = options.with_replacement && __builtin_add_overflow(n, count - 1, &most);
  if (!overflow && !(n == 0 && options.with_replacement)) rows = binomial(most, count);
  check(!overflow && rows >= 0, where, "combinations: the number of rows must fit in an int64, but there are ", n,
        " elements, of which ", count, " are taken.");
  Tensor positions = new_checked("combinations", {rows, count}, DType::int64, where);
  launch(Combinations{data_of<std::int64_t>(positions), rows, count, n, options.with_replacement ? 0 : 1}, 1, 1);
  return reshape(index_select(x, 0, reshape(positions, {rows * count})), {rows, count});
}

}  // namespace xgrad
