#include "join.hpp"

#include <algorithm>

#include "../../engine/pass.hpp"
#include "../../extend.hpp"
#include "../../kernels/elementwise.hpp"
#include "../../kernels/join.hpp"
#include "../../tensor_impl.hpp"
#include "../arithmetic.hpp"
#include "../cast.hpp"
#include "../choose.hpp"
#include "../detail/result.hpp"
#include "../detail/view_rule.hpp"
#include "../detail/window.hpp"
#include "../movement.hpp"

// Joining tensors, and splitting them.

namespace xgrad XGRAD_API {

using namespace internal;

void internal::check_given(const char* operation, std::span<const Tensor> tensors, SourceLocation where) {
  check(!tensors.empty(), where, operation, ": at least one tensor must be given, but there is none.");
  for (std::size_t i = 0; i < tensors.size(); ++i)
    check(tensors[i].defined(), where, operation, ": tensor ", i,
          " must be defined, but it is not: ", internal::kWhyUndefined);
}

std::span<const Tensor> internal::in_common_dtype(const char* operation, std::span<const Tensor> tensors,
                                                  std::vector<Tensor>& room, SourceLocation where) {
  check_given(operation, tensors, where);
  bool mixed = false;
  for (const Tensor& tensor : tensors) mixed |= tensor.dtype() != tensors[0].dtype();
  if (!mixed) return tensors;
  DType dtype = tensors[0].dtype();
  for (const Tensor& tensor : tensors) dtype = promote(dtype, tensor.dtype());
  for (const Tensor& tensor : tensors) room.push_back(cast(Operand(tensor, where), dtype));
  return room;
}

namespace {

/// PyTorch's exception for lists that start out empty: torch.cat([torch.empty(0), x]).
bool is_skipped(const Tensor& tensor) { return tensor.ndim() == 1 && tensor.numel() == 0; }

/// How many rows cat or stack along this axis makes: the product of the extents before it.
std::int64_t rows_before(const Shape& shape, int axis) {
  std::int64_t rows = 1;
  for (int k = 0; k < axis; ++k) rows *= shape[k];
  return rows;
}

/// Whether there are rows, and the parts' are so short that they are moved row by row, together.
bool has_short_rows(std::int64_t rows, std::span<const RowsOfPart> parts) {
  return rows > 1 && std::all_of(parts.begin(), parts.end(), [](const RowsOfPart& p) { return p.length < kShortRow; });
}

/// Fills the result of cat or stack. `window(i)` is where part i belongs.
template <class F>
void join(const Tensor& result, int axis, std::span<const Tensor> parts, F window) {
  if (result.numel() == 0) return;
  std::int64_t rows = rows_before(result.shape(), axis);
  std::vector<RowsOfPart> rows_of;
  bool contiguous = true;
  for (const Tensor& part : parts) {
    contiguous &= part.is_contiguous();
    rows_of.push_back({data_of<void>(part), part.numel() / rows});
  }
  if (contiguous && has_short_rows(rows, rows_of)) return join_rows(result.dtype(), result.impl()->data, rows_of, rows);
  for (std::size_t i = 0; i < parts.size(); ++i)
    if (parts[i].numel() > 0) copy_into(view_of(result, window(static_cast<int>(i))), parts[i]);
}

/// The rule of cat and stack: gives each part its window of g.
template <class F>
void cut(const char* name, Vjp& vjp, int axis, int count, F window) {
  const Tensor g = vjp.g();
  std::vector<int> wanted;
  for (int i = 0; i < count; ++i) {
    if (!vjp.needs(i)) continue;
    if (vjp.shape(i).numel() > 0)
      wanted.push_back(i);
    else
      vjp.give(i, new_result(name, vjp.shape(i), vjp.dtype(i), vjp.where()));
  }
  if (!vjp.creates_graph() && wanted.size() > 1 && g.is_contiguous()) {
    std::int64_t rows = rows_before(g.shape(), axis);
    std::vector<RowsOfPart> rows_of;
    std::int64_t inner = g.numel() / rows / g.shape()[axis];
    for (int i = 0; i < count; ++i) rows_of.push_back({nullptr, inner * window(i).length});
    if (has_short_rows(rows, rows_of)) {
      std::vector<Tensor> pieces;
      for (int i : wanted) {
        pieces.push_back(new_result(name, vjp.shape(i), g.dtype(), vjp.where()));
        rows_of[static_cast<std::size_t>(i)].data = pieces.back().impl()->data;
      }
      cut_rows(g.dtype(), g.impl()->data, rows_of, rows);
      for (std::size_t k = 0; k < wanted.size(); ++k) vjp.give(wanted[k], std::move(pieces[k]));
      return;
    }
  }
  for (int i : wanted) vjp.give(i, get("get", g, window(i), vjp.where()));
}

}  // namespace

Tensor internal::cat_as(const char* operation, std::span<const Tensor> tensors, int axis, SourceLocation where) {
  std::vector<Tensor> room;
  std::span<const Tensor> parts = in_common_dtype(operation, tensors, room, where);
  const Tensor* model = &parts[0];
  for (const Tensor& part : parts)
    if (is_skipped(*model)) model = &part;
  check(model->ndim() > 0, where, operation,
        ": tensors must have at least one axis, but there is a scalar. Use stack.");
  axis = normalize_axis(operation, axis, model->ndim(), where);
  Shape shape = model->shape();
  std::int64_t end = 0;
  bool overflow = false;
  Parts places{axis, {0}};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const Shape& part = parts[i].shape();
    bool skipped = is_skipped(parts[i]) && model->ndim() != 1;
    bool fits = part.ndim() == shape.ndim();
    for (int k = 0; fits && k < shape.ndim(); ++k) fits = k == axis || part[k] == shape[k];
    check(fits || skipped, where, operation, ": tensors must agree in all axes but axis ", axis, ", but tensor ",
          model - parts.data(), " is ", model->shape(), " and tensor ", i, " is ", part, ".");
    overflow |= __builtin_add_overflow(end, skipped ? 0 : part[axis], &end);
    places.starts.push_back(end);
  }
  check(!overflow, where, operation, ": the extents of axis ", axis,
        " must add up to what an int64 holds, but tensor 0 is ", parts[0].shape(), " of ", parts.size(),
        " tensors, and they add up to more.");
  shape[axis] = end;
  Tensor result = new_checked(operation, shape, model->dtype(), where);
  join(result, axis, parts, places);
  return record(operation, where, parts, result, {}, [operation, places = std::move(places)](Vjp& vjp) {
    cut(operation, vjp, places.axis, static_cast<int>(places.starts.size()) - 1, places);
  });
}

Tensor cat(std::span<const Tensor> tensors, int axis, SourceLocation where) {
  return cat_as("cat", tensors, axis, where);
}

Tensor cat(std::initializer_list<Tensor> tensors, int axis, SourceLocation where) {
  return cat(std::span<const Tensor>(tensors.begin(), tensors.size()), axis, where);
}

Tensor stack(std::span<const Tensor> tensors, int axis, SourceLocation where) {
  std::vector<Tensor> room;
  std::span<const Tensor> parts = in_common_dtype("stack", tensors, room, where);
  Shape shape = parts[0].shape();
  for (std::size_t i = 1; i < parts.size(); ++i)
    check(parts[i].shape() == shape, where, "stack: tensors must have the same shape, but tensor 0 is ", shape,
          " and tensor ", i, " is ", parts[i].shape(), ".");
  axis = normalize_axis("stack", axis, shape.ndim() + 1, where);
  check(shape.ndim() < kMaxDims, where, "stack: a tensor has at most ", kMaxDims, " axes, but the tensors ", shape,
        " have as many.");
  int count = static_cast<int>(parts.size());
  shape.insert(axis, count);
  Tensor result = new_checked("stack", shape, parts[0].dtype(), where);
  auto place = [axis](int i) { return AxisWindow{axis, true, i, 1, 1}; };
  join(result, axis, parts, place);
  return record("stack", where, parts, result, {},
                [axis, count, place](Vjp& vjp) { cut("stack", vjp, axis, count, place); });
}

Tensor stack(std::initializer_list<Tensor> tensors, int axis, SourceLocation where) {
  return stack(std::span<const Tensor>(tensors.begin(), tensors.size()), axis, where);
}

namespace {

/// The view of parts that lie one behind the other along the axis already; undefined where they do not.
Tensor joined_in_place(const std::vector<Tensor>& parts, int axis, SourceLocation where) {
  const TensorImpl& first = *parts[0].impl();
  const std::int64_t step = first.strides[axis] * static_cast<std::int64_t>(size_of(first.dtype));
  Shape shape = first.shape;
  shape[axis] = 0;
  for (const Tensor& part : parts) {
    const TensorImpl& impl = *part.impl();
    if (impl.storage.get() != first.storage.get() || impl.strides != first.strides ||
        static_cast<char*>(impl.data) != static_cast<char*>(first.data) + shape[axis] * step)
      return {};
    shape[axis] += impl.shape[axis];
  }
  return new_result_view("split", where, parts[0], shape, first.strides, first.data);
}

}  // namespace

namespace {

struct PartsRule : ViewRule {
  Parts parts;

  explicit PartsRule(Parts parts) : ViewRule{&again}, parts(std::move(parts)) {}
  void operator()(Vjp& vjp) const {
    const int count = parts.count(vjp.shape(0));
    bool all = true;
    for (int k = 0; k < count; ++k) all &= vjp.has(k);
    if (!vjp.creates_graph() || !all) {
      const SumPlace place = vjp.place_of_sum(0);
      if (place.sum != nullptr && can_be_added_to(place.view)) {
        // What has no cotangent is not touched: a loop over parts is linear in their number. Parts of what can be added
        // to can be, too.
        for (int k = 0; k < count; ++k)
          if (vjp.has(k)) add_to_part(vjp, place, view_of(place.view, parts(k)), vjp.g(k));
        return;
      }
    }
    if (!vjp.creates_graph() && !all) {
      Tensor whole = new_zeros(parts.drops_axis() ? "unbind" : "split", vjp.shape(0), vjp.dtype(0), vjp.where());
      for (int k = 0; k < count; ++k)
        if (vjp.has(k)) add_into(view_of(whole, parts(k)), vjp.g(k));
      return vjp.give(0, std::move(whole));
    }
    std::vector<Tensor> cotangents;
    for (int k = 0; k < count; ++k) cotangents.push_back(vjp.g(k));
    if (parts.drops_axis()) return vjp.give(0, stack(cotangents, parts.axis, vjp.where()));
    Tensor whole = vjp.creates_graph() ? Tensor() : joined_in_place(cotangents, parts.axis, vjp.where());
    vjp.give(0, whole.defined() ? std::move(whole) : cat(cotangents, parts.axis, vjp.where()));
  }
  static Tensor again(const ViewRule& rule, const Node&, int output, const Tensor& x) {
    return view_of(x, static_cast<const PartsRule&>(rule).parts(output));
  }
};

}  // namespace

void internal::check_part_count(const char* operation, std::int64_t count, SourceLocation where) {
  constexpr std::int64_t kMost = std::int64_t{1} << 24;
  check(count <= kMost, where, operation, ": the number of pieces must be at most 2^24, but it is ", count, ".");
}

std::vector<Tensor> internal::parts_along(const char* operation, const Tensor& x, Parts parts, SourceLocation where) {
  check_part_count(operation,
                   parts.drops_axis() ? x.shape()[parts.axis] : static_cast<std::int64_t>(parts.starts.size()) - 1,
                   where);
  std::vector<Tensor> views;
  for (int k = 0; k < parts.count(x.shape()); ++k) views.push_back(view_of(x, parts(k)));
  if (views.empty()) return views;
  return record_views(operation, where, x, std::move(views), PartsRule(std::move(parts)));
}

std::vector<Tensor> split(const Operand& operand, std::int64_t size, int axis) {
  const Tensor& x = operand.tensor("split");
  check(x.ndim() > 0, operand.where(), "split: x must have at least one axis, but it is a scalar.");
  axis = normalize_axis("split", axis, x.ndim(), operand.where());
  std::int64_t extent = x.shape()[axis];
  check(size > 0 || (size == 0 && extent == 0), operand.where(),
        "split: the size of the pieces must be above 0, but it is ", size, ".");
  // An axis of extent 0 gives one empty piece.
  std::int64_t count = extent == 0 ? 1 : (extent - 1) / size + 1;
  check_part_count("split", count, operand.where());
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(count), size);
  sizes.back() = extent - (count - 1) * size;
  return split(operand, sizes, axis);
}

std::vector<Tensor> split(const Operand& operand, const std::vector<std::int64_t>& sizes, int axis) {
  const Tensor& x = operand.tensor("split");
  check(x.ndim() > 0, operand.where(), "split: x must have at least one axis, but it is a scalar.");
  axis = normalize_axis("split", axis, x.ndim(), operand.where());
  std::int64_t total = 0;
  bool overflow = false;
  for (std::int64_t size : sizes) {
    check(size >= 0, operand.where(), "split: sizes must not be negative, but there is ", size, ".");
    overflow |= __builtin_add_overflow(total, size, &total);
  }
  check(!overflow, operand.where(), "split: sizes must add up to ", x.shape()[axis],
        ", but they add up to more than an int64 holds.");
  check(total == x.shape()[axis], operand.where(), "split: sizes must add up to ", x.shape()[axis],
        ", the extent of axis ", axis, " of x ", x.shape(), ", but they add up to ", total, ".");
  std::vector<std::int64_t> starts{0};
  for (std::int64_t size : sizes) starts.push_back(starts.back() + size);
  return parts_along("split", x, Parts{axis, std::move(starts)}, operand.where());
}

}  // namespace xgrad
