// Patches of images: cut out into columns, added up again, and channels turned into pixels.
#pragma once

#include <cstdint>

#include "../tensor.hpp"

namespace xgrad XGRAD_API {

/// Where patches lie. Each is one number for height and width, or one for each.
struct PatchOptions {
  Shape dilation = {1};  ///< the distance between neighbours in a patch
  Shape padding = {0};   ///< zeros around the image
  Shape stride = {1};    ///< the distance between neighbouring patches
};
/// The patches of an image as columns (im2col): a convolution is a product with them.
///
/// Shapes: x [n, c, h, w], kernel {p, q} -> [n, c p q, number of patches]; x [c, h, w] -> [c p q, number of patches].
/// Derivative: fold(g), the patches of g added at their places.
/// Throws: std::invalid_argument for other numbers of axes, a kernel, dilation or stride that is not above 0, a
/// negative padding, and an image that is smaller than one patch.
/// Example: `unfold(reshape(x, {1, 2, 3}), {2, 2}, {.padding = {1}, .stride = {2}})`
/// PyTorch: `nn.functional.unfold`
Tensor unfold(const Operand& x, const Shape& kernel, const PatchOptions& options = {});
/// An image of this size to which columns of patches are added at their places (col2im): the transpose of unfold().
/// Where patches overlap their sum stands.
///
/// Shapes: columns [n, c p q, number of patches], size {h, w}, kernel {p, q} -> [n, c, h, w]; without n likewise.
/// Derivative: unfold(g).
/// Throws: std::invalid_argument as unfold(), and unless the columns are as many and as long as the image has patches.
/// PyTorch: `nn.functional.fold`
Tensor fold(const Operand& columns, const Shape& size, const Shape& kernel, const PatchOptions& options = {});

/// Channels turned into pixels: each group of factor^2 channels becomes a square of pixels.
///
/// Shapes: x [..., c factor^2, h, w] -> [..., c, h factor, w factor].
/// Derivative: pixel_unshuffle(g, factor).
/// Throws: std::invalid_argument for fewer than three axes, a factor that is not above 0, and channels that factor^2
/// does not divide.
/// PyTorch: `nn.functional.pixel_shuffle`
Tensor pixel_shuffle(const Operand& x, std::int64_t factor);
/// Squares of pixels turned into channels: the inverse of pixel_shuffle().
///
/// Shapes: x [..., c, h factor, w factor] -> [..., c factor^2, h, w].
/// Derivative: pixel_shuffle(g, factor).
/// Throws: std::invalid_argument for fewer than three axes, a factor that is not above 0 or does not divide height and
/// width.
/// PyTorch: `nn.functional.pixel_unshuffle`
Tensor pixel_unshuffle(const Operand& x, std::int64_t factor);

/// Channels (axis 1) of several groups interleaved: the first of each group, then the second of each, and so on.
///
/// Shapes: x [n, c, ...] -> [n, c, ...].
/// Derivative: channel_shuffle(g, c / groups), which puts each back.
/// Throws: std::invalid_argument for fewer than three axes, and groups that are not above 0 or do not divide the
/// channels.
/// Source: Zhang, Zhou, Lin, Sun, ShuffleNet, 2018.
/// PyTorch: `nn.functional.channel_shuffle`
Tensor channel_shuffle(const Operand& x, std::int64_t groups);

}  // namespace xgrad
