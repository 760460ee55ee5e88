#include "resample.hpp"

#include <algorithm>

#include "../base/launch.hpp"

namespace xgrad::internal {
namespace {

/// Multiplications that are worth a thread.
constexpr std::int64_t kGrain = 32768;

template <class T>
struct Multiply {
  const std::int64_t *starts, *columns;
  const T* weights;
  std::int64_t row_count, column_count, inner;
  const T* x;
  T* y;

  /// Over rows of all matrices along the outer axis.
  static void run(const Multiply& a, std::int64_t begin, std::int64_t end) {
    const std::int64_t inner = a.inner;
    std::int64_t outer = begin / a.row_count, row = begin % a.row_count;
    for (std::int64_t at = begin; at < end; ++at) {
      const T* x = a.x + outer * a.column_count * inner;
      T* y = a.y + at * inner;
      const std::int64_t first = a.starts[row], last = a.starts[row + 1];
      if (first == last) std::fill_n(y, inner, T(0));
      for (std::int64_t i = first; i < last; ++i) {
        const T* from = x + a.columns[i] * inner;
        const T weight = a.weights[i];
        if (i == first)
          for (std::int64_t k = 0; k < inner; ++k) y[k] = weight * from[k];
        else
          for (std::int64_t k = 0; k < inner; ++k) y[k] += weight * from[k];
      }
      if (++row == a.row_count) {
        row = 0;
        ++outer;
      }
    }
  }
};

/// Neighbouring rows of the matrix with as many elements each. Theirs stand one for each row, then the next of each.
struct RowRun {
  std::int64_t begin, end, count, first;
};

/// The product for neighbours along the axis: many rows at a time.
template <class T>
struct MultiplyNeighbours {
  const RowRun* runs;
  std::int64_t run_count;
  const std::int64_t* columns;
  const T* weights;
  std::int64_t row_count, column_count;
  const T* x;
  T* y;

  /// Over the outer axis.
  static void run(const MultiplyNeighbours& a, std::int64_t begin, std::int64_t end) {
    for (std::int64_t outer = begin; outer < end; ++outer) {
      const T* x = a.x + outer * a.column_count;
      for (const RowRun *run = a.runs, *last = a.runs + a.run_count; run < last; ++run) {
        T* y = a.y + outer * a.row_count + run->begin;
        const std::int64_t length = run->end - run->begin;
        if (run->count == 0) std::fill_n(y, length, T(0));
        for (std::int64_t k = 0; k < run->count; ++k) {
          const std::int64_t* column = a.columns + run->first + k * length;
          const T* weight = a.weights + run->first + k * length;
          if (k == 0)
            for (std::int64_t i = 0; i < length; ++i) y[i] = weight[i] * x[column[i]];
          else
            for (std::int64_t i = 0; i < length; ++i) y[i] += weight[i] * x[column[i]];
        }
      }
    }
  }
};

template <class T>
void multiply_neighbours(const SparseRows<T>& matrix, std::int64_t columns, const T* x, T* y, std::int64_t outer) {
  SparseRows<T> sorted;
  std::vector<RowRun> runs;
  const std::int64_t rows = matrix.rows();
  auto count_of = [&](std::int64_t row) { return matrix.starts[row + 1] - matrix.starts[row]; };
  for (std::int64_t begin = 0, end; begin < rows; begin = end) {
    const std::int64_t count = count_of(begin);
    for (end = begin + 1; end < rows && count_of(end) == count; ++end) {
    }
    runs.push_back({begin, end, count, matrix.starts[begin]});
    for (std::int64_t k = 0; k < count; ++k)
      for (std::int64_t row = begin; row < end; ++row)
        sorted.add(matrix.columns[matrix.starts[row] + k], matrix.weights[matrix.starts[row] + k]);
  }
  launch(MultiplyNeighbours<T>{runs.data(), static_cast<std::int64_t>(runs.size()), sorted.columns.data(),
                               sorted.weights.data(), rows, columns, x, y},
         outer, kGrain / (static_cast<std::int64_t>(sorted.columns.size()) + 1) + 1);
}

}  // namespace

template <class T>
SparseRows<T> SparseRows<T>::transposed(std::int64_t count) const {
  SparseRows result;
  result.starts.assign(static_cast<std::size_t>(count) + 1, 0);
  for (std::int64_t column : columns) ++result.starts[static_cast<std::size_t>(column) + 1];
  for (std::int64_t i = 0; i < count; ++i) result.starts[i + 1] += result.starts[i];
  result.columns.resize(columns.size());
  result.weights.resize(columns.size());
  std::vector<std::int64_t> next(result.starts.begin(), result.starts.end() - 1);
  for (std::int64_t row = 0; row < rows(); ++row)
    for (std::int64_t i = starts[row]; i < starts[row + 1]; ++i) {
      const std::int64_t at = next[columns[i]]++;
      result.columns[at] = row;
      result.weights[at] = weights[i];
    }
  return result;
}

template <class T>
void multiply_along(const SparseRows<T>& matrix, std::int64_t columns, const T* x, T* y, std::int64_t outer,
                    std::int64_t inner) {
  const std::int64_t rows = matrix.rows();
  if (rows == 0) return;
  if (inner == 1) return multiply_neighbours(matrix, columns, x, y, outer);
  const std::int64_t work = (static_cast<std::int64_t>(matrix.columns.size()) / rows + 1) * inner;
  launch(Multiply<T>{matrix.starts.data(), matrix.columns.data(), matrix.weights.data(), rows, columns, inner, x, y},
         outer * rows, kGrain / (work + 1) + 1);
}

template struct SparseRows<float>;
template struct SparseRows<double>;
template void multiply_along(const SparseRows<float>&, std::int64_t, const float*, float*, std::int64_t, std::int64_t);
template void multiply_along(const SparseRows<double>&, std::int64_t, const double*, double*, std::int64_t,
                             std::int64_t);

}  // namespace xgrad::internal
