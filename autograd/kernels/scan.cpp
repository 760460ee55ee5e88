#include "scan.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "../base/launch.hpp"
#include "../simd/register.hpp"

namespace xgrad::internal {
namespace {

namespace simd = XGRAD_SIMD_NAMESPACE::simd;

// Elements from which a scan is worth a second thread.
constexpr std::int64_t kScanGrain = 32768;

/// What sums and products of T are computed in.
template <class T>
using Wide = std::conditional_t<std::is_floating_point_v<T>, double, T>;

// A scan is a State, start() for it, and step(state, k, at), which takes in the element at memory offset `at`, the k-th
// of its row, and writes the result there.

/// Rows [begin, end), one element after the other.
template <class Scan>
struct ScanRows {
  Scan scan;
  ScanShape shape;
  ScanOrder order;

  static void run(const ScanRows& a, std::int64_t begin, std::int64_t end) {
    const Scan scan = a.scan;
    const std::int64_t length = a.shape.length;
    for (std::int64_t row = begin; row < end; ++row) {
      typename Scan::State state = scan.start();
      const std::int64_t at = row * length;
      if (a.order == ScanOrder::forward)
        for (std::int64_t k = 0; k < length; ++k) scan.step(state, k, at + k);
      else
        for (std::int64_t k = length - 1; k >= 0; --k) scan.step(state, k, at + k);
    }
  }
};

/// Tiles of columns: [begin, end) of outer x tiles.
template <class Scan>
struct ScanColumns {
  static constexpr std::int64_t kTile = 256;

  Scan scan;
  ScanShape shape;
  ScanOrder order;

  std::int64_t tiles() const { return (shape.inner + kTile - 1) / kTile; }
  static void run(const ScanColumns& a, std::int64_t begin, std::int64_t end) {
    const Scan scan = a.scan;
    const auto [outer, length, inner] = a.shape;
    const std::int64_t tiles = a.tiles();
    typename Scan::State states[kTile];
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t first = i % tiles * kTile;
      const std::int64_t count = std::min(kTile, inner - first);
      const std::int64_t base = i / tiles * length * inner + first;
      std::fill_n(states, count, scan.start());
      for (std::int64_t step = 0; step < length; ++step) {
        const std::int64_t k = a.order == ScanOrder::forward ? step : length - 1 - step;
        const std::int64_t at = base + k * inner;
        for (std::int64_t j = 0; j < count; ++j) scan.step(states[j], k, at + j);
      }
    }
  }
};

template <class Scan>
void scan_columns(const Scan& scan, const ScanShape& shape, ScanOrder order) {
  const ScanColumns<Scan> columns{scan, shape, order};
  const std::int64_t width = std::min(shape.inner, ScanColumns<Scan>::kTile);
  launch(columns, shape.outer * columns.tiles(), kScanGrain / (shape.length * width) + 1);
}

template <class Scan>
void scan(const Scan& scan, const ScanShape& shape, ScanOrder order = ScanOrder::forward) {
  if (shape.outer * shape.length * shape.inner == 0) return;
  if (shape.inner > 1) return scan_columns(scan, shape, order);
  launch(ScanRows<Scan>{scan, shape, order}, shape.outer, kScanGrain / shape.length + 1);
}

// ---- Sums ----

/// Of floats in double, and of integers, which wrap around.
template <class T>
struct Sum {
  using State = Wide<T>;
  const T* x;
  T* y;
  State start() const { return 0; }
  void step(State& sum, std::int64_t, std::int64_t at) const {
    sum += static_cast<State>(x[at]);
    y[at] = static_cast<T>(sum);
  }
};

/// Of doubles, with what rounding took (TwoSum: Knuth, The Art of Computer Programming 2, 4.2.2).
template <>
struct Sum<double> {
  struct State {
    double sum, error;
  };
  const double* x;
  double* y;
  State start() const { return {0, 0}; }
  void step(State& state, std::int64_t, std::int64_t at) const {
    const double old = state.sum, next = old + x[at];
    const double added = next - old;
    const double error = state.error + ((old - (next - added)) + (x[at] - added));
    state = {next, error == error ? error : 0.0};  // nan where the sum is infinite
    y[at] = next + state.error;
  }
};

/// Each lane moved kStep lanes on (backward: back), zeros in the lanes that are left.
template <int kStep, ScanOrder kOrder>
simd::Doubles moved(simd::Doubles x) {
  static constexpr int kLanes = simd::kBytes / sizeof(double);
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    // Lanes of x, then of the zeros.
    constexpr auto from = [](int lane) {
      const int source = kOrder == ScanOrder::forward ? lane - kStep : lane + kStep;
      return source >= 0 && source < kLanes ? source : kLanes;
    };
    return __builtin_shufflevector(x, simd::Doubles{}, from(static_cast<int>(I))...);
  }
  (std::make_index_sequence<kLanes>{});
}

/// The running sum of the lanes.
template <ScanOrder kOrder>
simd::Doubles sums_of_lanes(simd::Doubles x) {
  x += moved<1, kOrder>(x);
  if constexpr (simd::kBytes >= 32) x += moved<2, kOrder>(x);
  if constexpr (simd::kBytes >= 64) x += moved<4, kOrder>(x);
  return x;
}

template <class T>
simd::Register<T> load(const T* from) {
  simd::Register<T> x;
  std::memcpy(&x, from, sizeof x);
  return x;
}
template <class T>
void store(T* to, const simd::Register<T>& x) {
  std::memcpy(to, &x, sizeof x);
}

/// Sums along rows a register at a time: the chain of additions, whose latency bounds the plain loop, has one link for
/// each register of doubles.
template <class T, ScanOrder kOrder>
struct SumRows {
  static constexpr int kLanes = simd::kBytes / sizeof(double);
  static constexpr int kStep = simd::kBytes / sizeof(T);
  static constexpr int kLast = kOrder == ScanOrder::forward ? kLanes - 1 : 0;

  Sum<T> sum;
  std::int64_t length;

  static void run(const SumRows& a, std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      typename Sum<T>::State state = a.sum.start();
      const std::int64_t at = row * a.length;
      const std::int64_t whole = a.length / kStep * kStep;
      if constexpr (kOrder == ScanOrder::forward) {
        for (std::int64_t k = 0; k < whole; k += kStep) a.step(state, at + k);
        for (std::int64_t k = whole; k < a.length; ++k) a.sum.step(state, k, at + k);
      } else {
        const std::int64_t rest = a.length - whole;
        for (std::int64_t k = a.length - kStep; k >= rest; k -= kStep) a.step(state, at + k);
        for (std::int64_t k = rest - 1; k >= 0; --k) a.sum.step(state, k, at + k);
      }
    }
  }

 private:
  void step(double& state, std::int64_t at) const requires(std::is_same_v<T, float>) {
    simd::Doubles low, high;
    simd::widen(load(sum.x + at), low, high);
    if constexpr (kOrder == ScanOrder::forward) {
      low = take(state, low);
      high = take(state, high);
    } else {
      high = take(state, high);
      low = take(state, low);
    }
    store(sum.y + at, simd::narrow(low, high));
  }
  static simd::Doubles take(double& state, simd::Doubles x) {
    const simd::Doubles local = sums_of_lanes<kOrder>(x);
    const simd::Doubles result = local + state;
    state += local[kLast];
    return result;
  }

  void step(Sum<double>::State& state, std::int64_t at) const requires(std::is_same_v<T, double>) {
    const simd::Doubles local = sums_of_lanes<kOrder>(load(sum.x + at));
    store(sum.y + at, (local + state.error) + state.sum);
    const double old = state.sum, total = local[kLast], next = old + total;
    const double added = next - old;
    const double error = state.error + ((old - (next - added)) + (total - added));
    state = {next, error == error ? error : 0.0};
  }
};

template <ScanOrder kOrder, class T>
void sum_rows(const Sum<T>& sum, const ScanShape& shape) {
  launch(SumRows<T, kOrder>{sum, shape.length}, shape.outer, kScanGrain / shape.length + 1);
}

// ---- Products, recurrences, logarithms, extremes ----

template <class T>
struct Product {
  using State = Wide<T>;
  const T* x;
  T* y;
  State start() const { return 1; }
  void step(State& product, std::int64_t, std::int64_t at) const {
    product *= static_cast<State>(x[at]);
    y[at] = static_cast<T>(product);
  }
};

template <class T>
struct Recurrence {
  using State = double;
  const T* a;
  const T* b;
  T* y;
  std::int64_t first;  // whose a is not read
  State start() const { return 0; }
  void step(State& state, std::int64_t k, std::int64_t at) const {
    state = k == first ? State(b[at]) : b[at] + a[at] * state;
    y[at] = static_cast<T>(state);
  }
};

template <class T>
struct LogSumExp {
  struct State {
    double largest, sum;  // of the exponentials relative to the largest
  };
  const T* x;
  T* y;
  T* maxima;    // null where nobody wants them
  T* log_sums;  // as maxima
  State start() const { return {-std::numeric_limits<double>::infinity(), 0}; }
  void step(State& state, std::int64_t, std::int64_t at) const {
    const double next = x[at];
    auto& [largest, sum] = state;
    if (next > largest) {
      sum = std::isinf(next) ? 1 : sum * std::exp(largest - next) + 1;
      largest = next;
    } else if (next != next) {
      largest = next;
    } else if (std::isfinite(largest)) {
      sum += std::exp(next - largest);
    }
    const double log_sum = std::isfinite(largest) ? std::log(sum) : 0;
    y[at] = static_cast<T>(largest + log_sum);
    if (maxima == nullptr) return;
    maxima[at] = static_cast<T>(largest);
    log_sums[at] = static_cast<T>(log_sum);
  }
};

template <class T, bool kLargest>
struct ExtremeSoFar {
  struct State {
    T value;
    std::int64_t position;
  };
  const T* x;
  T* values;
  std::int64_t* positions;
  State start() const { return {T(0), -1}; }
  void step(State& state, std::int64_t k, std::int64_t at) const {
    const T next = x[at];
    const bool beats = kLargest ? next >= state.value : next <= state.value;
    if (state.position < 0 || beats || next != next) state = {next, k};
    values[at] = state.value;
    positions[at] = state.position;
  }
};

}  // namespace

template <class T>
void running_sum(const T* x, T* y, const ScanShape& shape, ScanOrder order) {
  const Sum<T> sum{x, y};
  if constexpr (std::is_floating_point_v<T>) {
    if (shape.inner == 1 && shape.outer * shape.length > 0)
      return order == ScanOrder::forward ? sum_rows<ScanOrder::forward>(sum, shape)
                                         : sum_rows<ScanOrder::backward>(sum, shape);
  }
  scan(sum, shape, order);
}

template <class T>
void running_product(const T* x, T* y, const ScanShape& shape) {
  scan(Product<T>{x, y}, shape);
}

template <class T>
void running_recurrence(const T* a, const T* b, T* y, const ScanShape& shape, ScanOrder order) {
  scan(Recurrence<T>{a, b, y, order == ScanOrder::forward ? 0 : shape.length - 1}, shape, order);
}

template <class T>
void running_logsumexp(const T* x, T* y, T* maxima, T* log_sums, const ScanShape& shape) {
  scan(LogSumExp<T>{x, y, maxima, log_sums}, shape);
}

template <class T>
void running_extreme(const T* x, T* values, std::int64_t* positions, const ScanShape& shape, bool largest) {
  if (largest)
    scan(ExtremeSoFar<T, true>{x, values, positions}, shape);
  else
    scan(ExtremeSoFar<T, false>{x, values, positions}, shape);
}

#define XGRAD_SCANS(T)                                                  \
  template void running_sum(const T*, T*, const ScanShape&, ScanOrder); \
  template void running_product(const T*, T*, const ScanShape&);        \
  template void running_extreme(const T*, T*, std::int64_t*, const ScanShape&, bool);
XGRAD_SCANS(float)
XGRAD_SCANS(double)
XGRAD_SCANS(std::int64_t)
#undef XGRAD_SCANS
template void running_extreme(const bool*, bool*, std::int64_t*, const ScanShape&, bool);
template void running_recurrence(const float*, const float*, float*, const ScanShape&, ScanOrder);
template void running_recurrence(const double*, const double*, double*, const ScanShape&, ScanOrder);
template void running_logsumexp(const float*, float*, float*, float*, const ScanShape&);
template void running_logsumexp(const double*, double*, double*, double*, const ScanShape&);

}  // namespace xgrad::internal
