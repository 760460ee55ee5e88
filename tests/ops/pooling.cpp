// Expected numbers without a derivation beside them are PyTorch 1.13.1's.
#include <xgrad/autograd/ops/pooling.hpp>

#include <cmath>
#include <limits>

#include <xgrad/autograd/grad.hpp>
#include <xgrad/autograd/ops.hpp>
#include "../support.hpp"

using namespace xgrad;
using namespace xgrad::testing;

namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

Tensor row(std::vector<double> elements) {
  return from_vector(elements, {1, static_cast<std::int64_t>(elements.size())});
}

}  // namespace

TEST_CASE("max_pool takes the first of equals, and a nan where there is one", "[nn][pooling]") {
  auto [values, indices] = max_pool1d_with_indices(row({2, 2, -kInf, -kInf, 1, std::nan("")}), 2);
  CHECK(is_close(values, f64({{2., -kInf, std::nan("")}})));
  CHECK(indices.to_vector<std::int64_t>() == std::vector<std::int64_t>{0, 2, 5});
  Tensor x = f64({{1., 1., 1., 1.}}).set_requires_grad();
  CHECK(is_close(grad(sum(max_pool1d(x, 3, {.stride = 1})), x), f64({{1., 1., 0., 0.}})));
}

TEST_CASE("ceil_mode keeps a window that begins in x or in the padding before it", "[nn][pooling]") {
  Tensor x = row({1, 2, 3, 4, 5});
  CHECK(max_pool1d(x, 2).shape() == Shape{1, 2});
  CHECK(is_close(max_pool1d(x, 2, {.ceil_mode = true}), f64({{2., 4., 5.}})));
  // The third window would begin at 5, behind x.
  CHECK(is_close(max_pool1d(row({1, 2, 3, 4}), 2, {.stride = 3, .padding = 1, .ceil_mode = true}), f64({{1., 4.}})));
  CHECK(avg_pool1d(row({1, 2, 3}), 1, {.stride = 3, .ceil_mode = true}).shape() == Shape{1, 1});
}

TEST_CASE("avg_pool counts the padding, but not what ceil_mode adds", "[nn][pooling]") {
  Tensor x = row({1, 2, 3, 4, 5});
  CHECK(is_close(avg_pool1d(x, 2, {.ceil_mode = true}), f64({{1.5, 3.5, 5.}})));
  CHECK(is_close(avg_pool1d(x, 3, {.stride = 2, .padding = 1}), f64({{1., 3., 3.}})));
  CHECK(is_close(avg_pool1d(x, 3, {.stride = 2, .padding = 1, .count_include_pad = false}), f64({{1.5, 3., 4.5}})));
  CHECK(is_close(avg_pool1d(x, 2, {.divisor_override = -1}), f64({{-3., -7.}})));
}

TEST_CASE("avg_pool of integers truncates", "[nn][pooling]") {
  Tensor x = from_vector(std::vector<std::int64_t>{-1, -2, 3, 4}, {1, 4});
  CHECK(avg_pool1d(x, 2).to_vector<std::int64_t>() == std::vector<std::int64_t>{-1, 3});
  CHECK(max_pool1d(x, 2).to_vector<std::int64_t>() == std::vector<std::int64_t>{-1, 4});
  CHECK_THROWS_AS(max_pool1d(x == 0, 2), std::invalid_argument);
}

TEST_CASE("Windows that make no sense are refused by name", "[nn][pooling]") {
  Tensor x = zeros({1, 1, 4, 4});
  CHECK(message_of<std::invalid_argument>([&] {
          max_pool2d(x, 2, {.padding = 2});
        }).find("max_pool2d: padding must be at most half of the window, but it is [2] and the window [2].") == 0);
  CHECK(message_of<std::invalid_argument>([&] {
          avg_pool2d(x, 5);
        }).find("avg_pool2d: a window must fit into the padded x") == 0);
  CHECK(message_of<std::invalid_argument>([&] {
          max_pool2d(x, {2, 2, 2});
        }).find("max_pool2d: window must be one number, or 2, but it is [2, 2, 2].") == 0);
  CHECK_THROWS_AS(max_pool2d(x, 0), std::invalid_argument);
  CHECK_THROWS_AS(max_pool2d(x, 2, {.stride = 0}), std::invalid_argument);
  CHECK_THROWS_AS(max_pool2d(zeros({4, 4}), 2), std::invalid_argument);
  CHECK_THROWS_AS(max_pool2d(zeros({1, 1, 0, 4}), 1), std::invalid_argument);
  constexpr std::int64_t kHuge = std::numeric_limits<std::int64_t>::max();
  CHECK_THROWS_AS(max_pool2d(x, 2, {.dilation = kHuge}), std::invalid_argument);
  CHECK_THROWS_AS(max_pool2d(x, kHuge, {.padding = kHuge / 2}), std::invalid_argument);
  CHECK(max_pool2d(x, 1, {.stride = kHuge}).shape() == Shape{1, 1, 1, 1});
  CHECK(max_pool2d(zeros({0, 3, 4, 4}), 2).shape() == Shape{0, 3, 2, 2});
}

TEST_CASE("A window none of whose elements lies in x is -inf, without gradient", "[nn][pooling]") {
  Tensor x = f64({{7.}}).set_requires_grad();
  MaxPooled pooled = max_pool1d_with_indices(x, 2, {.stride = 3, .padding = 1, .dilation = 2});
  CHECK(pooled.values.item() == -kInf);
  CHECK(pooled.indices.item<std::int64_t>() == -1);
  CHECK(grad(sum(pooled.values), x).item() == 0);
  CHECK(grad(sum(max_pool1d(x, 2, {.stride = 3, .padding = 1, .dilation = 2})), x, {.create_graph = true}).item() == 0);
}

TEST_CASE("Adaptive pools cut an axis into parts that may overlap", "[nn][pooling]") {
  Tensor x = row({1, 2, 3, 4, 5});
  CHECK(is_close(adaptive_avg_pool1d(x, 3), f64({{1.5, 3., 4.5}})));
  CHECK(is_close(adaptive_max_pool1d(x, 3), f64({{2., 4., 5.}})));
  CHECK(is_close(adaptive_avg_pool1d(x, 7), f64({{1., 1.5, 2.5, 3., 3.5, 4.5, 5.}})));
  CHECK(is_close(adaptive_avg_pool1d(x, kSameExtent), x));
  CHECK(adaptive_max_pool1d(x, 0).shape() == Shape{1, 0});
  CHECK(adaptive_avg_pool2d(zeros({2, 3, 4, 5}), {kSameExtent, 2}).shape() == Shape{2, 3, 4, 2});
}

TEST_CASE("lp_pool has no gradient where all elements of a window are 0", "[nn][pooling]") {
  Tensor x = f64({{0., 0., 3., 4.}}).set_requires_grad();
  Tensor y = lp_pool1d(x, 2, 2);
  CHECK(is_close(y, f64({{0., 5.}})));
  CHECK(is_close(grad(sum(y), x), f64({{0., 0., 0.6, 0.8}})));
}

TEST_CASE("lp_pool with an infinite p is the largest magnitude of a window, or the smallest", "[nn][pooling]") {
  // The gradient goes to the first element of that magnitude, as max_pool's does; the last window holds one alone.
  Tensor x = f64({{1., -3., 3., 0., 0., 2., -0.5}}).set_requires_grad();
  auto pooled = [&](double p) { return lp_pool1d(x, p, 3, {.ceil_mode = true}); };
  CHECK(is_close(pooled(kInf), f64({{3., 2., 0.5}})));
  CHECK(is_close(pooled(-kInf), f64({{1., 0., 0.5}})));
  for (bool create_graph : {false, true}) {
    CHECK(is_close(grad(sum(pooled(kInf)), x, {.create_graph = create_graph}), f64({{0., -1., 0., 0., 0., 1., -1.}})));
    CHECK(is_close(grad(sum(pooled(-kInf)), x, {.create_graph = create_graph}), f64({{1., 0., 0., 0., 0., 0., -1.}})));
  }
  // Second order: of sum(y^2) it is 2 at the elements that were taken.
  Tensor g = grad(sum(square(pooled(kInf))), x, {.create_graph = true});
  CHECK(is_close(g, f64({{0., -6., 0., 0., 0., 4., -1.}})));
  CHECK(is_close(grad(sum(g), x), f64({{0., 2., 0., 0., 0., 2., 2.}})));
  CHECK(is_close(lp_pool2d(f64({{{1., -5.}, {2., 3.}}}), kInf, 2), f64({{{5.}}})));
  CHECK(lp_pool1d(tensor({{1., -2.}}, {.dtype = DType::float32}), 1e39, 2).item() == 2);  // float32 has no such p
  CHECK(std::isnan(lp_pool1d(f64({{1., std::nan("")}}), kInf, 2).item()));
  CHECK(message_of<std::invalid_argument>([&] {
          lp_pool1d(x, std::nan(""), 2);
        }).find("lp_pool1d: p must be a number other than 0, but it is nan.") == 0);
}

TEST_CASE("lp_pool with a large p comes near to the largest magnitude, or the smallest", "[nn][pooling]") {
  // Powers of a number between 1 and 2 leave the range as well.
  for (double p : {5e3, 5e5, 5e15}) {
    Tensor x = f64({{1.9, 1.2, 0.3, 0.6}}).set_requires_grad();
    CHECK(is_close(lp_pool1d(x, p, 2), f64({{1.9, 0.6}})));
    CHECK(is_close(lp_pool1d(x, -p, 2), f64({{1.2, 0.3}})));
    CHECK(is_close(grad(sum(lp_pool1d(x, p, 2)), x), f64({{1., 0., 0., 1.}})));
    CHECK(is_close(grad(sum(lp_pool1d(x, -p, 2)), x), f64({{0., 1., 1., 0.}})));
  }
}
