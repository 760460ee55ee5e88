// Picking elements: x[...] with integers, slices, ellipsis and new axes (views), with tensors of positions and masks
// (copies), the same for writing, and along one axis.
#pragma once

#include <initializer_list>
#include <optional>
#include <vector>

#include "../scalar.hpp"
#include "../tensor.hpp"

namespace xgrad XGRAD_API {

/// The positions start, start + step, ... before stop, as Python's start:stop:step. What is left out reaches to the
/// end; negative bounds count from the end; bounds beyond the ends are cut. A negative step walks backwards.
struct Slice {
  std::optional<std::int64_t> start, stop;
  std::int64_t step = 1;
};
/// A Slice for x[...]: slice(2) is from 2 on, slice(0, 4) the first four, slice({}, {}, -1) all of them backwards.
/// NumPy: `s_[start:stop:step]`
/// PyTorch: `x[start:stop:step]`
inline Slice slice(std::optional<std::int64_t> start = std::nullopt, std::optional<std::int64_t> stop = std::nullopt,
                   std::int64_t step = 1) {
  return {start, stop, step};
}

/// x[{ellipsis, 0}]: all axes that are not named.
inline constexpr struct Ellipsis {
} ellipsis;
/// x[{newaxis, ellipsis}]: an axis of extent 1.
inline constexpr struct NewAxis {
} newaxis;

namespace internal {
template <class T>
concept Position = std::integral<T> && !std::same_as<T, bool>;
Tensor tensor_of_positions(const std::vector<std::int64_t>& positions);
}

/// One item of x[{...}]: an integer, a slice, the ellipsis, a new axis, or what picks elements one by one: a tensor of
/// positions (int64, of any shape; negative ones count from the end), the same as a std::vector of integers or in braces
/// (x[{slice(), {0, 2}}]: two columns), or a mask (a boolean tensor in the shape of the axes that it stands for).
struct Index {
  enum class Kind : std::uint8_t { integer, slice, ellipsis, newaxis, boolean, tensor };
  template <internal::Position T>
  Index(T i) : kind(Kind::integer), integer(internal::saturated(i)) {}
  Index(Slice s) : kind(Kind::slice), range(s) {}
  Index(Ellipsis) : kind(Kind::ellipsis) {}
  Index(NewAxis) : kind(Kind::newaxis) {}
  /// A mask without axes: a new axis of extent 1 for true, 0 for false.
  template <std::same_as<bool> T>
  Index(T b) : kind(Kind::boolean), integer(b) {}
  Index(const Tensor& positions) : kind(Kind::tensor), tensor(positions) {}
  template <internal::Position T>
  Index(const std::vector<T>& positions) : Index(internal::tensor_of_positions({positions.begin(), positions.end()})) {}
  Index(std::initializer_list<std::int64_t> positions) : Index(internal::tensor_of_positions(positions)) {}

  Kind kind;
  std::int64_t integer = 0;
  Slice range;
  Tensor tensor;
};

namespace internal {
template <class T>
concept IndexItem = std::constructible_from<Index, T>;
}

/// The items of x[...]: x[2], x[slice(1, 3)], x[{0, ellipsis, slice(0, 4, 2)}], x[x > 0], x[{rows, slice(), columns}].
class Indices {
 public:
  template <internal::IndexItem T>
  Indices(T item, SourceLocation where = SourceLocation::current()) : Indices({Index(item)}, where) {}
  Indices(std::initializer_list<Index> items, SourceLocation where = SourceLocation::current());
  explicit Indices(std::vector<Index> items, SourceLocation where = SourceLocation::current());

  const std::vector<Index>& items() const { return items_; }
  SourceLocation where() const { return where_; }

 private:
  std::vector<Index> items_;
  SourceLocation where_;
};

/// x[indices]: `x[2]`, `x[slice(0, 4)]`, `x[{ellipsis, -1}]`, `x[mask]`, `x[{rows, columns}]`. A view where all items
/// are integers (0-d tensors count as such), slices, ellipsis and new axes; else a copy.
///
/// Tensors of positions are broadcast together; a mask stands for the positions at which it is true, one tensor for
/// each of its axes. Their common shape takes the place of the axes they stand for where those are neighbours, else it
/// comes first. As in PyTorch, integers are applied before that: they part no neighbours and join no broadcast, where
/// NumPy lets them do both.
///
/// Shapes: an integer drops its axis, a slice keeps as many as it picks, newaxis adds one of extent 1; x [a, b, c],
/// {slice(), i [m, n], j [n]} -> [a, m, n]; {i, slice(), j} -> [m, n, b]; x [a, b], mask [a, b] -> [number of true].
/// Derivative: g at those places, 0 elsewhere, added up where a position comes several times, as accurately as sum(); a
/// loop over all rows is linear in their number.
/// Throws: std::out_of_range for an integer or a position beyond its axis and for more items than axes;
/// std::invalid_argument for a step of 0, two ellipses, tensors of another dtype, positions that do not broadcast, and
/// a mask of another shape.
/// NumPy: `x[...]`
/// PyTorch: `x[...]`
Tensor get(const Operand& x, const Indices& indices);

/// Options of index_put().
struct IndexPutOptions {
  /// Add the values to what is there, also where a position comes several times, instead of replacing it.
  bool accumulate = false;
};
/// x with x[indices] replaced by these values, as a new tensor: `index_put(b, {slice(0, 2), slice(0, 2)}, a)`,
/// `index_put(x, x < 0, 0)`. The indices are those of get().
///
/// Where a position comes several times, the last value stays.
///
/// Shapes: values broadcast to x[indices]'s shape -> x's.
/// Dtype: that of x and values, promoted, a scalar as in arithmetic, but a number takes x's (an integer tensor
/// truncates it).
/// Derivative: g with zeros at those places for x; g[indices] for the values, 0 for those that others replaced. With
/// accumulate g for x and g[indices] for the values.
/// Throws: what get() throws; std::invalid_argument for values that do not broadcast.
/// Example: `index_put(x, x < 0, 0); index_put(x, {slice(0, 1), -1}, 5);`
/// NumPy: `x[...] = values`, in place
Tensor index_put(const Operand& x, const Indices& indices, const Operand& values, IndexPutOptions options = {});

/// The elements start, start + step, ... (`length` of them) of one axis, a view; a negative start counts from the end.
///
/// Shapes: x [a, b, c], axis 1 -> [a, length, c].
/// Derivative: g at those places, 0 elsewhere.
/// Throws: std::out_of_range where an element lies beyond the axis; std::invalid_argument for a scalar, a negative
/// length and a step of 0.
/// NumPy: `x[start:start + length]`
Tensor narrow(const Operand& x, int axis, std::int64_t start, std::int64_t length, std::int64_t step = 1);

/// The elements of x that indices name along one axis: y[..., i, ...] = x[..., indices[..., i, ...], ...].
///
/// Shapes: indices with as many axes as x, no larger in the others -> indices'.
/// Dtype: x's; indices int64.
/// Derivative: g added at those places, scatter_add; repeated indices add up, as accurately as sum().
/// Throws: std::out_of_range for an index outside [0, extent), negative ones included, as in PyTorch;
/// std::invalid_argument for indices of another dtype or shape.
/// NumPy: `take_along_axis`, which broadcasts
Tensor gather(const Operand& x, int axis, const Tensor& indices);
/// x with the elements of source added at the places that gather() would read: its transpose. Repeated indices add up,
/// as accurately as sum().
///
/// Shapes: x, indices and source with as many axes; indices no larger than source, nor than x in the other axes -> x's.
/// Dtype: that of x and source, promoted; indices int64.
/// Derivative: g for x; gather(g, axis, indices) for source, 0 where no index is.
/// Throws: std::out_of_range for an index outside [0, extent); std::invalid_argument for indices of another dtype or
/// shape.
/// NumPy: -
Tensor scatter_add(const Operand& x, int axis, const Tensor& indices, const Operand& source);
/// The slices of x at these positions along the axis, as a copy.
///
/// Shapes: x [a, b, c], axis 1, indices [n] or a scalar -> [a, n, c].
/// Dtype: x's; indices int64.
/// Derivative: the slices of g added at those positions, index_add; repeated indices add up, as accurately as sum(). It
/// is dense: all of x's slices are written, however few are selected.
/// Throws: std::out_of_range for an index outside [0, extent); std::invalid_argument for indices of another dtype or
/// shape.
/// NumPy: `take(x, indices, axis)`
Tensor index_select(const Operand& x, int axis, const Tensor& indices);
/// Options of index_add().
struct IndexAddOptions {
  Scalar alpha = 1;  ///< what source is multiplied by; integers truncate it to one of their own, as in PyTorch
};
/// x with the slices of source, times alpha, added at these positions along the axis: the transpose of index_select().
/// Repeated indices add up, as accurately as sum().
///
/// Shapes: x [a, b, c], axis 1, indices [n], source [a, n, c] -> x's.
/// Dtype: that of x and source, promoted; indices int64.
/// Derivative: g for x; alpha index_select(g, axis, indices) for source.
/// Throws: std::out_of_range for an index outside [0, extent); std::invalid_argument for indices of another dtype or
/// shape, for a source of another shape, and for an alpha of integers that int64 does not hold.
/// Example: `index_add(x, 0, tensor({1, 0, 1}), ones({3, 3}), {.alpha = -0.1})`
/// NumPy: `add.at(x, indices, alpha * source)`, in place
Tensor index_add(const Operand& x, int axis, const Tensor& indices, const Operand& source,
                 IndexAddOptions options = {});
/// Each label as a row of zeros with 1 at its place; classes = -1: the largest label + 1.
///
/// Shapes: labels [...] -> [..., classes].
/// Dtype: int64, of the labels too.
/// Derivative: none.
/// Throws: std::out_of_range for a label outside [0, classes); std::invalid_argument for labels of another dtype.
/// NumPy: `eye(classes)[labels]`
/// PyTorch: `nn.functional.one_hot`
Tensor one_hot(const Operand& labels, std::int64_t classes = -1);

}  // namespace xgrad
