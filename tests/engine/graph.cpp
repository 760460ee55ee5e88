// The graph at its extremes: shared nodes, a million of them, high orders, what stays alive, threads.
#include <cmath>
#include <functional>
#include <thread>
#include <vector>

#include <xgrad/autograd/extend.hpp>
#include <xgrad/autograd/functional.hpp>
#include <xgrad/autograd/grad.hpp>
#include <xgrad/autograd/memory.hpp>
#include "../support.hpp"

using namespace xgrad;
using namespace xgrad::testing;
using Catch::Matchers::Contains;

namespace {

constexpr int kMillion = 1'000'000;

/// Runs `body` and checks that it left neither nodes nor storages behind.
void leaves_nothing(const std::function<void()>& body) {
  memory::Stats before = memory::stats();
  body();
  memory::Stats after = memory::stats();
  CHECK(after.nodes == before.nodes);
  CHECK(after.storages == before.storages);
  CHECK(after.bytes_live == before.bytes_live);
}

Tensor chain(const Tensor& x, int length) {
  Tensor y = x;
  for (int i = 0; i < length; ++i) y = y * 1.0;
  return y;
}

/// The n-th derivative of f at x.
double derivative(const std::function<Tensor(const Tensor&)>& f, double at, int order) {
  Tensor x = variable(at);
  Tensor y = f(x);
  for (int i = 0; i < order; ++i) y = grad(y, x, {.create_graph = true});
  return y.item();
}

}  // namespace

// ---- Shared nodes ----

TEST_CASE("y = y + y sixty times is instant", "[graph][diamond]") {
  leaves_nothing([] {
    Tensor x = variable(1.);
    Tensor y = x;
    for (int i = 0; i < 60; ++i) y = y + y;
    y.backward();
    CHECK(x.grad().item() == std::ldexp(1.0, 60));
  });
}

TEST_CASE("Diamonds are instant at second order too", "[graph][diamond]") {
  Tensor x = variable(0.5);
  Tensor y = x;
  for (int i = 0; i < 60; ++i) y = sin(y) + y * 0.5;
  Tensor first = grad(y, x, {.create_graph = true});
  CHECK(std::isfinite(grad(first, x).item()));
}

TEST_CASE("A node waits for all its uses, however different their depths", "[graph][diamond]") {
  Tensor x = variable(2.);
  Tensor a = x * x;
  Tensor b = sin(a);
  Tensor y = a * b + exp(b) * a + a;
  double s = std::sin(4.0), c = std::cos(4.0);
  double dyda = s + 4 * c + std::exp(s) + 4 * std::exp(s) * c + 1;
  CHECK(grad(y, x).item() == Approx(dyda * 4).epsilon(1e-14));
}

TEST_CASE("An operand used twice by one operation gets both parts", "[graph][diamond]") {
  Tensor x = variable({2., 3.});
  CHECK(is_close(grad(sum(x * x), x), f64({4., 6.})));
  CHECK(is_close(grad(sum(x / x), x), f64({0., 0.})));
  CHECK(is_close(grad(sum(cat({x, x, x})), x), f64({3., 3.})));
}

// ---- A million nodes ----

TEST_CASE("A chain of a million nodes runs forward, backward and is freed", "[graph][chain]") {
  leaves_nothing([] {
    Tensor x = variable(1.5);
    Tensor y = chain(x, kMillion);
    CHECK(memory::stats().nodes >= kMillion);
    y.backward();
    CHECK(x.grad().item() == 1);
  });
}

TEST_CASE("A chain of a million nodes is freed without a backward pass", "[graph][chain]") {
  leaves_nothing([] {
    Tensor x = variable(1.5);
    Tensor y = chain(x, kMillion);
    y = Tensor();
    CHECK(memory::stats().nodes < kMillion);
  });
}

TEST_CASE("A retained chain of a million nodes is freed after its passes", "[graph][chain]") {
  leaves_nothing([] {
    Tensor x = variable(1.5);
    Tensor y = chain(x, kMillion);
    y.backward({.retain_graph = true});
    y.backward({.retain_graph = true});
    CHECK(x.grad().item() == 2);
  });
}

TEST_CASE("A long chain of operations that save their output is freed", "[graph][chain]") {
  leaves_nothing([] {
    Tensor x = variable(0.1);
    Tensor y = x;
    for (int i = 0; i < 100'000; ++i) y = tanh(y);
    Tensor z = y;
    y = Tensor();
  });
}

TEST_CASE("A long chain at second order is freed", "[graph][chain]") {
  leaves_nothing([] {
    Tensor x = variable(1.0);
    Tensor y = x;
    for (int i = 0; i < 50'000; ++i) y = y * 1.00001;
    Tensor first = grad(y * y, x, {.create_graph = true});
    CHECK(grad(first, x).item() == Approx(2 * std::pow(1.00001, 100'000)).epsilon(1e-9));
  });
}

TEST_CASE("A wide graph: one variable with a hundred thousand uses", "[graph][chain]") {
  leaves_nothing([] {
    Tensor x = variable(1.0);
    std::vector<Tensor> parts;
    for (int i = 0; i < 100'000; ++i) parts.push_back(x * 2.0);
    sum(stack(parts)).backward();
    CHECK(x.grad().item() == 200'000);
  });
}

TEST_CASE("A thousand variables", "[graph][chain]") {
  std::vector<Tensor> variables;
  Tensor total = f64(0.);
  for (int i = 0; i < 1000; ++i) {
    variables.push_back(variable(static_cast<double>(i)));
    total = total + variables.back() * variables.back();
  }
  std::vector<Tensor> gradients = grad(total, variables);
  for (int i = 0; i < 1000; ++i) REQUIRE(gradients[i].item() == 2.0 * i);
}

// ---- What stays alive ----

TEST_CASE("add keeps no values alive, mul keeps both", "[graph][memory]") {
  Tensor x = variable({1., 2.});
  std::int64_t before = memory::stats().storages;
  Tensor y = (x + 1.0) + 2.0;
  std::int64_t sums = memory::stats().storages - before;
  CHECK(sums == 1);  // of y alone: the inner sum is gone
}

TEST_CASE("A backward pass lets go of what it has used", "[graph][memory]") {
  Tensor x = variable({1., 2.});
  Tensor loss = sum(exp(sin(x)));
  std::int64_t recorded = memory::stats().nodes;
  loss.backward();
  CHECK(memory::stats().nodes < recorded);
  CHECK(memory::stats().storages == 3);  // x, its gradient, the loss
}

TEST_CASE("An operation that saves its output makes no cycle", "[graph][memory]") {
  leaves_nothing([] {
    Tensor y = exp(variable({1., 2.}));
    Tensor z = sigmoid(y);
  });
}

TEST_CASE("The gradient's own graph is let go with its last tensor", "[graph][memory]") {
  leaves_nothing([] {
    Tensor x = variable({1., 2.});
    Tensor first = grad(sum(exp(x) * x), x, {.create_graph = true});
    Tensor second = grad(sum(first * first), x, {.create_graph = true});
    CHECK(second.requires_grad());
  });
}

TEST_CASE("A variable's elements can go while its graph lives", "[graph][memory]") {
  Tensor y;
  {
    Tensor x = variable({1., 2.});
    y = sum(x + 1.0);
  }
  y.backward();
  CHECK(y.item() == 5);
}

// ---- High orders ----

TEST_CASE("Third derivatives are right to 1e-12", "[graph][order]") {
  auto close = [](double value, double expected) {
    INFO(value << " and " << expected);
    CHECK(std::abs(value - expected) <= 1e-12 * std::max(1.0, std::abs(expected)));
  };
  for (double x : {-1.3, -0.2, 0.0, 0.7, 2.0}) {
    INFO("x = " << x);
    double s = std::sin(x), c = std::cos(x), t = std::tanh(x);
    close(derivative([](const Tensor& x) { return exp(sin(x)); }, x, 3), std::exp(s) * (c * c * c - 3 * s * c - c));
    close(derivative([](const Tensor& x) { return tanh(x); }, x, 3), (1 - t * t) * (6 * t * t - 2));
    close(derivative([](const Tensor& x) { return pow(x, 5); }, x, 3), 60 * x * x);
    close(derivative([](const Tensor& x) { return x * x * x * x * x; }, x, 3), 60 * x * x);
    double p = 1 / (1 + std::exp(-x)), q = p * (1 - p);
    close(derivative([](const Tensor& x) { return sigmoid(x); }, x, 3), q * (1 - 6 * q));
    close(derivative([](const Tensor& x) { return softplus(x); }, x, 3), q * (1 - 2 * p));
    close(derivative([](const Tensor& x) { return log(x * x + 1); }, x, 3),
          4 * x * (x * x - 3) / std::pow(x * x + 1, 3));
    close(derivative([](const Tensor& x) { return 1 / (x * x + 2); }, x, 3),
          -24 * x * (x * x - 2) / std::pow(x * x + 2, 4));
    double bell = std::exp(-x * x) * 2 / std::sqrt(std::acos(-1.0));
    close(derivative([](const Tensor& x) { return erf(x); }, x, 3), bell * (4 * x * x - 2));
  }
  for (double x : {0.3, 1.0, 5.0}) {
    INFO("x = " << x);
    close(derivative([](const Tensor& x) { return sqrt(x); }, x, 3), 0.375 * std::pow(x, -2.5));
    close(derivative([](const Tensor& x) { return log(x); }, x, 3), 2 / (x * x * x));
    close(derivative([](const Tensor& x) { return pow(x, -1.5); }, x, 3), -13.125 * std::pow(x, -4.5));
  }
}

TEST_CASE("The sixth derivative", "[graph][order]") {
  CHECK(derivative([](const Tensor& x) { return sin(x) * exp(x); }, 0.4, 6) ==
        Approx(-8 * std::exp(0.4) * std::cos(0.4)).epsilon(1e-12));
}

TEST_CASE("Third derivatives through matrices, sums and views", "[graph][order]") {
  // f(x) = sum(A x)^3 elementwise: directional third derivative 6 sum((A v)^3).
  Tensor a = f64({{1., 2.}, {-1., 0.5}, {0.3, 2.}}), x = variable({0.2, -0.4}), v = f64({1., 2.});
  Tensor y = sum(pow(matmul(a, reshape(x, {2, 1})), 3));
  Tensor first = sum(grad(y, x, {.create_graph = true}) * v);
  Tensor second = sum(grad(first, x, {.create_graph = true}) * v);
  Tensor third = sum(grad(second, x, {.create_graph = true}) * v);
  CHECK(third.item() == Approx(6 * sum(pow(matmul(a, v), 3)).item()).epsilon(1e-12));
}

// ---- Threads ----

namespace {

/// Fits a small network for some steps and returns its last loss.
double train(std::uint64_t seed) {
  Generator generator(seed);
  Tensor w1 = normal({2, 8}, 0, 1, kVariable, generator), w2 = normal({8, 1}, 0, 1, kVariable, generator);
  Tensor x = f64({{0., 0.}, {0., 1.}, {1., 0.}, {1., 1.}}), y = f64({{0.}, {1.}, {1.}, {0.}});
  double loss = 0;
  for (int step = 0; step < 100; ++step) {
    Tensor error = mean(square(matmul(tanh(matmul(x, w1)), w2) - y));
    error.backward();
    for (Tensor* w : {&w1, &w2}) {
      w->assign(w->detach() - 0.1 * w->grad());
      w->zero_grad();
    }
    loss = error.item();
  }
  return loss;
}

}  // namespace

TEST_CASE("Four threads train their own models, as each would alone", "[graph][threads]") {
  std::vector<double> alone, together(4);
  for (std::uint64_t seed = 0; seed < 4; ++seed) alone.push_back(train(seed));
  {
    std::vector<std::jthread> threads;
    for (std::uint64_t seed = 0; seed < 4; ++seed) threads.emplace_back([&, seed] { together[seed] = train(seed); });
  }
  CHECK(alone == together);
}

TEST_CASE("Two threads take gradients by a shared parameter", "[graph][threads]") {
  Tensor w = variable({1., -2., 0.5});
  std::vector<Tensor> results(2);
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 2; ++t)
      threads.emplace_back([&, t] {
        for (int i = 0; i < 200; ++i) results[t] = grad(sum(exp(w) * w * (t + 1.0)), w);
      });
  }
  CHECK(is_close(results[0], exp(w) * (w + 1)));
  CHECK(is_close(results[1], 2 * exp(w) * (w + 1)));
  CHECK_FALSE(w.grad().defined());
}

TEST_CASE("Two threads differentiate a function of a shared tensor", "[graph][threads]") {
  Tensor x = f64({1., -2., 0.5}), w = variable(2.);
  std::vector<Tensor> results(2);
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 2; ++t)
      threads.emplace_back([&, t] {
        for (int i = 0; i < 100; ++i)
          results[t] = hessian([&](const Tensor& x) { return sum(w * sin(x)); }, x).detach();
      });
  }
  CHECK(is_close(results[0], eye(3, kDouble) * (-2 * sin(x))));
  CHECK(is_close(results[0], results[1], 0));
}

TEST_CASE("A graph made on one thread is used and freed on another", "[graph][threads]") {
  leaves_nothing([] {
    Tensor x = variable({1., 2.});
    Tensor y;
    std::thread([&] { y = sum(exp(x)); }).join();
    std::thread([loss = std::move(y)]() mutable {
      loss.backward();
      loss = Tensor();
    }).join();
    CHECK(is_close(x.grad(), exp(x)));
  });
}

TEST_CASE("The grad mode belongs to its thread", "[graph][threads]") {
  NoGrad no_grad;
  bool other = false;
  std::thread([&] { other = grad_enabled(); }).join();
  CHECK(other);
  CHECK_FALSE(grad_enabled());
}
