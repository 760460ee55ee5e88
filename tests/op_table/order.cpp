// Sorting, searching, and statistics that go by order or by counting.
#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include <xgrad/autograd/ops/search.hpp>
#include <xgrad/autograd/ops/sort.hpp>
#include <xgrad/autograd/ops/statistics.hpp>
#include "op_table.hpp"
#include "references.hpp"

namespace xgrad::testing {
namespace {

using List = const std::vector<double>&;
using Numbers = std::vector<double>;

/// Positions in ascending (or descending) order, equals in theirs.
std::vector<std::size_t> order_of(List elements, bool descending = false) {
  std::vector<std::size_t> places(elements.size());
  std::iota(places.begin(), places.end(), 0);
  std::stable_sort(places.begin(), places.end(), [&](std::size_t i, std::size_t j) {
    return descending ? elements[i] > elements[j] : elements[i] < elements[j];
  });
  return places;
}
Numbers sorted(List elements) {
  Numbers sorted = elements;
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}
Numbers sorted_down(List elements) {
  Numbers numbers = sorted(elements);
  std::reverse(numbers.begin(), numbers.end());
  return numbers;
}
Numbers places_of(List elements) {
  const auto order = order_of(elements);
  return {order.begin(), order.end()};
}
Numbers places_down(List elements) {
  const auto order = order_of(elements, true);
  return {order.begin(), order.end()};
}
double lower_median_of(List elements) { return sorted(elements)[(elements.size() - 1) / 2]; }
double lower_median_place_of(List elements) { return places_of(elements)[(elements.size() - 1) / 2]; }
double second_of(List elements) { return sorted(elements)[1]; }
double second_place_of(List elements) { return places_of(elements)[1]; }
double mode_of(List elements) {
  std::map<double, int> counts;
  for (double element : elements) ++counts[element];
  return std::max_element(counts.begin(), counts.end(), [](auto& a, auto& b) { return a.second < b.second; })->first;
}
double mode_place_of(List elements) {
  const double mode = mode_of(elements);
  std::size_t place = 0;
  for (std::size_t i = 0; i < elements.size(); ++i)
    if (elements[i] == mode) place = i;
  return static_cast<double>(place);
}
double quantile_of(List elements, double q) {
  const Numbers in_order = sorted(elements);
  const double rank = q * static_cast<double>(in_order.size() - 1);
  const double below = in_order[static_cast<std::size_t>(rank)];
  const double above = in_order[static_cast<std::size_t>(std::ceil(rank))];
  return below + (rank - std::floor(rank)) * (above - below);
}
/// Of the first of each run of equals.
double sum_of_distinct_squares(List elements) {
  double sum = 0;
  for (std::size_t i = 0; i < elements.size(); ++i)
    if (i == 0 || elements[i] != elements[i - 1]) sum += elements[i] * elements[i];
  return sum;
}

TensorFunction along_axis(int axis, Numbers (*change)(List)) {
  return [=](std::span<const Tensor> x) { return along(x[0], axis, change); };
}
TensorFunction folded(int axis, double (*fold)(List)) {
  return [=](std::span<const Tensor> x) { return reduced(x[0], {axis}, false, fold); };
}
TensorFunction folded(double (*fold)(List)) {
  return [=](std::span<const Tensor> x) { return reduced(x[0], fold); };
}

/// The first two along an axis.
Tensor first_two(const Tensor& x, int axis) {
  const Elements elements(x);
  Shape shape = x.shape();
  shape[axis] = 2;
  return by_place(shape, [&](const Place& place) { return elements(place); });
}

// Long rows, which are sorted by digits, and many short ones.
const std::vector<std::vector<Shape>> kRows = {{{2, 1500}}, {{400, 33}}};
const std::vector<std::vector<Shape>> kAxisOfTwo = {{{2, 3, 4}}, {{5, 2, 33}}, {{1, 6, 2}}};

Rows sorts() {
  return {
      {.name = "sort",
       .function = [](const Tensor& x) { return sort(x).values; },
       .shapes = kThreeAxesOrEmpty,
       .large = kRows,
       .expected = [](std::span<const Tensor> x) { return along(x[0], x[0].ndim() - 1, sorted); },
       .refused = {[](const Tensor& x) { return sort(x, 3).values; }}},
      {.name = "sort(axis)",
       .function = [](const Tensor& x) { return sort(x, 1, {.descending = true}).values; },
       .shapes = kThreeAxesOrEmpty,
       .large = kLarge,
       .expected = along_axis(1, sorted_down)},
      {.name = "sort(indices)",
       .function = [](const Tensor& x) { return sort(x, 1).indices; },
       .shapes = kThreeAxesOrEmpty,
       .large = kRows,
       .expected = along_axis(1, places_of),
       .output_dtype = DType::int64,
       .order = 0},
      {.name = "argsort",
       .function = [](const Tensor& x) { return argsort(x, 1, {.descending = true}); },
       .shapes = kThreeAxesOrEmpty,
       .large = kRows,
       .expected = along_axis(1, places_down),
       .output_dtype = DType::int64,
       .refused = {[](const Tensor& x) { return argsort(x, -4); }},
       .order = 0},
      {.name = "msort",
       .function = [](const Tensor& x) { return msort(x); },
       .shapes = kThreeAxesOrEmpty,
       .expected = along_axis(0, sorted)},
      {.name = "topk",
       .function = [](const Tensor& x) { return topk(x, 2, 1).values; },
       .shapes = kAxisOfTwo,
       .large = kRows,
       .expected = [](std::span<const Tensor> x) { return first_two(along(x[0], 1, sorted_down), 1); },
       .refused = {[](const Tensor& x) { return topk(x, -1).values; },
                   [](const Tensor& x) { return topk(x, 100).values; },
                   [](const Tensor& x) { return topk(x, 1, 3).values; }}},
      {.name = "topk(smallest)",
       .function = [](const Tensor& x) { return topk(x, 2, 1, {.largest = false}).indices; },
       .shapes = kAxisOfTwo,
       .large = kRows,
       .expected = [](std::span<const Tensor> x) { return first_two(along(x[0], 1, places_of), 1); },
       .output_dtype = DType::int64,
       .order = 0},
      {.name = "kthvalue",
       .function = [](const Tensor& x) { return kthvalue(x, 2, 1).values; },
       .shapes = kAxisOfTwo,
       .large = kRows,
       .expected = folded(1, second_of),
       .refused = {[](const Tensor& x) { return kthvalue(x, 0).values; },
                   [](const Tensor& x) { return kthvalue(x, 100).values; },
                   [](const Tensor& x) { return kthvalue(x, 1, 3).values; }},
       .propagates_nan = false},
      {.name = "kthvalue(indices)",
       .function = [](const Tensor& x) { return kthvalue(x, 2, 1).indices; },
       .shapes = kAxisOfTwo,
       .expected = folded(1, second_place_of),
       .output_dtype = DType::int64,
       .order = 0},
      {.name = "unique",
       .function = [](const Tensor& x) { return sum(square(unique(x).values)); },
       .shapes = {{{2, 3}}, {{}}, {{0}}, {{67}}},
       .large = {{{1501}}},
       .expected =
           [](std::span<const Tensor> x) {
             return by_place({}, [&](const Place&) { return sum_of_distinct_squares(sorted(Elements(x[0]).all())); });
           },
       .refused = {[](const Tensor& x) { return unique(x, {.axis = 2}).values; }}},
      {.name = "unique_consecutive",
       .function = [](const Tensor& x) { return sum(square(unique_consecutive(x).values)); },
       .shapes = {{{2, 3}}, {{}}, {{0}}, {{67}}},
       .expected =
           [](std::span<const Tensor> x) {
             return by_place({}, [&](const Place&) { return sum_of_distinct_squares(Elements(x[0]).all()); });
           },
       .refused = {[](const Tensor& x) { return unique_consecutive(x, {.axis = 2}).values; }}},
  };
}

Rows searches() {
  return {
      {.name = "searchsorted",
       .function = [](const Tensor& edges,
                      const Tensor& x) { return searchsorted(edges, x, {.sorter = argsort(edges.detach())}); },
       .inputs = {{}, {}},
       .shapes = {{{5}, {2, 3}}, {{1}, {7}}, {{0}, {3}}, {{9}, {}}},
       .large = {{{300}, {61, 73}}},
       .expected =
           [](std::span<const Tensor> x) {
             const Numbers edges = sorted(Elements(x[0]).all());
             const Elements values(x[1]);
             return by_place(x[1].shape(), [&](const Place& place) {
               return static_cast<double>(std::lower_bound(edges.begin(), edges.end(), values(place)) - edges.begin());
             });
           },
       .output_dtype = DType::int64,
       .order = 0},
      {.name = "bucketize",
       .function = [](const Tensor& x, const Tensor& steps) { return bucketize(x, steps * 0 + 0.25, {.right = true}); },
       .inputs = {{}, {}},
       .shapes = {{{2, 3}, {4}}, {{}, {2}}},
       .expected =
           [](std::span<const Tensor> x) {
             const Elements values(x[0]);
             return by_place(x[0].shape(), [&](const Place& place) {
               return values(place) >= 0.25 ? static_cast<double>(x[1].numel()) : 0.0;
             });
           },
       .output_dtype = DType::int64,
       .order = 0},
      {.name = "isin",
       .function = [](const Tensor& x, const Tensor& candidates) { return isin(x, candidates); },
       .inputs = {{.low = 0, .high = 9, .dtype = DType::int64}, {.low = 0, .high = 9, .dtype = DType::int64}},
       .shapes = {{{2, 3}, {4}}, {{}, {2, 2}}, {{7}, {0}}},
       .large = {{{61, 73, 9}, {3}}},
       .expected =
           [](std::span<const Tensor> x) {
             const Elements values(x[0]);
             const Numbers candidates = Elements(x[1]).all();
             return by_place(x[0].shape(), [&](const Place& place) {
               return double(std::count(candidates.begin(), candidates.end(), values(place)) > 0);
             });
           },
       .output_dtype = DType::boolean,
       .order = 0},
  };
}

Rows statistics() {
  return {
      {.name = "median",
       .function = [](const Tensor& x) { return median(x); },
       .shapes = kAnyShape,
       .large = kLarge,
       .expected = folded(lower_median_of)},
      {.name = "median(axis)",
       .function = [](const Tensor& x) { return median(x, 1).values; },
       .shapes = kThreeAxes,
       .large = kRows,
       .expected = folded(1, lower_median_of),
       .refused = {[](const Tensor& x) { return median(x, 3).values; }}},
      {.name = "median(indices)",
       .function = [](const Tensor& x) { return median(x, 1).indices; },
       .shapes = kThreeAxes,
       .expected = folded(1, lower_median_place_of),
       .output_dtype = DType::int64,
       .order = 0},
      {.name = "nanmedian",
       .function = [](const Tensor& x) { return nanmedian(x); },
       .shapes = kAnyShape,
       .expected = folded(lower_median_of),
       .propagates_nan = false},
      {.name = "nanmedian(axis)",
       .function = [](const Tensor& x) { return nanmedian(x, 1).values; },
       .shapes = kThreeAxes,
       .expected = folded(1, lower_median_of),
       .refused = {[](const Tensor& x) { return nanmedian(x, 3).values; }},
       .propagates_nan = false},
      {.name = "mode",
       .function = [](const Tensor& x) { return mode(x, 1).values; },
       .shapes = kThreeAxes,
       .large = kRows,
       .expected = folded(1, mode_of),
       .refused = {[](const Tensor& x) { return mode(x, 3).values; }},
       .propagates_nan = false},
      {.name = "mode(indices)",
       .function = [](const Tensor& x) { return mode(x, 1).indices; },
       .inputs = {{.low = 0, .high = 4, .dtype = DType::int64}},
       .shapes = kThreeAxes,
       .large = {{{5, 700}}},
       .expected = folded(1, mode_place_of),
       .output_dtype = DType::int64,
       .order = 0},
      {.name = "quantile",
       .function = [](const Tensor& x) { return quantile(x, 0.3, {.axis = 1}); },
       .shapes = kThreeAxes,
       .large = kRows,
       .expected =
           [](std::span<const Tensor> x) {
             return reduced(x[0], {1}, false, [](List e) { return quantile_of(e, 0.3); });
           },
       .refused = {[](const Tensor& x) { return quantile(x, 0.3, {.axis = 3}); },
                   [](const Tensor& x) { return quantile(x, 1.5); },
                   [](const Tensor& x) { return quantile(x, -0.1); }}},
      {.name = "quantile(several)",
       .function = [](const Tensor& x, const Tensor& q) { return quantile(x, q); },
       .inputs = {{}, {.low = 0, .high = 1, .avoid = {0, 0.2, 0.4, 0.6, 0.8, 1}}},
       .shapes = {{{2, 3}, {4}}, {{6}, {}}},
       .expected =
           [](std::span<const Tensor> x) {
             const Numbers elements = Elements(x[0]).all();
             const Elements q(x[1]);
             return by_place(x[1].shape(), [&](const Place& place) { return quantile_of(elements, q(place)); });
           },
       .propagates_nan = false},  // a q that is nan is refused
      {.name = "nanquantile",
       .function = [](const Tensor& x) { return nanquantile(x, 0.7); },
       .shapes = kAnyShape,
       .expected = [](std::span<const Tensor> x) { return reduced(x[0], [](List e) { return quantile_of(e, 0.7); }); },
       .refused = {[](const Tensor& x) { return nanquantile(x, 2); }},
       .propagates_nan = false},
      {.name = "bincount",
       .function = [](const Tensor& x) { return bincount(x, {.min_length = 5}); },
       .inputs = {{.low = 0, .high = 9, .dtype = DType::int64}},
       .shapes = {{{7}}, {{0}}, {{67}}},
       .expected =
           [](std::span<const Tensor> x) {
             const Numbers elements = Elements(x[0]).all();
             const double most = elements.empty() ? -1 : largest_of(elements);
             return by_place({std::max<std::int64_t>(5, static_cast<std::int64_t>(most) + 1)}, [&](const Place& place) {
               return static_cast<double>(std::count(elements.begin(), elements.end(), static_cast<double>(place[0])));
             });
           },
       .output_dtype = DType::int64,
       .refused = {[](const Tensor& x) { return bincount(x, {.min_length = -1}); }},
       .order = 0},
      {.name = "bincount(weights)",
       .function = [](const Tensor& weights) { return bincount(arange(weights.numel()), {.weights = weights}); },
       .shapes = {{{7}}, {{0}}},
       .expected = [](std::span<const Tensor> x) { return reshaped(x[0], x[0].shape()); }},
      {.name = "histogram",
       .function = [](const Tensor& x) { return histogram(x, 4, {.low = -1, .high = 1}).counts; },
       .shapes = kAnyShapeOrEmpty,
       .expected =
           [](std::span<const Tensor> x) {
             const Numbers elements = Elements(x[0]).all();
             return by_place({4}, [&](const Place& place) {
               const double low = -1 + 0.5 * static_cast<double>(place[0]), high = low + 0.5;
               return static_cast<double>(std::count_if(elements.begin(), elements.end(), [&](double e) {
                 return e >= low && (e < high || (high == 1 && e == 1));
               }));
             });
           },
       .refused = {[](const Tensor& x) { return histogram(x, 0).counts; },
                   [](const Tensor& x) { return histogram(x, 3, {.low = 2, .high = 1}).counts; }},
       .propagates_nan = false,
       .order = 0},
      {.name = "histogram(edges)",
       .function =
           [](const Tensor& x) {
             return histogram(x, tensor({-1., -0.25, 0.5})).counts;
           },
       .shapes = {{{2, 3}}, {{0}}, {{67}}},
       .expected =
           [](std::span<const Tensor> x) {
             const Numbers elements = Elements(x[0]).all();
             return by_place({2}, [&](const Place& place) {
               return static_cast<double>(std::count_if(elements.begin(), elements.end(), [&](double e) {
                 return place[0] == 0 ? e >= -1 && e < -0.25 : e >= -0.25 && e <= 0.5;
               }));
             });
           },
       .refused = {[](const Tensor& x) {
                     return histogram(x, tensor({1., 0.})).counts;
                   },
                   [](const Tensor& x) { return histogram(x, tensor({1.})).counts; }},
       .propagates_nan = false,
       .order = 0},
      {.name = "histc",
       .function = [](const Tensor& x) { return histc(x, 3, -2, 2); },
       .shapes = {{{2, 3}}, {{0}}},
       .expected =
           [](std::span<const Tensor> x) {
             const Numbers elements = Elements(x[0]).all();
             return by_place({3}, [&](const Place& place) {
               const double low = -2 + 4. / 3 * static_cast<double>(place[0]);
               return static_cast<double>(std::count_if(elements.begin(), elements.end(), [&](double e) {
                 return e >= low && (e < low + 4. / 3 || (place[0] == 2 && e <= 2));
               }));
             });
           },
       .refused = {[](const Tensor& x) { return histc(x, 0); }},
       .propagates_nan = false,
       .order = 0},
  };
}

/// sum(w (x - mean) (y - mean)) / divisor.
Tensor covariances(const Tensor& x, const Numbers& weights, double divisor) {
  const Elements elements(x);
  const auto count = static_cast<std::int64_t>(weights.size());
  const double total = sum_of(weights);
  auto mean = [&](std::int64_t i) {
    double sum = 0;
    for (std::int64_t k = 0; k < count; ++k) sum += weights[static_cast<std::size_t>(k)] * elements({i, k});
    return sum / total;
  };
  return by_place({x.size(0), x.size(0)}, [&](const Place& place) {
    double sum = 0;
    for (std::int64_t k = 0; k < count; ++k)
      sum += weights[static_cast<std::size_t>(k)] * (elements({place[0], k}) - mean(place[0])) *
             (elements({place[1], k}) - mean(place[1]));
    return sum / divisor;
  });
}

Rows of_variables() {
  return {
      {.name = "cov",
       .function = [](const Tensor& x) { return cov(x); },
       .shapes = {{{2, 3}}, {{3, 7}}},
       .expected =
           [](std::span<const Tensor> x) {
             const std::int64_t count = x[0].size(1);
             return covariances(x[0], Numbers(static_cast<std::size_t>(count), 1), static_cast<double>(count - 1));
           },
       .rtol = 1e-11},
      {.name = "cov(weights)",
       .function = [](const Tensor& x, const Tensor& weights) { return cov(x, {.reliabilities = weights}); },
       .inputs = {{}, {.low = 0.5, .high = 2}},
       .shapes = {{{2, 3}, {3}}, {{3, 7}, {7}}},
       .expected =
           [](std::span<const Tensor> x) {
             const Numbers weights = Elements(x[1]).all();
             double total = 0, squares = 0;
             for (double w : weights) {
               total += w;
               squares += w * w;
             }
             return covariances(x[0], weights, total - squares / total);
           },
       .rtol = 1e-11},
      {.name = "corrcoef",
       .function = [](const Tensor& x) { return corrcoef(x + 3 * arange(x.size(-1))); },  // never of a constant
       .shapes = {{{2, 5}}, {{3, 7}}},
       .expected =
           [](std::span<const Tensor> x) {
             const Elements given(x[0]);
             const Tensor rising = by_place(
                 x[0].shape(), [&](const Place& place) { return given(place) + 3 * static_cast<double>(place[1]); });
             const Elements c(covariances(rising, Numbers(static_cast<std::size_t>(x[0].size(1)), 1), 1));
             return by_place(c.shape(), [&](const Place& place) {
               return c(place) / std::sqrt(c({place[0], place[0]}) * c({place[1], place[1]}));
             });
           },
       .rtol = 1e-11},
  };
}

Rows rows() {
  Rows rows;
  for (Rows (*some)() : {sorts, searches, statistics, of_variables}) append(rows, some());
  return rows;
}

const Family kFamily("order", rows);

}  // namespace
}  // namespace xgrad::testing

TEST_CASE("Operators that go by order keep their contract", "[op_table]") {
  xgrad::testing::expect_family_holds("order");
}
