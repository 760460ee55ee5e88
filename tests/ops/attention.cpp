// Attention, embeddings and interpolation. Expected numbers without a derivation beside them are PyTorch 1.13.1's.
#include <xgrad/autograd/ops/attention.hpp>

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <xgrad/autograd/check/gradcheck.hpp>
#include <xgrad/autograd/grad.hpp>
#include <xgrad/autograd/ops.hpp>
#include <xgrad/autograd/threads.hpp>
#include "../support.hpp"

using namespace xgrad;
using namespace xgrad::testing;

namespace {

Tensor integers(std::vector<std::int64_t> values) { return from_vector(values); }

}  // namespace

// ---- Attention ----

TEST_CASE("A query that attends to nothing has the result 0, and gradient 0", "[nn][attention]") {
  Tensor q = variable({{1., 2.}, {3., 4.}}), k = variable({{1., 0.}, {0., 1.}}), v = variable({{5., 6.}, {7., 8.}});
  Tensor mask = from_vector(std::vector<bool>{false, false, true, false}, {2, 2});
  Tensor added = where(mask, zeros({2, 2}, kDouble), -std::numeric_limits<double>::infinity());
  for (const Tensor& each : {mask, added}) {
    Tensor y = scaled_dot_product_attention(q, k, v, {.mask = each});
    CHECK(is_close(y, f64({{0., 0.}, {5., 6.}})));
    for (bool create_graph : {false, true}) {
      std::vector<Tensor> g = grad(sum(y), {q, k, v}, {.create_graph = create_graph, .retain_graph = true});
      CHECK(is_close(g[0], zeros({2, 2}, kDouble)));
      CHECK(is_close(g[1], zeros({2, 2}, kDouble)));
      CHECK(is_close(g[2], f64({{1., 1.}, {0., 0.}})));
    }
  }
}

TEST_CASE("Leading axes of queries, keys, values and masks broadcast", "[nn][attention]") {
  Generator generator(1);
  Tensor q = normal({2, 3, 4, 5}, 0, 1, kDouble, generator), k = normal({3, 6, 5}, 0, 1, kDouble, generator),
         v = normal({2, 1, 6, 7}, 0, 1, kDouble, generator);
  Tensor mask = normal({2, 1, 1, 6}, 0, 1, kDouble, generator) > -1;
  Tensor y = scaled_dot_product_attention(q, k, v, {.mask = mask});
  Tensor expected = matmul(softmax(where(mask, matmul(q, transpose(k)) / std::sqrt(5.), -1e300)), v);
  CHECK(is_close(y, expected));
  CHECK(is_close(matmul(attention_weights(q, k, {.mask = mask}), v), expected));
}

TEST_CASE("More queries than are worked on together, kept and not kept", "[nn][attention]") {
  Generator generator(2);
  Tensor q = normal({3, 150, 8}, 0, 1, kDouble, generator), k = normal({3, 170, 8}, 0, 1, kDouble, generator),
         v = normal({3, 170, 4}, 0, 1, kDouble, generator);
  Tensor plain = scaled_dot_product_attention(q, k, v, {.causal = true});
  Tensor variable = copy(q).set_requires_grad();
  CHECK(is_close(plain, scaled_dot_product_attention(variable, k, v, {.causal = true})));
  CHECK(is_close(plain, matmul(attention_weights(q, k, {.causal = true}), v)));
}

TEMPLATE_TEST_CASE("Where queries see the keys up to themselves, blocks of them leave out the others",
                   "[nn][attention]", float, double) {
  constexpr DType dtype = dtype_of<TestType>;
  const TensorOptions of_dtype{.dtype = dtype};
  constexpr std::array<std::int64_t, 2> sizes[] = {{70, 70}, {33, 100}, {100, 33}, {32, 32}, {1, 3}, {0, 3}, {3, 0}};
  for (const auto& [queries, keys] : sizes)
    for (const bool is_masked : {false, true}) {
      INFO(queries << " queries, " << keys << " keys" << (is_masked ? ", masked" : ""));
      Generator generator(5);
      // Heads [2, 3] that are slices of wider rows.
      auto heads = [&](std::int64_t count, std::int64_t size) {
        const Tensor all = normal({2, count, 3, size + 1}, 0, 1, of_dtype, generator);
        return all[{ellipsis, slice(0, size)}].set_requires_grad();
      };
      const Tensor q = heads(queries, 5), k = heads(keys, 5), v = heads(keys, 4);
      auto by_head = [](const Tensor& x) { return permute(x, {0, 2, 1, 3}); };
      const Tensor mask = normal({queries, keys}, 0, 1, of_dtype, generator) > -0.5;
      const Tensor weight = normal({2, 3, queries, 4}, 0, 1, of_dtype, generator);
      AttentionOptions options{.causal = true};
      if (is_masked) options.mask = mask;
      const Tensor y = scaled_dot_product_attention(by_head(q), by_head(k), by_head(v), options);

      const Tensor sees = unsqueeze(arange(queries), 1) >= arange(keys);
      const Tensor counts = is_masked ? logical_and(sees, mask) : sees;
      const Tensor scores = matmul(by_head(q), transpose(by_head(k))) / std::sqrt(5.);
      const Tensor powers = where(counts, exp(scores), 0.);
      const Tensor totals = sum(powers, -1, {.keepdims = true});
      const Tensor expected = matmul(powers / where(totals == 0, 1., totals), by_head(v));
      const double tolerance = dtype == DType::float32 ? 2e-5 : 1e-12;
      CHECK(allclose(y, expected, {.rtol = tolerance, .atol = tolerance}));
      {
        NoGrad no_grad;  // weights are not kept
        const Tensor plain = scaled_dot_product_attention(by_head(q), by_head(k), by_head(v), options);
        CHECK(allclose(plain, expected, {.rtol = tolerance, .atol = tolerance}));
      }
      const std::vector<Tensor> g = grad(sum(y * weight), {q, k, v}), wanted = grad(sum(expected * weight), {q, k, v});
      for (std::size_t i = 0; i < 3; ++i) CHECK(allclose(g[i], wanted[i], {.rtol = tolerance, .atol = tolerance}));
    }
}

TEST_CASE("scale is 1 / sqrt(E), or what is given, of any sign", "[nn][attention]") {
  Tensor q = f64({{1., 2.}}), k = f64({{1., 0.}, {0., 1.}}), v = f64({{1.}, {0.}});
  auto sigmoid_of = [](double x) { return 1 / (1 + std::exp(-x)); };
  CHECK(scaled_dot_product_attention(q, k, v).item() == Approx(sigmoid_of(-1 / std::sqrt(2.))));
  CHECK(scaled_dot_product_attention(q, k, v, {.scale = -3}).item() == Approx(sigmoid_of(3)));
  CHECK(scaled_dot_product_attention(q, k, v, {.scale = 0}).item() == Approx(0.5));
}

TEST_CASE("The key that wins keeps its derivative, though its weight rounds to 1", "[nn][attention]") {
  for (const DType dtype : {DType::float32, DType::float64})
    for (const double gap : {12., 20., dtype == DType::float32 ? 30. : 38.})
      for (const bool create_graph : {false, true})
        for (const bool has_mask : {false, true}) {
          INFO(name(dtype) << " gap " << gap << " create_graph " << create_graph << " mask " << has_mask);
          const TensorOptions variables{.dtype = dtype, .requires_grad = true};
          Tensor q = tensor({{1.}}, variables), k = tensor({{gap}, {0.}}, variables),
                 v = tensor({{3.}, {1.}}, variables);
          Tensor mask = zeros({1, 2}, variables);
          AttentionOptions options;
          if (has_mask) options.mask = mask;
          Tensor y = sum(scaled_dot_product_attention(q, k, v, options));
          std::vector<Tensor> inputs{q, k};
          if (has_mask) inputs.push_back(mask);
          const std::vector<Tensor> g = grad(y, inputs, {.create_graph = create_graph});
          const double p = 1 / (1 + std::exp(gap)), change = 2 * p * (1 - p);
          const double digits = dtype == DType::float32 ? 2e-6 : 1e-12;
          CHECK(g[0].item() == Approx(change * gap).epsilon(digits));
          for (std::size_t i = 1; i < inputs.size(); ++i) {
            const std::vector<double> each = g[i].to_vector<double>();
            CHECK(each[0] == Approx(change).epsilon(digits));
            CHECK(each[1] == Approx(-change).epsilon(digits));
          }
        }
}

TEST_CASE("Of many keys the one that wins keeps its derivative, in batches and behind them", "[nn][attention]") {
  Generator generator(9);
  constexpr TensorOptions kFloat{.dtype = DType::float32};
  for (const std::int64_t keys : {7, 50, 150})
    for (const bool causal : {false, true})
      for (const bool create_graph : {false, true}) {
        INFO(keys << " keys, causal " << causal << ", create_graph " << create_graph);
        const std::int64_t winner = causal ? 0 : keys - 3;
        const Tensor q = reshape(linspace(0.2, 0.5, 80, kFloat), {2, 40, 1});
        const Tensor k = where(unsqueeze(arange(keys), 1) == winner, 60, normal({2, keys, 1}, 0, 1, kFloat, generator));
        const Tensor v = normal({2, keys, 3}, 0, 1, kFloat, generator), g = normal({2, 40, 3}, 0, 1, kFloat, generator);
        auto pulled = [&](DType dtype, bool is_composed) {
          const Tensor x = cast(q, dtype).detach().set_requires_grad();
          const AttentionOptions options{.causal = causal};
          Tensor y = is_composed ? matmul(attention_weights(x, cast(k, dtype), options), cast(v, dtype))
                                 : scaled_dot_product_attention(x, cast(k, dtype), cast(v, dtype), options);
          return cast(grad(sum(y * g), x, {.create_graph = create_graph}).detach(), DType::float64);
        };
        const Tensor expected = pulled(DType::float64, true);
        CHECK(allclose(pulled(DType::float64, false), expected, {.rtol = 1e-9, .atol = 0}));
        CHECK(allclose(pulled(DType::float32, false), expected, {.rtol = 1e-3, .atol = 0}));
      }
}

TEST_CASE("Attention drops weights and scales the others", "[nn][attention]") {
  Generator generator(3), same(3);
  Tensor q = zeros({50, 2}, kDouble), k = zeros({40, 2}, kDouble), v = ones({40, 1}, kDouble);
  Tensor y = scaled_dot_product_attention(q, k, v, {.dropout = 0.5, .generator = &generator});
  Tensor kept = bernoulli({50, 40}, 0.5, same);
  CHECK(is_close(y, sum(cast(kept, DType::float64), 1, {.keepdims = true}) * (2. / 40)));
  CHECK(is_close(scaled_dot_product_attention(q, k, v, {.dropout = 1}), zeros({50, 1}, kDouble)));
}

TEST_CASE("No keys and no queries", "[nn][attention]") {
  CHECK(is_close(scaled_dot_product_attention(zeros({2, 3}, kDouble), zeros({0, 3}, kDouble), zeros({0, 4}, kDouble)),
                 zeros({2, 4}, kDouble)));
  CHECK(scaled_dot_product_attention(zeros({0, 3}), zeros({2, 3}), zeros({2, 4})).shape() == Shape{0, 4});
  CHECK(scaled_dot_product_attention(zeros({0, 5, 3}), zeros({0, 2, 3}), zeros({0, 2, 4})).shape() == Shape{0, 5, 4});
}

namespace {

/// Heads [N, heads, L, E / heads] of the parts of one projection x, as views; x is [L, N, parts E], or [N, L, parts E].
std::vector<Tensor> heads_of(const Tensor& x, int parts, std::int64_t heads, bool batch_first) {
  const std::int64_t e = x.size(2) / parts;
  std::vector<Tensor> result;
  for (const Tensor& part : split(x, e, -1)) {
    const Tensor by_head = reshape(part, {x.size(0), x.size(1), heads, e / heads});
    result.push_back(permute(by_head, batch_first ? std::vector{0, 2, 1, 3} : std::vector{1, 2, 0, 3}));
  }
  return result;
}

Tensor random(const Shape& shape, DType dtype, int seed) {
  Generator generator(static_cast<std::uint64_t>(seed));
  return normal(shape, 0, 1, {.dtype = dtype}, generator);
}

Tensor attention_of_operators(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& mask) {
  const double scale = 1 / std::sqrt(static_cast<double>(q.size(-1)));
  const Tensor scores = matmul(q, transpose(k)) * scale;
  return matmul(softmax(mask.defined() ? where(mask, scores, -1e30) : scores), v);
}

}  // namespace

TEST_CASE("Attention of heads that are slices of one projection, and its gradient to the second order",
          "[nn][attention]") {
  for (bool batch_first : {false, true})
    for (bool is_masked : {false, true})
      for (DType dtype : {DType::float32, DType::float64}) {
        const Tensor mask = is_masked ? random({2, 1, 5, 5}, dtype, 4) > -1 : Tensor();
        const Tensor given = random(batch_first ? Shape{2, 5, 24} : Shape{5, 2, 24}, dtype, 1);
        const Tensor g = random({2, 4, 5, 2}, dtype, 2);
        auto attention = [&](const Tensor& x) {
          const std::vector<Tensor> heads = heads_of(x, 3, 4, batch_first);
          return scaled_dot_product_attention(heads[0], heads[1], heads[2], {.mask = mask});
        };
        Tensor x = copy(given).set_requires_grad(), same = copy(given).set_requires_grad();
        const std::vector<Tensor> heads = heads_of(same, 3, 4, batch_first);
        const Tensor y = attention(x), expected = attention_of_operators(heads[0], heads[1], heads[2], mask);
        const AllcloseOptions tolerance = dtype == DType::float32 ? AllcloseOptions{.rtol = 1e-4, .atol = 1e-5}
                                                                  : AllcloseOptions{.rtol = 1e-11, .atol = 1e-12};
        CHECK(allclose(y, expected, tolerance));
        // Joined again the heads need no copy.
        const Tensor joined = permute(y, batch_first ? std::vector{0, 2, 1, 3} : std::vector{2, 0, 1, 3});
        CHECK(joined.is_contiguous());
        CHECK(allclose(grad(y, x, g), grad(expected, same, g), tolerance));
        if (dtype == DType::float64) gradgradcheck(attention, {given});
      }
}

TEST_CASE("Attention to keys and values that are slices of one projection, or that lie anywhere", "[nn][attention]") {
  const Tensor q = random({2, 3, 4, 6}, DType::float64, 1), memory = random({7, 2, 36}, DType::float64, 2);
  auto of_memory = [](const Tensor& q, const Tensor& memory) {
    const std::vector<Tensor> heads = heads_of(memory, 2, 3, false);
    return scaled_dot_product_attention(q, heads[0], heads[1]);
  };
  const std::vector<Tensor> heads = heads_of(memory, 2, 3, false);
  CHECK(is_close(of_memory(q, memory), attention_of_operators(q, heads[0], heads[1], {})));
  gradgradcheck(of_memory, {q, memory});
  // Of three slices some are wanted; keys before queries.
  Tensor x = random({2, 3, 12}, DType::float64, 3).set_requires_grad();
  const Tensor g = random({2, 2, 3, 2}, DType::float64, 7);
  auto mixed = [&](const auto& attention) {
    const std::vector<Tensor> heads = heads_of(x, 3, 2, true);
    return grad(attention(heads[1], heads[0], heads[2].detach()) + attention(heads[0], heads[1].detach(), heads[2]), x,
                g);
  };
  CHECK(is_close(
      mixed([](const Tensor& q, const Tensor& k, const Tensor& v) { return scaled_dot_product_attention(q, k, v); }),
      mixed([](const Tensor& q, const Tensor& k, const Tensor& v) { return attention_of_operators(q, k, v, {}); })));
  // Columns in the place of rows; one value for all.
  auto turned = [](const Tensor& q, const Tensor& k, const Tensor& v) {
    return scaled_dot_product_attention(transpose(q), transpose(k), expand(v, {3, 2}));
  };
  const Tensor turned_q = random({3, 4}, DType::float64, 4), k = random({3, 3}, DType::float64, 5),
               v = random({1, 2}, DType::float64, 6);
  CHECK(is_close(turned(turned_q, k, v),
                 attention_of_operators(transpose(turned_q), transpose(k), expand(v, {3, 2}), {})));
  gradgradcheck(turned, {turned_q, k, v});
}

TEST_CASE("Attention of heads has the same bits on two threads", "[nn][attention][threads]") {
  const int before = num_threads();
  const Tensor given = random({96, 3, 96}, DType::float32, 1), g = random({3, 4, 96, 8}, DType::float32, 2);
  std::vector<std::vector<float>> results;
  for (int threads : {1, 2}) {
    set_num_threads(threads);
    Tensor x = copy(given).set_requires_grad();
    const std::vector<Tensor> heads = heads_of(x, 3, 4, false);
    const Tensor y = scaled_dot_product_attention(heads[0], heads[1], heads[2], {.causal = true});
    for (const Tensor& each : {contiguous(y.detach()), contiguous(grad(y, x, g))})
      results.emplace_back(each.data<float>(), each.data<float>() + each.numel());
  }
  set_num_threads(before);
  CHECK(results[0] == results[2]);
  CHECK(results[1] == results[3]);
}

// ---- Embedding ----

TEST_CASE("The padding row has a gradient of 0", "[nn][embedding]") {
  Tensor w = ones({3, 2}, kVariable);
  Tensor y = embedding(integers({0, 2, 2, 1}), w, {.padding_index = -1});
  CHECK(is_close(grad(sum(y), w), f64({{1., 1.}, {1., 1.}, {0., 0.}})));
  Tensor shared = embedding(integers({0, 2, 2, 1}), w, {.scale_grad_by_freq = true});
  CHECK(is_close(grad(sum(shared), w), f64({{1., 1.}, {1., 1.}, {1., 1.}})));
  CHECK_THROWS_AS(embedding(integers({3}), w), std::out_of_range);
  CHECK_THROWS_AS(embedding(integers({-1}), w), std::out_of_range);
}

TEST_CASE("Bags by offsets, empty ones too", "[nn][embedding]") {
  Tensor w = reshape(arange(10.0, kDouble), {5, 2}).set_requires_grad(), indices = integers({1, 2, 4, 1});
  CHECK(is_close(embedding_bag(indices, w, {.offsets = integers({0, 0, 2})}), f64({{0., 0.}, {3., 4.}, {5., 6.}})));
  CHECK(is_close(embedding_bag(indices, w, {.offsets = integers({0, 0, 2}), .mode = BagMode::max}),
                 f64({{0., 0.}, {4., 5.}, {8., 9.}})));
  CHECK(is_close(
      embedding_bag(indices, w, {.offsets = integers({0, 2}), .mode = BagMode::sum, .include_last_offset = true}),
      f64({{6., 8.}})));
  CHECK(embedding_bag(indices, ones({5, 2}),
                      {.offsets = integers({0, 2}),
                       .mode = BagMode::sum,
                       .per_sample_weights = ones(indices.shape(), {.dtype = DType::float64})})
            .dtype() == DType::float64);
  Tensor y = embedding_bag(indices, w, {.offsets = integers({0, 2}), .mode = BagMode::sum, .scale_grad_by_freq = true});
  CHECK(is_close(grad(sum(y), w), f64({{0., 0.}, {1., 1.}, {1., 1.}, {0., 0.}, {1., 1.}})));
  CHECK_THROWS_AS(embedding_bag(indices, w, {.offsets = integers({1, 2})}), std::out_of_range);
  CHECK_THROWS_AS(embedding_bag(indices, w, {.offsets = integers({0, 3, 2})}), std::out_of_range);
  CHECK_THROWS_AS(embedding_bag(indices, w, {.offsets = integers({0, 5})}), std::out_of_range);
  CHECK_THROWS_WITH(embedding_bag(indices, w, {.offsets = integers({0, 5})}),
                    Catch::Matchers::Contains("offset 1 is 5"));
  CHECK_THROWS_AS(embedding_bag(indices, w), std::invalid_argument);
}

TEST_CASE("A table without rows has an empty gradient in every mode of its bags", "[nn][embedding]") {
  for (BagMode mode : {BagMode::sum, BagMode::mean, BagMode::max}) {
    Tensor w = zeros({0, 2}, kDouble).set_requires_grad();
    sum(embedding_bag(zeros({0}, {.dtype = DType::int64}), w, {.offsets = integers({0}), .mode = mode})).backward();
    CHECK(w.grad().shape() == Shape{0, 2});
  }
}

TEST_CASE("A padding row is in no bag, and does not count in its mean", "[nn][embedding]") {
  Tensor w = reshape(arange(10.0, kDouble), {5, 2}).set_requires_grad();
  Tensor indices = from_vector(std::vector<std::int64_t>{1, 2, 3, 3, 1, 3}, {3, 2});
  CHECK(is_close(embedding_bag(indices, w, {.padding_index = 3}), f64({{3., 4.}, {0., 0.}, {2., 3.}})));
  Tensor y = embedding_bag(indices, w, {.mode = BagMode::max, .padding_index = 3});
  CHECK(is_close(y, f64({{4., 5.}, {0., 0.}, {2., 3.}})));
  CHECK(is_close(grad(sum(y), w), f64({{0., 0.}, {1., 1.}, {1., 1.}, {0., 0.}, {0., 0.}})));
}

// ---- Interpolation ----

TEST_CASE("align_corners at an extent of 1 reads the first element", "[nn][interpolation]") {
  Tensor x = f64({{{1., 2., 3., 4.}}});
  for (Interpolation mode : {Interpolation::linear})
    CHECK(interpolate(x, {.size = 1, .mode = mode, .align_corners = true}).item() == 1);
  CHECK(is_close(interpolate(f64({{{5.}}}), {.size = 3, .mode = Interpolation::linear, .align_corners = true}),
                 f64({{{5., 5., 5.}}})));
  CHECK(is_close(interpolate(x, {.size = 7, .mode = Interpolation::linear, .align_corners = true}),
                 f64({{{1., 1.5, 2., 2.5, 3., 3.5, 4.}}})));
}

TEST_CASE("nearest rounds down, nearest_exact to the nearest middle", "[nn][interpolation]") {
  Tensor x = f64({{{1., 2., 3.}}});
  CHECK(is_close(interpolate(x, {.size = 5}), f64({{{1., 1., 2., 2., 3.}}})));
  CHECK(is_close(interpolate(x, {.size = 5, .mode = Interpolation::nearest_exact}), f64({{{1., 1., 2., 3., 3.}}})));
}

TEST_CASE("A scale factor is the scale, or recomputed from the extents", "[nn][interpolation]") {
  using Catch::Matchers::Contains;
  Tensor x = f64({{{1., 2., 4., 8.}}});
  Tensor by_factor = interpolate(x, {.scale_factor = 1.7, .mode = Interpolation::linear});
  Tensor by_size = interpolate(x, {.size = 6, .mode = Interpolation::linear});
  CHECK(by_factor.shape() == Shape{1, 1, 6});
  CHECK_FALSE(is_close(by_factor, by_size));
  CHECK(is_close(interpolate(x, {.scale_factor = 1.7, .mode = Interpolation::linear, .recompute_scale_factor = true}),
                 by_size));
  CHECK_THROWS_WITH(interpolate(x, {}), Contains("one of size and scale_factor must be given, but none is. at "));
  CHECK_THROWS_WITH(interpolate(x, {.size = 2, .scale_factor = 2}),
                    Contains("one of size and scale_factor must be given, but both are. at "));
  CHECK_THROWS_AS(interpolate(x, {.scale_factor = 1e300}), std::invalid_argument);
  CHECK_THROWS_AS(interpolate(x, {.scale_factor = std::nan("")}), std::invalid_argument);
  CHECK_THROWS_AS(interpolate(x, {.scale_factor = 0.1}), std::invalid_argument);
}

TEST_CASE("grid_sample at the identity's places is the image", "[nn][interpolation]") {
  Tensor x = reshape(arange(12.0, kDouble), {1, 1, 3, 4});
  for (bool align_corners : {false, true}) {
    Tensor theta = f64({{{1., 0., 0.}, {0., 1., 0.}}});
    Tensor grid = affine_grid(theta, {1, 1, 3, 4}, {.align_corners = align_corners});
    for (GridInterpolation mode : {GridInterpolation::linear, GridInterpolation::nearest, GridInterpolation::cubic})
      CHECK(
          is_close(grid_sample(x, grid, {.mode = mode, .padding = GridPadding::border, .align_corners = align_corners}),
                   x, 1e-9));
  }
}

TEST_CASE("grid_sample outside of the image", "[nn][interpolation]") {
  Tensor x = f64({{{{1., 2.}}}}), grid = f64({{{{-1.5, 0.}, {1.5, 0.}, {1e30, 0.}}}});
  CHECK(is_close(grid_sample(x, grid), f64({{{{0., 0., 0.}}}})));
  CHECK(is_close(grid_sample(x, grid, {.padding = GridPadding::border}), f64({{{{1., 2., 2.}}}})));
  Tensor near = f64({{{{-1.5, 0.}, {1.5, 0.}}}});
  CHECK(is_close(grid_sample(x, near, {.padding = GridPadding::reflection}), f64({{{{1., 2.}}}})));
  CHECK(is_close(grid_sample(x, near, {.padding = GridPadding::reflection, .align_corners = true}),
                 f64({{{{1.25, 1.75}}}})));
}

TEST_CASE("grid_sample's nearest rounds halves to even in an image, away from 0 in a volume, as PyTorch's",
          "[nn][interpolation]") {
  Tensor grid = zeros({1, 1, 4, 2}, kDouble), deep = zeros({1, 1, 1, 4, 3}, kDouble);
  for (int i = 0; i < 4; ++i) {
    grid[{0, 0, i, 0}].assign(-.75 + .5 * i);
    deep[{0, 0, 0, i, 0}].assign(-.75 + .5 * i);
  }
  const Tensor x = reshape(arange(0, 5, 1, kDouble), {1, 1, 1, 5});
  const GridSampleOptions options{.mode = GridInterpolation::nearest, .align_corners = true};
  CHECK(grid_sample(x, grid, options).to_vector() == std::vector<double>{0, 2, 2, 4});
  CHECK(grid_sample(unsqueeze(x, 2), deep, options).to_vector() == std::vector<double>{1, 2, 3, 4});
}

TEST_CASE("An infinite element outside of what a place reads does not reach it", "[nn][interpolation]") {
  Tensor x = f64({{{{std::numeric_limits<double>::infinity(), 2., 4.}}}});
  CHECK(grid_sample(x, f64({{{{1., 0.}}}})).item() == 2);  // half of 4, the other half is outside
}
