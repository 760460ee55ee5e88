// Putting elements in order along an axis, and picking by order. NaN is the largest of all, -0 equals 0, and equal
// elements keep their order: what is at place k of sort() is what kthvalue(k + 1) picks, and topk() the first of it.
#pragma once

#include <optional>

#include "../tensor.hpp"
#include "reduce.hpp"

namespace xgrad XGRAD_API {

/// Elements picked along one axis, and where they stood.
struct Picked {
  Tensor values;   ///< x's dtype
  Tensor indices;  ///< int64: positions along the axis
};

/// Options of sort and argsort.
struct SortOptions {
  bool descending = false;  ///< the largest first, nan before all; equal elements still keep their order
};
/// Elements along an axis in order, and the positions they had: stable, nan last.
/// Shapes: `x [..., n, ...] -> x's`, twice.
/// Dtype: x's, and int64.
/// Derivative: g at the positions that the elements had.
/// Throws: std::out_of_range for an axis that x does not have.
/// Example: `auto [values, indices] = sort(x, 0, {.descending = true});`
/// NumPy: `sort(kind='stable')`, without positions
/// PyTorch: `sort(stable=True)`
Picked sort(const Operand& x, int axis = -1, SortOptions options = {});
/// Positions that put the elements along an axis in order: sort(x).indices.
/// Shapes: `x [..., n, ...] -> x's`.
/// Dtype: int64.
/// Derivative: none.
/// Throws: std::out_of_range for an axis that x does not have.
/// NumPy: `argsort(kind='stable')`
/// PyTorch: `argsort(stable=True)`
Tensor argsort(const Operand& x, int axis = -1, SortOptions options = {});
/// Elements in order along the first axis: sort(x, 0).values.
/// Shapes: `x [n, ...] -> x's`.
/// Dtype: x's.
/// Derivative: g at the positions that the elements had.
/// NumPy: `sort(x, 0)`
Tensor msort(const Operand& x);

/// Options of topk.
struct TopkOptions {
  bool largest = true;  ///< else the smallest
};
/// The k largest (or smallest) elements along an axis, in order, and their positions: the first k of a stable sort.
/// Shapes: `x [..., n, ...] -> [..., k, ...]`, twice.
/// Dtype: x's, and int64.
/// Derivative: g at the positions of the elements, 0 elsewhere.
/// Throws: std::invalid_argument unless 0 <= k <= n; std::out_of_range for an axis that x does not have.
/// Example: `auto [values, indices] = topk(x, 2);`
/// NumPy: -
Picked topk(const Operand& x, std::int64_t k, int axis = -1, TopkOptions options = {});

/// The k-th smallest element along an axis, k from 1 on, and its position: that of a stable sort.
/// Shapes: `x [..., n, ...] -> x's shape without the axis`, twice.
/// Dtype: x's, and int64.
/// Derivative: g at the position, 0 elsewhere.
/// Throws: std::invalid_argument unless 1 <= k <= n; std::out_of_range for an axis that x does not have.
/// NumPy: -
Picked kthvalue(const Operand& x, std::int64_t k, int axis = -1, ReduceOptions options = {});

/// Options of unique.
struct UniqueOptions {
  std::optional<int> axis = {};  ///< slices along it are compared; without one the elements of the flattened tensor
};
/// Distinct elements, or slices.
struct Unique {
  Tensor values;   ///< x's dtype
  Tensor inverse;  ///< int64: of each element (or slice) of x, where it is found in values
  Tensor counts;   ///< int64: how often each value comes
};
/// Distinct elements of x in order, or its distinct slices along an axis in the order of words: of the rows of
/// transpose(x, 0, axis), as in PyTorch. Each nan is distinct from every other.
/// Shapes: `x [...] -> values [u], inverse x's shape, counts [u]`; with an axis `x [a, n, b] -> values [a, u, b],
/// inverse [n], counts [u]`.
/// Dtype: x's, and int64.
/// Derivative: g at the first of the elements (or slices) that equal each value.
/// Throws: std::out_of_range for an axis that x does not have, as any is for a scalar; std::invalid_argument where
/// slices have no elements.
/// Example: `Tensor values = unique(x).values;`
/// NumPy: `unique(return_inverse=True, return_counts=True)`, in which all nan are one, and which reads the slices of an
/// axis >= 2 in another order
/// PyTorch: `unique(return_inverse=True, return_counts=True)`
Unique unique(const Operand& x, UniqueOptions options = {});
/// Elements of x without those that equal the one before them, or slices along an axis. Each nan is distinct from every
/// other.
/// Shapes: as unique().
/// Dtype: x's, and int64.
/// Derivative: g at the first element (or slice) of each run.
/// Throws: as unique().
/// NumPy: -
/// PyTorch: `unique_consecutive(return_inverse=True, return_counts=True)`
Unique unique_consecutive(const Operand& x, UniqueOptions options = {});

}  // namespace xgrad
