#include "normalization.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "../base/launch.hpp"
#include "all_finite.hpp"
#include "rows.hpp"

namespace xgrad::internal {
namespace {

/// Elements that are worth a thread.
constexpr std::int64_t kNormGrain = 16384;
/// Rows whose gradients of weight and bias are added up without a break.
constexpr std::int64_t kPartRows = 64;
/// Columns that are worked on together.
constexpr std::int64_t kColumns = 128;

std::int64_t grain_of(std::int64_t elements) { return kNormGrain / std::max<std::int64_t>(1, elements) + 1; }

/// (x - mean) scale of one group.
template <class T>
struct Normalizer {
  Batch<T> center, shift, scale;

  Normalizer(const NormStatistics<T>& s, std::int64_t group)
      : center(s.centers[group]), shift(s.shifts[group]), scale(s.scales[group]) {}
  Batch<T> operator()(Batch<T> x) const { return ((x - center) - shift) * scale; }
};

/// Calls use(pointer) for the segments of a group: runs of neighbours, all of one length.
template <class T, class Use>
void for_segments(const NormLayout& l, std::int64_t group, const T* x, const Use& use) {
  if (l.by_row) return use(x + group * l.row());
  for (std::int64_t o = 0; o < l.outer; ++o) use(x + (o * l.period + group) * l.inner);
}
std::int64_t segment_length(const NormLayout& l) { return l.by_row ? l.row() : l.inner; }

// ---- Statistics ----

template <class T>
void set_group(const NormStatistics<T>& s, std::int64_t group, T center, T shift, double variance, double eps) {
  s.centers[group] = center;
  s.shifts[group] = shift;
  s.variances[group] = static_cast<T>(variance);
  s.scales[group] = static_cast<T>(1 / std::sqrt(variance + eps));
}

template <class T>
struct Statistics {
  NormLayout layout;
  const T* x;
  NormKind kind;
  NormStatistics<T> statistics;

  static void run(const Statistics& a, std::int64_t begin, std::int64_t end) {
    const std::int64_t length = segment_length(a.layout);
    const double count = static_cast<double>(a.layout.count());
    for (std::int64_t group = begin; group < end; ++group) {
      T center = 0, shift = 0;
      if (a.kind.centered) {
        center = *(a.layout.by_row ? a.x + group * a.layout.row() : a.x + group * a.layout.inner);
        const Batch<T> from = center;
        double sum = 0;
        for_segments(a.layout, group, a.x, [&](const T* x) {
          sum += sum_row<T>(
              length, center, [&](Batch<T> x) { return x - from; }, x);
        });
        shift = static_cast<T>(sum / count);
      }
      const Batch<T> from = center, by = shift;
      double squares = 0;  // of sums in T
      for_segments(a.layout, group, a.x, [&](const T* x) {
        squares += sum_row_twice<T>(
                       length,
                       [&](Batch<T> x) {
                         const Batch<T> deviation = (x - from) - by;
                         return TwoBatches<T>{deviation * deviation, 0};
                       },
                       x)
                       .first;
      });
      if (are_in_range(squares, a.kind.eps * count))
        set_group(a.statistics, group, center, shift, squares / count, a.kind.eps);
      else
        set_extreme_group(a, group);
    }
  }

  /// Whether neither the elements nor their squares have overflowed, nor lost what counts beside eps below the least
  /// normal number.
  static bool are_in_range(double squares, double eps) {
    constexpr double kLeast = static_cast<double>(std::numeric_limits<T>::min()) /
                              (4096 * static_cast<double>(std::numeric_limits<T>::epsilon()));
    return squares + eps >= kLeast && squares <= std::numeric_limits<T>::max();
  }

  /// In double, with the elements multiplied by a power of two that brings the largest near 1.
  static void set_extreme_group(const Statistics& a, std::int64_t group) {
    const std::int64_t length = segment_length(a.layout);
    const double count = static_cast<double>(a.layout.count());
    const T* first = a.layout.by_row ? a.x + group * a.layout.row() : a.x + group * a.layout.inner;
    auto for_elements = [&](const auto& use) {
      for_segments(a.layout, group, a.x, [&](const T* x) {
        for (std::int64_t i = 0; i < length; ++i) use(static_cast<double>(x[i]));
      });
    };
    double largest = 0, not_finite = 0;
    for_elements([&](double x) {
      largest = std::max(largest, std::abs(x));
      if (!std::isfinite(x)) not_finite += x;
    });
    // The mean is then their sum: differences from an infinite element or mean would make nan of an infinity.
    if (a.kind.centered && not_finite != 0)
      return set_group(a.statistics, group, static_cast<T>(not_finite), T(0), std::numeric_limits<double>::quiet_NaN(),
                       a.kind.eps);
    double by = 1;
    if (largest > 0 && std::isfinite(largest)) by = std::ldexp(1.0, std::clamp(-std::ilogb(largest), -1022, 1022));
    // The mean is the centre: elements may be further from the first than the largest number.
    T center = 0, shift = 0;
    if (a.kind.centered) {
      const double from = static_cast<double>(*first) * by;
      double sum = 0;
      for_elements([&](double x) { sum += x * by - from; });
      const double mean = from + sum / count;
      center = static_cast<T>(mean / by);
      shift = static_cast<T>((mean - static_cast<double>(center) * by) / by);
    }
    double squares = 0;
    for_elements([&](double x) {
      const double deviation = (x * by - static_cast<double>(center) * by) - static_cast<double>(shift) * by;
      squares += deviation * deviation;
    });
    const double scaled = squares / count, variance = scaled / by / by, eps = a.kind.eps;
    set_group(a.statistics, group, center, shift, variance, eps);
    // Where elements are large, eps vanishes; where they are small, it is all that counts unless it is 0.
    if (by < 1)
      a.statistics.scales[group] = static_cast<T>(by / std::sqrt(scaled + eps * by * by));
    else if (eps == 0)
      a.statistics.scales[group] = static_cast<T>(by / std::sqrt(scaled));
  }
};

/// Groups that are columns of a matrix [outer, period], a tile of them at a time.
template <class T>
struct ColumnStatistics {
  NormLayout layout;
  const T* x;
  NormKind kind;
  NormStatistics<T> statistics;

  static void run(const ColumnStatistics& a, std::int64_t begin, std::int64_t end) {
    for (std::int64_t tile = begin; tile < end; ++tile) {
      const std::int64_t first = tile * kColumns, count = std::min(kColumns, a.layout.period - first);
      const T* x = a.x + first;
      const std::int64_t rows = a.layout.outer, step = a.layout.period;
      T shift[kColumns];
      double sum[kColumns] = {};
      for (std::int64_t i = 0; i < rows; ++i)
        for (std::int64_t j = 0; j < count; ++j) sum[j] += x[i * step + j] - x[j];
      for (std::int64_t j = 0; j < count; ++j) {
        shift[j] = static_cast<T>(sum[j] / static_cast<double>(rows));
        sum[j] = 0;
      }
      for (std::int64_t i = 0; i < rows; ++i)
        for (std::int64_t j = 0; j < count; ++j) {
          const double deviation = (x[i * step + j] - x[j]) - shift[j];
          sum[j] += deviation * deviation;
        }
      using Single = Statistics<T>;
      for (std::int64_t j = 0; j < count; ++j)
        if (Single::are_in_range(sum[j], a.kind.eps * static_cast<double>(rows)))
          set_group(a.statistics, first + j, x[j], shift[j], sum[j] / static_cast<double>(rows), a.kind.eps);
        else
          Single::set_extreme_group({a.layout, a.x, a.kind, a.statistics}, first + j);
    }
  }
};

// ---- Values ----

/// y = x normalised, times weight, plus bias, where they are there: one number each for a run.
template <class T>
void normalize_run(std::int64_t n, const T* x, const Normalizer<T>& normalized, T weight, T bias, T* y) {
  const Batch<T> w = weight, b = bias;
  map_row<T>(
      n, T(0), y, [&](Batch<T> x) { return normalized(x) * w + b; }, x);
}
/// The same with one weight and bias for each element.
template <class T>
void normalize_row(std::int64_t n, const T* x, const Normalizer<T>& normalized, const T* weight, const T* bias, T* y) {
  if (weight != nullptr && bias != nullptr)
    map_row<T>(
        n, T(0), y, [&](Batch<T> x, Batch<T> w, Batch<T> b) { return normalized(x) * w + b; }, x, weight, bias);
  else if (weight != nullptr)
    map_row<T>(
        n, T(0), y, [&](Batch<T> x, Batch<T> w) { return normalized(x) * w; }, x, weight);
  else if (bias != nullptr)
    map_row<T>(
        n, T(0), y, [&](Batch<T> x, Batch<T> b) { return normalized(x) + b; }, x, bias);
  else
    map_row<T>(
        n, T(0), y, [&](Batch<T> x) { return normalized(x); }, x);
}

/// Over rows [period, channels, inner].
template <class T>
struct NormValues {
  NormLayout layout;
  const T* x;
  NormStatistics<T> statistics;
  const T *weight, *bias;
  T* y;

  static void run(const NormValues& a, std::int64_t begin, std::int64_t end) {
    const NormLayout l = a.layout;
    for (std::int64_t row = begin; row < end; ++row) {
      const std::int64_t place = row % l.period, channel = place * l.channels;
      const Normalizer<T> normalized(a.statistics, l.by_row ? row : place);
      const T* x = a.x + row * l.row();
      T* y = a.y + row * l.row();
      const T* weight = a.weight != nullptr ? a.weight + channel : nullptr;
      const T* bias = a.bias != nullptr ? a.bias + channel : nullptr;
      if (l.inner == 1) {
        normalize_row(l.channels, x, normalized, weight, bias, y);
        continue;
      }
      for (std::int64_t c = 0; c < l.channels; ++c)
        normalize_run(l.inner, x + c * l.inner, normalized, weight != nullptr ? weight[c] : T(1),
                      bias != nullptr ? bias[c] : T(0), y + c * l.inner);
    }
  }
};

/// Groups that are columns of a matrix [outer, period]: over its rows.
template <class T>
struct ColumnValues {
  NormLayout layout;
  const T* x;
  NormStatistics<T> statistics;
  const T *weight, *bias;
  T* y;

  static void run(const ColumnValues& a, std::int64_t begin, std::int64_t end) {
    const std::int64_t n = a.layout.period;
    const T *center = a.statistics.centers, *shift = a.statistics.shifts, *scale = a.statistics.scales;
    for (std::int64_t row = begin; row < end; ++row) {
      const T* x = a.x + row * n;
      T* y = a.y + row * n;
      for (std::int64_t j = 0; j < n; ++j) {
        const T normalized = ((x[j] - center[j]) - shift[j]) * scale[j];
        const T weighted = a.weight != nullptr ? normalized * a.weight[j] : normalized;
        y[j] = a.bias != nullptr ? weighted + a.bias[j] : weighted;
      }
    }
  }
};

// ---- Cotangents ----
//
// With h = (x - mean) scale, v = g weight, and means over the group: gx = scale (v - mean(v) - h mean(v h)); scale v
// where the statistics are constants, which only groups that are not rows can have. The gradient of weight is the sum of
// g h, that of bias the sum of g.

template <class T>
struct CotangentArguments {
  NormLayout layout;
  const T *g, *x;
  NormStatistics<T> statistics;
  const T* weight;
  bool centered, are_constants;
  T *gx, *parts;

  /// Where the sums of g h, and with `bias` of g, of a part are.
  T* part(std::int64_t at, bool bias) const { return parts + (2 * at + bias) * layout.period * layout.channels; }
};

/// gx of a run from v = g weight, whose means are over the group.
template <class T>
struct RunCotangent {
  Batch<T> weight, scale, mean, mean_of_products;
  Normalizer<T> normalized;

  Batch<T> operator()(Batch<T> g, Batch<T> x) const {
    return ((g * weight - mean) - normalized(x) * mean_of_products) * scale;
  }
};

/// weight times the sum of g, or of g h, over a channel. A weight of 0 silences finite elements, also where their sum has
/// left the range; are_finite() tells whether g is finite.
template <class AreFinite>
double weighted_sum(double weight, double sum, const AreFinite& are_finite) {
  return weight == 0 && !std::isfinite(sum) && are_finite() ? 0 : weight * sum;
}

/// gx of a run whose statistics are constants. It knows neither x nor the means: an element or a sum that is not finite
/// would make nan of 0 times itself.
template <class T>
void constant_cotangent(std::int64_t n, const T* g, T weight, T scale, T* gx) {
  const Batch<T> w = weight, s = scale;
  map_row<T>(
      n, T(0), gx, [&](Batch<T> g) { return g * w * s; }, g);
}

/// Rows whose channels are single elements: parts of kPartRows rows.
template <class T>
struct RowCotangents {
  CotangentArguments<T> a;

  static void run(const RowCotangents& kernel, std::int64_t begin, std::int64_t end) {
    const CotangentArguments<T>& a = kernel.a;
    const std::int64_t n = a.layout.channels, outer = a.layout.outer, period = a.layout.period;
    for (std::int64_t part = begin; part < end; ++part) {
      T *gw = nullptr, *gb = nullptr;
      if (a.parts != nullptr) {
        gw = a.part(part, false);
        gb = a.part(part, true);
        std::fill_n(gw, 2 * period * n, T(0));
      }
      for (std::int64_t o = part * kPartRows; o < std::min(outer, (part + 1) * kPartRows); ++o)
        for (std::int64_t p = 0; p < period; ++p)
          row(a, o * period + p, a.weight != nullptr ? a.weight + p * n : nullptr, gw != nullptr ? gw + p * n : nullptr,
              gb != nullptr ? gb + p * n : nullptr);
    }
  }

  static void row(const CotangentArguments<T>& a, std::int64_t row, const T* weight, T* gw, T* gb) {
    const std::int64_t n = a.layout.channels;
    const T *g = a.g + row * n, *x = a.x + row * n;
    const Normalizer<T> normalized(a.statistics, row);
    TwoSums<T> sums;
    if (a.gx != nullptr && weight != nullptr)
      sums = sum_row_twice<T>(
          n,
          [&](Batch<T> g, Batch<T> x, Batch<T> w) {
            const Batch<T> v = g * w;
            return TwoBatches<T>{v, v * normalized(x)};
          },
          g, x, weight);
    else if (a.gx != nullptr)
      sums = sum_row_twice<T>(
          n,
          [&](Batch<T> g, Batch<T> x) {
            return TwoBatches<T>{g, g * normalized(x)};
          },
          g, x);
    const double count = static_cast<double>(n);
    const Batch<T> scale = a.statistics.scales[row], mean = a.centered ? static_cast<T>(sums.first / count) : T(0),
                   of_products = static_cast<T>(sums.second / count);
    T* gx = a.gx + (a.gx != nullptr ? row * n : 0);
    for_batches<T>(
        n, T(0),
        [&](std::int64_t at, int count, Batch<T> g, Batch<T> x) {
          const Batch<T> h = normalized(x);
          if (gx != nullptr) {
            const Batch<T> v = weight != nullptr ? g * load_part(weight + at, count, Batch<T>(0)) : g;
            store_batch<T>(gx + at, count, ((v - mean) - h * of_products) * scale);
          }
          if (gw == nullptr) return;
          store_batch<T>(gw + at, count, load_part(gw + at, count, Batch<T>(0)) + g * h);
          store_batch<T>(gb + at, count, load_part(gb + at, count, Batch<T>(0)) + g);
        },
        g, x);
  }
};

/// Rows of channels that are runs: each row has parts of its own, which its means are made of.
template <class T>
struct ChannelCotangents {
  CotangentArguments<T> a;

  static void run(const ChannelCotangents& kernel, std::int64_t begin, std::int64_t end) {
    const CotangentArguments<T>& a = kernel.a;
    const NormLayout l = a.layout;
    for (std::int64_t row = begin; row < end; ++row) {
      const std::int64_t channel = row % l.period * l.channels;
      const T *g = a.g + row * l.row(), *x = a.x + row * l.row();
      const Normalizer<T> normalized(a.statistics, row);
      T* gw = a.part(row / l.period, false) + channel;
      T* gb = a.part(row / l.period, true) + channel;
      double sum = 0, sum_of_products = 0;
      for (std::int64_t c = 0; c < l.channels; ++c) {
        const TwoSums<T> sums = sum_row_twice<T>(
            l.inner,
            [&](Batch<T> g, Batch<T> x) {
              return TwoBatches<T>{g, g * normalized(x)};
            },
            g + c * l.inner, x + c * l.inner);
        gb[c] = static_cast<T>(sums.first);
        gw[c] = static_cast<T>(sums.second);
        const double weight = a.weight != nullptr ? a.weight[channel + c] : 1;
        const auto are_finite = [&] { return all_finite(g + c * l.inner, l.inner); };
        sum += weighted_sum(weight, sums.first, are_finite);
        sum_of_products += weighted_sum(weight, sums.second, are_finite);
      }
      if (a.gx == nullptr) continue;
      const double count = static_cast<double>(l.row());
      for (std::int64_t c = 0; c < l.channels; ++c) {
        const RunCotangent<T> cotangent{a.weight != nullptr ? a.weight[channel + c] : T(1), a.statistics.scales[row],
                                        a.centered ? static_cast<T>(sum / count) : T(0),
                                        static_cast<T>(sum_of_products / count), normalized};
        map_row<T>(
            l.inner, T(0), a.gx + row * l.row() + c * l.inner, [&](Batch<T> g, Batch<T> x) { return cotangent(g, x); },
            g + c * l.inner, x + c * l.inner);
      }
    }
  }
};

/// Groups that are spread over `outer`: one part. Over groups.
template <class T>
struct SpreadCotangents {
  CotangentArguments<T> a;

  static void run(const SpreadCotangents& kernel, std::int64_t begin, std::int64_t end) {
    const CotangentArguments<T>& a = kernel.a;
    const NormLayout l = a.layout;
    for (std::int64_t group = begin; group < end; ++group) {
      const Normalizer<T> normalized(a.statistics, group);
      TwoSums<T> sums;
      for (std::int64_t o = 0; o < l.outer; ++o) {
        const std::int64_t at = (o * l.period + group) * l.inner;
        const TwoSums<T> more = sum_row_twice<T>(
            l.inner,
            [&](Batch<T> g, Batch<T> x) {
              return TwoBatches<T>{g, g * normalized(x)};
            },
            a.g + at, a.x + at);
        sums.first += more.first;
        sums.second += more.second;
      }
      a.part(0, false)[group] = static_cast<T>(sums.second);
      a.part(0, true)[group] = static_cast<T>(sums.first);
      if (a.gx == nullptr) continue;
      const T weight = a.weight != nullptr ? a.weight[group] : T(1);
      if (a.are_constants) {
        for (std::int64_t o = 0; o < l.outer; ++o) {
          const std::int64_t at = (o * l.period + group) * l.inner;
          constant_cotangent(l.inner, a.g + at, weight, a.statistics.scales[group], a.gx + at);
        }
        continue;
      }
      const double factor = static_cast<double>(weight) / static_cast<double>(l.count());
      const auto are_finite = [&] {
        bool finite = true;
        for_segments(l, group, a.g, [&](const T* g) { finite = finite && all_finite(g, l.inner); });
        return finite;
      };
      const RunCotangent<T> cotangent{weight, a.statistics.scales[group],
                                      static_cast<T>(weighted_sum(factor, sums.first, are_finite)),
                                      static_cast<T>(weighted_sum(factor, sums.second, are_finite)), normalized};
      for (std::int64_t o = 0; o < l.outer; ++o) {
        const std::int64_t at = (o * l.period + group) * l.inner;
        map_row<T>(
            l.inner, T(0), a.gx + at, [&](Batch<T> g, Batch<T> x) { return cotangent(g, x); }, a.g + at, a.x + at);
      }
    }
  }
};

/// Groups that are columns of a matrix [outer, period], a tile of them at a time: one part.
template <class T>
struct ColumnCotangents {
  CotangentArguments<T> a;

  static void run(const ColumnCotangents& kernel, std::int64_t begin, std::int64_t end) {
    const CotangentArguments<T>& a = kernel.a;
    const std::int64_t rows = a.layout.outer, step = a.layout.period;
    for (std::int64_t tile = begin; tile < end; ++tile) {
      const std::int64_t first = tile * kColumns, count = std::min(kColumns, step - first);
      const T *g = a.g + first, *x = a.x + first, *center = a.statistics.centers + first,
              *shift = a.statistics.shifts + first, *scale = a.statistics.scales + first;
      auto normalized = [&](std::int64_t i, std::int64_t j) {
        return ((x[i * step + j] - center[j]) - shift[j]) * scale[j];
      };
      double sum[kColumns] = {}, products[kColumns] = {};
      for (std::int64_t i = 0; i < rows; ++i)
        for (std::int64_t j = 0; j < count; ++j) {
          sum[j] += g[i * step + j];
          products[j] += g[i * step + j] * normalized(i, j);
        }
      for (std::int64_t j = 0; j < count; ++j) {
        a.part(0, false)[first + j] = static_cast<T>(products[j]);
        a.part(0, true)[first + j] = static_cast<T>(sum[j]);
      }
      if (a.gx == nullptr) continue;
      if (a.are_constants) {
        for (std::int64_t i = 0; i < rows; ++i)
          for (std::int64_t j = 0; j < count; ++j) {
            const T v = a.weight != nullptr ? g[i * step + j] * a.weight[first + j] : g[i * step + j];
            a.gx[first + i * step + j] = v * scale[j];
          }
        continue;
      }
      const double factor = 1 / static_cast<double>(rows);
      T mean[kColumns], of_products[kColumns], slope[kColumns];
      for (std::int64_t j = 0; j < count; ++j) {
        mean[j] = static_cast<T>(factor * sum[j]);
        of_products[j] = static_cast<T>(factor * products[j]);
        slope[j] = a.weight != nullptr ? scale[j] * a.weight[first + j] : scale[j];
      }
      for (std::int64_t i = 0; i < rows; ++i)
        for (std::int64_t j = 0; j < count; ++j)
          a.gx[first + i * step + j] = ((g[i * step + j] - mean[j]) - normalized(i, j) * of_products[j]) * slope[j];
    }
  }
};

std::int64_t column_tiles(const NormLayout& l) { return (l.period + kColumns - 1) / kColumns; }

/// Whether the groups are columns of a matrix.
bool are_columns(const NormLayout& l) { return !l.by_row && l.inner == 1; }

}  // namespace

template <class T>
void norm_statistics(const NormLayout& layout, const T* x, const NormKind& kind, const NormStatistics<T>& statistics) {
  if (are_columns(layout))
    return launch(ColumnStatistics<T>{layout, x, kind, statistics}, column_tiles(layout),
                  grain_of(layout.outer * kColumns));
  launch(Statistics<T>{layout, x, kind, statistics}, layout.groups(), grain_of(layout.count()));
}

template <class T>
void normalize_elements(const NormLayout& layout, const T* x, const NormStatistics<T>& statistics, const T* weight,
                        const T* bias, T* y) {
  if (are_columns(layout))
    return launch(ColumnValues<T>{layout, x, statistics, weight, bias, y}, layout.outer, grain_of(layout.period));
  launch(NormValues<T>{layout, x, statistics, weight, bias, y}, layout.rows(), grain_of(layout.row()));
}

std::int64_t norm_parts(const NormLayout& layout) {
  if (!layout.by_row) return 1;
  return layout.inner == 1 ? (layout.outer + kPartRows - 1) / kPartRows : layout.outer;
}

template <class T>
void norm_cotangents(const NormLayout& layout, const T* g, const T* x, const NormStatistics<T>& statistics,
                     const T* weight, const NormKind& kind, bool are_constants, T* gx, T* parts) {
  const CotangentArguments<T> arguments{layout, g, x, statistics, weight, kind.centered, are_constants, gx, parts};
  if (are_columns(layout))
    launch(ColumnCotangents<T>{arguments}, column_tiles(layout), grain_of(layout.outer * kColumns));
  else if (!layout.by_row)
    launch(SpreadCotangents<T>{arguments}, layout.period, grain_of(layout.count()));
  else if (layout.inner == 1)
    launch(RowCotangents<T>{arguments}, norm_parts(layout), grain_of(kPartRows * layout.period * layout.channels));
  else
    launch(ChannelCotangents<T>{arguments}, layout.rows(), grain_of(layout.row()));
}

#define XGRAD_INSTANTIATE(T)                                                                                       \
  template void norm_statistics(const NormLayout&, const T*, const NormKind&, const NormStatistics<T>&);           \
  template void normalize_elements(const NormLayout&, const T*, const NormStatistics<T>&, const T*, const T*, T*); \
  template void norm_cotangents(const NormLayout&, const T*, const T*, const NormStatistics<T>&, const T*,         \
                                const NormKind&, bool, T*, T*);
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

}  // namespace xgrad::internal
