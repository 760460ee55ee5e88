// Borders around sequences, images and volumes, as layers.
#pragma once

#include <initializer_list>

#include "../../autograd/ops/pad.hpp"
#include "../module.hpp"

namespace xgrad XGRAD_API {
namespace nn {

/// How wide a border is: the same everywhere, `2`, or before and behind along the last axis, then along the one before
/// it, and so on, `{1, 2, 0, 0}`. A negative width crops.
class BorderWidths {
 public:
  template <std::integral T>
  requires(!std::same_as<T, bool>) BorderWidths(T all) : widths_{static_cast<std::int64_t>(all)} {}
  BorderWidths(std::initializer_list<std::int64_t> each);
  explicit BorderWidths(std::vector<std::int64_t> each);

  /// Two for each of so many axes.
  /// Throws: std::invalid_argument for another number of them.
  std::vector<std::int64_t> of_axes(const char* layer, int axes, SourceLocation where) const;

 private:
  std::vector<std::int64_t> widths_;
};

/// Base of the padding layers: the call.
class PaddingLayer : public Module {
 public:
  Tensor operator()(const Operand& x) const;

 protected:
  PaddingLayer(const char* name, int axes, const BorderWidths& widths, PadMode mode, Scalar value,
               SourceLocation where);

 private:
  int axes_;
  std::vector<std::int64_t> widths_;
  PadMode mode_;
  Scalar value_;
};

/// ZeroPad1d puts zeros around sequences: xgrad::pad() as a layer.
/// Shapes: `x [N, C, L] or [C, L] -> ` the same, larger by the widths.
/// Throws: std::invalid_argument, when it is called, for other shapes and widths that x does not allow.
class ZeroPad1d final : public PaddingLayer {
 public:
  /// Throws: std::invalid_argument unless there is one width, or 2.
  explicit ZeroPad1d(const BorderWidths& widths, SourceLocation where = SourceLocation::current());
};
/// ZeroPad2d puts zeros around images: xgrad::pad() as a layer.
/// Shapes: `x [N, C, H, W] or [C, H, W] -> ` the same, larger by the widths.
/// Throws: std::invalid_argument, when it is called, for other shapes and widths that x does not allow.
class ZeroPad2d final : public PaddingLayer {
 public:
  /// Throws: std::invalid_argument unless there is one width, or 4.
  explicit ZeroPad2d(const BorderWidths& widths, SourceLocation where = SourceLocation::current());
};
/// ZeroPad3d puts zeros around volumes: xgrad::pad() as a layer.
/// Shapes: `x [N, C, D, H, W] or [C, D, H, W] -> ` the same, larger by the widths.
/// Throws: std::invalid_argument, when it is called, for other shapes and widths that x does not allow.
class ZeroPad3d final : public PaddingLayer {
 public:
  /// Throws: std::invalid_argument unless there is one width, or 6.
  explicit ZeroPad3d(const BorderWidths& widths, SourceLocation where = SourceLocation::current());
};

/// ConstantPad1d puts one number around sequences: xgrad::pad() as a layer.
/// Shapes: `x [N, C, L] or [C, L] -> ` the same, larger by the widths.
/// Throws: std::invalid_argument, when it is called, for other shapes and widths that x does not allow.
class ConstantPad1d final : public PaddingLayer {
 public:
  /// Throws: std::invalid_argument unless there is one width, or 2.
  ConstantPad1d(const BorderWidths& widths, Scalar value, SourceLocation where = SourceLocation::current());
};
/// ConstantPad2d puts one number around images: xgrad::pad() as a layer.
/// Shapes: `x [N, C, H, W] or [C, H, W] -> ` the same, larger by the widths.
/// Throws: std::invalid_argument, when it is called, for other shapes and widths that x does not allow.
class ConstantPad2d final : public PaddingLayer {
 public:
  /// Throws: std::invalid_argument unless there is one width, or 4.
  ConstantPad2d(const BorderWidths& widths, Scalar value, SourceLocation where = SourceLocation::current());
};
/// ConstantPad3d puts one number around volumes: xgrad::pad() as a layer.
/// Shapes: `x [N, C, D, H, W] or [C, D, H, W] -> ` the same, larger by the widths.
/// Throws: std::invalid_argument, when it is called, for other shapes and widths that x does not allow.
class ConstantPad3d final : public PaddingLayer {
 public:
  /// Throws: std::invalid_argument unless there is one width, or 6.
  ConstantPad3d(const BorderWidths& widths, Scalar value, SourceLocation where = SourceLocation::current());
};

/// ReflectionPad1d puts the elements mirrored at the outermost ones around sequences: xgrad::pad() as a layer.
/// Shapes: `x [N, C, L] or [C, L] -> ` the same, larger by the widths.
/// Throws: std::invalid_argument, when it is called, for other shapes and widths that x does not allow.
class ReflectionPad1d final : public PaddingLayer {
 public:
  /// Throws: std::invalid_argument unless there is one width, or 2.
  explicit ReflectionPad1d(const BorderWidths& widths, SourceLocation where = SourceLocation::current());
};
/// ReflectionPad2d puts the elements mirrored at the outermost ones around images: xgrad::pad() as a layer.
/// Shapes: `x [N, C, H, W] or [C, H, W] -> ` the same, larger by the widths.
/// Throws: std::invalid_argument, when it is called, for other shapes and widths that x does not allow.
class ReflectionPad2d final : public PaddingLayer {
 public:
  /// Throws: std::invalid_argument unless there is one width, or 4.
  explicit ReflectionPad2d(const BorderWidths& widths, SourceLocation where = SourceLocation::current());
};
/// ReflectionPad3d puts the elements mirrored at the outermost ones around volumes: xgrad::pad() as a layer.
/// Shapes: `x [N, C, D, H, W] or [C, D, H, W] -> ` the same, larger by the widths.
/// Throws: std::invalid_argument, when it is called, for other shapes and widths that x does not allow.
class ReflectionPad3d final : public PaddingLayer {
 public:
  /// Throws: std::invalid_argument unless there is one width, or 6.
  explicit ReflectionPad3d(const BorderWidths& widths, SourceLocation where = SourceLocation::current());
};

/// ReplicationPad1d puts the outermost elements, repeated around sequences: xgrad::pad() as a layer.
/// Shapes: `x [N, C, L] or [C, L] -> ` the same, larger by the widths.
/// Throws: std::invalid_argument, when it is called, for other shapes and widths that x does not allow.
class ReplicationPad1d final : public PaddingLayer {
 public:
  /// Throws: std::invalid_argument unless there is one width, or 2.
  explicit ReplicationPad1d(const BorderWidths& widths, SourceLocation where = SourceLocation::current());
};
/// ReplicationPad2d puts the outermost elements, repeated around images: xgrad::pad() as a layer.
/// Shapes: `x [N, C, H, W] or [C, H, W] -> ` the same, larger by the widths.
/// Throws: std::invalid_argument, when it is called, for other shapes and widths that x does not allow.
class ReplicationPad2d final : public PaddingLayer {
 public:
  /// Throws: std::invalid_argument unless there is one width, or 4.
  explicit ReplicationPad2d(const BorderWidths& widths, SourceLocation where = SourceLocation::current());
};
/// ReplicationPad3d puts the outermost elements, repeated around volumes: xgrad::pad() as a layer.
/// Shapes: `x [N, C, D, H, W] or [C, D, H, W] -> ` the same, larger by the widths.
/// Throws: std::invalid_argument, when it is called, for other shapes and widths that x does not allow.
class ReplicationPad3d final : public PaddingLayer {
 public:
  /// Throws: std::invalid_argument unless there is one width, or 6.
  explicit ReplicationPad3d(const BorderWidths& widths, SourceLocation where = SourceLocation::current());
};

/// CircularPad1d puts the elements of the other end around sequences: xgrad::pad() as a layer.
/// Shapes: `x [N, C, L] or [C, L] -> ` the same, larger by the widths.
/// Throws: std::invalid_argument, when it is called, for other shapes and widths that x does not allow.
class CircularPad1d final : public PaddingLayer {
 public:
  /// Throws: std::invalid_argument unless there is one width, or 2.
  explicit CircularPad1d(const BorderWidths& widths, SourceLocation where = SourceLocation::current());
};
/// CircularPad2d puts the elements of the other end around images: xgrad::pad() as a layer.
/// Shapes: `x [N, C, H, W] or [C, H, W] -> ` the same, larger by the widths.
/// Throws: std::invalid_argument, when it is called, for other shapes and widths that x does not allow.
class CircularPad2d final : public PaddingLayer {
 public:
  /// Throws: std::invalid_argument unless there is one width, or 4.
  explicit CircularPad2d(const BorderWidths& widths, SourceLocation where = SourceLocation::current());
};
/// CircularPad3d puts the elements of the other end around volumes: xgrad::pad() as a layer.
/// Shapes: `x [N, C, D, H, W] or [C, D, H, W] -> ` the same, larger by the widths.
/// Throws: std::invalid_argument, when it is called, for other shapes and widths that x does not allow.
class CircularPad3d final : public PaddingLayer {
 public:
  /// Throws: std::invalid_argument unless there is one width, or 6.
  explicit CircularPad3d(const BorderWidths& widths, SourceLocation where = SourceLocation::current());
};

}  // namespace nn
}  // namespace xgrad
