#include "pooling.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "../extend.hpp"
#include "../grad_mode.hpp"
#include "../kernels/pooling.hpp"
#include "../tensor_impl.hpp"
#include "arithmetic.hpp"
#include "cast.hpp"
#include "choose.hpp"
#include "compare.hpp"
#include "create.hpp"
#include "detail/reduction.hpp"
#include "detail/result.hpp"
#include "detail/scaling.hpp"
#include "index.hpp"
#include "interpolation/resample.hpp"
#include "movement.hpp"
#include "pad.hpp"
#include "reduce.hpp"
#include "views.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

namespace {

constexpr int kPoolAxes = PoolGeometry::kAxes;

/// What moves over x, by the name of what the user called.
struct Pool {
  const char* name;
  int axes;
  PoolGeometry geometry;
};

/// Runs a kernel with the element type.
template <class F>
void run_kernel(DType dtype, const F& f) {
  if (dtype == DType::int64)
    f(std::int64_t{});
  else
    dispatch_floating(dtype, f);
}

/// x's shape with other extents along the axes of the windows.
Shape shape_with(const Shape& x, int axes, const std::int64_t (&extents)[kPoolAxes]) {
  Shape shape = x;
  for (int axis = 0; axis < axes; ++axis) shape[shape.ndim() - axes + axis] = extents[kPoolAxes - axes + axis];
  return shape;
}

/// A pool over x, which is checked, its windows not set.
Pool pool_over(const char* name, int axes, const Operand& operand) {
  const Tensor& x = operand.tensor(name);
  static constexpr const char* kShapes[] = {"[N, C, L] or [C, L]", "[N, C, H, W] or [C, H, W]",
                                            "[N, C, D, H, W] or [C, D, H, W]"};
  check(x.ndim() == axes + 1 || x.ndim() == axes + 2, operand.where(), name, ": x must be ", kShapes[axes - 1],
        ", but it is ", x.shape(), ".");
  check(x.dtype() != DType::boolean, operand.where(), name, ": x must be numbers, but it is boolean. Use cast().");
  Pool pool{name, axes, {}};
  PoolGeometry& g = pool.geometry;
  for (int axis = 0; axis < kPoolAxes; ++axis)
    g.in[axis] = g.out[axis] = g.kernel[axis] = g.stride[axis] = g.dilation[axis] = 1;
  g.planes = 1;
  for (int axis = 0; axis < x.ndim() - axes; ++axis) g.planes *= x.shape()[axis];
  for (int axis = 0; axis < axes; ++axis) {
    const std::int64_t extent = x.shape()[x.ndim() - axes + axis];
    check(extent > 0, operand.where(), name, ": x must have elements along the axes of the windows, but it is ",
          x.shape(), ".");
    g.in[kPoolAxes - axes + axis] = extent;
  }
  return pool;
}

void set_numbers(const Pool& pool, const char* what, const PerAxis& numbers, std::int64_t least,
                 std::int64_t (&to)[kPoolAxes], SourceLocation where) {
  numbers.require(pool.name, what, pool.axes, least, where);
  for (int axis = 0; axis < pool.axes; ++axis) to[kPoolAxes - pool.axes + axis] = numbers[axis];
}

/// How windows move.
struct Windows {
  PerAxis size, stride, padding, dilation;
  bool ceil_mode;
};

void set_windows(Pool& pool, const Windows& windows, const Shape& x, SourceLocation where) {
  PoolGeometry& g = pool.geometry;
  set_numbers(pool, "window", windows.size, 1, g.kernel, where);
  set_numbers(pool, "stride", windows.stride.empty() ? windows.size : windows.stride, 1, g.stride, where);
  set_numbers(pool, "padding", windows.padding, 0, g.before, where);
  set_numbers(pool, "dilation", windows.dilation, 1, g.dilation, where);
  for (int axis = kPoolAxes - pool.axes; axis < kPoolAxes; ++axis) {
    check(g.before[axis] <= g.kernel[axis] / 2, where, pool.name,
          ": padding must be at most half of the window, but it is ", windows.padding.given(), " and the window ",
          windows.size.given(), ".");
    std::int64_t reach = 0, padded = 0, room = 0;
    const bool overflows = __builtin_mul_overflow(g.kernel[axis] - 1, g.dilation[axis], &reach) ||
                           __builtin_add_overflow(g.in[axis], 2 * g.before[axis], &padded) ||
                           __builtin_sub_overflow(padded - 1, reach, &room);
    check(!overflows, where, pool.name, ": extents with their padding must fit in an int64, but they do not.");
    const std::int64_t s = g.stride[axis];
    if (room >= 0) {
      g.out[axis] = room / s + 1;
      // One more that begins in x, or in the padding before it.
      std::int64_t next;
      const bool is_far = __builtin_mul_overflow(g.out[axis], s, &next);
      if (windows.ceil_mode && room % s != 0 && !is_far && next < g.in[axis] + g.before[axis]) ++g.out[axis];
    } else {
      g.out[axis] = windows.ceil_mode && room > -s ? 1 : 0;
    }
    check(g.out[axis] > 0, where, pool.name, ": a window must fit into the padded x, but x is ", x, ", the window ",
          windows.size.given(), ", padding ", windows.padding.given(), " and dilation ", windows.dilation.given(), ".");
  }
}

// ---- The largest element ----

/// The cotangent of x: g at the elements that were taken.
void max_pool_rule(Vjp& vjp, std::int64_t planes, std::int64_t in, std::int64_t out, std::int64_t most_uses) {
  const Shape shape = vjp.shape(0);
  const Tensor& indices = vjp.output(1);
  if (vjp.creates_graph()) {
    Tensor zero = zeros({planes, in}, {.dtype = vjp.dtype(0)}), places = reshape(indices.detach(), {planes, out});
    Tensor is_there = places >= 0;
    Tensor spread =
        scatter_add(zero, 1, where(is_there, places, 0), where(is_there, reshape(vjp.g(0), {planes, out}), 0));
    return vjp.give(0, reshape(spread, shape));
  }
  Tensor g = contiguous(vjp.g(0));
  Tensor result = new_result("max_pool", shape, g.dtype(), vjp.where());
  dispatch_floating(g.dtype(), [&]<class T>(T) {
    unpool(planes, in, out, most_uses, data_of<T>(g), data_of<std::int64_t>(indices), data_of<T>(result));
  });
  vjp.give(0, result);
}

MaxPooled recorded_max_pool(const Pool& pool, const Tensor& given, bool is_adaptive, bool wants_indices,
                            SourceLocation where) {
  const PoolGeometry& g = pool.geometry;
  Tensor x = contiguous(given);
  const Shape shape = shape_with(x.shape(), pool.axes, g.out);
  Tensor y = new_checked(pool.name, shape, x.dtype(), where), indices;
  if (wants_indices || is_recording({x})) indices = new_checked(pool.name, shape, DType::int64, where);
  if (y.numel() > 0)
    run_kernel(x.dtype(), [&]<class T>(T) {
      std::int64_t* places = indices.defined() ? data_of<std::int64_t>(indices) : nullptr;
      if (is_adaptive)
        adaptive_max_pool(g, data_of<T>(x), data_of<T>(y), places);
      else
        max_pool(g, data_of<T>(x), data_of<T>(y), places);
    });
  if (!indices.defined()) return {y, {}};
  const std::int64_t planes = g.planes, in = PoolGeometry::product(g.in), out = PoolGeometry::product(g.out),
                     most_uses = most_windows_of_element(g, is_adaptive);
  std::vector<Tensor> outputs = record(pool.name, where, {x}, std::vector{y, indices}, {Uses::output(1)},
                                       [=](Vjp& vjp) { max_pool_rule(vjp, planes, in, out, most_uses); });
  return {outputs[0], outputs[1]};
}

MaxPooled max_pooled(const char* name, int axes, const Operand& x, const PerAxis& window, const MaxPoolOptions& options,
                     bool wants_indices) {
  CallSite site(x.where());
  Pool pool = pool_over(name, axes, x);
  set_windows(pool, {window, options.stride, options.padding, options.dilation, options.ceil_mode},
              x.tensor(name).shape(), x.where());
  return recorded_max_pool(pool, x.tensor(name), false, wants_indices, x.where());
}

/// Extents of the result along each axis.
void set_adaptive(Pool& pool, const PerAxis& size, SourceLocation where) {
  PoolGeometry& g = pool.geometry;
  set_numbers(pool, "size", size, kSameExtent, g.out, where);
  for (int axis = 0; axis < kPoolAxes; ++axis)
    if (g.out[axis] == kSameExtent) g.out[axis] = g.in[axis];
}

MaxPooled adaptive_max_pooled(const char* name, int axes, const Operand& x, const PerAxis& size, bool wants_indices) {
  CallSite site(x.where());
  Pool pool = pool_over(name, axes, x);
  set_adaptive(pool, size, x.where());
  for (int axis = 0; axis < kPoolAxes; ++axis) {
    std::int64_t product;
    check(!__builtin_mul_overflow(pool.geometry.in[axis], pool.geometry.out[axis], &product), x.where(), name,
          ": extents of x times those of the result must fit in an int64, but they do not.");
  }
  return recorded_max_pool(pool, x.tensor(name), true, wants_indices, x.where());
}

// ---- The mean ----

/// The mean of windows, or its transpose.
Tensor recorded_average(const Pool& pool, const PoolDivisor& divisor, const Tensor& given, bool is_back,
                        SourceLocation where) {
  const PoolGeometry& g = pool.geometry;
  Tensor from = contiguous(given);
  Tensor to = new_checked(pool.name, shape_with(from.shape(), pool.axes, is_back ? g.in : g.out), from.dtype(), where);
  if (g.planes > 0)
    run_kernel(from.dtype(), [&]<class T>(T) {
      if (is_back)
        average_pool_back(g, divisor, data_of<T>(from), data_of<T>(to));
      else
        average_pool(g, divisor, data_of<T>(from), data_of<T>(to));
    });
  return record(pool.name, where, {from}, to, {},
                [=](Vjp& vjp) { vjp.give(0, recorded_average(pool, divisor, vjp.g(), !is_back, vjp.where())); });
}

Tensor averaged(const char* name, int axes, const Operand& x, const PerAxis& window, const AvgPoolOptions& options) {
  CallSite site(x.where());
  Pool pool = pool_over(name, axes, x);
  set_windows(pool, {window, options.stride, options.padding, 1, options.ceil_mode}, x.tensor(name).shape(), x.where());
  check(!options.divisor_override || *options.divisor_override != 0, x.where(), name,
        ": divisor_override must not be 0, but it is.");
  return recorded_average(pool, {options.divisor_override.value_or(0), options.count_include_pad}, x.tensor(name),
                          false, x.where());
}

Tensor adaptively_averaged(const char* name, int axes, const Operand& operand, const PerAxis& size) {
  CallSite site(operand.where());
  Pool pool = pool_over(name, axes, operand);
  set_adaptive(pool, size, operand.where());
  Tensor x = floating_operand(name, operand);
  checked_numel(name, shape_with(x.shape(), axes, pool.geometry.out), operand.where());
  for (int axis = kPoolAxes - axes; axis < kPoolAxes; ++axis)
    x = resampled(name, x, x.ndim() - kPoolAxes + axis, {.in = pool.geometry.in[axis], .out = pool.geometry.out[axis]},
                  operand.where());
  return x;
}

Tensor power_means(const Tensor& sums, double p) {
  Tensor is_zero = sums == 0;
  return where(is_zero, 0, pow(where(is_zero, 1, sums), 1 / p));
}

/// The magnitudes of which sums of powers are safe: neither they nor, where they are recorded, what their derivatives
/// make of them overflow or underflow.
struct SafeRange {
  double least, most;
  bool contains(double x) const { return least <= std::abs(x) && std::abs(x) <= most; }
};
SafeRange safe_range(const Tensor& x) {
  const bool is_float = x.dtype() == DType::float32, is_recorded = is_recording({x});
  const double most = is_recorded ? (is_float ? 1e15 : 1e150) : (is_float ? 1e38 : 1e308);
  return {is_recorded ? 1 / most : is_float ? 1e-31 : 1e-289, most};
}

/// Whether elements of a window that are neither 0 nor infinite have made a sum that is not safe.
bool leave_range(const Pool& pool, const Tensor& x, const Tensor& sums, double p) {
  const SafeRange range = safe_range(x);
  NoGrad no_grad;
  // The largest magnitudes of windows that hold one alone, and stay in the range.
  const double a = std::pow(range.least, 1 / p), b = std::pow(range.most, 1 / p);
  const SafeRange magnitudes{std::min(a, b), std::max(a, b)};
  return dispatch_floating(x.dtype(), [&]<class T>(T) {
    const T* sum = data_of<T>(sums);
    Tensor largest;
    for (std::int64_t i = 0, n = sums.numel(); i < n; ++i) {
      if (range.contains(static_cast<double>(sum[i]))) continue;
      if (!largest.defined()) largest = recorded_max_pool(pool, abs(x.detach()), false, false, {}).values;
      const double size = static_cast<double>(data_of<T>(largest)[i]);
      if (size > 0 && std::isfinite(size) && (p < 0 || !magnitudes.contains(size))) return true;
    }
    return false;
  });
}

/// The windows of x along new last axes, made one: [..., k]. Those that reach over the end go on with zeros.
Tensor windows_of(const Pool& pool, const Tensor& x) {
  const PoolGeometry& g = pool.geometry;
  std::vector<std::int64_t> widths;  // the last axis first
  for (int axis = kPoolAxes - 1; axis >= kPoolAxes - pool.axes; --axis) {
    widths.push_back(0);
    widths.push_back(std::max<std::int64_t>(0, (g.out[axis] - 1) * g.stride[axis] + g.kernel[axis] - g.in[axis]));
  }
  Tensor windows = pad(x, widths);
  for (int axis = 0; axis < pool.axes; ++axis) {
    const int of_geometry = kPoolAxes - pool.axes + axis;
    windows = unfold(windows, x.ndim() - pool.axes + axis, g.kernel[of_geometry], g.stride[of_geometry]);
  }
  Shape shape = shape_with(x.shape(), pool.axes, g.out);
  shape.push_back(PoolGeometry::product(g.kernel));
  return reshape(windows, shape);
}

/// The same with each window's elements multiplied by a power of two that brings the largest near 1; for a negative p
/// the smallest.
Tensor scaled_power_means(const Pool& pool, const Tensor& x, double p) {
  constexpr double kLargePower = 16, kInfinity = std::numeric_limits<double>::infinity();
  Tensor windows = windows_of(pool, x), is_inside, scales, rest;
  {
    NoGrad no_grad;
    is_inside = windows_of(pool, ones_like(x)) != 0;
    const Tensor values = windows.detach();
    const unsigned last = 1u << (values.ndim() - 1);
    scales = p > 0 ? power_of_two_scales(values, last)
                   : reciprocal(power_of_two_scales(where(is_inside, reciprocal(values), 0), last));
  }
  Tensor scaled = windows * scales;
  if (std::abs(p) > kLargePower) {
    // Even a number between 1 and 2 leaves the range then: the element that counts most becomes 1.
    NoGrad no_grad;
    const Tensor size = abs(scaled.detach());
    Tensor most =
        p > 0 ? amax(size, -1, {.keepdims = true}) : amin(where(is_inside, size, kInfinity), -1, {.keepdims = true});
    rest = where(logical_and(most > 0, isfinite(most)), most, 1);
  }
  if (rest.defined()) scaled = scaled / rest;
  Tensor powers = where(is_inside, pow(where(is_inside, scaled, 1), p), 0);
  const double size = static_cast<double>(PoolGeometry::product(pool.geometry.kernel));
  Tensor sums = sum(powers, -1) * (size / sum(cast(is_inside, x.dtype()), -1));
  Tensor means = power_means(sums, p);
  if (rest.defined()) means = means * reshape(rest, sums.shape());
  return means / reshape(scales, sums.shape());
}

/// The limits of power means: the largest magnitude of a window, or for -inf the smallest.
Tensor extreme_magnitudes(const Pool& pool, const Tensor& x, bool is_largest, SourceLocation where) {
  const Tensor size = is_largest ? abs(x) : -abs(x);
  const Tensor extreme = recorded_max_pool(pool, size, false, false, where).values;
  return is_largest ? extreme : -extreme;
}

Tensor power_pooled(const char* name, int axes, const Operand& operand, double p, const PerAxis& window,
                    const LpPoolOptions& options) {
  SourceLocation where = operand.where();
  CallSite site(where);
  Pool pool = pool_over(name, axes, operand);
  set_windows(pool, {window, options.stride, 0, 1, options.ceil_mode}, operand.tensor(name).shape(), where);
  check(p != 0 && !std::isnan(p), where, name, ": p must be a number other than 0, but it is ", p, ".");
  const Tensor x = floating_operand(name, operand);
  // A p that x's dtype cannot hold is infinite there.
  if (std::isinf(x.dtype() == DType::float32 ? static_cast<float>(p) : p))
    return extreme_magnitudes(pool, x, p > 0, where);
  const double size = static_cast<double>(PoolGeometry::product(pool.geometry.kernel));
  Tensor sums = recorded_average(pool, {}, pow(x, p), false, where) * size;
  return leave_range(pool, x, sums, p) ? scaled_power_means(pool, x, p) : power_means(sums, p);
}

}  // namespace

Tensor max_pool1d(const Operand& x, PerAxis window, MaxPoolOptions options) {
  return max_pooled("max_pool1d", 1, x, window, options, false).values;
}
Tensor max_pool2d(const Operand& x, PerAxis window, MaxPoolOptions options) {
  return max_pooled("max_pool2d", 2, x, window, options, false).values;
}
Tensor max_pool3d(const Operand& x, PerAxis window, MaxPoolOptions options) {
  return max_pooled("max_pool3d", 3, x, window, options, false).values;
}
MaxPooled max_pool1d_with_indices(const Operand& x, PerAxis window, MaxPoolOptions options) {
  return max_pooled("max_pool1d_with_indices", 1, x, window, options, true);
}
MaxPooled max_pool2d_with_indices(const Operand& x, PerAxis window, MaxPoolOptions options) {
  return max_pooled("max_pool2d_with_indices", 2, x, window, options, true);
}
MaxPooled max_pool3d_with_indices(const Operand& x, PerAxis window, MaxPoolOptions options) {
  return max_pooled("max_pool3d_with_indices", 3, x, window, options, true);
}

Tensor avg_pool1d(const Operand& x, PerAxis window, AvgPoolOptions options) {
  return averaged("avg_pool1d", 1, x, window, options);
}
Tensor avg_pool2d(const Operand& x, PerAxis window, AvgPoolOptions options) {
  return averaged("avg_pool2d", 2, x, window, options);
}
Tensor avg_pool3d(const Operand& x, PerAxis window, AvgPoolOptions options) {
  return averaged("avg_pool3d", 3, x, window, options);
}

Tensor adaptive_avg_pool1d(const Operand& x, PerAxis size) {
  return adaptively_averaged("adaptive_avg_pool1d", 1, x, size);
}
Tensor adaptive_avg_pool2d(const Operand& x, PerAxis size) {
  return adaptively_averaged("adaptive_avg_pool2d", 2, x, size);
}
Tensor adaptive_avg_pool3d(const Operand& x, PerAxis size) {
  return adaptively_averaged("adaptive_avg_pool3d", 3, x, size);
}

Tensor adaptive_max_pool1d(const Operand& x, PerAxis size) {
  return adaptive_max_pooled("adaptive_max_pool1d", 1, x, size, false).values;
}
Tensor adaptive_max_pool2d(const Operand& x, PerAxis size) {
  return adaptive_max_pooled("adaptive_max_pool2d", 2, x, size, false).values;
}
Tensor adaptive_max_pool3d(const Operand& x, PerAxis size) {
  return adaptive_max_pooled("adaptive_max_pool3d", 3, x, size, false).values;
}
MaxPooled adaptive_max_pool1d_with_indices(const Operand& x, PerAxis size) {
  return adaptive_max_pooled("adaptive_max_pool1d_with_indices", 1, x, size, true);
}
MaxPooled adaptive_max_pool2d_with_indices(const Operand& x, PerAxis size) {
  return adaptive_max_pooled("adaptive_max_pool2d_with_indices", 2, x, size, true);
}
MaxPooled adaptive_max_pool3d_with_indices(const Operand& x, PerAxis size) {
  return adaptive_max_pooled("adaptive_max_pool3d_with_indices", 3, x, size, true);
}

Tensor lp_pool1d(const Operand& x, double p, PerAxis window, LpPoolOptions options) {
  return power_pooled("lp_pool1d", 1, x, p, window, options);
}
Tensor lp_pool2d(const Operand& x, double p, PerAxis window, LpPoolOptions options) {
  return power_pooled("lp_pool2d", 2, x, p, window, options);
}

}  // namespace xgrad
