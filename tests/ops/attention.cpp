// Attention, embeddings and interpolation. Expected numbers without a derivation beside them are PyTorch 1.13.1's.
#include <xgrad/autograd/ops/attention.hpp>

#include <cmath>
#include <limits>

#include <xgrad/autograd/grad.hpp>
#include <xgrad/autograd/ops.hpp>
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

TEST_CASE("scale is 1 / sqrt(E), or what is given, of any sign", "[nn][attention]") {
  Tensor q = f64({{1., 2.}}), k = f64({{1., 0.}, {0., 1.}}), v = f64({{1.}, {0.}});
  auto sigmoid_of = [](double x) { return 1 / (1 + std::exp(-x)); };
  CHECK(scaled_dot_product_attention(q, k, v).item() == Approx(sigmoid_of(-1 / std::sqrt(2.))));
  CHECK(scaled_dot_product_attention(q, k, v, {.scale = -3}).item() == Approx(sigmoid_of(3)));
  CHECK(scaled_dot_product_attention(q, k, v, {.scale = 0}).item() == Approx(0.5));
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
  CHECK_THROWS_AS(embedding_bag(indices, w), std::invalid_argument);
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
  Tensor x = f64({{{1., 2., 4., 8.}}});
  Tensor by_factor = interpolate(x, {.scale_factor = 1.7, .mode = Interpolation::linear});
  Tensor by_size = interpolate(x, {.size = 6, .mode = Interpolation::linear});
  CHECK(by_factor.shape() == Shape{1, 1, 6});
  CHECK_FALSE(is_close(by_factor, by_size));
  CHECK(is_close(interpolate(x, {.scale_factor = 1.7, .mode = Interpolation::linear, .recompute_scale_factor = true}),
                 by_size));
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

TEST_CASE("An infinite element outside of what a place reads does not reach it", "[nn][interpolation]") {
  Tensor x = f64({{{{std::numeric_limits<double>::infinity(), 2., 4.}}}});
  CHECK(grid_sample(x, f64({{{{1., 0.}}}})).item() == 2);  // half of 4, the other half is outside
}
