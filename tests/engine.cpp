// backward() and grad(): their options, and what they say when they are misused.
#include <stdexcept>
#include <vector>

#include "autograd/extend.hpp"
#include "autograd/grad.hpp"
#include "autograd/memory.hpp"
#include "tests/support.hpp"

using namespace xgrad;
using namespace xgrad::testing;
using Catch::Matchers::Contains;

namespace {

/// The identity, whose rule is `rule`.
Tensor with_rule(const Tensor& x, Rule rule, const char* name = "custom") {
  return record(name, SourceLocation::current(), {x}, x.detach(), {}, std::move(rule));
}

/// q = a / b rounded down, r = a - q b: two floating outputs, the second with gradients.
std::vector<Tensor> divide(const Tensor& a, const Tensor& b) {
  Tensor q = floor(a.detach() / b.detach()), r = a.detach() - q * b.detach();
  return record("divide", SourceLocation::current(), {a, b}, {q, r}, {Uses{}, Uses::output(0)}, [](Vjp& vjp) {
    vjp.give(0, vjp.g(1));
    if (vjp.needs(1)) vjp.give(1, -vjp.g(1) * vjp.output(0));
  });
}

}  // namespace

// ---- backward ----

TEST_CASE("backward adds to the variables' gradients", "[engine]") {
  Tensor x = variable({1., 2.});
  sum(x * x).backward();
  CHECK(is_close(x.grad(), f64({2., 4.})));
  sum(3 * x).backward();
  CHECK(is_close(x.grad(), f64({5., 7.})));
  x.zero_grad();
  CHECK_FALSE(x.grad().defined());
}

TEST_CASE("A gradient that was taken out before stays as it was", "[engine]") {
  Tensor x = variable({1., 2.});
  sum(x).backward();
  Tensor kept = x.grad();
  sum(x).backward();
  CHECK(is_close(kept, f64({1., 1.})));
  CHECK(is_close(x.grad(), f64({2., 2.})));
}

TEST_CASE("backward with a cotangent", "[engine]") {
  Tensor x = variable({1., 2.});
  (x * x).backward(f64({10., 100.}));
  CHECK(is_close(x.grad(), f64({20., 400.})));
}

TEST_CASE("backward leaves the caller's cotangent alone", "[engine]") {
  Tensor x = variable({1., 2.}), cotangent = f64({1., 1.});
  Tensor y = x.requires_grad() ? reshape(x, {2}) : x;
  y.backward(cotangent);
  y = reshape(x, {2});
  y.backward(cotangent);
  CHECK(is_close(cotangent, f64({1., 1.}), 0));
  CHECK(is_close(x.grad(), f64({2., 2.})));
}

TEST_CASE("Two variables that share one cotangent keep gradients of their own", "[engine]") {
  Tensor a = variable({1., 2.}), b = variable({3., 4.});
  sum(a + b).backward();
  sum(a).backward();
  CHECK(is_close(a.grad(), f64({2., 2.})));
  CHECK(is_close(b.grad(), f64({1., 1.})));
}

TEST_CASE("A variable is its own output", "[engine]") {
  Tensor x = variable(2.);
  x.backward();
  CHECK(x.grad().item() == 1);
  CHECK(grad(x, x).item() == 1);
}

TEST_CASE("backward of several outputs at once", "[engine]") {
  Tensor x = variable(2.);
  std::vector<Tensor> outputs = {x * x, 3 * x, x * x};
  outputs[2] = outputs[0];  // the same output twice counts twice
  backward(outputs);
  CHECK(x.grad().item() == 11);
}

TEST_CASE("An output may lie on the way to another one", "[engine]") {
  Tensor x = variable(2.);
  Tensor a = x * x, b = a * x;
  backward(std::vector<Tensor>{a, b});
  CHECK(x.grad().item() == 4 + 12);
}

TEST_CASE("A retained graph can be gone through again", "[engine]") {
  Tensor x = variable(2.);
  Tensor y = exp(x) * x;
  y.backward({.retain_graph = true});
  Tensor once = x.grad();
  y.backward();
  CHECK(is_close(x.grad(), 2 * once));
}

TEST_CASE("backward with create_graph makes gradients that can be differentiated", "[engine]") {
  Tensor x = variable(2.);
  (x * x * x).backward({.create_graph = true});
  Tensor first = x.grad();
  x.zero_grad();  // the gradient's graph leads to x: let go of it there
  CHECK(grad(first, x).item() == 12);
}

// ---- grad ----

TEST_CASE("grad touches no variable's gradient", "[engine]") {
  Tensor x = variable({1., 2.});
  CHECK(is_close(grad(sum(x * x), x), f64({2., 4.})));
  CHECK_FALSE(x.grad().defined());
}

TEST_CASE("grad by intermediate results", "[engine]") {
  Tensor x = variable({1., 2.});
  Tensor a = x * x;
  Tensor y = sum(exp(a));
  std::vector<Tensor> gradients = grad(y, {a, x, a});
  CHECK(is_close(gradients[0], exp(a)));
  CHECK(is_close(gradients[1], exp(a) * 2 * x));
  CHECK(is_close(gradients[2], exp(a)));
}

TEST_CASE("grad by one of two outputs of an operation", "[engine]") {
  Tensor a = variable({7., 8.}), b = variable({2., 3.});
  std::vector<Tensor> outputs = divide(a, b);
  CHECK(is_close(grad(sum(outputs[1] * outputs[1]), outputs[1]), 2 * outputs[1]));
}

TEST_CASE("grad with cotangents for several outputs", "[engine]") {
  Tensor x = variable({1., 2.});
  std::vector<Tensor> outputs = {x * x, sum(x)}, cotangents = {f64({1., 10.}), f64(100.)};
  CHECK(is_close(grad(outputs, std::vector<Tensor>{x}, cotangents)[0], f64({102., 140.})));
}

TEST_CASE("An unused input is an error, or undefined by option", "[engine]") {
  Tensor x = variable(1.), unused = variable({1., 2.});
  CHECK_THROWS_AS(grad(x * 2, unused), std::logic_error);
  CHECK_THROWS_WITH(grad(x * 2, {x, unused}), Contains("not on input 1 of shape [2]") &&
                                                  Contains("allow_unused") && Contains(place(__LINE__ - 1)));
  std::vector<Tensor> gradients = grad(x * 2, {x, unused}, {.allow_unused = true});
  CHECK(gradients[0].item() == 2);
  CHECK_FALSE(gradients[1].defined());
}

TEST_CASE("grad frees only the part of the graph that it went through", "[engine]") {
  Tensor x = variable(2.), z = variable(3.);
  Tensor shared = z * z;
  CHECK(grad(x * shared, x).item() == 9);
  CHECK(grad(x * shared, z).item() == 12);
}

// ---- Modes ----

TEST_CASE("NoGrad records nothing, GradMode records again", "[engine]") {
  Tensor x = variable(2.);
  NoGrad no_grad;
  CHECK_FALSE(grad_enabled());
  CHECK_FALSE((x * x).requires_grad());
  {
    GradMode recording(true);
    CHECK((x * x).requires_grad());
  }
  CHECK_FALSE(grad_enabled());
}

TEST_CASE("A graph recorded before can be gone through under NoGrad", "[engine]") {
  Tensor x = variable(2.);
  Tensor y = x * x;
  NoGrad no_grad;
  y.backward();
  CHECK(x.grad().item() == 4);
}

TEST_CASE("detach cuts the graph and shares the elements", "[engine]") {
  Tensor x = variable(3.);
  Tensor y = x * x;
  CHECK_FALSE(y.detach().requires_grad());
  CHECK(y.detach().item() == 9);
  CHECK(grad(x * y.detach(), x).item() == 9);
}

TEST_CASE("Integers and constants carry no gradient", "[engine]") {
  Tensor x = variable({1., 2.});
  CHECK_FALSE(argmax(x).requires_grad());
  CHECK_FALSE((x > 1).requires_grad());
  CHECK_FALSE((f64(1.) + 2).requires_grad());
  CHECK_FALSE(cast(x, DType::int64).requires_grad());
}

// ---- Hooks and retained gradients ----

TEST_CASE("A hook sees the gradient once, complete", "[engine][hook]") {
  Tensor x = variable(2.);
  Tensor a = x * 3;
  std::vector<double> seen;
  a.add_hook([&](const Tensor& g) { return seen.push_back(g.item()), Tensor(); });
  x.add_hook([&](const Tensor& g) { return seen.push_back(g.item()), Tensor(); });
  (a * a + a).backward();
  CHECK(seen == std::vector<double>{13, 39});
  CHECK(x.grad().item() == 39);
}

TEST_CASE("A hook's result replaces the gradient", "[engine][hook]") {
  Tensor x = variable({1., 2.});
  Tensor a = x * 3;
  a.add_hook([](const Tensor& g) { return clamp(g, -1, 1); });
  sum(a * 100).backward();
  CHECK(is_close(x.grad(), f64({3., 3.})));
}

TEST_CASE("Hooks run in the order they were added, also on variables and in grad()", "[engine][hook]") {
  Tensor x = variable(1.);
  x.add_hook([](const Tensor& g) { return g + 1; });
  x.add_hook([](const Tensor& g) { return g * 10; });
  CHECK(grad(x * 5, x).item() == 60);
}

TEST_CASE("A hook's result must fit", "[engine][hook]") {
  Tensor x = variable({1., 2.});
  x.add_hook([](const Tensor&) { return f64(1.); });
  CHECK_THROWS_WITH(sum(x).backward(),
                    Contains("hook's result must be float64 [2]") && Contains("it is float64 []"));
  CHECK_FALSE(x.grad().defined());
}

TEST_CASE("A hook that throws passes its exception on and changes nothing", "[engine][hook]") {
  Tensor x = variable(1.), z = variable(1.);
  Tensor a = x * z;
  a.add_hook([](const Tensor&) -> Tensor { throw std::runtime_error("mine"); });
  CHECK_THROWS_WITH(a.backward(), "mine");
  CHECK_FALSE(x.grad().defined());
  CHECK(grad_enabled());
}

TEST_CASE("retain_grad keeps the gradient of an intermediate result", "[engine]") {
  Tensor x = variable(2.);
  Tensor a = x * x;
  CHECK_FALSE(a.grad().defined());
  a.retain_grad();
  (a * 5).backward();
  CHECK(a.grad().item() == 5);
  a.zero_grad();
  CHECK_FALSE(a.grad().defined());
}

// ---- Custom operations ----

TEST_CASE("An operation with two outputs, used together, apart and not at all", "[engine][extend]") {
  Tensor a = variable({7., 8.}), b = variable({2., 3.});
  std::vector<Tensor> outputs = divide(a, b);
  CHECK(is_close(outputs[0], f64({3., 2.})));
  CHECK(is_close(outputs[1], f64({1., 2.})));
  std::vector<Tensor> gradients = grad(sum(outputs[1] * 2), {a, b}, {.retain_graph = true});
  CHECK(is_close(gradients[0], f64({2., 2.})));
  CHECK(is_close(gradients[1], f64({-6., -4.})));
  CHECK(is_close(grad(sum(outputs[0]) + sum(outputs[1]), a, {.retain_graph = true}), f64({1., 1.})));
  CHECK(is_close(grad(sum(outputs[0]), a), f64({0., 0.})));
}

TEST_CASE("A rule's cotangent must have its input's shape and dtype", "[engine][extend]") {
  Tensor x = variable({1., 2.});
  auto run = [&](Rule rule) {
    return message_of<std::logic_error>([&] { sum(with_rule(x, std::move(rule))).backward(); });
  };
  CHECK_THAT(run([](Vjp& vjp) { vjp.give(0, sum(vjp.g())); }),
             Contains("custom: the cotangent of input 0 must be float64 [2], but the rule gave float64 []") &&
                 Contains("engine.cpp"));
  CHECK_THAT(run([](Vjp& vjp) { vjp.give(0, cast(vjp.g(), DType::float32)); }),
             Contains("the rule gave float32 [2]"));
  CHECK_THAT(run([](Vjp& vjp) { vjp.give(0, Tensor()); }), Contains("the rule gave nothing"));
  CHECK_FALSE(x.grad().defined());
}

TEST_CASE("A rule that reads what it did not save is told so", "[engine][extend]") {
  Tensor x = variable({1., 2.});
  Tensor y = with_rule(x, [](Vjp& vjp) { vjp.give(0, vjp.g() * vjp.input(0)); });
  CHECK_THROWS_WITH(sum(y).backward(), Contains("custom: its rule reads input 0, which it does not save"));
  y = with_rule(x, [](Vjp& vjp) { vjp.give(0, vjp.g() * vjp.output(0)); });
  CHECK_THROWS_WITH(sum(y).backward(), Contains("custom: its rule reads output 0, which it does not save"));
}

TEST_CASE("An input that a rule does not answer for has no gradient from it", "[engine][extend]") {
  Tensor x = variable({1., 2.});
  Tensor y = with_rule(x, [](Vjp&) {});
  CHECK_FALSE(grad(sum(y), std::vector<Tensor>{x}, {.allow_unused = true})[0].defined());
  CHECK(is_close(grad(sum(with_rule(x, [](Vjp&) {}) + x), x), f64({1., 1.})));
}

TEST_CASE("A rule that throws leaves gradients as they were", "[engine][extend]") {
  Tensor x = variable({1., 2.}), z = variable({1., 2.});
  x.set_grad(f64({9., 9.}));
  Tensor y = with_rule(x, [](Vjp&) { throw std::runtime_error("mine"); });
  CHECK_THROWS_WITH(sum(y * z + z).backward(), "mine");
  CHECK(is_close(x.grad(), f64({9., 9.}), 0));
  CHECK_FALSE(z.grad().defined());
  CHECK(grad_enabled());
  sum(z * 2).backward();
  CHECK(is_close(z.grad(), f64({2., 2.})));
}

TEST_CASE("A rule may take gradients itself", "[engine][extend]") {
  Tensor x = variable(0.5);
  Tensor y = with_rule(x, [](Vjp& vjp) {
    GradMode recording(true);
    Tensor inner = variable(3.);
    vjp.give(0, vjp.g() * grad(inner * inner, inner));
  });
  CHECK(grad(y * 2, x).item() == 12);
}

// ---- Misuse ----

TEST_CASE("backward on a non-scalar says what to do", "[engine][misuse]") {
  Tensor x = variable({1., 2.});
  CHECK_THROWS_AS((x * 2).backward(), std::invalid_argument);
  CHECK_THROWS_WITH((x * 2).backward(), Contains("must have one element, but its shape is [2]") &&
                                            Contains("sum() or mean()") && Contains(place(__LINE__ - 1)));
}

TEST_CASE("backward twice names the operation and its line", "[engine][misuse]") {
  Tensor x = variable(2.);
  int line = __LINE__ + 1;
  Tensor y = exp(x);
  y.backward();
  std::string message = message_of<std::logic_error>([&] { y.backward(); });
  CHECK_THAT(message,
             Contains("'exp' (recorded at " + place(line) + ") was freed by an earlier backward pass"));
  CHECK_THAT(message, Contains("retain_graph") && Contains(place(line + 2)));
  CHECK(is_close(x.grad(), exp(x)));
}

TEST_CASE("A freed part of a graph is found from a new part", "[engine][misuse]") {
  Tensor x = variable(2.);
  Tensor a = exp(x);
  Tensor loss = a * 2;
  loss.backward();
  Tensor other = a * 3;
  CHECK_THROWS_WITH(other.backward(), Contains("'exp'") && Contains("was freed"));
}

TEST_CASE("An overwritten saved value names who saved and who wrote", "[engine][misuse]") {
  Tensor x = variable({1., 2.});
  int saved = __LINE__ + 1;
  Tensor y = sum(x * x);
  x.assign(f64({3., 4.}));
  std::string message = message_of<std::logic_error>([&] { y.backward(); });
  CHECK_THAT(message, Contains("'mul' saved at " + place(saved)) && Contains("shape [2]") &&
                          Contains("overwritten at " + place(saved + 1)));
  CHECK_FALSE(x.grad().defined());
}

TEST_CASE("Writing through mutable_data or a detached view counts as well", "[engine][misuse]") {
  Tensor x = variable({1., 2.});
  Tensor y = sum(exp(x * 1.0) * x);
  x.mutable_data<double>()[0] = 5;
  CHECK_THROWS_WITH(y.backward(), Contains("overwritten at " + place(__LINE__ - 1)));
  Tensor z = sum(x * x);
  x.detach().assign(f64({0., 0.}));
  CHECK_THROWS_WITH(z.backward(), Contains("overwritten at " + place(__LINE__ - 1)));
}

TEST_CASE("Values that no rule reads may be overwritten", "[engine][misuse]") {
  Tensor x = variable({1., 2.});
  Tensor y = sum(x + 1.0);
  x.assign(f64({3., 4.}));
  y.backward();
  CHECK(is_close(x.grad(), f64({1., 1.})));
}

TEST_CASE("Differentiating what depends on no variable is explained", "[engine][misuse]") {
  Tensor x = f64({1., 2.});
  CHECK_THROWS_WITH(sum(x).backward(), Contains("must depend on a tensor that requires a gradient") &&
                                           Contains("set_requires_grad()"));
  Tensor w = variable(1.);
  CHECK_THROWS_WITH(grad(w * 2, f64(1.)), Contains("input must require a gradient"));
  CHECK_THROWS_WITH(grad(w * 2, Tensor()), Contains("input must be defined"));
  CHECK_THROWS_WITH(Tensor().backward(), Contains("defined"));
}

TEST_CASE("Cotangents must fit", "[engine][misuse]") {
  Tensor x = variable({1., 2.});
  Tensor y = x * 2;
  CHECK_THROWS_WITH(y.backward(f64({1., 2., 3.})),
                    Contains("cotangent must be float64 [2]") && Contains("float64 [3]"));
  CHECK_THROWS_WITH(y.backward(tensor({1., 2.})), Contains("it is float32 [2]"));
  CHECK_THROWS_WITH(y.backward(Tensor()), Contains("it is undefined"));
  std::vector<Tensor> outputs = {y, y}, cotangents = {f64({1., 2.})};
  CHECK_THROWS_WITH(backward(outputs, cotangents),
                    Contains("one cotangent for each output, but there are 1 for 2"));
  CHECK_THROWS_WITH(backward(std::span<const Tensor>{}), Contains("at least one output"));
}

TEST_CASE("The gradient of a variable must fit", "[engine][misuse]") {
  Tensor x = variable({1., 2.});
  CHECK_THROWS_WITH(x.set_grad(f64(1.)), Contains("must be float64 [2]"));
  CHECK_THROWS_AS(f64(1.).set_grad(f64(1.)), std::logic_error);
  CHECK_THROWS_AS(tensor({1, 2}).set_requires_grad(), std::invalid_argument);
  CHECK_THROWS_AS((x * 2).set_requires_grad(), std::logic_error);
  CHECK_THROWS_AS((x * 2).assign(x), std::logic_error);
  CHECK_THROWS_AS(f64(1.).retain_grad(), std::logic_error);
  CHECK_THROWS_AS(f64(1.).add_hook([](const Tensor& g) { return g; }), std::logic_error);
}
