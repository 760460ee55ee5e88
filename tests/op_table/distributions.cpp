#include "op_table.hpp"

namespace xgrad::testing {
namespace {

const char* const kRandom = "random: tests/ops/distributions.cpp has moments and frequencies";

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
  };
}

const Family kFamily("distributions", rows);

}  // namespace
}  // namespace xgrad::testing

TEST_CASE("Samplers of tensors keep their contract", "[op_table]") {
  xgrad::testing::expect_family_holds("distributions");
}
