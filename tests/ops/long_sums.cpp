// Sums of many float32 in lookups, samples and windows. One to which ones are added one by one stops at 2^24: so sums
// of more than a few hundred are made in double, and here each begins with 2^24 and goes on with 300 ones.
#include <cmath>

#include <xgrad/autograd/grad.hpp>
#include <xgrad/autograd/ops.hpp>
#include "../support.hpp"

using namespace xgrad;
using namespace xgrad::testing;

namespace {

constexpr std::int64_t kCount = 301;
constexpr double kStart = 16777216, kSum = kStart + kCount - 1;

/// 2^24 and ones, in this shape.
Tensor numbers(const Shape& shape) {
  std::vector<float> elements(kCount, 1.0f);
  elements[0] = static_cast<float>(kStart);
  return from_vector(elements, shape);
}

/// The gradient of sum(y numbers) by x.
template <class F>
Tensor spread(const Tensor& given, F f) {
  Tensor x = given.detach().set_requires_grad(), y = f(x);
  return grad(sum(y * numbers(y.shape())), x);
}

}  // namespace

TEST_CASE("a long bag's sum and mean are those of double precision, rounded", "[embedding]") {
  std::vector<std::int64_t> first(kCount, 1);
  first[0] = 0;
  const Tensor indices = from_vector(first), start = zeros({1}, {.dtype = DType::int64});
  // More columns than are worked on together.
  for (std::int64_t d : {1, 300}) {
    Tensor table = stack(std::vector<Tensor>{full({d}, kStart), ones({d})}, 0);
    auto bag = [&](BagMode mode, const Tensor& factors) {
      return embedding_bag(indices, table, {.offsets = start, .mode = mode, .per_sample_weights = factors});
    };
    CHECK(is_close(bag(BagMode::sum, {}), full({1, d}, kSum), 0));
    CHECK(is_close(bag(BagMode::sum, full({kCount}, 2.0)), full({1, d}, 2 * kSum), 0));
    CHECK(is_close(bag(BagMode::mean, {}), full({1, d}, kSum / kCount), 1e-7));
  }
}

TEST_CASE("the gradient of a pixel that grid_sample reads often is as accurate as a sum", "[grid_sample]") {
  for (GridInterpolation mode : {GridInterpolation::nearest, GridInterpolation::linear, GridInterpolation::cubic})
    for (GridPadding padding : {GridPadding::border, GridPadding::zeros}) {
      // The first sample reads its middle pixel alone, the second one each pixel a few times.
      Tensor grid = zeros({2, kCount, 1, 2});
      grid[1].assign(reshape(linspace(-1, 1, 2 * kCount), {kCount, 1, 2}));
      Tensor x = ones({2, 1, 9, 9}, {.requires_grad = true});
      Tensor y = grid_sample(x, grid, {.mode = mode, .padding = padding, .align_corners = true});
      Tensor g = stack(std::vector<Tensor>{numbers({1, kCount, 1}), ones({1, kCount, 1})}, 0);
      Tensor gx = grad(sum(y * g), x);
      CHECK(gx[{0, 0, 4, 4}].item() == kSum);
      Tensor wide = cast(x.detach(), DType::float64).set_requires_grad();
      Tensor expected = grad(sum(grid_sample(wide, cast(grid, DType::float64),
                                             {.mode = mode, .padding = padding, .align_corners = true})[1]),
                             wide);
      CHECK(is_close(cast(gx[1], DType::float64), expected[1], 1e-5));
    }
}

TEST_CASE("interpolate and its gradient are as accurate as sums", "[interpolate]") {
  for (Interpolation mode : {Interpolation::nearest, Interpolation::linear, Interpolation::area}) {
    CHECK(spread(ones({1, 1, 1}), [&](const Tensor& x) {
            return interpolate(x, {.size = kCount, .mode = mode});
          }).item() == kSum);
    // With neighbours along another axis.
    Tensor gx = spread(ones({1, 1, 1, 1}), [&](const Tensor& x) {
      return interpolate(x, {.size = {kCount, 1}, .mode = mode});
    });
    CHECK(gx.item() == kSum);
    Tensor x = ones({1, 1, 1, 2}, {.requires_grad = true});
    Tensor y = interpolate(x, {.size = {kCount, 2}, .mode = mode});
    CHECK(is_close(grad(sum(y * numbers({kCount, 1})), x), full({1, 1, 1, 2}, kSum), 0));
  }
  CHECK(is_close(adaptive_avg_pool1d(numbers({1, kCount}), 1), full({1, 1}, kSum / kCount), 1e-7));
  CHECK(is_close(adaptive_avg_pool2d(expand(numbers({1, kCount, 1}), {1, kCount, 3}), {1, 3}),
                 full({1, 1, 3}, kSum / kCount), 1e-7));
}

TEST_CASE("means of long windows and their gradients are as accurate as sums", "[nn][pooling]") {
  CHECK(avg_pool2d(numbers({1, 7, 43}), {7, 43}, {.divisor_override = 1}).item() == kSum);
  CHECK(avg_pool1d(numbers({1, kCount}), kCount).item() == Approx(kSum / kCount).epsilon(1e-7));
  CHECK(std::abs(lp_pool1d(numbers({1, kCount}), 1, kCount).item() - kSum) <= 4);
  // The middle element lies in all windows.
  Tensor row = zeros({1, 2 * kCount - 1});
  row[{0, kCount - 1}].assign(ones({}));
  Tensor mean =
      spread(row, [](const Tensor& x) { return avg_pool1d(x, kCount, {.stride = 1, .divisor_override = 1}); });
  CHECK(mean[{0, kCount - 1}].item() == kSum);
  Tensor largest = spread(row, [](const Tensor& x) { return max_pool1d(x, kCount, {.stride = 1}); });
  CHECK(largest[{0, kCount - 1}].item() == kSum);
  CHECK(spread(ones({1, 1}), [](const Tensor& x) { return adaptive_max_pool1d(x, kCount); }).item() == kSum);
}

TEST_CASE("products of long columns and gradients of many distances are as accurate as sums", "[matmul][cdist]") {
  constexpr std::int64_t kMany = 17'000'000;
  CHECK(is_close(matmul(ones({1, kMany}), ones({kMany, 2})), full({1, 2}, kMany), 0));
  for (double p : {1, 2}) {
    Tensor x = ones({1, 1}, {.requires_grad = true});
    CHECK(grad(sum(cdist(x, zeros({kMany, 1}), p)), x).item() == kMany);
  }
}
