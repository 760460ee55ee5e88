#include <algorithm>
#include <cmath>

#include <xgrad/autograd/ops.hpp>
#include <xgrad/autograd/ops/pooling.hpp>
#include "op_table.hpp"
#include "references.hpp"

namespace xgrad::testing {
namespace {

/// Which places of x a window has along one axis.
using Window = Function<std::vector<std::int64_t>(std::int64_t extent, std::int64_t place)>;
/// How many windows there are.
using Count = Function<std::int64_t(std::int64_t extent)>;

Window moving(std::int64_t size, std::int64_t stride, std::int64_t padding, std::int64_t dilation = 1) {
  return [=](std::int64_t extent, std::int64_t place) {
    std::vector<std::int64_t> places;
    for (std::int64_t k = 0; k < size; ++k)
      if (std::int64_t at = place * stride + k * dilation - padding; at >= 0 && at < extent) places.push_back(at);
    return places;
  };
}
Count rounded_down(std::int64_t size, std::int64_t stride, std::int64_t padding, std::int64_t dilation = 1) {
  return [=](std::int64_t extent) { return (extent + 2 * padding - dilation * (size - 1) - 1) / stride + 1; };
}
Window even_parts(std::int64_t parts) {
  return [=](std::int64_t extent, std::int64_t place) {
    std::vector<std::int64_t> places;
    for (std::int64_t at = place * extent / parts; at * parts < (place + 1) * extent; ++at) places.push_back(at);
    return places;
  };
}
Count always(std::int64_t count) {
  return [=](std::int64_t) { return count; };
}

/// What becomes of the elements in windows over the last axes.
TensorFunction pooled(int axes, Window window, Count count, Function<double(const std::vector<double>&)> fold) {
  return [=](std::span<const Tensor> in) {
    Elements x(in[0]);
    const int lead = in[0].ndim() - axes;
    Shape shape = in[0].shape();
    for (int axis = lead; axis < shape.ndim(); ++axis) shape[axis] = count(shape[axis]);
    return by_place(shape, [&](const Place& at) {
      std::vector<Place> places = {Place(at.begin(), at.begin() + lead)};
      for (int axis = lead; axis < shape.ndim(); ++axis) {
        std::vector<Place> longer;
        for (const Place& place : places)
          for (std::int64_t next : window(in[0].size(axis), at[axis])) {
            longer.push_back(place);
            longer.back().push_back(next);
          }
        places = std::move(longer);
      }
      std::vector<double> elements;
      for (const Place& place : places) elements.push_back(x(place));
      return fold(elements);
    });
  };
}

using Windows = std::vector<Window>;
/// The row-major place among the last `axes` axes of the first largest element of each window.
TensorFunction places_of_largest(int axes, Windows windows, std::vector<Count> counts) {
  return [=](std::span<const Tensor> in) {
    Elements x(in[0]);
    const int lead = in[0].ndim() - axes;
    Shape shape = in[0].shape();
    for (int i = 0; i < axes; ++i) shape[lead + i] = counts[static_cast<std::size_t>(i)](shape[lead + i]);
    return by_place(shape, [&](const Place& at) {
      std::vector<Place> places = {Place(at.begin(), at.begin() + lead)};
      for (int i = 0; i < axes; ++i) {
        std::vector<Place> longer;
        for (const Place& place : places)
          for (std::int64_t next :
               windows[static_cast<std::size_t>(i)](in[0].size(lead + i), at[static_cast<std::size_t>(lead + i)])) {
            longer.push_back(place);
            longer.back().push_back(next);
          }
        places = std::move(longer);
      }
      Place best = places[0];
      for (const Place& place : places)
        if (x(place) > x(best)) best = place;
      std::int64_t position = 0;
      for (int i = 0; i < axes; ++i)
        position = position * in[0].size(lead + i) + best[static_cast<std::size_t>(lead + i)];
      return static_cast<double>(position);
    });
  };
}

OperatorRow indices_row(const std::string& name, OperatorFunction function, std::vector<std::vector<Shape>> shapes,
                        TensorFunction expected) {
  return {.name = name,
          .function = std::move(function),
          .shapes = std::move(shapes),
          .expected = std::move(expected),
          .output_dtype = DType::int64,
          .propagates_nan = false,
          .order = 0};
}

/// The windows and their numbers of two axes, each of its own kind; the elements of a window are folded.
TensorFunction pooled_apart(Windows windows, std::vector<Count> counts,
                            Function<double(const std::vector<double>&)> fold) {
  return [=](std::span<const Tensor> in) {
    Elements x(in[0]);
    Shape shape = in[0].shape();
    shape[-2] = counts[0](shape[-2]);
    shape[-1] = counts[1](shape[-1]);
    return by_place(shape, [&](const Place& at) {
      std::vector<double> elements;
      Place place = at;
      for (std::int64_t i : windows[0](in[0].size(-2), at[at.size() - 2]))
        for (std::int64_t j : windows[1](in[0].size(-1), at.back())) {
          place[place.size() - 2] = i;
          place.back() = j;
          elements.push_back(x(place));
        }
      return fold(elements);
    });
  };
}
Count rounded_up(std::int64_t size, std::int64_t stride) {
  return [=](std::int64_t extent) { return (extent - size + stride - 1) / stride + 1; };
}

using Options = MaxPoolOptions;
using Averages = AvgPoolOptions;

Rows rows() {
  const std::vector<std::vector<Shape>> one = {{{2, 3, 7}}, {{3, 8}}, {{0, 2, 6}}, {{1, 1, 131}}};
  const std::vector<std::vector<Shape>> two = {{{2, 2, 5, 6}}, {{2, 4, 7}}};
  const std::vector<std::vector<Shape>> three = {{{1, 2, 4, 3, 5}}, {{2, 3, 4, 4}}};
  auto sum_over = [](double divisor) { return [=](const std::vector<double>& x) { return sum_of(x) / divisor; }; };
  auto power = [](const std::vector<double>& x) {
    double total = 0;
    for (double element : x) total += element * element * element;
    return std::cbrt(total);
  };
  const Options strided{.stride = 2, .padding = 1};
  const Options dilated{.stride = 1, .dilation = 2};
  const std::vector<OperatorInput> positive = {{.low = 0.2, .high = 2}};
  Rows rows = {
      {.name = "max_pool1d",
       .function = [](const Tensor& x) { return max_pool1d(x, 2); },
       .shapes = one,
       .expected = pooled(1, moving(2, 2, 0), rounded_down(2, 2, 0), largest_of),
       .refused = {[](const Tensor& x) { return max_pool1d(x, 99); }, [](const Tensor& x) { return max_pool1d(x, 0); },
                   [](const Tensor& x) { return max_pool1d(x, 2, {.padding = 2}); },
                   [](const Tensor& x) { return max_pool1d(x, 2, {.stride = 0}); },
                   [](const Tensor& x) {
                     return max_pool1d(x, {2, 2});
                   }}},
      {.name = "max_pool2d",
       .function = [=](const Tensor& x) { return max_pool2d(x, 3, strided); },
       .shapes = two,
       .large = {{{9, 7, 65, 67}}},
       .expected = pooled(2, moving(3, 2, 1), rounded_down(3, 2, 1), largest_of),
       .refused = {[](const Tensor& x) { return max_pool2d(x, 99); }}},
      {.name = "max_pool2d(dilated)",
       .function = [=](const Tensor& x) { return max_pool2d(x, 2, dilated); },
       .shapes = two,
       .expected = pooled(2, moving(2, 1, 0, 2), rounded_down(2, 1, 0, 2), largest_of)},
      {.name = "max_pool3d",
       .function = [=](const Tensor& x) { return max_pool3d(x, 2, strided); },
       .shapes = three,
       .expected = pooled(3, moving(2, 2, 1), rounded_down(2, 2, 1), largest_of),
       .refused = {[](const Tensor& x) { return max_pool3d(x, 99); }}},
      {.name = "max_pool1d_with_indices",
       .function = [](const Tensor& x) { return max_pool1d_with_indices(x, 3, {.stride = 2}).indices; },
       .shapes = {{{2, 3, 7}}},
       .expected =
           [](std::span<const Tensor> in) {
             Elements x(in[0]);
             return by_place({2, 3, 3}, [&](const Place& at) {
               std::int64_t best = 2 * at[2];
               for (std::int64_t k = best; k < 2 * at[2] + 3; ++k)
                 if (x({at[0], at[1], k}) > x({at[0], at[1], best})) best = k;
               return static_cast<double>(best);
             });
           },
       .output_dtype = DType::int64,
       .propagates_nan = false,
       .order = 0},
      {.name = "max_pool2d_with_indices",
       .function = [=](const Tensor& x) { return max_pool2d_with_indices(x, 3, strided).values; },
       .shapes = two,
       .expected = pooled(2, moving(3, 2, 1), rounded_down(3, 2, 1), largest_of)},
      {.name = "max_pool3d_with_indices",
       .function = [](const Tensor& x) { return max_pool3d_with_indices(x, 2, {.stride = 1}).values; },
       .shapes = three,
       .expected = pooled(3, moving(2, 1, 0), rounded_down(2, 1, 0), largest_of)},
      {.name = "avg_pool1d",
       .function = [](const Tensor& x) { return avg_pool1d(x, 3, {.stride = 2, .padding = 1}); },
       .shapes = one,
       .expected = pooled(1, moving(3, 2, 1), rounded_down(3, 2, 1), sum_over(3)),
       .refused = {[](const Tensor& x) { return avg_pool1d(x, 99); },
                   [](const Tensor& x) { return avg_pool1d(x, 2, {.divisor_override = 0}); }}},
      {.name = "avg_pool2d",
       .function =
           [](const Tensor& x) { return avg_pool2d(x, 3, {.stride = 2, .padding = 1, .count_include_pad = false}); },
       .shapes = two,
       .large = {{{9, 7, 65, 67}}},
       .expected = pooled(2, moving(3, 2, 1), rounded_down(3, 2, 1), mean_of),
       .refused = {[](const Tensor& x) { return avg_pool2d(x, 99); }}},
      {.name = "avg_pool2d(divisor)",
       .function = [](const Tensor& x) { return avg_pool2d(x, 2, {.divisor_override = 3}); },
       .shapes = two,
       .expected = pooled(2, moving(2, 2, 0), rounded_down(2, 2, 0), sum_over(3))},
      {.name = "avg_pool2d(ceil)",
       .function = [](const Tensor& x) { return avg_pool2d(x, 2, {.ceil_mode = true}); },
       .shapes = {{{1, 2, 5, 5}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements of(x[0]);
             return by_place({1, 2, 3, 3}, [&](const Place& at) {
               double total = 0, count = 0;
               for (std::int64_t i = 2 * at[2]; i < std::min<std::int64_t>(5, 2 * at[2] + 2); ++i)
                 for (std::int64_t j = 2 * at[3]; j < std::min<std::int64_t>(5, 2 * at[3] + 2); ++j, ++count)
                   total += of({at[0], at[1], i, j});
               return total / count;
             });
           }},
      {.name = "avg_pool3d",
       .function = [](const Tensor& x) { return avg_pool3d(x, 2, {.stride = 1}); },
       .shapes = three,
       .expected = pooled(3, moving(2, 1, 0), rounded_down(2, 1, 0), mean_of),
       .refused = {[](const Tensor& x) { return avg_pool3d(x, 99); }}},
      {.name = "adaptive_avg_pool1d",
       .function = [](const Tensor& x) { return adaptive_avg_pool1d(x, 4); },
       .shapes = one,
       .expected = pooled(1, even_parts(4), always(4), mean_of),
       .refused = {[](const Tensor& x) { return adaptive_avg_pool1d(x, -2); }}},
      {.name = "adaptive_avg_pool2d",
       .function = [](const Tensor& x) { return adaptive_avg_pool2d(x, 3); },
       .shapes = two,
       .large = {{{9, 7, 65, 67}}},
       .expected = pooled(2, even_parts(3), always(3), mean_of),
       .refused = {[](const Tensor& x) {
         return adaptive_avg_pool2d(x, {1, 2, 3});
       }}},
      {.name = "adaptive_avg_pool3d",
       .function = [](const Tensor& x) { return adaptive_avg_pool3d(x, 2); },
       .shapes = three,
       .expected = pooled(3, even_parts(2), always(2), mean_of)},
      {.name = "adaptive_max_pool1d",
       .function = [](const Tensor& x) { return adaptive_max_pool1d(x, 4); },
       .shapes = one,
       .expected = pooled(1, even_parts(4), always(4), largest_of),
       .refused = {[](const Tensor& x) { return adaptive_max_pool1d(x, -2); }}},
      {.name = "adaptive_max_pool2d",
       .function = [](const Tensor& x) { return adaptive_max_pool2d(x, 3); },
       .shapes = two,
       .large = {{{9, 7, 65, 67}}},
       .expected = pooled(2, even_parts(3), always(3), largest_of)},
      {.name = "adaptive_max_pool3d",
       .function = [](const Tensor& x) { return adaptive_max_pool3d(x, 2); },
       .shapes = three,
       .expected = pooled(3, even_parts(2), always(2), largest_of)},
      {.name = "adaptive_max_pool1d_with_indices",
       .function = [](const Tensor& x) { return adaptive_max_pool1d_with_indices(x, 4).values; },
       .shapes = one,
       .expected = pooled(1, even_parts(4), always(4), largest_of)},
      {.name = "adaptive_max_pool2d_with_indices",
       .function = [](const Tensor& x) { return adaptive_max_pool2d_with_indices(x, 3).values; },
       .shapes = two,
       .expected = pooled(2, even_parts(3), always(3), largest_of)},
      {.name = "adaptive_max_pool3d_with_indices",
       .function = [](const Tensor& x) { return adaptive_max_pool3d_with_indices(x, 2).values; },
       .shapes = three,
       .expected = pooled(3, even_parts(2), always(2), largest_of)},
      {.name = "lp_pool1d",
       .function = [](const Tensor& x) { return lp_pool1d(x, 3, 2); },
       .inputs = positive,
       .shapes = {{{2, 3, 7}}, {{3, 8}}},
       .expected = pooled(1, moving(2, 2, 0), rounded_down(2, 2, 0), power),
       .refused = {[](const Tensor& x) { return lp_pool1d(x, 0, 2); }}},
      {.name = "lp_pool2d",
       .function = [](const Tensor& x) { return lp_pool2d(x, 3, 2, {.stride = 1}); },
       .inputs = positive,
       .shapes = two,
       .expected = pooled(2, moving(2, 1, 0), rounded_down(2, 1, 0), power),
       .refused = {[](const Tensor& x) { return lp_pool2d(x, 2, 99); }}},
      indices_row(
          "max_pool2d_with_indices(indices)",
          [](const Tensor&
                 x) { return max_pool2d_with_indices(x, {3, 2}, {.stride = {2, 1}, .padding = {1, 0}}).indices; },
          {{{1, 2, 5, 6}}, {{2, 4, 4}}},
          places_of_largest(2, {moving(3, 2, 1), moving(2, 1, 0)}, {rounded_down(3, 2, 1), rounded_down(2, 1, 0)})),
      indices_row(
          "max_pool3d_with_indices(indices)",
          [](const Tensor& x) { return max_pool3d_with_indices(x, 2, {.stride = 1}).indices; }, three,
          places_of_largest(3, Windows(3, moving(2, 1, 0)), std::vector<Count>(3, rounded_down(2, 1, 0)))),
      {.name = "max_pool1d_with_indices(values)",
       .function = [](const Tensor& x) { return max_pool1d_with_indices(x, 3, {.stride = 2}).values; },
       .shapes = {{{2, 3, 7}}},
       .expected = pooled(1, moving(3, 2, 0), rounded_down(3, 2, 0), largest_of)},
      indices_row(
          "adaptive_max_pool1d_with_indices(indices)",
          [](const Tensor& x) { return adaptive_max_pool1d_with_indices(x, 4).indices; }, {{{2, 3, 7}}, {{3, 8}}},
          places_of_largest(1, {even_parts(4)}, {always(4)})),
      indices_row(
          "adaptive_max_pool2d_with_indices(indices)",
          [](const Tensor& x) { return adaptive_max_pool2d_with_indices(x, {3, 2}).indices; },
          {{{1, 2, 5, 6}}, {{2, 4, 4}}}, places_of_largest(2, {even_parts(3), even_parts(2)}, {always(3), always(2)})),
      indices_row(
          "adaptive_max_pool3d_with_indices(indices)",
          [](const Tensor& x) { return adaptive_max_pool3d_with_indices(x, 2).indices; }, three,
          places_of_largest(3, Windows(3, even_parts(2)), std::vector<Count>(3, always(2)))),
      {.name = "max_pool1d(ceil)",
       .function = [](const Tensor& x) { return max_pool1d(x, 2, {.ceil_mode = true}); },
       .shapes = {{{2, 3, 7}}, {{3, 8}}},
       .expected = pooled(1, moving(2, 2, 0), rounded_up(2, 2), largest_of)},
      {.name = "max_pool2d(ceil)",
       .function = [](const Tensor& x) { return max_pool2d(x, 3, {.stride = 2, .ceil_mode = true}); },
       .shapes = {{{1, 2, 6, 5}}, {{2, 4, 4}}},
       .expected = pooled(2, moving(3, 2, 0), rounded_up(3, 2), largest_of)},
      {.name = "max_pool3d(ceil)",
       .function = [](const Tensor& x) { return max_pool3d(x, 2, {.ceil_mode = true}); },
       .shapes = {{{1, 2, 3, 4, 5}}},
       .expected = pooled(3, moving(2, 2, 0), rounded_up(2, 2), largest_of)},
      {.name = "max_pool2d(by axis)",
       .function =
           [](const Tensor& x) {
             return max_pool2d(x, {3, 2}, {.stride = {2, 1}, .padding = {1, 0}});
           },
       .shapes = {{{1, 2, 5, 6}}, {{2, 4, 4}}},
       .expected = pooled_apart({moving(3, 2, 1), moving(2, 1, 0)}, {rounded_down(3, 2, 1), rounded_down(2, 1, 0)},
                                largest_of)},
      {.name = "avg_pool1d(ceil)",
       .function = [](const Tensor& x) { return avg_pool1d(x, 2, {.ceil_mode = true}); },
       .shapes = {{{2, 3, 7}}},
       .expected = pooled(1, moving(2, 2, 0), rounded_up(2, 2), mean_of)},
      {.name = "avg_pool2d(by axis)",
       .function =
           [](const Tensor& x) {
             return avg_pool2d(x, {3, 2}, {.stride = {2, 1}, .padding = {1, 0}});
           },
       .shapes = {{{1, 2, 5, 6}}, {{2, 4, 4}}},
       .expected = pooled_apart({moving(3, 2, 1), moving(2, 1, 0)}, {rounded_down(3, 2, 1), rounded_down(2, 1, 0)},
                                sum_over(6))},
      {.name = "avg_pool3d(padding)",
       .function = [](const Tensor& x) { return avg_pool3d(x, 2, {.padding = 1, .count_include_pad = false}); },
       .shapes = {{{1, 2, 3, 4, 5}}},
       .expected = pooled(3, moving(2, 2, 1), rounded_down(2, 2, 1), mean_of)},
      {.name = "adaptive_avg_pool2d(by axis)",
       .function =
           [](const Tensor& x) {
             return adaptive_avg_pool2d(x, {3, 2});
           },
       .shapes = {{{1, 2, 5, 6}}, {{2, 4, 4}}},
       .expected = pooled_apart({even_parts(3), even_parts(2)}, {always(3), always(2)}, mean_of)},
      {.name = "adaptive_max_pool2d(by axis)",
       .function =
           [](const Tensor& x) {
             return adaptive_max_pool2d(x, {3, 2});
           },
       .shapes = {{{1, 2, 5, 6}}, {{2, 4, 4}}},
       .expected = pooled_apart({even_parts(3), even_parts(2)}, {always(3), always(2)}, largest_of)},
      {.name = "lp_pool1d(stride)",
       .function = [](const Tensor& x) { return lp_pool1d(x, 3, 3, {.stride = 2}); },
       .inputs = positive,
       .shapes = {{{2, 3, 7}}},
       .expected = pooled(1, moving(3, 2, 0), rounded_down(3, 2, 0), power)},
  };
  return rows;
}

const Family kFamily("pooling", rows);

}  // namespace
}  // namespace xgrad::testing

TEST_CASE("Pools keep their contract", "[op_table]") { xgrad::testing::expect_family_holds("pooling"); }
