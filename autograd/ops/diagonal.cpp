#include "diagonal.hpp"

#include <algorithm>
#include <cstdint>

#include "../engine/pass.hpp"
#include "../extend.hpp"
#include "../kernels/elementwise.hpp"
#include "../kernels/walk.hpp"
#include "../tensor_impl.hpp"
#include "cast.hpp"
#include "choose.hpp"
#include "create.hpp"
#include "detail/promote.hpp"
#include "detail/result.hpp"
#include "detail/view_rule.hpp"
#include "detail/window.hpp"
#include "movement.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

// ---- Diagonals ----

namespace {

/// A diagonal with its axes counted from 0.
struct Diagonal {
  std::int64_t offset;
  int axis1, axis2;

  DiagonalOptions options() const { return {offset, axis1, axis2}; }
};

Diagonal checked_diagonal(const char* operation, const DiagonalOptions& options, const Shape& shape,
                          SourceLocation where) {
  check(shape.ndim() >= 2, where, operation, ": there must be at least two axes, but the shape is ", shape, ".");
  Diagonal diagonal{options.offset, normalize_axis(operation, options.axis1, shape.ndim(), where),
                    normalize_axis(operation, options.axis2, shape.ndim(), where)};
  check(diagonal.axis1 != diagonal.axis2, where, operation, ": the two axes must differ, but both are axis ",
        diagonal.axis1, ".");
  return diagonal;
}

/// The elements as a view that is not recorded.
Tensor view_of(const Tensor& x, const Diagonal& diagonal) {
  Shape shape = x.shape();
  Strides strides = x.strides();
  std::int64_t rows = shape[diagonal.axis1], columns = shape[diagonal.axis2];
  std::int64_t down = strides[diagonal.axis1], right = strides[diagonal.axis2];
  bool is_above = diagonal.offset >= 0;
  // Without a negation of the smallest integer.
  std::int64_t length = is_above ? std::min(rows, std::max<std::int64_t>(columns - diagonal.offset, 0))
                                 : std::min(columns, std::max<std::int64_t>(rows + diagonal.offset, 0));
  for (int axis : {std::max(diagonal.axis1, diagonal.axis2), std::min(diagonal.axis1, diagonal.axis2)}) {
    shape.erase(axis);
    strides.erase(axis);
  }
  shape.push_back(length);
  strides.push_back(down + right);
  std::int64_t first = 0;
  if (shape.numel() > 0) first = is_above ? diagonal.offset * right : -diagonal.offset * down;
  return new_view(x, shape, strides, data_of<char>(x) + first * static_cast<std::int64_t>(size_of(x.dtype())));
}

/// Zeros of this shape with x on the diagonal. Gradient: the diagonal.
Tensor put_diagonal(const char* operation, const Tensor& x, const Shape& shape, const Diagonal& diagonal,
                    SourceLocation where) {
  Tensor result = new_zeros(operation, shape, x.dtype(), where);
  if (x.numel() > 0) copy_into(view_of(result, diagonal), x);
  return record(operation, where, {x}, result, {}, [diagonal](Vjp& vjp) {
    vjp.give(0, xgrad::diagonal(Operand(vjp.g(), vjp.where()), diagonal.options()));
  });
}

struct DiagonalRule : ViewRule {
  Diagonal diagonal;

  explicit DiagonalRule(const Diagonal& diagonal) : ViewRule{&again}, diagonal(diagonal) {}
  void operator()(Vjp& vjp) const {
    const SumPlace place = vjp.place_of_sum(0);
    if (place.sum == nullptr || !add_to_part(vjp, place, view_of(place.view, diagonal), vjp.g()))
      vjp.give(0, put_diagonal("put_diagonal", vjp.g(), vjp.shape(0), diagonal, vjp.where()));
  }
  static Tensor again(const ViewRule& rule, const Node&, int, const Tensor& x) {
    return view_of(x, static_cast<const DiagonalRule&>(rule).diagonal);
  }
};

}  // namespace

Tensor diagonal(const Operand& operand, DiagonalOptions options) {
  const Tensor& x = operand.tensor("diagonal");
  Diagonal diagonal = checked_diagonal("diagonal", options, x.shape(), operand.where());
  Tensor view = with_memory_for("diagonal", operand.where(), [&] { return view_of(x, diagonal); });
  return record_view("diagonal", operand.where(), x, std::move(view), DiagonalRule(diagonal));
}

Tensor diagonal_scatter(const Operand& operand, const Operand& source_operand, DiagonalOptions options) {
  SourceLocation where = operand.where();
  const char* const kName = "diagonal_scatter";
  DType dtype = promote(operand.dtype(kName), source_operand.dtype(kName));
  Tensor x = cast(Operand(operand.tensor(kName), where), dtype);
  Tensor source = cast(Operand(source_operand.tensor(kName), where), dtype);
  Diagonal diagonal = checked_diagonal(kName, options, x.shape(), where);
  Tensor result = new_result(kName, x.shape(), dtype, where);
  Tensor target = view_of(result, diagonal);
  check(source.shape() == target.shape(), where, "diagonal_scatter: source must be ", target.shape(),
        " as the diagonal of x ", x.shape(), ", but it is ", source.shape(), ".");
  copy_into(result, x);
  if (source.numel() > 0) copy_into(target, source);
  return record(kName, where, {x, source}, result, {}, [diagonal](Vjp& vjp) {
    Operand g(vjp.g(), vjp.where());
    Tensor taken = xgrad::diagonal(g, diagonal.options());
    if (vjp.needs(0)) vjp.give(0, diagonal_scatter(g, zeros_like(Operand(taken, vjp.where())), diagonal.options()));
    if (vjp.needs(1)) vjp.give(1, taken);
  });
}

namespace {

Tensor embedded(const char* operation, const Operand& operand, const DiagonalOptions& options) {
  const Tensor& x = operand.tensor(operation);
  SourceLocation where = operand.where();
  check(x.ndim() > 0, where, operation, ": x must have at least one axis, but it is a scalar.");
  check(x.ndim() < kMaxDims, where, operation, ": a tensor has at most ", kMaxDims, " axes, but x ", x.shape(),
        " has as many.");
  Diagonal diagonal = checked_diagonal(operation, options, Shape::filled(x.ndim() + 1, 1), where);
  std::int64_t extent = x.shape().back(), side;
  bool overflow = options.offset >= 0 ? __builtin_add_overflow(extent, options.offset, &side)
                                      : __builtin_sub_overflow(extent, options.offset, &side);
  check(!overflow, where, operation, ": the extents of the matrix must fit in an int64, but x is ", x.shape(),
        " and the offset ", options.offset, ".");
  Shape shape = x.shape();
  shape.erase(x.ndim() - 1);
  for (int axis : {std::min(diagonal.axis1, diagonal.axis2), std::max(diagonal.axis1, diagonal.axis2)})
    shape.insert(axis, side);
  return put_diagonal(operation, x, shape, diagonal, where);
}

}  // namespace

Tensor diag(const Operand& operand, std::int64_t offset) {
  const Tensor& x = operand.tensor("diag");
  check(x.ndim() == 1 || x.ndim() == 2, operand.where(), "diag: x must have one axis or two, but it is ", x.shape(),
        ". Use diagonal or diag_embed.");
  return x.ndim() == 1 ? embedded("diag", operand, {.offset = offset}) : diagonal(operand, {.offset = offset});
}

Tensor diagflat(const Operand& operand, std::int64_t offset) {
  const Tensor& x = operand.tensor("diagflat");
  return embedded("diagflat", Operand(reshape(operand, {x.numel()}), operand.where()), {.offset = offset});
}

Tensor diag_embed(const Operand& operand, DiagonalOptions options) { return embedded("diag_embed", operand, options); }

// ---- Triangles ----

namespace {

// Elements from which copying triangles is worth a second thread.
constexpr std::int64_t kTriangleGrain = 65536;

/// Row by row of contiguous `to`: the elements of `from` on one side of the diagonal, zeros on the other.
template <class T>
struct CopyTriangle {
  T* to;
  const T* from;
  std::int64_t extent[kMaxDims], stride[kMaxDims], step;  // of `from`: axes before the last, and along it
  int lead;
  std::int64_t rows, columns, offset;
  bool is_lower;

  static void run(const CopyTriangle& a, std::int64_t begin, std::int64_t end) {
    Walk walk(a.lead, a.extent, a.stride, begin);
    for (std::int64_t row = begin; row < end; ++row, walk.next()) {
      T* out = a.to + row * a.columns;
      const T* in = a.from + walk.offset();
      // The first column above the diagonal is row + offset + 1; an offset may be any integer.
      std::int64_t i = row % a.rows, first, last, cut;
      if (__builtin_add_overflow(i + (a.is_lower ? 1 : 0), a.offset, &cut)) cut = a.columns;
      cut = std::clamp<std::int64_t>(cut, 0, a.columns);
      first = a.is_lower ? 0 : cut;
      last = a.is_lower ? cut : a.columns;
      std::fill(out, out + first, T(0));
      if (a.step == 1)
        std::copy(in + first, in + last, out + first);
      else
        for (std::int64_t j = first; j < last; ++j) out[j] = in[j * a.step];
      std::fill(out + last, out + a.columns, T(0));
    }
  }
};

Tensor triangle(const char* operation, const Operand& operand, std::int64_t offset, bool is_lower) {
  const Tensor& x = operand.tensor(operation);
  SourceLocation where = operand.where();
  check(x.ndim() >= 2, where, operation, ": x must have at least two axes, but it is ", x.shape(), ".");
  Tensor result = new_checked(operation, x.shape(), x.dtype(), where);
  int last = x.ndim() - 1;
  std::int64_t columns = x.shape()[last];
  if (x.numel() > 0)
    dispatch(x.dtype(), [&]<class T>(T) {
      CopyTriangle<T> kernel{data_of<T>(result),  data_of<T>(x), {},     {},      x.strides()[last], last,
                             x.shape()[last - 1], columns,       offset, is_lower};
      std::copy_n(x.shape().begin(), last, kernel.extent);
      std::copy_n(x.strides().begin(), last, kernel.stride);
      launch(kernel, x.numel() / columns, kTriangleGrain / columns + 1);
    });
  return record(operation, where, {x}, result, {}, [operation, offset, is_lower](Vjp& vjp) {
    vjp.give(0, triangle(operation, Operand(vjp.g(), vjp.where()), offset, is_lower));
  });
}

/// How many elements row i of a lower triangle has, beginning with the first column.
std::int64_t lower_length(std::int64_t i, std::int64_t columns, std::int64_t offset) {
  std::int64_t length;
  if (__builtin_add_overflow(i + 1, offset, &length)) return columns;
  return std::clamp<std::int64_t>(length, 0, columns);
}

/// The places of the lower triangle's elements, or of those that it leaves, row by row. Over rows, the first of which
/// is `from`.
struct TriangleIndices {
  std::int64_t* row;
  std::int64_t* column;
  std::int64_t from, columns, offset;
  bool is_lower;

  static void run(const TriangleIndices& a, std::int64_t begin, std::int64_t end) {
    std::int64_t at = 0;
    for (std::int64_t i = a.from; i < a.from + begin; ++i) {
      const std::int64_t cut = lower_length(i, a.columns, a.offset);
      at += a.is_lower ? cut : a.columns - cut;
    }
    for (std::int64_t i = a.from + begin; i < a.from + end; ++i) {
      const std::int64_t cut = lower_length(i, a.columns, a.offset);
      for (std::int64_t j = a.is_lower ? 0 : cut; j < (a.is_lower ? cut : a.columns); ++j, ++at) {
        a.row[at] = i;
        a.column[at] = j;
      }
    }
  }
};

Tensor triangle_indices(const char* operation, std::int64_t rows, std::int64_t columns, std::int64_t offset,
                        bool is_lower, SourceLocation where) {
  check(rows >= 0 && columns >= 0, where, operation, ": rows and columns must not be negative, but they are ", rows,
        " and ", columns, ".");
  // The upper triangle is what the lower one of the diagonal below leaves.
  if (!is_lower) offset = std::max(offset, -INT64_MAX) - 1;
  // Rows of the lower triangle have no elements before `start`, one more each up to `stop`, and all columns from there
  // on.
  using Wide = __int128;
  Wide start = std::clamp<Wide>(-Wide(offset), 0, rows),
       stop = std::clamp<Wide>(Wide(columns) - 1 - offset, start, rows);
  Wide steps = stop - start;
  Wide count = steps * (start + 1 + offset) + steps * (steps - 1) / 2 + (rows - stop) * columns;
  if (!is_lower) count = Wide(rows) * columns - count;
  check(count <= INT64_MAX / 16, where, operation, ": the number of bytes must fit in an int64, but there are ", rows,
        " rows and ", columns, " columns.");
  Tensor result = new_checked(operation, {2, static_cast<std::int64_t>(count)}, DType::int64, where);
  if (count == 0) return result;
  auto* row = data_of<std::int64_t>(result);
  const auto from = static_cast<std::int64_t>(is_lower ? start : 0),
             to = static_cast<std::int64_t>(is_lower ? rows : stop);
  launch(TriangleIndices{row, row + static_cast<std::int64_t>(count), from, columns, offset, is_lower}, to - from,
         kTriangleGrain / columns + 1);
  return result;
}

}  // namespace

Tensor tril(const Operand& x, std::int64_t offset) { return triangle("tril", x, offset, true); }
Tensor triu(const Operand& x, std::int64_t offset) { return triangle("triu", x, offset, false); }

Tensor tril_indices(std::int64_t rows, std::int64_t columns, std::int64_t offset, SourceLocation where) {
  return triangle_indices("tril_indices", rows, columns, offset, true, where);
}
Tensor triu_indices(std::int64_t rows, std::int64_t columns, std::int64_t offset, SourceLocation where) {
  return triangle_indices("triu_indices", rows, columns, offset, false, where);
}

}  // namespace xgrad
