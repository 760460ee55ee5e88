#include <algorithm>
#include <cmath>
#include <span>

#include "../../tensor_impl.hpp"
#include "../detail/reduction.hpp"
#include "resample.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

namespace {

constexpr const char* kInterpolate = "interpolate";

/// The extent of an axis times a factor, rounded down.
std::int64_t scaled_extent(std::int64_t extent, double factor, SourceLocation where) {
  check(factor > 0 && std::isfinite(factor), where, kInterpolate,
        ": scale_factor must be above 0 and finite, but it is ", factor, ".");
  const double scaled = std::floor(static_cast<double>(extent) * factor);
  check(scaled < 0x1p63, where, kInterpolate, ": the extents must fit in an int64, but ", extent, " times ", factor,
        " does not.");
  return static_cast<std::int64_t>(scaled);
}

}  // namespace

PerAxisFactor::PerAxisFactor(std::initializer_list<double> each, SourceLocation where)
    : count_(static_cast<int>(each.size())) {
  check(each.size() <= factors_.size(), where, "interpolate: there must be at most ", factors_.size(),
        " factors, one for each axis, but there are ", each.size(), ".");
  int axis = 0;
  for (double factor : each) factors_[axis++] = factor;
}

Tensor interpolate(const Operand& operand, InterpolateOptions options) {
  SourceLocation where = operand.where();
  const Shape& shape = operand.tensor(kInterpolate).shape();
  const int axes = shape.ndim() - 2;
  const Interpolation mode = options.mode;
  check(1 <= axes && axes <= 3, where, kInterpolate,
        ": x must be [N, C, L], [N, C, H, W] or [N, C, D, H, W], but it is ", shape, ".");
  check(options.size.empty() != options.scale_factor.empty(), where, kInterpolate,
        ": one of size and scale_factor must be given, but ", options.size.empty() ? "none is." : "both are.");
  const int given = options.size.empty() ? options.scale_factor.count() : options.size.count();
  check(given == 1 || given == axes, where, kInterpolate, ": size or scale_factor must be one number, or ", axes,
        " for x of shape ", shape, ", but there are ", given, ".");
  check(mode == Interpolation::linear || mode == Interpolation::cubic || !(options.align_corners || options.antialias),
        where, kInterpolate, ": align_corners and antialias are for linear and cubic, but the mode is another.");
  check(axes == 2 || (mode != Interpolation::cubic && !options.antialias), where, kInterpolate,
        ": cubic and antialias need x [N, C, H, W], but it is ", shape, ".");
  check(!options.recompute_scale_factor || options.size.empty(), where, kInterpolate,
        ": recompute_scale_factor must come with scale_factor, but size is given.");
  Resampling resamplings[3];
  Shape result = shape;
  for (int axis = 0; axis < axes; ++axis) {
    const std::int64_t extent = shape[2 + axis];
    check(extent > 0, where, kInterpolate, ": x must have elements along the axes after the channels, but it is ",
          shape, ".");
    Resampling& r = resamplings[axis];
    r.in = extent;
    r.mode = mode;
    r.align_corners = options.align_corners;
    r.antialias = options.antialias;
    if (options.size.empty()) {
      const double factor = options.scale_factor[axis];
      r.out = scaled_extent(extent, factor, where);
      if (!options.recompute_scale_factor && mode != Interpolation::area) r.factor = factor;
    } else {
      r.out = options.size[axis];
    }
    result[2 + axis] = r.out;
    check(r.out > 0 || (r.out == 0 && mode == Interpolation::area), where, kInterpolate,
          ": the result must have elements, but x is ", shape, " and its extents would be ", result, ".");
  }
  checked_numel(kInterpolate, result, where);
  CallSite site(where);
  Tensor x = floating_operand(kInterpolate, operand);
  // The axis that grows the most comes last.
  int order[3] = {0, 1, 2};
  auto growth = [&](int axis) {
    return static_cast<double>(resamplings[axis].out) / static_cast<double>(resamplings[axis].in);
  };
  std::stable_sort(order, order + axes,
                   [&](int a, int b) { return growth(a) < growth(b) || (growth(a) == growth(b) && a > b); });
  for (int axis : std::span(order, static_cast<std::size_t>(axes)))
    x = resampled(kInterpolate, x, 2 + axis, resamplings[axis], where);
  return x;
}

}  // namespace xgrad
