#include "op_table.hpp"
#include "references.hpp"

namespace xgrad::testing {
namespace {

const char* const kRandom = "random: tests/ops/distributions.cpp has moments and frequencies";

/// Logits so far apart that the largest is certain.
OperatorRow categorical_row(const std::string& name, int axis) {
  return {
      .name = "categorical(" + name + ")",
      .function =
          [axis](const Tensor& logits) {
            Generator generator(5);
            return categorical(logits, axis, generator);
          },
      .inputs = {{.low = -1e9, .high = 1e9}},
      .shapes = {{{3, 3}}, {{2, 4}}},
      .expected = [axis](std::span<const Tensor> x) { return reduced(x[0], {axis == 0 ? 0 : 1}, false, argmax_of); },
      .output_dtype = DType::int64,
      .propagates_nan = false,
      .order = 0};
}

Rows rows() {
  return {
      {.name = "multinomial",
       .function =
           [](const Tensor& weights) {
             Generator generator(5);
             return multinomial(weights, 3, true, generator);
           },
       .inputs = {{.low = 0.1, .high = 2}},
       .shapes = {{{4}}, {{2, 3}}, {{0, 3}}},
       .unreferenced = kRandom,
       .output_dtype = DType::int64,
       .refused = {[](const Tensor& weights) { return multinomial(weights, 5); },
                   [](const Tensor& weights) { return multinomial(weights, -1); },
                   [](const Tensor& weights) { return multinomial(weights - 100, 1); }},
       .propagates_nan = false,
       .order = 0},
      {.name = "poisson",
       .function =
           [](const Tensor& rates) {
             Generator generator(5);
             return poisson(rates, generator);
           },
       .inputs = {{.low = 0.1, .high = 20}},
       .shapes = {{{4}}, {{2, 3}}, {{0, 3}}},
       .unreferenced = kRandom,
       .refused = {[](const Tensor& rates) { return poisson(-rates); }},
       .propagates_nan = false,
       .order = 0},
      {.name = "bernoulli",
       .function =
           [](const Tensor& probabilities) {
             Generator generator(5);
             return bernoulli(probabilities, generator);
           },
       .inputs = {{.low = 0, .high = 1}},
       .shapes = {{{4}}, {{2, 3}}, {{0, 3}}},
       .unreferenced = kRandom,
       .refused = {[](const Tensor& probabilities) { return bernoulli(probabilities + 1.5); }},
       .propagates_nan = false,
       .order = 0},
      {.name = "categorical",
       .function =
           [](const Tensor& logits) {
             Generator generator(5);
             return categorical(logits, 0, generator);
           },
       .shapes = {{{4}}, {{2, 3}}, {{3, 0}}},
       .unreferenced = kRandom,
       .output_dtype = DType::int64,
       .refused = {[](const Tensor& logits) { return categorical(logits, 7); },
                   [](const Tensor& logits) { return categorical(logits / 0.0); }},
       .propagates_nan = false,
       .order = 0},
      // Of draws that leave nothing to chance.
      {.name = "multinomial(without replacement)",
       .function =
           [](const Tensor& weights) {
             Generator generator(5);
             return sort(multinomial(weights, 4, false, generator)).values;
           },
       .inputs = {{.low = 1, .high = 4}},
       .shapes = {{{4}}, {{3, 4}}},
       .expected =
           [](std::span<const Tensor> x) {
             return by_place(x[0].shape(), [](const Place& at) { return static_cast<double>(at.back()); });
           },
       .output_dtype = DType::int64,
       .propagates_nan = false,
       .order = 0},
      categorical_row("first axis", 0),
      categorical_row("last axis", -1),
  };
}

const Family kFamily("distributions", rows);

}  // namespace
}  // namespace xgrad::testing

TEST_CASE("Samplers of tensors keep their contract", "[op_table]") {
  xgrad::testing::expect_family_holds("distributions");
}
