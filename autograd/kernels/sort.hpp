// Putting rows in order, and picking from them by order.
//
// Elements become keys: unsigned integers in the same order, nan the largest, -0 and 0 equal; inverted for a descending
// order. A key with the element's position beside it makes equals distinct, the first first: every sort is stable, and
// any algorithm gives the same answer. Short rows are merged in the cache, long ones sorted by digits, which reads them
// a few times and compares nothing.
#pragma once

#include <cstdint>

namespace xgrad::internal {

/// Rows of raw memory without gaps.
struct RowsShape {
  std::int64_t rows = 1, length = 1;
};

/// Each row in order, and the positions that the elements came from. `values` may be null. T: any element type.
template <class T>
void sort_rows(const T* x, T* values, std::int64_t* positions, const RowsShape& shape, bool descending);

/// The first k of each row in order, k <= length: what sort_rows puts first.
template <class T>
void top_of_rows(const T* x, T* values, std::int64_t* positions, const RowsShape& shape, std::int64_t k,
                 bool descending);

/// Which element of a row's order is picked.
enum class Rank {
  kth,         ///< the k-th
  median,      ///< the middle one, the lower of two; the first nan, if there is one
  nan_median,  ///< the middle one of those that are not nan; the first nan where all are
};
/// One element of each row and its position. Any T; length > 0.
template <class T>
void pick_of_rows(const T* x, T* values, std::int64_t* positions, const RowsShape& shape, Rank rank, std::int64_t k);

/// The most frequent element of each row, the smallest of equally frequent ones, and the last of its positions. Each
/// nan is an element of its own. Any T; length > 0.
template <class T>
void mode_of_rows(const T* x, T* values, std::int64_t* positions, const RowsShape& shape);

/// The positions of rows in their own order: they are compared as words are. T: any element type.
template <class T>
void order_rows(const T* x, std::int64_t* positions, const RowsShape& shape);

}  // namespace xgrad::internal
