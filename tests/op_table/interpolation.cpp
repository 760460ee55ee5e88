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

TensorFunction sampled(Kernel kernel, bool clamps) {
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
        const double extent = static_cast<double>(in[0].size(2 + axis));
        double place = ((grid(from) + 1) * extent - 1) / 2;
        if (clamps) place = std::clamp(place, 0.0, extent - 1);
        places.push_back(place);
      }
      return read(x, {at[0], at[1]}, places, kernel, false);
    });
  };
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
      {.name = "interpolate(nearest)",
       .function = to(Interpolation::nearest_exact),
       .shapes = all,
       .expected = resized(5, [](double distance) { return double(distance >= -0.5 && distance < 0.5); })},
      {.name = "interpolate(cubic)",
       .function = to(Interpolation::cubic),
       .shapes = {{{1, 2, 4, 3}}},
       .expected = resized(5, cubic)},
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
  };
}

const Family kFamily("interpolation", rows);

}  // namespace
}  // namespace xgrad::testing

TEST_CASE("Interpolations keep their contract", "[op_table]") { xgrad::testing::expect_family_holds("interpolation"); }
