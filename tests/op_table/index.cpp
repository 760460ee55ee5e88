#include "op_table.hpp"
#include "references.hpp"

namespace xgrad::testing {
namespace {

/// Adds elements of `source` to those of `target`, at the places that `where` says.
Tensor added(const Tensor& target, const Tensor& source, const Function<Place(const Place&)>& where) {
  std::vector<double> numbers = target.to_vector<double>();
  Elements elements(source);
  by_place(source.shape(), [&](const Place& place) {
    Place there = where(place);
    std::int64_t position = 0;
    for (int axis = 0; axis < target.ndim(); ++axis) position = position * target.shape()[axis] + there[axis];
    numbers[static_cast<std::size_t>(position)] += elements(place);
    return 0.0;
  });
  return from_data(numbers.data(), target.shape());
}

std::int64_t integer(double number) { return static_cast<std::int64_t>(number); }

Rows rows() {
  const OperatorInput index = {.low = 0, .high = 3, .dtype = DType::int64};
  return {
      {.name = "get",
       .function =
           [](const Tensor& x) {
             return x[{ellipsis, -1, newaxis, slice({}, {}, -2)}];
           },
       .shapes = {{{2, 3}}, {{2, 3, 4}}, {{0, 2, 3}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements of(x[0]);
             std::int64_t rows = x[0].size(-2), columns = x[0].size(-1);
             Shape shape(std::span(x[0].shape().begin(), x[0].shape().end() - 2));
             shape.push_back(1);
             shape.push_back((columns + 1) / 2);
             return by_place(shape, [&](Place at) {
               std::int64_t column = columns - 1 - 2 * at.back();
               at.resize(at.size() - 2);
               at.push_back(rows - 1);
               at.push_back(column);
               return of(at);
             });
           },
       .refused = {[](const Tensor& x) { return x[2]; }, [](const Tensor& x) { return x[-3]; },
                   [](const Tensor& x) {
                     return x[{0, 0, 0}];
                   },
                   [](const Tensor& x) {
                     return x[{ellipsis, ellipsis}];
                   },
                   [](const Tensor& x) { return x[slice(0, 1, 0)]; }},
       .propagates_nan = false},
      {.name = "get(positions)",
       .function =
           [](const Tensor& x, const Tensor& i) {
             return x[{i - 3, slice({}, {}, 2)}];
           },
       .inputs = {{}, index},
       .shapes = {{{3, 4}, {2, 5}}, {{3, 1, 2}, {2}}, {{3, 2}, {0}}},
       .large = {{{3, 703}, {301}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements of(x[0]), positions(x[1]);
             Shape shape = x[1].shape();
             for (int axis = 1; axis < x[0].ndim(); ++axis)
               shape.push_back(axis == 1 ? (x[0].shape()[1] + 1) / 2 : x[0].shape()[axis]);
             return by_place(shape, [&](const Place& at) {
               Place from(at.begin() + x[1].ndim() - 1, at.end());
               from[0] = integer(positions(Place(at.begin(), at.begin() + x[1].ndim())));
               from[1] *= 2;
               return of(from);
             });
           },
       .refused = {[](const Tensor& x, const Tensor& i) { return x[i + 3]; },
                   [](const Tensor& x, const Tensor& i) { return x[i - 7]; },
                   [](const Tensor& x, const Tensor& i) {
                     return x[{ellipsis, i, slice(), slice(), slice()}];
                   }},
       .propagates_nan = false},
      {.name = "get(positions apart)",
       .function =
           [](const Tensor& x, const Tensor& i, const Tensor& j) {
             return x[{i, slice(), j}];
           },
       .inputs = {{}, index, index},
       .shapes = {{{3, 2, 3}, {4}, {1}}, {{3, 1, 3, 2}, {2, 1}, {3}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements of(x[0]), first(x[1]), second(x[2]);
             Shape common = x[1].ndim() == 1 ? Shape{4} : Shape{2, 3}, shape = common;
             shape.push_back(x[0].shape()[1]);
             if (x[0].ndim() == 4) shape.push_back(2);
             return by_place(shape, [&](const Place& at) {
               Place from = {integer(first(x[1].ndim() == 1 ? Place{at[0]} : Place{at[0], 0})),
                             at[static_cast<std::size_t>(common.ndim())],
                             integer(second({x[1].ndim() == 1 ? 0 : at[1]}))};
               if (x[0].ndim() == 4) from.push_back(at.back());
               return of(from);
             });
           },
       .propagates_nan = false},
      {.name = "get(mask)",
       .function = [](const Tensor& x, const Tensor& mask) { return x[mask]; },
       // The checks keep the shape of the value: masks with false elements are tried in tests/ops/index.cpp.
       .inputs = {{}, {.low = 1, .high = 2, .dtype = DType::boolean}},
       .shapes = {{{2, 3}, {2, 3}}, {{2, 3}, {2}}, {{0}, {0}}},
       .large = {{{301, 703}, {301, 703}}},
       .expected =
           [](std::span<const Tensor> x) { return x[0].ndim() == x[1].ndim() ? reshaped(x[0], {x[0].numel()}) : x[0]; },
       .refused = {[](const Tensor& x, const Tensor& mask) { return x[unsqueeze(mask, -1)]; },
                   [](const Tensor& x, const Tensor& mask) { return x[cast(mask, DType::float32)]; }}},
      {.name = "index_put",
       .function =
           [](const Tensor& x, const Tensor& i, const Tensor& values) {
             return index_put(x, {i, slice(0, 2)}, values);
           },
       .inputs = {{}, index, {}},
       .shapes = {{{3, 2}, {4}, {4, 2}}, {{3, 3}, {2, 2}, {2}}, {{3, 1}, {0}, {0, 1}}},
       .expected =
           [](std::span<const Tensor> x) {
             std::vector<double> numbers = x[0].to_vector<double>();
             Elements positions(x[1]), values(x[2]);
             Shape shape = x[1].shape();
             shape.push_back(std::min<std::int64_t>(x[0].size(1), 2));
             by_place(shape, [&](const Place& at) {
               std::int64_t row = integer(positions(Place(at.begin(), at.end() - 1)));
               Place from(at.end() - x[2].ndim(), at.end());
               numbers[static_cast<std::size_t>(row * x[0].size(1) + at.back())] = values(from);
               return 0.0;
             });
             return from_data(numbers.data(), x[0].shape());
           },
       .refused = {[](const Tensor& x, const Tensor& i, const Tensor& v) { return index_put(x, i + 3, v); },
                   [](const Tensor& x, const Tensor&, const Tensor& v) {
                     return index_put(x, {slice(), slice(), 0}, v);
                   }},
       .propagates_nan = false},
      {.name = "index_put(slices)",
       .function =
           [](const Tensor& x, const Tensor& values) {
             return index_put(x, {slice(0, 2), -1}, values);
           },
       .inputs = {{}, {}},
       .shapes = {{{3, 2}, {2}}, {{2, 3, 2}, {2, 2}}, {{3, 2}, {}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements of(x[0]), values(x[1]);
             return by_place(x[0].shape(), [&](Place at) {
               if (at[0] >= 2 || at[1] != x[0].size(1) - 1) return of(at);
               at.erase(at.begin() + 1);
               return values(x[1].ndim() == 0 ? Place{} : at);
             });
           },
       .propagates_nan = false},
      {.name = "index_put(accumulate)",
       .function = [](const Tensor& x, const Tensor& i,
                      const Tensor& values) { return index_put(x, i, values, {.accumulate = true}); },
       .inputs = {{}, index, {}},
       .shapes = {{{3, 2}, {5}, {5, 2}}, {{3}, {4}, {4}}},
       .large = {{{3, 301}, {703}, {703, 301}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements positions(x[1]);
             return added(x[0], x[2], [&](Place at) {
               at[0] = integer(positions({at[0]}));
               return at;
             });
           }},
      {.name = "narrow",
       .function = [](const Tensor& x) { return narrow(x, 1, 2, 2, -1); },
       .shapes = {{{2, 3}}, {{2, 4, 3}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements of(x[0]);
             Shape shape = x[0].shape();
             shape[1] = 2;
             return by_place(shape, [&](Place at) {
               at[1] = 2 - at[1];
               return of(at);
             });
           },
       .refused = {[](const Tensor& x) { return narrow(x, 2, 0, 1); },
                   [](const Tensor& x) { return narrow(x, 0, 1, 2); },
                   [](const Tensor& x) { return narrow(x, 0, 0, -1); }},
       .propagates_nan = false},
      {.name = "narrow(first axis)",
       .function = [](const Tensor& x) { return narrow(x, 0, 1, 2); },
       .shapes = {{{3, 3}}, {{4, 2}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements of(x[0]);
             return by_place({2, x[0].size(1)}, [&](const Place& at) { return of({at[0] + 1, at[1]}); });
           },
       .propagates_nan = false},
      {.name = "gather(first axis)",
       .function = [](const Tensor& x, const Tensor& i) { return gather(x, 0, i); },
       .inputs = {{}, index},
       .shapes = {{{3, 3}, {3, 3}}, {{3, 4}, {5, 2}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements of(x[0]), indices(x[1]);
             return by_place(x[1].shape(), [&](const Place& at) { return of({integer(indices(at)), at[1]}); });
           },
       .propagates_nan = false},
      {.name = "gather",
       .function = [](const Tensor& x, const Tensor& i) { return gather(x, 1, i); },
       .inputs = {{}, index},
       .shapes = {{{2, 3}, {2, 5}}, {{2, 3, 4}, {1, 6, 2}}, {{2, 3}, {2, 0}}},
       .large = {{{301, 3}, {301, 703}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements of(x[0]), indices(x[1]);
             return by_place(x[1].shape(), [&](Place at) {
               at[1] = integer(indices(at));
               return of(at);
             });
           },
       .refused = {[](const Tensor& x, const Tensor& i) { return gather(x, 2, i); },
                   [](const Tensor& x, const Tensor& i) { return gather(x, 1, i + 3); }},
       .propagates_nan = false},
      {.name = "scatter_add",
       .function = [](const Tensor& x, const Tensor& i, const Tensor& source) { return scatter_add(x, 0, i, source); },
       .inputs = {{}, index, {}},
       .shapes = {{{3, 2}, {5, 2}, {5, 2}}, {{3}, {1}, {1}}, {{3, 2}, {0, 2}, {0, 2}}},
       .large = {{{3, 301}, {703, 301}, {703, 301}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements indices(x[1]);
             return added(x[0], x[2], [&](Place at) {
               at[0] = integer(indices(at));
               return at;
             });
           },
       .refused = {[](const Tensor& x, const Tensor& i, const Tensor& s) { return scatter_add(x, 2, i, s); },
                   [](const Tensor& x, const Tensor& i, const Tensor& s) { return scatter_add(x, 0, i - 3, s); }}},
      {.name = "scatter_add(last axis)",
       .function = [](const Tensor& x, const Tensor& i, const Tensor& source) { return scatter_add(x, -1, i, source); },
       .inputs = {{}, index, {}},
       .shapes = {{{3, 3}, {3, 3}, {3, 3}}, {{2, 3}, {2, 5}, {2, 5}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements indices(x[1]);
             return added(x[0], x[2], [&](const Place& at) { return Place{at[0], integer(indices(at))}; });
           }},
      {.name = "index_select(first axis)",
       .function = [](const Tensor& x, const Tensor& i) { return index_select(x, 0, i); },
       .inputs = {{}, index},
       .shapes = {{{3, 3}, {3}}, {{3, 2}, {5}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements of(x[0]), indices(x[1]);
             return by_place({x[1].numel(), x[0].size(1)}, [&](const Place& at) {
               return of({integer(indices({at[0]})), at[1]});
             });
           },
       .propagates_nan = false},
      {.name = "index_select",
       .function = [](const Tensor& x, const Tensor& i) { return index_select(x, 1, i); },
       .inputs = {{}, index},
       .shapes = {{{2, 3}, {5}}, {{2, 3, 4}, {2}}, {{2, 3}, {0}}},
       .large = {{{301, 3}, {703}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements of(x[0]), indices(x[1]);
             Shape shape = x[0].shape();
             shape[1] = x[1].numel();
             return by_place(shape, [&](Place at) {
               at[1] = integer(indices({at[1]}));
               return of(at);
             });
           },
       .refused = {[](const Tensor& x, const Tensor& i) { return index_select(x, -3, i); },
                   [](const Tensor& x, const Tensor& i) { return index_select(x, 1, i + 3); }},
       .propagates_nan = false},
      {.name = "index_add",
       .function = [](const Tensor& x, const Tensor& i, const Tensor& source) { return index_add(x, 0, i, source); },
       .inputs = {{}, index, {}},
       .shapes = {{{3, 2}, {5}, {5, 2}}, {{3}, {2}, {2}}},
       .large = {{{3, 301}, {703}, {703, 301}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements indices(x[1]);
             return added(x[0], x[2], [&](Place at) {
               at[0] = integer(indices({at[0]}));
               return at;
             });
           },
       .refused = {[](const Tensor& x, const Tensor& i, const Tensor& s) { return index_add(x, 2, i, s); },
                   [](const Tensor& x, const Tensor& i, const Tensor& s) { return index_add(x, 0, i + 3, s); }}},
      {.name = "index_add(alpha)",
       .function = [](const Tensor& x, const Tensor& i,
                      const Tensor& source) { return index_add(x, 0, i, source, {.alpha = -2}); },
       .inputs = {{}, index, {}},
       .shapes = {{{3, 2}, {5}, {5, 2}}, {{3}, {2}, {2}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements indices(x[1]);
             const Elements source(x[2]);
             Tensor scaled = by_place(x[2].shape(), [&](const Place& at) { return -2 * source(at); });
             return added(x[0], scaled, [&](Place at) {
               at[0] = integer(indices({at[0]}));
               return at;
             });
           }},
      {.name = "index_add(last axis)",
       .function = [](const Tensor& x, const Tensor& i, const Tensor& source) { return index_add(x, -1, i, source); },
       .inputs = {{}, index, {}},
       .shapes = {{{3, 3}, {3}, {3, 3}}, {{2, 3}, {5}, {2, 5}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements indices(x[1]);
             return added(x[0], x[2], [&](const Place& at) { return Place{at[0], integer(indices({at[1]}))}; });
           }},
      {.name = "one_hot",
       .function = [](const Tensor& labels) { return one_hot(labels, 4); },
       .inputs = {index},
       .shapes = {{{5}}, {{2, 3}}, {{}}, {{0}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements labels(x[0]);
             Shape shape = x[0].shape();
             shape.push_back(4);
             return by_place(shape, [&](Place at) {
               std::int64_t column = at.back();
               at.pop_back();
               return double(integer(labels(at)) == column);
             });
           },
       .output_dtype = DType::int64,
       .refused = {[](const Tensor& labels) { return one_hot(labels, 1); },
                   [](const Tensor& labels) { return one_hot(labels, 0); }},
       .order = 0},
  };
}

const Family kFamily("index", rows);

}  // namespace
}  // namespace xgrad::testing

TEST_CASE("Indexing keeps its contract", "[op_table]") { xgrad::testing::expect_family_holds("index"); }
