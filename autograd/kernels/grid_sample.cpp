#include "grid_sample.hpp"

#include <algorithm>
#include <cmath>

#include "../base/launch.hpp"

namespace xgrad::internal {
namespace {

constexpr int kMostTaps = 4;
/// Elements read that are worth a thread.
constexpr std::int64_t kGrain = 16384;

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
    taps.element[0] = element_at(std::nearbyint(p.at), extent);
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

/// A place with its taps along all axes; fewer than three: the first one reads its only element.
template <class T>
struct Place {
  Taps<T> taps[SampleShape::kMostAxes];
  Weights<T> weights[SampleShape::kMostAxes];

  Place(const SampleShape& s, const T* coordinates) {
    const int missing = SampleShape::kMostAxes - s.axes;
    for (int axis = 0; axis < missing; ++axis) {
      taps[axis] = {};
      weights[axis] = {};
      weights[axis].value[0] = 1;
    }
    for (int axis = 0; axis < s.axes; ++axis) {
      taps[missing + axis] = taps_of(s, coordinates[s.axes - 1 - axis], s.in[axis]);
      weights[missing + axis] = weights_of(s, taps[missing + axis]);
    }
  }

  /// Calls use(element in the plane, i, j, k) for the taps that lie in x.
  template <class Use>
  void for_elements(const SampleShape& s, const Use& use) const {
    const int count = s.taps(), missing = SampleShape::kMostAxes - s.axes;
    const std::int64_t height = s.in[1 - missing], width = s.in[2 - missing];
    for (int i = 0; i < (missing > 0 ? 1 : count); ++i)
      for (int j = 0; j < count; ++j)
        for (int k = 0; k < count; ++k) {
          const std::int64_t z = taps[0].element[i], y = taps[1].element[j], x = taps[2].element[k];
          if (z >= 0 && y >= 0 && x >= 0) use((z * height + y) * width + x, i, j, k);
        }
  }
};

template <class T>
struct Values {
  SampleShape shape;
  const T *x, *grid;
  T* y;

  /// Over places of all samples.
  static void run(const Values& a, std::int64_t begin, std::int64_t end) {
    const SampleShape& s = a.shape;
    const std::int64_t in = s.in_size();
    for (std::int64_t at = begin; at < end; ++at) {
      const std::int64_t sample = at / s.places, place = at % s.places;
      const T* x = a.x + sample * s.channels * in;
      T* y = a.y + sample * s.channels * s.places + place;
      for (std::int64_t c = 0; c < s.channels; ++c) y[c * s.places] = 0;
      const Place<T> read(s, a.grid + at * s.axes);
      read.for_elements(s, [&](std::int64_t element, int i, int j, int k) {
        const T weight = read.weights[0].value[i] * read.weights[1].value[j] * read.weights[2].value[k];
        for (std::int64_t c = 0; c < s.channels; ++c) y[c * s.places] += weight * x[c * in + element];
      });
    }
  }
};

template <class T>
struct Cotangents {
  SampleShape shape;
  const T *x, *grid, *g;
  T *gx, *ggrid;

  /// Over samples.
  static void run(const Cotangents& a, std::int64_t begin, std::int64_t end) {
    const SampleShape& s = a.shape;
    const std::int64_t in = s.in_size();
    const int missing = SampleShape::kMostAxes - s.axes;
    for (std::int64_t sample = begin; sample < end; ++sample) {
      const T* x = a.x + sample * s.channels * in;
      T* gx = a.gx != nullptr ? a.gx + sample * s.channels * in : nullptr;
      if (gx != nullptr) std::fill_n(gx, s.channels * in, T(0));
      for (std::int64_t place = 0; place < s.places; ++place) {
        const T* g = a.g + sample * s.channels * s.places + place;
        const std::int64_t at = (sample * s.places + place) * s.axes;
        const Place<T> read(s, a.grid + at);
        T slopes[SampleShape::kMostAxes] = {};
        read.for_elements(s, [&](std::int64_t element, int i, int j, int k) {
          const Weights<T>* w = read.weights;
          const T weight = w[0].value[i] * w[1].value[j] * w[2].value[k];
          T dot = 0;
          for (std::int64_t c = 0; c < s.channels; ++c) {
            const T cotangent = g[c * s.places];
            if (gx != nullptr) gx[c * in + element] += weight * cotangent;
            dot += cotangent * x[c * in + element];
          }
          slopes[0] += dot * w[0].slope[i] * w[1].value[j] * w[2].value[k];
          slopes[1] += dot * w[0].value[i] * w[1].slope[j] * w[2].value[k];
          slopes[2] += dot * w[0].value[i] * w[1].value[j] * w[2].slope[k];
        });
        if (a.ggrid != nullptr)
          for (int axis = 0; axis < s.axes; ++axis) a.ggrid[at + s.axes - 1 - axis] = slopes[missing + axis];
      }
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
  launch(Values<T>{s, x, grid, y}, s.batch * s.places, kGrain / (8 * s.channels + 1) + 1);
}

template <class T>
void grid_sample_cotangents(const SampleShape& s, const T* x, const T* grid, const T* g, T* gx, T* ggrid) {
  launch(Cotangents<T>{s, x, grid, g, gx, ggrid}, s.batch, kGrain / (8 * s.channels * s.places + 1) + 1);
}

template <class T>
void grid_sample_taps(const SampleShape& s, const T* grid, std::int64_t* elements, T* parts, T* slopes) {
  launch(WriteTaps<T>{s, grid, elements, parts, slopes}, s.batch * s.places, kGrain);
}

#define XGRAD_INSTANTIATE(T)                                                                                     \
  template void grid_sample_values(const SampleShape&, const T*, const T*, T*);                                  \
  template void grid_sample_cotangents(const SampleShape&, const T*, const T*, const T*, T*, T*);                \
  template void grid_sample_taps(const SampleShape&, const T*, std::int64_t*, T*, T*);
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

}  // namespace xgrad::internal
