#include "upsampling.hpp"

#include "../../autograd/ops/patches.hpp"

namespace xgrad XGRAD_API {
namespace nn {
namespace {

Tensor of_images(const Operand& x, const Upsampling2dOptions& options, Interpolation mode, bool align_corners) {
  const Shape& shape = x.tensor("upsampling").shape();
  check(shape.ndim() == 4, x.where(), "x must be [N, C, H, W], but it is ", shape, ".");
  return interpolate(
      x, {.size = options.size, .scale_factor = options.scale_factor, .mode = mode, .align_corners = align_corners});
}

}  // namespace

Upsample::Upsample(InterpolateOptions options) : options_(options) {}
Tensor Upsample::operator()(const Operand& x) const {
  return call(x, [&] { return interpolate(x, options_); });
}
UpsamplingNearest2d::UpsamplingNearest2d(Upsampling2dOptions options) : options_(options) {}
Tensor UpsamplingNearest2d::operator()(const Operand& x) const {
  return call(x, [&] { return of_images(x, options_, Interpolation::nearest, false); });
}
UpsamplingBilinear2d::UpsamplingBilinear2d(Upsampling2dOptions options) : options_(options) {}
Tensor UpsamplingBilinear2d::operator()(const Operand& x) const {
  return call(x, [&] { return of_images(x, options_, Interpolation::linear, true); });
}
PixelShuffle::PixelShuffle(std::int64_t factor) : factor_(factor) {}
Tensor PixelShuffle::operator()(const Operand& x) const {
  return call(x, [&] { return pixel_shuffle(x, factor_); });
}
PixelUnshuffle::PixelUnshuffle(std::int64_t factor) : factor_(factor) {}
Tensor PixelUnshuffle::operator()(const Operand& x) const {
  return call(x, [&] { return pixel_unshuffle(x, factor_); });
}
ChannelShuffle::ChannelShuffle(std::int64_t groups) : groups_(groups) {}
Tensor ChannelShuffle::operator()(const Operand& x) const {
  return call(x, [&] { return channel_shuffle(x, groups_); });
}

}  // namespace nn
}  // namespace xgrad
