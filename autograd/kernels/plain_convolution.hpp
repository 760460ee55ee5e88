// The convolution of integers: sums as they stand, one element after the other, since no training loop has them.
#pragma once

#include <algorithm>
#include <cstdint>

#include "convolution.hpp"

namespace xgrad::internal {

/// Whether the tap k of a place reads within x; `at` is where.
inline bool is_inside(const ConvGeometry& g, int axis, std::int64_t place, std::int64_t k, std::int64_t& at) {
  at = place * g.stride[axis] + k * g.dilation[axis] - g.before[axis];
  return 0 <= at && at < g.in[axis];
}

/// Calls use(place of y, element of the kernel, place of x) for all that meet in one plane.
template <class Use>
void for_meetings(const ConvGeometry& g, const Use& use) {
  for (std::int64_t i = 0; i < g.out[0] * g.out[1] * g.out[2]; ++i)
    for (std::int64_t k = 0; k < g.kernel[0] * g.kernel[1] * g.kernel[2]; ++k) {
      std::int64_t d, h, w;
      if (is_inside(g, 0, i / g.out[2] / g.out[1], k / g.kernel[2] / g.kernel[1], d) &&
          is_inside(g, 1, i / g.out[2] % g.out[1], k / g.kernel[2] % g.kernel[1], h) &&
          is_inside(g, 2, i % g.out[2], k % g.kernel[2], w))
        use(i, k, (d * g.in[1] + h) * g.in[2] + w);
    }
}

/// The convolution, or its transpose, of integers. Over channels of the result of all samples.
template <class T, bool kBack>
struct PlainConvolution {
  ConvGeometry geometry;
  const T *from, *w, *bias;
  T* to;

  static void run(const PlainConvolution& a, std::int64_t begin, std::int64_t end) {
    const ConvGeometry& g = a.geometry;
    const std::int64_t in_size = ConvGeometry::product(g.in), out_size = ConvGeometry::product(g.out),
                       taps = ConvGeometry::product(g.kernel);
    const std::int64_t outs = kBack ? g.in_channels : g.out_channels, sources = kBack ? g.out_channels : g.in_channels,
                       to_size = kBack ? in_size : out_size, from_size = kBack ? out_size : in_size;
    for (std::int64_t at = begin; at < end; ++at) {
      const std::int64_t channel = at % outs, group = at / outs % g.groups, sample = at / outs / g.groups;
      T* to = a.to + at * to_size;
      std::fill_n(to, to_size, a.bias != nullptr ? a.bias[group * outs + channel] : T(0));
      for (std::int64_t source = 0; source < sources; ++source) {
        const T* from = a.from + ((sample * g.groups + group) * sources + source) * from_size;
        const std::int64_t o = kBack ? source : channel, c = kBack ? channel : source;
        const T* w = a.w + ((group * g.out_channels + o) * g.in_channels + c) * taps;
        for_meetings(g, [&](std::int64_t y, std::int64_t k, std::int64_t x) {
          if constexpr (kBack)
            to[x] += from[y] * w[k];
          else
            to[y] += from[x] * w[k];
        });
      }
    }
  }
};

}  // namespace xgrad::internal
