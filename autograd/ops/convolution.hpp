// Convolutions in one, two and three axes, and their transposes. All are primitives, for speed, and differentiable to
// any order.
//
// Their shapes: x is [N, C, d1 ...], or [C, d1 ...] for one sample, as is the result then. Neighbouring channels form
// `groups` that do not see each other.
#pragma once

#include "../tensor.hpp"
#include "per_axis.hpp"

namespace xgrad XGRAD_API {

/// How a convolution pads x with zeros: by numbers, {1, 2}, or so that the result has x's extents (`same`, for a stride
/// of 1: one more zero behind than before where the number is odd), or not at all (`valid`).
class Padding {
 public:
  enum Named : std::uint8_t { valid, same };

  template <std::integral T>
  requires(!std::same_as<T, bool>) Padding(T all) : numbers_(all) {}
  Padding(std::initializer_list<Extent> each, SourceLocation where = SourceLocation::current())
      : numbers_(each, where) {}
  explicit Padding(PerAxis numbers) : numbers_(numbers) {}
  Padding(Named named) : numbers_(0), is_same_(named == same) {}

  bool is_same() const { return is_same_; }
  const PerAxis& numbers() const { return numbers_; }

 private:
  PerAxis numbers_;
  bool is_same_ = false;
};

/// Options of conv1d, conv2d and conv3d.
struct ConvOptions {
  PerAxis stride = 1;       ///< distance of the windows
  Padding padding = 0;      ///< zeros on both sides of x, {1, 2} by axis; or Padding::same
  PerAxis dilation = 1;     ///< distance of a window's elements
  std::int64_t groups = 1;  ///< parts of the channels that do not see each other
};
/// Convolution along the last axis: y[n, o, p] = bias[o] + sum over c and k of weight[o, c, k] x[n, c, stride p +
/// dilation k - padding], x being 0 outside. (It does not flip the weight: signal processing calls it correlation.) An
/// undefined bias is none.
/// Shapes: `x [N, C, L], weight [O, C / groups, K], bias [O] -> [N, O, P]` with
/// `P = (L + 2 padding - dilation (K - 1) - 1) / stride + 1`; `[C, L]` for one sample.
/// Dtype: the common one; integers stay, booleans throw.
/// Derivative: for x the transpose, conv_transpose1d of g; for weight the sum of g[n, o, p] x[n, c, ...] over n and p;
/// for bias the sum of g over all but the channels.
/// Throws: std::invalid_argument for other shapes, a window that is larger than the padded x, numbers that are not as
/// many as axes, a stride or dilation below 1, a negative padding, groups that do not divide the channels, and
/// Padding::same with a stride.
/// Example: `conv1d(ones({2, 3, 8}), ones({4, 3, 3}), ones({4}), {.stride = 2, .padding = 1})`
Tensor conv1d(const Operand& x, const Tensor& weight, const Tensor& bias = {}, ConvOptions options = {});
/// Convolution along the last two axes: see conv1d.
/// Shapes: `x [N, C, H, W], weight [O, C / groups, Kh, Kw], bias [O] -> [N, O, Ho, Wo]`; `[C, H, W]` for one sample.
/// Dtype: the common one; integers stay, booleans throw.
/// Derivative: as conv1d's.
/// Throws: as conv1d.
/// Example: `conv2d(ones({2, 3, 8, 8}), ones({4, 3, 3, 3}), ones({4}), {.padding = Padding::same})`
Tensor conv2d(const Operand& x, const Tensor& weight, const Tensor& bias = {}, ConvOptions options = {});
/// Convolution along the last three axes: see conv1d.
/// Shapes: `x [N, C, D, H, W], weight [O, C / groups, Kd, Kh, Kw], bias [O] -> [N, O, Do, Ho, Wo]`; `[C, D, H, W]` for
/// one sample.
/// Dtype: the common one; integers stay, booleans throw.
/// Derivative: as conv1d's.
/// Throws: as conv1d.
Tensor conv3d(const Operand& x, const Tensor& weight, const Tensor& bias = {}, ConvOptions options = {});

/// Options of conv_transpose1d, conv_transpose2d and conv_transpose3d: those of the convolution that it is the
/// transpose of.
struct ConvTransposeOptions {
  PerAxis stride = 1;
  PerAxis padding = 0;         ///< places that are cut off both ends of the result
  PerAxis output_padding = 0;  ///< places that are added behind: which of the lengths that the convolution maps to x's
  std::int64_t groups = 1;
  PerAxis dilation = 1;
};
/// Transpose of conv1d: the map that conv1d is differentiated to. Each element of x adds the weight, times itself, to a
/// window of the result. An undefined bias is none.
/// Shapes: `x [N, C, L], weight [C, O / groups, K], bias [O] -> [N, O, (L - 1) stride - 2 padding + dilation (K - 1) +
/// output_padding + 1]`; `[C, L]` for one sample.
/// Dtype: the common one; integers stay, booleans throw.
/// Derivative: for x conv1d of g; for weight the sum of x[n, c, p] g[n, o, ...] over n and p; for bias the sum of g
/// over all but the channels.
/// Throws: std::invalid_argument as conv1d, for an output_padding that is not below the stride or the dilation, and
/// where the result would have no elements along an axis. Without samples, N = 0, both are the shape's alone, which only
/// a negative extent is not.
Tensor conv_transpose1d(const Operand& x, const Tensor& weight, const Tensor& bias = {},
                        ConvTransposeOptions options = {});
/// Transpose of conv2d: see conv_transpose1d.
/// Shapes: `x [N, C, H, W], weight [C, O / groups, Kh, Kw], bias [O] -> [N, O, Ho, Wo]`; `[C, H, W]` for one sample.
/// Dtype: the common one; integers stay, booleans throw.
/// Derivative: as conv_transpose1d's.
/// Throws: as conv_transpose1d.
Tensor conv_transpose2d(const Operand& x, const Tensor& weight, const Tensor& bias = {},
                        ConvTransposeOptions options = {});
/// Transpose of conv3d: see conv_transpose1d.
/// Shapes: `x [N, C, D, H, W], weight [C, O / groups, Kd, Kh, Kw], bias [O] -> [N, O, Do, Ho, Wo]`; `[C, D, H, W]` for
/// one sample.
/// Dtype: the common one; integers stay, booleans throw.
/// Derivative: as conv_transpose1d's.
/// Throws: as conv_transpose1d.
Tensor conv_transpose3d(const Operand& x, const Tensor& weight, const Tensor& bias = {},
                        ConvTransposeOptions options = {});

}  // namespace xgrad
