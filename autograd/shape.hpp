// Shape, Strides and Axes: short lists of integers that live inside their owner, never on the heap.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "error.hpp"

namespace xgrad XGRAD_API {

/// The most axes a tensor can have.
inline constexpr int kMaxDims = 8;

namespace internal {
/// The integer as an int64; the largest int64 where it lies beyond, which no extent and no index can be.
template <std::integral T>
constexpr std::int64_t saturated(T value) {
  if constexpr (std::unsigned_integral<T> && sizeof(T) == sizeof(std::int64_t))
    if (static_cast<std::int64_t>(value) < 0) return std::numeric_limits<std::int64_t>::max();
  return static_cast<std::int64_t>(value);
}
/// The integer as an int; the largest or the smallest int where it lies beyond, which no axis can be.
template <std::integral T>
constexpr int saturated_axis(T value) {
  using Limits = std::numeric_limits<int>;
  const std::int64_t axis = saturated(value);
  return axis < Limits::min() ? Limits::min() : axis > Limits::max() ? Limits::max() : static_cast<int>(axis);
}
}  // namespace internal

/// One extent in braces, of any integer type: zeros({values.size(), 3}).
struct Extent {
  template <std::integral T>
  requires(!std::same_as<T, bool>) Extent(T value) : value(internal::saturated(value)) {}

  std::int64_t value;
};

/// Extents of a tensor's axes, outermost first. Shape{} is the shape of a scalar (0-d, one element).
class Shape {
 public:
  Shape() = default;
  // Element by element: a few words, where a copy of all the room would read what was just written in smaller pieces.
  Shape(const Shape& other) : ndim_(other.ndim_) {
    for (int i = 0; i < ndim_; ++i) extents_[i] = other.extents_[i];
  }
  Shape& operator=(const Shape& other) {
    ndim_ = other.ndim_;
    for (int i = 0; i < ndim_; ++i) extents_[i] = other.extents_[i];
    return *this;
  }
  /// Throws std::invalid_argument beyond kMaxDims axes.
  Shape(std::initializer_list<Extent> extents, SourceLocation where = SourceLocation::current());
  explicit Shape(std::span<const std::int64_t> extents, SourceLocation where = SourceLocation::current());
  /// Extents that the program computes: `std::vector<int> sizes = ...; zeros(sizes)`.
  template <std::integral T>
  requires(!std::same_as<T, bool>)
      Shape(const std::vector<T>& extents, SourceLocation where = SourceLocation::current())
      : ndim_(checked_ndim(extents.size(), where)) {
    for (int i = 0; i < ndim_; ++i) extents_[i] = internal::saturated(extents[static_cast<std::size_t>(i)]);
  }
  template <std::integral T>
  Shape(T extent) = delete;  // a shape is written in braces: zeros({3}), reshape(x, {6})
  /// `ndim` axes that all have this extent.
  static Shape filled(int ndim, std::int64_t extent, SourceLocation where = SourceLocation::current());
  /// As many axes as asked for, their extents not set. Throws std::invalid_argument beyond kMaxDims axes.
  void resize(int ndim) {
    if (static_cast<unsigned>(ndim) > kMaxDims) fail_ndim(ndim);
    ndim_ = ndim;
  }

  int ndim() const { return ndim_; }
  bool empty() const { return ndim_ == 0; }
  /// Product of the extents; 1 for a scalar. Throws std::invalid_argument when an int64 cannot hold the product of
  /// those that are not 0.
  std::int64_t numel() const;

  /// Extent of one axis; negative axes count from the last. Throws std::out_of_range.
  std::int64_t operator[](int axis) const { return extents_[place_of(axis)]; }
  std::int64_t& operator[](int axis) { return extents_[place_of(axis)]; }
  std::int64_t front() const { return (*this)[0]; }
  std::int64_t back() const { return (*this)[-1]; }
  const std::int64_t* begin() const { return extents_.data(); }
  const std::int64_t* end() const { return extents_.data() + ndim_; }
  std::int64_t* begin() { return extents_.data(); }
  std::int64_t* end() { return extents_.data() + ndim_; }

  /// Throws std::invalid_argument beyond kMaxDims axes, std::out_of_range for an axis that is not there.
  void push_back(std::int64_t extent, SourceLocation where = SourceLocation::current());
  void insert(int axis, std::int64_t extent, SourceLocation where = SourceLocation::current());
  void erase(int axis);

  friend bool operator==(const Shape& a, const Shape& b) {
    if (a.ndim_ != b.ndim_) return false;
    for (int i = 0; i < a.ndim_; ++i)
      if (a.extents_[i] != b.extents_[i]) return false;
    return true;
  }

 private:
  int place_of(int axis) const {
    if (static_cast<unsigned>(axis) < static_cast<unsigned>(ndim_)) return axis;
    return place_from_end(axis);
  }
  static int checked_ndim(std::size_t count, SourceLocation where) {
    check(count <= kMaxDims, where, "shape: a tensor has at most ", kMaxDims, " axes, but ", count, " were given.");
    return static_cast<int>(count);
  }
  int place_from_end(int axis) const;
  [[noreturn]] static void fail_ndim(int ndim);

  std::array<std::int64_t, kMaxDims> extents_;  // only the first ndim_ have a value
  int ndim_ = 0;
};

/// Distance between neighbours along each axis, in elements. 0 for a broadcast axis, negative for a flipped one.
using Strides = Shape;

/// Strides of a contiguous row-major tensor.
Strides row_major(const Shape& shape);
/// Writes row_major(shape) into strides that are there already.
void set_row_major(const Shape& shape, Strides& strides);

/// Writes a shape as [2, 3] in an error message.
void append_text(std::string& out, const Shape& shape);
std::string to_string(const Shape& shape);
std::ostream& operator<<(std::ostream& out, const Shape& shape);

/// The axes an operator works on: `sum(x, 1)`, `sum(x, {0, -1})`; negative axes count from the last. An empty list is no
/// axis: `sum(x, {})` reduces nothing, as NumPy's axis=(), where PyTorch 1.13's dim=() reduces all axes. All of them are
/// Axes::all(), or what is left out.
class Axes {
 public:
  Axes() = default;  ///< none
  // Not a std::initializer_list: g++ 12 would make one of options, and take sum(x, {.keepdims = true}) for sum(x, {1}).
  template <std::integral... T>
  requires(sizeof...(T) > 0 && (!std::same_as<T, bool> && ...)) Axes(T... axes)
      : axes_(list_of({internal::saturated_axis(axes)...})) {}
  template <std::same_as<std::vector<int>> List>
  Axes(List axes) : axes_(std::move(axes)) {}
  /// Every axis of the operand.
  static Axes all() {
    Axes axes;
    axes.all_ = true;
    return axes;
  }

  bool is_all() const { return all_; }
  const std::vector<int>& list() const { return axes_; }

 private:
  static std::vector<int> list_of(std::initializer_list<int> axes);

  std::vector<int> axes_;
  bool all_ = false;
};

/// `axis` counted from 0. Throws std::out_of_range, naming the operation, when it is not in [-ndim, ndim).
int normalize_axis(const char* operation, int axis, int ndim, SourceLocation where);

/// The axes as a bit mask, bit i for axis i. Throws std::out_of_range as normalize_axis, and
/// std::invalid_argument when an axis is named twice.
unsigned axis_mask(const char* operation, const Axes& axes, int ndim, SourceLocation where);

/// The common shape of two operands by NumPy's rule: axes are matched from the last, an extent of 1 stretches.
/// Throws std::invalid_argument when two extents differ and neither is 1.
Shape broadcast_shapes(const char* operation, const Shape& a, const Shape& b, SourceLocation where);

/// shape.numel(). Throws std::invalid_argument, naming the operation, when an int64 cannot hold it, or the strides.
std::int64_t checked_numel(const char* operation, const Shape& shape, SourceLocation where);

/// The position along each axis of element `at` of this shape, counted row-major.
Shape position_of(std::int64_t at, const Shape& shape);

/// Whether `from` stretches to `to` by NumPy's rule.
bool broadcasts_to(const Shape& from, const Shape& to);

}  // namespace xgrad
