#include <xgrad/autograd/ops/diagonal.hpp>

#include <algorithm>

#include "op_table.hpp"
#include "references.hpp"

namespace xgrad::testing {
namespace {

/// The diagonal `offset` columns above the main one of matrices along the last two axes.
Tensor last_diagonal(const Tensor& x, std::int64_t offset) {
  Elements of(x);
  std::int64_t rows = x.size(-2), columns = x.size(-1), length = 0;
  for (std::int64_t i = 0; i < rows; ++i) length += 0 <= i + offset && i + offset < columns;
  Shape shape(std::span(x.shape().begin(), x.shape().end() - 2));
  shape.push_back(length);
  return by_place(shape, [&](Place at) {
    std::int64_t i = at.back() + std::max<std::int64_t>(-offset, 0);
    at.back() = i;
    at.push_back(i + offset);
    return of(at);
  });
}

/// Rows of x as diagonals of matrices along the last two axes.
Tensor embedded(const Tensor& x, std::int64_t offset) {
  Elements of(x);
  std::int64_t side = x.size(-1) + std::abs(offset);
  Shape shape(std::span(x.shape().begin(), x.shape().end() - 1));
  shape.push_back(side);
  shape.push_back(side);
  return by_place(shape, [&](Place at) {
    std::int64_t row = at[at.size() - 2], column = at.back();
    if (column - row != offset) return 0.0;
    at.pop_back();
    at.back() = std::min(row, column);
    return of(at);
  });
}

Tensor triangle(const Tensor& x, bool is_lower, std::int64_t offset) {
  Elements of(x);
  return by_place(x.shape(), [&](const Place& at) {
    std::int64_t above = at.back() - at[at.size() - 2];
    return (is_lower ? above <= offset : above >= offset) ? of(at) : 0.0;
  });
}

Rows rows() {
  const std::vector<std::vector<Shape>> matrices = {{{2, 3}}, {{4, 2, 3}}, {{3, 1}}, {{0, 2}}, {{2, 0, 3}}};
  return {
      {.name = "diagonal",
       .function = [](const Tensor& x) { return diagonal(x, {.offset = 1, .axis1 = -2, .axis2 = -1}); },
       .shapes = matrices,
       .expected = [](std::span<const Tensor> x) { return last_diagonal(x[0], 1); },
       .refused = {[](const Tensor& x) { return diagonal(x, {.axis2 = 2}); },
                   [](const Tensor& x) { return diagonal(x, {.axis1 = 1}); }},
       .propagates_nan = false},
      {.name = "diagonal(first axes)",
       .function = [](const Tensor& x) { return diagonal(x); },
       .shapes = {{{3, 3, 3}}, {{2, 3}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements of(x[0]);
             if (x[0].ndim() == 2) return by_place({2}, [&](const Place& at) { return of({at[0], at[0]}); });
             return by_place({3, 3}, [&](const Place& at) { return of({at[1], at[1], at[0]}); });
           },
       .propagates_nan = false},
      {.name = "diagonal(axes)",
       .function = [](const Tensor& x) { return diagonal(x, {.offset = -1, .axis1 = 2, .axis2 = 0}); },
       .shapes = {{{3, 3, 3}}, {{4, 2, 3}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements of(x[0]);
             return by_place({x[0].size(1), 2}, [&](const Place& at) { return of({at[1], at[0], at[1] + 1}); });
           },
       .propagates_nan = false},
      {.name = "diagonal_scatter",
       .function =
           [](const Tensor& x, const Tensor& source) {
             return diagonal_scatter(x, source, {.offset = -1, .axis1 = -2, .axis2 = -1});
           },
       .inputs = {{}, {}},
       .shapes = {{{3, 2}, {2}}, {{2, 3, 4}, {2, 2}}, {{1, 4}, {0}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements of(x[0]), source(x[1]);
             return by_place(x[0].shape(), [&](Place at) {
               std::int64_t row = at[at.size() - 2], column = at.back();
               if (row - column != 1) return of(at);
               at.pop_back();
               at.back() = column;
               return source(at);
             });
           },
       .refused = {[](const Tensor& x, const Tensor& source) { return diagonal_scatter(x, source, {.offset = 4}); }},
       .propagates_nan = false},
      {.name = "diagonal_scatter(axes)",
       .function =
           [](const Tensor& x, const Tensor& source) {
             return diagonal_scatter(x, source, {.offset = 1, .axis1 = 2, .axis2 = 0});
           },
       .inputs = {{}, {}},
       .shapes = {{{3, 3, 3}, {3, 2}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements of(x[0]), source(x[1]);
             return by_place(x[0].shape(), [&](const Place& at) {
               return at[0] - at[2] == 1 ? source({at[1], at[2]}) : of(at);
             });
           },
       .propagates_nan = false},
      {.name = "diagonal_scatter(first axes)",
       .function = [](const Tensor& x, const Tensor& source) { return diagonal_scatter(x, source); },
       .inputs = {{}, {}},
       .shapes = {{{3, 3, 3}, {3, 3}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements of(x[0]), source(x[1]);
             return by_place(x[0].shape(), [&](const Place& at) {
               return at[0] == at[1] ? source({at[2], at[0]}) : of(at);
             });
           },
       .propagates_nan = false},
      {.name = "diag(main)",
       .function = [](const Tensor& x) { return diag(x); },
       .shapes = {{{3}}, {{3, 2}}},
       .expected =
           [](std::span<const Tensor> x) { return x[0].ndim() == 1 ? embedded(x[0], 0) : last_diagonal(x[0], 0); },
       .propagates_nan = false},
      {.name = "diag",
       .function = [](const Tensor& x) { return diag(x, -1); },
       .shapes = {{{3}}, {{3, 2}}, {{0}}, {{2, 0}}},
       .expected =
           [](std::span<const Tensor> x) { return x[0].ndim() == 1 ? embedded(x[0], -1) : last_diagonal(x[0], -1); },
       .propagates_nan = false},
      {.name = "diagflat",
       .function = [](const Tensor& x) { return diagflat(x, 1); },
       .shapes = kAnyShapeOrEmpty,
       .expected = [](std::span<const Tensor> x) { return embedded(reshaped(x[0], {x[0].numel()}), 1); }},
      {.name = "diagflat(below)",
       .function = [](const Tensor& x) { return diagflat(x, -2); },
       .shapes = {{{3}}},
       .expected = [](std::span<const Tensor> x) { return embedded(x[0], -2); }},
      {.name = "diag_embed",
       .function = [](const Tensor& x) { return diag_embed(x, {.offset = 2, .axis1 = -2, .axis2 = -1}); },
       .shapes = {{{3}}, {{2, 3}}, {{0}}},
       .expected = [](std::span<const Tensor> x) { return embedded(x[0], 2); },
       .refused = {[](const Tensor& x) { return diag_embed(x, {.axis1 = 1}); },
                   [](const Tensor& x) { return diag_embed(x, {.axis2 = 3}); }}},
      {.name = "diag_embed(axes)",
       .function = [](const Tensor& x) { return diag_embed(x, {.offset = 1, .axis1 = 2, .axis2 = 0}); },
       .shapes = {{{3, 2}}, {{3, 3}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements of(x[0]);
             const std::int64_t side = x[0].size(1) + 1;
             return by_place({side, x[0].size(0), side}, [&](const Place& at) {
               return at[0] - at[2] == 1 ? of({at[1], at[2]}) : 0.0;
             });
           }},
      {.name = "diag_embed(main)",
       .function = [](const Tensor& x) { return diag_embed(x); },
       .shapes = {{{3, 2}}},
       .expected = [](std::span<const Tensor> x) { return embedded(x[0], 0); }},
      {.name = "tril(main)",
       .function = [](const Tensor& x) { return tril(x); },
       .shapes = matrices,
       .expected = [](std::span<const Tensor> x) { return triangle(x[0], true, 0); },
       .propagates_nan = false},
      {.name = "triu(below)",
       .function = [](const Tensor& x) { return triu(x, -1); },
       .shapes = matrices,
       .expected = [](std::span<const Tensor> x) { return triangle(x[0], false, -1); },
       .propagates_nan = false},
      {.name = "tril",
       .function = [](const Tensor& x) { return tril(x, 1); },
       .shapes = matrices,
       .large = kLarge,
       .expected = [](std::span<const Tensor> x) { return triangle(x[0], true, 1); },
       .propagates_nan = false},
      {.name = "triu",
       .function = [](const Tensor& x) { return triu(x); },
       .shapes = matrices,
       .large = kLarge,
       .expected = [](std::span<const Tensor> x) { return triangle(x[0], false, 0); },
       .propagates_nan = false},
  };
}

const Family kFamily("diagonal", rows);

}  // namespace
}  // namespace xgrad::testing

TEST_CASE("Diagonals and triangles keep their contract", "[op_table]") {
  xgrad::testing::expect_family_holds("diagonal");
}
