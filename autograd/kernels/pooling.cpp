#include "pooling.hpp"

#include <algorithm>
#include <limits>
#include <type_traits>
#include <vector>

#include "../base/launch.hpp"
#include "../tensor_impl.hpp"
#include "few_terms.hpp"

namespace xgrad::internal {
namespace {

constexpr int kPoolAxes = PoolGeometry::kAxes;
/// Elements of windows that are worth a thread.
constexpr std::int64_t kPoolGrain = 32768;
/// Places of a row that are worked on together.
constexpr std::int64_t kPoolTile = 64;

std::int64_t grain_of(const PoolGeometry& g) {
  const std::int64_t work =
      PoolGeometry::product(g.out) * std::min<std::int64_t>(kPoolGrain, PoolGeometry::product(g.kernel));
  return kPoolGrain / (work + 1) + 1;
}

/// Places first ... last - 1 of an axis, the window's elements `k` of which lie in x; k-th elements are at shift +
/// place stride.
struct Reach {
  std::int64_t first, last, shift;
};
Reach reach_of(const PoolGeometry& g, int axis, std::int64_t k) {
  const std::int64_t shift = k * g.dilation[axis] - g.before[axis], s = g.stride[axis];
  const std::int64_t first = shift < 0 ? (-shift + s - 1) / s : 0;
  const std::int64_t room = g.in[axis] - 1 - shift;  // of place * stride
  return {first, room < 0 ? 0 : std::min(g.out[axis], room / s + 1), shift};
}

/// Calls use(place of the row of y, row of x at the tap, tap's number) for the taps (d, h) that lie in x.
template <class Use>
void for_row_taps(const PoolGeometry& g, std::int64_t d, std::int64_t h, const Use& use) {
  for (std::int64_t kd = 0; kd < g.kernel[0]; ++kd) {
    const std::int64_t z = d * g.stride[0] + kd * g.dilation[0] - g.before[0];
    if (z < 0 || z >= g.in[0]) continue;
    for (std::int64_t kh = 0; kh < g.kernel[1]; ++kh) {
      const std::int64_t y = h * g.stride[1] + kh * g.dilation[1] - g.before[1];
      if (y >= 0 && y < g.in[1]) use((z * g.in[1] + y) * g.in[2], (kd * g.kernel[1] + kh) * g.kernel[2]);
    }
  }
}

// ---- The largest element ----

template <class T>
constexpr T least() {
  return std::is_floating_point_v<T> ? -std::numeric_limits<T>::infinity() : std::numeric_limits<T>::lowest();
}

/// Numbers of taps beside elements of as many bytes, so that both are compared and chosen in registers alike.
template <class T>
using TapNumber = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;

template <class T>
struct MaxPool {
  PoolGeometry geometry;
  const T* x;
  T* y;
  std::int64_t* indices;
  const std::int64_t* offsets;  // of the taps, from where the window begins
  const Reach* columns;         // of the taps along the last axis

  static void run(const MaxPool& a, std::int64_t begin, std::int64_t end) {
    if (is_halving(a.geometry)) return halve(a, begin, end);
    switch (a.geometry.stride[2]) {
      case 1:
        return planes<1>(a, begin, end);
      case 2:
        return planes<2>(a, begin, end);
      default:
        return planes<0>(a, begin, end);
    }
  }

  /// Whether windows of 2 by 2 stand side by side in planes, as in most networks: their rows are often too short for
  /// tiles.
  static bool is_halving(const PoolGeometry& g) {
    if (g.kernel[0] != 1 || g.stride[0] != 1 || g.before[0] != 0 || g.in[0] != g.out[0]) return false;
    for (int axis = 1; axis < kPoolAxes; ++axis)
      if (g.kernel[axis] != 2 || g.stride[axis] != 2 || g.before[axis] != 0 || g.dilation[axis] != 1 ||
          2 * g.out[axis] > g.in[axis])
        return false;
    return true;
  }

  static void halve(const MaxPool& a, std::int64_t begin, std::int64_t end) {
    const PoolGeometry& g = a.geometry;
    const std::int64_t width = g.in[2], places = g.out[2];
    // Several short rows are worked on together, side by side.
    const std::int64_t together = std::min(std::max<std::int64_t>(1, kPoolTile / places), g.out[1]);
    T above[2 * kPoolTile], below[2 * kPoolTile];
    for (std::int64_t plane = begin; plane < end; ++plane)
      for (std::int64_t d = 0; d < g.out[0]; ++d)
        for (std::int64_t h = 0; h < g.out[1]; h += together) {
          const std::int64_t rows = std::min(together, g.out[1] - h);
          const std::int64_t start = (d * g.in[1] + 2 * h) * width;  // of the windows, in x's plane
          const T* x = a.x + plane * PoolGeometry::product(g.in) + start;
          const std::int64_t at = ((plane * g.out[0] + d) * g.out[1] + h) * places;
          std::int64_t* indices = a.indices != nullptr ? a.indices + at : nullptr;
          if (together == 1) {
            for (std::int64_t first = 0; first < places; first += kPoolTile)
              halve_windows(x + 2 * first, x + width + 2 * first, std::min(kPoolTile, places - first), places, width,
                            start + 2 * first, a.y + at + first, indices != nullptr ? indices + first : nullptr);
            continue;
          }
          for (std::int64_t row = 0; row < rows; ++row) {
            std::copy_n(x + 2 * row * width, 2 * places, above + 2 * row * places);
            std::copy_n(x + (2 * row + 1) * width, 2 * places, below + 2 * row * places);
          }
          halve_windows(above, below, rows * places, places, width, start, a.y + at, indices);
        }
  }

  /// Of each pair above, each below, and then of both: the first of equals, and the last nan. Rows have so many places,
  /// and begin two rows of x apart. (Numbers of the taps are kept as elements, and each choice asks for one thing: so
  /// it becomes vector code.)
  static void halve_windows(const T* __restrict above, const T* __restrict below, std::int64_t count,
                            std::int64_t places, std::int64_t width, std::int64_t start, T* __restrict y,
                            std::int64_t* __restrict indices) {
    T taken[kPoolTile];
    for (std::int64_t j = 0; j < count; ++j) {
      const T a = above[2 * j], b = above[2 * j + 1], c = below[2 * j], d = below[2 * j + 1];
      T upper = b > a ? b : a, in_upper = b > a ? T(1) : T(0);
      upper = b != b ? b : upper;
      in_upper = b != b ? T(1) : in_upper;
      T lower = d > c ? d : c, in_lower = d > c ? T(3) : T(2);
      lower = d != d ? d : lower;
      in_lower = d != d ? T(3) : in_lower;
      const T best = lower > upper ? lower : upper, tap = lower > upper ? in_lower : in_upper;
      y[j] = lower != lower ? lower : best;
      taken[j] = lower != lower ? in_lower : tap;
    }
    if (indices == nullptr) return;
    for (std::int64_t row = 0; row < count; row += places, start += 2 * width) {
      const T* __restrict tap = taken + row;
      std::int64_t* __restrict index = indices + row;
      for (std::int64_t j = 0; j < std::min(places, count - row); ++j) {
        const auto number = static_cast<std::int32_t>(tap[j]);
        index[j] = start + 2 * j + (number & 1) + (number > 1 ? width : 0);
      }
    }
  }

  template <int kStride>
  static void planes(const MaxPool& a, std::int64_t begin, std::int64_t end) {
    const PoolGeometry& g = a.geometry;
    for (std::int64_t plane = begin; plane < end; ++plane)
      for (std::int64_t d = 0; d < g.out[0]; ++d)
        for (std::int64_t h = 0; h < g.out[1]; ++h)
          for (std::int64_t w = 0; w < g.out[2]; w += kPoolTile)
            tile<kStride>(a, plane, d, h, w, std::min(kPoolTile, g.out[2] - w));
  }

  template <int kStride>
  static void tile(const MaxPool& a, std::int64_t plane, std::int64_t d, std::int64_t h, std::int64_t first,
                   std::int64_t count) {
    const PoolGeometry& g = a.geometry;
    const T* x = a.x + plane * PoolGeometry::product(g.in);
    const std::int64_t at = (plane * g.out[0] + d) * g.out[1] * g.out[2] + h * g.out[2] + first;
    const std::int64_t stride = kStride > 0 ? kStride : g.stride[2];
    T best[kPoolTile];
    TapNumber<T> taken[kPoolTile];
    std::fill_n(best, count, least<T>());
    std::fill_n(taken, count, TapNumber<T>(-1));
    for_row_taps(g, d, h, [&](std::int64_t row, std::int64_t tap) {
      for (std::int64_t k = 0; k < g.kernel[2]; ++k) {
        const Reach& reach = a.columns[k];
        const std::int64_t begin = std::max(reach.first - first, std::int64_t{0}),
                           end = std::min(reach.last - first, count);
        const T* from = x + row + reach.shift + first * stride;
        const auto number = static_cast<TapNumber<T>>(tap + k);
        for (std::int64_t j = begin; j < end; ++j) {
          const T value = from[j * stride];
          const bool takes = (value > best[j]) | (value != value) | (taken[j] < 0);
          best[j] = takes ? value : best[j];
          taken[j] = takes ? number : taken[j];
        }
      }
    });
    std::copy_n(best, count, a.y + at);
    if (a.indices == nullptr) return;
    const std::int64_t start = ((d * g.stride[0] - g.before[0]) * g.in[1] + h * g.stride[1] - g.before[1]) * g.in[2] +
                               first * stride - g.before[2];
    for (std::int64_t j = 0; j < count; ++j)
      a.indices[at + j] = taken[j] < 0 ? -1 : start + j * stride + a.offsets[taken[j]];
  }
};

/// Windows from floor(i in / out) to ceil((i + 1) in / out).
template <class T>
struct AdaptiveMaxPool {
  PoolGeometry geometry;
  const T* x;
  T* y;
  std::int64_t* indices;

  static void run(const AdaptiveMaxPool& a, std::int64_t begin, std::int64_t end) {
    const PoolGeometry& g = a.geometry;
    auto start = [&](int axis, std::int64_t i) { return i * g.in[axis] / g.out[axis]; };
    auto stop = [&](int axis, std::int64_t i) { return ((i + 1) * g.in[axis] + g.out[axis] - 1) / g.out[axis]; };
    std::int64_t at = begin * PoolGeometry::product(g.out);
    for (std::int64_t plane = begin; plane < end; ++plane) {
      const T* x = a.x + plane * PoolGeometry::product(g.in);
      for (std::int64_t d = 0; d < g.out[0]; ++d)
        for (std::int64_t h = 0; h < g.out[1]; ++h)
          for (std::int64_t w = 0; w < g.out[2]; ++w, ++at) {
            T best = least<T>();
            std::int64_t taken = -1;
            for (std::int64_t i = start(0, d); i < stop(0, d); ++i)
              for (std::int64_t j = start(1, h); j < stop(1, h); ++j)
                for (std::int64_t k = start(2, w); k < stop(2, w); ++k) {
                  const std::int64_t place = (i * g.in[1] + j) * g.in[2] + k;
                  const T value = x[place];
                  if (!(value > best || value != value || taken < 0)) continue;
                  best = value;
                  taken = place;
                }
            a.y[at] = best;
            if (a.indices != nullptr) a.indices[at] = taken;
          }
    }
  }
};

/// Over planes.
template <class T>
struct Unpool {
  std::int64_t in, out;
  const T* g;
  const std::int64_t* indices;
  T* to;

  static void run(const Unpool& a, std::int64_t begin, std::int64_t end) {
    for (std::int64_t plane = begin; plane < end; ++plane) {
      T* to = a.to + plane * a.in;
      const T* g = a.g + plane * a.out;
      const std::int64_t* index = a.indices + plane * a.out;
      std::fill_n(to, a.in, T(0));
      for (std::int64_t i = 0; i < a.out; ++i)
        if (index[i] >= 0) to[index[i]] += g[i];
    }
  }
};

// ---- The mean ----

/// How many elements of a window of an axis count, with the padding and in x.
struct WindowCount {
  std::int64_t padded, inside;
};
WindowCount count_window(const PoolGeometry& g, int axis, std::int64_t place) {
  const std::int64_t begin = place * g.stride[axis] - g.before[axis];
  const std::int64_t end = std::min(begin + g.kernel[axis], g.in[axis] + g.before[axis]);
  return {end - begin, std::max<std::int64_t>(0, std::min(end, g.in[axis]) - std::max<std::int64_t>(0, begin))};
}

template <class T, bool kBack>
struct AveragePool {
  PoolGeometry geometry;
  PoolDivisor divisor;
  const T* from;
  T* to;
  const Reach* columns;
  const WindowCount* counts;  // of the places of the last axis

  /// Over planes.
  static void run(const AveragePool& a, std::int64_t begin, std::int64_t end) {
    const PoolGeometry& g = a.geometry;
    const std::int64_t in = PoolGeometry::product(g.in), out = PoolGeometry::product(g.out);
    for (std::int64_t plane = begin; plane < end; ++plane) {
      if constexpr (kBack) std::fill_n(a.to + plane * in, in, T(0));
      for (std::int64_t d = 0; d < g.out[0]; ++d)
        for (std::int64_t h = 0; h < g.out[1]; ++h)
          for (std::int64_t w = 0; w < g.out[2]; w += kPoolTile) {
            const std::int64_t at = plane * out + (d * g.out[1] + h) * g.out[2] + w;
            const std::int64_t x = plane * in, count = std::min(kPoolTile, g.out[2] - w);
            if constexpr (kBack)
              spread(a, a.from + at, a.to + x, d, h, w, count);
            else
              average(a, a.from + x, a.to + at, d, h, w, count);
          }
    }
  }

  T divisor_of(const WindowCount& d, const WindowCount& h, const WindowCount& w) const {
    if (divisor.fixed != 0) return static_cast<T>(divisor.fixed);
    return static_cast<T>(divisor.counts_padding ? d.padded * h.padded * w.padded : d.inside * h.inside * w.inside);
  }
  static bool is_empty(const WindowCount& d, const WindowCount& h, const WindowCount& w) {
    return d.inside == 0 || h.inside == 0 || w.inside == 0;
  }

  static void average(const AveragePool& a, const T* x, T* y, std::int64_t d, std::int64_t h, std::int64_t first,
                      std::int64_t count) {
    const PoolGeometry& g = a.geometry;
    if (std::is_floating_point_v<T> && PoolGeometry::product(g.kernel) > kFewTerms)
      average_in<double>(a, x, y, d, h, first, count);
    else
      average_in<T>(a, x, y, d, h, first, count);
  }

  /// The sums of the windows are made in S.
  template <class S>
  static void average_in(const AveragePool& a, const T* x, T* y, std::int64_t d, std::int64_t h, std::int64_t first,
                         std::int64_t count) {
    const PoolGeometry& g = a.geometry;
    const std::int64_t stride = g.stride[2];
    const WindowCount depth = count_window(g, 0, d), height = count_window(g, 1, h);
    S sum[kPoolTile] = {};
    for_row_taps(g, d, h, [&](std::int64_t row, std::int64_t) {
      for (std::int64_t k = 0; k < g.kernel[2]; ++k) {
        const Reach& reach = a.columns[k];
        const std::int64_t begin = std::max(reach.first - first, std::int64_t{0}),
                           end = std::min(reach.last - first, count);
        const T* from = x + row + reach.shift + first * stride;
        for (std::int64_t j = begin; j < end; ++j) sum[j] += static_cast<S>(from[j * stride]);
      }
    });
    for (std::int64_t j = 0; j < count; ++j) {
      const WindowCount& width = a.counts[first + j];
      y[j] = is_empty(depth, height, width)
                 ? T(0)
                 : static_cast<T>(sum[j] / static_cast<S>(a.divisor_of(depth, height, width)));
    }
  }

  static void spread(const AveragePool& a, const T* gradient, T* x, std::int64_t d, std::int64_t h, std::int64_t first,
                     std::int64_t count) {
    const PoolGeometry& g = a.geometry;
    const std::int64_t stride = g.stride[2];
    const WindowCount depth = count_window(g, 0, d), height = count_window(g, 1, h);
    T share[kPoolTile];
    for (std::int64_t j = 0; j < count; ++j) {
      const WindowCount& width = a.counts[first + j];
      share[j] = is_empty(depth, height, width) ? T(0) : gradient[j] / a.divisor_of(depth, height, width);
    }
    for_row_taps(g, d, h, [&](std::int64_t row, std::int64_t) {
      for (std::int64_t k = 0; k < g.kernel[2]; ++k) {
        const Reach& reach = a.columns[k];
        const std::int64_t begin = std::max(reach.first - first, std::int64_t{0}),
                           end = std::min(reach.last - first, count);
        T* to = x + row + reach.shift + first * stride;
        for (std::int64_t j = begin; j < end; ++j) to[j * stride] += share[j];
      }
    });
  }
};

std::vector<Reach> columns_of(const PoolGeometry& g) {
  std::vector<Reach> columns;
  for (std::int64_t k = 0; k < g.kernel[2]; ++k) columns.push_back(reach_of(g, 2, k));
  return columns;
}

template <bool kBack, class T>
void launch_average(const PoolGeometry& g, const PoolDivisor& divisor, const T* from, T* to) {
  const std::vector<Reach> columns = columns_of(g);
  std::vector<WindowCount> counts;
  for (std::int64_t w = 0; w < g.out[2]; ++w) counts.push_back(count_window(g, 2, w));
  launch(AveragePool<T, kBack>{g, divisor, from, to, columns.data(), counts.data()}, g.planes, grain_of(g));
}

template <class From, class To>
struct Convert {
  const From* from;
  To* to;
  static void run(const Convert& a, std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) a.to[i] = static_cast<To>(a.from[i]);
  }
};

/// Calls use(from, to) with from's elements in double, and rounds what it made of to. Of numbers that are added up many
/// times.
template <class Use>
void in_doubles(std::int64_t from_count, const float* from, std::int64_t to_count, float* to, const Use& use) {
  Tensor wide = new_tensor({from_count}, DType::float64), sums = new_tensor({to_count}, DType::float64);
  launch(Convert<float, double>{from, data_of<double>(wide)}, from_count, kPoolGrain);
  use(data_of<double>(wide), data_of<double>(sums));
  launch(Convert<double, float>{data_of<double>(sums), to}, to_count, kPoolGrain);
}

}  // namespace

template <class T>
void max_pool(const PoolGeometry& g, const T* x, T* y, std::int64_t* indices) {
  std::vector<std::int64_t> offsets;
  for (std::int64_t d = 0; d < g.kernel[0]; ++d)
    for (std::int64_t h = 0; h < g.kernel[1]; ++h)
      for (std::int64_t w = 0; w < g.kernel[2]; ++w)
        offsets.push_back((d * g.dilation[0] * g.in[1] + h * g.dilation[1]) * g.in[2] + w * g.dilation[2]);
  const std::vector<Reach> columns = columns_of(g);
  launch(MaxPool<T>{g, x, y, indices, offsets.data(), columns.data()}, g.planes, grain_of(g));
}

template <class T>
void adaptive_max_pool(const PoolGeometry& g, const T* x, T* y, std::int64_t* indices) {
  launch(AdaptiveMaxPool<T>{g, x, y, indices}, g.planes, kPoolGrain / (PoolGeometry::product(g.in) + 1) + 1);
}

std::int64_t most_windows_of_element(const PoolGeometry& g, bool is_adaptive) {
  std::int64_t most = 1;
  for (int axis = 0; axis < kPoolAxes; ++axis) {
    // With dilation, each of a window's elements may be the one.
    const std::int64_t step = g.dilation[axis] == 1 ? g.stride[axis] : 1;
    const std::int64_t windows = is_adaptive ? g.out[axis] / g.in[axis] + 2 : (g.kernel[axis] - 1) / step + 1;
    most *= std::min({windows, g.out[axis], kFewTerms + 1});
  }
  return most;
}

template <class T>
void unpool(std::int64_t planes, std::int64_t in, std::int64_t out, std::int64_t most_uses, const T* g,
            const std::int64_t* indices, T* to) {
  const std::int64_t grain = kPoolGrain / (in + 1) + 1;
  if constexpr (std::is_same_v<T, float>) {
    if (most_uses > kFewTerms)
      return in_doubles(planes * out, g, planes * in, to, [&](const double* g, double* to) {
        launch(Unpool<double>{in, out, g, indices, to}, planes, grain);
      });
  }
  launch(Unpool<T>{in, out, g, indices, to}, planes, grain);
}

template <class T>
void average_pool(const PoolGeometry& g, const PoolDivisor& divisor, const T* x, T* y) {
  launch_average<false>(g, divisor, x, y);
}

template <class T>
void average_pool_back(const PoolGeometry& g, const PoolDivisor& divisor, const T* gradient, T* x) {
  if constexpr (std::is_same_v<T, float>) {
    if (most_windows_of_element(g, false) > kFewTerms)
      return in_doubles(g.planes * PoolGeometry::product(g.out), gradient, g.planes * PoolGeometry::product(g.in), x,
                        [&](const double* gradient, double* x) { launch_average<true>(g, divisor, gradient, x); });
  }
  launch_average<true>(g, divisor, gradient, x);
}

#define XGRAD_INSTANTIATE(T)                                                                                       \
  template void max_pool(const PoolGeometry&, const T*, T*, std::int64_t*);                                        \
  template void adaptive_max_pool(const PoolGeometry&, const T*, T*, std::int64_t*);                               \
  template void unpool(std::int64_t, std::int64_t, std::int64_t, std::int64_t, const T*, const std::int64_t*, T*); \
  template void average_pool(const PoolGeometry&, const PoolDivisor&, const T*, T*);                               \
  template void average_pool_back(const PoolGeometry&, const PoolDivisor&, const T*, T*);
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
XGRAD_INSTANTIATE(std::int64_t)
#undef XGRAD_INSTANTIATE

}  // namespace xgrad::internal
