#include <xgrad/autograd/check/gradcheck.hpp>

#include <cmath>
#include <numbers>

#include <xgrad/autograd/check/catch.hpp>
#include <xgrad/autograd/check/differences.hpp>
#include <xgrad/autograd/extend.hpp>
#include "../support.hpp"

using namespace xgrad;
using namespace xgrad::testing;
using Catch::Matchers::Contains;
using Kind = GradcheckFinding::Kind;

namespace {

/// x^3, its derivative off by `factor`.
Tensor cube(const Operand& operand, double factor = 1) {
  const Tensor& x = operand.tensor("cube");
  Tensor value = x.detach();
  return record("cube", operand.where(), {x}, value * value * value, {Uses::input(0)},
                [factor](Vjp& vjp) { vjp.give(0, 3 * factor * vjp.g() * square(vjp.input(0))); });
}

/// x^3 whose derivative is right, but the derivative's derivative is off by `factor`.
Tensor cube_second_order(const Operand& operand, double factor) {
  const Tensor& x = operand.tensor("cube2");
  Tensor value = x.detach();
  return record("cube2", operand.where(), {x}, value * value * value, {Uses::input(0)}, [factor](Vjp& vjp) {
    const Tensor& x = vjp.input(0);
    // x + factor' (x - x): the same value, another derivative.
    Tensor bent = x + (factor - 1) * (x - x.detach());
    vjp.give(0, 3 * vjp.g() * square(bent));
  });
}

/// x^3 whose rule is right unless the gradient's graph is recorded.
Tensor cube_two_faced(const Operand& operand) {
  const Tensor& x = operand.tensor("cube3");
  Tensor value = x.detach();
  return record("cube3", operand.where(), {x}, value * value * value, {Uses::input(0)},
                [](Vjp& vjp) { vjp.give(0, (vjp.creates_graph() ? 3.003 : 3.0) * vjp.g() * square(vjp.input(0))); });
}

/// Only the cotangent of element 7 of 20 is off.
Tensor one_element_wrong(const Tensor& x, double factor) {
  return record("almost", SourceLocation::current(), {x}, x.detach() * 2, {}, [factor](Vjp& vjp) {
    Tensor weights = ones(vjp.shape(0), kDouble);
    weights.mutable_data<double>()[7] = factor;
    vjp.give(0, 2 * vjp.g() * weights);
  });
}

Tensor point() { return f64({0.5, -1.2, 2.0}); }

}  // namespace

// ---- Right rules pass ----

TEST_CASE("A small gradient is seen beside a large one", "[gradcheck]") {
  auto wrong = [](const Tensor& x) {
    return record("half_sine", SourceLocation::current(), {x}, sin(x.detach()), {Uses::input(0)},
                  [](Vjp& vjp) { vjp.give(0, 0.5 * vjp.g() * cos(vjp.input(0))); });
  };
  auto f = [&](const Tensor& x, const Tensor& y) { return sum(exp(10 * x)) + sum(wrong(y)); };
  GradcheckReport report = gradcheck_report(f, {f64({2.}), f64({0.3, 0.4})});
  REQUIRE_FALSE(report.passed());
  CHECK(report.errors[0].input == 1);
  CHECK(report.errors[0].fault.find("half_sine") != std::string::npos);
}

TEST_CASE("A right gradient passes at two evaluations for each direction", "[gradcheck]") {
  for (bool fast : {true, false}) {
    GradcheckReport report = gradcheck([](const Tensor& x) { return sum(sin(x) * exp(x)); }, {point()}, {.fast = fast});
    CHECK(report.passed());
    CHECK(report.kinks.empty());
    CHECK(report.evaluations <= 12);
    CHECK_THAT(report.text(), Contains("agrees with finite differences") && Contains("Seed 0"));
  }
}

TEST_CASE("Right gradients pass at all magnitudes, to order 2", "[gradcheck]") {
  for (double size : {1e-12, 1e-8, 1e-4, 1.0, 1e4, 1e8, 1e12})
    for (double scale : {1e-12, 1e-6, 1.0, 1e6, 1e12})
      for (bool fast : {true, false}) {
        INFO("elements about " << size << ", values scaled by " << scale << ", fast " << fast);
        GradcheckOptions options{.order = 2, .fast = fast};
        Tensor x = point() * size;
        GradcheckReport report = gradcheck_report([&](const Tensor& x) { return scale * cube(x); }, {x}, options);
        INFO(report.text());
        CHECK(report.passed());
        CHECK(report.kinks.empty());
      }
}

TEST_CASE("Right gradients pass over many seeds", "[gradcheck]") {
  Tensor x = f64({0.5, 1e-6, -2.0, 3e5, 0.0, 1.0}), w = f64({{1., -0.2}, {3., 0.5}, {0.1, 2.}});
  auto f = [](const Tensor& x, const Tensor& w) {
    return tanh(matmul(reshape(x, {2, 3}), w)) + 1e3 * exp(-x[0] * x[0]);
  };
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    GradcheckReport report = gradcheck_report(f, {x, w}, {.order = 2, .seed = seed});
    INFO(report.text());
    CHECK(report.passed());
  }
}

TEST_CASE("Elements near a pole or the border of a domain are judged with small enough steps", "[gradcheck]") {
  Tensor x = f64({1e-9, 1e-4, 0.3, 20., 1e7});
  for (bool fast : {true, false}) {
    GradcheckOptions options{.order = 2, .fast = fast};
    CHECK(gradcheck([](const Tensor& x) { return log(x); }, {x}, options).kinks.empty());
    CHECK(gradcheck([](const Tensor& x) { return 1 / x; }, {x}, options).kinks.empty());
    CHECK(gradcheck([](const Tensor& x) { return sqrt(x); }, {x}, options).kinks.empty());
  }
}

TEST_CASE("Functions whose rounding errors are large pass", "[gradcheck]") {
  auto f = [](const Tensor& x) { return (x * x + 1e8) - 1e8; };
  CHECK(gradcheck(f, {point()}, {.order = 2}).passed());
  CHECK(gradcheck([](const Tensor& x) { return sum(softmax(x)); }, {point()}, {.order = 2}).passed());
}

TEST_CASE("gradcheck to order 3", "[gradcheck]") {
  CHECK(gradcheck([](const Tensor& x) { return exp(sin(x)); }, {point()}, {.order = 3}).passed());
}

TEST_CASE("gradcheck of empty, scalar, transposed and broadcast inputs", "[gradcheck]") {
  auto f = [](const Tensor& x) { return x * x; };
  CHECK(gradgradcheck(f, {zeros({0, 3}, kDouble)}).passed());
  CHECK(gradgradcheck(f, {f64(0.3)}).passed());
  CHECK(gradgradcheck(f, {transpose(f64({{1., 2.}, {3., 4.}}))}).passed());
  CHECK(gradgradcheck(f, {expand(f64({1., 2.}), {3, 2})}).passed());
}

TEST_CASE("int64 and boolean inputs are handed over as they are", "[gradcheck]") {
  auto f = [](const Tensor& indices, const Tensor& x, const Tensor& mask) {
    return where(mask, index_select(x, 0, indices), 0.0);
  };
  GradcheckReport report = gradcheck(f, {tensor({2, 0, 2}), point(), tensor({true, false, true})}, {.order = 2});
  CHECK(report.passed());
}

TEST_CASE("A function that ignores an input or everything has gradient 0", "[gradcheck]") {
  CHECK(gradgradcheck([](const Tensor& a, const Tensor&) { return a * 2; }, {point(), point()}).passed());
  CHECK(gradgradcheck([](const Tensor&) { return f64(3.); }, {point()}).passed());
}

TEST_CASE("gradcheck leaves its inputs as they were", "[gradcheck]") {
  Tensor x = f64({1., 2.});
  gradcheck([](const Tensor& x) { return x * x; }, {x});
  CHECK_FALSE(x.requires_grad());
  CHECK(is_close(x, f64({1., 2.}), 0));
}

// ---- Wrong rules fail ----

TEST_CASE("A rule wrong by 0.1 % fails, at all magnitudes", "[gradcheck]") {
  for (double size : {1e-12, 1e-8, 1e-4, 1.0, 1e4, 1e8, 1e12})
    for (double scale : {1e-12, 1e-6, 1.0, 1e6, 1e12})
      for (double factor : {0.999, 1.001})
        for (bool fast : {true, false}) {
          INFO("elements about " << size << ", values scaled by " << scale << ", fast " << fast);
          GradcheckOptions options{.fast = fast};
          auto f = [&](const Tensor& x) { return scale * cube(x, factor); };
          GradcheckReport report = gradcheck_report(f, {point() * size}, options);
          REQUIRE_FALSE(report.passed());
          CHECK(report.errors[0].kind == Kind::wrong);
          CHECK(report.errors[0].rule / report.errors[0].difference == Approx(factor).epsilon(1e-6));
        }
}

TEST_CASE("A rule wrong by 0.1 % in one place fails beside others of any size", "[gradcheck]") {
  for (bool fast : {true, false}) {
    Tensor others = f64({1e6, 1e-3, 1.0, -1e4}), near = f64({3., 1e-3, 1., -2.});
    auto f = [](const Tensor& x, const Tensor& y) { return sum(x * x) + sum(cube(y, 1.001)); };
    CHECK_FALSE(gradcheck_report(f, {near, f64({0.1})}, {.fast = fast}).passed());
    auto outputs = [](const Tensor& x, const Tensor& y) { return cat({x * x, cube(y, 1.001)}); };
    CHECK_FALSE(gradcheck_report(outputs, {others, f64({0.01})}, {.fast = fast}).passed());
  }
}

TEST_CASE("The element at fault is named", "[gradcheck]") {
  for (bool fast : {true, false}) {
    Tensor x = arange(20, kDouble);
    auto f = [](const Tensor& a, const Tensor& x) { return a + one_element_wrong(x, 1.001); };
    GradcheckReport report = gradcheck_report(f, {x, x}, {.fast = fast});
    REQUIRE(report.errors.size() == 1);
    CHECK(report.errors[0].input == 1);
    CHECK(report.errors[0].element == std::vector<std::int64_t>{7});
    CHECK(report.errors[0].output == std::vector<std::int64_t>{7});
    CHECK(report.errors[0].rule == Approx(2.002));
    CHECK(report.errors[0].difference == Approx(2));
  }
}

TEST_CASE("The message names input, element, both numbers, the operation and its line", "[gradcheck]") {
  int line = 0;
  auto f = [&](const Tensor& x, const Tensor& y) {
    line = __LINE__ + 1;
    return sum(x * cube(y, 1.001));
  };
  std::string message = message_of<gradcheck_error>([&] {
    gradcheck(f, {ones({2, 2}, kDouble), f64({{0., 0.}, {2., 0.}})});
  });
  CHECK_THAT(message, Contains("input 1, element [1, 0]") && Contains("12.012 by the rule") &&
                          Contains("finite differences give 12 ") && Contains("0.0999 % apart") &&
                          Contains("cube (" + place(line) + ")") && Contains("Seed 0"));
  CHECK_THAT(message, Contains("at " + place(line + 3)));
}

TEST_CASE("The operation whose rule is wrong is told from those around it", "[gradcheck]") {
  Tensor x = f64({0.5, -1.2, 2.0}), w = f64({{1., -0.2, 0.3}, {3., 0.5, 1.}, {0.1, 2., -1.}});
  int line = 0;
  auto layer = [&](const Tensor& x) {
    Tensor h = relu(tanh(matmul(w, x)) * 2 + x);
    line = __LINE__ + 1;
    return exp(sin(cube(h, 1.001) + h)) * h;
  };
  auto f = [&](const Tensor& x) { return mean(square(layer(x) - sum(x))); };
  GradcheckReport report = gradcheck_report(f, {x});
  REQUIRE_FALSE(report.passed());
  for (const GradcheckFinding& finding : report.errors) CHECK(finding.fault == "cube (" + place(line) + ")");
  CHECK_THAT(report.text(), Contains("The rule at fault is that of cube (" + place(line) + ")."));

  Tensor v = variable({0.5, -1.2, 2.0});
  report = gradcheck_report([&] { return f(v); }, {v});
  REQUIRE_FALSE(report.passed());
  CHECK(report.errors[0].fault == "cube (" + place(line) + ")");
}

TEST_CASE("A dependence that was cut off is told from a wrong rule", "[gradcheck]") {
  int line = __LINE__ + 1;
  auto f = [](const Tensor& x) { return sum(exp(x) * sin(x.detach())); };
  GradcheckReport report = gradcheck_report(f, {point()});
  REQUIRE_FALSE(report.passed());
  CHECK(report.errors[0].fault == "mul (" + place(line) + "), whose input 1 moves too but is cut off from the graph");
}

TEST_CASE("The error carries the report", "[gradcheck]") {
  try {
    gradcheck([](const Tensor& x) { return cube(x, 2); }, {point()}, {.seed = 7});
    FAIL("a wrong gradient passed");
  } catch (const gradcheck_error& error) {
    CHECK(error.report().errors.size() == 3);
    CHECK(error.report().seed == 7);
  }
}

TEST_CASE("A rule wrong only at second order fails at order 2 alone, at all magnitudes", "[gradcheck]") {
  for (double size : {1e-6, 1e-3, 1.0, 1e3, 1e6})
    for (bool fast : {true, false}) {
      INFO("elements about " << size << ", fast " << fast);
      Tensor x = point() * size;
      auto wrong = [](const Tensor& x) { return cube_second_order(x, 1.001); };
      auto right = [](const Tensor& x) { return cube_second_order(x, 1); };
      CHECK(gradcheck_report(wrong, {x}, {.fast = fast}).passed());
      GradcheckReport report = gradcheck_report(wrong, {x}, {.order = 2, .fast = fast});
      REQUIRE_FALSE(report.passed());
      CHECK(report.errors[0].order == 2);
      CHECK(report.errors[0].of_input == 0);
      CHECK_THAT(report.text(), Contains("second order") && Contains("cube2 (gradcheck.cpp:"));
      CHECK(gradcheck_report(right, {x}, {.order = 2, .fast = fast}).passed());
    }
}

TEST_CASE("A rule that gives another gradient when it records its graph fails at order 2", "[gradcheck]") {
  auto f = [](const Tensor& x) { return cube_two_faced(x); };
  CHECK(gradcheck_report(f, {point()}).passed());
  GradcheckReport report = gradcheck_report(f, {point()}, {.order = 2});
  REQUIRE(report.errors.size() == 1);
  CHECK(report.errors[0].kind == Kind::inconsistent);
  CHECK_THAT(report.text(), Contains("when it records the gradient's graph") &&
                                Contains("The rule at fault is that of cube3 (gradcheck.cpp:"));
}

TEST_CASE("A missing gradient and one of the wrong sign fail", "[gradcheck]") {
  auto constant = [](const Tensor& x) { return x.detach() * x; };
  auto negated = [](const Tensor& x) { return cube(x, -1); };
  CHECK_FALSE(gradcheck_report(constant, {point()}).passed());
  CHECK_FALSE(gradcheck_report(negated, {point()}).passed());
}

TEST_CASE("A rule that gives nan or inf at a smooth point fails", "[gradcheck]") {
  for (double bad : {std::nan(""), static_cast<double>(INFINITY)})
    for (bool fast : {true, false}) {
      GradcheckReport report = gradcheck_report([&](const Tensor& x) { return one_element_wrong(x, bad); },
                                                {arange(20, kDouble)}, {.fast = fast});
      REQUIRE(report.errors.size() == 1);
      CHECK(report.errors[0].kind == Kind::not_finite);
      CHECK(report.errors[0].element == std::vector<std::int64_t>{7});
    }
}

// ---- Kinks ----

TEST_CASE("Points at a kink are reported as such and fail nothing", "[gradcheck]") {
  Tensor x = f64({1.0, 2.0, -2.0, 1.0 + 1e-13, 1.0 + 1e-6});
  for (bool fast : {true, false}) {
    GradcheckReport report = gradcheck([](const Tensor& x) { return relu(x - 1); }, {x}, {.fast = fast});
    INFO(report.text());
    REQUIRE(report.kinks.size() == 2);
    CHECK(report.kinks[0].element == std::vector<std::int64_t>{0});
    CHECK(report.kinks[1].element == std::vector<std::int64_t>{3});
    CHECK_THAT(report.text(), Contains("Not judged: input 0, element [0]") && Contains("kink"));
  }
}

TEST_CASE("Beside a kink the other elements are still judged", "[gradcheck]") {
  for (bool fast : {true, false}) {
    auto f = [](const Tensor& x, const Tensor& y) { return sum(relu(x)) * sum(cube(y, 1.001)); };
    GradcheckReport report = gradcheck_report(f, {f64({0.0, 1.0}), point()}, {.fast = fast});
    CHECK_FALSE(report.passed());
    CHECK(report.errors[0].input == 1);
    CHECK(report.kinks.size() == 1);
  }
}

TEST_CASE("A rule that gives no slope of either side fails at a kink too", "[gradcheck]") {
  auto f = [](const Tensor& x) {
    return record("bent", SourceLocation::current(), {x}, relu(x.detach()), {},
                  [](Vjp& vjp) { vjp.give(0, 5 * vjp.g()); });
  };
  CHECK_FALSE(gradcheck_report(f, {f64(0.)}).passed());
}

TEST_CASE("Jumps, ties and borders of the domain count as kinks", "[gradcheck]") {
  for (bool fast : {true, false}) {
    GradcheckOptions options{.order = 2, .fast = fast};
    CHECK(gradcheck([](const Tensor& x) { return floor(x); }, {f64({3., 0.5})}, options).kinks.size() == 1);
    CHECK_FALSE(gradcheck([](const Tensor& x) { return sqrt(x); }, {f64({0., 2.})}, options).kinks.empty());
    CHECK_FALSE(gradcheck([](const Tensor& x) { return clamp(x, -1, 1); }, {f64({1., 0.})}, options).kinks.empty());
  }
}

TEST_CASE("Kinks whose rule gives the mean of the slopes agree with central differences", "[gradcheck]") {
  for (bool fast : {true, false}) {
    GradcheckOptions options{.fast = fast};
    CHECK(gradcheck([](const Tensor& x) { return abs(x); }, {f64({0., 2.})}, options).kinks.empty());
    CHECK(gradcheck([](const Tensor& x) { return max(x); }, {f64({1., 1., 0.})}, options).kinks.empty());
    CHECK(gradcheck([](const Tensor& x) { return norm(x); }, {f64({0., 0.})}, options).kinks.empty());
  }
}

TEST_CASE("A network of rectifiers passes however many kinks lie near", "[gradcheck]") {
  Generator generator(3);
  Tensor x = normal({40, 10}, 0, 1, kDouble, generator), w1 = normal({10, 200}, 0, 1, kDouble, generator);
  Tensor w2 = normal({200, 3}, 0, 1, kDouble, generator);
  auto f = [](const Tensor& x, const Tensor& w1, const Tensor& w2) {
    return mean(square(matmul(relu(matmul(x, w1)), w2)));
  };
  CHECK(gradcheck(f, {x, w1, w2}).passed());
}

// ---- Closures ----

TEST_CASE("gradcheck of a closure moves its variables and restores them", "[gradcheck]") {
  Tensor w = variable({1., -2.}), b = variable(0.5), x = f64({{1., 2.}, {3., 4.}});
  GradcheckReport report = gradcheck([&] { return sum(tanh(matmul(x, w) + b)); }, {w, b}, {.order = 2});
  CHECK(report.passed());
  CHECK(is_close(w, f64({1., -2.}), 0));
  CHECK_FALSE(w.grad().defined());
  std::vector<Tensor> variables = {w, b};
  CHECK_FALSE(gradcheck_report([&] { return sum(cube(w, 1.001)) + b; }, variables).passed());
  CHECK(is_close(w, f64({1., -2.}), 0));
}

TEST_CASE("A function that refuses what lies outside of its domain is checked within it", "[gradcheck]") {
  // Of the steps to both sides of 1e-3, the large ones leave the domain.
  auto root = [](const Tensor& x) {
    if (!all(x >= 0).item<bool>()) throw std::domain_error("negative");
    return sum(x * sqrt(x));
  };
  Tensor x = f64({1e-3, 2, 1e-7});
  CHECK(gradcheck_report(root, x, {.order = 2}).errors.empty());
  CHECK(gradcheck_report(root, x, {.fast = false}).errors.empty());
  // Nearly singular: the factor exists at the matrix itself, and not a hundredth away.
  auto factor = [](const Tensor& a) { return linalg::cholesky(a + transpose(a)); };
  Tensor matrix = f64({{1, 0.999}, {0.999, 1}});
  CHECK(gradcheck_report(factor, matrix, {.fast = false}).errors.empty());

  // A wrong rule is found there too.
  auto wrong = [](const Tensor& x) {
    if (!all(x >= 0).item<bool>()) throw std::invalid_argument("negative");
    Tensor y = x * sqrt(x);
    return record("wrong", SourceLocation::current(), {y}, y.detach(), {},
                  [](Vjp& vjp) { vjp.give(0, vjp.g() * 1.01); });
  };
  CHECK(gradcheck_report(wrong, f64({1e-3, 2, 0.005})).errors.size() == 3);
  // What is no refusal of an argument goes through.
  int calls = 0;
  auto failing = [&calls](const Tensor& x) {
    if (++calls == 5) throw std::runtime_error("mine");
    return sum(x * x);
  };
  CHECK_THROWS_WITH(gradcheck(failing, x), "mine");
}

TEST_CASE("A closure that throws midway leaves its variables as they were", "[gradcheck]") {
  Tensor w = variable({1., -2.});
  int calls = 0;
  auto f = [&] {
    if (++calls == 5) throw std::runtime_error("mine");
    return sum(w * w);
  };
  CHECK_THROWS_WITH(gradcheck(f, {w}), "mine");
  CHECK(is_close(w, f64({1., -2.}), 0));
}

TEST_CASE("The variables of a closure must be float64 leaves, each named once", "[gradcheck]") {
  Tensor w = variable({1., -2.});
  auto f = [&] { return sum(w * w); };
  CHECK_THROWS_WITH(gradcheck(f, {tensor({1.f})}), Contains("gradcheck: variable 0 must be float64"));
  CHECK_THROWS_WITH(gradcheck(f, {w, w * 2}), Contains("variable 1 must be a leaf that requires a gradient") &&
                                                  Contains(", but it is the result of 'mul'. at "));
  CHECK_THROWS_WITH(gradcheck(f, {w, w}), Contains("variable 1 must be named once"));
}

// ---- Misuse ----

TEST_CASE("float32 inputs are refused with the reason", "[gradcheck]") {
  auto f = [](const Tensor& x) { return x * x; };
  int line = __LINE__ + 1;
  auto call = [&] { gradcheck(f, {tensor({1.f, 2.f})}); };
  CHECK_THROWS_WITH(call(), Contains("input 0 must be float64, but it is float32") && Contains("too few digits") &&
                                Contains(place(line)));
  auto narrow = [](const Tensor& x) { return cast(x, DType::float32); };
  CHECK_THROWS_WITH(gradcheck(narrow, {point()}), Contains("must give a float64 tensor, but it gave one of float32"));
}

TEST_CASE("A function that changes from call to call is refused", "[gradcheck]") {
  double drift = 0;
  auto f = [&](const Tensor& x) { return x + (drift += 1); };
  CHECK_THROWS_WITH(gradcheck(f, {point()}), Contains("must give the same value each time"));
}

TEST_CASE("A function that is not finite at the inputs is refused", "[gradcheck]") {
  auto f = [](const Tensor& x) { return log(x); };
  CHECK_THROWS_WITH(gradcheck(f, {f64({1., -1.})}), Contains("must be finite") && Contains("element [1]"));
}

TEST_CASE("Wrong options of gradcheck show their value", "[gradcheck]") {
  auto f = [](const Tensor& x) { return x; };
  CHECK_THROWS_WITH(gradcheck(f, {point()}, {.eps = -1}), Contains("they are -1, 1e-05 and 0"));
  CHECK_THROWS_WITH(gradcheck(f, {point()}, {.order = 0}), Contains("order must be at least 1, but it is 0"));
}

// ---- The differences themselves ----

TEST_CASE("Differences know their error", "[gradcheck][differences]") {
  auto sample = [](auto f, double x) {
    internal::Samples samples;
    samples.zero = f(x);
    samples.magnitude = std::abs(samples.zero);
    for (double step = 1e-2; step > 1e-8; step /= 10) {
      samples.steps.push_back(step);
      samples.plus.push_back(f(x + step));
      samples.minus.push_back(f(x - step));
    }
    return internal::differentiate(samples);
  };
  internal::Difference smooth = sample([](double x) { return std::exp(x); }, 1.0);
  CHECK(std::abs(smooth.value - std::numbers::e) <= smooth.error);
  CHECK(smooth.error < 1e-9);
  CHECK_FALSE(smooth.kink);
  internal::Difference bent = sample([](double x) { return std::max(x, 3 * x); }, 0.0);
  CHECK(bent.kink);
  CHECK(bent.left == Approx(1));
  CHECK(bent.right == Approx(3));
  CHECK(sample([](double x) { return x < 1 ? 0.0 : 1.0; }, 1.0).kink);
  CHECK(sample([](double x) { return std::sqrt(x); }, 0.0).kink);
}

// ---- For users' test suites ----

TEST_CASE("The Catch2 matcher shows the report", "[gradcheck][matcher]") {
  auto right = [](const Tensor& x) { return cube(x); };
  auto wrong = [](const Tensor& x) { return cube(x, 1.001); };
  CHECK_THAT(right, HasRightGradient({point()}));
  CHECK_THAT(right, HasRightGradient({point()}, {.order = 2}));
  Tensor w = variable({1., 2.});
  CHECK_THAT([&] { return sum(w * w); }, HasRightGradient({w}));
  HasRightGradient matcher({point()});
  CHECK_FALSE(matcher.match(wrong));
  CHECK_THAT(matcher.toString(), Contains("0.0999 % apart"));
}

TEST_CASE("The Catch2 matcher names the test's line, and takes a single tensor", "[gradcheck][matcher]") {
  auto wrong = [](const Tensor& x) { return cube(x, 1.001); };
  HasRightGradient matcher(point());
  const int line = __LINE__ - 1;
  CHECK_FALSE(matcher.match(wrong));
  CHECK_THAT(matcher.toString(), Contains("at " + place(line)));
}

// ---- Gradients within ----

TEST_CASE("gradcheck of a function that asks for a gradient inside", "[gradcheck]") {
  // |dy/dx|^2 of y = sum(w x^3), by the engine and by the function of functions.
  auto penalty = [](const Tensor& w, const Tensor& x) {
    Tensor y = sum(w * x * x * x);
    return sum(square(grad(y, x, {.create_graph = true})));
  };
  Tensor w = f64({0.5, -1.5}), x = f64({1.2, 0.7});
  GradcheckReport report = gradgradcheck(penalty, {w, x});
  CHECK(report.passed());
  CHECK(report.kinks.empty());
  auto closed = [](const Tensor& w, const Tensor& x) {
    return sum(square(grad([&](const Tensor& x) { return sum(w * x * x * x); }, x)));
  };
  CHECK(gradgradcheck(closed, {w, x}).passed());
  // A gradient that is cut off from the graph is a wrong one.
  auto cut = [](const Tensor& x) { return sum(square(grad(sum(x * x * x), x))); };
  CHECK_FALSE(gradcheck_report(cut, x).passed());
}

TEST_CASE("gradcheck of a closure that asks for a gradient inside", "[gradcheck]") {
  Tensor w = variable({0.5, -1.5}), x = variable({1.2, 0.7});
  auto penalty = [&] { return sum(square(grad(sum(tanh(w * x)), x, {.create_graph = true}))); };
  CHECK(gradgradcheck(penalty, w).passed());
  CHECK(gradcheck(penalty, {w, x}).passed());
}

// ---- What is handed over ----

TEST_CASE("gradcheck takes a single tensor, braces, a vector, and tensors with names", "[gradcheck]") {
  auto f = [](const Tensor& x) { return cube(x); };
  CHECK(gradcheck(f, point()).passed());
  CHECK(gradgradcheck(f, point()).passed());
  CHECK(gradcheck_report(f, point()).passed());
  CHECK(gradcheck(f, {point()}, {.order = 2}).passed());
  CHECK(gradcheck(f, std::vector<Tensor>{point()}).passed());
  Tensor w = variable({1., 2.});
  CHECK(gradcheck([&] { return cube(w); }, w).passed());
}

TEST_CASE("gradcheck names parameters by their names", "[gradcheck]") {
  Tensor w = variable({1., 2.}), b = variable(0.5);
  std::vector<std::pair<std::string, Tensor>> named = {{"hidden.weight", w}, {"hidden.bias", b}};
  GradcheckReport report = gradcheck_report([&] { return sum(w * w) + cube(b, 1.001); }, named);
  REQUIRE(report.errors.size() == 1);
  CHECK(report.errors[0].input == 1);
  CHECK(report.errors[0].input_name == "hidden.bias");
  CHECK_THAT(report.text(), Contains("but at hidden.bias, element []: the derivative"));
  named[0].second = w * 2;
  CHECK_THROWS_WITH(gradcheck([&] { return sum(w); }, named), Contains("gradcheck: hidden.weight must be a leaf"));
}
