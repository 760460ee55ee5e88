#include "grid_sample.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <type_traits>
#include <vector>

#include "../base/launch.hpp"
#include "scatter.hpp"

namespace xgrad::internal {
namespace {

constexpr int kMostTaps = 4;
/// Elements read that are worth a thread.
constexpr std::int64_t kGridGrain = 16384;

/// A place along one axis, and how fast it changes with the coordinate.
template <class T>
struct Position {
  T at, slope;
};

template <class T>
Position<T> unnormalised(T coordinate, std::int64_t extent, bool align_corners) {
  if (coordinate != coordinate) return unnormalised(T(-1), extent, align_corners);
  const T size = static_cast<T>(extent);
  if (align_corners) return {(coordinate + 1) / 2 * (size - 1), (size - 1) / 2};
  return {((coordinate + 1) * size - 1) / 2, size / 2};
}

template <class T>
Position<T> clipped(Position<T> p, std::int64_t extent) {
  const T last = static_cast<T>(extent - 1);
  if (p.at <= 0) return {0, 0};
  return p.at >= last ? Position<T>{last, 0} : p;
}

/// Reflected at low and low + span.
template <class T>
Position<T> reflected(Position<T> p, T low, T span) {
  if (span == 0) return {0, 0};
  const T sign = p.at < low ? T(-1) : T(1), distance = std::abs(p.at - low);
  const T rest = std::fmod(distance, span);
  const bool is_back = std::fmod(std::floor(distance / span), T(2)) != 0;
  return is_back ? Position<T>{span - rest + low, -sign * p.slope} : Position<T>{rest + low, sign * p.slope};
}

template <class T>
Position<T> padded(Position<T> p, std::int64_t extent, SamplePadding padding, bool align_corners) {
  if (padding == SamplePadding::border) return clipped(p, extent);
  if (padding == SamplePadding::zeros) return p;
  const T size = static_cast<T>(extent);
  return clipped(align_corners ? reflected(p, T(0), size - 1) : reflected(p, T(-0.5), size), extent);
}

/// The place as an element, or -1 where it lies outside. Far ones would not fit an integer.
template <class T>
std::int64_t element_at(T place, std::int64_t extent) {
  return place >= 0 && place <= static_cast<T>(extent - 1) ? static_cast<std::int64_t>(place) : -1;
}

/// What a place reads of one axis.
template <class T>
struct Taps {
  std::int64_t element[kMostTaps];
  T part, slope;
};

template <class T>
Taps<T> taps_of(const SampleShape& s, T coordinate, std::int64_t extent) {
  Position<T> p = unnormalised(coordinate, extent, s.align_corners);
  Taps<T> taps{};
  if (s.mode == SampleMode::cubic) {
    const T first = std::floor(p.at);
    for (int k = 0; k < 4; ++k) {
      const Position<T> tap{first - 1 + static_cast<T>(k), 0};
      taps.element[k] = element_at(padded(tap, extent, s.padding, s.align_corners).at, extent);
    }
    taps.part = p.at - first;
    taps.slope = p.slope;
    return taps;
  }
  p = padded(p, extent, s.padding, s.align_corners);
  if (s.mode == SampleMode::nearest) {
    // Halves as PyTorch rounds them: to even along two axes, away from 0 along three.
    taps.element[0] = element_at(s.axes == 3 ? std::round(p.at) : std::nearbyint(p.at), extent);
    return taps;
  }
  const T first = std::floor(p.at);
  taps.element[0] = element_at(first, extent);
  taps.element[1] = element_at(first + 1, extent);
  taps.part = p.at - first;
  taps.slope = p.slope;
  return taps;
}

/// Weights of the taps, and their derivatives by the coordinate.
template <class T>
struct Weights {
  T value[kMostTaps], slope[kMostTaps];
};

template <class T>
Weights<T> weights_of(const SampleShape& s, const Taps<T>& taps) {
  Weights<T> w{};
  const T t = taps.part, m = taps.slope;
  if (s.mode == SampleMode::nearest) {
    w.value[0] = 1;
  } else if (s.mode == SampleMode::linear) {
    w.value[0] = 1 - t;
    w.value[1] = t;
    w.slope[0] = -m;
    w.slope[1] = m;
  } else {
    constexpr T a = T(-0.75);
    auto near = [](T x) { return ((a + 2) * x - (a + 3)) * x * x + 1; };
    auto far = [](T x) { return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a; };
    auto near_slope = [](T x) { return (3 * (a + 2) * x - 2 * (a + 3)) * x; };
    auto far_slope = [](T x) { return (3 * a * x - 10 * a) * x + 8 * a; };
    w.value[0] = far(t + 1);
    w.value[1] = near(t);
    w.value[2] = near(1 - t);
    w.value[3] = far(2 - t);
    w.slope[0] = m * far_slope(t + 1);
    w.slope[1] = m * near_slope(t);
    w.slope[2] = -m * near_slope(1 - t);
    w.slope[3] = -m * far_slope(2 - t);
  }
  return w;
}

/// Places that are worked on together, and the most elements that one reads.
constexpr int kGridBlock = 32;
constexpr int kMostElements = 16;

/// What some places read, element by element: where, -1 for what lies outside, and with which weight.
template <class T>
struct Reads {
  std::int64_t element[kMostElements][kGridBlock];
  T weight[kMostElements][kGridBlock];
  Weights<T> weights[SampleShape::kMostAxes][kGridBlock];
  int count;  // of elements

  /// grid: the coordinates of the first place.
  Reads(const SampleShape& s, const T* grid, int places) {
    const int taps = s.taps(), missing = SampleShape::kMostAxes - s.axes, depth_taps = missing > 0 ? 1 : taps;
    const std::int64_t height = s.in[1 - missing], width = s.in[2 - missing];
    count = depth_taps * taps * taps;
    for (int place = 0; place < places; ++place) {
      Taps<T> axis[SampleShape::kMostAxes] = {};
      weights[0][place] = {};
      weights[0][place].value[0] = 1;  // of images of two axes: the first one is read at its only element
      for (int i = 0; i < s.axes; ++i) {
        axis[missing + i] = taps_of(s, grid[place * s.axes + s.axes - 1 - i], s.in[i]);
        weights[missing + i][place] = weights_of(s, axis[missing + i]);
      }
      for (int i = 0, at = 0; i < depth_taps; ++i)
        for (int j = 0; j < taps; ++j)
          for (int k = 0; k < taps; ++k, ++at) {
            const std::int64_t z = axis[0].element[i], y = axis[1].element[j], x = axis[2].element[k];
            element[at][place] = z < 0 || y < 0 || x < 0 ? -1 : (z * height + y) * width + x;
            weight[at][place] = weights[0][place].value[i] * weights[1][place].value[j] * weights[2][place].value[k];
          }
    }
  }

  /// The derivatives of a place's value by its coordinates, the first axis first, from the sums of g x at its elements.
  void slopes(const SampleShape& s, const T (&dots)[kMostElements][kGridBlock], int place,
              T (&to)[SampleShape::kMostAxes]) const {
    const int taps = s.taps(), depth_taps = count / (taps * taps);
    const Weights<T>&d = weights[0][place], &h = weights[1][place], &w = weights[2][place];
    std::fill_n(to, SampleShape::kMostAxes, T(0));
    for (int i = 0, at = 0; i < depth_taps; ++i)
      for (int j = 0; j < taps; ++j)
        for (int k = 0; k < taps; ++k, ++at) {
          const T dot = dots[at][place];
          to[0] += dot * d.slope[i] * h.value[j] * w.value[k];
          to[1] += dot * d.value[i] * h.slope[j] * w.value[k];
          to[2] += dot * d.value[i] * h.value[j] * w.slope[k];
        }
  }
};

template <class T>
struct SampleValues {
  SampleShape shape;
  const T *x, *grid;
  T* y;

  static std::int64_t blocks(const SampleShape& s) { return (s.places + kGridBlock - 1) / kGridBlock; }

  /// Over blocks of places of all samples.
  static void run(const SampleValues& a, std::int64_t begin, std::int64_t end) {
    const SampleShape& s = a.shape;
    const std::int64_t in = s.in_size();
    for (std::int64_t at = begin; at < end; ++at) {
      const std::int64_t sample = at / blocks(s), first = at % blocks(s) * kGridBlock;
      const int places = static_cast<int>(std::min<std::int64_t>(kGridBlock, s.places - first));
      const Reads<T> reads(s, a.grid + (sample * s.places + first) * s.axes, places);
      for (std::int64_t c = 0; c < s.channels; ++c) {
        const T* x = a.x + (sample * s.channels + c) * in;
        T sum[kGridBlock] = {};
        for (int k = 0; k < reads.count; ++k)
          for (int place = 0; place < places; ++place) {
            const std::int64_t element = reads.element[k][place];
            sum[place] += element >= 0 ? reads.weight[k][place] * x[element] : T(0);
          }
        std::copy_n(sum, places, a.y + (sample * s.channels + c) * s.places + first);
      }
    }
  }
};

// Most grids read no element often: gx is added up plainly, and how often elements are read is counted on the way, in a
// small table for each sample. A float32 to which ones are added one by one stops at 2^24: so samples whose elements
// are read often are added up again, in double.

template <class T>
struct Cotangents {
  SampleShape shape;
  const T *x, *grid, *g;
  T *gx, *ggrid;
  std::uint32_t* uses;  // [batch, uses_size]; null: not counted
  std::int64_t uses_size;

  /// Over samples.
  static void run(const Cotangents& a, std::int64_t begin, std::int64_t end) {
    const SampleShape& s = a.shape;
    const std::int64_t planes = s.channels * s.in_size();
    for (std::int64_t sample = begin; sample < end; ++sample) {
      if (a.gx != nullptr) std::fill_n(a.gx + sample * planes, planes, T(0));
      if (a.uses != nullptr) std::fill_n(a.uses + sample * a.uses_size, a.uses_size, 0u);
      for (std::int64_t first = 0; first < s.places; first += kGridBlock)
        block(a, sample, first, static_cast<int>(std::min<std::int64_t>(kGridBlock, s.places - first)));
    }
  }

  static void block(const Cotangents& a, std::int64_t sample, std::int64_t first, int places) {
    const SampleShape& s = a.shape;
    const std::int64_t in = s.in_size(), at = (sample * s.places + first) * s.axes;
    const Reads<T> reads(s, a.grid + at, places);
    if (a.uses != nullptr) {
      std::uint32_t* uses = a.uses + sample * a.uses_size;
      for (int k = 0; k < reads.count; ++k)
        for (int place = 0; place < places; ++place)
          if (reads.element[k][place] >= 0) ++uses[reads.element[k][place] & (a.uses_size - 1)];
    }
    T dots[kMostElements][kGridBlock] = {};
    for (std::int64_t c = 0; c < s.channels; ++c) {
      const std::int64_t plane = (sample * s.channels + c) * in;
      const T *x = a.x + plane, *g = a.g + (sample * s.channels + c) * s.places + first;
      for (int k = 0; k < reads.count; ++k) {
        if (a.ggrid != nullptr)
          for (int place = 0; place < places; ++place) {
            const std::int64_t element = reads.element[k][place];
            dots[k][place] += element >= 0 ? g[place] * x[element] : T(0);
          }
        if (a.gx == nullptr) continue;
        for (int place = 0; place < places; ++place)
          if (reads.element[k][place] >= 0) a.gx[plane + reads.element[k][place]] += reads.weight[k][place] * g[place];
      }
    }
    if (a.ggrid == nullptr) return;
    for (int place = 0; place < places; ++place) {
      T slopes[SampleShape::kMostAxes];
      reads.slopes(s, dots, place, slopes);
      for (int axis = 0; axis < s.axes; ++axis)
        a.ggrid[at + place * s.axes + s.axes - 1 - axis] = slopes[SampleShape::kMostAxes - s.axes + axis];
    }
  }
};

/// gx of some samples, added up in double. Over these samples.
template <class T>
struct CarefulCotangents {
  SampleShape shape;
  const std::int64_t* samples;
  const T *grid, *g;
  double* sums;  // [samples, channels, in]
  T* gx;

  static void run(const CarefulCotangents& a, std::int64_t begin, std::int64_t end) {
    const SampleShape& s = a.shape;
    const std::int64_t in = s.in_size(), planes = s.channels * in;
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t sample = a.samples[i];
      double* sums = a.sums + i * planes;
      std::fill_n(sums, planes, 0.0);
      for (std::int64_t first = 0; first < s.places; first += kGridBlock) {
        const int places = static_cast<int>(std::min<std::int64_t>(kGridBlock, s.places - first));
        const Reads<T> reads(s, a.grid + (sample * s.places + first) * s.axes, places);
        for (std::int64_t c = 0; c < s.channels; ++c) {
          const T* g = a.g + (sample * s.channels + c) * s.places + first;
          for (int k = 0; k < reads.count; ++k)
            for (int place = 0; place < places; ++place)
              if (reads.element[k][place] >= 0)
                sums[c * in + reads.element[k][place]] += reads.weight[k][place] * g[place];
        }
      }
      for (std::int64_t k = 0; k < planes; ++k) a.gx[sample * planes + k] = static_cast<T>(sums[k]);
    }
  }
};

template <class T>
struct WriteTaps {
  SampleShape shape;
  const T* grid;
  std::int64_t* elements;
  T *parts, *slopes;

  /// Over places of all samples.
  static void run(const WriteTaps& a, std::int64_t begin, std::int64_t end) {
    const SampleShape& s = a.shape;
    const std::int64_t all = s.batch * s.places;
    for (std::int64_t at = begin; at < end; ++at)
      for (int axis = 0; axis < s.axes; ++axis) {
        const Taps<T> taps = taps_of(s, a.grid[at * s.axes + s.axes - 1 - axis], s.in[axis]);
        for (int k = 0; k < s.taps(); ++k) a.elements[(axis * s.taps() + k) * all + at] = taps.element[k];
        a.parts[axis * all + at] = taps.part;
        a.slopes[axis * all + at] = taps.slope;
      }
  }
};

}  // namespace

template <class T>
void grid_sample_values(const SampleShape& s, const T* x, const T* grid, T* y) {
  launch(SampleValues<T>{s, x, grid, y}, s.batch * SampleValues<T>::blocks(s),
         kGridGrain / (8 * kGridBlock * s.channels + 1) + 1);
}

template <class T>
void grid_sample_cotangents(const SampleShape& s, const T* x, const T* grid, const T* g, T* gx, T* ggrid) {
  const std::int64_t grain = kGridGrain / (8 * s.channels * s.places + 1) + 1;
  std::int64_t reads = s.places;  // of a sample
  for (int axis = 0; axis < s.axes; ++axis) reads *= s.taps();
  if (!std::is_same_v<T, float> || gx == nullptr || reads <= kFewTerms)
    return launch(Cotangents<T>{s, x, grid, g, gx, ggrid, nullptr, 0}, s.batch, grain);
  // As in UseCounts: about half of kFewTerms chance meetings are far from what counts as often.
  constexpr std::int64_t kSmallest = 256;
  const auto size = static_cast<std::int64_t>(
      std::bit_ceil(static_cast<std::uint64_t>(std::max(kSmallest, std::min(reads / (kFewTerms / 2), s.in_size())))));
  std::vector<std::uint32_t> uses(static_cast<std::size_t>(s.batch * size));
  launch(Cotangents<T>{s, x, grid, g, gx, ggrid, uses.data(), size}, s.batch, grain);
  std::vector<std::int64_t> samples;
  for (std::int64_t sample = 0; sample < s.batch; ++sample)
    if (*std::max_element(uses.begin() + sample * size, uses.begin() + (sample + 1) * size) > kFewTerms)
      samples.push_back(sample);
  if (samples.empty()) return;
  const auto count = static_cast<std::int64_t>(samples.size());
  Tensor sums = new_tensor({count, s.channels * s.in_size()}, DType::float64);
  launch(CarefulCotangents<T>{s, samples.data(), grid, g, data_of<double>(sums), gx}, count, grain);
}

template <class T>
void grid_sample_taps(const SampleShape& s, const T* grid, std::int64_t* elements, T* parts, T* slopes) {
  launch(WriteTaps<T>{s, grid, elements, parts, slopes}, s.batch * s.places, kGridGrain);
}

#define XGRAD_INSTANTIATE(T)                                                                      \
  template void grid_sample_values(const SampleShape&, const T*, const T*, T*);                   \
  template void grid_sample_cotangents(const SampleShape&, const T*, const T*, const T*, T*, T*); \
  template void grid_sample_taps(const SampleShape&, const T*, std::int64_t*, T*, T*);
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

}  // namespace xgrad::internal
