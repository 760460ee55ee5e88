// Layers that change the shape: Flatten, Unflatten, and images as patches.
#pragma once

#include "../../autograd/ops/patches.hpp"
#include "../module.hpp"

namespace xgrad XGRAD_API {
namespace nn {

/// Flatten makes one axis of the axes `first` to `last`, both included: by default of all but the batch's.
/// Shapes: x [n, c, h, w] -> [n, c h w]; a scalar, with first 0 or -1 -> [1].
/// Throws: std::out_of_range, when it is called, for axes that x does not have.
class Flatten final : public Module {
 public:
  explicit Flatten(int first = 1, int last = -1);

  Tensor operator()(const Operand& x) const;

 private:
  int first_;
  int last_;
};

/// Unflatten makes several axes of one: the inverse of Flatten.
/// Shapes: axis 1, sizes {c, h, w}: x [n, c h w] -> [n, c, h, w]. One size may be -1: what is left.
/// Throws: when it is called, std::out_of_range for an axis that x does not have, std::invalid_argument for sizes that
/// do not make up its extent.
class Unflatten final : public Module {
 public:
  Unflatten(int axis, const Shape& sizes);

  Tensor operator()(const Operand& x) const;

 private:
  int axis_;
  Shape sizes_;
};

/// Unfold is xgrad::unfold() as a layer: the patches of images as columns.
/// Shapes: x [n, c, h, w], kernel {p, q} -> [n, c p q, number of patches]; without n likewise. One number stands for
/// both.
/// Throws: std::invalid_argument, when it is called, as the operator.
class Unfold final : public Module {
 public:
  explicit Unfold(const Shape& kernel, PatchOptions options = {});
  explicit Unfold(std::int64_t kernel, PatchOptions options = {});

  Tensor operator()(const Operand& x) const;

 private:
  Shape kernel_;
  PatchOptions options_;
};

/// Fold is xgrad::fold() as a layer: images to which columns of patches are added at their places.
/// Shapes: columns [n, c p q, number of patches], size {h, w}, kernel {p, q} -> [n, c, h, w]; without n likewise.
/// Throws: std::invalid_argument, when it is called, as the operator.
class Fold final : public Module {
 public:
  Fold(const Shape& size, const Shape& kernel, PatchOptions options = {});

  Tensor operator()(const Operand& x) const;

 private:
  Shape size_, kernel_;
  PatchOptions options_;
};

}  // namespace nn
}  // namespace xgrad
