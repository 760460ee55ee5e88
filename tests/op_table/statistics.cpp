// Statistics that go by order or by counting.
#include <xgrad/autograd/ops/statistics.hpp>

#include <cmath>
#include <map>

#include "order.hpp"

namespace xgrad::testing {
namespace {

double lower_median_of(List elements) { return sorted(elements)[(elements.size() - 1) / 2]; }
double lower_median_place_of(List elements) { return places_of(elements)[(elements.size() - 1) / 2]; }
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
/// The element at or beside the rank of a share q, as QuantileInterpolation has it.
double quantile_of(List elements, double q, QuantileInterpolation between) {
  const Numbers in_order = sorted(elements);
  const double rank = q * static_cast<double>(in_order.size() - 1);
  const double below = in_order[static_cast<std::size_t>(rank)];
  const double above = in_order[static_cast<std::size_t>(std::ceil(rank))];
  if (between == QuantileInterpolation::lower) return below;
  if (between == QuantileInterpolation::higher) return above;
  if (between == QuantileInterpolation::midpoint) return (below + above) / 2;
  return rank - std::floor(rank) < 0.5 ? below : above;
}
double quantile_of(List elements, double q) {
  const Numbers in_order = sorted(elements);
  const double rank = q * static_cast<double>(in_order.size() - 1);
  const double below = in_order[static_cast<std::size_t>(rank)];
  const double above = in_order[static_cast<std::size_t>(std::ceil(rank))];
  return below + (rank - std::floor(rank)) * (above - below);
}
/// Quantiles that lie between two elements, at ranks that are nearer to the lower and nearer to the upper one.
OperatorRow quantile_row(const std::string& name, QuantileInterpolation between) {
  return {.name = "quantile(" + name + ")",
          .function = [between](const Tensor& x) { return quantile(x, 0.3, {.axis = 1, .interpolation = between}); },
          .shapes = {{{2, 4, 3}}, {{3, 5}}},
          .expected =
              [between](std::span<const Tensor> x) {
                return reduced(x[0], {1}, false, [between](List e) { return quantile_of(e, 0.3, between); });
              }};
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
      {.name = "median(keepdims)",
       .function = [](const Tensor& x) { return median(x, -1, {.keepdims = true}).values; },
       .shapes = kThreeAxes,
       .expected = [](std::span<const Tensor> x) { return reduced(x[0], {2}, true, lower_median_of); }},
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
      {.name = "nanmedian(of some)",
       .function = [](const Tensor& x) { return nanmedian(with_holes(x), 1).values; },
       .inputs = {{.avoid = {1}}},
       .shapes = {{{3, 9}}, {{2, 7}}},
       .expected =
           [](std::span<const Tensor> x) {
             return reduced(x[0], {1}, false, [](List e) { return lower_median_of(without_holes(e)); });
           },
       .propagates_nan = false},
      {.name = "nanquantile(of some)",
       .function = [](const Tensor& x) { return nanquantile(with_holes(x), 0.7, {.axis = 1}); },
       .inputs = {{.avoid = {1}}},
       .shapes = {{{3, 9}}, {{2, 7}}},
       .expected =
           [](std::span<const Tensor> x) {
             return reduced(x[0], {1}, false, [](List e) { return quantile_of(without_holes(e), 0.7); });
           },
       .propagates_nan = false},
      {.name = "nanmedian(indices)",
       .function = [](const Tensor& x) { return nanmedian(x, 1).indices; },
       .shapes = kThreeAxes,
       .large = kRows,
       .expected = folded(1, lower_median_place_of),
       .output_dtype = DType::int64,
       .propagates_nan = false,
       .order = 0},
      {.name = "nanmedian(keepdims)",
       .function = [](const Tensor& x) { return nanmedian(x, -1, {.keepdims = true}).values; },
       .shapes = kThreeAxes,
       .expected = [](std::span<const Tensor> x) { return reduced(x[0], {2}, true, lower_median_of); },
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
      {.name = "mode(last, keepdims)",
       .function = [](const Tensor& x) { return mode(x, -1, {.keepdims = true}).values; },
       .inputs = {{.low = 0, .high = 4, .dtype = DType::int64}},
       .shapes = {{{2, 3, 4}}, {{5, 1, 33}}},
       .expected = [](std::span<const Tensor> x) { return reduced(x[0], {2}, true, mode_of); },
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
      {.name = "nanquantile(axis)",
       .function = [](const Tensor& x) { return nanquantile(x, 0.7, {.axis = 1}); },
       .shapes = {{{2, 3, 3}}},
       .expected =
           [](std::span<const Tensor> x) {
             return reduced(x[0], {1}, false, [](List e) { return quantile_of(e, 0.7); });
           },
       .propagates_nan = false},
      quantile_row("lower", QuantileInterpolation::lower),
      quantile_row("higher", QuantileInterpolation::higher),
      quantile_row("midpoint", QuantileInterpolation::midpoint),
      quantile_row("nearest", QuantileInterpolation::nearest),
      {.name = "quantile(several, axis)",
       .function = [](const Tensor& x, const Tensor& q) { return quantile(x, q, {.axis = 1, .keepdims = true}); },
       .inputs = {{}, {.low = 0, .high = 1, .avoid = {0, 0.5, 1}}},
       .shapes = {{{3, 3}, {4}}, {{2, 3, 2}, {2}}},
       .expected =
           [](std::span<const Tensor> x) {
             const Elements of(x[0]), q(x[1]);
             Shape shape = x[0].shape();
             shape[1] = 1;
             shape.insert(0, x[1].numel());
             return by_place(shape, [&](const Place& at) {
               Place inner(at.begin() + 1, at.end());
               Numbers list;
               for (inner[1] = 0; inner[1] < x[0].size(1); ++inner[1]) list.push_back(of(inner));
               return quantile_of(list, q({at[0]}));
             });
           },
       .propagates_nan = false},  // as quantile(several)
      {.name = "nanquantile(higher, keepdims)",
       .function =
           [](const Tensor& x) {
             return nanquantile(x, 0.3, {.axis = 0, .keepdims = true, .interpolation = QuantileInterpolation::higher});
           },
       .shapes = {{{4, 3}}, {{5, 2}}},
       .expected =
           [](std::span<const Tensor> x) {
             return reduced(x[0], {0}, true, [](List e) { return quantile_of(e, 0.3, QuantileInterpolation::higher); });
           },
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
       .function =
           [](const Tensor& weights) {
             return bincount(remainder(arange(weights.numel()), 3), {.weights = weights, .min_length = 4});
           },
       .shapes = {{{7}}, {{0}}},
       .expected =
           [](std::span<const Tensor> x) {
             const Numbers weights = Elements(x[0]).all();
             return by_place({4}, [&](const Place& place) {
               double sum = 0;
               for (std::size_t i = 0; i < weights.size(); ++i)
                 sum += double(i % 3) == double(place[0]) ? weights[i] : 0;
               return sum;
             });
           }},
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
      {.name = "histogram(own range, both outputs)",
       .function =
           [](const Tensor& x) {
             const Histogram found = histogram(x, 3);
             return cat({found.counts, found.edges});
           },
       .shapes = {{{2, 3}}, {{67}}},
       .expected =
           [](std::span<const Tensor> x) {
             const Numbers elements = Elements(x[0]).all();
             const double low = smallest_of(elements), width = (largest_of(elements) - low) / 3;
             return by_place({7}, [&](const Place& place) {
               if (place[0] >= 3) return low + width * static_cast<double>(place[0] - 3);
               return static_cast<double>(std::count_if(elements.begin(), elements.end(), [&](double e) {
                 return std::clamp((e - low) / width, 0.0, 2.5) >= double(place[0]) &&
                        std::clamp((e - low) / width, 0.0, 2.5) < double(place[0] + 1);
               }));
             });
           },
       .propagates_nan = false,
       .order = 0},
      {.name = "histogram(weights, density)",
       .function =
           [](const Tensor& x, const Tensor& weights) {
             const Histogram found = histogram(x, 4, {.low = -2, .high = 2.4, .weights = weights, .density = true});
             return cat({found.counts, found.edges});
           },
       .inputs = {{}, {.low = 0.5, .high = 2}},
       .shapes = {{{2, 3}, {2, 3}}, {{67}, {67}}},
       .expected =
           [](std::span<const Tensor> x) {
             const Numbers elements = Elements(x[0]).all(), weights = Elements(x[1]).all();
             return by_place({9}, [&](const Place& place) {
               if (place[0] >= 4) return -2 + 1.1 * static_cast<double>(place[0] - 4);
               double sum = 0;
               for (std::size_t i = 0; i < elements.size(); ++i)
                 if (std::floor((elements[i] + 2) / 1.1) == static_cast<double>(place[0])) sum += weights[i];
               return sum / sum_of(weights) / 1.1;
             });
           },
       .propagates_nan = false,
       .order = 0},
      {.name = "histogram(edges, weights, density)",
       .function =
           [](const Tensor& x, const Tensor& weights) {
             const Histogram found = histogram(x, tensor({-2., -0.5, 0.25, 2.}), {.weights = weights, .density = true});
             return cat({found.counts, found.edges});
           },
       .inputs = {{}, {.low = 0.5, .high = 2}},
       .shapes = {{{2, 3}, {2, 3}}, {{67}, {67}}},
       .expected =
           [](std::span<const Tensor> x) {
             const Numbers elements = Elements(x[0]).all(), weights = Elements(x[1]).all();
             const Numbers edges = {-2, -0.5, 0.25, 2};
             return by_place({7}, [&](const Place& place) {
               const std::size_t at = static_cast<std::size_t>(place[0]);
               if (at >= 3) return edges[at - 3];
               double sum = 0;
               for (std::size_t i = 0; i < elements.size(); ++i)
                 if (elements[i] >= edges[at] && (elements[i] < edges[at + 1] || (at == 2 && elements[i] == 2)))
                   sum += weights[i];
               return sum / sum_of(weights) / (edges[at + 1] - edges[at]);
             });
           },
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
      {.name = "histc(own range, 100 bins)",
       .function = [](const Tensor& x) { return histc(x); },
       .shapes = {{{67}}},
       .expected =
           [](std::span<const Tensor> x) {
             const Numbers elements = Elements(x[0]).all();
             const double low = smallest_of(elements), width = (largest_of(elements) - low) / 100;
             return by_place({100}, [&](const Place& place) {
               return static_cast<double>(std::count_if(elements.begin(), elements.end(), [&](double e) {
                 return std::min(std::floor((e - low) / width), 99.0) == static_cast<double>(place[0]);
               }));
             });
           },
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
      {.name = "cov(correction)",
       .function = [](const Tensor& x) { return cov(x, {.correction = 0}); },
       .shapes = {{{2, 3}}},
       .expected = [](std::span<const Tensor> x) { return covariances(x[0], Numbers(3, 1), 3); },
       .rtol = 1e-11},
      {.name = "cov(frequencies)",
       .function = [](const Tensor& x, const Tensor& frequencies,
                      const Tensor& weights) { return cov(x, {.frequencies = frequencies, .reliabilities = weights}); },
       .inputs = {{}, {.low = 1, .high = 4, .dtype = DType::int64}, {.low = 0.5, .high = 2}},
       .shapes = {{{2, 3}, {3}, {3}}, {{3, 7}, {7}, {7}}},
       .expected =
           [](std::span<const Tensor> x) {
             Numbers weights = Elements(x[1]).all();
             const Numbers reliabilities = Elements(x[2]).all();
             double total = 0, corrected = 0;
             for (std::size_t i = 0; i < weights.size(); ++i) {
               weights[i] *= reliabilities[i];
               total += weights[i];
               corrected += weights[i] * reliabilities[i];
             }
             return covariances(x[0], weights, total - corrected / total);
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
  Rows rows = statistics();
  append(rows, of_variables());
  return rows;
}

const Family kFamily("statistics", rows);

}  // namespace
}  // namespace xgrad::testing

TEST_CASE("Statistics keep their contract", "[op_table]") { xgrad::testing::expect_family_holds("statistics"); }
