#include "softmax_rows.hpp"

#include <algorithm>

#include "rows.hpp"

namespace xgrad::internal {
namespace {

/// Elements of rows together that are worth a thread; exp() makes them dearer than those of a sum.
constexpr std::int64_t kRowsGrain = 16384;
/// Rows whose logarithms are taken together.
constexpr std::int64_t kLogRows = 64;
/// Columns that are worked on together, and rows of them that are added up without a break.
constexpr std::int64_t kColumnTile = 256;
constexpr std::int64_t kColumnRows = 64;

// ---- Rows ----

/// Rows of one tensor made from those of others: kRow(from ..., to, length).
template <class T, auto kRow>
struct MapRows {
  const T* x;
  T* y;
  std::int64_t length;
  static void run(const MapRows& a, std::int64_t begin, std::int64_t end) {
    const std::int64_t length = a.length;
    for (std::int64_t row = begin; row < end; ++row) kRow(a.x + row * length, a.y + row * length, length);
  }
};
template <class T, auto kRow>
struct MapRowPairs {
  const T* g;
  const T* y;
  T* to;
  std::int64_t length;
  static void run(const MapRowPairs& a, std::int64_t begin, std::int64_t end) {
    const std::int64_t length = a.length;
    for (std::int64_t row = begin; row < end; ++row)
      kRow(a.g + row * length, a.y + row * length, a.to + row * length, length);
  }
};

std::int64_t rows_grain(std::int64_t length) { return kRowsGrain / length + 1; }

template <class T>
T largest_of_row(const T* x, std::int64_t n) {
  return across<MaxFold>(Folder<T, T, MaxFold>::fold_run(x, n, T(0)));
}

/// p = exp(x - largest); answers with the sum of them. n is more than a batch.
template <class T>
T exponentiate_row(const T* x, T* p, std::int64_t n, T largest) {
  double total = 0;
  for (std::int64_t begin = 0; begin < n; begin += kRowBlock) {
    Batch<T> sum = 0;
    map_row<T>(
        std::min(kRowBlock, n - begin), lowest_of<T>(), p + begin,
        [&](Batch<T> x) {
          Batch<T> power = exp(x - Batch<T>(largest));
          sum += power;
          return power;
        },
        x + begin);
    total += across<SumFold>(sum);
  }
  return static_cast<T>(total);
}

template <class T>
struct RowSum {
  T largest;
  T sum;  // of exp(x - largest)
};

/// y = softmax(x).
template <class T>
RowSum<T> softmax_of_row(const T* x, T* y, std::int64_t n) {
  if (n <= Batch<T>::kSize) {
    Batch<T> row = load_part(x, static_cast<int>(n), Batch<T>(lowest_of<T>()));
    T largest = across<MaxFold>(row);
    Batch<T> power = exp(row - Batch<T>(largest));
    T sum = across<SumFold>(power);
    store_part(y, static_cast<int>(n), power / Batch<T>(sum));
    return {largest, sum};
  }
  T largest = largest_of_row(x, n);
  T sum = exponentiate_row(x, y, n, largest);
  T factor = 1 / sum;
  map_row<T>(
      n, T(0), y, [&](Batch<T> power) { return power * Batch<T>(factor); }, y);
  return {largest, sum};
}

/// What softmax is divided by, without the softmax.
template <class T>
RowSum<T> exponential_sum_of_row(const T* x, std::int64_t n) {
  if (n <= Batch<T>::kSize) {
    Batch<T> row = load_part(x, static_cast<int>(n), Batch<T>(lowest_of<T>()));
    T largest = across<MaxFold>(row);
    return {largest, across<SumFold>(exp(row - Batch<T>(largest)))};
  }
  T largest = largest_of_row(x, n);
  return {largest, sum_row<T>(
                       n, lowest_of<T>(), [&](Batch<T> x) { return exp(x - Batch<T>(largest)); }, x)};
}

template <class T>
void softmax_row(const T* x, T* y, std::int64_t n) {
  softmax_of_row(x, y, n);
}

template <class T>
void log_softmax_row(const T* x, T* y, std::int64_t n) {
  auto [largest, sum] = exponential_sum_of_row(x, n);
  const Batch<T> center = largest, log_sum = std::log(sum);  // by names that clang 14 lets a lambda capture
  map_row<T>(
      n, T(0), y, [&](Batch<T> x) { return x - center - log_sum; }, x);
}

/// y (g - sum(g y)), with g taken relative to that of the winner, the element with more than half of the sum: its own
/// difference is 0 then, and what is left is added up from the others.
template <class T>
void softmax_cotangent_row(const T* g, const T* y, T* to, std::int64_t n) {
  const Batch<T> zero = 0, half = T(0.5);
  if (n <= Batch<T>::kSize) {
    Batch<T> row_g = load_part(g, static_cast<int>(n), zero);
    Batch<T> row_y = load_part(y, static_cast<int>(n), zero);
    Batch<T> winner(across<SumFold>(where(row_y > half, row_g, zero)));
    Batch<T> relative = row_g - winner;
    Batch<T> dot(across<SumFold>(relative * row_y));
    return store_part(to, static_cast<int>(n), row_y * (relative - dot));
  }
  Batch<T> winner(sum_row<T>(
      n, T(0), [&](Batch<T> g, Batch<T> y) { return where(y > half, g, zero); }, g, y));
  Batch<T> dot(sum_row<T>(
      n, T(0), [&](Batch<T> g, Batch<T> y) { return (g - winner) * y; }, g, y));
  map_row<T>(
      n, T(0), to, [&](Batch<T> g, Batch<T> y) { return y * ((g - winner) - dot); }, g, y);
}

/// Logarithms above this are those of winners.
template <class T>
constexpr T kLogHalf = T(-0.693147180559945309417232121458);

/// g - exp(y) sum(g). A winner's is g (1 - p) - p (sum of the others' g), where 1 - p is the sum of the others' p.
template <class T>
void log_softmax_cotangent_row(const T* g, const T* y, T* to, std::int64_t n) {
  const Batch<T> zero = 0, bound = kLogHalf<T>;
  const T sum = sum_row<T>(
      n, T(0), [](Batch<T> g) { return g; }, g);
  std::int64_t batch_of_winner = -1;
  for_batches<T>(
      n, lowest_of<T>(),
      [&](std::int64_t at, int count, Batch<T> g, Batch<T> y) {
        if (any(y > bound)) batch_of_winner = at;
        store_batch<T>(to + at, count, g - exp(y) * Batch<T>(sum));
      },
      g, y);
  if (batch_of_winner < 0) return;
  std::int64_t winner = batch_of_winner;
  while (!(y[winner] > kLogHalf<T>)) ++winner;
  const T rest = sum_row<T>(
      n, lowest_of<T>(), [&](Batch<T> y) { return where(y > bound, zero, exp(y)); }, y);
  const T others = sum_row<T>(
      n, T(0), [&](Batch<T> g, Batch<T> y) { return where(y > bound, zero, g); }, g, y);
  to[winner] = g[winner] * rest - std::exp(y[winner]) * others;
}

// ---- Columns ----

/// Tiles of columns: kTile(g, y, to, length, inner, count) for the `count` columns that begin there.
template <class T, auto kTile>
struct MapColumnTiles {
  const T* g;
  const T* y;
  T* to;
  std::int64_t length;
  std::int64_t inner;

  static std::int64_t tiles(std::int64_t inner) { return (inner + kColumnTile - 1) / kColumnTile; }
  static void run(const MapColumnTiles& a, std::int64_t begin, std::int64_t end) {
    const std::int64_t count = tiles(a.inner);
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t first = i % count * kColumnTile;
      const std::int64_t at = i / count * a.length * a.inner + first;
      kTile(a.g + at, a.y + at, a.to + at, a.length, a.inner, std::min(kColumnTile, a.inner - first));
    }
  }
};

/// sums[j] = the sum of formula(j, place) along column j, in blocks of rows.
template <class T, class F>
void sum_columns(std::int64_t length, std::int64_t inner, std::int64_t count, T* sums, const F& formula) {
  std::fill_n(sums, count, T(0));
  for (std::int64_t begin = 0; begin < length; begin += kColumnRows) {
    T part[kColumnTile] = {};
    for (std::int64_t k = begin; k < std::min(length, begin + kColumnRows); ++k)
      for (std::int64_t j = 0; j < count; ++j) part[j] += formula(j, k * inner + j);
    for (std::int64_t j = 0; j < count; ++j) sums[j] += part[j];
  }
}

template <class T>
void softmax_cotangent_tile(const T* g, const T* y, T* to, std::int64_t length, std::int64_t inner,
                            std::int64_t count) {
  T winner[kColumnTile], dot[kColumnTile];
  sum_columns<T>(length, inner, count, winner,
                 [g, y](std::int64_t, std::int64_t at) { return y[at] > T(0.5) ? g[at] : T(0); });
  sum_columns<T>(length, inner, count, dot,
                 [g, y, &winner](std::int64_t j, std::int64_t at) { return (g[at] - winner[j]) * y[at]; });
  for (std::int64_t k = 0; k < length; ++k)
    for (std::int64_t j = 0; j < count; ++j) {
      const std::int64_t at = k * inner + j;
      to[at] = y[at] * ((g[at] - winner[j]) - dot[j]);
    }
}

template <class T>
void log_softmax_cotangent_tile(const T* g, const T* y, T* to, std::int64_t length, std::int64_t inner,
                                std::int64_t count) {
  T sum[kColumnTile], others[kColumnTile], rest[kColumnTile] = {}, of_winner[kColumnTile];
  std::int64_t winner[kColumnTile];
  std::fill_n(winner, count, std::int64_t{-1});
  sum_columns<T>(length, inner, count, sum, [g](std::int64_t, std::int64_t at) { return g[at]; });
  sum_columns<T>(length, inner, count, others,
                 [g, y](std::int64_t, std::int64_t at) { return y[at] > kLogHalf<T> ? T(0) : g[at]; });
  for (std::int64_t k = 0; k < length; ++k) {
    const std::int64_t row = k * inner;
    T p[kColumnTile];
    map_row<T>(
        count, T(0), p, [](Batch<T> y) { return exp(y); }, y + row);
    for (std::int64_t j = 0; j < count; ++j) {
      const bool wins = y[row + j] > kLogHalf<T>;
      winner[j] = wins ? k : winner[j];
      rest[j] += wins ? T(0) : p[j];
      of_winner[j] = wins ? g[row + j] : of_winner[j];
      to[row + j] = g[row + j] - p[j] * sum[j];
    }
  }
  for (std::int64_t j = 0; j < count; ++j) {
    if (winner[j] < 0) continue;
    const std::int64_t at = winner[j] * inner + j;
    to[at] = of_winner[j] * rest[j] - std::exp(y[at]) * others[j];
  }
}

// ---- cross_entropy ----

template <class T>
struct CrossEntropyRows {
  const T* logits;
  Labels<T> samples;
  std::int64_t classes;
  T* softmax;
  T* losses;

  static void run(const CrossEntropyRows& a, std::int64_t begin, std::int64_t end) {
    for (std::int64_t first = begin; first < end; first += kLogRows) {
      const std::int64_t rows = std::min(kLogRows, end - first);
      T largest[kLogRows], sums[kLogRows];
      for (std::int64_t r = 0; r < rows; ++r) {
        const std::int64_t at = (first + r) * a.classes;
        RowSum<T> row = a.softmax != nullptr ? softmax_of_row(a.logits + at, a.softmax + at, a.classes)
                                             : exponential_sum_of_row(a.logits + at, a.classes);
        largest[r] = row.largest;
        sums[r] = row.sum;
      }
      map_row<T>(
          rows, T(1), sums, [](Batch<T> sum) { return log(sum); }, sums);
      for (std::int64_t r = 0; r < rows; ++r) {
        const std::int64_t i = first + r;
        a.losses[i] =
            a.samples.is_silent(i) ? T(0) : sums[r] - (a.logits[i * a.classes + a.samples.labels[i]] - largest[r]);
      }
    }
  }
};

template <class T>
struct CrossEntropyCotangentRows {
  const T* softmax;
  Labels<T> samples;
  const T* g;
  std::int64_t g_step;
  double divisor;
  T* to;
  std::int64_t classes;

  static void run(const CrossEntropyCotangentRows& a, std::int64_t begin, std::int64_t end) {
    const std::int64_t classes = a.classes;
    for (std::int64_t i = begin; i < end; ++i) {
      const T* from = a.softmax + i * classes;
      T* to = a.to + i * classes;
      if (a.samples.is_silent(i)) {
        std::fill_n(to, classes, T(0));
        continue;
      }
      const std::int64_t label = a.samples.labels[i];
      const T factor = static_cast<T>(a.g[i * a.g_step] * (a.samples.weight(i) / a.divisor));
      const bool wins = from[label] > T(0.5);
      for (std::int64_t j = 0; j < classes; ++j) to[j] = from[j] * factor;
      if (wins) {
        to[label] = 0;
        to[label] = -sum_row<T>(
            classes, T(0), [](Batch<T> each) { return each; }, to);
      } else {
        to[label] -= factor;
      }
    }
  }
};

/// The largest element, as the center of the second fold.
template <class T>
struct CenterOnLargest {
  T operator()(std::int64_t, T, T largest) const { return finite_or_zero(largest); }
};

}  // namespace

template <class T>
void exponential_sums(const ReducePlan& plan, const T* x, T* centers, T* sums) {
  fold_twice<MaxFold, ExpSumFold>(plan, x, centers, sums, CenterOnLargest<T>{});
}

template <class T>
void softmax_rows(const T* x, T* y, std::int64_t rows, std::int64_t length) {
  launch(MapRows<T, softmax_row<T>>{x, y, length}, rows, rows_grain(length));
}

template <class T>
void log_softmax_rows(const T* x, T* y, std::int64_t rows, std::int64_t length) {
  launch(MapRows<T, log_softmax_row<T>>{x, y, length}, rows, rows_grain(length));
}

template <class T>
void softmax_cotangent(const T* g, const T* y, T* to, const SoftmaxShape& shape) {
  auto [outer, length, inner] = shape;
  if (inner == 1) return launch(MapRowPairs<T, softmax_cotangent_row<T>>{g, y, to, length}, outer, rows_grain(length));
  using Tiles = MapColumnTiles<T, softmax_cotangent_tile<T>>;
  launch(Tiles{g, y, to, length, inner}, outer * Tiles::tiles(inner),
         rows_grain(length * std::min(inner, kColumnTile)));
}

template <class T>
void log_softmax_cotangent(const T* g, const T* y, T* to, const SoftmaxShape& shape) {
  auto [outer, length, inner] = shape;
  if (inner == 1)
    return launch(MapRowPairs<T, log_softmax_cotangent_row<T>>{g, y, to, length}, outer, rows_grain(length));
  using Tiles = MapColumnTiles<T, log_softmax_cotangent_tile<T>>;
  launch(Tiles{g, y, to, length, inner}, outer * Tiles::tiles(inner),
         rows_grain(length * std::min(inner, kColumnTile)));
}

template <class T>
void cross_entropy_rows(const T* logits, const Labels<T>& samples, std::int64_t rows, std::int64_t classes, T* softmax,
                        T* losses) {
  launch(CrossEntropyRows<T>{logits, samples, classes, softmax, losses}, rows,
         rows_grain(std::max<std::int64_t>(1, classes)));
}

template <class T>
void cross_entropy_cotangent_rows(const T* softmax, const Labels<T>& samples, const T* g, std::int64_t g_step,
                                  double divisor, T* to, std::int64_t rows, std::int64_t classes) {
  launch(CrossEntropyCotangentRows<T>{softmax, samples, g, g_step, divisor, to, classes}, rows,
         2 * rows_grain(std::max<std::int64_t>(1, classes)));
}

#define XGRAD_INSTANTIATE(T)                                                                                 \
  template void exponential_sums(const ReducePlan&, const T*, T*, T*);                                       \
  template void softmax_rows(const T*, T*, std::int64_t, std::int64_t);                                      \
  template void log_softmax_rows(const T*, T*, std::int64_t, std::int64_t);                                  \
  template void softmax_cotangent(const T*, const T*, T*, const SoftmaxShape&);                              \
  template void log_softmax_cotangent(const T*, const T*, T*, const SoftmaxShape&);                          \
  template void cross_entropy_rows(const T*, const Labels<T>&, std::int64_t, std::int64_t, T*, T*);          \
  template void cross_entropy_cotangent_rows(const T*, const Labels<T>&, const T*, std::int64_t, double, T*, \
                                             std::int64_t, std::int64_t);
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

}  // namespace xgrad::internal
