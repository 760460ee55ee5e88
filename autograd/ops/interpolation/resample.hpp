// One axis at another extent, as a recorded linear map: what interpolate and adaptive averages are made of.
#pragma once

#include "../interpolation.hpp"

namespace xgrad::internal {

/// Which elements of an axis each place of another extent reads.
struct Resampling {
  std::int64_t in, out;
  double factor = 0;  // that scales the extent; 0: in / out says
  Interpolation mode = Interpolation::area;
  bool align_corners = false, antialias = false;
};

/// x with the axis resampled, recorded under this name. x is floating.
Tensor resampled(const char* name, const Tensor& x, int axis, const Resampling& resampling, SourceLocation where);

}  // namespace xgrad::internal
