// Sorting and searching; statistics.cpp has the statistics that go by order.
#include "order.hpp"

#include <xgrad/autograd/ops/search.hpp>
#include <xgrad/autograd/ops/sort.hpp>

namespace xgrad::testing {
namespace {

double second_of(List elements) { return sorted(elements)[1]; }
double second_place_of(List elements) { return places_of(elements)[1]; }
/// The first of each run of equals, times its place among them, counted from 1.
double weighted_distinct(List elements) {
  double sum = 0, place = 0;
  for (std::size_t i = 0; i < elements.size(); ++i)
    if (i == 0 || elements[i] != elements[i - 1]) sum += ++place * elements[i];
  return sum;
}
/// How many in a row are equal to each element.
Numbers run_lengths(List elements) {
  Numbers lengths;
  for (std::size_t i = 0; i < elements.size(); ++i) {
    std::size_t from = i, to = i;
    while (from > 0 && elements[from - 1] == elements[i]) --from;
    while (to + 1 < elements.size() && elements[to + 1] == elements[i]) ++to;
    lengths.push_back(static_cast<double>(to - from + 1));
  }
  return lengths;
}
/// The columns of a matrix.
std::vector<Numbers> columns_of(const Tensor& x) {
  const Elements of(x);
  std::vector<Numbers> columns(static_cast<std::size_t>(x.size(1)));
  by_place(x.shape(), [&](const Place& at) {
    columns[static_cast<std::size_t>(at[1])].push_back(of(at));
    return 0.0;
  });
  return columns;
}
/// Slices put back where each one was, and ten times how often they come.
Tensor put_back(const Unique& found, int axis) {
  return index_select(found.values, axis, found.inverse) + 10 * index_select(found.counts, 0, found.inverse);
}
Tensor by_place_from_1(const Tensor& values) { return sum(values * (arange(values.numel()) + 1)); }

/// The first two along an axis.
Tensor first_two(const Tensor& x, int axis) {
  const Elements elements(x);
  Shape shape = x.shape();
  shape[axis] = 2;
  return by_place(shape, [&](const Place& place) { return elements(place); });
}

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
      {.name = "sort(descending, indices)",
       .function = [](const Tensor& x) { return sort(x, 0, {.descending = true}).indices; },
       .inputs = {{.low = 0, .high = 4, .dtype = DType::int64}},  // equals keep their order
       .shapes = kThreeAxesOrEmpty,
       .large = {{{1500, 2}}, {{33, 400}}},
       .expected = along_axis(0, places_down),
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
      {.name = "argsort(last)",
       .function = [](const Tensor& x) { return argsort(x); },
       .shapes = kThreeAxesOrEmpty,
       .expected = along_axis(2, places_of),
       .output_dtype = DType::int64,
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
      {.name = "topk(indices)",
       .function = [](const Tensor& x) { return topk(x, 2, 1).indices; },
       .shapes = kAxisOfTwo,
       .large = kRows,
       .expected = [](std::span<const Tensor> x) { return first_two(along(x[0], 1, places_down), 1); },
       .output_dtype = DType::int64,
       .order = 0},
      {.name = "topk(smallest, last)",
       .function = [](const Tensor& x) { return topk(x, 2, -1, {.largest = false}).values; },
       .shapes = {{{2, 3, 4}}, {{6, 2}}},
       .expected =
           [](std::span<const Tensor> x) {
             const int last = x[0].ndim() - 1;
             return first_two(along(x[0], last, sorted), last);
           },
       .propagates_nan = false},
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
      {.name = "kthvalue(last, keepdims)",
       .function = [](const Tensor& x) { return kthvalue(x, 2, -1, {.keepdims = true}).values; },
       .shapes = {{{2, 3, 4}}, {{5, 1, 33}}},
       .expected = [](std::span<const Tensor> x) { return reduced(x[0], {2}, true, second_of); },
       .propagates_nan = false},
      {.name = "unique",
       .function = [](const Tensor& x) { return by_place_from_1(unique(x).values); },
       .shapes = {{{2, 3}}, {{}}, {{0}}, {{67}}},
       .large = {{{1501}}},
       .expected =
           [](std::span<const Tensor> x) {
             return by_place({}, [&](const Place&) { return weighted_distinct(sorted(Elements(x[0]).all())); });
           },
       .refused = {[](const Tensor& x) { return unique(x, {.axis = 2}).values; }}},
      {.name = "unique(inverse, counts)",
       .function =
           [](const Tensor& x) {
             const Unique found = unique(x);
             const Tensor flat = reshape(found.inverse, {-1});
             return reshape(index_select(found.values, 0, flat) + 10 * index_select(found.counts, 0, flat), x.shape());
           },
       .inputs = {{.low = 0, .high = 4, .dtype = DType::int64}},
       .shapes = {{{2, 3}}, {{67}}},
       .expected =
           [](std::span<const Tensor> x) {
             const Elements of(x[0]);
             return by_place(x[0].shape(), [&](const Place& at) {
               return of(at) + 10 * double(std::count(of.all().begin(), of.all().end(), of(at)));
             });
           },
       .output_dtype = DType::int64,
       .order = 0},
      {.name = "unique(axis)",
       .function = [](const Tensor& x) { return unique(x, {.axis = 1}).values; },
       .shapes = {{{3, 3}}, {{2, 4}}},
       .expected =
           [](std::span<const Tensor> x) {
             std::vector<Numbers> columns = columns_of(x[0]);
             std::sort(columns.begin(), columns.end());
             return by_place(x[0].shape(), [&](const Place& at) {
               return columns[static_cast<std::size_t>(at[1])][static_cast<std::size_t>(at[0])];
             });
           }},
      {.name = "unique(axis, inverse, counts)",
       .function = [](const Tensor& x) { return put_back(unique(x, {.axis = 1}), 1); },
       .inputs = {{.low = 0, .high = 2, .dtype = DType::int64}},
       .shapes = {{{2, 7}}, {{1, 5}}},
       .expected =
           [](std::span<const Tensor> x) {
             const std::vector<Numbers> columns = columns_of(x[0]);
             return by_place(x[0].shape(), [&](const Place& at) {
               const Numbers& own = columns[static_cast<std::size_t>(at[1])];
               return own[static_cast<std::size_t>(at[0])] +
                      10 * double(std::count(columns.begin(), columns.end(), own));
             });
           },
       .output_dtype = DType::int64,
       .order = 0},
      {.name = "unique_consecutive",
       .function = [](const Tensor& x) { return by_place_from_1(unique_consecutive(x).values); },
       .shapes = {{{2, 3}}, {{}}, {{0}}, {{67}}},
       .expected =
           [](std::span<const Tensor> x) {
             return by_place({}, [&](const Place&) { return weighted_distinct(Elements(x[0]).all()); });
           },
       .refused = {[](const Tensor& x) { return unique_consecutive(x, {.axis = 2}).values; }}},
      {.name = "unique_consecutive(inverse, counts)",
       .function =
           [](const Tensor& x) {
             const Unique found = unique_consecutive(x);
             const Tensor flat = reshape(found.inverse, {-1});
             return reshape(index_select(found.values, 0, flat) + 10 * index_select(found.counts, 0, flat), x.shape());
           },
       .inputs = {{.low = 0, .high = 2, .dtype = DType::int64}},
       .shapes = {{{2, 3}}, {{67}}},
       .expected =
           [](std::span<const Tensor> x) {
             const Numbers of = Elements(x[0]).all(), lengths = run_lengths(of);
             Numbers sums;
             for (std::size_t i = 0; i < of.size(); ++i) sums.push_back(of[i] + 10 * lengths[i]);
             return from_data(sums.data(), x[0].shape());
           },
       .output_dtype = DType::int64,
       .order = 0},
      {.name = "unique_consecutive(axis)",
       .function = [](const Tensor& x) { return put_back(unique_consecutive(x, {.axis = 1}), 1); },
       .inputs = {{.low = 0, .high = 2, .dtype = DType::int64}},
       .shapes = {{{1, 9}}, {{2, 7}}},
       .expected =
           [](std::span<const Tensor> x) {
             const Elements of(x[0]);
             const std::vector<Numbers> columns = columns_of(x[0]);
             Numbers runs;  // of each column its number: the same number in a row for equal ones
             for (std::size_t i = 0; i < columns.size(); ++i)
               runs.push_back(i == 0 ? 0 : runs.back() + double(columns[i] != columns[i - 1]));
             const Numbers lengths = run_lengths(runs);
             return by_place(x[0].shape(),
                             [&](const Place& at) { return of(at) + 10 * lengths[static_cast<std::size_t>(at[1])]; });
           },
       .output_dtype = DType::int64,
       .order = 0},
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
      {.name = "searchsorted(right, rows)",
       .function =
           [](const Tensor& edges, const Tensor& x) {
             return searchsorted(edges, x, {.right = true, .sorter = argsort(edges.detach())});
           },
       .inputs = {{.low = 0, .high = 4, .dtype = DType::int64}, {.low = 0, .high = 4, .dtype = DType::int64}},
       .shapes = {{{2, 5}, {2, 3}}, {{2, 3, 4}, {2, 3, 1}}},
       .expected =
           [](std::span<const Tensor> x) {
             const Elements edges(x[0]), values(x[1]);
             return by_place(x[1].shape(), [&](Place at) {
               const double value = values(at);
               double before = 0;
               for (at.back() = 0; at.back() < x[0].size(-1); ++at.back()) before += edges(at) <= value;
               return before;
             });
           },
       .output_dtype = DType::int64,
       .order = 0},
      {.name = "bucketize",
       .function =
           [](const Tensor& x, const Tensor& steps) {
             return bucketize(x, 0.5 * arange(steps.numel()) - 0.75, {.right = true});
           },
       .inputs = {{}, {}},
       .shapes = {{{2, 3}, {4}}, {{}, {2}}},
       .expected =
           [](std::span<const Tensor> x) {
             const Elements values(x[0]);
             return by_place(x[0].shape(), [&](const Place& place) {
               double bucket = 0;
               for (std::int64_t i = 0; i < x[1].numel(); ++i) bucket += values(place) >= 0.5 * double(i) - 0.75;
               return bucket;
             });
           },
       .output_dtype = DType::int64,
       .order = 0},
      {.name = "bucketize(upper bounds)",
       .function = [](const Tensor& x, const Tensor& steps) { return bucketize(x, arange(steps.numel())); },
       .inputs = {{.low = -1, .high = 4, .dtype = DType::int64}, {}},  // on the boundaries
       .shapes = {{{2, 3}, {4}}, {{17}, {2}}},
       .expected =
           [](std::span<const Tensor> x) {
             const Elements values(x[0]);
             return by_place(x[0].shape(), [&](const Place& place) {
               double bucket = 0;
               for (std::int64_t i = 0; i < x[1].numel(); ++i) bucket += values(place) > double(i);
               return bucket;
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
      {.name = "isin(invert)",
       .function = [](const Tensor& x, const Tensor& candidates) { return isin(x, candidates, {.invert = true}); },
       .inputs = {{.low = 0, .high = 9, .dtype = DType::int64}, {.low = 0, .high = 9, .dtype = DType::int64}},
       .shapes = {{{2, 9}, {4}}, {{7}, {0}}},
       .expected =
           [](std::span<const Tensor> x) {
             const Elements values(x[0]);
             const Numbers candidates = Elements(x[1]).all();
             return by_place(x[0].shape(), [&](const Place& place) {
               return double(std::count(candidates.begin(), candidates.end(), values(place)) == 0);
             });
           },
       .output_dtype = DType::boolean,
       .order = 0},
  };
}

Rows rows() {
  Rows rows;
  for (Rows (*some)() : {sorts, searches}) append(rows, some());
  return rows;
}

const Family kFamily("order", rows);

}  // namespace
}  // namespace xgrad::testing

TEST_CASE("Operators that go by order keep their contract", "[op_table]") {
  xgrad::testing::expect_family_holds("order");
}
