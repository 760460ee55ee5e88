// Layers that make images larger, or trade channels for pixels.
#pragma once

#include "../../autograd/ops/interpolation.hpp"
#include "../module.hpp"

namespace xgrad XGRAD_API {
namespace nn {

using xgrad::InterpolateOptions;
using xgrad::Interpolation;

/// Upsample is xgrad::interpolate() as a layer: sequences, images and volumes at another size.
/// Shapes: `x [N, C, L]`, `[N, C, H, W]` or `[N, C, D, H, W] -> ` the same with other extents after C.
/// Throws: std::invalid_argument, when it is called, as the operator.
/// Example: `nn::Upsample({.scale_factor = 2, .mode = Interpolation::linear})`
class Upsample final : public Module {
 public:
  explicit Upsample(InterpolateOptions options);

  Tensor operator()(const Operand& x) const;

 private:
  InterpolateOptions options_;
};

/// Options of UpsamplingNearest2d and UpsamplingBilinear2d. One of the two is given.
struct Upsampling2dOptions {
  PerAxis size = {};
  PerAxisFactor scale_factor = {};
};
/// UpsamplingNearest2d is Upsample of images to the nearest element.
/// Shapes: `x [N, C, H, W] -> ` the same with another height and width.
/// Throws: std::invalid_argument, when it is called, as xgrad::interpolate().
class UpsamplingNearest2d final : public Module {
 public:
  explicit UpsamplingNearest2d(Upsampling2dOptions options);

  Tensor operator()(const Operand& x) const;

 private:
  Upsampling2dOptions options_;
};
/// UpsamplingBilinear2d is Upsample of images between the elements, with align_corners.
/// Shapes: `x [N, C, H, W] -> ` the same with another height and width.
/// Throws: std::invalid_argument, when it is called, as xgrad::interpolate().
class UpsamplingBilinear2d final : public Module {
 public:
  explicit UpsamplingBilinear2d(Upsampling2dOptions options);

  Tensor operator()(const Operand& x) const;

 private:
  Upsampling2dOptions options_;
};

/// PixelShuffle is xgrad::pixel_shuffle() as a layer: groups of factor^2 channels become squares of pixels.
/// Shapes: `x [..., c factor^2, h, w] -> [..., c, h factor, w factor]`.
/// Throws: std::invalid_argument, when it is called, as the operator.
class PixelShuffle final : public Module {
 public:
  explicit PixelShuffle(std::int64_t factor);

  Tensor operator()(const Operand& x) const;

 private:
  std::int64_t factor_;
};
/// PixelUnshuffle is xgrad::pixel_unshuffle() as a layer: the inverse of PixelShuffle.
/// Shapes: `x [..., c, h factor, w factor] -> [..., c factor^2, h, w]`.
/// Throws: std::invalid_argument, when it is called, as the operator.
class PixelUnshuffle final : public Module {
 public:
  explicit PixelUnshuffle(std::int64_t factor);

  Tensor operator()(const Operand& x) const;

 private:
  std::int64_t factor_;
};

/// ChannelShuffle is xgrad::channel_shuffle() as a layer: the channels of several groups interleaved.
/// Shapes: `x [N, C, ...] -> ` the same.
/// Throws: std::invalid_argument, when it is called, as the operator.
class ChannelShuffle final : public Module {
 public:
  explicit ChannelShuffle(std::int64_t groups);

  Tensor operator()(const Operand& x) const;

 private:
  std::int64_t groups_;
};

}  // namespace nn
}  // namespace xgrad
