// The part of the operator table whose operators are not elementwise.
#include <xgrad/autograd/ops/loss.hpp>
#include "op_table.hpp"
#include "../support.hpp"

namespace xgrad::testing {
namespace {

// ---- Movement ----

Rows movements() {
  return {
      {.name = "reshape",
       .function =
           [](const Tensor& x) {
             return reshape(x, {x.size(-1), -1});
           },
       .shapes = {{{2, 3, 4}}, {{6, 1}}}},
      {.name = "flatten",
       .function = [](const Tensor& x) { return flatten(x, 1); },
       .shapes = {{{2, 3, 4}}, {{2, 0, 3}}}},
      {.name = "transpose",
       .function = [](const Tensor& x) { return transpose(x, 0, -1); },
       .shapes = kThreeAxesOrEmpty},
      {.name = "transpose(last two)",
       .function = [](const Tensor& x) { return transpose(x); },
       .shapes = kAnyShapeOrEmpty},
      {.name = "permute",
       .function =
           [](const Tensor& x) {
             return permute(x, {1, 2, 0});
           },
       .shapes = kThreeAxesOrEmpty},
      {.name = "expand",
       .function =
           [](const Tensor& x) {
             return expand(x, {2, 4, 3});
           },
       .shapes = {{{}}, {{3}}, {{4, 1}}, {{2, 1, 3}}}},
      {.name = "squeeze",
       .function = [](const Tensor& x) { return squeeze(x); },
       .shapes = {{{1, 3, 1}}, {{1}}, {{2, 3}}, {{1, 0}}}},
      {.name = "squeeze(axis)",
       .function = [](const Tensor& x) { return squeeze(x, -1); },
       .shapes = {{{1, 3, 1}}, {{2, 3}}}},
      {.name = "unsqueeze", .function = [](const Tensor& x) { return unsqueeze(x, -1); }, .shapes = kAnyShapeOrEmpty},
      {.name = "flip",
       .function =
           [](const Tensor& x) {
             return flip(x, {0, 2});
           },
       .shapes = kThreeAxesOrEmpty},
      {.name = "cat",
       .function =
           [](const Tensor& a, const Tensor& b, const Tensor& c) {
             return cat({a, b, c}, 1);
           },
       .inputs = {{}, {}, {}},
       .shapes = {{{2, 3}, {2, 1}, {2, 0}}, {{2, 1, 3}, {2, 2, 3}, {2, 5, 3}}, {{0, 1}, {0, 2}, {0, 3}}}},
      {.name = "stack",
       .function =
           [](const Tensor& a, const Tensor& b) {
             return stack({a, b}, -1);
           },
       .inputs = {{}, {}},
       .shapes = {{{2, 3}, {2, 3}}, {{}, {}}, {{0}, {0}}}},
      {.name = "split",
       .function =
           [](const Tensor& x) {
             std::vector<Tensor> parts = split(x, 2, 1);
             return parts[0] * parts.back();
           },
       .shapes = {{{2, 4}}, {{3, 3, 2}}}},
      {.name = "split(sizes)",
       .function =
           [](const Tensor& x) {
             return split(x, std::vector<std::int64_t>{1, 3, 2})[1];
           },
       .shapes = {{{6}}, {{6, 2}}},
       .propagates_nan = false},
  };
}

// ---- Indexing ----

Rows indexing() {
  const OperatorInput index = {.low = 0, .high = 3, .dtype = DType::int64};
  return {
      {.name = "get",
       .function =
           [](const Tensor& x) {
             return x[{ellipsis, -1, newaxis, slice({}, {}, -2)}];
           },
       .shapes = {{{2, 3}}, {{2, 3, 4}}, {{0, 2, 3}}},
       .propagates_nan = false},
      {.name = "narrow",
       .function = [](const Tensor& x) { return narrow(x, 1, 2, 2, -1); },
       .shapes = {{{2, 3}}, {{2, 4, 3}}},
       .propagates_nan = false},
      {.name = "gather",
       .function = [](const Tensor& x, const Tensor& i) { return gather(x, 1, i); },
       .inputs = {{}, index},
       .shapes = {{{2, 3}, {2, 5}}, {{2, 3, 4}, {1, 6, 2}}, {{2, 3}, {2, 0}}},
       .propagates_nan = false},
      {.name = "scatter_add",
       .function = [](const Tensor& x, const Tensor& i, const Tensor& source) { return scatter_add(x, 0, i, source); },
       .inputs = {{}, index, {}},
       .shapes = {{{3, 2}, {5, 2}, {5, 2}}, {{3}, {1}, {1}}, {{3, 2}, {0, 2}, {0, 2}}}},
      {.name = "index_select",
       .function = [](const Tensor& x, const Tensor& i) { return index_select(x, 1, i); },
       .inputs = {{}, index},
       .shapes = {{{2, 3}, {5}}, {{2, 3, 4}, {2}}, {{2, 3}, {0}}},
       .propagates_nan = false},
      {.name = "index_add",
       .function = [](const Tensor& x, const Tensor& i, const Tensor& source) { return index_add(x, 0, i, source); },
       .inputs = {{}, index, {}},
       .shapes = {{{3, 2}, {5}, {5, 2}}, {{3}, {2}, {2}}}},
      {.name = "one_hot",
       .function = [](const Tensor& labels) { return one_hot(labels, 4); },
       .inputs = {index},
       .shapes = {{{5}}, {{2, 3}}, {{}}, {{0}}},
       .order = 0},
  };
}

// ---- Matrix products ----

Rows products() {
  auto direct_matmul = [](std::span<const Tensor> x) {  // [m, k] by [k, n]
    return sum(unsqueeze(x[0], -1) * unsqueeze(x[1], -3), -2);
  };
  return {
      {.name = "matmul",
       .function = [](const Tensor& a, const Tensor& b) { return matmul(a, b); },
       .inputs = {{}, {}},
       .shapes = {{{2, 3}, {3, 4}},
                  {{1, 5}, {5, 1}},
                  {{17, 9}, {9, 13}},
                  {{2, 0}, {0, 3}},
                  {{0, 3}, {3, 2}},
                  {{2, 3, 4}, {2, 4, 5}},
                  {{2, 1, 3, 4}, {5, 4, 2}},
                  {{3, 4}, {2, 4, 5}}},
       .expected = direct_matmul},
      {.name = "matmul(vectors)",
       .function = [](const Tensor& a, const Tensor& b) { return matmul(a, b); },
       .inputs = {{}, {}},
       .shapes = {{{3}, {3}}, {{3}, {3, 4}}, {{2, 3}, {3}}, {{2, 3, 4}, {4}}, {{3}, {2, 3, 4}}, {{0}, {0}}}},
      {.name = "affine",
       .function = [](const Tensor& x, const Tensor& weight, const Tensor& bias) { return affine(x, weight, bias); },
       .inputs = {{}, {}, {}},
       .shapes = {{{5, 3}, {4, 3}, {4}}, {{3}, {4, 3}, {4}}, {{2, 5, 3}, {4, 3}, {4}}, {{0, 3}, {4, 3}, {4}}},
       .expected = [](std::span<const Tensor> x) { return matmul(x[0], transpose(x[1])) + x[2]; }},
      {.name = "affine(no bias)",
       .function = [](const Tensor& x, const Tensor& weight) { return affine(x, weight); },
       .inputs = {{}, {}},
       .shapes = {{{5, 3}, {4, 3}}, {{2, 5, 3}, {4, 3}}},
       .expected = [](std::span<const Tensor> x) { return matmul(x[0], transpose(x[1])); }},
      {.name = "dot",
       .function = [](const Tensor& a, const Tensor& b) { return dot(a, b); },
       .inputs = {{}, {}},
       .shapes = {{{3}, {3}}, {{67}, {67}}, {{0}, {0}}},
       .expected = [](std::span<const Tensor> x) { return sum(x[0] * x[1]); }},
      {.name = "outer",
       .function = [](const Tensor& a, const Tensor& b) { return outer(a, b); },
       .inputs = {{}, {}},
       .shapes = {{{3}, {4}}, {{1}, {1}}, {{0}, {2}}},
       .expected = [](std::span<const Tensor> x) { return unsqueeze(x[0], 1) * x[1]; }},
  };
}

// ---- Losses ----

Rows losses() {
  const OperatorInput any = {}, probability = {.low = 0.1, .high = 0.9},
                      label = {.low = 0, .high = 4, .dtype = DType::int64};
  const std::vector<std::vector<Shape>> pairs = {{{2, 3}, {2, 3}}, {{}, {}}, {{67}, {67}}};
  const std::vector<std::vector<Shape>> classes = {{{5, 4}, {5}}, {{4}, {}}, {{2, 4, 3}, {2, 3}}};
  return {
      {.name = "mse",
       .function = [](const Tensor& x, const Tensor& t) { return mse(x, t); },
       .inputs = {any, any},
       .shapes = pairs,
       .expected = [](std::span<const Tensor> x) { return mean(square(x[0] - x[1])); }},
      {.name = "mse(sum)",
       .function = [](const Tensor& x, const Tensor& t) { return mse(x, t, Reduction::sum); },
       .inputs = {any, any},
       .shapes = pairs,
       .expected = [](std::span<const Tensor> x) { return sum(square(x[0] - x[1])); }},
      {.name = "mae",
       .function = [](const Tensor& x, const Tensor& t) { return mae(x, t); },
       .inputs = {any, any},
       .shapes = pairs,
       .expected = [](std::span<const Tensor> x) { return mean(abs(x[0] - x[1])); }},
      {.name = "rmse",
       .function = [](const Tensor& x, const Tensor& t) { return rmse(x, t); },
       .inputs = {any, any},
       .shapes = pairs,
       .expected = [](std::span<const Tensor> x) { return sqrt(mean(square(x[0] - x[1]))); }},
      {.name = "binary_cross_entropy",
       .function = [](const Tensor& x, const Tensor& t) { return binary_cross_entropy(x, t); },
       .inputs = {probability, probability},
       .shapes = pairs,
       .expected = [](std::span<const Tensor> x) { return mean(-(x[1] * log(x[0]) + (1 - x[1]) * log(1 - x[0]))); },
       .propagates_nan = false},
      {.name = "binary_cross_entropy_with_logits",
       .function = [](const Tensor& x, const Tensor& t) { return binary_cross_entropy_with_logits(x, t); },
       .inputs = {any, probability},
       .shapes = pairs,
       .expected = [](std::span<const Tensor> x) { return mean(softplus(x[0]) - x[0] * x[1]); }},
      {.name = "cross_entropy",
       .function = [](const Tensor& x, const Tensor& t) { return cross_entropy(x, t); },
       .inputs = {any, label},
       .shapes = classes},
      {.name = "cross_entropy(smoothed)",
       .function = [](const Tensor& x, const Tensor& t) { return cross_entropy(x, t, {.label_smoothing = 0.1}); },
       .inputs = {any, label},
       .shapes = classes},
      {.name = "cross_entropy(probabilities)",
       .function = [](const Tensor& x, const Tensor& t) { return cross_entropy(x, t); },
       .inputs = {any, probability},
       .shapes = {{{5, 4}, {5, 4}}, {{2, 4, 3}, {2, 4, 3}}},
       .expected =
           [](std::span<const Tensor> x) {
             return -sum(x[1] * log_softmax(x[0], 1)) / static_cast<double>(x[0].numel() / x[0].size(1));
           }},
      {.name = "nll_loss",
       .function = [](const Tensor& x, const Tensor& t) { return nll_loss(x, t); },
       .inputs = {any, label},
       .shapes = classes,
       .propagates_nan = false},
  };
}

}  // namespace

Rows shape_rows() {
  Rows rows;
  for (Rows (*family)() : {movements, indexing, products, losses}) append(rows, family());
  return rows;
}

}  // namespace xgrad::testing

using namespace xgrad::testing;

TEST_CASE("Movement, indexing, matrix products and losses keep their contract", "[op_table]") {
  for (const auto& row : shape_rows()) expect_holds(row);
}
