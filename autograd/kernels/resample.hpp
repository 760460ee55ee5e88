// Sums of weighted elements along one axis: y[o, i, k] = sum over j of weight[i, j] x[o, j, k], for a matrix of weights
// with few elements in each row. What interpolation and adaptive averages are made of.
#pragma once

#include <cstdint>
#include <vector>

namespace xgrad::internal {

/// The elements of a matrix that count, row by row.
template <class T>
struct SparseRows {
  std::vector<std::int64_t> starts = {0};  // of each row, and the end
  std::vector<std::int64_t> columns;
  std::vector<T> weights;

  void add(std::int64_t column, T weight) {
    columns.push_back(column);
    weights.push_back(weight);
  }
  void end_row() { starts.push_back(static_cast<std::int64_t>(columns.size())); }
  std::int64_t rows() const { return static_cast<std::int64_t>(starts.size()) - 1; }

  /// The transposed matrix, which has this many rows.
  SparseRows transposed(std::int64_t count) const;
};

/// y [outer, rows, inner] from x [outer, columns, inner]. T: float or double.
template <class T>
void multiply_along(const SparseRows<T>& matrix, std::int64_t columns, const T* x, T* y, std::int64_t outer,
                    std::int64_t inner);

}  // namespace xgrad::internal
