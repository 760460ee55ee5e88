#include <xgrad/autograd/ops/scatter.hpp>

#include <algorithm>
#include <cmath>
#include <map>

#include "op_table.hpp"
#include "references.hpp"

namespace xgrad::testing {
namespace {

std::int64_t integer(double number) { return static_cast<std::int64_t>(number); }

std::size_t position(const Shape& shape, const Place& at) {
  std::int64_t position = 0;
  for (int axis = 0; axis < shape.ndim(); ++axis) position = position * shape[axis] + at[axis];
  return static_cast<std::size_t>(position);
}

/// x with, for each element of source, `change` of the element at its place, in row-major order of source.
Tensor written(const Tensor& x, const Shape& places, const Function<Place(const Place&)>& where,
               const Function<void(double& there, const Place& at)>& change) {
  std::vector<double> numbers = x.to_vector<double>();
  by_place(places, [&](const Place& at) {
    change(numbers[position(x.shape(), where(at))], at);
    return 0.0;
  });
  return from_data(numbers.data(), x.shape());
}

/// scatter along axis 0: x, indices, source.
Tensor scattered(std::span<const Tensor> x) {
  Elements indices(x[1]), source(x[2]);
  return written(
      x[0], x[1].shape(),
      [&](Place at) {
        at[0] = integer(indices(at));
        return at;
      },
      [&](double& there, const Place& at) { there = source(at); });
}

/// scatter_reduce along axis 0: the elements that come together at each place, as one number.
Tensor reduced_at(std::span<const Tensor> x, bool include_self, double (*fold)(const std::vector<double>&)) {
  Elements self(x[0]), indices(x[1]), source(x[2]);
  std::map<Place, std::vector<double>> lists;
  by_place(x[1].shape(), [&](Place at) {
    double element = source(at);
    at[0] = integer(indices(at));
    lists[at].push_back(element);
    return 0.0;
  });
  return by_place(x[0].shape(), [&](const Place& at) {
    std::vector<double> list = lists[at];
    if (include_self || list.empty()) list.push_back(self(at));
    return fold(list);
  });
}

double product_of(const std::vector<double>& list) {
  double product = 1;
  for (double number : list) product *= number;
  return product;
}

/// Integers are rounded down.
double mean_of_numbers(const std::vector<double>& list) {
  double mean = mean_of(list);
  bool integers = std::all_of(list.begin(), list.end(), [](double x) { return x == std::floor(x); });
  return integers ? std::floor(mean) : mean;
}

OperatorRow reduce_row(const std::string& name, ScatterReduction reduction, bool include_self,
                       double (*fold)(const std::vector<double>&)) {
  return {.name = "scatter_reduce(" + name + ")",
          .function =
              [=](const Tensor& x, const Tensor& i, const Tensor& source) {
                return scatter_reduce(x, 0, i, source, reduction, {.include_self = include_self});
              },
          .inputs = {{}, {.low = 0, .high = 3, .dtype = DType::int64}, {}},
          .shapes = {{{3, 2}, {5, 2}, {5, 2}}, {{3}, {4}, {6}}, {{3, 2}, {0, 2}, {0, 2}}},
          .expected = [=](std::span<const Tensor> x) { return reduced_at(x, include_self, fold); },
          .refused = {[=](const Tensor& x, const Tensor& i, const Tensor& s) {
                        return scatter_reduce(x, 2, i, s, reduction);
                      },
                      [=](const Tensor& x, const Tensor& i, const Tensor& s) {
                        return scatter_reduce(x, 0, i + 3, s, reduction);
                      }},
          .propagates_nan = false};
}

/// What comes of each number of a source whose indices are those of columns.
TensorFunction written_in_rows(void (*write)(double& there, double number)) {
  return [write](std::span<const Tensor> x) {
    Elements indices(x[1]), source(x[2]);
    return written(
        x[0], x[1].shape(),
        [&](const Place& at) {
          return Place{at[0], integer(indices(at))};
        },
        [&](double& there, const Place& at) { write(there, source(at)); });
  };
}

Rows scatters() {
  const OperatorInput index = {.low = 0, .high = 3, .dtype = DType::int64};
  Rows rows = {
      {.name = "scatter",
       .function = [](const Tensor& x, const Tensor& i, const Tensor& source) { return scatter(x, 0, i, source); },
       .inputs = {{}, index, {}},
       .shapes = {{{3, 2}, {5, 2}, {5, 2}}, {{3}, {2}, {4}}, {{3, 2}, {0, 2}, {0, 2}}},
       .large = {{{3, 301}, {703, 301}, {703, 301}}},
       .expected = scattered,
       .refused = {[](const Tensor& x, const Tensor& i, const Tensor& s) { return scatter(x, 2, i, s); },
                   [](const Tensor& x, const Tensor& i, const Tensor& s) { return scatter(x, 0, i - 3, s); }},
       .propagates_nan = false}};
  rows.push_back(
      {.name = "scatter(last axis)",
       .function = [](const Tensor& x, const Tensor& i, const Tensor& source) { return scatter(x, -1, i, source); },
       .inputs = {{}, index, {}},
       .shapes = {{{3, 3}, {3, 2}, {3, 2}}, {{2, 3}, {2, 5}, {2, 5}}},
       .expected = written_in_rows([](double& there, double number) { there = number; }),
       .propagates_nan = false});
  rows.push_back(
      {.name = "scatter_reduce(last axis)",
       .function = [](const Tensor& x, const Tensor& i,
                      const Tensor& source) { return scatter_reduce(x, 1, i, source, ScatterReduction::sum); },
       .inputs = {{}, index, {}},
       .shapes = {{{3, 3}, {3, 2}, {3, 2}}, {{2, 3}, {2, 5}, {2, 5}}},
       .expected = written_in_rows([](double& there, double number) { there += number; }),
       .propagates_nan = false});
  using enum ScatterReduction;
  rows.push_back(reduce_row("sum", sum, true, sum_of));
  rows.push_back(reduce_row("sum, without self", sum, false, sum_of));
  rows.push_back(reduce_row("prod", prod, true, product_of));
  rows.push_back(reduce_row("prod, without self", prod, false, product_of));
  rows.push_back(reduce_row("mean", mean, true, mean_of_numbers));
  rows.push_back(reduce_row("mean, without self", mean, false, mean_of_numbers));
  rows.push_back(reduce_row("amax", amax, true, largest_of));
  rows.push_back(reduce_row("amax, without self", amax, false, largest_of));
  rows.push_back(reduce_row("amin", amin, true, smallest_of));
  rows.push_back(reduce_row("amin, without self", amin, false, smallest_of));
  return rows;
}

Rows slices() {
  const OperatorInput index = {.low = 0, .high = 3, .dtype = DType::int64};
  return {
      {.name = "index_copy",
       .function = [](const Tensor& x, const Tensor& i, const Tensor& source) { return index_copy(x, 0, i, source); },
       .inputs = {{}, index, {}},
       .shapes = {{{3, 2}, {4}, {4, 2}}, {{3}, {2}, {2}}},
       .large = {{{3, 301}, {703}, {703, 301}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements indices(x[1]), source(x[2]);
             return written(
                 x[0], x[2].shape(),
                 [&](Place at) {
                   at[0] = integer(indices({at[0]}));
                   return at;
                 },
                 [&](double& there, const Place& at) { there = source(at); });
           },
       .refused = {[](const Tensor& x, const Tensor& i, const Tensor& s) { return index_copy(x, 2, i, s); },
                   [](const Tensor& x, const Tensor& i, const Tensor& s) { return index_copy(x, 0, i + 3, s); }},
       .propagates_nan = false},
      {.name = "index_fill",
       .function = [](const Tensor& x, const Tensor& i, const Tensor& value) { return index_fill(x, 1, i - 3, value); },
       .inputs = {{}, index, {}},
       .shapes = {{{2, 3}, {2}, {}}, {{2, 3, 2}, {1}, {}}, {{0, 3}, {2}, {}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements of(x[0]);
             std::vector<double> positions = x[1].to_vector<double>();
             return by_place(x[0].shape(), [&](const Place& at) {
               bool is_filled = std::find(positions.begin(), positions.end(), double(at[1])) != positions.end();
               return is_filled ? x[2].item<double>() : of(at);
             });
           },
       .refused = {[](const Tensor& x, const Tensor& i, const Tensor& v) { return index_fill(x, 3, i, v); },
                   [](const Tensor& x, const Tensor& i, const Tensor& v) { return index_fill(x, 1, i + 3, v); }},
       .propagates_nan = false},
      {.name = "select_scatter",
       .function = [](const Tensor& x, const Tensor& source) { return select_scatter(x, source, 1, -2); },
       .inputs = {{}, {}},
       .shapes = {{{2, 3}, {2}}, {{4, 2, 3}, {4, 3}}, {{0, 2}, {0}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements of(x[0]), source(x[1]);
             return by_place(x[0].shape(), [&](Place at) {
               if (at[1] != x[0].size(1) - 2) return of(at);
               at.erase(at.begin() + 1);
               return source(at);
             });
           },
       .refused = {[](const Tensor& x, const Tensor& s) { return select_scatter(x, s, 1, 3); },
                   [](const Tensor& x, const Tensor& s) { return select_scatter(x, s, 4, 0); }},
       .propagates_nan = false},
      {.name = "slice_scatter",
       .function = [](const Tensor& x, const Tensor& source) { return slice_scatter(x, source, 0, slice(1, {}, 2)); },
       .inputs = {{}, {}},
       .shapes = {{{5}, {2}}, {{4, 3}, {2, 3}}, {{1, 2}, {0, 2}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements of(x[0]), source(x[1]);
             return by_place(x[0].shape(), [&](Place at) {
               if (at[0] % 2 == 0) return of(at);
               at[0] /= 2;
               return source(at);
             });
           },
       .refused = {[](const Tensor& x, const Tensor& s) { return slice_scatter(x, s, 0, slice(0, 1, 0)); },
                   [](const Tensor& x, const Tensor& s) { return slice_scatter(x, s, 2); }},
       .propagates_nan = false},
      {.name = "index_copy(last axis)",
       .function = [](const Tensor& x, const Tensor& i, const Tensor& source) { return index_copy(x, -1, i, source); },
       .inputs = {{}, index, {}},
       .shapes = {{{3, 3}, {3}, {3, 3}}, {{2, 3}, {2}, {2, 2}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements indices(x[1]), source(x[2]);
             return written(
                 x[0], x[2].shape(),
                 [&](const Place& at) {
                   return Place{at[0], integer(indices({at[1]}))};
                 },
                 [&](double& there, const Place& at) { there = source(at); });
           },
       .propagates_nan = false},
      {.name = "index_fill(first axis)",
       .function = [](const Tensor& x, const Tensor& i, const Tensor& value) { return index_fill(x, 0, i, value); },
       .inputs = {{}, index, {}},
       .shapes = {{{3, 3}, {2}, {}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements of(x[0]), value(x[2]);
             const std::vector<double> rows = x[1].to_vector<double>();
             return by_place(x[0].shape(), [&](const Place& at) {
               return std::find(rows.begin(), rows.end(), double(at[0])) != rows.end() ? value({}) : of(at);
             });
           },
       .propagates_nan = false},
      {.name = "select_scatter(first axis)",
       .function = [](const Tensor& x, const Tensor& source) { return select_scatter(x, source, 0, 1); },
       .inputs = {{}, {}},
       .shapes = {{{3, 3}, {3}}, {{2, 4}, {4}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements of(x[0]), source(x[1]);
             return by_place(x[0].shape(), [&](const Place& at) { return at[0] == 1 ? source({at[1]}) : of(at); });
           },
       .propagates_nan = false},
      {.name = "slice_scatter(last axis)",
       .function = [](const Tensor& x, const Tensor& source) { return slice_scatter(x, source, -1, slice(1, 3)); },
       .inputs = {{}, {}},
       .shapes = {{{3, 3}, {3, 2}}, {{2, 4}, {2, 2}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements of(x[0]), source(x[1]);
             return by_place(x[0].shape(), [&](const Place& at) {
               return at[1] == 1 || at[1] == 2 ? source({at[0], at[1] - 1}) : of(at);
             });
           },
       .propagates_nan = false},
  };
}

Rows flat() {
  return {
      {.name = "masked_scatter",
       .function = [](const Tensor& x, const Tensor& mask, const Tensor& s) { return masked_scatter(x, mask, s); },
       .inputs = {{}, {.low = 0, .high = 2, .dtype = DType::boolean}, {}},
       .shapes = {{{2, 3}, {2, 3}, {7}}, {{2, 3}, {3}, {2, 4}}, {{0}, {0}, {0}}},
       .large = {{{301, 703}, {301, 703}, {301, 703}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements of(x[0]), mask(x[1]);
             std::vector<double> source = x[2].to_vector<double>();
             std::size_t next = 0;
             return by_place(x[0].shape(), [&](Place at) {
               double there = of(at);
               at.erase(at.begin(), at.end() - x[1].ndim());
               return mask(at) != 0 ? source[next++] : there;
             });
           },
       .propagates_nan = false},
      {.name = "put",
       .function = [](const Tensor& x, const Tensor& i, const Tensor& source) { return put(x, i - 3, source); },
       .inputs = {{}, {.low = 0, .high = 6, .dtype = DType::int64}, {}},
       .shapes = {{{2, 3}, {4}, {2, 2}}, {{6}, {2, 1}, {2}}},
       .expected =
           [](std::span<const Tensor> x) {
             std::vector<double> numbers = x[0].to_vector<double>(), source = x[2].to_vector<double>();
             std::vector<double> positions = x[1].to_vector<double>();
             for (std::size_t k = 0; k < positions.size(); ++k)
               numbers[static_cast<std::size_t>(integer(positions[k] + 3) % x[0].numel())] = source[k];
             return from_data(numbers.data(), x[0].shape());
           },
       .refused = {[](const Tensor& x, const Tensor& i, const Tensor& s) { return put(x, i + 6, s); }},
       .propagates_nan = false},
      {.name = "put(accumulate)",
       .function = [](const Tensor& x, const Tensor& i, const Tensor& s) { return put(x, i, s, {.accumulate = true}); },
       .inputs = {{}, {.low = 0, .high = 6, .dtype = DType::int64}, {}},
       .shapes = {{{2, 3}, {4}, {2, 2}}, {{6}, {2, 1}, {2}}},
       .expected =
           [](std::span<const Tensor> x) {
             std::vector<double> numbers = x[0].to_vector<double>(), source = x[2].to_vector<double>();
             std::vector<double> positions = x[1].to_vector<double>();
             for (std::size_t k = 0; k < positions.size(); ++k)
               numbers[static_cast<std::size_t>(integer(positions[k]))] += source[k];
             return from_data(numbers.data(), x[0].shape());
           }},
  };
}

Rows rows() {
  Rows rows = scatters();
  append(rows, slices());
  append(rows, flat());
  return rows;
}

const Family kFamily("scatter", rows);

}  // namespace
}  // namespace xgrad::testing

TEST_CASE("Scatters keep their contract", "[op_table]") { xgrad::testing::expect_family_holds("scatter"); }
