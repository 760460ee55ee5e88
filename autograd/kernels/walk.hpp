// Moving elements about: a walk over a strided layout, in row-major order, without a division for each, and the numbers
// that elements of any dtype are moved as.
#pragma once

#include <cstdint>

#include "../shape.hpp"

namespace xgrad::internal {

/// Calls f with an unsigned number of an element's size, 1, 4 or 8 bytes: what moves elements need not know their
/// dtype.
template <class F>
void with_bits(std::int64_t size, const F& f) {
  switch (size) {
    case 1:
      return f(std::uint8_t{});
    case 4:
      return f(std::uint32_t{});
    default:
      return f(std::uint64_t{});
  }
}

class Walk {
 public:
  Walk() = default;
  /// Stands at element `at`, counted row-major, of a layout with these extents and strides. Both must outlive the walk.
  Walk(int ndim, const std::int64_t* extent, const std::int64_t* stride, std::int64_t at)
      : ndim_(ndim), extent_(extent), stride_(stride) {
    for (int axis = ndim - 1; axis >= 0; --axis) {
      index_[axis] = at % extent[axis];
      at /= extent[axis];
      offset_ += index_[axis] * stride[axis];
    }
  }

  /// Where the element stands.
  std::int64_t offset() const { return offset_; }
  /// How many steps along an axis there are until its end.
  std::int64_t left(int axis) const { return extent_[axis] - index_[axis]; }

  /// Goes n <= left(axis) steps along an axis. The axes inside of it are at their beginnings, and stay there.
  void advance(int axis, std::int64_t n) {
    index_[axis] += n;
    offset_ += n * stride_[axis];
    for (; axis > 0 && index_[axis] == extent_[axis]; --axis) {
      index_[axis] = 0;
      offset_ += stride_[axis - 1] - extent_[axis] * stride_[axis];
      ++index_[axis - 1];
    }
  }

  /// Goes to the next element.
  void next() {
    if (ndim_ > 0) advance(ndim_ - 1, 1);
  }

 private:
  int ndim_ = 0;
  const std::int64_t* extent_ = nullptr;
  const std::int64_t* stride_ = nullptr;
  std::int64_t offset_ = 0;
  std::int64_t index_[kMaxDims];
};

}  // namespace xgrad::internal
