// Functions that depend on the directions of vectors, not on their lengths, or are as long as these: at lengths whose
// squares leave the range of the dtype.
#include <cmath>
#include <limits>

#include <xgrad/autograd/grad.hpp>
#include <xgrad/autograd/ops.hpp>
#include <xgrad/autograd/ops/similarity.hpp>
#include "../support.hpp"

using namespace xgrad;
using namespace xgrad::testing;

namespace {

/// f's values, its gradient by one backward and by that with a graph, and its second
/// derivative along a vector, at x times `by`: each as it would be at x if f(by x) is
/// by^degree f(x).
template <class F>
std::vector<Tensor> derivatives(F f, const Tensor& given, double by, int degree) {
  Tensor x = (given * by).detach().set_requires_grad();
  Tensor direction = reshape(linspace(1, 2, x.numel(), {.dtype = x.dtype()}), x.shape());
  auto loss = [&] {
    Tensor y = f(x);
    return sum(y * reshape(linspace(1, 3, y.numel(), {.dtype = y.dtype()}), y.shape()));
  };
  Tensor plain = grad(loss(), x), recorded = grad(loss(), x, {.create_graph = true});
  Tensor second = grad(sum(recorded * direction), x);
  Tensor value = f(x).detach();
  if (degree == 1) return {value / by, plain, recorded.detach(), second * by};
  return {value, plain * by, recorded.detach() * by, (second * by) * by};
}

/// That f is as homogeneous where its squares leave the range as it is at 1: in both dtypes, at large and small
/// elements.
template <class F>
void check_homogeneous(const char* name, F f, const Tensor& x, int degree, bool is_small_too = true) {
  const std::vector<Tensor> expected = derivatives(f, x, 1, degree);
  for (DType dtype : {DType::float32, DType::float64}) {
    // First-order at lengths near the ends, second-order as far as its numbers go.
    const double far = dtype == DType::float32 ? 0x1p100 : 0x1p700, middle = dtype == DType::float32 ? 0x1p50 : 0x1p450;
    const double tolerance = dtype == DType::float32 ? 3e-5 : 1e-12;
    for (double by : {middle, 1 / middle, far, 1 / far}) {
      if (by < 1 && !is_small_too) continue;
      const std::vector<Tensor> got = derivatives(f, cast(x, dtype), by, degree);
      const bool is_far = by > middle || by < 1 / middle;
      for (std::size_t i = 0; i < (is_far && degree == 0 ? 3 : 4); ++i) {
        INFO(name << ", " << dtype << ", by " << by << ", derivative " << i << ": " << got[i] << ", but expected "
                  << expected[i]);
        const double size = max(abs(expected[i])).item() + 1e-3;
        CHECK(max(abs(cast(got[i], DType::float64) - expected[i])).item() <= tolerance * size);
      }
    }
  }
}

}  // namespace

TEST_CASE("norms of rows whose squares overflow or underflow", "[nn][normalization]") {
  const Tensor x = f64({{1, -2, 0.5, 3}, {-1, 4, 2, 2.5}});
  check_homogeneous(
      "rms_norm", [](const Tensor& x) { return rms_norm(x, {4}, {}, 0.); }, x, 0);
  check_homogeneous(
      "layer_norm", [](const Tensor& x) { return layer_norm(x, {4}, {}, {}, 0); }, x, 0);
  auto images = [](const Tensor& x) { return reshape(x, {1, 2, 4}); };
  check_homogeneous(
      "group_norm", [&](const Tensor& x) { return group_norm(images(x), 1, {}, {}, 0); }, x, 0);
  check_homogeneous(
      "instance_norm", [&](const Tensor& x) { return instance_norm(images(x), {}, {}, {}, {}, {.eps = 0}); }, x, 0);
  check_homogeneous(
      "batch_norm",
      [&](const Tensor& x) { return batch_norm(images(x), {}, {}, {}, {}, {.training = true, .eps = 0}); }, x, 0);
  // Beside an eps large elements are the same, and small ones vanish.
  CHECK(is_close(rms_norm(tensor({3e30, 4e30}), {2}), rms_norm(tensor({3., 4.}), {2}, {}, 0.), 1e-6));
  CHECK(is_close(layer_norm(tensor({1e20, -1e20, 0.}), {3}), layer_norm(tensor({1., -1., 0.}), {3}, {}, {}, 0), 1e-6));
  CHECK(is_close(layer_norm(f64({1e200, -1e200, 0.}), {3}), layer_norm(f64({1., -1., 0.}), {3}, {}, {}, 0)));
  CHECK(max(abs(layer_norm(tensor({1e-30, -1e-30, 0.}), {3}))).item() < 1e-26);
  // Elements that are further apart than the largest number, in rows and in columns.
  const Tensor unit = layer_norm(f64({1., -1., 0.}), {3}, {}, {}, 0);
  CHECK(is_close(layer_norm(tensor({3e38, -3e38, 0.}), {3}), unit, 1e-5));
  CHECK(is_close(layer_norm(f64({1.5e308, -1.5e308, 0.}), {3}), unit));
  const auto columns = [](const Tensor& x) {
    return batch_norm(reshape(x, {3, 1}), {}, {}, {}, {}, {.training = true, .eps = 0});
  };
  for (double size : {1e-200, 1e200, 1.5e308}) CHECK(is_close(reshape(columns(f64({size, -size, 0.})), {3}), unit));
  for (double size : {1e-30, 1e25, 3e38}) CHECK(is_close(reshape(columns(tensor({size, -size, 0.})), {3}), unit, 1e-5));
  CHECK(std::isnan(layer_norm(tensor({1e30, -1e30, std::nan("")}), {3})[0].item()));
}

TEST_CASE("corrcoef of rows whose squares overflow or underflow", "[cov]") {
  const Tensor x = f64({{1, -2, 0.5, 3}, {2, 2.5, -1, 1}});
  check_homogeneous(
      "corrcoef", [](const Tensor& x) { return corrcoef(x); }, x, 0);
  // Rows of different size, without a graph.
  const Tensor expected = corrcoef(tensor({{1., -1., 0.}, {1., 2., 4.}}));
  CHECK(is_close(corrcoef(tensor({{1e20, -1e20, 0.}, {1., 2., 4.}})), expected, 1e-6));
  CHECK(is_close(corrcoef(tensor({{1e-25, -1e-25, 0.}, {1e-25, 2e-25, 4e-25}})), expected, 1e-6));
  CHECK(is_close(corrcoef(tensor({{1e25, -1e25, 0.}, {1e-25, 2e-25, 4e-25}})), expected, 1e-6));
}

TEST_CASE("cosine_embedding_loss of vectors whose squares overflow", "[nn][loss]") {
  const Tensor x = f64({1e3, -2e3, 0.5e3, 3e3});
  check_homogeneous(
      "cosine_embedding_loss",
      [](const Tensor& x) {
        return cosine_embedding_loss(x, tensor({3., 1., -1., 2.}, {.dtype = x.dtype()}), ones({}));
      },
      x, 0, false);
  Tensor large = tensor({3e30, 4e30});
  CHECK(std::abs(cosine_embedding_loss(large, large, ones({})).item()) < 1e-6);
  // The eps is as it was beside small ones: of 1e-6 and 1e-6 it takes one half.
  Tensor small = f64({1e-6, 0});
  CHECK(cosine_embedding_loss(small, small, ones({})).item() == Approx(0.5));
}

TEST_CASE("lp_pool of windows whose powers overflow or underflow", "[nn][pooling]") {
  const Tensor x = f64({{1, -2, 0.5, 3, 2}});
  for (double p : {2., 4., -2.})
    for (bool ceil_mode : {false, true})
      check_homogeneous(
          "lp_pool1d", [=](const Tensor& x) { return lp_pool1d(x, p, 3, {.stride = 2, .ceil_mode = ceil_mode}); }, x,
          1);
  check_homogeneous(
      "lp_pool1d", [](const Tensor& x) { return lp_pool1d(abs(x), 3, 2, {.ceil_mode = true}); }, x, 1);
  check_homogeneous(
      "lp_pool2d",
      [](const Tensor& x) {
        return lp_pool2d(x, 2, {2, 2});
      },
      f64({{{1, -2, 0.5, 3}, {2, 1, -1, 4}}}), 1);
  // Windows of different size side by side; of zeros; of what is infinite.
  const double inf = std::numeric_limits<double>::infinity();
  Tensor y = lp_pool1d(tensor({{3e30, 4e30, 3e-30, 4e-30, 0., 0., inf, 1.}}), 2, 2);
  CHECK(is_close(y / tensor({{1e30, 1e-30, 1., 1.}}), tensor({{5., 5., 0., inf}}), 1e-6));
}
