#include <xgrad/autograd/ops.hpp>
#include <xgrad/autograd/ops/embedding.hpp>
#include "op_table.hpp"
#include "references.hpp"

namespace xgrad::testing {
namespace {

/// What becomes of the rows that each row of indices [B, n] names.
TensorFunction bagged(Function<double(const std::vector<double>&)> fold) {
  return [=](std::span<const Tensor> x) {
    Elements indices(x[0]), table(x[1]);
    return by_place({x[0].size(0), x[1].size(1)}, [&](const Place& at) {
      std::vector<double> list;
      for (std::int64_t i = 0; i < x[0].size(1); ++i) {
        double factor = x.size() > 2 ? Elements(x[2])({at[0], i}) : 1;
        list.push_back(factor * table({static_cast<std::int64_t>(indices({at[0], i})), at[1]}));
      }
      return list.empty() ? 0 : fold(list);
    });
  };
}

Rows rows() {
  const OperatorInput any = {}, index = {.low = 0, .high = 5, .dtype = DType::int64};
  const std::vector<std::vector<Shape>> bags = {{{3, 4}, {5, 2}}, {{1, 1}, {5, 3}}, {{2, 0}, {5, 2}}};
  auto bag = [](BagMode mode) {
    return [mode](const Tensor& i, const Tensor& w) { return embedding_bag(i, w, {.mode = mode}); };
  };
  return {
      {.name = "embedding",
       .function = [](const Tensor& i, const Tensor& w) { return embedding(i, w); },
       .inputs = {index, any},
       .shapes = {{{3, 4}, {5, 2}}, {{}, {5, 3}}, {{0}, {5, 3}}},
       .large = {{{50021}, {5, 3}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements indices(x[0]), table(x[1]);
             Shape shape = x[0].shape();
             shape.push_back(x[1].size(1));
             return by_place(shape, [&](Place at) {
               const std::int64_t column = at.back();
               at.pop_back();
               return table({static_cast<std::int64_t>(indices(at)), column});
             });
           },
       .refused = {[](const Tensor& i, const Tensor& w) { return embedding(i + 5, w); },
                   [](const Tensor& i, const Tensor& w) { return embedding(i, w, {.padding_index = 5}); }},
       .propagates_nan = false},
      {.name = "embedding_bag",
       .function = bag(BagMode::mean),
       .inputs = {index, any},
       .shapes = bags,
       .large = {{{5021, 4}, {5, 3}}},
       .expected = bagged(mean_of),
       .refused = {[](const Tensor& i, const Tensor& w) { return embedding_bag(i - 5, w); },
                   [](const Tensor& i, const Tensor& w) { return embedding_bag(i, w, {.offsets = arange(2)}); },
                   [](const Tensor& i, const Tensor& w) {
                     return embedding_bag(reshape(i, {12}), w, {.offsets = arange(1, 3)});
                   },
                   [](const Tensor& i, const Tensor& w) {
                     return embedding_bag(reshape(i, {12}), w, {.offsets = arange(0, 26, 13)});
                   }},
       .propagates_nan = false},
      {.name = "embedding_bag(max)",
       .function = bag(BagMode::max),
       .inputs = {index, any},
       .shapes = bags,
       .expected = bagged(largest_of),
       .propagates_nan = false},
      {.name = "embedding_bag(weighted sum)",
       .function =
           [](const Tensor& i, const Tensor& w, const Tensor& factors) {
             return embedding_bag(i, w, {.mode = BagMode::sum, .per_sample_weights = factors});
           },
       .inputs = {index, any, any},
       .shapes = {{{3, 4}, {5, 2}, {3, 4}}, {{1, 1}, {5, 3}, {1, 1}}},
       .expected = bagged(sum_of),
       .propagates_nan = false},
  };
}

const Family kFamily("embedding", rows);

}  // namespace
}  // namespace xgrad::testing

TEST_CASE("Embeddings keep their contract", "[op_table]") { xgrad::testing::expect_family_holds("embedding"); }
