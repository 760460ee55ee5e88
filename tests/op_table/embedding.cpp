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

using Integers = std::vector<std::int64_t>;

/// What becomes of the rows of bags that begin at `offsets` in indices [n], without those of the row `padding`.
TensorFunction bagged_from(Integers offsets, std::int64_t padding, Function<double(const std::vector<double>&)> fold) {
  return [=](std::span<const Tensor> x) {
    Elements indices(x[0]), table(x[1]);
    return by_place({static_cast<std::int64_t>(offsets.size()), x[1].size(1)}, [&](const Place& at) {
      const std::size_t bag = static_cast<std::size_t>(at[0]);
      const std::int64_t end = bag + 1 < offsets.size() ? offsets[bag + 1] : x[0].numel();
      std::vector<double> list;
      for (std::int64_t i = offsets[bag]; i < end; ++i) {
        const std::int64_t row = static_cast<std::int64_t>(indices({i}));
        if (row != padding) list.push_back((x.size() > 2 ? Elements(x[2])({i}) : 1) * table({row, at[1]}));
      }
      return list.empty() ? 0 : fold(list);
    });
  };
}

/// The gradient of weight: each g at its row, 0 at the row `padding`, divided by how often a row is looked up.
Tensor gradient_by_frequency(std::span<const Tensor> x, std::int64_t padding, double (*share)(double length)) {
  Elements indices(x[0]), g(x[2]);
  std::vector<double> counts(static_cast<std::size_t>(x[1].size(0)));
  for (double row : indices.all()) ++counts[static_cast<std::size_t>(row)];
  const bool bags = x[2].ndim() == 2;
  return by_place(x[1].shape(), [&](const Place& at) {
    double sum = 0;
    by_place(x[0].shape(), [&](const Place& i) {
      if (indices(i) == static_cast<double>(at[0]) && at[0] != padding)
        sum += bags ? g({i[0], at[1]}) * share(static_cast<double>(x[0].size(1))) : g({i[0], i[1], at[1]});
      return 0.0;
    });
    return counts[static_cast<std::size_t>(at[0])] == 0 ? 0 : sum / counts[static_cast<std::size_t>(at[0])];
  });
}

/// The gradient of sum(g look_up(w)) for w. Of what has none look_up itself is to say what is wrong.
Tensor gradient_of(const Function<Tensor(const Tensor&)>& look_up, const Tensor& w, const Tensor& g) {
  if (!w.defined() || !g.defined() || w.dtype() == DType::boolean) return look_up(w);
  return grad([&](const Tensor& w) { return sum(look_up(w) * g); },
              is_floating(w.dtype()) ? w : cast(w, DType::float32));
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
      {.name = "embedding(gradient, padding and frequency)",
       .function =
           [](const Tensor& i, const Tensor& w, const Tensor& g) {
             auto look_up = [&](const Tensor& w) {
               return embedding(i, w, {.padding_index = -2, .scale_grad_by_freq = true});
             };
             return gradient_of(look_up, w, g);
           },
       .inputs = {index, any, any},
       .shapes = {{{3, 4}, {5, 2}, {3, 4, 2}}},
       .expected = [](std::span<const Tensor> x) { return gradient_by_frequency(x, 3, [](double) { return 1.0; }); },
       .propagates_nan = false,
       .order = 0},
      {.name = "embedding_bag(gradient, frequency)",
       .function =
           [](const Tensor& i, const Tensor& w, const Tensor& g) {
             auto look_up = [&](const Tensor& w) { return embedding_bag(i, w, {.scale_grad_by_freq = true}); };
             return gradient_of(look_up, w, g);
           },
       .inputs = {index, any, any},
       .shapes = {{{3, 4}, {5, 2}, {3, 2}}},
       .expected =
           [](std::span<const Tensor> x) { return gradient_by_frequency(x, -1, [](double n) { return 1 / n; }); },
       .propagates_nan = false,
       .order = 0},
      {.name = "embedding_bag(sum)",
       .function = bag(BagMode::sum),
       .inputs = {index, any},
       .shapes = bags,
       .expected = bagged(sum_of),
       .propagates_nan = false},
      {.name = "embedding_bag(offsets)",
       .function =
           [](const Tensor& i, const Tensor& w) {
             return embedding_bag(i, w, {.offsets = tensor({0, 2, 2})});
           },
       .inputs = {index, any},
       .shapes = {{{7}, {5, 2}}},
       .expected = bagged_from({0, 2, 2}, -1, mean_of),
       .propagates_nan = false},
      {.name = "embedding_bag(offsets, weights, padding)",
       .function =
           [](const Tensor& i, const Tensor& w, const Tensor& factors) {
             return embedding_bag(i, w,
                                  {.offsets = tensor({0, 2, 5, 7}),
                                   .mode = BagMode::sum,
                                   .per_sample_weights = factors,
                                   .include_last_offset = true,
                                   .padding_index = -3});
           },
       .inputs = {index, any, any},
       .shapes = {{{7}, {5, 2}, {7}}},
       .expected = bagged_from({0, 2, 5}, 2, sum_of),
       .propagates_nan = false},
      {.name = "embedding_bag(padding)",
       .function = [](const Tensor& i, const Tensor& w) { return embedding_bag(i, w, {.padding_index = 1}); },
       .inputs = {index, any},
       .shapes = {{{1, 9}, {5, 2}}},
       .expected =
           [](std::span<const Tensor> x) {
             const Tensor flat[] = {reshaped(x[0], {9}), x[1]};
             return bagged_from({0}, 1, mean_of)(flat);
           },
       .propagates_nan = false},
      {.name = "embedding_bag(max, padding)",
       .function =
           [](const Tensor& i, const Tensor& w) {
             return embedding_bag(i, w, {.offsets = tensor({0, 3}), .mode = BagMode::max, .padding_index = 0});
           },
       .inputs = {index, any},
       .shapes = {{{7}, {5, 2}}},
       .expected = bagged_from({0, 3}, 0, largest_of),
       .propagates_nan = false},
  };
}

const Family kFamily("embedding", rows);

}  // namespace
}  // namespace xgrad::testing

TEST_CASE("Embeddings keep their contract", "[op_table]") { xgrad::testing::expect_family_holds("embedding"); }
