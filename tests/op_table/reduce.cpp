#include <algorithm>
#include <cmath>
#include <limits>

#include "op_table.hpp"
#include "references.hpp"

namespace xgrad::testing {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
using List = const std::vector<double>&;

double product_of(List elements) {
  double product = 1;
  for (double element : elements) product *= element;
  return product;
}
double all_of(List elements) { return double(sum_of(elements) == static_cast<double>(elements.size())); }
std::vector<double> sizes_of(std::vector<double> elements) {
  for (double& element : elements) element = std::abs(element);
  return elements;
}
double any_of(List elements) { return double(sum_of(elements) > 0); }

/// A reference that folds the elements along these axes.
TensorFunction folded(std::vector<int> axes, bool keepdims, double (*fold)(List)) {
  return [=](std::span<const Tensor> x) { return reduced(x[0], axes, keepdims, fold); };
}
/// A reference that folds all elements.
TensorFunction folded(double (*fold)(List)) {
  return [=](std::span<const Tensor> x) { return reduced(x[0], fold); };
}

Rows sums() {
  const OperatorInput positive = {.low = 0.5, .high = 2};
  const std::vector<std::vector<Shape>> several = {{{2, 3}}, {{67}}, {{3, 5, 7}}};
  return {
      {.name = "sum",
       .function = [](const Tensor& x) { return sum(x); },
       .shapes = kAnyShapeOrEmpty,
       .large = kLarge,
       .expected = folded(sum_of),
       .refused = {[](const Tensor& x) { return sum(x, 2); }, [](const Tensor& x) { return sum(x, -3); },
                   [](const Tensor& x) {
                     return sum(x, {0, -2});
                   }}},
      {.name = "sum(axes)",
       .function =
           [](const Tensor& x) {
             return sum(x, {0, -1}, {.keepdims = true});
           },
       .shapes = kThreeAxes,
       .large = kLarge,
       .expected = folded({0, 2}, true, sum_of)},
      {.name = "sum(axis)",
       .function = [](const Tensor& x) { return sum(x, 1); },
       .shapes = kThreeAxesOrEmpty,
       .large = kLarge,
       .expected = folded({1}, false, sum_of)},
      {.name = "mean",
       .function = [](const Tensor& x) { return mean(x); },
       .shapes = kAnyShape,
       .large = kLarge,
       .expected = folded(mean_of),
       .refused = {[](const Tensor& x) { return mean(x, 2); }}},
      {.name = "mean(axis)",
       .function = [](const Tensor& x) { return mean(x, -1); },
       .shapes = kThreeAxesOrEmpty,
       .expected = folded({2}, false, mean_of)},
      {.name = "prod",
       .function = [](const Tensor& x) { return prod(x); },
       .inputs = {positive},
       .shapes = {{{2, 3}}, {{}}, {{0}}, {{19}}},
       .expected = folded(product_of),
       .refused = {[](const Tensor& x) { return prod(x, 2); }}},
      {.name = "prod(axis)",
       .function = [](const Tensor& x) { return prod(x, 0); },
       .shapes = kThreeAxesOrEmpty,
       .large = kLarge,
       .expected = folded({0}, false, product_of)},
      {.name = "var",
       .function = [](const Tensor& x) { return var(x); },
       .shapes = several,
       .large = kLarge,
       .expected = [](std::span<const Tensor> x) { return reduced(x[0], [](List e) { return variance_of(e, 1); }); },
       .refused = {[](const Tensor& x) { return var(x, 2); }}},
      {.name = "var(axis)",
       .function = [](const Tensor& x) { return var(x, 1, {.correction = 0, .keepdims = true}); },
       .shapes = kThreeAxes,
       .large = kLarge,
       .expected =
           [](std::span<const Tensor> x) {
             return reduced(x[0], {1}, true, [](List e) { return variance_of(e, 0); });
           }},
      {.name = "std",
       .function = [](const Tensor& x) { return xgrad::std(x); },
       .shapes = several,
       .expected =
           [](std::span<const Tensor> x) { return reduced(x[0], [](List e) { return std::sqrt(variance_of(e, 1)); }); },
       .refused = {[](const Tensor& x) { return xgrad::std(x, 2); }}},
      {.name = "std(axis)",
       .function = [](const Tensor& x) { return xgrad::std(x, -1); },
       .shapes = {{{2, 3, 4}}, {{5, 2, 33}}},
       .large = kLarge,
       .expected =
           [](std::span<const Tensor> x) {
             return reduced(x[0], {2}, false, [](List e) { return std::sqrt(variance_of(e, 1)); });
           }},
      {.name = "sum_to",
       .function =
           [](const Tensor& x) {
             return sum_to(x, {1, x.size(-1)});
           },
       .shapes = kThreeAxesOrEmpty,
       .large = kLarge,
       .expected =
           [](std::span<const Tensor> x) {
             return reshaped(reduced(x[0], {0, 1}, false, sum_of), {1, x[0].size(2)});
           },
       .refused = {[](const Tensor& x) {
         return sum_to(x, {5, 7});
       }}},
      {.name = "prod(axes, keepdims)",
       .function =
           [](const Tensor& x) {
             return prod(x, {2, 0}, {.keepdims = true});
           },
       .shapes = {{{3, 3, 3}}, {{2, 3, 4}}},
       .expected =
           [](std::span<const Tensor> x) {
             return reduced(x[0], {0, 2}, true, [](List e) { return product_of(e); });
           }},
      {.name = "mean(axes, keepdims)",
       .function =
           [](const Tensor& x) {
             return mean(x, {2, 0}, {.keepdims = true});
           },
       .shapes = {{{3, 3, 3}}, {{2, 3, 4}}},
       .expected =
           [](std::span<const Tensor> x) {
             return reduced(x[0], {0, 2}, true, [](List e) { return mean_of(e); });
           }},
      {.name = "var(axes)",
       .function =
           [](const Tensor& x) {
             return var(x, {2, 0}, {.correction = 2});
           },
       .shapes = {{{3, 3, 3}}, {{2, 3, 4}}},
       .expected =
           [](std::span<const Tensor> x) {
             return reduced(x[0], {0, 2}, false, [](List e) { return variance_of(e, 2); });
           }},
      {.name = "std(axes, keepdims)",
       .function =
           [](const Tensor& x) {
             return xgrad::std(x, {2, 0}, {.correction = 0, .keepdims = true});
           },
       .shapes = {{{3, 3, 3}}, {{2, 3, 4}}},
       .expected =
           [](std::span<const Tensor> x) {
             return reduced(x[0], {0, 2}, true, [](List e) { return std::sqrt(variance_of(e, 0)); });
           }},
      {.name = "sum(dtype)",
       .function =
           [](const Tensor& x) {
             Tensor y = sum(x, Axes(1), {.dtype = DType::float64});
             return cast(y, x.dtype());
           },
       .shapes = {{{3, 3}}},
       .expected =
           [](std::span<const Tensor> x) { return reduced(x[0], {1}, false, [](List e) { return sum_of(e); }); }},
      {.name = "mean(dtype)",
       .function =
           [](const Tensor& x) {
             Tensor y = mean(x, Axes(1), {.dtype = DType::float64});
             return cast(y, x.dtype());
           },
       .shapes = {{{3, 3}}},
       .expected =
           [](std::span<const Tensor> x) { return reduced(x[0], {1}, false, [](List e) { return mean_of(e); }); }},
      {.name = "prod(dtype)",
       .function =
           [](const Tensor& x) {
             Tensor y = prod(x, Axes(1), {.dtype = DType::float64});
             return cast(y, x.dtype());
           },
       .shapes = {{{3, 3}}},
       .expected =
           [](std::span<const Tensor> x) { return reduced(x[0], {1}, false, [](List e) { return product_of(e); }); }},
  };
}

double count_of(List elements) {
  return static_cast<double>(std::count_if(elements.begin(), elements.end(), [](double e) { return e != 0; }));
}

Rows of_some() {
  return {
      {.name = "nansum",
       .function =
           [](const Tensor& x) {
             return nansum(x, {0, 2});
           },
       .shapes = kThreeAxesOrEmpty,
       .expected = folded({0, 2}, false, sum_of),
       .refused = {[](const Tensor& x) { return nansum(x, 3); }},
       .propagates_nan = false},
      {.name = "nanmean",
       .function = [](const Tensor& x) { return nanmean(x, 1, {.keepdims = true}); },
       .shapes = kThreeAxes,
       .expected = folded({1}, true, mean_of),
       .refused = {[](const Tensor& x) { return nanmean(x, 3); },
                   [](const Tensor& x) { return nanmean(x, 0, {.dtype = DType::int64}); }},
       .propagates_nan = false},
      {.name = "count_nonzero",
       .function = [](const Tensor& x) { return count_nonzero(x, 1); },
       .inputs = {{.low = -1, .high = 2, .dtype = DType::int64}},
       .shapes = kThreeAxesOrEmpty,
       .large = kLarge,
       .expected = folded({1}, false, count_of),
       .output_dtype = DType::int64,
       .refused = {[](const Tensor& x) { return count_nonzero(x, 3); }},
       .order = 0},
      {.name = "var_mean",
       .function =
           [](const Tensor& x) {
             auto [variance, mean] = var_mean(x, 1);
             return variance + 2 * mean;
           },
       .shapes = {{{2, 3, 4}}, {{5, 2, 33}}},
       .expected =
           [](std::span<const Tensor> x) {
             return reduced(x[0], {1}, false, [](List e) { return variance_of(e, 1) + 2 * mean_of(e); });
           },
       .refused = {[](const Tensor& x) { return var_mean(x, 3).var; }}},
      {.name = "std_mean",
       .function =
           [](const Tensor& x) {
             auto [deviation, mean] = std_mean(x, 1);
             return deviation - 2 * mean;
           },
       .shapes = {{{2, 3, 4}}, {{5, 2, 33}}},
       .expected =
           [](std::span<const Tensor> x) {
             return reduced(x[0], {1}, false, [](List e) { return std::sqrt(variance_of(e, 1)) - 2 * mean_of(e); });
           },
       .refused = {[](const Tensor& x) { return std_mean(x, 3).std; }}},
      {.name = "nansum(of some)",
       .function = [](const Tensor& x) { return nansum(with_holes(x), 1); },
       .inputs = {{.avoid = {1}}},
       .shapes = {{{3, 9}}, {{2, 7}}},
       .expected =
           [](std::span<const Tensor> x) {
             return reduced(x[0], {1}, false, [](List e) { return sum_of(without_holes(e)); });
           },
       .propagates_nan = false},
      {.name = "nanmean(of some)",
       .function = [](const Tensor& x) { return nanmean(with_holes(x), 1); },
       .inputs = {{.avoid = {1}}},
       .shapes = {{{3, 9}}, {{2, 7}}},
       .expected =
           [](std::span<const Tensor> x) {
             return reduced(x[0], {1}, false, [](List e) { return mean_of(without_holes(e)); });
           },
       .propagates_nan = false},
      {.name = "nansum(all)",
       .function = [](const Tensor& x) { return nansum(x); },
       .shapes = {{{3, 3, 3}}, {{2, 3, 4}}},
       .expected =
           [](std::span<const Tensor> x) {
             return reduced(x[0], {0, 1, 2}, false, [](List e) { return sum_of(e); });
           },
       .propagates_nan = false},
      {.name = "nansum(keepdims)",
       .function = [](const Tensor& x) { return nansum(x, 1, {.keepdims = true}); },
       .shapes = {{{3, 3, 3}}, {{2, 3, 4}}},
       .expected = [](std::span<const Tensor> x) { return reduced(x[0], {1}, true, [](List e) { return sum_of(e); }); },
       .propagates_nan = false},
      {.name = "nanmean(axes)",
       .function =
           [](const Tensor& x) {
             return nanmean(x, {2, 0});
           },
       .shapes = {{{3, 3, 3}}, {{2, 3, 4}}},
       .expected =
           [](std::span<const Tensor> x) {
             return reduced(x[0], {0, 2}, false, [](List e) { return mean_of(e); });
           },
       .propagates_nan = false},
      {.name = "nanmean(all)",
       .function = [](const Tensor& x) { return nanmean(x); },
       .shapes = {{{3, 3, 3}}, {{2, 3, 4}}},
       .expected =
           [](std::span<const Tensor> x) {
             return reduced(x[0], {0, 1, 2}, false, [](List e) { return mean_of(e); });
           },
       .propagates_nan = false},
      {.name = "count_nonzero(all)",
       .function = [](const Tensor& x) { return count_nonzero(x); },
       .inputs = {{.low = -1, .high = 2, .dtype = DType::int64}},
       .shapes = {{{3, 3, 3}}, {{2, 3, 4}}},
       .expected =
           [](std::span<const Tensor> x) {
             return reduced(x[0], {0, 1, 2}, false, [](List e) { return count_of(e); });
           },
       .output_dtype = DType::int64,
       .order = 0},
      {.name = "count_nonzero(axes, keepdims)",
       .function =
           [](const Tensor& x) {
             return count_nonzero(x, {2, 0}, {.keepdims = true});
           },
       .inputs = {{.low = -1, .high = 2, .dtype = DType::int64}},
       .shapes = {{{3, 3, 3}}, {{2, 3, 4}}},
       .expected =
           [](std::span<const Tensor> x) {
             return reduced(x[0], {0, 2}, true, [](List e) { return count_of(e); });
           },
       .output_dtype = DType::int64,
       .order = 0},
      {.name = "var_mean(axes, correction, keepdims)",
       .function =
           [](const Tensor& x) {
             auto [spread, mean] = var_mean(x, {2, 0}, {.correction = 2, .keepdims = true});
             return spread - 3 * mean;
           },
       .shapes = {{{3, 3, 3}}, {{2, 3, 4}}},
       .expected =
           [](std::span<const Tensor> x) {
             return reduced(x[0], {0, 2}, true, [](List e) { return variance_of(e, 2) - 3 * mean_of(e); });
           }},
      {.name = "std_mean(axes, correction, keepdims)",
       .function =
           [](const Tensor& x) {
             auto [spread, mean] = std_mean(x, {2, 0}, {.correction = 2, .keepdims = true});
             return spread - 3 * mean;
           },
       .shapes = {{{3, 3, 3}}, {{2, 3, 4}}},
       .expected =
           [](std::span<const Tensor> x) {
             return reduced(x[0], {0, 2}, true, [](List e) { return std::sqrt(variance_of(e, 2)) - 3 * mean_of(e); });
           }},
  };
}

Rows extremes() {
  return {
      {.name = "aminmax",
       .function =
           [](const Tensor& x) {
             auto [least, most] = aminmax(x, 1);
             return 2 * most - least;
           },
       .shapes = kThreeAxes,
       .large = kLarge,
       .expected =
           [](std::span<const Tensor> x) {
             return reduced(x[0], {1}, false, [](List e) { return 2 * largest_of(e) - smallest_of(e); });
           },
       .refused = {[](const Tensor& x) { return aminmax(x, 3).min; }}},
      {.name = "amax",
       .function =
           [](const Tensor& x) {
             return amax(x, {0, 2});
           },
       .shapes = kThreeAxes,
       .large = kLarge,
       .expected = folded({0, 2}, false, largest_of),
       .refused = {[](const Tensor& x) { return amax(x, 3); }}},
      {.name = "amin",
       .function = [](const Tensor& x) { return amin(x, 1, {.keepdims = true}); },
       .shapes = kThreeAxes,
       .large = kLarge,
       .expected = folded({1}, true, smallest_of),
       .refused = {[](const Tensor& x) { return amin(x, 3); }}},
      {.name = "max",
       .function = [](const Tensor& x) { return max(x); },
       .shapes = kAnyShape,
       .large = kLarge,
       .expected = folded(largest_of)},
      {.name = "min",
       .function = [](const Tensor& x) { return min(x); },
       .shapes = kAnyShape,
       .large = kLarge,
       .expected = folded(smallest_of)},
      {.name = "max(axis)",
       .function = [](const Tensor& x) { return max(x, 1).values; },
       .shapes = kThreeAxes,
       .large = kLarge,
       .expected = folded({1}, false, largest_of),
       .refused = {[](const Tensor& x) { return max(x, 3).values; }}},
      {.name = "min(axis)",
       .function = [](const Tensor& x) { return min(x, -1, {.keepdims = true}).values; },
       .shapes = kThreeAxes,
       .large = kLarge,
       .expected = folded({2}, true, smallest_of),
       .refused = {[](const Tensor& x) { return min(x, -4).values; }}},
      {.name = "max(indices)",
       .function = [](const Tensor& x) { return max(x, 1).indices; },
       .shapes = kThreeAxes,
       .expected = folded({1}, false, argmax_of),
       .output_dtype = DType::int64,
       .order = 0},
      {.name = "min(indices)",
       .function = [](const Tensor& x) { return min(x, 0).indices; },
       .shapes = kThreeAxes,
       .expected = folded({0}, false, argmin_of),
       .output_dtype = DType::int64,
       .order = 0},
      {.name = "argmax",
       .function = [](const Tensor& x) { return argmax(x, 1); },
       .shapes = kThreeAxes,
       .large = kLarge,
       .expected = folded({1}, false, argmax_of),
       .output_dtype = DType::int64,
       .refused = {[](const Tensor& x) { return argmax(x, 3); }},
       .order = 0},
      {.name = "argmax(all)",
       .function = [](const Tensor& x) { return argmax(x); },
       .shapes = kAnyShape,
       .large = kLarge,
       .expected = folded(argmax_of),
       .output_dtype = DType::int64,
       .order = 0},
      {.name = "argmax(all, keepdims)",
       .function = [](const Tensor& x) { return argmax(x, {.keepdims = true}); },
       .shapes = kThreeAxes,
       .expected = folded({0, 1, 2}, true, argmax_of),
       .output_dtype = DType::int64,
       .order = 0},
      {.name = "argmin(all, keepdims)",
       .function = [](const Tensor& x) { return argmin(x, {.keepdims = true}); },
       .shapes = kThreeAxes,
       .expected = folded({0, 1, 2}, true, argmin_of),
       .output_dtype = DType::int64,
       .order = 0},
      {.name = "argmin",
       .function = [](const Tensor& x) { return argmin(x, 1, {.keepdims = true}); },
       .shapes = kThreeAxes,
       .large = kLarge,
       .expected = folded({1}, true, argmin_of),
       .output_dtype = DType::int64,
       .refused = {[](const Tensor& x) { return argmin(x, 3); }},
       .order = 0},
      {.name = "argmin(all)",
       .function = [](const Tensor& x) { return argmin(x); },
       .shapes = kAnyShape,
       .large = kLarge,
       .expected = folded(argmin_of),
       .output_dtype = DType::int64,
       .order = 0},
      {.name = "all",
       .function = [](const Tensor& x) { return all(x, 1); },
       .inputs = {{.low = 0, .high = 2, .dtype = DType::boolean}},
       .shapes = kThreeAxesOrEmpty,
       .large = kLarge,
       .expected = folded({1}, false, all_of),
       .output_dtype = DType::boolean,
       .refused = {[](const Tensor& x) { return all(x, 3); }},
       .order = 0},
      {.name = "any",
       .function = [](const Tensor& x) { return any(x, 1); },
       .inputs = {{.low = 0, .high = 2, .dtype = DType::boolean}},
       .shapes = kThreeAxesOrEmpty,
       .large = kLarge,
       .expected = folded({1}, false, any_of),
       .output_dtype = DType::boolean,
       .refused = {[](const Tensor& x) { return any(x, 3); }},
       .order = 0},
      {.name = "amax(all)",
       .function = [](const Tensor& x) { return amax(x); },
       .shapes = {{{3, 3, 3}}, {{2, 3, 4}}},
       .expected =
           [](std::span<const Tensor> x) {
             return reduced(x[0], {0, 1, 2}, false, [](List e) { return largest_of(e); });
           }},
      {.name = "amax(keepdims)",
       .function = [](const Tensor& x) { return amax(x, 1, {.keepdims = true}); },
       .shapes = {{{3, 3, 3}}, {{2, 3, 4}}},
       .expected =
           [](std::span<const Tensor> x) { return reduced(x[0], {1}, true, [](List e) { return largest_of(e); }); }},
      {.name = "amin(axes)",
       .function =
           [](const Tensor& x) {
             return amin(x, {2, 0});
           },
       .shapes = {{{3, 3, 3}}, {{2, 3, 4}}},
       .expected =
           [](std::span<const Tensor> x) {
             return reduced(x[0], {0, 2}, false, [](List e) { return smallest_of(e); });
           }},
      {.name = "amin(all)",
       .function = [](const Tensor& x) { return amin(x); },
       .shapes = {{{3, 3, 3}}, {{2, 3, 4}}},
       .expected =
           [](std::span<const Tensor> x) {
             return reduced(x[0], {0, 1, 2}, false, [](List e) { return smallest_of(e); });
           }},
      {.name = "max(keepdims)",
       .function = [](const Tensor& x) { return max(x, 0, {.keepdims = true}).values; },
       .shapes = {{{3, 3, 3}}, {{2, 3, 4}}},
       .expected =
           [](std::span<const Tensor> x) { return reduced(x[0], {0}, true, [](List e) { return largest_of(e); }); }},
      {.name = "min(second axis)",
       .function = [](const Tensor& x) { return min(x, 1).values; },
       .shapes = {{{3, 3, 3}}, {{2, 3, 4}}},
       .expected =
           [](std::span<const Tensor> x) { return reduced(x[0], {1}, false, [](List e) { return smallest_of(e); }); }},
      {.name = "aminmax(axes, keepdims)",
       .function =
           [](const Tensor& x) {
             auto [least, most] = aminmax(x, {2, 0}, {.keepdims = true});
             return most + 3 * least;
           },
       .shapes = {{{3, 3, 3}}},
       .expected =
           [](std::span<const Tensor> x) {
             return reduced(x[0], {0, 2}, true, [](List e) { return largest_of(e) + 3 * smallest_of(e); });
           }},
      {.name = "max(indices, keepdims)",
       .function = [](const Tensor& x) { return max(x, -1, {.keepdims = true}).indices; },
       .shapes = {{{3, 3, 3}}, {{2, 3, 4}}},
       .expected =
           [](std::span<const Tensor> x) { return reduced(x[0], {2}, true, [](List e) { return argmax_of(e); }); },
       .output_dtype = DType::int64,
       .order = 0},
      {.name = "argmax(first axis)",
       .function = [](const Tensor& x) { return argmax(x, 0); },
       .shapes = {{{3, 3, 3}}, {{2, 3, 4}}},
       .expected =
           [](std::span<const Tensor> x) { return reduced(x[0], {0}, false, [](List e) { return argmax_of(e); }); },
       .output_dtype = DType::int64,
       .order = 0},
      {.name = "argmax(last axis, keepdims)",
       .function = [](const Tensor& x) { return argmax(x, -1, {.keepdims = true}); },
       .shapes = {{{3, 3, 3}}, {{2, 3, 4}}},
       .expected =
           [](std::span<const Tensor> x) { return reduced(x[0], {2}, true, [](List e) { return argmax_of(e); }); },
       .output_dtype = DType::int64,
       .order = 0},
      {.name = "min(indices, keepdims)",
       .function = [](const Tensor& x) { return min(x, -1, {.keepdims = true}).indices; },
       .shapes = {{{3, 3, 3}}, {{2, 3, 4}}},
       .expected =
           [](std::span<const Tensor> x) { return reduced(x[0], {2}, true, [](List e) { return argmin_of(e); }); },
       .output_dtype = DType::int64,
       .order = 0},
      {.name = "argmin(first axis)",
       .function = [](const Tensor& x) { return argmin(x, 0); },
       .shapes = {{{3, 3, 3}}, {{2, 3, 4}}},
       .expected =
           [](std::span<const Tensor> x) { return reduced(x[0], {0}, false, [](List e) { return argmin_of(e); }); },
       .output_dtype = DType::int64,
       .order = 0},
      {.name = "argmin(last axis, keepdims)",
       .function = [](const Tensor& x) { return argmin(x, -1, {.keepdims = true}); },
       .shapes = {{{3, 3, 3}}, {{2, 3, 4}}},
       .expected =
           [](std::span<const Tensor> x) { return reduced(x[0], {2}, true, [](List e) { return argmin_of(e); }); },
       .output_dtype = DType::int64,
       .order = 0},
      {.name = "all(axes, keepdims)",
       .function =
           [](const Tensor& x) {
             return all(x, {2, 0}, {.keepdims = true});
           },
       .inputs = {{.low = 0, .high = 2, .dtype = DType::boolean}},
       .shapes = {{{3, 3, 3}}, {{2, 3, 4}}},
       .expected =
           [](std::span<const Tensor> x) {
             return reduced(x[0], {0, 2}, true, [](List e) { return all_of(e); });
           },
       .output_dtype = DType::boolean,
       .order = 0},
      {.name = "all(of all)",
       .function = [](const Tensor& x) { return all(x); },
       .inputs = {{.low = 0, .high = 2, .dtype = DType::boolean}},
       .shapes = {{{3, 3, 3}}, {{2, 3, 4}}},
       .expected =
           [](std::span<const Tensor> x) {
             return reduced(x[0], {0, 1, 2}, false, [](List e) { return all_of(e); });
           },
       .output_dtype = DType::boolean,
       .order = 0},
      {.name = "any(axes, keepdims)",
       .function =
           [](const Tensor& x) {
             return any(x, {2, 0}, {.keepdims = true});
           },
       .inputs = {{.low = 0, .high = 2, .dtype = DType::boolean}},
       .shapes = {{{3, 3, 3}}, {{2, 3, 4}}},
       .expected =
           [](std::span<const Tensor> x) {
             return reduced(x[0], {0, 2}, true, [](List e) { return any_of(e); });
           },
       .output_dtype = DType::boolean,
       .order = 0},
      {.name = "any(of all)",
       .function = [](const Tensor& x) { return any(x); },
       .inputs = {{.low = 0, .high = 2, .dtype = DType::boolean}},
       .shapes = {{{3, 3, 3}}, {{2, 3, 4}}},
       .expected =
           [](std::span<const Tensor> x) {
             return reduced(x[0], {0, 1, 2}, false, [](List e) { return any_of(e); });
           },
       .output_dtype = DType::boolean,
       .order = 0},
  };
}

Rows norms() {
  const OperatorInput not_zero = {.avoid = {0}};
  return {
      {.name = "norm",
       .function = [](const Tensor& x) { return norm(x); },
       .shapes = kAnyShape,
       .large = kLarge,
       .expected = [](std::span<const Tensor> x) { return reduced(x[0], [](List e) { return norm_of(e, 2); }); },
       .refused = {[](const Tensor& x) { return norm(x, Axes(2)); }}},
      {.name = "norm(axis)",
       .function = [](const Tensor& x) { return norm(x, Axes(1), {.keepdims = true}); },
       .shapes = kThreeAxes,
       .expected =
           [](std::span<const Tensor> x) { return reduced(x[0], {1}, true, [](List e) { return norm_of(e, 2); }); }},
      {.name = "norm(1)",
       .function =
           [](const Tensor& x) {
             return norm(x, {0, 1}, {.p = 1});
           },
       .inputs = {not_zero},
       .shapes = kThreeAxes,
       .large = kLarge,
       .expected =
           [](std::span<const Tensor> x) {
             return reduced(x[0], {0, 1}, false, [](List e) { return norm_of(e, 1); });
           }},
      {.name = "norm(3)",
       .function = [](const Tensor& x) { return norm(x, Axes(-1), {.p = 3}); },
       .inputs = {not_zero},
       .shapes = kThreeAxes,
       .large = kLarge,
       .expected =
           [](std::span<const Tensor> x) { return reduced(x[0], {2}, false, [](List e) { return norm_of(e, 3); }); }},
      {.name = "norm(infinity)",
       .function = [](const Tensor& x) { return norm(x, Axes(-1), {.p = kInfinity}); },
       .inputs = {not_zero},
       .shapes = kThreeAxes,
       .expected =
           [](std::span<const Tensor> x) {
             return reduced(x[0], {2}, false, [](List e) { return std::max(largest_of(e), -smallest_of(e)); });
           }},
      {.name = "norm(-infinity)",
       .function = [](const Tensor& x) { return norm(x, Axes(1), {.p = -kInfinity}); },
       .inputs = {not_zero},
       .shapes = {{{3, 3, 3}}, {{2, 3, 4}}},
       .expected =
           [](std::span<const Tensor> x) {
             return reduced(x[0], {1}, false, [](List e) { return smallest_of(sizes_of(e)); });
           }},
      {.name = "norm(-1, keepdims)",
       .function =
           [](const Tensor& x) {
             return norm(x, {2, 0}, {.p = -1, .keepdims = true});
           },
       .inputs = {not_zero},
       .shapes = {{{3, 3, 3}}, {{2, 3, 4}}},
       .expected =
           [](std::span<const Tensor> x) {
             return reduced(x[0], {0, 2}, true, [](List e) { return norm_of(e, -1); });
           }},
      {.name = "norm(0)",
       .function = [](const Tensor& x) { return norm(x, Axes(1), {.p = 0}); },
       .inputs = {{.low = -1, .high = 2, .dtype = DType::int64}},
       .shapes = {{{3, 3, 3}}, {{2, 3, 4}}},
       .expected =
           [](std::span<const Tensor> x) { return reduced(x[0], {1}, false, [](List e) { return count_of(e); }); },
       .output_dtype = DType::float32,
       .propagates_nan = false,
       .order = 0},
      {.name = "norm(2, two axes)",
       .function =
           [](const Tensor& x) {
             return norm(x, {2, 0});
           },
       .shapes = {{{3, 3, 3}}, {{2, 3, 4}}},
       .expected =
           [](std::span<const Tensor> x) {
             return reduced(x[0], {0, 2}, false, [](List e) { return norm_of(e, 2); });
           }},
      {.name = "norm(dtype)",
       .function =
           [](const Tensor& x) {
             Tensor y = norm(x, Axes(1), {.dtype = DType::float64});
             return cast(y, x.dtype());
           },
       .shapes = {{{3, 3}}},
       .expected =
           [](std::span<const Tensor> x) { return reduced(x[0], {1}, false, [](List e) { return norm_of(e, 2); }); }},
      {.name = "dist(2)",
       .function = [](const Tensor& a, const Tensor& b) { return dist(a, b); },
       .inputs = {{}, {}},
       .shapes = {{{2, 3}, {2, 3}}},
       .expected =
           [](std::span<const Tensor> x) {
             const Elements a(x[0]), b(x[1]);
             return reduced(by_place({2, 3}, [&](const Place& at) { return a(at) - b(at); }),
                            [](List e) { return norm_of(e, 2); });
           }},
      {.name = "renorm(first axis, 1)",
       .function = [](const Tensor& x) { return renorm(x, 1, 0, 1.5); },
       .inputs = {not_zero},
       .shapes = {{{3, 3}}},
       .expected =
           [](std::span<const Tensor> x) {
             return along(x[0], 1, [](std::vector<double> row) {
               const double length = norm_of(row, 1);
               for (double& element : row) element *= length > 1.5 ? 1.5 / (length + 1e-7) : 1;
               return row;
             });
           }},
      {.name = "dist",
       .function = [](const Tensor& a, const Tensor& b) { return dist(a, b, 3); },
       .inputs = {{}, {}},
       .shapes = {{{2, 3}, {2, 3}}, {{4, 1}, {3}}, {{}, {}}},
       .expected =
           [](std::span<const Tensor> x) {
             const Elements a(x[0]), b(x[1]);
             const Shape shape = broadcast_shapes("dist", a.shape(), b.shape(), {});
             auto read = [&](const Elements& from, Place place) {
               place.erase(place.begin(), place.end() - from.shape().ndim());
               for (int axis = 0; axis < from.shape().ndim(); ++axis)
                 if (from.shape()[axis] == 1) place[static_cast<std::size_t>(axis)] = 0;
               return from(place);
             };
             return reduced(by_place(shape, [&](const Place& place) { return read(a, place) - read(b, place); }),
                            [](List e) { return norm_of(e, 3); });
           },
       .refused = {[](const Tensor& a, const Tensor& b) {
         return dist(a, b, std::numeric_limits<double>::quiet_NaN());
       }}},
      {.name = "renorm",
       .function = [](const Tensor& x) { return renorm(x, 2, 1, 1.5); },
       .shapes = {{{2, 3}}, {{3, 2, 4}}},
       .expected =
           [](std::span<const Tensor> x) {
             const Elements elements(x[0]);
             std::vector<double> lengths(static_cast<std::size_t>(x[0].size(1)));
             by_place(x[0].shape(), [&](const Place& place) {
               return lengths[static_cast<std::size_t>(place[1])] += elements(place) * elements(place);
             });
             return by_place(x[0].shape(), [&](const Place& place) {
               const double length = std::sqrt(lengths[static_cast<std::size_t>(place[1])]);
               return elements(place) * (length > 1.5 ? 1.5 / (length + 1e-7) : 1);
             });
           },
       .refused = {[](const Tensor& x) { return renorm(x, 0, 0, 1); },
                   [](const Tensor& x) { return renorm(x, 2, 0, -1); },
                   [](const Tensor& x) { return renorm(x, 2, 3, 1); }}},
  };
}

Rows rows() {
  Rows rows;
  for (Rows (*some)() : {sums, of_some, extremes, norms}) append(rows, some());
  return rows;
}

const Family kFamily("reduce", rows);

}  // namespace
}  // namespace xgrad::testing

TEST_CASE("Reductions keep their contract", "[op_table]") { xgrad::testing::expect_family_holds("reduce"); }
