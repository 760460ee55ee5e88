// Convolutions along one, two and three axes, and their transposes, as layers.
#pragma once

#include "../../autograd/ops/convolution.hpp"
#include "../../autograd/ops/pad.hpp"
#include "../init.hpp"
#include "../module.hpp"

namespace xgrad XGRAD_API {
namespace nn {

/// Options of Conv1d, Conv2d and Conv3d.
struct ConvLayerOptions {
  PerAxis stride = 1;       ///< distance of the windows
  Padding padding = 0;      ///< elements on both sides of x, {1, 2} by axis; or Padding::same
  PerAxis dilation = 1;     ///< distance of a window's elements
  std::int64_t groups = 1;  ///< parts of the channels that do not see each other
  bool bias = true;
  PadMode padding_mode =
      PadMode::constant;         ///< what is around x: zeros, or x itself, reflected, repeated or as a circle
  Initializer weight_init = {};  ///< none: init::uniform_fan_in()
  Initializer bias_init = {};    ///< none: uniform in +-1 / sqrt(fan_in)
  DType dtype = default_dtype();
  Generator* generator = nullptr;  ///< null: the thread's default_generator()
};
/// Options of Conv1d.
using Conv1dOptions = ConvLayerOptions;
/// Options of Conv2d.
using Conv2dOptions = ConvLayerOptions;
/// Options of Conv3d.
using Conv3dOptions = ConvLayerOptions;

/// Base of the convolutions: the parameters, and the call.
class Convolution : public Module {
 public:
  Tensor operator()(const Operand& x) const;

  std::int64_t in_channels() const;
  std::int64_t out_channels() const { return weight_.shape()[0]; }
  Parameter weight() const { return weight_; }
  /// The bias; undefined for a layer without one.
  Parameter bias() const { return bias_; }

 protected:
  Convolution(const char* name, int axes, std::int64_t in_channels, std::int64_t out_channels, PerAxis kernel,
              const ConvLayerOptions& options, SourceLocation where);
  Convolution(const char* name, int axes, const Tensor& weight, const Tensor& bias, ConvLayerOptions options,
              SourceLocation where);

 private:
  int axes_;
  ConvOptions options_;
  PadMode padding_mode_;
  Parameter weight_;
  Parameter bias_;
};

/// Conv1d is xgrad::conv1d() as a layer: a convolution along the last axis, over all channels of a group.
///
/// Parameters: weight [out_channels, in_channels / groups, kernel] and bias [out_channels], which start uniform in
/// +-1 / sqrt(fan_in), fan_in = in_channels / groups * kernel, as PyTorch's do.
///
/// Shapes: `x [N, in_channels, L] -> [N, out_channels, (L + 2 padding - dilation (kernel - 1) - 1) / stride + 1]`;
/// `[in_channels, L]` for one sample.
/// Dtype: x's and the parameters' promote.
/// Throws: std::invalid_argument, when it is called, for other shapes and windows that do not fit.
/// Example: `nn::Conv1d(16, 33, 3, {.stride = 2})`
class Conv1d final : public Convolution {
 public:
  /// Throws: std::invalid_argument for sizes below 1, channels that groups do not divide, numbers that are not as many
  /// as axes, a negative padding, a stride with Padding::same, and initialisers that give another shape or dtype.
  Conv1d(std::int64_t in_channels, std::int64_t out_channels, PerAxis kernel, Conv1dOptions options = {},
         SourceLocation where = SourceLocation::current());
  /// A layer on these very tensors; an undefined bias is none.
  explicit Conv1d(const Tensor& weight, const Tensor& bias = {}, Conv1dOptions options = {},
                  SourceLocation where = SourceLocation::current());
};

/// Conv2d is xgrad::conv2d() as a layer: a convolution along the last two axes, over all channels of a group.
///
/// Parameters: weight [out_channels, in_channels / groups, kernel, kernel] and bias [out_channels], which start uniform
/// in +-1 / sqrt(fan_in), fan_in = in_channels / groups times the kernel's area, as PyTorch's do.
///
/// Shapes: `x [N, in_channels, H, W] -> [N, out_channels, Ho, Wo]`; `[in_channels, H, W]` for one sample. See Conv1d.
/// Dtype: x's and the parameters' promote.
/// Throws: std::invalid_argument, when it is called, for other shapes and windows that do not fit.
/// Example: `nn::Conv2d(1, 16, 3, {.padding = 1})`, `nn::Conv2d(16, 33, {3, 5}, {.stride = {2, 1}})`
class Conv2d final : public Convolution {
 public:
  /// Throws: as Conv1d.
  Conv2d(std::int64_t in_channels, std::int64_t out_channels, PerAxis kernel, Conv2dOptions options = {},
         SourceLocation where = SourceLocation::current());
  /// A layer on these very tensors; an undefined bias is none.
  explicit Conv2d(const Tensor& weight, const Tensor& bias = {}, Conv2dOptions options = {},
                  SourceLocation where = SourceLocation::current());
};

/// Conv3d is xgrad::conv3d() as a layer: a convolution along the last three axes, over all channels of a group.
///
/// Parameters: weight [out_channels, in_channels / groups, kernel, kernel, kernel] and bias [out_channels], which start
/// uniform in +-1 / sqrt(fan_in), fan_in = in_channels / groups times the kernel's volume, as PyTorch's do.
///
/// Shapes: `x [N, in_channels, D, H, W] -> [N, out_channels, Do, Ho, Wo]`; `[in_channels, D, H, W]` for one sample. See
/// Conv1d.
/// Dtype: x's and the parameters' promote.
/// Throws: std::invalid_argument, when it is called, for other shapes and windows that do not fit.
class Conv3d final : public Convolution {
 public:
  /// Throws: as Conv1d.
  Conv3d(std::int64_t in_channels, std::int64_t out_channels, PerAxis kernel, Conv3dOptions options = {},
         SourceLocation where = SourceLocation::current());
  /// A layer on these very tensors; an undefined bias is none.
  explicit Conv3d(const Tensor& weight, const Tensor& bias = {}, Conv3dOptions options = {},
                  SourceLocation where = SourceLocation::current());
};

// ---- Transposes ----

/// Options of ConvTranspose1d, ConvTranspose2d and ConvTranspose3d: those of the convolution that it is the transpose
/// of.
struct ConvTransposeLayerOptions {
  PerAxis stride = 1;
  PerAxis padding = 0;         ///< places that are cut off both ends of the result
  PerAxis output_padding = 0;  ///< places that are added behind: which of the lengths that the convolution maps to x's
  std::int64_t groups = 1;
  bool bias = true;
  PerAxis dilation = 1;
  Initializer weight_init = {};  ///< none: init::uniform_fan_in()
  Initializer bias_init = {};    ///< none: uniform in +-1 / sqrt(fan_in)
  DType dtype = default_dtype();
  Generator* generator = nullptr;  ///< null: the thread's default_generator()
};
/// Options of ConvTranspose1d.
using ConvTranspose1dOptions = ConvTransposeLayerOptions;
/// Options of ConvTranspose2d.
using ConvTranspose2dOptions = ConvTransposeLayerOptions;
/// Options of ConvTranspose3d.
using ConvTranspose3dOptions = ConvTransposeLayerOptions;

/// Base of the transposed convolutions: the parameters, and the call.
class TransposedConvolution : public Module {
 public:
  Tensor operator()(const Operand& x) const;
  /// The call with the extents that the result is to have, in place of output_padding: all of its axes, or those of the
  /// windows.
  /// Throws: std::invalid_argument for extents that the convolution does not map to x's.
  Tensor operator()(const Operand& x, const Shape& output_size) const;

  std::int64_t in_channels() const { return weight_.shape()[0]; }
  std::int64_t out_channels() const;
  Parameter weight() const { return weight_; }
  /// The bias; undefined for a layer without one.
  Parameter bias() const { return bias_; }

 protected:
  TransposedConvolution(const char* name, int axes, std::int64_t in_channels, std::int64_t out_channels, PerAxis kernel,
                        const ConvTransposeLayerOptions& options, SourceLocation where);
  TransposedConvolution(const char* name, int axes, const Tensor& weight, const Tensor& bias,
                        ConvTransposeLayerOptions options, SourceLocation where);

 private:
  Tensor transposed(const Operand& x, const ConvTransposeOptions& options) const;

  int axes_;
  ConvTransposeOptions options_;
  Parameter weight_;
  Parameter bias_;
};

/// ConvTranspose1d is xgrad::conv_transpose1d() as a layer: the transpose of Conv1d, which makes sequences longer.
///
/// Parameters: weight [in_channels, out_channels / groups, kernel] and bias [out_channels], which start uniform in
/// +-1 / sqrt(fan_in), fan_in = out_channels / groups * kernel, as PyTorch's do.
///
/// Shapes: `x [N, in_channels, L] -> [N, out_channels, P]` with
/// `P = (L - 1) stride - 2 padding + dilation (kernel - 1) + output_padding + 1`; `[in_channels, L]` for one sample.
/// Dtype: x's and the parameters' promote.
/// Throws: std::invalid_argument, when it is called, for other shapes.
/// Example: `nn::ConvTranspose1d(16, 8, 4, {.stride = 2, .padding = 1})`
class ConvTranspose1d final : public TransposedConvolution {
 public:
  /// Throws: std::invalid_argument for sizes below 1, channels that groups do not divide, numbers that are not as many
  /// as axes, a negative padding, and initialisers that give another shape or dtype.
  ConvTranspose1d(std::int64_t in_channels, std::int64_t out_channels, PerAxis kernel,
                  ConvTranspose1dOptions options = {}, SourceLocation where = SourceLocation::current());
  /// A layer on these very tensors; an undefined bias is none.
  explicit ConvTranspose1d(const Tensor& weight, const Tensor& bias = {}, ConvTranspose1dOptions options = {},
                           SourceLocation where = SourceLocation::current());
};

/// ConvTranspose2d is xgrad::conv_transpose2d() as a layer: the transpose of Conv2d, which makes images larger.
///
/// Parameters: weight [in_channels, out_channels / groups, kernel, kernel] and bias [out_channels], which start uniform
/// in +-1 / sqrt(fan_in), fan_in = out_channels / groups times the kernel's area, as PyTorch's do.
///
/// Shapes: `x [N, in_channels, H, W] -> [N, out_channels, Ho, Wo]`; `[in_channels, H, W]` for one sample. See
/// ConvTranspose1d.
/// Dtype: x's and the parameters' promote.
/// Throws: std::invalid_argument, when it is called, for other shapes.
class ConvTranspose2d final : public TransposedConvolution {
 public:
  /// Throws: as ConvTranspose1d.
  ConvTranspose2d(std::int64_t in_channels, std::int64_t out_channels, PerAxis kernel,
                  ConvTranspose2dOptions options = {}, SourceLocation where = SourceLocation::current());
  /// A layer on these very tensors; an undefined bias is none.
  explicit ConvTranspose2d(const Tensor& weight, const Tensor& bias = {}, ConvTranspose2dOptions options = {},
                           SourceLocation where = SourceLocation::current());
};

/// ConvTranspose3d is xgrad::conv_transpose3d() as a layer: the transpose of Conv3d, which makes volumes larger.
///
/// Parameters: weight [in_channels, out_channels / groups, kernel, kernel, kernel] and bias [out_channels], which start
/// uniform in +-1 / sqrt(fan_in), fan_in = out_channels / groups times the kernel's volume, as PyTorch's do.
///
/// Shapes: `x [N, in_channels, D, H, W] -> [N, out_channels, Do, Ho, Wo]`; `[in_channels, D, H, W]` for one sample. See
/// ConvTranspose1d.
/// Dtype: x's and the parameters' promote.
/// Throws: std::invalid_argument, when it is called, for other shapes.
class ConvTranspose3d final : public TransposedConvolution {
 public:
  /// Throws: as ConvTranspose1d.
  ConvTranspose3d(std::int64_t in_channels, std::int64_t out_channels, PerAxis kernel,
                  ConvTranspose3dOptions options = {}, SourceLocation where = SourceLocation::current());
  /// A layer on these very tensors; an undefined bias is none.
  explicit ConvTranspose3d(const Tensor& weight, const Tensor& bias = {}, ConvTranspose3dOptions options = {},
                           SourceLocation where = SourceLocation::current());
};

}  // namespace nn
}  // namespace xgrad
