#include <xgrad/autograd/ops/cumulative.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

#include "op_table.hpp"
#include "references.hpp"

namespace xgrad::testing {
namespace {

using List = const std::vector<double>&;
using Numbers = std::vector<double>;

/// Each element joined with the result before it.
template <class Join>
Numbers running(List elements, const Join& join) {
  Numbers results;
  for (double element : elements) results.push_back(results.empty() ? element : join(results.back(), element));
  return results;
}
Numbers sums_of(List elements) {
  return running(elements, [](double a, double b) { return a + b; });
}
Numbers products_of(List elements) {
  return running(elements, [](double a, double b) { return a * b; });
}
Numbers log_sums_of(List elements) {
  Numbers results;
  for (std::size_t i = 0; i < elements.size(); ++i)
    results.push_back(logsumexp_of({elements.begin(), elements.begin() + static_cast<std::ptrdiff_t>(i) + 1}));
  return results;
}
Numbers largest_so_far(List elements) {
  return running(elements, [](double a, double b) { return std::max(a, b); });
}
Numbers smallest_so_far(List elements) {
  return running(elements, [](double a, double b) { return std::min(a, b); });
}
/// The last position of the largest element so far.
Numbers places_so_far(List elements) {
  Numbers places;
  std::size_t best = 0;
  for (std::size_t i = 0; i < elements.size(); ++i) {
    if (elements[i] >= elements[best]) best = i;
    places.push_back(static_cast<double>(best));
  }
  return places;
}

/// The last position of the smallest element so far.
Numbers least_places_so_far(List elements) {
  Numbers negated;
  for (double element : elements) negated.push_back(-element);
  return places_so_far(negated);
}

TensorFunction along_axis(int axis, Numbers (*change)(List)) {
  return [=](std::span<const Tensor> x) { return along(x[0], axis, change); };
}

/// Each list of elements along an axis as another, of any length.
Tensor changed(const Tensor& x, int axis, const Function<Numbers(const Numbers&)>& change) {
  const Elements elements(x);
  Place probe(static_cast<std::size_t>(x.ndim()));
  auto list_at = [&](Place place) {
    Numbers list;
    for (std::int64_t k = 0; k < x.size(axis); ++k) {
      place[static_cast<std::size_t>(axis)] = k;
      list.push_back(elements(place));
    }
    return list;
  };
  Shape shape = x.shape();
  shape[axis] = static_cast<std::int64_t>(change(Numbers(static_cast<std::size_t>(x.size(axis)))).size());
  return by_place(shape, [&](const Place& place) {
    return change(list_at(place))[static_cast<std::size_t>(place[static_cast<std::size_t>(axis)])];
  });
}

Numbers differences_of(List elements) {
  Numbers differences;
  for (std::size_t i = 1; i < elements.size(); ++i) differences.push_back(elements[i] - elements[i - 1]);
  return differences;
}
/// numpy.gradient's formulas for points at these places.
Numbers derivatives_of(List f, List x, int edge_order) {
  const std::size_t n = f.size();
  Numbers d(n);
  for (std::size_t i = 1; i + 1 < n; ++i) {
    const double a = x[i] - x[i - 1], b = x[i + 1] - x[i];
    d[i] = -b / (a * (a + b)) * f[i - 1] + (b - a) / (a * b) * f[i] + a / (b * (a + b)) * f[i + 1];
  }
  // The derivative at x[i] of the polynomial through the points i, j and k.
  auto edge = [&](std::size_t i, std::size_t j, std::size_t k) {
    return f[i] * (2 * x[i] - x[j] - x[k]) / ((x[i] - x[j]) * (x[i] - x[k])) +
           f[j] * (x[i] - x[k]) / ((x[j] - x[i]) * (x[j] - x[k])) +
           f[k] * (x[i] - x[j]) / ((x[k] - x[i]) * (x[k] - x[j]));
  };
  d[0] = edge_order == 2 ? edge(0, 1, 2) : (f[1] - f[0]) / (x[1] - x[0]);
  d[n - 1] = edge_order == 2 ? edge(n - 1, n - 2, n - 3) : (f[n - 1] - f[n - 2]) / (x[n - 1] - x[n - 2]);
  return d;
}
Numbers evenly(std::size_t n, double distance) {
  Numbers places(n);
  for (std::size_t i = 0; i < n; ++i) places[i] = distance * static_cast<double>(i);
  return places;
}

double integral_of(List y, List x) {
  double sum = 0;
  for (std::size_t i = 1; i < y.size(); ++i) sum += (x[i] - x[i - 1]) * (y[i] + y[i - 1]) / 2;
  return sum;
}
Numbers integrals_of(List y, List x) {
  Numbers integrals;
  for (std::size_t i = 1; i < y.size(); ++i)
    integrals.push_back(integral_of({y.begin(), y.begin() + static_cast<std::ptrdiff_t>(i) + 1}, x));
  return integrals;
}

const std::vector<std::vector<Shape>> kLong = {{{70001}}, {{3, 20011}}};

Rows scans() {
  const OperatorInput some = {.low = -1.5, .high = 1.5};
  return {
      {.name = "cumsum",
       .function = [](const Tensor& x) { return cumsum(x, 1); },
       .shapes = kThreeAxesOrEmpty,
       .large = kLarge,
       .expected = along_axis(1, sums_of),
       .refused = {[](const Tensor& x) { return cumsum(x, 3); },
                   [](const Tensor& x) { return cumsum(x, 0, {.dtype = DType::boolean}); }}},
      {.name = "cumsum(last)",
       .function = [](const Tensor& x) { return cumsum(x, -1); },
       .shapes = kThreeAxesOrEmpty,
       .large = kLong,
       .expected = [](std::span<const Tensor> x) { return along(x[0], x[0].ndim() - 1, sums_of); }},
      {.name = "cumprod",
       .function = [](const Tensor& x) { return cumprod(x, 1); },
       .inputs = {some},
       .shapes = kThreeAxesOrEmpty,
       .large = kLarge,
       .expected = along_axis(1, products_of),
       .refused = {[](const Tensor& x) { return cumprod(x, 3); }}},
      {.name = "cumprod(last)",
       .function = [](const Tensor& x) { return cumprod(x, -1); },
       .inputs = {some},
       .shapes = {{{2, 3, 4}}, {{7}}, {{0}}},
       .expected = [](std::span<const Tensor> x) { return along(x[0], x[0].ndim() - 1, products_of); }},
      {.name = "logcumsumexp",
       .function = [](const Tensor& x) { return logcumsumexp(x, 1); },
       .shapes = kThreeAxesOrEmpty,
       .large = kLarge,
       .expected = along_axis(1, log_sums_of),
       .refused = {[](const Tensor& x) { return logcumsumexp(x, -4); }}},
      {.name = "logcumsumexp(last)",
       .function = [](const Tensor& x) { return logcumsumexp(x, -1); },
       .inputs = {{.low = -30, .high = 30}},
       .shapes = {{{2, 3, 4}}, {{9}}, {{0}}},
       .expected = [](std::span<const Tensor> x) { return along(x[0], x[0].ndim() - 1, log_sums_of); }},
      {.name = "cummax",
       .function = [](const Tensor& x) { return cummax(x, 1).values; },
       .shapes = kThreeAxesOrEmpty,
       .large = kLarge,
       .expected = along_axis(1, largest_so_far),
       .refused = {[](const Tensor& x) { return cummax(x, 3).values; }}},
      {.name = "cummax(indices)",
       .function = [](const Tensor& x) { return cummax(x, 2).indices; },
       .shapes = kThreeAxesOrEmpty,
       .expected = along_axis(2, places_so_far),
       .output_dtype = DType::int64,
       .order = 0},
      {.name = "cummin",
       .function = [](const Tensor& x) { return cummin(x, -1).values; },
       .shapes = kThreeAxesOrEmpty,
       .large = kLarge,
       .expected = along_axis(2, smallest_so_far),
       .refused = {[](const Tensor& x) { return cummin(x, -4).values; }}},
      {.name = "cummin(indices)",
       .function = [](const Tensor& x) { return cummin(x, 0).indices; },
       .shapes = kThreeAxesOrEmpty,
       .expected = along_axis(0, least_places_so_far),
       .output_dtype = DType::int64,
       .order = 0},
      {.name = "cummax(first axis)",
       .function = [](const Tensor& x) { return cummax(x, 0).values; },
       .shapes = {{{3, 3, 3}}},
       .expected = along_axis(0, largest_so_far)},
      {.name = "cumsum(first axis, dtype)",
       .function =
           [](const Tensor& x) {
             Tensor y = cumsum(x, 0, {.dtype = DType::float64});
             return cast(y, x.dtype());
           },
       .shapes = {{{3, 3}}},
       .expected = along_axis(0, sums_of)},
      {.name = "cumprod(first axis, dtype)",
       .function =
           [](const Tensor& x) {
             Tensor y = cumprod(x, 0, {.dtype = DType::float64});
             return cast(y, x.dtype());
           },
       .shapes = {{{3, 3}}},
       .expected = along_axis(0, products_of)},
  };
}

Rows differences() {
  return {
      {.name = "diff",
       .function = [](const Tensor& x) { return diff(x, {.axis = 1}); },
       .shapes = {{{2, 3, 4}}, {{5, 4, 3}}},
       .expected = [](std::span<const Tensor> x) { return changed(x[0], 1, differences_of); },
       .refused = {[](const Tensor& x) { return diff(x, {.axis = 3}); },
                   [](const Tensor& x) { return diff(x, {.n = -1}); },
                   [](const Tensor& x) {
                     return diff(x, {.prepend = zeros({1, 1, 1})});
                   }}},
      {.name = "diff(beside)",
       .function = [](const Tensor& x, const Tensor& before,
                      const Tensor& after) { return diff(x, {.n = 2, .axis = 1, .prepend = before, .append = after}); },
       .inputs = {{}, {}, {}},
       .shapes = {{{2, 3}, {2, 1}, {2, 2}}, {{2, 3, 4}, {2, 1, 4}, {2, 2, 4}}},
       .expected =
           [](std::span<const Tensor> x) {
             Shape shape = x[0].shape();
             shape[1] += x[1].size(1) + x[2].size(1);
             const Elements middle(x[0]), before(x[1]), after(x[2]);
             const std::int64_t first = x[1].size(1), last = first + x[0].size(1);
             const Tensor joined = by_place(shape, [&](Place place) {
               const std::int64_t at = place[1];
               place[1] = at < first ? at : at < last ? at - first : at - last;
               return at < first ? before(place) : at < last ? middle(place) : after(place);
             });
             return changed(joined, 1, [](List e) { return differences_of(differences_of(e)); });
           }},
      {.name = "diff(last axis, three times)",
       .function = [](const Tensor& x) { return diff(x, {.n = 3}); },
       .shapes = {{{5, 5}}, {{2, 4}}},
       .expected =
           [](std::span<const Tensor> x) {
             return changed(x[0], 1, [](List e) { return differences_of(differences_of(differences_of(e))); });
           }},
      {.name = "trapezoid",
       .function = [](const Tensor& y) { return trapezoid(y, {.dx = 0.5, .axis = 1}); },
       .shapes = {{{2, 3, 4}}, {{5, 1, 3}}, {{2, 9}}},
       .expected =
           [](std::span<const Tensor> y) {
             return reduced(y[0], {1}, false, [](List e) { return integral_of(e, evenly(e.size(), 0.5)); });
           },
       .refused = {[](const Tensor& y) { return trapezoid(y, {.axis = 3}); }},
       .propagates_nan = false},  // of one point 0
      {.name = "trapezoid(points)",
       .function = [](const Tensor& y, const Tensor& x) { return trapezoid(y, x, {.axis = 1}); },
       .inputs = {{}, {}},
       .shapes = {{{2, 3, 4}, {3}}, {{2, 9}, {9}}},
       .expected =
           [](std::span<const Tensor> x) {
             return reduced(x[0], {1}, false, [&](List e) { return integral_of(e, Elements(x[1]).all()); });
           }},
      {.name = "trapezoid(last axis)",
       .function = [](const Tensor& y) { return trapezoid(y); },
       .shapes = {{{3, 3}}, {{2, 4}}},
       .expected =
           [](std::span<const Tensor> y) {
             return reduced(y[0], {1}, false, [](List e) { return integral_of(e, evenly(e.size(), 1)); });
           },
       .propagates_nan = false},
      {.name = "trapezoid(points, last axis)",
       .function = [](const Tensor& y, const Tensor& x) { return trapezoid(y, x); },
       .inputs = {{}, {}},
       .shapes = {{{3, 3}, {3, 3}}},  // points of each row
       .expected =
           [](std::span<const Tensor> x) {
             Elements f(x[0]), points(x[1]);
             return by_place({3}, [&](const Place& at) {
               double sum = 0;
               for (std::int64_t k = 1; k < 3; ++k)
                 sum += (points({at[0], k}) - points({at[0], k - 1})) * (f({at[0], k}) + f({at[0], k - 1})) / 2;
               return sum;
             });
           }},
      {.name = "cumulative_trapezoid",
       .function = [](const Tensor& y) { return cumulative_trapezoid(y, {.dx = 2, .axis = 0}); },
       .shapes = {{{3, 4}}, {{5, 2, 3}}, {{9}}},
       .expected =
           [](std::span<const Tensor> y) {
             return changed(y[0], 0, [](List e) { return integrals_of(e, evenly(e.size(), 2)); });
           },
       .refused = {[](const Tensor& y) { return cumulative_trapezoid(y, {.axis = 3}); }}},
      {.name = "cumulative_trapezoid(points)",
       .function = [](const Tensor& y, const Tensor& x) { return cumulative_trapezoid(y, x, {.axis = 0}); },
       .inputs = {{}, {}},
       .shapes = {{{3, 3}, {3}}, {{9}, {9}}},
       .expected =
           [](std::span<const Tensor> x) {
             return changed(x[0], 0, [&](List e) { return integrals_of(e, Elements(x[1]).all()); });
           }},
      {.name = "cumulative_trapezoid(last axis)",
       .function = [](const Tensor& y) { return cumulative_trapezoid(y); },
       .shapes = {{{3, 3}}, {{2, 4}}},
       .expected =
           [](std::span<const Tensor> y) {
             return changed(y[0], 1, [](List e) { return integrals_of(e, evenly(e.size(), 1)); });
           }},
      {.name = "gradient",
       .function = [](const Tensor& x) { return gradient(x, {.spacing = {0.5}, .axes = 1})[0]; },
       .shapes = {{{2, 3, 4}}, {{2, 9}}, {{3, 2}}},
       .expected =
           [](std::span<const Tensor> x) {
             return along(x[0], 1, [](List e) { return derivatives_of(e, evenly(e.size(), 0.5), 1); });
           },
       .refused = {[](const Tensor& x) { return gradient(x, {.axes = 3})[0]; },
                   [](const Tensor& x) { return gradient(x, {.edge_order = 3})[0]; },
                   [](const Tensor& x) {
                     return gradient(x, {.spacing = {1, 2, 3, 4, 5}})[0];
                   }}},
      {.name = "gradient(all axes)",
       .function =
           [](const Tensor& x) {
             const std::vector<Tensor> slopes = gradient(x, {.spacing = {0.5, 2}});
             return slopes[0] + 2 * slopes[1];
           },
       .shapes = {{{3, 3}}, {{4, 5}}},
       .expected =
           [](std::span<const Tensor> x) {
             const Elements down(along(x[0], 0, [](List e) { return derivatives_of(e, evenly(e.size(), 0.5), 1); })),
                 across(along(x[0], 1, [](List e) { return derivatives_of(e, evenly(e.size(), 2), 1); }));
             return by_place(x[0].shape(), [&](const Place& at) { return down(at) + 2 * across(at); });
           },
       .propagates_nan = false},
      {.name = "gradient(edges of order 2)",
       .function = [](const Tensor& x) { return gradient(x, {.axes = 0, .edge_order = 2})[0]; },
       .shapes = {{{3, 3}}, {{4, 2}}},
       .expected =
           [](std::span<const Tensor> x) {
             return along(x[0], 0, [](List e) { return derivatives_of(e, evenly(e.size(), 1), 2); });
           },
       .propagates_nan = false},
      {.name = "gradient(coordinates)",
       .function =
           [](const Tensor& x, const Tensor& steps) {
             // Coordinates that ascend, whatever is drawn.
             return gradient(x, {.coordinates = {cumsum(steps, 0)}, .axes = -1, .edge_order = 2})[0];
           },
       .inputs = {{}, {.low = 0.5, .high = 1.5}},
       .shapes = {{{2, 4}, {4}}, {{7}, {7}}, {{3}, {3}}},
       .expected =
           [](std::span<const Tensor> x) {
             const Numbers places = sums_of(Elements(x[1]).all());
             return along(x[0], x[0].ndim() - 1, [&](List e) { return derivatives_of(e, places, 2); });
           },
       .rtol = 1e-11},
  };
}

Rows rows() {
  Rows rows = scans();
  append(rows, differences());
  return rows;
}

const Family kFamily("cumulative", rows);

}  // namespace
}  // namespace xgrad::testing

TEST_CASE("Cumulative operators keep their contract", "[op_table]") {
  xgrad::testing::expect_family_holds("cumulative");
}
