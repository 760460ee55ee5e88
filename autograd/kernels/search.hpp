// Finding places in sorted rows, and counting what falls between edges.
#pragma once

#include <cstdint>

namespace xgrad::internal {

/// Rows that are searched: row i of the values in row i of what is sorted, or all in one.
struct SearchShape {
  std::int64_t length = 0;   // of a sorted row
  std::int64_t count = 0;    // of all values
  std::int64_t per_row = 1;  // values
  bool is_shared = true;     // one sorted row for all
};

/// For each value the first place at which it could be inserted into its sorted row (`right`: the last). nan is the
/// largest.
/// `order` names the elements of a row in their order; null: they lie in it. T: any element type.
template <class T>
void search_rows(const T* sorted, const std::int64_t* order, const T* values, std::int64_t* places,
                 const SearchShape& shape, bool right);

/// bins[i] += the weight (1 where weights is null) of each element in [edges[i], edges[i + 1]), the last bin with its
/// end.
/// `evenly`: the edges are evenly spaced. Elements outside and nan are left out. In one piece. In double: a float to
/// which ones are added stops at 2^24. T: float or double.
template <class T>
void count_into_bins(const T* x, const T* weights, std::int64_t count, const T* edges, double* bins,
                     std::int64_t bin_count, bool evenly);

/// counts[x[i]] += 1. In one piece.
void count_integers(const std::int64_t* x, std::int64_t count, std::int64_t* counts);

}  // namespace xgrad::internal
