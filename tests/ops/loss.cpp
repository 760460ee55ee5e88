// The losses of numbers, and of yes and no. Expected numbers without a derivation beside them are PyTorch
// 1.13.1's.
#include <xgrad/autograd/ops.hpp>

#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include <xgrad/autograd/check/gradcheck.hpp>
#include <xgrad/autograd/grad.hpp>
#include <xgrad/autograd/ops.hpp>
#include "../catch.hpp"
#include "../nn/message.hpp"

using namespace xgrad;
using nn::testing::at;
using nn::testing::message_of;

namespace {

constexpr TensorOptions kDouble{.dtype = DType::float64};

std::vector<double> numbers(const Tensor& x) { return x.to_vector<double>(); }

bool close(const Tensor& a, const Tensor& b) {
  return allclose(a, b, {.rtol = 1e-12, .atol = 1e-12, .equal_nan = true});
}

Tensor variable(const NestedList& values) { return tensor(values, {.dtype = DType::float64, .requires_grad = true}); }

}  // namespace

// ---- mse, mae, rmse ----

TEST_CASE("mse is the mean, the sum or the list of squared errors", "[nn][loss]") {
  Tensor x = tensor({{1., 2.}, {3., 5.}});
  Tensor target = tensor({{1., 0.}, {4., 2.}});
  CHECK(mse(x, target).item() == 3.5);
  CHECK(mse(x, target, Reduction::sum).item() == 14);
  CHECK(numbers(mse(x, target, Reduction::none)) == std::vector<double>{0, 4, 1, 9});
  CHECK(mse(x, target).dtype() == DType::float32);
  CHECK(mse(x, target).shape() == Shape{});
}

TEST_CASE("mse gives its gradient to both operands", "[nn][loss]") {
  Tensor x = variable({1., 2.}), target = variable({0., 5.});
  mse(x, target).backward();
  CHECK(numbers(x.grad()) == std::vector<double>{1, -3});
  CHECK(numbers(target.grad()) == std::vector<double>{-1, 3});
}

TEST_CASE("mae is the absolute error, with gradient 0 where there is none", "[nn][loss]") {
  Tensor x = variable({1., 2., 3.}), target = variable({0., 2., 5.});
  CHECK(mae(x, target).item() == 1);
  CHECK(mae(x, target, Reduction::sum).item() == 3);
  CHECK(numbers(mae(x, target, Reduction::none)) == std::vector<double>{1, 0, 2});
  mae(x, target, Reduction::sum).backward();
  CHECK(numbers(x.grad()) == std::vector<double>{1, 0, -1});
  CHECK(numbers(target.grad()) == std::vector<double>{-1, 0, 1});
}

TEST_CASE("rmse is the root of the mean square", "[nn][loss]") {
  Tensor x = variable({1., 2., 3., 4.}), target = tensor({1., 2., 3., 0.}, kDouble);
  CHECK(rmse(x, target).item() == Approx(2));
  rmse(x, target).backward();
  CHECK(close(x.grad(), tensor({0., 0., 0., 0.5}, kDouble)));
}

TEST_CASE("rmse has derivative 0 at a perfect fit, second order too", "[nn][loss]") {
  Tensor x = variable({1., 2.});
  Tensor loss = rmse(x, x.detach());
  CHECK(loss.item() == 0);
  Tensor gradient = grad(loss, x, {.create_graph = true});
  CHECK(numbers(gradient) == std::vector<double>{0, 0});
  CHECK(numbers(grad(sum(gradient), x)) == std::vector<double>{0, 0});
}

TEST_CASE("losses of nothing: the mean is nan, the sum 0", "[nn][loss]") {
  Tensor none = zeros({0, 3});
  CHECK(std::isnan(mse(none, none).item()));
  CHECK(std::isnan(mae(none, none).item()));
  CHECK(std::isnan(rmse(none, none).item()));
  CHECK(mse(none, none, Reduction::sum).item() == 0);
  CHECK(mse(none, none, Reduction::none).shape() == Shape{0, 3});
}

TEST_CASE("losses take scalars, slices and transposed operands", "[nn][loss]") {
  CHECK(mse(tensor(3.), tensor(1.)).item() == 4);
  Tensor x = reshape(arange(0, 24, 1, kDouble), {4, 6});
  Tensor target = zeros({6, 4}, kDouble);
  CHECK(mse(transpose(x), target).item() == Approx(mean(square(x)).item()));
  CHECK(mae(x[{slice(), slice(0, 6, 2)}], zeros({4, 3}, kDouble)).item() == Approx(11));
}

TEST_CASE("mixed dtypes promote", "[nn][loss]") {
  CHECK(mse(ones({2}), zeros({2}, kDouble)).dtype() == DType::float64);
  CHECK(mse(ones({2}), tensor({0, 3})).item() == 2.5);
}

TEST_CASE("shapes that differ throw, even where they would broadcast", "[nn][loss]") {
  Tensor column = zeros({3, 1}), row = zeros({3});
  auto call = [&] { mse(row, column); };
  int line = __LINE__ - 1;
  CHECK(message_of<std::invalid_argument>(call) ==
        "mse: x and target must have one shape, but x is [3] and target is [3, 1]. Reshape one of them." +
            at("loss.cpp", line));
  CHECK_THROWS_AS(mae(row, column), std::invalid_argument);
  CHECK_THROWS_AS(rmse(row, column), std::invalid_argument);
  CHECK_THROWS_AS(binary_cross_entropy(row, column), std::invalid_argument);
  CHECK_THROWS_AS(binary_cross_entropy_with_logits(row, column), std::invalid_argument);
}

TEST_CASE("the losses of numbers have right gradients to order 2", "[nn][loss][gradcheck]") {
  Generator generator(1);
  Tensor x = normal({3, 4}, 0, 1, kDouble, generator), target = normal({3, 4}, 0, 1, kDouble, generator);
  for (Reduction reduction : {Reduction::mean, Reduction::sum, Reduction::none}) {
    gradgradcheck([=](const Tensor& x, const Tensor& t) { return mse(x, t, reduction); }, {x, target});
    gradgradcheck([=](const Tensor& x, const Tensor& t) { return mae(x, t, reduction); }, {x, target});
  }
  gradgradcheck([](const Tensor& x, const Tensor& t) { return rmse(x, t); }, {x, target});
  gradgradcheck([](const Tensor& x, const Tensor& t) { return mse(transpose(x), transpose(t)); }, {x, target});
}

// ---- binary_cross_entropy ----

TEST_CASE("binary_cross_entropy compares probabilities", "[nn][loss]") {
  Tensor x = variable({.1, .9, .5, .3}), target = tensor({0., 1., 1., .25}, kDouble);
  Tensor loss = binary_cross_entropy(x, target);
  CHECK(loss.item() == Approx(0.3680919052277828).epsilon(1e-12));
  loss.backward();
  CHECK(close(x.grad(), tensor({0.27777777777777773, -0.2777777777777778, -0.5, 0.059523809523809514}, kDouble)));
}

TEST_CASE("binary_cross_entropy cuts the logarithms at -100", "[nn][loss]") {
  for (DType dtype : {DType::float32, DType::float64}) {
    Tensor x = tensor({0., 1., 0., 1.}, {.dtype = dtype, .requires_grad = true});
    Tensor target = tensor({0., 1., 1., 0.}, {.dtype = dtype, .requires_grad = true});
    Tensor loss = binary_cross_entropy(x, target, {.reduction = Reduction::none});
    CHECK(numbers(loss) == std::vector<double>{0, 0, 100, 100});
    sum(loss).backward();
    CHECK(allclose(x.grad(), tensor({0., 0., -1e12, 1e12})));
    CHECK(numbers(target.grad()) == std::vector<double>{100, -100, 100, -100});
  }
}

TEST_CASE("binary_cross_entropy's second derivatives are finite at the ends", "[nn][loss]") {
  Tensor x = variable({0., 1.}), target = variable({0., 1.});
  auto first = grad(binary_cross_entropy(x, target), {x, target}, {.create_graph = true});
  for (const Tensor& second : grad(sum(first[0]) + sum(first[1]), {x, target}))
    CHECK(all(isfinite(second)).item<bool>());
  // By the formula of the second derivative, as PyTorch's, where x (1 - x) is cut off.
  x = variable({0., 1., .5, 1e-50});
  Tensor g = grad(binary_cross_entropy(x, tensor({0., 1., 1., 1.}, kDouble), {.reduction = Reduction::sum}), x,
                  {.create_graph = true});
  CHECK(allclose(grad(sum(g), x), tensor({0., 0., 4., 1e24}, kDouble)));
}

TEST_CASE("binary_cross_entropy takes weights", "[nn][loss]") {
  Tensor x = tensor({{.5, .5}, {.5, .5}}, kDouble), target = ones({2, 2}, kDouble);
  Tensor weight = tensor({1., 3.}, kDouble);
  CHECK(binary_cross_entropy(x, target, {.weight = weight}).item() == Approx(2 * std::log(2)));
  CHECK(binary_cross_entropy(x, target, {.reduction = Reduction::sum, .weight = weight}).item() ==
        Approx(8 * std::log(2)));
  CHECK_THROWS_AS(binary_cross_entropy(x, target, {.weight = ones({3})}), std::invalid_argument);
}

TEST_CASE("binary_cross_entropy refuses what is no probability", "[nn][loss]") {
  Tensor target = zeros({2});
  auto call = [&] { binary_cross_entropy(tensor({-0.5, 2.}), target); };
  int line = __LINE__ - 1;
  CHECK(message_of<std::invalid_argument>(call) ==
        "binary_cross_entropy: x must be in [0, 1], but its smallest element is -0.5 and its largest 2. Pass "
        "logits to binary_cross_entropy_with_logits." +
            at("loss.cpp", line));
  CHECK_THROWS_AS(binary_cross_entropy(tensor({0.5, NAN}), target), std::invalid_argument);
  CHECK(std::isnan(binary_cross_entropy(zeros({0}), zeros({0})).item()));
}

TEST_CASE("binary_cross_entropy has right gradients to order 2", "[nn][loss][gradcheck]") {
  Generator generator(2);
  Tensor x = uniform({3, 4}, 0.05, 0.95, kDouble, generator), target = uniform({3, 4}, 0, 1, kDouble, generator);
  Tensor weight = uniform({4}, 0.5, 2, kDouble, generator);
  gradgradcheck([](const Tensor& x, const Tensor& t) { return binary_cross_entropy(x, t); }, {x, target});
  gradgradcheck(
      [&](const Tensor& x, const Tensor& t) {
        return binary_cross_entropy(x, t, {.reduction = Reduction::none, .weight = weight});
      },
      {x, target});
}

// ---- binary_cross_entropy_with_logits ----

TEST_CASE("binary_cross_entropy_with_logits never saturates", "[nn][loss]") {
  Tensor x = variable({-800., 800., -2., .5}), target = tensor({1., 1., 0., .25}, kDouble);
  Tensor loss = binary_cross_entropy_with_logits(x, target, {.reduction = Reduction::none});
  CHECK(close(loss, tensor({800., 0., 0.1269280110429726, 0.8490769841801067}, kDouble)));
  sum(loss).backward();
  CHECK(close(x.grad(), tensor({-1., 0., 0.11920292202211755, 0.3724593312018546}, kDouble)));
  CHECK(binary_cross_entropy_with_logits(tensor({-800.}), tensor({1.})).item() == 800);
}

TEST_CASE("binary_cross_entropy_with_logits takes weights of elements and of the positive part", "[nn][loss]") {
  Tensor x = variable({-800., 800., -2., .5}), target = tensor({1., 1., 0., .25}, kDouble);
  Tensor loss = binary_cross_entropy_with_logits(
      x, target, {.weight = tensor({1., 2., 3., 4.}, kDouble), .pos_weight = tensor(3., kDouble)});
  CHECK(loss.item() == Approx(601.1813114845523).epsilon(1e-12));
  loss.backward();
  CHECK(close(x.grad(), tensor({-0.75, 0., 0.08940219151658815, 0.18368899680278195}, kDouble)));
  CHECK_THROWS_AS(binary_cross_entropy_with_logits(x, target, {.pos_weight = ones({3})}), std::invalid_argument);
}

TEST_CASE("binary_cross_entropy_with_logits has right gradients to order 2", "[nn][loss][gradcheck]") {
  Generator generator(3);
  Tensor x = normal({3, 4}, 0, 3, kDouble, generator), target = uniform({3, 4}, 0, 1, kDouble, generator);
  Tensor weight = uniform({4}, 0.5, 2, kDouble, generator);
  for (Reduction reduction : {Reduction::mean, Reduction::none})
    for (const Tensor& w : {Tensor(), weight})
      for (const Tensor& p : {Tensor(), weight})
        gradgradcheck(
            [&](const Tensor& x, const Tensor& t) {
              return binary_cross_entropy_with_logits(x, t, {.reduction = reduction, .weight = w, .pos_weight = p});
            },
            {x, target});
}

TEST_CASE("both forms of binary cross-entropy agree", "[nn][loss]") {
  Tensor x = normal({50}, 0, 2, kDouble), target = uniform({50}, 0, 1, kDouble);
  CHECK(binary_cross_entropy(sigmoid(x), target).item() ==
        Approx(binary_cross_entropy_with_logits(x, target).item()).epsilon(1e-10));
}

TEST_CASE("binary_cross_entropy_with_logits keeps its digits with pos_weight", "[nn][loss]") {
  Tensor x = tensor({-20.}), target = tensor({0.});
  double plain = binary_cross_entropy_with_logits(x, target).item();
  CHECK(plain == Approx(2.0611536e-9));
  CHECK(binary_cross_entropy_with_logits(x, target, {.pos_weight = tensor({1.})}).item() == Approx(plain));
  CHECK(binary_cross_entropy_with_logits(tensor({800., -800.}), tensor({1., 0.}), {.pos_weight = tensor({3., 3.})})
            .item() == 0);
}

TEST_CASE("binary_cross_entropy_with_logits at infinite logits is the limit, and a factor of 0 silences it",
          "[nn][binary_cross_entropy]") {
  const double inf = std::numeric_limits<double>::infinity();
  auto losses = [](const Tensor& x, const Tensor& target, BinaryCrossEntropyWithLogitsOptions options) {
    options.reduction = Reduction::none;
    return binary_cross_entropy_with_logits(x, target, options).to_vector<double>();
  };
  Tensor x = tensor({inf, -inf, inf, -inf, inf}, {.dtype = DType::float64});
  Tensor target = tensor({1., 0., 0., 1., 0.5}, {.dtype = DType::float64});
  const std::vector<double> limits = {0, 0, inf, inf, inf};
  Tensor twos = full({5}, 2, {.dtype = DType::float64});
  CHECK(losses(x, target, {}) == limits);
  CHECK(losses(x, target, {.pos_weight = twos}) == limits);
  CHECK(losses(x, target, {.weight = twos}) == limits);
  CHECK(losses(x, target, {.weight = zeros_like(twos)}) == std::vector<double>(5, 0));
  CHECK(losses(x, target, {.weight = zeros_like(twos), .pos_weight = twos}) == std::vector<double>(5, 0));
  CHECK(losses(x, target, {.pos_weight = zeros_like(twos)}) == std::vector<double>{0, 0, inf, 0, inf});
  for (const Tensor& weight : {Tensor(), twos, zeros_like(twos)}) {
    Tensor leaf = copy(x).set_requires_grad();
    Tensor loss = binary_cross_entropy_with_logits(leaf, target, {.reduction = Reduction::sum, .weight = weight});
    for (double each : grad(loss, leaf).to_vector<double>()) CHECK(std::isfinite(each));
  }
  gradgradcheck(
      [&](const Tensor& x, const Tensor& t, const Tensor& w) {
        return binary_cross_entropy_with_logits(x, sigmoid(t), {.weight = w, .pos_weight = w});
      },
      {tensor({0.5, -1., 2.}, {.dtype = DType::float64}), tensor({0.1, 0.7, -0.3}, {.dtype = DType::float64}),
       tensor({1., 2., 0.5}, {.dtype = DType::float64})});
}

TEST_CASE("binary_cross_entropy_with_logits keeps the derivative of what it has learnt", "[nn][binary_cross_entropy]") {
  for (bool create_graph : {false, true}) {
    Tensor x = tensor({18.F, -18.F}, {.dtype = DType::float32}).set_requires_grad();
    Tensor target = tensor({1.F, 0.F}, {.dtype = DType::float32});
    Tensor g = grad(binary_cross_entropy_with_logits(x, target, {.reduction = Reduction::sum}), x,
                    {.create_graph = create_graph});
    CHECK(g[0].item() == Approx(-1.5229979e-8).epsilon(1e-6));
    CHECK(g[1].item() == Approx(1.5229979e-8).epsilon(1e-6));
  }
}
