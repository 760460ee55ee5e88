// Reading images between their elements, at places that a grid names. Raw memory; T: float or double.
#pragma once

#include <cstdint>

namespace xgrad::internal {

enum class SampleMode : std::uint8_t { linear, nearest, cubic };
enum class SamplePadding : std::uint8_t { zeros, border, reflection };

/// x [batch, channels, in], grid [batch, places, axes], y [batch, channels, places]. The grid's first coordinate is
/// along the last of the `axes` extents.
struct SampleShape {
  static constexpr int kMostAxes = 3;

  std::int64_t batch, channels, places;
  int axes;
  std::int64_t in[kMostAxes];
  SampleMode mode;
  SamplePadding padding;
  bool align_corners;

  std::int64_t in_size() const { return in[0] * in[1] * (axes == 3 ? in[2] : 1); }
  /// How many elements of an axis a place reads.
  int taps() const { return mode == SampleMode::nearest ? 1 : mode == SampleMode::linear ? 2 : 4; }
};

template <class T>
void grid_sample_values(const SampleShape& shape, const T* x, const T* grid, T* y);

/// The cotangents of x and of the grid, each of which may be null.
template <class T>
void grid_sample_cotangents(const SampleShape& shape, const T* x, const T* grid, const T* g, T* gx, T* ggrid);

/// What each place reads of each axis (the axes in the order of the extents): the elements [axes, taps, batch, places],
/// -1 for those outside, how far the place is behind the first of them (for cubic: the second) [axes, batch, places],
/// and how fast that changes with the coordinate. What the derivatives of higher order are made of.
template <class T>
void grid_sample_taps(const SampleShape& shape, const T* grid, std::int64_t* elements, T* parts, T* slopes);

}  // namespace xgrad::internal
