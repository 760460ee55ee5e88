// Newton-CG and Levenberg-Marquardt: minima that are known, going on from a saved state, and steps that fail.
#include <xgrad/optim/adam.hpp>
#include <xgrad/optim/lbfgs.hpp>
#include <xgrad/optim/levenberg_marquardt.hpp>
#include <xgrad/optim/newton_cg.hpp>
#include <xgrad/optim/sgd.hpp>

#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <xgrad/autograd/ops.hpp>
#include "../catch.hpp"

using namespace xgrad;
using namespace xgrad::optim;
using Catch::Matchers::Contains;

namespace {

Tensor variable(std::initializer_list<double> values) {
  return from_vector(std::vector<double>(values)).set_requires_grad();
}

Tensor rosenbrock(const Tensor& x) { return square(1 - x[0]) + 100 * square(x[1] - square(x[0])); }

/// y = a exp(b t) + c at eight moments.
struct Curve {
  Tensor t = linspace(0, 2, 8, {.dtype = DType::float64});
  Tensor y = 2.5 * exp(-1.3 * t) + 0.5;
  Tensor residuals(const Tensor& p) const { return p[0] * exp(p[1] * t) + p[2] - y; }
};

}  // namespace

TEST_CASE("Newton-CG solves a quadratic in one step", "[optim][NewtonCG]") {
  Generator generator(1);
  const Tensor root = normal({5, 5}, 0, 1, {.dtype = DType::float64}, generator);
  const Tensor a = matmul(root, transpose(root)) + eye(5, {.dtype = DType::float64});
  const Tensor b = normal({5}, 0, 1, {.dtype = DType::float64}, generator);
  Tensor x = zeros({5}, {.dtype = DType::float64, .requires_grad = true});
  NewtonCG newton({x}, {.initial_radius = 100, .max_iter = 8});
  newton.step([&] { return 0.5 * sum(x * matmul(a, x)) - sum(b * x); });
  CHECK(allclose(matmul(a, x.detach()), b, {.rtol = 1e-9, .atol = 1e-9}));
}

TEST_CASE("Newton-CG goes through the valley, and never up", "[optim][NewtonCG]") {
  Tensor x = variable({-1.2, 1});
  NewtonCG newton({x});
  double last = rosenbrock(x).item();
  int steps = 0;
  for (; steps < 60 && last > 1e-20; ++steps) {
    newton.step([&] { return rosenbrock(x); });
    const double now = rosenbrock(x).item();
    CHECK(now <= last);
    last = now;
  }
  CHECK(steps < 40);
  CHECK(x[0].item() == Approx(1).epsilon(1e-9));
  CHECK(x[1].item() == Approx(1).epsilon(1e-9));
}

TEST_CASE("Newton-CG leaves saddles and takes several parameters", "[optim][NewtonCG]") {
  Tensor x = variable({1e-3}), y = variable({0.5}), unreached = variable({4});
  NewtonCG newton({{"x", x}, {"y", y}, {"z", unreached}}, {.max_iter = 40});
  newton.step([&] { return sum(square(square(x) - 1) + square(y)); });  // a saddle at 0, minima at -1 and 1
  CHECK(x.item() == Approx(1));
  CHECK(std::abs(y.item()) < 1e-6);
  CHECK(unreached.item() == 4);
  const NamedTensors state = newton.state();
  CHECK(state[0].first == "state.x.steps");
  CHECK(state[1].first == "state.x.radius");
}

TEST_CASE("Levenberg-Marquardt fits a curve", "[optim][LevenbergMarquardt]") {
  const Curve curve;
  Tensor p = variable({1, -0.2, 0});
  LevenbergMarquardt fit({p});
  for (int i = 0; i < 30; ++i) fit.step([&] { return curve.residuals(p); });
  CHECK(p[0].item() == Approx(2.5).epsilon(1e-9));
  CHECK(p[1].item() == Approx(-1.3).epsilon(1e-9));
  CHECK(p[2].item() == Approx(0.5).epsilon(1e-9));
}

TEST_CASE("Gauss-Newton solves linear least squares in one step", "[optim][LevenbergMarquardt]") {
  Generator generator(2);
  const Tensor a = normal({20, 4}, 0, 1, {.dtype = DType::float64}, generator);
  const Tensor b = normal({20}, 0, 1, {.dtype = DType::float64}, generator);
  Tensor w = zeros({4}, {.dtype = DType::float64, .requires_grad = true});
  LevenbergMarquardt fit({w}, {.damping = 0});
  const double before = fit.step([&] { return matmul(a, w) - b; }).item();
  CHECK(before == Approx(0.5 * sum(square(b)).item()));
  const Tensor rest = matmul(transpose(a), matmul(a, w.detach()) - b);  // the normal equations
  CHECK(amax(abs(rest)).item() < 1e-10);
}

TEST_CASE("Second-order optimizers go on from a saved state to the same bits", "[optim]") {
  const Curve curve;
  const auto run = [&](auto* kind, const auto& options, const std::function<Tensor(const Tensor&)>& closure) {
    using Kind = std::remove_pointer_t<decltype(kind)>;
    for (int saved_at : {0, 1, 4}) {
      Tensor a = variable({1, -0.2, 0}), b = variable({1, -0.2, 0});
      Kind whole({{"p", a}}, options), rest({{"p", b}}, options);
      for (int i = 0; i < saved_at; ++i) whole.step([&] { return closure(a); });
      rest.step([&] { return closure(b); });
      rest.load_state(whole.state(), whole.metadata());
      b.assign(a.detach());
      for (int i = 0; i < 4; ++i) {
        whole.step([&] { return closure(a); });
        rest.step([&] { return closure(b); });
        CHECK(a.to_vector<double>() == b.to_vector<double>());
      }
    }
  };
  run(static_cast<NewtonCG*>(nullptr), NewtonCGOptions{.initial_radius = 0.1},
      [&](const Tensor& p) { return sum(square(curve.residuals(p))); });
  run(static_cast<LevenbergMarquardt*>(nullptr), LevenbergMarquardtOptions{},
      [&](const Tensor& p) { return curve.residuals(p); });
}

TEST_CASE("A closure that throws or is not finite leaves everything as it was", "[optim]") {
  const Curve curve;
  const std::vector<double> start = {1, -0.2, 0};
  const auto run = [&](auto* kind, auto options, const std::function<Tensor(const Tensor&)>& closure) {
    using Kind = std::remove_pointer_t<decltype(kind)>;
    Tensor p = variable({1, -0.2, 0});
    Kind optimizer({p}, options);
    for (int most : {0, 1}) {
      int calls = 0;
      CHECK_THROWS_WITH(optimizer.step([&] {
        if (calls++ == most) throw std::runtime_error("enough");
        return closure(p);
      }),
                        Contains("enough"));
      CHECK(p.to_vector<double>() == start);
      CHECK(optimizer.states()[0].steps == 0);
    }
    options.nonfinite = NonFinite::error;
    optimizer.set_options(0, options);
    CHECK_THROWS_AS(optimizer.step([&] { return closure(p) * std::nan(""); }), std::runtime_error);
    options.nonfinite = NonFinite::skip;
    optimizer.set_options(0, options);
    CHECK(std::isnan(optimizer.step([&] { return closure(p) * std::nan(""); }).item()));
    CHECK(p.to_vector<double>() == start);
    CHECK(optimizer.states()[0].steps == 0);
    CHECK_THROWS_WITH(optimizer.step(), Contains("a step needs the closure") && Contains("second_order.cpp"));
    CHECK_THROWS_WITH(optimizer.step([&] { return closure(p).detach(); }), Contains("must require a gradient, but"));
  };
  run(static_cast<NewtonCG*>(nullptr), NewtonCGOptions{},
      [&](const Tensor& p) { return sum(square(curve.residuals(p))); });
  run(static_cast<LevenbergMarquardt*>(nullptr), LevenbergMarquardtOptions{},
      [&](const Tensor& p) { return curve.residuals(p); });
}

TEST_CASE("An empty closure is refused by each optimizer, in its name", "[optim]") {
  Tensor w = variable({1});
  auto check_refuses = [](Optimizer&& optimizer, const std::string& name) {
    CHECK_THROWS_WITH(optimizer.step(Function<Tensor()>()),
                      Contains(name + ": the closure must be callable, but it is empty. at second_order.cpp:"));
  };
  check_refuses(SGD({w}, {.lr = 0.1}), "SGD");
  check_refuses(LBFGS({w}, {}), "LBFGS");
  check_refuses(NewtonCG({w}, {}), "NewtonCG");
  check_refuses(LevenbergMarquardt({w}, {}), "LevenbergMarquardt");
}

TEST_CASE("A closure that calls backward() is told that step() does", "[optim]") {
  Tensor w = variable({3});
  const auto check_refuses = [&](Optimizer&& optimizer) {
    const std::string name = optimizer.name();
    // PyTorch's idiom.
    const auto closure = [&] {
      optimizer.zero_grad();
      Tensor loss = sum(square(w));
      loss.backward();
      return loss;
    };
    const std::string expected =
        name +
        ": the closure must not call backward(), for step() does, but the graph of its answer is used up. "
        "Compute it anew in each call. at second_order.cpp:";
    CHECK_THROWS_WITH(optimizer.step(closure), Contains(expected));
    CHECK_THROWS_AS(optimizer.step(closure), std::logic_error);
    const Tensor stale = sum(square(w));
    stale.backward();
    CHECK_THROWS_WITH(optimizer.step([&] { return stale; }), Contains("used up. Compute it anew in each call."));
    CHECK(w.item() == 3);
    CHECK(optimizer.states()[0].steps == 0);
    if (name == "LevenbergMarquardt") return;  // it tries steps within NoGrad
    // Where it keeps the graph, the gradient is the same.
    optimizer.step([&] {
      Tensor loss = sum(square(w));
      loss.backward({.retain_graph = true});
      return loss;
    });
    CHECK(w.item() < 3);
    w.assign(full({1}, 3.0, {.dtype = DType::float64}));
  };
  check_refuses(SGD({w}, {.lr = 0.1}));
  check_refuses(Adam({w}, {.lr = 0.1}));
  check_refuses(LBFGS({w}, {}));
  check_refuses(LBFGS({w}, {.line_search = LineSearch::strong_wolfe}));
  check_refuses(NewtonCG({w}, {}));
  check_refuses(LevenbergMarquardt({w}, {}));
}

TEST_CASE("Second-order optimizers leave frozen parameters alone, and be it all of them", "[optim]") {
  const auto check = [](auto&& make) {
    Tensor a = variable({3}), b = variable({2}), other = variable({1});
    auto optimizer = make(std::vector<Tensor>{a, b});
    const auto answer = [&] { return square(a * b - 1) + square(a - 2) + other; };
    const auto step = [&] { return optimizer->step([&] { return sum(answer()); }).item(); };
    step();
    a.set_requires_grad(false);
    const double held = a.item(), free = b.item();
    step();
    CHECK(a.item() == held);
    CHECK(b.item() != free);
    b.set_requires_grad(false);
    const double last = b.item();
    CHECK(std::isfinite(step()));
    CHECK(a.item() == held);
    CHECK(b.item() == last);
  };
  check([](std::vector<Tensor> p) { return std::make_unique<LBFGS>(p, LBFGSOptions{.lr = 0.1, .max_iter = 2}); });
  check([](std::vector<Tensor> p) { return std::make_unique<NewtonCG>(p, NewtonCGOptions{.max_iter = 2}); });
  check([](std::vector<Tensor> p) { return std::make_unique<LevenbergMarquardt>(p); });
}

TEST_CASE("Options of second-order optimizers outside their range are named", "[optim]") {
  Tensor w = variable({1});
  CHECK_THROWS_WITH(NewtonCG({w}, {.lr = 0}), Contains("NewtonCG: lr must be above 0, but it is 0"));
  CHECK_THROWS_WITH(NewtonCG({w}, {.acceptance = 0.5}), Contains("acceptance must be at least 0 and below 0.25"));
  CHECK_THROWS_WITH(LevenbergMarquardt({w}, {.lr = 2}), Contains("lr must be above 0 and at most 1, but it is 2"));
  CHECK_THROWS_WITH(LevenbergMarquardt({w}, {.damping = -1}), Contains("damping must be at least 0"));
  CHECK_THROWS_WITH(
      LevenbergMarquardt({w}).step([] { return Tensor(); }),
      Contains("the closure must return residuals, a floating tensor that is not empty, but it is undefined"));
}
