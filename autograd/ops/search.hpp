// Finding elements: their places in a sorted tensor, and whether a tensor has them. NaN is the largest of all.
#pragma once

#include "../tensor.hpp"

namespace xgrad XGRAD_API {

/// Options of searchsorted.
struct SearchOptions {
  bool right = false;  ///< the place after equal elements, else that before them
  Tensor sorter = {};  ///< positions that put `sorted` in order, as argsort() gives them, where it is not
};
/// Place of each value in a tensor whose last axis is in ascending order: the index at which it could be inserted,
/// before the elements that equal it, or after them (`right`). nan comes after all numbers, before or after other nans.
/// Shapes: `sorted [n], values [...] -> values'`; `sorted [..., n], values [..., m] -> values'`.
/// Dtype: int64; sorted and values are compared in their common one.
/// Derivative: none.
/// Throws: std::invalid_argument for a scalar `sorted`, other shapes, and a sorter that is not int64 or of another
/// shape; std::out_of_range for a position of the sorter outside [0, n).
/// Example: `Tensor places = searchsorted(sort(flatten(x)).values, 0.5);`
Tensor searchsorted(const Operand& sorted, const Operand& values, const SearchOptions& options = {});

/// Options of bucketize.
struct BucketizeOptions {
  bool right = false;  ///< a bucket holds its lower boundary, else its upper one
};
/// Number of the bucket that each value falls into: searchsorted(boundaries, x).
/// Shapes: `x [...], boundaries [n] -> x's`.
/// Dtype: int64.
/// Derivative: none.
/// Throws: std::invalid_argument unless the boundaries have one axis.
/// NumPy: `digitize`, whose `right` means the opposite
Tensor bucketize(const Operand& x, const Operand& boundaries, BucketizeOptions options = {});

/// Options of isin.
struct IsinOptions {
  bool invert = false;  ///< whether they are not among them
};
/// Whether each element is among the elements of another tensor. A nan is among none.
/// Shapes: `x [...], candidates of any -> x's`.
/// Dtype: boolean; compared in the common one.
/// Derivative: none.
Tensor isin(const Operand& x, const Operand& candidates, IsinOptions options = {});

}  // namespace xgrad
