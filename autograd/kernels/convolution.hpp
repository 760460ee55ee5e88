// Convolutions of raw memory in up to three axes: their value, their transpose, and the gradient of the weight. All
// three are linear in each operand, and each is what the other two are differentiated to.
#pragma once

#include <cstdint>

namespace xgrad::internal {

/// A convolution y[n, o, p] = sum over c and k of w[o, c, k] x[n, c, p stride + k dilation - before], x being 0
/// outside. Fewer than three axes: the first ones have extent 1. Channels are those of one group.
struct ConvGeometry {
  static constexpr int kAxes = 3;

  std::int64_t batch, groups, in_channels, out_channels;
  std::int64_t in[kAxes], out[kAxes], kernel[kAxes], stride[kAxes], dilation[kAxes], before[kAxes];

  static std::int64_t product(const std::int64_t (&extents)[kAxes]) { return extents[0] * extents[1] * extents[2]; }
};

/// y = the convolution of x [batch, groups in_channels, in] with w [groups out_channels, in_channels, kernel], plus
/// bias [groups out_channels], which may be null. T: float, double or std::int64_t.
template <class T>
void convolve(const ConvGeometry& geometry, const T* x, const T* w, const T* bias, T* y);

/// The transpose by x: x = the convolution's cotangent of x for y's cotangent g, plus bias [groups in_channels], which
/// may be null. T: float, double or std::int64_t.
template <class T>
void convolve_back(const ConvGeometry& geometry, const T* g, const T* w, const T* bias, T* x);

/// The transpose by w: w = the convolution's cotangent of w for y's cotangent g. T: float or double.
template <class T>
void convolve_weight(const ConvGeometry& geometry, const T* x, const T* g, T* w);

}  // namespace xgrad::internal
