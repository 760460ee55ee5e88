// Images at other sizes, and at any places between their elements.
#pragma once

#include <array>
#include <concepts>
#include <initializer_list>
#include <optional>

#include "../tensor.hpp"
#include "per_axis.hpp"

namespace xgrad XGRAD_API {

/// How interpolate() reads x between its elements.
enum class Interpolation : std::uint8_t {
  nearest,        ///< the element at floor(place scale), as PyTorch and OpenCV have it
  nearest_exact,  ///< the element that is nearest to the place's middle
  linear,         ///< between neighbours, along one, two (bilinear) or three axes (trilinear)
  cubic,          ///< by cubics through four neighbours (bicubic), along two axes
  area            ///< the mean of the elements that a place covers
};

/// One factor for each axis, or one for all of them.
class PerAxisFactor {
 public:
  PerAxisFactor() = default;  ///< none
  template <class T>
  requires std::integral<T> || std::floating_point<T> PerAxisFactor(T all)
      : factors_{static_cast<double>(all)}, count_(1) {}
  PerAxisFactor(std::initializer_list<double> each, SourceLocation where = SourceLocation::current());

  bool empty() const { return count_ == 0; }
  int count() const { return count_; }
  double operator[](int axis) const { return factors_[count_ == 1 ? 0 : axis]; }

 private:
  std::array<double, 3> factors_{};
  int count_ = 0;
};

/// Options of interpolate. Either size or scale_factor is given.
struct InterpolateOptions {
  PerAxis size = {};                ///< the extents of the result
  PerAxisFactor scale_factor = {};  ///< they are floor(extent scale_factor)
  Interpolation mode = Interpolation::nearest;
  bool align_corners = false;  ///< of linear and cubic: the first and last places are the first and last elements
  /// Take the ratio of the extents as the scale even where scale_factor gives another (area always does).
  bool recompute_scale_factor = false;
  bool antialias = false;  ///< of linear and cubic along two axes: each place weighs all that it covers
};
/// Images at another size: each axis after the channels is read at evenly spaced places.
/// Shapes: `x [N, C, L]`, `[N, C, H, W]` or `[N, C, D, H, W] -> ` the same with other extents after C.
/// Dtype: floating; integers become the default dtype.
/// Derivative: the transposed map of g, which is linear.
/// Throws: std::invalid_argument for other shapes and for no elements, unless one of size and scale_factor is given,
/// fits the axes and makes extents above 0, for align_corners, antialias and cubic where they are not for that mode or
/// number of axes.
/// Example: `interpolate(ones({1, 3, 8}), {.scale_factor = 2, .mode = Interpolation::linear})`
/// NumPy: -
/// PyTorch: `nn.functional.interpolate`, whose modes name the number of axes, too: bilinear, trilinear, bicubic
Tensor interpolate(const Operand& x, InterpolateOptions options);

/// How grid_sample() reads x between its elements.
enum class GridInterpolation : std::uint8_t { linear, nearest, cubic };
/// What grid_sample() reads outside of x.
enum class GridPadding : std::uint8_t {
  zeros,      ///< 0
  border,     ///< the element at the border
  reflection  ///< x reflected at its borders
};
/// Options of grid_sample.
struct GridSampleOptions {
  GridInterpolation mode = GridInterpolation::linear;
  GridPadding padding = GridPadding::zeros;
  bool align_corners = false;  ///< -1 and 1 are the middles of the first and last elements, else their outer edges
};
/// Images at places that a grid names: (x, y) from -1 to 1 over width and height, or (x, y, z) over width, height and
/// depth. A place that is nan reads as -1. cubic is for images of two axes. A primitive, for speed.
/// Shapes: `x [N, C, H, W], grid [N, Ho, Wo, 2] -> [N, C, Ho, Wo]`;
/// `x [N, C, D, H, W], grid [N, Do, Ho, Wo, 3] -> [N, C, Do, Ho, Wo]`.
/// Dtype: the common one; integers become the default dtype.
/// Derivative: for x the weights of each element times g; for grid how the weights change with the place, one-sided at
/// an element; 0 where a border or the reflection's cut holds the place, and for nearest.
/// Throws: std::invalid_argument for other shapes, an x without elements, and for cubic in three axes.
/// Source: Jaderberg, Simonyan, Zisserman, Kavukcuoglu, Spatial transformer networks, 2015.
/// NumPy: -
/// PyTorch: `nn.functional.grid_sample`, whose `mode='bilinear'` and `'bicubic'` are linear and cubic
Tensor grid_sample(const Operand& x, const Operand& grid, GridSampleOptions options = {});

/// Options of affine_grid.
struct AffineGridOptions {
  bool align_corners = false;  ///< as in grid_sample
};
/// Grid of an affine map for grid_sample: the places of an image of this size, times theta.
/// Shapes: `theta [N, 2, 3], size {N, C, H, W} -> [N, H, W, 2]`;
/// `theta [N, 3, 4], size {N, C, D, H, W} -> [N, D, H, W, 3]`.
/// Dtype: theta's, floating.
/// Derivative: the sum over the places of g times the place.
/// Throws: std::invalid_argument for other shapes and dtypes, and unless the extents are above 0.
Tensor affine_grid(const Operand& theta, const Shape& size, AffineGridOptions options = {});

}  // namespace xgrad
