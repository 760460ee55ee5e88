// diff, trapezoid, cumulative_trapezoid and gradient: of operators.
#include <algorithm>

#include "../../tensor_impl.hpp"
#include "../arithmetic.hpp"
#include "../compare.hpp"
#include "../create.hpp"
#include "../cumulative.hpp"
#include "../detail/axis_rows.hpp"
#include "../detail/promote.hpp"
#include "../detail/reduction.hpp"
#include "../index.hpp"
#include "../movement.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

namespace {

/// The elements along an axis but the last, and but the first.
Tensor lefts(const Tensor& x, int axis) { return narrow(x, axis, 0, x.shape()[axis] - 1); }
Tensor rights(const Tensor& x, int axis) { return narrow(x, axis, 1, x.shape()[axis] - 1); }

void check_beside(const char* what, const Tensor& beside, const Tensor& x, int axis, SourceLocation where) {
  bool fits = beside.ndim() == x.ndim();
  for (int k = 0; fits && k < x.ndim(); ++k) fits = k == axis || beside.shape()[k] == x.shape()[k];
  check(fits, where, "diff: ", what, " must have x's extents but on axis ", axis, ", but it is ", beside.shape(),
        " and x is ", x.shape(), ".");
}

// ---- The trapezoidal rule ----

/// The axis of an integral. Throws where there is none.
int integral_axis(const char* name, const Tensor& y, int axis, SourceLocation where) {
  check(y.ndim() > 0, where, name, ": y must have an axis to integrate along, but it is a scalar.");
  return normalize_axis(name, axis, y.ndim(), where);
}

/// Twice the area under each piece but for the width.
Tensor piece_sums(const Tensor& y, int axis) { return lefts(y, axis) + rights(y, axis); }

/// The areas under the pieces between the points x, along the axis counted from the last.
struct Pieces {
  Tensor areas;
  int axis;
};
Pieces pieces(const char* name, const Operand& y_operand, const Tensor& x_given, int given_axis) {
  const SourceLocation where = y_operand.where();
  const Operand x_operand(x_given, where);
  const DType dtype = to_floating(common_dtype(name, {&y_operand, &x_operand}));
  const Tensor y = cast_for(name, y_operand, dtype);
  Tensor x = cast_for(name, x_operand, dtype);
  const int axis = integral_axis(name, y, given_axis, where);
  const std::int64_t n = y.shape()[axis];
  const int from_end = axis - y.ndim();
  bool fits = x.ndim() > 0 && x.ndim() >= (x.ndim() == 1 ? 1 : -from_end);
  if (fits && x.ndim() == 1) {
    fits = x.shape()[0] == n;
    if (fits) x = reshape(x, with_extent(Shape::filled(y.ndim(), 1), axis, n));
  }
  fits = fits && x.shape()[x.ndim() + from_end] == n;
  check(fits, where, name, ": x must have one value for each of the ", n, " points on axis ", axis, " of y ", y.shape(),
        ", but it is ", x_given.shape(), ".");
  broadcast_shapes(name, y.shape(), x.shape(), where);
  const int last = std::max(x.ndim(), y.ndim());
  if (n == 0)
    return {
        zeros(with_extent(broadcast_shapes(name, y.shape(), x.shape(), where), last + from_end, 0), {.dtype = dtype}),
        last + from_end};
  const int x_axis = x.ndim() + from_end;
  return {(rights(x, x_axis) - lefts(x, x_axis)) * piece_sums(y, axis) * 0.5, last + from_end};
}

}  // namespace

Tensor diff(const Operand& operand, const DiffOptions& options) {
  const SourceLocation where = operand.where();
  const CallSite site(where);
  Tensor x = operand.tensor("diff");
  check(x.ndim() > 0, where, "diff: x must have an axis, but it is a scalar.");
  const int axis = normalize_axis("diff", options.axis, x.ndim(), where);
  check(options.n >= 0, where, "diff: n must not be negative, but it is ", options.n, ".");
  if (options.prepend.defined()) check_beside("prepend", options.prepend, x, axis, where);
  if (options.append.defined()) check_beside("append", options.append, x, axis, where);
  if (options.n == 0) return x;
  if (options.prepend.defined()) x = cat({options.prepend, x}, axis);
  if (options.append.defined()) x = cat({x, options.append}, axis);
  if (x.shape()[axis] < options.n) return narrow(x, axis, 0, 0);
  for (int i = 0; i < options.n && x.shape()[axis] > 0; ++i)
    x = x.dtype() == DType::boolean ? not_equal(rights(x, axis), lefts(x, axis)) : rights(x, axis) - lefts(x, axis);
  return x;
}

Tensor trapezoid(const Operand& operand, TrapezoidOptions options) {
  const CallSite site(operand.where());
  const Tensor y = floating_operand("trapezoid", operand);
  const int axis = integral_axis("trapezoid", y, options.axis, operand.where());
  if (y.shape()[axis] == 0) return sum(y, axis);
  return sum(piece_sums(y, axis), axis) * (options.dx / 2);
}

Tensor trapezoid(const Operand& y, const Tensor& x, TrapezoidOptions options) {
  const CallSite site(y.where());
  const auto [areas, axis] = pieces("trapezoid", y, x, options.axis);
  return sum(areas, axis);
}

Tensor cumulative_trapezoid(const Operand& operand, TrapezoidOptions options) {
  const CallSite site(operand.where());
  const Tensor y = floating_operand("cumulative_trapezoid", operand);
  const int axis = integral_axis("cumulative_trapezoid", y, options.axis, operand.where());
  if (y.shape()[axis] == 0) return y;
  return cumsum(piece_sums(y, axis), axis) * (options.dx / 2);
}

Tensor cumulative_trapezoid(const Operand& y, const Tensor& x, TrapezoidOptions options) {
  const CallSite site(y.where());
  const auto [areas, axis] = pieces("cumulative_trapezoid", y, x, options.axis);
  return cumsum(areas, axis);
}

// ---- Derivatives of samples ----

namespace {

/// The distances between points along an axis: a number for all, or a tensor with the axis alone.
struct Distances {
  double even = 1;
  Tensor each = {};
};

/// The share that distance i has of i and j; negative ones count from the end.
Tensor share(const Tensor& distances, std::int64_t i, std::int64_t j, int axis) {
  const Tensor mine = narrow(distances, axis, i, 1);
  return mine / (mine + narrow(distances, axis, j, 1));
}

/// Of evenly spaced points the difference within leaves the middle one out: what it is does not count, and large ones
/// take no digits.
Tensor derivative_along(const Tensor& x, int axis, double distance, int edge_order) {
  const std::int64_t n = x.shape()[axis];
  auto slope = [&](std::int64_t i) { return (narrow(x, axis, i + 1, 1) - narrow(x, axis, i, 1)) / distance; };
  const Tensor within = (narrow(x, axis, 2, n - 2) - narrow(x, axis, 0, n - 2)) / (2 * distance);
  Tensor first = slope(0), last = slope(n - 2);
  if (edge_order == 2) {
    first = first - (slope(1) - first) * 0.5;
    last = last + (last - slope(n - 3)) * 0.5;
  }
  return cat({first, within, last}, axis);
}

Tensor derivative_along(const Tensor& x, int axis, const Distances& distances, int edge_order) {
  if (!distances.each.defined()) return derivative_along(x, axis, distances.even, edge_order);
  const std::int64_t pieces = x.shape()[axis] - 1;
  const Tensor slopes = (rights(x, axis) - lefts(x, axis)) / distances.each;
  const Tensor before = narrow(slopes, axis, 0, pieces - 1), after = narrow(slopes, axis, 1, pieces - 1);
  const Tensor left = lefts(distances.each, axis), right = rights(distances.each, axis);
  const Tensor within = (right * before + left * after) / (left + right);
  Tensor first = narrow(slopes, axis, 0, 1), last = narrow(slopes, axis, -1, 1);
  if (edge_order == 2) {
    first = first - (narrow(slopes, axis, 1, 1) - first) * share(distances.each, 0, 1, axis);
    last = last + (last - narrow(slopes, axis, -2, 1)) * share(distances.each, -1, -2, axis);
  }
  return cat({first, within, last}, axis);
}

}  // namespace

std::vector<Tensor> gradient(const Operand& operand, const GradientOptions& options) {
  const SourceLocation where = operand.where();
  const CallSite site(where);
  Tensor x = floating_operand("gradient", operand);
  axis_mask("gradient", options.axes, x.ndim(), where);
  std::vector<int> axes;
  if (options.axes.is_all())
    for (int axis = 0; axis < x.ndim(); ++axis) axes.push_back(axis);
  else
    for (int axis : options.axes.list()) axes.push_back(normalize_axis("gradient", axis, x.ndim(), where));
  check(options.edge_order == 1 || options.edge_order == 2, where, "gradient: edge_order must be 1 or 2, but it is ",
        options.edge_order, ".");
  check(x.ndim() > 0 || axes.empty(), where, "gradient: x must have an axis, but it is a scalar.");
  const std::size_t spacings = options.spacing.size(), coordinates = options.coordinates.size();
  check(spacings == 0 || coordinates == 0, where, "gradient: give spacing or coordinates, but both are given.");
  check(spacings <= 1 || spacings == axes.size(), where, "gradient: spacing must be one number, or one for each of ",
        axes.size(), " axes, but there are ", spacings, ".");
  check(coordinates == 0 || coordinates == axes.size(), where, "gradient: coordinates must be one tensor for each of ",
        axes.size(), " axes, but there are ", coordinates, ".");
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const std::int64_t n = x.shape()[axes[i]];
    check(n > options.edge_order, where, "gradient: with edge_order ", options.edge_order, " each axis needs at least ",
          options.edge_order + 1, " points, but axis ", axes[i], " of x ", x.shape(), " has ", n, ".");
    if (coordinates == 0) continue;
    const Tensor& points = options.coordinates[i];
    check(points.defined(), where, "gradient: coordinates must be defined, but tensor ", i,
          " is not: ", internal::kWhyUndefined);
    check(points.shape() == Shape{n}, where, "gradient: coordinates must be [", n, "] for axis ", axes[i], " of x ",
          x.shape(), ", but they are ", points.shape(), ".");
    x = cast_for("gradient", x, promote(x.dtype(), points.dtype()));
  }
  std::vector<Tensor> derivatives;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    Distances distances;
    if (coordinates > 0) {
      const Tensor points = cast_for("gradient", options.coordinates[i], x.dtype());
      distances.each = reshape(rights(points, 0) - lefts(points, 0),
                               with_extent(Shape::filled(x.ndim(), 1), axes[i], points.shape()[0] - 1));
    } else if (spacings > 0) {
      distances.even = options.spacing[spacings == 1 ? 0 : i];
    }
    derivatives.push_back(derivative_along(x, axes[i], distances, options.edge_order));
  }
  return derivatives;
}

}  // namespace xgrad
