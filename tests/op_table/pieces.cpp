#include <xgrad/autograd/ops/pieces.hpp>

#include <algorithm>

#include "op_table.hpp"
#include "references.hpp"

namespace xgrad::testing {
namespace {

using Integers = std::vector<std::int64_t>;

/// The elements from `start` up to and without `stop` along an axis.
Tensor between(const Tensor& x, int axis, std::int64_t start, std::int64_t stop) {
  Elements of(x);
  Shape shape = x.shape();
  shape[axis] = stop - start;
  return by_place(shape, [&](Place at) {
    at[axis] += start;
    return of(at);
  });
}

/// The slice at a position of an axis, without the axis.
Tensor slice_at(const Tensor& x, int axis, std::int64_t position) {
  Elements of(x);
  Shape shape = x.shape();
  shape.erase(axis);
  return by_place(shape, [&](Place at) {
    at.insert(at.begin() + axis, position);
    return of(at);
  });
}

/// x + 2 y, each number in its order.
Tensor plus_twice(const Tensor& x, const Tensor& y) {
  std::vector<double> numbers = x.to_vector<double>(), others = y.to_vector<double>();
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] += 2 * others[i];
  return from_data(numbers.data(), x.shape());
}

/// The first piece and twice the last one: both have gradients, the others none, and which is which counts.
Tensor ends(const std::vector<Tensor>& pieces) {
  return pieces.empty() ? zeros({}) : pieces.front() + 2 * pieces.back();
}

Rows cuts() {
  return {
      {.name = "select",
       .function = [](const Tensor& x) { return select(x, 1, -2); },
       .shapes = {{{2, 3}}, {{4, 2, 3}}, {{0, 2}}},
       .expected = [](std::span<const Tensor> x) { return slice_at(x[0], 1, x[0].size(1) - 2); },
       .refused = {[](const Tensor& x) { return select(x, 2, 0); }, [](const Tensor& x) { return select(x, 1, 3); },
                   [](const Tensor& x) { return select(x, 1, -4); }},
       .propagates_nan = false},
      {.name = "unbind",
       .function = [](const Tensor& x) { return ends(unbind(x, 1)); },
       .shapes = {{{2, 3}}, {{4, 2, 3}}, {{0, 2}}},
       .expected =
           [](std::span<const Tensor> x) {
             return plus_twice(slice_at(x[0], 1, 0), slice_at(x[0], 1, x[0].size(1) - 1));
           },
       .refused = {[](const Tensor& x) { return unbind(x, 2)[0]; }},
       .propagates_nan = false},
      {.name = "chunk",
       .function = [](const Tensor& x) { return chunk(x, 4, 1).front(); },
       .shapes = {{{2, 5}}, {{2, 8, 2}}},
       .expected = [](std::span<const Tensor> x) { return between(x[0], 1, 0, 2); },
       .refused = {[](const Tensor& x) { return chunk(x, 0)[0]; }, [](const Tensor& x) { return chunk(x, 1, 2)[0]; }},
       .propagates_nan = false},
      {.name = "tensor_split",
       .function = [](const Tensor& x) { return tensor_split(x, 3, 1)[0]; },
       .shapes = {{{2, 5}}, {{2, 4, 2}}},
       .expected = [](std::span<const Tensor> x) { return between(x[0], 1, 0, 2); },
       .refused = {[](const Tensor& x) { return tensor_split(x, 0)[0]; },
                   [](const Tensor& x) { return tensor_split(x, 1, 2)[0]; }},
       .propagates_nan = false},
      {.name = "tensor_split(bounds)",
       .function =
           [](const Tensor& x) {
             return tensor_split(x, Integers{1, -1}, 1)[1];
           },
       .shapes = {{{2, 5}}, {{2, 4, 2}}},
       .expected = [](std::span<const Tensor> x) { return between(x[0], 1, 1, x[0].size(1) - 1); },
       .refused = {[](const Tensor& x) { return tensor_split(x, Integers{1}, 2)[0]; }},
       .propagates_nan = false},
      {.name = "tensor_split(tensor)",
       .function = [](const Tensor& x, const Tensor& bounds) { return tensor_split(x, bounds, 1).back(); },
       .inputs = {{}, {.low = 2, .high = 3, .dtype = DType::int64}},
       .shapes = {{{2, 5}, {1}}, {{2, 4, 2}, {}}},
       .expected = [](std::span<const Tensor> x) { return between(x[0], 1, 2, x[0].size(1)); },
       .refused = {[](const Tensor& x, const Tensor& bounds) { return tensor_split(x, bounds, 2)[0]; },
                   [](const Tensor& x, const Tensor& bounds) {
                     return tensor_split(x, cast(bounds, DType::float32))[0];
                   }},
       .propagates_nan = false},
      {.name = "hsplit",
       .function = [](const Tensor& x) { return hsplit(x, 2)[1]; },
       .shapes = {{{4}}, {{2, 4}}},
       .expected = [](std::span<const Tensor> x) { return between(x[0], x[0].ndim() - 1, 2, 4); },
       .refused = {[](const Tensor& x) { return hsplit(x, 3)[0]; }, [](const Tensor& x) { return hsplit(x, 0)[0]; }},
       .propagates_nan = false},
      {.name = "hsplit(bounds)",
       .function =
           [](const Tensor& x) {
             return hsplit(x, Integers{1, 2})[1];
           },
       .shapes = {{{4}}, {{2, 4}}},
       .expected = [](std::span<const Tensor> x) { return between(x[0], x[0].ndim() - 1, 1, 2); },
       .propagates_nan = false},
      {.name = "vsplit",
       .function = [](const Tensor& x) { return vsplit(x, 2)[1]; },
       .shapes = {{{4, 2}}, {{2, 3, 2}}},
       .expected = [](std::span<const Tensor> x) { return between(x[0], 0, x[0].size(0) / 2, x[0].size(0)); },
       .refused = {[](const Tensor& x) { return vsplit(x, 3)[0]; }},
       .propagates_nan = false},
      {.name = "vsplit(bounds)",
       .function = [](const Tensor& x) { return vsplit(x, Integers{1})[1]; },
       .shapes = {{{4, 2}}},
       .expected = [](std::span<const Tensor> x) { return between(x[0], 0, 1, 4); },
       .propagates_nan = false},
      {.name = "dsplit",
       .function = [](const Tensor& x) { return dsplit(x, 2)[1]; },
       .shapes = {{{1, 2, 4}}},
       .expected = [](std::span<const Tensor> x) { return between(x[0], 2, 2, 4); },
       .refused = {[](const Tensor& x) { return dsplit(x, 3)[0]; }},
       .propagates_nan = false},
      {.name = "dsplit(bounds)",
       .function = [](const Tensor& x) { return dsplit(x, Integers{1})[1]; },
       .shapes = {{{1, 2, 4}}},
       .expected = [](std::span<const Tensor> x) { return between(x[0], 2, 1, 4); },
       .propagates_nan = false},
      {.name = "chunk(all pieces)",
       .function = [](const Tensor& x) { return numbered(chunk(x, 4), 0); },
       .shapes = {{{5, 5}}, {{8, 2}}},
       .expected =
           [](std::span<const Tensor> x) {
             return numbered_at(x[0], 0, x[0].size(0) == 5 ? Integers{2, 4} : Integers{2, 4, 6});
           }},
      {.name = "tensor_split(all pieces)",
       .function = [](const Tensor& x) { return numbered(tensor_split(x, 3), 0); },
       .shapes = {{{5, 5}}, {{4, 2}}},
       .expected =
           [](std::span<const Tensor> x) {
             return numbered_at(x[0], 0, x[0].size(0) == 5 ? Integers{2, 4} : Integers{2, 3});
           }},
      {.name = "tensor_split(bounds, all pieces)",
       .function =
           [](const Tensor& x) {
             return numbered(tensor_split(x, Integers{1, -1}), 0);
           },
       .shapes = {{{5, 5}}, {{4, 2}}},
       .expected =
           [](std::span<const Tensor> x) {
             return numbered_at(x[0], 0, {1, x[0].size(0) - 1});
           }},
      {.name = "tensor_split(tensor, all pieces)",
       .function = [](const Tensor& x, const Tensor& bounds) { return numbered(tensor_split(x, bounds), 0); },
       .inputs = {{}, {.low = 2, .high = 3, .dtype = DType::int64}},
       .shapes = {{{5, 5}, {1}}},
       .expected = [](std::span<const Tensor> x) { return numbered_at(x[0], 0, {2}); }},
      {.name = "unbind(all pieces)",
       .function =
           [](const Tensor& x) {
             std::vector<Tensor> rows = unbind(x);
             for (Tensor& row : rows) row = unsqueeze(row, 0);
             return numbered(rows, 0);
           },
       .shapes = {{{3, 3}}, {{2, 4}}},
       .expected =
           [](std::span<const Tensor> x) {
             return numbered_at(x[0], 0, {1, 2});
           }},
      {.name = "select(first axis)",
       .function = [](const Tensor& x) { return select(x, 0, 1); },
       .shapes = {{{3, 3}}, {{2, 4}}},
       .expected = [](std::span<const Tensor> x) { return slice_at(x[0], 0, 1); },
       .propagates_nan = false},
      {.name = "hsplit(all pieces)",
       .function = [](const Tensor& x) { return numbered(hsplit(x, 2), x.defined() && x.ndim() < 2 ? 0 : 1); },
       .shapes = {{{4, 4}}, {{2, 4, 3}}},
       .expected = [](std::span<const Tensor> x) { return numbered_at(x[0], 1, {2}); }},
      {.name = "hsplit(bounds, all pieces)",
       .function =
           [](const Tensor& x) {
             return numbered(hsplit(x, Integers{1, 3}), x.defined() && x.ndim() < 2 ? 0 : 1);
           },
       .shapes = {{{4, 4}}, {{2, 4, 3}}},
       .expected =
           [](std::span<const Tensor> x) {
             return numbered_at(x[0], 1, {1, 3});
           }},
      {.name = "vsplit(all pieces)",
       .function = [](const Tensor& x) { return numbered(vsplit(x, 2), 0); },
       .shapes = {{{4, 4}}, {{4, 2}}},
       .expected = [](std::span<const Tensor> x) { return numbered_at(x[0], 0, {2}); }},
      {.name = "vsplit(bounds, all pieces)",
       .function =
           [](const Tensor& x) {
             return numbered(vsplit(x, Integers{1, 3}), 0);
           },
       .shapes = {{{4, 4}}, {{4, 2}}},
       .expected =
           [](std::span<const Tensor> x) {
             return numbered_at(x[0], 0, {1, 3});
           }},
      {.name = "dsplit(all pieces)",
       .function = [](const Tensor& x) { return numbered(dsplit(x, 2), 2); },
       .shapes = {{{4, 4, 4}}, {{1, 2, 4}}},
       .expected = [](std::span<const Tensor> x) { return numbered_at(x[0], 2, {2}); }},
      {.name = "dsplit(bounds, all pieces)",
       .function =
           [](const Tensor& x) {
             return numbered(dsplit(x, Integers{1, 3}), 2);
           },
       .shapes = {{{4, 4, 4}}, {{1, 2, 4}}},
       .expected =
           [](std::span<const Tensor> x) {
             return numbered_at(x[0], 2, {1, 3});
           }},
  };
}

/// a and b one after the other along an axis.
Tensor joined(const Tensor& a, const Tensor& b, int axis) {
  Elements first(a), second(b);
  Shape shape = a.shape();
  shape[axis] += b.shape()[axis];
  return by_place(shape, [&](Place at) {
    if (at[axis] < a.shape()[axis]) return first(at);
    at[axis] -= a.shape()[axis];
    return second(at);
  });
}

Tensor in_axes(const Tensor& x, std::vector<Shape> by_ndim) {
  return x.ndim() < static_cast<int>(by_ndim.size()) ? reshaped(x, by_ndim[static_cast<std::size_t>(x.ndim())]) : x;
}

Tensor hstacked(std::span<const Tensor> x) {
  return joined(in_axes(x[0], {{1}}), in_axes(x[1], {{1}}), x[0].ndim() < 2 ? 0 : 1);
}
Tensor vstacked(std::span<const Tensor> x) {
  auto rows = [](const Tensor& x) { return in_axes(x, {{1, 1}, {1, x.numel()}}); };
  return joined(rows(x[0]), rows(x[1]), 0);
}
Tensor dstacked(std::span<const Tensor> x) {
  auto deep = [](const Tensor& x) {
    return in_axes(x, {{1, 1, 1}, {1, x.numel(), 1}, x.ndim() == 2 ? Shape{x.size(0), x.size(1), 1} : Shape{}});
  };
  return joined(deep(x[0]), deep(x[1]), 2);
}
Tensor columns_of(std::span<const Tensor> x) {
  auto columns = [](const Tensor& x) { return in_axes(x, {{1, 1}, {x.numel(), 1}}); };
  return joined(columns(x[0]), columns(x[1]), 1);
}
Tensor blocks_of(std::span<const Tensor> x) {
  auto block = [](const Tensor& x) { return in_axes(x, {{1, 1}, {1, x.numel()}}); };
  Elements a(block(x[0])), b(block(x[1]));
  return by_place({a.shape()[0] + b.shape()[0], a.shape()[1] + b.shape()[1]}, [&](const Place& at) {
    std::int64_t row = at[0] - a.shape()[0], column = at[1] - a.shape()[1];
    if (row < 0 && column < 0) return a(at);
    return row >= 0 && column >= 0 ? b({row, column}) : 0.0;
  });
}

template <Tensor join(std::span<const Tensor>, SourceLocation),
          Tensor of_list(std::initializer_list<Tensor>, SourceLocation)>
Rows join_rows(const std::string& name, std::vector<std::vector<Shape>> shapes,
               Tensor (*expected)(std::span<const Tensor>)) {
  return {
      {.name = name,
       .function =
           [](const Tensor& a, const Tensor& b) {
             return of_list({a, b}, SourceLocation::current());
           },
       .inputs = {{}, {}},
       .shapes = shapes,
       .expected = expected},
      {.name = name + "(list)",
       .function = [](std::span<const Tensor> tensors) { return join(tensors, SourceLocation::current()); },
       .inputs = {{}, {}},
       .shapes = shapes,
       .expected = expected,
       .refused = {[](std::span<const Tensor> tensors) { return join(tensors.first(0), SourceLocation::current()); }}}};
}

Rows joins() {
  Rows rows;
  append(rows, join_rows<hstack, hstack>("hstack", {{{2, 3}, {2, 1}}, {{3}, {4}}, {{}, {}}}, hstacked));
  append(rows, join_rows<vstack, vstack>("vstack", {{{2, 3}, {1, 3}}, {{3}, {3}}, {{}, {}}}, vstacked));
  append(rows, join_rows<dstack, dstack>("dstack", {{{2, 3, 2}, {2, 3, 1}}, {{3}, {3}}, {{}, {}}}, dstacked));
  append(rows,
         join_rows<column_stack, column_stack>("column_stack", {{{2, 3}, {2}}, {{3}, {3}}, {{}, {}}}, columns_of));
  append(rows,
         join_rows<block_diag, block_diag>("block_diag", {{{2, 3}, {4}}, {{}, {1, 2}}, {{0, 2}, {1, 0}}}, blocks_of));
  return rows;
}

Tensor grid_of(std::span<const Tensor> x) {
  Elements a(x[0]), b(x[1]);
  return by_place({x[0].numel(), x[1].numel()}, [&](const Place& at) {
    return a.all()[static_cast<std::size_t>(at[0])] + 2 * b.all()[static_cast<std::size_t>(at[1])];
  });
}

Tensor pairs_of(std::span<const Tensor> x) {
  Elements a(x[0]), b(x[1]);
  std::int64_t inner = x[1].numel();
  return by_place({x[0].numel() * inner, 2},
                  [&](const Place& at) { return at[1] == 0 ? a({at[0] / inner}) : b({at[0] % inner}); });
}

Rows grids() {
  return {
      {.name = "meshgrid",
       .function =
           [](const Tensor& a, const Tensor& b) {
             std::vector<Tensor> grid = meshgrid({a, b});
             return grid[0] + 2 * grid[1];
           },
       .inputs = {{}, {}},
       .shapes = {{{3}, {4}}, {{}, {2}}, {{0}, {2}}},
       .expected = grid_of,
       .refused = {[](const Tensor& a, const Tensor& b) {
         return meshgrid({a, unsqueeze(b, 0)})[0];
       }}},
      {.name = "meshgrid(list)",
       .function =
           [](std::span<const Tensor> x) {
             std::vector<Tensor> grid = meshgrid(x, GridIndexing::xy);
             return transpose(grid[0] + 2 * grid[1]);
           },
       .inputs = {{}, {}},
       .shapes = {{{3}, {4}}},
       .expected = grid_of,
       .refused = {[](std::span<const Tensor> x) { return meshgrid(x.first(0))[0]; }}},
      {.name = "cartesian_prod",
       .function =
           [](const Tensor& a, const Tensor& b) {
             return cartesian_prod({a, b});
           },
       .inputs = {{}, {}},
       .shapes = {{{3}, {4}}, {{2}, {0}}},
       .expected = pairs_of},
      {.name = "cartesian_prod(list)",
       .function = [](std::span<const Tensor> x) { return cartesian_prod(x); },
       .inputs = {{}, {}},
       .shapes = {{{3}, {4}}},
       .expected = pairs_of,
       .refused = {[](std::span<const Tensor> x) { return cartesian_prod(x.first(0)); }}},
      {.name = "combinations",
       .function = [](const Tensor& x) { return combinations(x); },
       .shapes = {{{4}}, {{2}}, {{1}}, {{0}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements of(x[0]);
             std::vector<double> numbers;
             for (std::int64_t i = 0; i < x[0].numel(); ++i)
               for (std::int64_t j = i + 1; j < x[0].numel(); ++j) numbers.insert(numbers.end(), {of({i}), of({j})});
             return from_data(numbers.data(), {static_cast<std::int64_t>(numbers.size() / 2), 2});
           },
       .refused = {[](const Tensor& x) { return combinations(x, -1); }},
       .propagates_nan = false},
      {.name = "combinations(with replacement)",
       .function = [](const Tensor& x) { return combinations(x, 3, {.with_replacement = true}); },
       .shapes = {{{4}}, {{1}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements of(x[0]);
             std::vector<double> numbers;
             for (std::int64_t i = 0; i < x[0].numel(); ++i)
               for (std::int64_t j = i; j < x[0].numel(); ++j)
                 for (std::int64_t k = j; k < x[0].numel(); ++k)
                   numbers.insert(numbers.end(), {of({i}), of({j}), of({k})});
             return from_data(numbers.data(), {static_cast<std::int64_t>(numbers.size() / 3), 3});
           }},
  };
}

Rows rows() {
  Rows rows = cuts();
  append(rows, joins());
  append(rows, grids());
  return rows;
}

const Family kFamily("pieces", rows);

}  // namespace
}  // namespace xgrad::testing

TEST_CASE("Pieces keep their contract", "[op_table]") { xgrad::testing::expect_family_holds("pieces"); }
