#include "resample.hpp"

#include <algorithm>

#include "../base/launch.hpp"
#include "few_terms.hpp"

namespace xgrad::internal {
namespace {

/// Multiplications that are worth a thread.
constexpr std::int64_t kResampleGrain = 32768;
/// Places of longer rows that are worked on together.
constexpr std::int64_t kPlaces = 256;

/// y[k] = the sum of the terms i in [first, last), for k in [0, count). add(i, begin, end, to) adds the terms at
/// [begin, end).
template <class T, class Add>
void sum_long_rows(std::int64_t first, std::int64_t last, std::int64_t count, T* y, const Add& add) {
  double total[kPlaces];
  for (std::int64_t begin = 0; begin < count; begin += kPlaces) {
    const std::int64_t end = std::min(begin + kPlaces, count);
    std::fill_n(total, end - begin, 0.0);
    for (std::int64_t i = first; i < last; ++i) add(i, begin, end, total);
    std::transform(total, total + (end - begin), y + begin, [](double sum) { return static_cast<T>(sum); });
  }
}

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
      if (last - first > kFewTerms)
        sum_long_rows(first, last, inner, y, [&](std::int64_t i, std::int64_t begin, std::int64_t end, double* to) {
          const T* from = x + a.columns[i] * inner;
          const double weight = a.weights[i];
          for (std::int64_t k = begin; k < end; ++k) to[k - begin] += weight * from[k];
        });
      else
        sum_row(a, first, last, x, y);
      if (++row == a.row_count) {
        row = 0;
        ++outer;
      }
    }
  }

  static void sum_row(const Multiply& a, std::int64_t first, std::int64_t last, const T* x, T* y) {
    const std::int64_t inner = a.inner;
    if (first == last) std::fill_n(y, inner, T(0));
    for (std::int64_t i = first; i < last; ++i) {
      const T* from = x + a.columns[i] * inner;
      const T weight = a.weights[i];
      if (i == first)
        for (std::int64_t k = 0; k < inner; ++k) y[k] = weight * from[k];
      else
        for (std::int64_t k = 0; k < inner; ++k) y[k] += weight * from[k];
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
        if (run->count > kFewTerms) {
          sum_long_rows(0, run->count, length, y,
                        [&](std::int64_t k, std::int64_t begin, std::int64_t end, double* to) {
                          const std::int64_t* column = a.columns + run->first + k * length;
                          const T* weight = a.weights + run->first + k * length;
                          for (std::int64_t i = begin; i < end; ++i)
                            to[i - begin] += static_cast<double>(weight[i]) * static_cast<double>(x[column[i]]);
                        });
          continue;
        }
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
         outer, kResampleGrain / (static_cast<std::int64_t>(sorted.columns.size()) + 1) + 1);
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
         outer * rows, kResampleGrain / (work + 1) + 1);
}

template struct SparseRows<float>;
template struct SparseRows<double>;
template void multiply_along(const SparseRows<float>&, std::int64_t, const float*, float*, std::int64_t, std::int64_t);
template void multiply_along(const SparseRows<double>&, std::int64_t, const double*, double*, std::int64_t,
                             std::int64_t);

}  // namespace xgrad::internal
