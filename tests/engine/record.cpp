// record(): operations of one's own, their rules, and what is said of rules that do what they must not.
#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include <xgrad/autograd/extend.hpp>
#include <xgrad/autograd/grad.hpp>
#include "../support.hpp"

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
                 Contains("record.cpp"));
  CHECK_THAT(run([](Vjp& vjp) { vjp.give(0, cast(vjp.g(), DType::float32)); }), Contains("the rule gave float32 [2]"));
  CHECK_THAT(run([](Vjp& vjp) { vjp.give(0, Tensor()); }), Contains("the rule gave nothing"));
  CHECK_FALSE(x.grad().defined());
}

TEST_CASE("A rule that reads what it did not save is told so", "[engine][extend]") {
  Tensor x = variable({1., 2.});
  Tensor y = with_rule(x, [](Vjp& vjp) { vjp.give(0, vjp.g() * vjp.input(0)); });
  CHECK_THROWS_WITH(
      sum(y).backward(),
      Contains("custom: its rule must read inputs that it saves, but it does not save input 0. Name it in Uses."));
  y = with_rule(x, [](Vjp& vjp) { vjp.give(0, vjp.g() * vjp.output(0)); });
  CHECK_THROWS_WITH(
      sum(y).backward(),
      Contains("custom: its rule must read outputs that it saves, but it does not save output 0. Name it in Uses."));
}

TEST_CASE("A second pass over values that a failed one took is refused", "[engine][extend]") {
  Tensor x = variable({1., 2.});
  Tensor y = record("custom", SourceLocation::current(), {x}, exp(x.detach()), {Uses::output(0)}, [](Vjp& vjp) {
    vjp.take_output(0);
    throw std::runtime_error("mine");
  });
  CHECK_THROWS_WITH(sum(y).backward(), "mine");
  CHECK_THROWS_WITH(sum(y).backward(),
                    Contains("backward: 'custom' recorded at record.cpp:") &&
                        Contains(" must hold the values that it saved, but it has handed them over to a pass that "
                                 "failed. Compute the outputs anew. at record.cpp:"));
}

TEST_CASE("A rule may refer to several saved outputs at once", "[engine][extend]") {
  Tensor x = variable(0.4);
  auto sin_cos = [](const Tensor& x) {
    return record("sin_cos", SourceLocation::current(), {x}, std::vector{sin(x.detach()), cos(x.detach())},
                  {Uses::output(0) | Uses::output(1)}, [](Vjp& vjp) {
                    const Tensor& s = vjp.output(0);
                    const Tensor& c = vjp.output(1);
                    vjp.give(0, vjp.g(0) * c - vjp.g(1) * s);
                  });
  };
  Tensor first = grad(sin_cos(x)[0], x, {.create_graph = true});
  CHECK(first.item() == Approx(std::cos(0.4)));
  CHECK(grad(first, x).item() == Approx(-std::sin(0.4)));
}

TEST_CASE("An operation that answers with an input leaves the input what it was", "[engine][extend]") {
  Tensor x = variable({1., 2.}), constant = f64({3., 4.});
  auto twice_the_gradient = [](const Tensor& x, const Tensor& y) {
    return record("twice", SourceLocation::current(), {x, y}, y, {}, [](Vjp& vjp) { vjp.give(0, vjp.g() * 2); });
  };
  Tensor y = twice_the_gradient(x, x);
  CHECK(x.is_leaf());
  CHECK(is_close(grad(sum(y), x), f64({2., 2.})));
  y = twice_the_gradient(x, constant);
  CHECK_FALSE(constant.requires_grad());
  CHECK(is_close(y, constant, 0));
  Tensor recorded = x * 3;
  y = twice_the_gradient(x, recorded);
  CHECK(std::string(recorded.operation()) == "mul");
  CHECK(is_close(grad(sum(y + recorded), x), f64({5., 5.})));
}

TEST_CASE("An operation may have more outputs than can be saved", "[engine][extend]") {
  Tensor x = ones({40}, kVariable);
  std::vector<Tensor> pieces = split(x * x, 1);
  Tensor gradient = grad(pieces[3] * 5 + pieces[20] * 7, x);
  CHECK(gradient[3].item() == 10);
  CHECK(gradient[20].item() == 14);
  CHECK(sum(gradient).item() == 24);
}

TEST_CASE("record says what is wrong with an operation", "[engine][extend][misuse]") {
  Tensor x = variable(1.), y = f64(1.);
  auto make = [&](std::vector<Tensor> outputs, std::initializer_list<Uses> uses, Rule rule) {
    return message_of<std::logic_error>([&] {
      record("custom", SourceLocation::current(), {x, y}, std::move(outputs), uses, std::move(rule));
    });
  };
  auto rule = [](Vjp&) {};
  CHECK_THAT(make({y, Tensor()}, {}, rule), Contains("custom") && Contains("output 1 is undefined"));
  CHECK_THAT(make({y}, {}, Rule()), Contains("must have a rule"));
  CHECK_THAT(make({y}, {Uses(), Uses(), Uses()}, rule), Contains("there are 3 for 2 inputs"));
  CHECK_THAT(make({y}, {Uses::input(2)}, rule), Contains("names more than the 2 inputs and 1 outputs"));
  CHECK_THAT(make({y}, {Uses::output(1)}, rule), Contains("names more than the 2 inputs and 1 outputs"));
  CHECK_THROWS_AS(Uses::input(48), std::out_of_range);
  CHECK_THROWS_AS(Uses::output(-1), std::out_of_range);
  CHECK_THROWS_WITH(Uses::input(50),
                    Contains("Uses::input: the index must be in [0, 48), but it is 50. A rule reads at "
                             "most the first 48 inputs. at ") &&
                        Contains("record.cpp:"));
  CHECK_THROWS_WITH(Uses::output(16), Contains("Uses::output: the index must be in [0, 16), but it is 16."));
  CHECK_THROWS_WITH(record("custom", SourceLocation::current(), {x}, Tensor(), {}, rule),
                    Contains("custom: its output must be a tensor"));
}

TEST_CASE("A rule that asks for what is not there is told so", "[engine][extend][misuse]") {
  Tensor x = variable(1.), constant = f64(1.);
  auto run = [&](Rule rule) {
    return message_of<std::logic_error>([&] {
      record("custom", SourceLocation::current(), {x, constant}, f64(1.), {}, std::move(rule)).backward();
    });
  };
  CHECK_THAT(run([](Vjp& vjp) { vjp.give(2, vjp.g()); }),
             Contains("custom: its rule must ask for inputs below 2, counted from 0, but it asks for input 2.") &&
                 Contains("record.cpp"));
  CHECK_THAT(run([](Vjp& vjp) { vjp.give(0, vjp.g(1)); }),
             Contains("must ask for outputs below 1, counted from 0, but it asks for output 1."));
  CHECK_THAT(run([](Vjp& vjp) { vjp.give(0, vjp.input(-1)); }), Contains("but it asks for input -1."));
  CHECK_THAT(run([](Vjp& vjp) { vjp.give(0, zeros(vjp.shape(1))); }),
             Contains("must ask for the shape or dtype of inputs that need a gradient, but input 1 needs none. Ask"));
}

TEST_CASE("An input that a rule does not answer for has no gradient from it", "[engine][extend]") {
  Tensor x = variable({1., 2.});
  Tensor y = with_rule(x, [](Vjp&) {});
  CHECK_FALSE(grad(sum(y), std::vector<Tensor>{x}, {.unused = Unused::undefined})[0].defined());
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

TEST_CASE("A rule that writes into the cotangent it is handed is told so", "[engine][extend]") {
  Tensor x = variable({1., 2.}), z = variable({1., 2.}), cotangent = f64({1., 1.});
  for (bool take : {false, true}) {
    Tensor y = with_rule(
        x,
        [take](Vjp& vjp) {
          Tensor g = take ? vjp.take_g() : vjp.g();
          g.assign(7);
          vjp.give(0, g);
        },
        "scribble");
    CHECK_THROWS_WITH(y.backward(cotangent),
                      Contains("the rule of 'scribble'") && Contains("must not write into") && Contains("record.cpp"));
    cotangent = f64({1., 1.});
    CHECK_THROWS_AS((y + z).backward(cotangent), std::logic_error);
  }
  CHECK_FALSE(x.grad().defined());
  CHECK_FALSE(z.grad().defined());
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

TEST_CASE("grad by one of two outputs of an operation", "[engine]") {
  Tensor a = variable({7., 8.}), b = variable({2., 3.});
  std::vector<Tensor> outputs = divide(a, b);
  CHECK(is_close(grad(sum(outputs[1] * outputs[1]), outputs[1]), 2 * outputs[1]));
}

TEST_CASE("A pass that fails keeps no gradients", "[engine]") {
  Tensor x = variable(2.);
  Tensor a = with_rule(x, [](Vjp&) { throw std::runtime_error("mine"); });
  Tensor b = a * 3;
  b.retain_grad();
  CHECK_THROWS_WITH(b.backward(), "mine");
  CHECK_FALSE(b.grad().defined());
}
