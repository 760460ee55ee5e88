// The losses of distributions, margins and sequences. Expected numbers without a derivation beside them are PyTorch
// 1.13.1's.
#include <cmath>
#include <limits>

#include <xgrad/autograd/grad.hpp>
#include <xgrad/autograd/ops.hpp>
#include <xgrad/autograd/ops/similarity.hpp>
#include "../support.hpp"

using namespace xgrad;
using namespace xgrad::testing;

namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

Tensor labels(std::vector<std::int64_t> values, const Shape& shape) { return from_vector(values, shape); }

}  // namespace

TEST_CASE("huber_loss and smooth_l1_loss differ by the factor beta", "[nn][loss]") {
  Tensor x = f64({-3., -0.2, 0., 0.5, 2.}), t = zeros({5}, kDouble);
  CHECK(is_close(huber_loss(x, t, {.reduction = Reduction::none, .delta = 0.5}), f64({1.375, 0.02, 0., 0.125, 0.875})));
  CHECK(is_close(smooth_l1_loss(x, t, {.beta = 0.5}) * 0.5, huber_loss(x, t, {.delta = 0.5})));
  CHECK(message_of<std::invalid_argument>([&] {
          huber_loss(x, t, {.delta = 0});
        }).find("huber_loss: delta must be above 0, but it is 0.") == 0);
  Tensor at_fit = variable({0.});
  CHECK(grad(smooth_l1_loss(at_fit, zeros({1}, kDouble), {.beta = 0}), at_fit).item() == 0);
}

TEST_CASE("A loss does not broadcast its target", "[nn][loss]") {
  Tensor x = zeros({4, 1}), t = zeros({4});
  CHECK_THROWS_AS(huber_loss(x, t), std::invalid_argument);
  CHECK_THROWS_AS(smooth_l1_loss(x, t), std::invalid_argument);
  CHECK_THROWS_AS(kl_div(x, t), std::invalid_argument);
  CHECK_THROWS_AS(poisson_nll_loss(x, t), std::invalid_argument);
  CHECK_THROWS_AS(hinge_embedding_loss(x, t), std::invalid_argument);
  CHECK_THROWS_AS(soft_margin_loss(x, t), std::invalid_argument);
}

TEST_CASE("hinge_embedding_loss broadcasts a target of as many axes", "[nn][loss]") {
  Tensor x = f64({{0.2, 3.}, {-0.5, 0.5}}).set_requires_grad(), t = f64({{1., -1.}});
  CHECK(is_close(hinge_embedding_loss(x, t, {.reduction = Reduction::none}), f64({{0.2, 0.}, {-0.5, 0.5}})));
  CHECK(is_close(grad(hinge_embedding_loss(x, t, {.reduction = Reduction::sum}), x), f64({{1., 0.}, {1., -1.}})));
}

TEST_CASE("kl_div: a target of 0 contributes 0 to value and gradient", "[nn][loss]") {
  Tensor x = variable({-kInf, -1.}), t = variable({0., 0.5});
  Tensor loss = kl_div(x, t, {.reduction = KlDivReduction::sum});
  CHECK(loss.item() == Approx(0.5 * (std::log(0.5) + 1)));
  std::vector<Tensor> gradients = grad(loss, {x, t});
  CHECK(is_close(gradients[0], f64({0., -0.5})));
  CHECK(is_close(gradients[1], f64({0., std::log(0.5) + 2})));
  Tensor log_t = f64({-kInf, std::log(0.5)});
  CHECK(kl_div(x, log_t, {.reduction = KlDivReduction::sum, .log_target = true}).item() == Approx(loss.item()));
}

TEST_CASE("kl_div by batch divides by the first extent", "[nn][loss]") {
  Tensor x = f64({{-1., -2.}, {-3., -1.}, {0., 1.}}), t = full({3, 2}, 0.5, kDouble);
  CHECK(is_close(kl_div(x, t, {.reduction = KlDivReduction::batchmean}),
                 kl_div(x, t, {.reduction = KlDivReduction::sum}) / 3));
  CHECK_NOTHROW(kl_div(f64(1.), f64(1.), {.reduction = KlDivReduction::batchmean}));
}

TEST_CASE("gaussian_nll_loss bounds the variance in value and gradient", "[nn][loss]") {
  Tensor v = variable({1e-9, 2.});
  Tensor loss = gaussian_nll_loss(f64({1., 1.}), f64({1., 3.}), v, {.reduction = Reduction::sum, .eps = 1e-6});
  CHECK(loss.item() == Approx(0.5 * (std::log(1e-6) + std::log(2.) + 2)));
  CHECK(is_close(grad(loss, v), f64({0., 0.5 * (0.5 - 1)})));
  CHECK(message_of<std::invalid_argument>([] {
          gaussian_nll_loss(f64({1.}), f64({1.}), f64({-1.}));
        }).find("gaussian_nll_loss: variance must not be negative, but its least element is -1.") == 0);
}

TEST_CASE("poisson_nll_loss: Stirling's term counts from 1 on", "[nn][loss]") {
  Tensor x = f64({2., 3.}), t = f64({0.5, 3.});
  const double stirling = 3 * std::log(3.) - 3 + 0.5 * std::log(2 * std::acos(-1.) * 3);
  CHECK(poisson_nll_loss(x, t, {.reduction = Reduction::sum, .full = true}).item() ==
        Approx(poisson_nll_loss(x, t, {.reduction = Reduction::sum}).item() + stirling));
}

TEST_CASE("The hinge's derivative at the margin is that of the side above", "[nn][loss]") {
  Tensor x = variable({1., 2.});
  CHECK(is_close(grad(hinge_embedding_loss(x, f64({-1., 1.})), x), f64({-0.5, 0.5})));
}

TEST_CASE("soft_margin_loss overflows at neither end", "[nn][loss]") {
  Tensor x = variable({-800., 800.});
  Tensor loss = soft_margin_loss(x, f64({1., 1.}), Reduction::sum);
  CHECK(loss.item() == 800);
  CHECK(is_close(grad(loss, x), f64({-1., 0.})));
}

TEST_CASE("multi_margin_loss takes one sample without its axis", "[nn][loss]") {
  Tensor x = f64({0.1, 0.7, -0.4});
  Tensor none = multi_margin_loss(x, labels({1}, {}), {.reduction = Reduction::none});
  CHECK(none.shape() == Shape{});
  CHECK(none.item() == Approx((0.4 + 0) / 3));
  CHECK(multi_margin_loss(x, labels({1}, {1}), {.reduction = Reduction::none}).shape() == Shape{1});
  CHECK(multi_margin_loss(x, labels({1}, {}), {.weight = f64({1., 5., 1.})}).item() == Approx(5 * none.item()));
  CHECK_THROWS_AS(multi_margin_loss(x, labels({3}, {})), std::out_of_range);
}

TEST_CASE("multi_margin_loss of a label whose weight is 0 is 0, whatever its score", "[nn][loss]") {
  for (int p : {1, 2}) {
    Tensor x = variable({-kInf, 0, 1});
    Tensor loss = multi_margin_loss(x, labels({0}, {}), {.p = p, .weight = f64({0, 1, 1})});
    CHECK(loss.item() == 0);
    CHECK(is_close(grad(loss, x), f64({0, 0, 0})));
  }
}

TEST_CASE("multilabel_margin_loss reads labels up to the first -1", "[nn][loss]") {
  Tensor x = variable({0.1, 0.2, 0.4, 0.8});
  Tensor loss = multilabel_margin_loss(x, labels({3, 0, -1, 1}, {4}));
  CHECK(loss.item() == Approx(0.85));  // PyTorch's documentation
  CHECK(is_close(grad(loss, x), f64({-0.5, 0.5, 0.5, -0.5})));
  CHECK(multilabel_margin_loss(x, labels({-1, 9 % 4, 0, 0}, {4})).item() == 0);
}

TEST_CASE("cosine_similarity of tiny and huge vectors", "[nn][similarity]") {
  Tensor a = f64({{1e-200, 0.}, {1e200, 1e200}}), b = f64({{1., 1.}, {1e200, 0.}});
  CHECK(is_close(cosine_similarity(a, b, {.eps = 0}), f64({std::sqrt(0.5), std::sqrt(0.5)})));
  CHECK(is_close(cosine_similarity(zeros({1, 2}, kDouble), b), f64({0., 0.})));
}

TEST_CASE("pairwise_distance of equal points has the gradient of its eps", "[nn][similarity]") {
  Tensor a = variable({1., 2.}), b = f64({1., 2.});
  CHECK(is_close(grad(pairwise_distance(a, b), a), f64({std::sqrt(0.5), std::sqrt(0.5)}), 1e-9));
  CHECK(is_close(grad(pairwise_distance(a, b, {.eps = 0}), a), f64({0., 0.})));
}

TEST_CASE("triplet_margin_loss of equal points is the margin", "[nn][loss]") {
  Tensor a = variable({{1., 2.}});
  Tensor loss = triplet_margin_loss(a, a, a, {.margin = 0.25});
  CHECK(loss.item() == Approx(0.25));
}

// ---- ctc_loss ----

namespace {

Tensor ctc_input() { return log_softmax(2 * sin(reshape(arange(24.0, kDouble), {4, 2, 3})), 2); }

}  // namespace

TEST_CASE("ctc_loss of padded targets and of targets one after the other", "[nn][loss][ctc]") {
  Tensor padded = labels({1, 2, 2, 0}, {2, 2}), joined = labels({1, 2, 2}, {3});
  Tensor times = labels({4, 3}, {2}), lengths = labels({2, 1}, {2});
  CHECK(is_close(ctc_loss(ctc_input(), padded, times, lengths, {.reduction = Reduction::none}),
                 f64({1.165553107475097, 2.1269066108883017})));
  CHECK(ctc_loss(ctc_input(), joined, times, lengths).item() == Approx(1.3548415823129252));
  CHECK(ctc_loss(ctc_input(), joined, times, lengths, {.reduction = Reduction::sum}).item() ==
        Approx(3.292459718363399));
  CHECK_THROWS_AS(ctc_loss(ctc_input(), joined, times, labels({2, 2}, {2})), std::invalid_argument);
  Tensor one = ctc_loss(ctc_input()[{slice(), 0}], labels({1, 2}, {2}), labels({4}, {}), labels({2}, {}));
  CHECK(one.item() == Approx(1.165553107475097 / 2));
}

TEST_CASE("ctc_loss through log_softmax has PyTorch's gradient", "[nn][loss][ctc]") {
  Tensor x = (2 * sin(reshape(arange(24.0, kDouble), {4, 2, 3}))).detach().set_requires_grad();
  Tensor loss = ctc_loss(log_softmax(x, 2), labels({1, 2, 2, 0}, {2, 2}), labels({4, 3}, {2}), labels({2, 1}, {2}));
  std::vector<double> g = grad(loss, x).to_vector();
  CHECK(g[0] == Approx(0.002438418369815669));
  CHECK(g[5] == Approx(-0.22496789961548683));
  CHECK(g[19] == Approx(0.043362273619177535));
  CHECK(g[23] == 0);
}

TEST_CASE("ctc_loss without an alignment is infinite, or 0 with zero_infinity", "[nn][loss][ctc]") {
  Tensor x = ctc_input()[slice(0, 2)].detach().set_requires_grad();
  Tensor targets = labels({1, 1, 2, 0}, {2, 2}), times = labels({2, 2}, {2}), lengths = labels({2, 0}, {2});
  CHECK(ctc_loss(x, targets, times, lengths, {.reduction = Reduction::none}).to_vector()[0] == kInf);
  Tensor silenced = ctc_loss(x, targets, times, lengths, {.reduction = Reduction::none, .zero_infinity = true});
  CHECK(is_close(silenced, f64({0., 0.43256108662125226})));
  Tensor g = grad(sum(silenced), x);
  CHECK(is_close(g[{slice(), 0}], zeros({2, 3}, kDouble)));
  CHECK(is_close(g[{0, 1}], f64({-1., 0., 0.})));
}

TEST_CASE("ctc_loss names itself where its gradient is differentiated", "[nn][loss][ctc]") {
  Tensor x = ctc_input().detach().set_requires_grad();
  Tensor loss = ctc_loss(x, labels({1, 2, 2}, {3}), labels({4, 3}, {2}), labels({2, 1}, {2}));
  Tensor g = grad(loss, x, {.create_graph = true});
  CHECK(message_of<std::logic_error>([&] {
          grad(sum(square(g)), x);
        }).find("ctc_loss: its derivative must not be differentiated again") == 0);
}

TEST_CASE("ctc_loss of a long sequence in float32 gives each time a cotangent that adds up to 1", "[nn][loss][ctc]") {
  constexpr std::int64_t kTimes = 1000, kClasses = 30, kLabels = kTimes / 10;
  Tensor logits = reshape(sin(arange(double(kTimes * kClasses), kDouble) * 0.7), {kTimes, 1, kClasses});
  Tensor x = cast(log_softmax(logits, -1), DType::float32).detach().set_requires_grad();
  Tensor targets = reshape(remainder(arange(kLabels) * 7, kClasses - 1) + 1, {1, kLabels});
  auto loss_of = [&](const Tensor& x) {
    return ctc_loss(x, targets, labels({kTimes}, {1}), labels({kLabels}, {1}), {.reduction = Reduction::sum});
  };
  Tensor loss = loss_of(x);
  const Tensor exact = cast(x.detach(), DType::float64).set_requires_grad();
  const Tensor exact_loss = loss_of(exact);
  CHECK(loss.dtype() == DType::float32);
  CHECK(loss.item() == Approx(exact_loss.item()).epsilon(1e-7));
  const Tensor g = cast(grad(loss, x), DType::float64);
  for (const double each : sum(g, -1).to_vector<double>()) CHECK(each == Approx(-1).epsilon(2e-6));
  CHECK(allclose(g, grad(exact_loss, exact), {.rtol = 2e-6, .atol = 1e-9}));
}
