#include <algorithm>
#include <cmath>

#include <xgrad/autograd/ops.hpp>
#include <xgrad/autograd/ops/interpolation.hpp>
#include "op_table.hpp"
#include "references.hpp"

namespace xgrad::testing {
namespace {

/// How much an element of an axis counts at a place between elements.
using Kernel = Function<double(double distance)>;

double tent(double distance) { return std::max(0.0, 1 - std::abs(distance)); }
double cubic(double distance) {
  const double x = std::abs(distance), a = -0.75;
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

/// x read at a place of each of its last axes; elements beyond the ends are those at the ends, or 0.
double read(const Elements& x, const Place& lead, const std::vector<double>& places, const Kernel& kernel,
            bool clamps) {
  const int axes = static_cast<int>(places.size());
  Shape reach;
  for (int axis = 0; axis < axes; ++axis) reach.push_back(4);
  double total = 0;
  by_place(reach, [&](const Place& tap) {
    Place at = lead;
    double weight = 1;
    for (int axis = 0; axis < axes; ++axis) {
      const std::int64_t extent = x.shape()[static_cast<int>(lead.size()) + axis];
      std::int64_t element = static_cast<std::int64_t>(std::floor(places[axis])) - 1 + tap[axis];
      weight *= kernel(places[axis] - static_cast<double>(element));
      if (clamps) element = std::clamp<std::int64_t>(element, 0, extent - 1);
      if (element < 0 || element >= extent) weight = 0;
      at.push_back(std::clamp<std::int64_t>(element, 0, extent - 1));
    }
    if (weight != 0) total += weight * x(at);
    return 0.0;
  });
  return total;
}

/// x resized so that the middles of its places stay.
TensorFunction resized(std::int64_t extent, Kernel kernel) {
  return [=](std::span<const Tensor> in) {
    Elements x(in[0]);
    Shape shape = in[0].shape();
    for (int axis = 2; axis < shape.ndim(); ++axis) shape[axis] = extent;
    return by_place(shape, [&](const Place& at) {
      std::vector<double> places;
      for (int axis = 2; axis < shape.ndim(); ++axis)
        places.push_back((static_cast<double>(at[axis]) + 0.5) * static_cast<double>(in[0].size(axis)) /
                             static_cast<double>(extent) -
                         0.5);
      return read(x, {at[0], at[1]}, places, kernel, true);
    });
  };
}

/// x resized to these extents along its last axes, the places between its elements by a rule of one's own.
using Rule = Function<double(std::int64_t extent, std::int64_t resized, std::int64_t at)>;
TensorFunction resized(Function<std::int64_t(int axis, std::int64_t extent)> extents, Kernel kernel, Rule place) {
  return [=](std::span<const Tensor> in) {
    Elements x(in[0]);
    Shape shape = in[0].shape();
    for (int axis = 2; axis < shape.ndim(); ++axis) shape[axis] = extents(axis, shape[axis]);
    return by_place(shape, [&](const Place& at) {
      std::vector<double> places;
      for (int axis = 2; axis < shape.ndim(); ++axis)
        places.push_back(place(in[0].size(axis), shape[axis], at[static_cast<std::size_t>(axis)]));
      return read(x, {at[0], at[1]}, places, kernel, true);
    });
  };
}

/// x at the places of a grid after a rule of one's own; cubics read clamped elements, others none beyond the ends.
TensorFunction sampled_by(Kernel kernel, bool clamps, Function<double(double g, double extent)> rule) {
  return [=](std::span<const Tensor> in) {
    Elements x(in[0]), grid(in[1]);
    Shape shape = in[1].shape();
    const std::int64_t axes = shape.back();
    shape.erase(shape.ndim() - 1);
    shape.insert(1, in[0].size(1));
    return by_place(shape, [&](const Place& at) {
      Place from = at;
      from.erase(from.begin() + 1);
      from.push_back(0);
      std::vector<double> places;
      for (int axis = 0; axis < axes; ++axis) {
        from.back() = axes - 1 - axis;
        places.push_back(rule(grid(from), static_cast<double>(in[0].size(2 + axis))));
      }
      return read(x, {at[0], at[1]}, places, kernel, clamps);
    });
  };
}

TensorFunction sampled(Kernel kernel, bool clamps) {
  return sampled_by(kernel, false, [clamps](double g, double extent) {
    const double place = ((g + 1) * extent - 1) / 2;
    return clamps ? std::clamp(place, 0.0, extent - 1) : place;
  });
}

/// What elements of an axis count in an element of the axis resized with antialias: tents as wide as the step.
std::vector<double> smoothed(std::int64_t extent, std::int64_t resized, std::int64_t at) {
  const double step = static_cast<double>(extent) / static_cast<double>(resized), width = std::max(1.0, step);
  std::vector<double> weights;
  for (std::int64_t i = 0; i < extent; ++i)
    weights.push_back(tent((static_cast<double>(i) + 0.5 - (static_cast<double>(at) + 0.5) * step) / width));
  const double total = sum_of(weights);
  for (double& weight : weights) weight /= total;
  return weights;
}

Rows rows() {
  const OperatorInput any = {}, place = {.low = -1.3, .high = 1.3};
  auto to = [](Interpolation mode) {
    return [mode](const Tensor& x) { return interpolate(x, {.size = 5, .mode = mode}); };
  };
  auto sample = [](GridInterpolation mode, GridPadding padding) {
    return
        [=](const Tensor& x, const Tensor& grid) { return grid_sample(x, grid, {.mode = mode, .padding = padding}); };
  };
  const std::vector<std::vector<Shape>> all = {{{2, 1, 3}}, {{1, 2, 4, 3}}, {{1, 1, 2, 3, 2}}, {{0, 2, 3}}};
  const std::vector<std::vector<Shape>> grids = {{{2, 2, 3, 4}, {2, 3, 2, 2}}, {{1, 1, 2, 3, 2}, {1, 2, 1, 3, 3}}};
  // Where a place of the result is between the elements of x.
  const Rule corners = [](std::int64_t extent, std::int64_t resized, std::int64_t at) {
    return static_cast<double>(at * (extent - 1)) / static_cast<double>(resized - 1);
  };
  const Rule nearest = [](std::int64_t extent, std::int64_t resized, std::int64_t at) {
    return static_cast<double>(at * extent / resized);
  };
  const Rule middles = [](std::int64_t extent, std::int64_t resized, std::int64_t at) {
    return (static_cast<double>(at) + 0.5) * static_cast<double>(extent) / static_cast<double>(resized) - 0.5;
  };
  auto five = [](int, std::int64_t) { return std::int64_t{5}; };
  auto floor_of = [](int, std::int64_t extent) {
    return static_cast<std::int64_t>(1.75 * static_cast<double>(extent));
  };
  auto between_corners = [](double g, double n) { return (g + 1) / 2 * (n - 1); };
  return {
      {.name = "interpolate",
       .function = to(Interpolation::linear),
       .shapes = all,
       .large = {{{9, 7, 65, 67}}},
       .expected = resized(5, tent),
       .refused = {[](const Tensor& x) { return interpolate(x, {}); },
                   [](const Tensor& x) { return interpolate(x, {.size = 5, .scale_factor = 2}); },
                   [](const Tensor& x) { return interpolate(x, {.size = 0}); },
                   [](const Tensor& x) { return interpolate(x, {.scale_factor = -1}); },
                   [](const Tensor& x) { return interpolate(x, {.size = 5, .mode = Interpolation::cubic}); },
                   [](const Tensor& x) { return interpolate(x, {.size = 5, .align_corners = true}); }}},
      {.name = "interpolate(nearest, exact)",
       .function = to(Interpolation::nearest_exact),
       .shapes = all,
       .expected = resized(5, [](double distance) { return double(distance >= -0.5 && distance < 0.5); })},
      {.name = "interpolate(cubic)",
       .function = to(Interpolation::cubic),
       .shapes = {{{1, 2, 4, 3}}},
       .expected = resized(5, cubic)},
      {.name = "interpolate(antialias)",
       .function =
           [](const Tensor& x) {
             return interpolate(x, {.size = 3, .mode = Interpolation::linear, .antialias = true});
           },
       .shapes = {{{1, 2, 8, 7}}, {{2, 1, 2, 5}}},
       .expected =
           [](std::span<const Tensor> in) {
             Elements x(in[0]);
             return by_place({in[0].size(0), in[0].size(1), 3, 3}, [&](const Place& at) {
               const std::vector<double> rows = smoothed(in[0].size(2), 3, at[2]),
                                         columns = smoothed(in[0].size(3), 3, at[3]);
               double total = 0;
               for (std::size_t i = 0; i < rows.size(); ++i)
                 for (std::size_t j = 0; j < columns.size(); ++j)
                   total += rows[i] * columns[j] * x({at[0], at[1], std::int64_t(i), std::int64_t(j)});
               return total;
             });
           },
       .rtol32 = 1e-4},
      {.name = "interpolate(area)",
       .function = [](const Tensor& x) { return interpolate(x, {.size = 2, .mode = Interpolation::area}); },
       .shapes = {{{2, 1, 4}}, {{1, 2, 6}}},
       .expected =
           [](std::span<const Tensor> in) {
             Elements x(in[0]);
             const std::int64_t half = in[0].size(2) / 2;
             return by_place({in[0].size(0), in[0].size(1), 2}, [&](const Place& at) {
               double total = 0;
               for (std::int64_t k = 0; k < half; ++k) total += x({at[0], at[1], at[2] * half + k});
               return total / static_cast<double>(half);
             });
           }},
      {.name = "grid_sample",
       .function = sample(GridInterpolation::linear, GridPadding::zeros),
       .inputs = {any, place},
       .shapes = grids,
       .large = {{{3, 5, 33, 31}, {3, 61, 59, 2}}},
       .expected = sampled(tent, false),
       .refused = {[](const Tensor& x, const Tensor& grid) { return grid_sample(x, sum(grid, 1)); }},
       .propagates_nan = false},
      {.name = "grid_sample(border)",
       .function = sample(GridInterpolation::linear, GridPadding::border),
       .inputs = {any, place},
       .shapes = grids,
       .expected = sampled(tent, true),
       .propagates_nan = false},
      {.name = "grid_sample(cubic)",
       .function = sample(GridInterpolation::cubic, GridPadding::zeros),
       .inputs = {any, place},
       .shapes = {{{1, 2, 3, 4}, {1, 2, 2, 2}}},
       .expected = sampled(cubic, false),
       .propagates_nan = false},
      {.name = "affine_grid",
       .function =
           [](const Tensor& theta) {
             return affine_grid(theta, {2, 1, 3, 4});
           },
       .shapes = {{{2, 2, 3}}},
       .expected =
           [](std::span<const Tensor> in) {
             Elements theta(in[0]);
             return by_place({2, 3, 4, 2}, [&](const Place& at) {
               const double y = (2 * static_cast<double>(at[1]) + 1) / 3 - 1,
                            x = (2 * static_cast<double>(at[2]) + 1) / 4 - 1;
               return theta({at[0], at[3], 0}) * x + theta({at[0], at[3], 1}) * y + theta({at[0], at[3], 2});
             });
           },
       .refused = {[](const Tensor& theta) {
                     return affine_grid(theta, {2, 1, 3});
                   },
                   [](const Tensor& theta) {
                     return affine_grid(theta, {2, 1, 0, 4});
                   }}},
      {.name = "interpolate(align corners)",
       .function =
           [](const Tensor& x) {
             return interpolate(x, {.size = 5, .mode = Interpolation::linear, .align_corners = true});
           },
       .shapes = all,
       .expected = resized(five, tent, corners)},
      {.name = "interpolate(cubic, align corners)",
       .function =
           [](const Tensor& x) {
             return interpolate(x, {.size = 5, .mode = Interpolation::cubic, .align_corners = true});
           },
       .shapes = {{{1, 2, 4, 3}}},
       .expected = resized(five, cubic, corners)},
      {.name = "interpolate(nearest)",
       .function = [](const Tensor& x) { return interpolate(x, {.size = 5}); },
       .shapes = all,
       .expected = resized(five, tent, nearest)},
      {.name = "interpolate(by axis)",
       .function =
           [](const Tensor& x) {
             return interpolate(x, {.size = {5, 2}, .mode = Interpolation::linear});
           },
       .shapes = {{{1, 2, 4, 3}}, {{1, 1, 3, 3}}},
       .expected = resized([](int axis, std::int64_t) { return axis == 2 ? 5 : 2; }, tent, middles)},
      {.name = "interpolate(factor)",
       .function =
           [](const Tensor& x) { return interpolate(x, {.scale_factor = 1.75, .mode = Interpolation::linear}); },
       .shapes = {{{1, 2, 3, 5}}, {{2, 1, 6}}},
       .expected = resized(
           floor_of, tent,
           [](std::int64_t, std::int64_t, std::int64_t at) { return (static_cast<double>(at) + 0.5) / 1.75 - 0.5; })},
      {.name = "interpolate(factor of the extents)",
       .function =
           [](const Tensor& x) {
             return interpolate(x,
                                {.scale_factor = 1.75, .mode = Interpolation::linear, .recompute_scale_factor = true});
           },
       .shapes = {{{1, 2, 3, 5}}, {{2, 1, 6}}},
       .expected = resized(floor_of, tent, middles)},
      {.name = "grid_sample(align corners)",
       .function = [](const Tensor& x, const Tensor& grid) { return grid_sample(x, grid, {.align_corners = true}); },
       .inputs = {any, place},
       .shapes = grids,
       .expected = sampled_by(tent, false, between_corners),
       .propagates_nan = false},
      // Halves are rounded to even along two axes, away from 0 along three.
      {.name = "grid_sample(nearest)",
       .function = sample(GridInterpolation::nearest, GridPadding::zeros),
       .inputs = {any, place},
       .shapes = {grids[0]},
       .expected = sampled_by(tent, false, [](double g, double n) { return std::nearbyint(((g + 1) * n - 1) / 2); }),
       .propagates_nan = false},
      {.name = "grid_sample(nearest, three axes)",
       .function = sample(GridInterpolation::nearest, GridPadding::zeros),
       .inputs = {any, place},
       .shapes = {grids[1]},
       .expected = sampled_by(tent, false, [](double g, double n) { return std::round(((g + 1) * n - 1) / 2); }),
       .propagates_nan = false},
      {.name = "grid_sample(reflection)",
       .function = sample(GridInterpolation::linear, GridPadding::reflection),
       .inputs = {any, {.low = -1.9, .high = 1.9}},
       .shapes = grids,
       .expected = sampled_by(tent, false,
                              [](double g, double n) {
                                const double at = ((g + 1) * n - 1) / 2;
                                return std::clamp(at < -0.5 ? -1 - at : at > n - 0.5 ? 2 * n - 1 - at : at, 0.0, n - 1);
                              }),
       .propagates_nan = false},
      {.name = "grid_sample(reflection, align corners)",
       .function =
           [](const Tensor& x, const Tensor& grid) {
             return grid_sample(x, grid, {.padding = GridPadding::reflection, .align_corners = true});
           },
       .inputs = {any, {.low = -1.9, .high = 1.9}},
       .shapes = grids,
       .expected = sampled_by(tent, false,
                              [=](double g, double n) {
                                const double at = std::abs(between_corners(g, n));
                                return at > n - 1 ? 2 * (n - 1) - at : at;
                              }),
       .propagates_nan = false},
      {.name = "grid_sample(cubic, border)",
       .function = sample(GridInterpolation::cubic, GridPadding::border),
       .inputs = {any, place},
       .shapes = {{{1, 2, 3, 4}, {1, 2, 2, 2}}},
       .expected = sampled_by(cubic, true, [](double g, double n) { return ((g + 1) * n - 1) / 2; }),
       .propagates_nan = false},
      {.name = "affine_grid(align corners)",
       .function =
           [](const Tensor& theta) {
             return affine_grid(theta, {2, 1, 3, 4}, {.align_corners = true});
           },
       .shapes = {{{2, 2, 3}}},
       .expected =
           [](std::span<const Tensor> in) {
             Elements theta(in[0]);
             return by_place({2, 3, 4, 2}, [&](const Place& at) {
               const double y = static_cast<double>(at[1]) - 1, x = 2 * static_cast<double>(at[2]) / 3 - 1;
               return theta({at[0], at[3], 0}) * x + theta({at[0], at[3], 1}) * y + theta({at[0], at[3], 2});
             });
           }},
      {.name = "affine_grid(three axes)",
       .function =
           [](const Tensor& theta) {
             return affine_grid(theta, {2, 1, 2, 3, 4});
           },
       .shapes = {{{2, 3, 4}}},
       .expected =
           [](std::span<const Tensor> in) {
             Elements theta(in[0]);
             return by_place({2, 2, 3, 4, 3}, [&](const Place& at) {
               auto middle = [](std::int64_t i, double n) { return (2 * static_cast<double>(i) + 1) / n - 1; };
               return theta({at[0], at[4], 0}) * middle(at[3], 4) + theta({at[0], at[4], 1}) * middle(at[2], 3) +
                      theta({at[0], at[4], 2}) * middle(at[1], 2) + theta({at[0], at[4], 3});
             });
           }},
  };
}

const Family kFamily("interpolation", rows);

}  // namespace
}  // namespace xgrad::testing

TEST_CASE("Interpolations keep their contract", "[op_table]") { xgrad::testing::expect_family_holds("interpolation"); }
