// Pooling: windows that move along the last one, two or three axes of x, and one number for each.
//
// Their shapes: x is [N, C, d1 ...], or [C, d1 ...] for one sample, as is the result then. Sizes, strides and the like
// are one number for each of the axes, or one for all.
#pragma once

#include <optional>

#include "../tensor.hpp"
#include "per_axis.hpp"

namespace xgrad XGRAD_API {

/// Options of max_pool1d, max_pool2d and max_pool3d.
struct MaxPoolOptions {
  PerAxis stride = {};   ///< distance of the windows; the window's size where it is not given
  PerAxis padding = 0;   ///< how far windows reach over both ends of x, which is -inf there: at most half a window
  PerAxis dilation = 1;  ///< distance of a window's elements
  bool ceil_mode =
      false;  ///< keep a last window that reaches over the end, where it begins in x or in the padding before
};
/// The largest elements of windows, and where they were found.
struct MaxPooled {
  Tensor values;  ///< x's dtype
  /// int64: the place in x's last axes, counted row-major; the first of equals, and the last nan. -1 for a window none of
  /// whose elements lies in x, as dilated ones may: its value is -inf, without gradient.
  Tensor indices;
};
/// Largest element of windows along the last axis; nan where a window has one.
/// Shapes: `x [N, C, L] -> [N, C, (L + 2 padding - dilation (window - 1) - 1) / stride + 1]`, rounded up in ceil_mode;
/// `[C, L]` for one sample.
/// Dtype: x's; booleans throw.
/// Derivative: the whole of g at the element that was taken: the first of equals.
/// Throws: std::invalid_argument for other shapes, numbers that are not as many as axes, sizes, strides and dilations
/// below 1, a padding above half of the window, and where there would be no window.
/// Example: `max_pool1d(x, 2)`
Tensor max_pool1d(const Operand& x, PerAxis window, MaxPoolOptions options = {});
/// Largest element of windows along the last two axes: see max_pool1d.
/// Shapes: `x [N, C, H, W] -> [N, C, Ho, Wo]`; `[C, H, W]` for one sample.
/// Dtype: x's; booleans throw.
/// Derivative: as max_pool1d's.
/// Throws: as max_pool1d.
/// Example: `max_pool2d(ones({2, 3, 8, 8}), 2)`,
/// `max_pool2d(ones({2, 3, 8, 8}), {3, 2}, {.stride = 2, .padding = {1, 0}})`
Tensor max_pool2d(const Operand& x, PerAxis window, MaxPoolOptions options = {});
/// Largest element of windows along the last three axes: see max_pool1d.
/// Shapes: `x [N, C, D, H, W] -> [N, C, Do, Ho, Wo]`; `[C, D, H, W]` for one sample.
/// Dtype: x's; booleans throw.
/// Derivative: as max_pool1d's.
/// Throws: as max_pool1d.
Tensor max_pool3d(const Operand& x, PerAxis window, MaxPoolOptions options = {});
/// max_pool1d, and the places of the elements that were taken.
/// Shapes: those of max_pool1d, twice.
/// Dtype: x's, and int64; booleans throw.
/// Derivative: as max_pool1d's, for the values; none for the places.
/// Throws: as max_pool1d.
/// NumPy: -
/// PyTorch: `nn.functional.max_pool1d(return_indices=True)`
MaxPooled max_pool1d_with_indices(const Operand& x, PerAxis window, MaxPoolOptions options = {});
/// max_pool2d, and the places of the elements that were taken.
/// Shapes: those of max_pool2d, twice.
/// Dtype: x's, and int64; booleans throw.
/// Derivative: as max_pool2d's, for the values; none for the places.
/// Throws: as max_pool2d.
/// NumPy: -
/// PyTorch: `nn.functional.max_pool2d(return_indices=True)`
MaxPooled max_pool2d_with_indices(const Operand& x, PerAxis window, MaxPoolOptions options = {});
/// max_pool3d, and the places of the elements that were taken.
/// Shapes: those of max_pool3d, twice.
/// Dtype: x's, and int64; booleans throw.
/// Derivative: as max_pool3d's, for the values; none for the places.
/// Throws: as max_pool3d.
/// NumPy: -
/// PyTorch: `nn.functional.max_pool3d(return_indices=True)`
MaxPooled max_pool3d_with_indices(const Operand& x, PerAxis window, MaxPoolOptions options = {});

/// Options of avg_pool1d, avg_pool2d and avg_pool3d.
struct AvgPoolOptions {
  PerAxis stride = {};  ///< distance of the windows; the window's size where it is not given
  PerAxis padding = 0;  ///< how far windows reach over both ends of x, which is 0 there: at most half a window
  bool ceil_mode =
      false;  ///< keep a last window that reaches over the end, where it begins in x or in the padding before
  bool count_include_pad = true;  ///< divide by the elements of the window with its padding, else by those in x
  std::optional<std::int64_t> divisor_override = {};  ///< divide by this
};
/// Mean of windows along the last axis. What ceil_mode adds beyond the padding never counts.
/// Shapes: `x [N, C, L] -> [N, C, (L + 2 padding - window) / stride + 1]`, rounded up in ceil_mode; `[C, L]` for one
/// sample.
/// Dtype: x's; the quotients of integers are truncated, booleans throw.
/// Derivative: g / divisor at each element of the window.
/// Throws: std::invalid_argument as max_pool1d, and for a divisor_override of 0.
Tensor avg_pool1d(const Operand& x, PerAxis window, AvgPoolOptions options = {});
/// Mean of windows along the last two axes: see avg_pool1d.
/// Shapes: `x [N, C, H, W] -> [N, C, Ho, Wo]`; `[C, H, W]` for one sample.
/// Dtype: x's; the quotients of integers are truncated, booleans throw.
/// Derivative: as avg_pool1d's.
/// Throws: as avg_pool1d.
Tensor avg_pool2d(const Operand& x, PerAxis window, AvgPoolOptions options = {});
/// Mean of windows along the last three axes: see avg_pool1d.
/// Shapes: `x [N, C, D, H, W] -> [N, C, Do, Ho, Wo]`; `[C, D, H, W]` for one sample.
/// Dtype: x's; the quotients of integers are truncated, booleans throw.
/// Derivative: as avg_pool1d's.
/// Throws: as avg_pool1d.
Tensor avg_pool3d(const Operand& x, PerAxis window, AvgPoolOptions options = {});

/// The extent that keeps an axis as it is: adaptive_avg_pool2d(x, {kSameExtent, 1}).
inline constexpr std::int64_t kSameExtent = -1;

/// Means of windows that cut the last axis into as many parts as the result has places: from floor(i L / size) to
/// ceil((i + 1) L / size).
/// Shapes: `x [N, C, L] -> [N, C, size]`; `[C, L]` for one sample.
/// Dtype: floating; integers become the default dtype.
/// Derivative: g / count at each element of the window.
/// Throws: std::invalid_argument for other shapes, and numbers that are not as many as axes or negative.
Tensor adaptive_avg_pool1d(const Operand& x, PerAxis size);
/// Means of windows that cut the last two axes: see adaptive_avg_pool1d.
/// Shapes: `x [N, C, H, W] -> [N, C, size]`; `[C, H, W]` for one sample.
/// Dtype: floating; integers become the default dtype.
/// Derivative: as adaptive_avg_pool1d's.
/// Throws: as adaptive_avg_pool1d.
Tensor adaptive_avg_pool2d(const Operand& x, PerAxis size);
/// Means of windows that cut the last three axes: see adaptive_avg_pool1d.
/// Shapes: `x [N, C, D, H, W] -> [N, C, size]`; `[C, D, H, W]` for one sample.
/// Dtype: floating; integers become the default dtype.
/// Derivative: as adaptive_avg_pool1d's.
/// Throws: as adaptive_avg_pool1d.
Tensor adaptive_avg_pool3d(const Operand& x, PerAxis size);

/// Largest elements of windows that cut the last axis into as many parts as the result has places
/// (adaptive_avg_pool1d).
/// Shapes: `x [N, C, L] -> [N, C, size]`; `[C, L]` for one sample.
/// Dtype: x's; booleans throw.
/// Derivative: the whole of g at the element that was taken: the first of equals.
/// Throws: std::invalid_argument for other shapes, and numbers that are not as many as axes or negative.
Tensor adaptive_max_pool1d(const Operand& x, PerAxis size);
/// Largest elements of windows that cut the last two axes: see adaptive_max_pool1d.
/// Shapes: `x [N, C, H, W] -> [N, C, size]`; `[C, H, W]` for one sample.
/// Dtype: x's; booleans throw.
/// Derivative: as adaptive_max_pool1d's.
/// Throws: as adaptive_max_pool1d.
Tensor adaptive_max_pool2d(const Operand& x, PerAxis size);
/// Largest elements of windows that cut the last three axes: see adaptive_max_pool1d.
/// Shapes: `x [N, C, D, H, W] -> [N, C, size]`; `[C, D, H, W]` for one sample.
/// Dtype: x's; booleans throw.
/// Derivative: as adaptive_max_pool1d's.
/// Throws: as adaptive_max_pool1d.
Tensor adaptive_max_pool3d(const Operand& x, PerAxis size);
/// adaptive_max_pool1d, and the places of the elements that were taken.
/// Shapes: those of adaptive_max_pool1d, twice.
/// Dtype: x's, and int64; booleans throw.
/// Derivative: as adaptive_max_pool1d's, for the values; none for the places.
/// Throws: as adaptive_max_pool1d.
/// PyTorch: `nn.functional.adaptive_max_pool1d(return_indices=True)`
MaxPooled adaptive_max_pool1d_with_indices(const Operand& x, PerAxis size);
/// adaptive_max_pool2d, and the places of the elements that were taken.
/// Shapes: those of adaptive_max_pool2d, twice.
/// Dtype: x's, and int64; booleans throw.
/// Derivative: as adaptive_max_pool2d's, for the values; none for the places.
/// Throws: as adaptive_max_pool2d.
/// PyTorch: `nn.functional.adaptive_max_pool2d(return_indices=True)`
MaxPooled adaptive_max_pool2d_with_indices(const Operand& x, PerAxis size);
/// adaptive_max_pool3d, and the places of the elements that were taken.
/// Shapes: those of adaptive_max_pool3d, twice.
/// Dtype: x's, and int64; booleans throw.
/// Derivative: as adaptive_max_pool3d's, for the values; none for the places.
/// Throws: as adaptive_max_pool3d.
/// PyTorch: `nn.functional.adaptive_max_pool3d(return_indices=True)`
MaxPooled adaptive_max_pool3d_with_indices(const Operand& x, PerAxis size);

/// Options of lp_pool1d and lp_pool2d.
struct LpPoolOptions {
  PerAxis stride = {};     ///< distance of the windows; the window's size where it is not given
  bool ceil_mode = false;  ///< keep a last window that reaches over the end
};
/// Power mean of windows along the last axis, times their size: (sum of x^p)^(1/p). nan where that sum is negative, as
/// an odd p may make it. Its limits are the largest magnitude of a window, for p = inf, and the smallest, for -inf.
/// Shapes: those of avg_pool1d.
/// Dtype: floating; integers become the default dtype.
/// Derivative: g (x / y)^(p - 1); 0 where the sum is 0. For an infinite p it is g sign(x) at the first element of that
/// magnitude.
/// Throws: std::invalid_argument as avg_pool1d, and unless p is a number other than 0.
Tensor lp_pool1d(const Operand& x, double p, PerAxis window, LpPoolOptions options = {});
/// Power mean of windows along the last two axes: see lp_pool1d.
/// Shapes: those of avg_pool2d.
/// Dtype: floating; integers become the default dtype.
/// Derivative: as lp_pool1d's.
/// Throws: as lp_pool1d.
Tensor lp_pool2d(const Operand& x, double p, PerAxis window, LpPoolOptions options = {});

}  // namespace xgrad
