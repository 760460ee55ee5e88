// Picking elements: x[...] with integers, slices, ellipsis and new axes (views), and by tensors of indices
// (copies).
#pragma once

#include <initializer_list>
#include <optional>
#include <vector>

#include "../tensor.hpp"

namespace xgrad XGRAD_API {

/// start, start + step, ... before stop, as Python's start:stop:step. What is left out reaches to the end;
/// negative bounds count from the end; bounds beyond the ends are cut. A negative step walks backwards.
struct Slice {
  std::optional<std::int64_t> start, stop;
  std::int64_t step = 1;
};
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

/// One item of x[{...}].
struct Index {
  enum class Kind : std::uint8_t { integer, slice, ellipsis, newaxis };
  template <std::integral T>
  requires(!std::same_as<T, bool>) Index(T i) : kind(Kind::integer), integer(internal::saturated(i)) {}
  Index(Slice s) : kind(Kind::slice), range(s) {}
  Index(Ellipsis) : kind(Kind::ellipsis) {}
  Index(NewAxis) : kind(Kind::newaxis) {}

  Kind kind;
  std::int64_t integer = 0;
  Slice range;
};

/// The items of x[...]: x[2], x[slice(1, 3)], x[{0, ellipsis, slice(0, 4, 2)}].
class Indices {
 public:
  template <class T>
  requires std::constructible_from<Index, T> Indices(T item, SourceLocation where = SourceLocation::current())
      : items_{Index(item)}, where_(where) {}
  Indices(std::initializer_list<Index> items, SourceLocation where = SourceLocation::current())
      : items_(items), where_(where) {}
  explicit Indices(std::vector<Index> items, SourceLocation where = SourceLocation::current())
      : items_(std::move(items)), where_(where) {}

  const std::vector<Index>& items() const { return items_; }
  SourceLocation where() const { return where_; }

 private:
  std::vector<Index> items_;
  SourceLocation where_;
};

/// x[indices], a view. Gradient: g at those places, 0 elsewhere. Throws std::out_of_range for an integer
/// beyond its axis or more items than axes, std::invalid_argument for a step of 0 or two ellipses.
Tensor get(const Operand& x, const Indices& indices);
/// The elements start, start + step, ... (length of them) of one axis: what a slice of one axis comes down to
/// (a view).
Tensor narrow(const Operand& x, int axis, std::int64_t start, std::int64_t length, std::int64_t step = 1);

/// y[..., i, ...] = x[..., indices[..., i, ...], ...] along the axis. indices: int64, as many axes as x, no
/// larger than x in the other axes; y has its shape. Gradients of repeated indices add up. Throws
/// std::out_of_range for an index beyond the axis; negative indices are not taken, as in PyTorch.
Tensor gather(const Operand& x, int axis, const Tensor& indices);
/// x with source[...] added at the places that gather would read: the transpose of gather. Gradients g,
/// gather(g).
Tensor scatter_add(const Operand& x, int axis, const Tensor& indices, const Operand& source);
/// The slices of x at these positions along the axis. indices: int64 [n] or scalar. Gradients of repeated
/// indices add up.
Tensor index_select(const Operand& x, int axis, const Tensor& indices);
/// x with the slices of source added at these positions along the axis: the transpose of index_select.
Tensor index_add(const Operand& x, int axis, const Tensor& indices, const Operand& source);
/// [...] int64 -> [..., classes] int64 with 1 at each label; classes = -1: the largest label + 1. Throws
/// std::out_of_range for a label outside [0, classes).
Tensor one_hot(const Operand& labels, std::int64_t classes = -1);

}  // namespace xgrad
