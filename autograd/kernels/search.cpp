#include "search.hpp"

#include <algorithm>
#include <type_traits>

#include "../base/launch.hpp"

namespace xgrad::internal {
namespace {

// Values from which searching is worth a second thread.
constexpr std::int64_t kSearchGrain = 2048;

/// In the order in which nan is the largest.
template <class T>
bool comes_before(T a, T b) {
  if constexpr (std::is_floating_point_v<T>)
    return (a < b) | ((a == a) & (b != b));
  else
    return a < b;
}

template <class T>
struct SearchRows {
  const T* sorted;
  const std::int64_t* order;
  const T* values;
  std::int64_t* places;
  SearchShape shape;
  bool right;

  static void run(const SearchRows& a, std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t row = a.shape.is_shared ? 0 : i / a.shape.per_row * a.shape.length;
      const T value = a.values[i];
      // Halves the stretch in which the place lies, without a branch to be mispredicted.
      std::int64_t first = 0;
      for (std::int64_t left = a.shape.length; left > 0;) {
        const std::int64_t half = left / 2, middle = first + half;
        const T there = a.sorted[row + (a.order == nullptr ? middle : a.order[row + middle])];
        const bool goes_on = a.right ? !comes_before(value, there) : comes_before(there, value);
        first = goes_on ? middle + 1 : first;
        left = goes_on ? left - half - 1 : half;
      }
      a.places[i] = first;
    }
  }
};

template <class T>
struct CountIntoBins {
  const T* x;
  const T* weights;
  const T* edges;
  double* bins;
  std::int64_t bin_count;
  bool evenly;

  static void run(const CountIntoBins& a, std::int64_t begin, std::int64_t end) {
    const T low = a.edges[0], high = a.edges[a.bin_count];
    const T *const edges = a.edges, *const edges_end = edges + a.bin_count + 1;
    for (std::int64_t i = begin; i < end; ++i) {
      const T x = a.x[i];
      if (!(x >= low && x <= high)) continue;
      std::int64_t bin;
      if (a.evenly) {
        // The place by the distance may be off by rounding: the edges decide.
        bin = static_cast<std::int64_t>((x - low) / (high - low) * static_cast<T>(a.bin_count));
        bin = std::clamp<std::int64_t>(bin, 0, a.bin_count - 1);
        while (bin > 0 && x < edges[bin]) --bin;
        while (bin + 1 < a.bin_count && x >= edges[bin + 1]) ++bin;
      } else {
        bin = std::min(std::upper_bound(edges, edges_end, x) - edges, a.bin_count) - 1;
      }
      a.bins[bin] += a.weights == nullptr ? 1.0 : static_cast<double>(a.weights[i]);
    }
  }
};

struct CountIntegers {
  const std::int64_t* x;
  std::int64_t* counts;

  static void run(const CountIntegers& a, std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) ++a.counts[a.x[i]];
  }
};

}  // namespace

template <class T>
void search_rows(const T* sorted, const std::int64_t* order, const T* values, std::int64_t* places,
                 const SearchShape& shape, bool right) {
  launch(SearchRows<T>{sorted, order, values, places, shape, right}, shape.count, kSearchGrain);
}

template <class T>
void count_into_bins(const T* x, const T* weights, std::int64_t count, const T* edges, double* bins,
                     std::int64_t bin_count, bool evenly) {
  // In one piece: parts would share the bins.
  launch(CountIntoBins<T>{x, weights, edges, bins, bin_count, evenly}, count, count + 1);
}

void count_integers(const std::int64_t* x, std::int64_t count, std::int64_t* counts) {
  launch(CountIntegers{x, counts}, count, count + 1);
}

#define XGRAD_SEARCH(T) \
  template void search_rows(const T*, const std::int64_t*, const T*, std::int64_t*, const SearchShape&, bool);
XGRAD_SEARCH(bool)
XGRAD_SEARCH(std::int64_t)
XGRAD_SEARCH(float)
XGRAD_SEARCH(double)
#undef XGRAD_SEARCH
template void count_into_bins(const float*, const float*, std::int64_t, const float*, double*, std::int64_t, bool);
template void count_into_bins(const double*, const double*, std::int64_t, const double*, double*, std::int64_t, bool);

}  // namespace xgrad::internal
