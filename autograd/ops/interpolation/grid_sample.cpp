#include "../../kernels/grid_sample.hpp"
#include "../../extend.hpp"
#include "../../tensor_impl.hpp"
#include "../arithmetic.hpp"
#include "../cast.hpp"
#include "../choose.hpp"
#include "../compare.hpp"
#include "../create.hpp"
#include "../detail/promote.hpp"
#include "../detail/result.hpp"
#include "../index.hpp"
#include "../interpolation.hpp"
#include "../movement.hpp"
#include "../products.hpp"
#include "../reduce.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

namespace {

constexpr const char* kGridSample = "grid_sample";

// ---- The cotangents of operators, for higher orders ----

/// One axis: for each tap its elements [N, P], 0 where they lie outside, and the recorded weights, 0 there, with their
/// derivative by the place.
struct AxisWeights {
  std::vector<Tensor> elements, weights, slopes;
  Tensor speed;  // [N, P]: of the place with the coordinate
};

/// Weights of the taps of a place that is t behind.
std::vector<Tensor> tap_weights(SampleMode mode, const Tensor& t) {
  if (mode == SampleMode::nearest) return {ones_like(t)};
  if (mode == SampleMode::linear) return {1 - t, t};
  constexpr double a = -0.75;
  auto near = [](const Tensor& x) { return ((a + 2) * x - (a + 3)) * x * x + 1; };
  auto far = [](const Tensor& x) { return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a; };
  return {far(t + 1), near(t), near(1 - t), far(2 - t)};
}
std::vector<Tensor> tap_slopes(SampleMode mode, const Tensor& t) {
  if (mode == SampleMode::nearest) return {zeros_like(t)};
  if (mode == SampleMode::linear) return {-ones_like(t), ones_like(t)};
  constexpr double a = -0.75;
  auto near = [](const Tensor& x) { return (3 * (a + 2) * x - 2 * (a + 3)) * x; };
  auto far = [](const Tensor& x) { return (3 * a * x - 10 * a) * x + 8 * a; };
  return {far(t + 1), near(t), -near(1 - t), -far(2 - t)};
}

/// All axes. `grid` is [N, P, axes].
std::vector<AxisWeights> axis_weights(const SampleShape& s, const Tensor& grid) {
  const Tensor coordinates = contiguous(grid.detach());
  Tensor elements = new_result(kGridSample, {s.axes, s.taps(), s.batch, s.places}, DType::int64, {});
  Tensor parts = new_result(kGridSample, {s.axes, s.batch, s.places}, grid.dtype(), {});
  Tensor slopes = new_result(kGridSample, parts.shape(), grid.dtype(), {});
  dispatch_floating(grid.dtype(), [&]<class T>(T) {
    grid_sample_taps(s, data_of<T>(coordinates), data_of<std::int64_t>(elements), data_of<T>(parts),
                     data_of<T>(slopes));
  });
  std::vector<AxisWeights> axes;
  for (int axis = 0; axis < s.axes; ++axis) {
    AxisWeights each;
    each.speed = slopes[axis];
    // The part's value, and its dependence on the coordinate.
    Tensor coordinate = narrow(grid, 2, s.axes - 1 - axis, 1);
    Tensor change = reshape(coordinate - coordinate.detach(), {s.batch, s.places});
    Tensor t = parts[axis] + each.speed * where(isfinite(change.detach()), change, 0);
    const std::vector<Tensor> weights = tap_weights(s.mode, t), rates = tap_slopes(s.mode, t);
    for (int k = 0; k < s.taps(); ++k) {
      Tensor element = elements[{axis, k}], is_there = element >= 0;
      each.elements.push_back(where(is_there, element, 0));
      each.weights.push_back(where(is_there, weights[k], 0));
      each.slopes.push_back(where(is_there, rates[k], 0));
    }
    axes.push_back(each);
  }
  return axes;
}

void cotangents_of_operators(Vjp& vjp, const SampleShape& s) {
  const Tensor x = reshape(vjp.input(0), {s.batch, s.channels, s.in_size()});
  const Tensor grid = reshape(vjp.input(1), {s.batch, s.places, s.axes});
  const Tensor g = reshape(vjp.g(), {s.batch, s.channels, s.places});
  const std::vector<AxisWeights> axes = axis_weights(s, grid);
  const Shape spread{s.batch, s.channels, s.places};
  Tensor gx;
  if (vjp.needs(0)) gx = zeros(x.shape(), {.dtype = x.dtype()});
  std::vector<Tensor> rates(static_cast<std::size_t>(s.axes));  // of each place
  int combinations = 1;
  for (int axis = 0; axis < s.axes; ++axis) combinations *= s.taps();
  for (int combination = 0; combination < combinations; ++combination) {
    std::vector<int> tap;
    for (int axis = 0, rest = combination; axis < s.axes; ++axis, rest /= s.taps()) tap.push_back(rest % s.taps());
    Tensor element = axes[0].elements[tap[0]], weight = axes[0].weights[tap[0]];
    for (int axis = 1; axis < s.axes; ++axis) {
      element = element * s.in[axis] + axes[axis].elements[tap[axis]];
      weight = weight * axes[axis].weights[tap[axis]];
    }
    Tensor places = contiguous(expand(unsqueeze(element, 1), spread));
    if (vjp.needs(0)) gx = scatter_add(gx, 2, places, unsqueeze(weight, 1) * g);
    if (!vjp.needs(1)) continue;
    Tensor dot = sum(g * gather(x, 2, places), 1);
    for (int axis = 0; axis < s.axes; ++axis) {
      Tensor rate = dot * axes[axis].slopes[tap[axis]];
      for (int other = 0; other < s.axes; ++other)
        if (other != axis) rate = rate * axes[other].weights[tap[other]];
      rates[axis] = rates[axis].defined() ? rates[axis] + rate : rate;
    }
  }
  if (vjp.needs(0)) vjp.give(0, reshape(gx, vjp.shape(0)));
  if (!vjp.needs(1)) return;
  std::vector<Tensor> coordinates;
  for (int axis = s.axes - 1; axis >= 0; --axis) coordinates.push_back(rates[axis] * axes[axis].speed);
  vjp.give(1, reshape(stack(coordinates, 2), vjp.shape(1)));
}

void grid_sample_rule(Vjp& vjp, const SampleShape& s) {
  if (vjp.creates_graph()) return cotangents_of_operators(vjp, s);
  const Tensor &x = vjp.input(0), &grid = vjp.input(1);
  Tensor g = contiguous(vjp.g()), gx, ggrid;
  if (vjp.needs(0)) gx = new_result(kGridSample, x.shape(), x.dtype(), vjp.where());
  if (vjp.needs(1)) ggrid = new_result(kGridSample, grid.shape(), grid.dtype(), vjp.where());
  dispatch_floating(x.dtype(), [&]<class T>(T) {
    grid_sample_cotangents(s, data_of<T>(x), data_of<T>(grid), data_of<T>(g), gx.defined() ? data_of<T>(gx) : nullptr,
                           ggrid.defined() ? data_of<T>(ggrid) : nullptr);
  });
  if (gx.defined()) vjp.give(0, gx);
  if (ggrid.defined()) vjp.give(1, ggrid);
}

}  // namespace

Tensor grid_sample(const Operand& operand, const Operand& grid_operand, GridSampleOptions options) {
  SourceLocation where = operand.where();
  const Shape &shape = operand.tensor(kGridSample).shape(), &places = grid_operand.tensor(kGridSample).shape();
  const int axes = shape.ndim() - 2;
  check(axes == 2 || axes == 3, where, kGridSample, ": x must be [N, C, H, W] or [N, C, D, H, W], but it is ", shape,
        ".");
  check(places.ndim() == shape.ndim() && places[0] == shape[0] && places.back() == axes, where, kGridSample,
        ": grid must be [", shape[0], axes == 2 ? ", Ho, Wo, 2]" : ", Do, Ho, Wo, 3]", ", as x is ", shape,
        ", but it is ", places, ".");
  check(options.mode != GridInterpolation::cubic || axes == 2, where, kGridSample,
        ": cubic needs x [N, C, H, W], but it is ", shape, ".");
  SampleShape s{shape[0],
                shape[1],
                1,
                axes,
                {},
                static_cast<SampleMode>(options.mode),
                static_cast<SamplePadding>(options.padding),
                options.align_corners};
  Shape result{shape[0], shape[1]};
  for (int axis = 0; axis < axes; ++axis) {
    check(shape[2 + axis] > 0, where, kGridSample,
          ": x must have elements along the axes after the channels, but it is ", shape, ".");
    s.in[axis] = shape[2 + axis];
    s.places *= places[1 + axis];
    result.push_back(places[1 + axis]);
  }
  CallSite site(where);
  const DType dtype = to_floating(common_dtype(kGridSample, {&operand, &grid_operand}));
  Tensor x = contiguous(cast_for(kGridSample, operand, dtype)),
         grid = contiguous(cast_for(kGridSample, grid_operand, dtype));
  Tensor y = new_checked(kGridSample, result, dtype, where);
  if (y.numel() > 0)
    dispatch_floating(dtype,
                      [&]<class T>(T) { grid_sample_values(s, data_of<T>(x), data_of<T>(grid), data_of<T>(y)); });
  return record(kGridSample, where, {x, grid}, y, {Uses::input(0) | Uses::input(1)},
                [s](Vjp& vjp) { grid_sample_rule(vjp, s); });
}

Tensor affine_grid(const Operand& operand, const Shape& size, AffineGridOptions options) {
  constexpr const char* kAffine = "affine_grid";
  SourceLocation where = operand.where();
  const Tensor& theta = operand.tensor(kAffine);
  const int axes = size.ndim() - 2;
  check(axes == 2 || axes == 3, where, kAffine, ": size must be {N, C, H, W} or {N, C, D, H, W}, but it is ", size,
        ".");
  check(is_floating(theta.dtype()), where, kAffine, ": theta must be floating, but it is ", theta.dtype(), ".");
  check(theta.shape() == Shape{size[0], axes, axes + 1}, where, kAffine, ": theta must be [", size[0], ", ", axes, ", ",
        axes + 1, "], as size is ", size, ", but it is ", theta.shape(), ".");
  for (int axis = 0; axis < size.ndim(); ++axis)
    check(size[axis] > 0, where, kAffine, ": extents must be above 0, but size is ", size, ".");
  CallSite site(where);
  const TensorOptions elements{.dtype = theta.dtype()};
  Shape grid = size, image = size;
  grid.erase(1);
  grid.push_back(axes);
  image.erase(1);
  image.erase(0);
  checked_numel(kAffine, grid, where);
  // The places, the last axis first, and 1.
  std::vector<Tensor> places;
  for (int axis = axes - 1; axis >= 0; --axis) {
    const std::int64_t extent = image[axis];
    const double edge = extent == 1 ? 0 : options.align_corners ? 1 : 1 - 1 / static_cast<double>(extent);
    Shape along = Shape::filled(axes, 1);
    along[axis] = extent;
    places.push_back(expand(reshape(linspace(-edge, edge, extent, elements), along), image));
  }
  places.push_back(ones(image, elements));
  Tensor base = reshape(stack(places, axes), {image.numel(), axes + 1});
  return reshape(matmul(base, transpose(theta)), grid);
}

}  // namespace xgrad
