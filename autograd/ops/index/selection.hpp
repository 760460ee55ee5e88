// What the items of x[...] select: a window of the tensor, and places on some of its axes.
#pragma once

#include <vector>

#include "../detail/window.hpp"
#include "../index.hpp"
#include "places.hpp"

namespace xgrad::internal {

/// A slice of an axis, its bounds cut to the extent as Python does.
struct Range {
  std::int64_t start, step, length;
};
Range resolve(const Slice& slice, std::int64_t extent, SourceLocation where);

/// The integer counted from 0. Throws: std::out_of_range.
std::int64_t checked_position(const char* operation, const Tensor& x, int axis, std::int64_t i, SourceLocation where);

/// What picks elements of some neighbouring axes of a window one by one.
struct Picked {
  int axis, axes;    // of the window's shape
  Tensor positions;  // int64, contiguous, counted from 0; a mask's are found when they are needed
  Tensor mask;       // boolean, contiguous; or undefined
};

struct Selection {
  Window window;
  bool is_whole = true;  // the window is all of x, as it is
  std::vector<Picked> picked;
};

/// The selection of these items, all of it checked.
Selection selection_of(const char* operation, const Tensor& x, const std::vector<Index>& items, SourceLocation where);

/// The selection's positions as one tensor over neighbouring axes.
struct Places {
  IndexedAxes at;
  Tensor indices;
  std::vector<int> order;  // in which the window's axes must be for that; empty: as they are
};
/// `shape` is the window's.
Places places_of(const char* operation, const Shape& shape, std::vector<Picked> picked, SourceLocation where);

/// The mask of a selection that is nothing but a mask over all axes of the window; else undefined.
Tensor mask_alone(const Selection& selection);

}  // namespace xgrad::internal
