#include <xgrad/autograd/functional.hpp>

#include <cmath>
#include <utility>

#include <xgrad/autograd/check/gradcheck.hpp>
#include <xgrad/autograd/memory.hpp>
#include "../support.hpp"

using namespace xgrad;
using namespace xgrad::testing;
using Catch::Matchers::Contains;

namespace {

const auto kWave = [](const Tensor& x) { return sum(sin(x) * exp(x)); };
const auto kProduct = [](const Tensor& a, const Tensor& b) { return sum(a * a * b); };

Tensor point() { return f64({0.5, -1.2, 2.0}); }

}  // namespace

TEST_CASE("grad of a function of one tensor", "[functional]") {
  Tensor x = point();
  Tensor dfdx = grad(kWave, x);
  CHECK(is_close(dfdx, (sin(x) + cos(x)) * exp(x)));
  CHECK_FALSE(dfdx.requires_grad());
  CHECK_FALSE(x.requires_grad());
}

TEST_CASE("grad keeps float32", "[functional]") {
  Tensor x = tensor({0.5, -1.2});
  Tensor dfdx = grad(kWave, x);
  CHECK(dfdx.dtype() == DType::float32);
  CHECK(is_close(dfdx, (sin(x) + cos(x)) * exp(x), 1e-5));
}

TEST_CASE("grad of a function of several tensors", "[functional]") {
  Tensor a = point(), b = f64({1., 2., 3.});
  std::vector<Tensor> gradients = grad(kProduct, {a, b});
  REQUIRE(gradients.size() == 2);
  CHECK(is_close(gradients[0], 2 * a * b));
  CHECK(is_close(gradients[1], a * a));
}

TEST_CASE("grad takes its inputs as a list in braces, a vector or a span", "[functional]") {
  std::vector<Tensor> inputs = {point(), f64({1., 2., 3.})};
  std::vector<Tensor> single = grad(kWave, {inputs[0]});
  CHECK(is_close(single.at(0), grad(kWave, inputs[0])));
  CHECK(is_close(grad(kProduct, inputs)[1], inputs[0] * inputs[0]));
}

TEST_CASE("grad takes functions of a list of tensors", "[functional]") {
  std::vector<Tensor> inputs = {point(), f64({1., 2., 3.})};
  auto of_vector = [](const std::vector<Tensor>& x) { return sum(x[0] * x[1]); };
  auto of_span = [](std::span<const Tensor> x) { return sum(x[0] * x[1]); };
  CHECK(is_close(grad(of_vector, inputs)[0], inputs[1]));
  CHECK(is_close(grad(of_span, inputs)[1], inputs[0]));
}

TEST_CASE("grad takes generic lambdas, plain functions and mutable ones", "[functional]") {
  Tensor x = f64(0.3);
  CHECK(is_close(grad([](auto t) { return t * t; }, x), 2 * x));
  Tensor (*plain)(const Operand&) = sin;
  CHECK(is_close(grad(plain, x), cos(x)));
  int calls = 0;
  grad([calls_so_far = 0, &calls](const Tensor& t) mutable { return calls = ++calls_so_far, t * 2; }, x);
  CHECK(calls == 1);
}

TEST_CASE("value_and_grad computes the function once", "[functional]") {
  int calls = 0;
  auto [value, gradient] = value_and_grad([&](const Tensor& x) { return ++calls, sum(x * x); }, point());
  CHECK(calls == 1);
  CHECK(value.item() == Approx(0.25 + 1.44 + 4));
  CHECK_FALSE(value.requires_grad());
  CHECK(is_close(gradient, 2 * point()));
  auto [both, gradients] = value_and_grad(kProduct, {point(), point()});
  CHECK(both.item() == Approx(0.125 - 1.728 + 8));
  CHECK(gradients.size() == 2);
}

TEST_CASE("vjp is the cotangent times the Jacobian", "[functional]") {
  Tensor x = point(), c = f64({1., -2., 0.5});
  CHECK(is_close(vjp([](const Tensor& t) { return sin(t); }, x, c), c * cos(x)));
  std::vector<Tensor> pulled = vjp([](const Tensor& a, const Tensor& b) { return a * b; }, {x, c}, c);
  CHECK(is_close(pulled[0], c * c));
  CHECK(is_close(pulled[1], c * x));
}

TEST_CASE("jvp is the Jacobian times the tangent", "[functional]") {
  Tensor x = point(), t = f64({1., -2., 0.5});
  CHECK(is_close(jvp([](const Tensor& x) { return sin(x); }, x, t), t * cos(x)));
  CHECK(is_close(jvp([](const Tensor& a, const Tensor& b) { return a * b; }, {x, t}, {t, x}), t * t + x * x));
  Tensor m = f64({{1., 2., 3.}, {4., 5., 6.}});
  auto f = [&](const Tensor& x) { return matmul(m, tanh(x)); };
  CHECK(is_close(jvp(f, x, t), matmul(jacobian(f, x), t)));
  CHECK_FALSE(jvp(f, x, t).requires_grad());
}

TEST_CASE("jacobian has the shape of the value, then that of the input", "[functional]") {
  Tensor a = f64({{1., 2.}, {3., 4.}}), b = f64({{0.5}, {-1.}});
  std::vector<Tensor> blocks = jacobian([](const Tensor& a, const Tensor& b) { return matmul(a, b); }, {a, b});
  CHECK(blocks[0].shape() == Shape{2, 1, 2, 2});
  CHECK(blocks[1].shape() == Shape{2, 1, 2, 1});
  CHECK(is_close(reshape(blocks[1], {2, 2}), a));
  CHECK(is_close(reshape(blocks[0], {2, 4}), f64({{0.5, -1., 0., 0.}, {0., 0., 0.5, -1.}})));
}

TEST_CASE("jacobian of scalars and of empty tensors", "[functional]") {
  auto square_of = [](const Tensor& x) { return x * x; };
  CHECK(is_close(jacobian(square_of, f64(3.)), f64(6.)));
  CHECK(jacobian(square_of, zeros({0, 2}, kDouble)).shape() == Shape{0, 2, 0, 2});
  CHECK(grad([](const Tensor& x) { return sum(x); }, zeros({0}, kDouble)).shape() == Shape{0});
}

TEST_CASE("hessian", "[functional]") {
  Tensor x = point();
  Tensor second = hessian(kWave, x);
  CHECK(second.shape() == Shape{3, 3});
  CHECK(is_close(second, eye(3, kDouble) * (2 * cos(x) * exp(x))));

  Tensor b = f64({1., 2., 3.});
  auto blocks = hessian(kProduct, {x, b});
  CHECK(is_close(blocks[0][0], eye(3, kDouble) * (2 * b)));
  CHECK(is_close(blocks[0][1], eye(3, kDouble) * (2 * x)));
  CHECK(is_close(blocks[1][0], eye(3, kDouble) * (2 * x)));
  CHECK(is_close(blocks[1][1], zeros({3, 3}, kDouble)));
}

TEST_CASE("hvp is the Hessian times the vector", "[functional]") {
  Tensor x = point(), v = f64({1., -2., 0.5});
  auto f = [](const Tensor& x) { return prod(sin(x)) + sum(x * x * x); };
  auto [gradient, product] = hvp(f, x, v);
  CHECK(is_close(gradient, grad(f, x)));
  CHECK_FALSE(gradient.requires_grad());
  CHECK(is_close(product, matmul(hessian(f, x), v)));
  std::vector<Tensor> products = hvp(kProduct, {x, v}, {v, x}).product;
  CHECK(is_close(products[0], 2 * v * v + 2 * x * x));
  CHECK(is_close(products[1], 2 * x * v));
}

TEST_CASE("Derivatives of functions that do not depend on an argument are zero", "[functional]") {
  Tensor x = point();
  CHECK(is_close(grad([](const Tensor&) { return f64(3.); }, x), zeros({3}, kDouble)));
  CHECK(is_close(grad([](const Tensor& a, const Tensor&) { return sum(a); }, {x, x})[1], zeros({3}, kDouble)));
  CHECK(is_close(hessian([](const Tensor& x) { return sum(x); }, x), zeros({3, 3}, kDouble)));
  CHECK(is_close(hvp([](const Tensor& x) { return sum(x); }, x, x).product, zeros({3}, kDouble)));
  CHECK(is_close(jvp([](const Tensor&) { return f64(3.); }, x, x), f64(0.)));
  CHECK(is_close(jvp([](const Tensor& x) { return floor(x); }, x, x), zeros({3}, kDouble)));
}

TEST_CASE("The identity has the identity as its Jacobian", "[functional]") {
  CHECK(is_close(jacobian([](const Tensor& x) { return x; }, point()), eye(3, kDouble)));
}

TEST_CASE("grad nests, to any order", "[functional]") {
  Tensor x = f64(0.7);
  auto f = [](const Tensor& x) { return exp(sin(x)); };
  auto f1 = [&](const Tensor& x) { return grad(f, x); };
  auto f2 = [&](const Tensor& x) { return grad(f1, x); };
  auto f3 = [&](const Tensor& x) { return grad(f2, x); };
  double s = std::sin(0.7), c = std::cos(0.7);
  CHECK(f3(x).item() == Approx(std::exp(s) * (c * c * c - 3 * s * c - c)).epsilon(1e-12));
}

TEST_CASE("An inner derivative sees only its own argument", "[functional]") {
  // d/dx of x * (d/dy (x * y) at y = 1) = d/dx x^2; confusing the two levels would give another number.
  Tensor x = f64(3.);
  Tensor outer = grad(
      [](const Tensor& x) {
        Tensor inner = grad([&](const Tensor& y) { return x * y; }, ones_like(x));
        return x * inner;
      },
      x);
  CHECK(outer.item() == 6);
  // The argument and the captured tensor are the same one here, and still count apart.
  CHECK(grad([](const Tensor& x) { return grad([&](const Tensor& y) { return x * y; }, x); }, x).item() == 1);
}

TEST_CASE("A derivative is differentiable by what its function captured", "[functional]") {
  Tensor w = variable({2., 3.}), x = f64({0.5, -1.});
  Tensor slope = grad([&](const Tensor& x) { return sum(w * x * x); }, x);
  REQUIRE(slope.requires_grad());
  sum(slope).backward();
  CHECK(is_close(w.grad(), 2 * x));
}

TEST_CASE("A derivative at a tensor that requires a gradient is differentiable by it", "[functional]") {
  Tensor x = variable({0.5, -1.});
  Tensor y = x * x;
  Tensor second = grad(sum(grad([](const Tensor& t) { return sum(exp(t)); }, y)), x);
  CHECK(is_close(second, exp(x * x) * 2 * x));
  auto [value, gradient] = value_and_grad([](const Tensor& t) { return sum(exp(t)); }, x);
  CHECK(is_close(grad(value + sum(gradient), x), 2 * exp(x)));
  CHECK_FALSE(x.grad().defined());
}

TEST_CASE("A derivative is differentiable by cotangents, tangents and vectors", "[functional]") {
  Tensor x = point(), c = variable({1., 2., 3.});
  auto f = [](const Tensor& t) { return t * t; };
  CHECK(is_close(grad(sum(vjp(f, x, c)), c), 2 * x));
  CHECK(is_close(grad(sum(jvp(f, x, c)), c), 2 * x));
  CHECK(is_close(grad(sum(hvp([](const Tensor& t) { return sum(t * t * t); }, x, c).product), c), 6 * x));
}

TEST_CASE("Under NoGrad derivatives are exact and record nothing", "[functional]") {
  Tensor w = variable({2., 3.});
  NoGrad no_grad;
  Tensor slope = grad([&](const Tensor& x) { return sum(w * x * x); }, w);
  CHECK(is_close(slope, 2 * w * w));
  CHECK_FALSE(slope.requires_grad());
  CHECK(is_close(hessian(kWave, point()), eye(3, kDouble) * (2 * cos(point()) * exp(point()))));
}

TEST_CASE("Derivatives of views and broadcast inputs", "[functional]") {
  Tensor m = f64({{1., 2., 3.}, {4., 5., 6.}});
  auto f = [](const Tensor& x) { return sum(x * x * x); };
  CHECK(is_close(grad(f, transpose(m)), 3 * transpose(m * m)));
  CHECK(is_close(grad(f, expand(f64({1., 2.}), {3, 2})), expand(f64({3., 12.}), {3, 2})));
}

TEST_CASE("Derivatives leave no graph behind, also when the function throws", "[functional]") {
  memory::Stats before = memory::stats();
  {
    Tensor x = point();
    hessian(kWave, x);
    auto throws = [](const Tensor& x) -> Tensor { return throw std::runtime_error("mine"), x; };
    CHECK_THROWS_WITH(grad(throws, x), "mine");
    CHECK(grad_enabled());
  }
  CHECK(memory::stats().nodes == before.nodes);
  CHECK(memory::stats().storages == before.storages);
}

TEST_CASE("Misuse of derivatives is explained", "[functional]") {
  Tensor x = point();
  auto identity = [](const Tensor& x) { return x; };
  int line = __LINE__ + 1;
  auto call = [&] { grad(identity, x); };
  CHECK_THROWS_WITH(call(), Contains("must give one element, but its value has shape [3]") && Contains(place(line)));
  const Tensor integers = tensor({1, 2});
  CHECK_THROWS_WITH(grad(identity, x), Catch::StartsWith("grad: the function must give one element"));
  CHECK_THROWS_WITH(grad(identity, {x}), Catch::StartsWith("grad: the function must give one element"));
  CHECK_THROWS_WITH(value_and_grad(identity, x), Catch::StartsWith("value_and_grad: the function must give one"));
  CHECK_THROWS_WITH(value_and_grad(identity, {x}), Catch::StartsWith("value_and_grad: the function must give one"));
  CHECK_THROWS_WITH(value_and_grad(identity, integers), Catch::StartsWith("value_and_grad: input 0 must"));
  CHECK_THROWS_WITH(vjp(identity, integers, x), Catch::StartsWith("vjp: input 0 must"));
  CHECK_THROWS_WITH(jvp(identity, integers, x), Catch::StartsWith("jvp: input 0 must"));
  CHECK_THROWS_WITH(jacobian(identity, integers), Catch::StartsWith("jacobian: input 0 must"));
  CHECK_THROWS_WITH(hessian(identity, x), Catch::StartsWith("hessian: the function must give one"));
  CHECK_THROWS_WITH(hvp(identity, x, x), Catch::StartsWith("hvp: the function must give one"));
  CHECK_THROWS_WITH(grad(identity, tensor({1, 2})), Contains("input 0 must be floating") && Contains("int64"));
  std::string message = message_of<std::invalid_argument>([&] { grad(kProduct, {x}); });
  CHECK_THAT(message, Contains("as many tensors as there are inputs") && Contains("with 1. at functional.cpp"));
  CHECK_THROWS_WITH(grad([](const Tensor& x) { return argmax(x); }, x), Contains("must give a floating tensor"));
  CHECK_THROWS_WITH(vjp(identity, x, f64({1., 2.})), Contains("cotangent must be float64 [3], but it is float64 [2]"));
  CHECK_THROWS_WITH(jvp(identity, x, tensor({1., 2., 3.})), Contains("tangent must be float64 [3], but it is float32"));
  CHECK_THROWS_WITH(jvp(kProduct, {x, x}, {x}), Contains("one tangent for each input") && Contains("1 for 2"));
  CHECK_THROWS_WITH(hvp(kWave, x, f64(1.)), Contains("vector must be float64 [3]"));
  CHECK_THROWS_WITH(jacobian(identity, zeros({1, 1, 1, 1, 1}, kDouble)), Contains("at most 8 axes"));
  CHECK_THROWS_WITH(grad(kWave, Tensor()), Contains("input must be defined"));
}

// ---- Nesting costs what it must ----

TEST_CASE("An inner gradient at a constant point leaves nothing that requires gradients", "[functional]") {
  Tensor x0 = point();
  Tensor w = f64({1., 2., 3.});
  auto loss = [&](const Tensor& w) {
    Tensor g = grad([&](const Tensor& x) { return sum(w * x * x * x); }, x0);
    return sum(g * g);
  };
  std::int64_t nodes = memory::stats().nodes;
  for (int step = 0; step < 4; ++step) {
    auto [value, gradient] = value_and_grad(loss, w);
    CHECK_FALSE(value.requires_grad());
    CHECK_FALSE(gradient.requires_grad());
    CHECK(is_close(gradient, 18 * w * x0 * x0 * x0 * x0));
    w = w - 0.01 * gradient;
    CHECK(memory::stats().nodes == nodes);
  }
}

TEST_CASE("What a function leaves of its own variables is constant afterwards", "[functional]") {
  Tensor kept, argument, w = variable(2.);
  grad([&](const Tensor& x) { return argument = x, kept = x * x, sum(kept * w); }, f64(3.));
  CHECK_FALSE(argument.requires_grad());
  Tensor later = kept * w;
  CHECK(grad(later, w).item() == 9);
  CHECK_THROWS_AS(grad([](const Tensor&) -> Tensor { throw std::logic_error("mine"); }, f64(3.)), std::logic_error);
}

TEST_CASE("A gradient in each step of a loop, inside of another one", "[functional]") {
  auto steps = [](const Tensor& start) {
    Tensor x = start;
    for (int i = 0; i < 5; ++i)
      x = x - 0.1 * grad([](const Tensor& t, const Tensor& s) { return sum(t * t * t * s); }, {x, start})[0];
    return sum(x);
  };
  CHECK(gradcheck(steps, {f64({0.5, -0.3})}, {.order = 2}).passed());
}

// ---- Closures over parameters ----

namespace {
/// Two parameters of a quadratic in one and a product with the other.
struct Parameters {
  Tensor a = variable({1., 2., 3.}), b = variable({0.5, -1., 2.});
  Tensor operator()() const { return sum(a * a * b); }
  std::vector<Tensor> list() const { return {a, b}; }
};
}  // namespace

TEST_CASE("Derivatives of closures by their parameters are those of the function", "[functional][closure]") {
  Parameters p;
  auto loss = [&] { return p(); };
  auto f = [](const Tensor& a, const Tensor& b) { return sum(a * a * b); };
  std::vector<Tensor> at = {p.a.detach(), p.b.detach()}, v = {f64({1., 0., 2.}), f64({-1., 1., 3.})};
  auto same = [](const std::vector<Tensor>& x, const std::vector<Tensor>& y) {
    return x.size() == y.size() && is_close(x[0], y[0]) && is_close(x[1], y[1]);
  };
  auto [value, gradients] = value_and_grad(loss, p.list());
  CHECK(is_close(value, p()));
  CHECK(same(gradients, grad(f, at)));
  CHECK(same(grad(loss, {p.a, p.b}), gradients));
  CHECK(is_close(grad(loss, p.b), gradients[1]));
  auto [gradient, product] = hvp(loss, p.list(), v);
  auto [expected_gradient, expected_product] = hvp(f, at, v);
  CHECK(same(gradient, expected_gradient));
  CHECK(same(product, expected_product));
  CHECK(is_close(hvp(loss, p.a, v[0]).product, 2 * p.b * v[0]));
  auto blocks = hessian(loss, p.list()), expected_blocks = hessian(f, at);
  for (int i = 0; i < 2; ++i) CHECK(same(blocks[i], expected_blocks[i]));
  auto map = [&] { return p.a * p.b; };
  CHECK(is_close(jacobian(map, p.a), eye(3, kDouble) * p.b));
  CHECK(is_close(jvp(map, p.list(), v), v[0] * p.b + p.a * v[1]));
  CHECK(is_close(vjp(map, p.list(), v[0])[1], v[0] * p.a));
  CHECK_FALSE(p.a.grad().defined());
}

TEST_CASE("Derivatives of closures nest, and are constant under NoGrad", "[functional][closure]") {
  Parameters p;
  auto penalty = [&] {
    std::vector<Tensor> g = grad([&] { return p(); }, p.list());
    return sum(g[0] * g[0]) + sum(g[1] * g[1]);
  };
  CHECK(gradcheck(penalty, p.list(), {.order = 2}).passed());
  CHECK(is_close(grad(penalty, p.a), 8 * p.a * p.b * p.b + 4 * p.a * p.a * p.a));
  NoGrad no_grad;
  for (const Tensor& g : grad([&] { return p(); }, p.list())) CHECK_FALSE(g.requires_grad());
}

TEST_CASE("A closure's parameter that it does not read has zeros, one that is frozen an error",
          "[functional][closure]") {
  Parameters p;
  CHECK(is_close(grad([&] { return sum(p.a); }, p.list())[1], zeros({3}, kDouble)));
  p.b.set_requires_grad(false);
  CHECK_THROWS_WITH(grad([&] { return p(); }, p.list()),
                    Contains("parameter 1 of the closure must require a gradient"));
}

TEST_CASE("Parameters as one vector, and back", "[functional][closure]") {
  Tensor a = variable({{1., 2.}, {3., 4.}}), b = ones({}, {.requires_grad = true});
  Tensor flat = parameters_to_vector({a, b});
  CHECK(is_close(flat, f64({1., 2., 3., 4., 1.})));
  std::vector<Tensor> back = parameters_from_vector(flat, {a, b});
  CHECK(is_close(back[0], a));
  CHECK(back[1].dtype() == DType::float32);
  CHECK(back[1].shape() == Shape{});
  CHECK(is_close(grad(sum(square(flat)), a), 2 * a));
  auto round_trip = [&](const Tensor& v) {
    std::vector<Tensor> parts = parameters_from_vector(v, {a, a});
    return parameters_to_vector({matmul(parts[0], parts[1]), parts[0]});
  };
  CHECK(gradcheck(round_trip, {f64({1., 2., 3., 4., 5., 6., 7., 8.})}, {.order = 2}).passed());
  CHECK_THROWS_WITH(parameters_from_vector(flat, {a}), Contains("as many elements as the tensors, 4, but it has 5"));
  CHECK_THROWS_WITH(parameters_from_vector(a, {a}), Contains("there must be a vector, but it is of shape [2, 2]"));
  CHECK_THROWS_WITH(parameters_to_vector({}), Contains("the list is empty"));
  CHECK_THROWS_WITH(parameters_from_vector(flat, {a, Tensor()}),
                    Catch::StartsWith("parameters_from_vector: the tensors must be defined, but tensor 1 is not."));
}

TEST_CASE("A Jacobian has the wider dtype of the argument and the value", "[functional]") {
  Tensor narrow = ones({2}), wide = ones({2}, kDouble);
  CHECK(jacobian([](const Tensor& x) { return cast(x, DType::float64) * 2; }, narrow).dtype() == DType::float64);
  CHECK(jacobian([](const Tensor& x) { return cast(x, DType::float32) * 2; }, wide).dtype() == DType::float64);
  CHECK(jacobian([](const Tensor& x) { return x * 2; }, narrow).dtype() == DType::float32);
}

TEST_CASE("A function of another number of tensors is refused in the name of what was called", "[functional]") {
  const Tensor x = point();
  const std::string problem =
      ": the function must take as many tensors as there are inputs, but it cannot be called with ";
  CHECK_THROWS_WITH(grad(kProduct, {x}), Contains("grad" + problem + "1. at "));
  CHECK_THROWS_WITH(value_and_grad(kProduct, {x}), Contains("value_and_grad" + problem));
  CHECK_THROWS_WITH(vjp(kProduct, {x, x, x}, x), Contains("vjp" + problem + "3. at "));
  CHECK_THROWS_WITH(jvp(kProduct, {x}, {x}), Contains("jvp" + problem));
  CHECK_THROWS_WITH(jacobian(kProduct, {x}), Contains("jacobian" + problem));
  CHECK_THROWS_WITH(hessian(kProduct, {x}), Contains("hessian" + problem));
  CHECK_THROWS_WITH(hvp(kProduct, {x}, {x}), Contains("hvp" + problem));
  CHECK_THROWS_WITH(gradcheck(kProduct, {x}), Contains("gradcheck" + problem));
}
