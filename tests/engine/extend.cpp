// Operators of one's own: docs/extending.md walks through this file.
#include <xgrad/autograd/extend.hpp>

#include <string>
#include <vector>

#include <xgrad/autograd/check/check_operator.hpp>
#include <xgrad/autograd/check/gradcheck.hpp>
#include <xgrad/autograd/memory.hpp>
#include "../pages.hpp"
#include "../support.hpp"
// The page shows the next lines together.
#include <cmath>

#include <xgrad/xgrad.hpp>

using namespace xgrad;
using namespace xgrad::testing;
using Catch::Matchers::Contains;

namespace {

// ---- One input ----

/// log(cosh(x)), without overflow. Gradient g tanh(x).
Tensor log_cosh(const Operand& operand) {
  const Tensor& x = operand.tensor("log_cosh");
  Tensor size = abs(x.detach());
  Tensor value = size + log1p(exp(-2 * size)) - std::log(2.0);
  return record("log_cosh", operand.where(), {x}, value, {Uses::input(0)},
                [](Vjp& vjp) { vjp.give(0, vjp.g() * tanh(vjp.input(0))); });
}

// ---- Two inputs that broadcast ----

/// x log(y), 0 where x is 0. Gradients g log(y) and g x / y.
Tensor x_log_y(const Operand& a, const Operand& b) {
  const Tensor& x = a.tensor("x_log_y");
  const Tensor& y = b.tensor("x_log_y");
  Tensor value = where(x.detach() == 0, 0.0, x.detach() * log(y.detach()));
  return record("x_log_y", a.where(), {x, y}, value, {Uses::input(1), Uses::input(0) | Uses::input(1)}, [](Vjp& vjp) {
    if (vjp.needs(0)) vjp.give(0, sum_to(vjp.g() * log(vjp.input(1)), vjp.shape(0)));
    if (vjp.needs(1)) vjp.give(1, sum_to(vjp.g() * vjp.input(0) / vjp.input(1), vjp.shape(1)));
  });
}

// ---- Two outputs ----

struct SinCos {
  Tensor sin, cos;
};

/// sin(x) and cos(x). The derivative of each is made of the other, so the outputs are saved and not the input.
SinCos sin_cos(const Operand& operand) {
  const Tensor& x = operand.tensor("sin_cos");
  std::vector<Tensor> y =
      record("sin_cos", operand.where(), {x}, {sin(x.detach()), cos(x.detach())}, {Uses::output(0) | Uses::output(1)},
             [](Vjp& vjp) { vjp.give(0, vjp.g(0) * vjp.output(1) - vjp.g(1) * vjp.output(0)); });
  return {y[0], y[1]};
}

// ---- A loop of one's own ----

template <class T>
Tensor running_sums(const Tensor& x, bool backwards) {
  Tensor rows = contiguous(x);
  Tensor y = zeros(x.shape(), {.dtype = x.dtype()});
  std::int64_t length = x.size(-1);
  for (std::int64_t row = 0; row < x.numel(); row += length) {
    T total = 0;
    for (std::int64_t i = 0; i < length; ++i) {
      std::int64_t at = row + (backwards ? length - 1 - i : i);
      y.mutable_data<T>()[at] = total += rows.data<T>()[at];
    }
  }
  return y;
}

/// Sums of the elements so far along the last axis: [..., n] -> [..., n]; from the last element on if backwards.
/// Gradient: the running sums of g from the other end.
Tensor running_sum(const Operand& operand, bool backwards = false) {
  const Tensor& x = operand.tensor("running_sum");
  check(is_floating(x.dtype()) && x.ndim() > 0, operand.where(),
        "running_sum: x must be floating and have an axis, but it is ", x.dtype(), " ", x.shape(), ".");
  Tensor value = x.detach();
  value = x.dtype() == DType::float32 ? running_sums<float>(value, backwards) : running_sums<double>(value, backwards);
  return record("running_sum", operand.where(), {x}, value, {},
                [backwards](Vjp& vjp) { vjp.give(0, running_sum(vjp.g(), !backwards)); });
}

}  // namespace

// ---- Checked ----

TEST_CASE("log_cosh keeps the contract of an operator", "[extend]") {
  auto expected = [](double x) { return std::abs(x) + std::log1p(std::exp(-2 * std::abs(x))) - std::log(2.0); };
  check_operator({.name = "log_cosh",
                  .function = [](const Tensor& x) { return log_cosh(x); },
                  .reference = expected,
                  .extremes = {0, 20, -800, INFINITY}});
}

TEST_CASE("x_log_y keeps the contract of an operator", "[extend]") {
  check_operator({.name = "x_log_y",
                  .function = [](const Tensor& x, const Tensor& y) { return x_log_y(x, y); },
                  .inputs = {{.low = -1, .high = 1}, {.low = 0.1, .high = 3}},
                  .reference = [](double x, double y) { return x * std::log(y); }});
}

TEST_CASE("running_sum keeps the contract of an operator", "[extend]") {
  check_operator({.name = "running_sum",
                  .function = [](const Tensor& x) { return running_sum(x); },
                  .shapes = {{{4}}, {{2, 3}}, {{2, 0}}, {{0, 2}}, {{2, 3, 33}}},
                  .expected =
                      [](std::span<const Tensor> x) {
                        Tensor lower =
                            cast(arange(x[0].size(-1)) >= unsqueeze(arange(x[0].size(-1)), 1), DType::float64);
                        return matmul(x[0], lower);
                      }});
}

TEST_CASE("sin_cos: both outputs, to order 2", "[extend]") {
  gradgradcheck([](const Tensor& x) { return sin_cos(x).sin * sin_cos(x).cos; }, {f64({0.5, -1.2, 2.0})});
  gradgradcheck([](const Tensor& x) { return stack({sin_cos(x).cos, sin_cos(x).sin}); }, {f64({0.5, -1.2})});
}

TEST_CASE("Third derivatives of operators of one's own", "[extend]") {
  Tensor x = f64(0.4);
  auto f = [](const Tensor& x) { return grad([](const Tensor& x) { return log_cosh(x); }, x); };
  double t = std::tanh(0.4);
  CHECK(grad([&](const Tensor& x) { return grad(f, x); }, x).item() == Approx(-2 * t * (1 - t * t)).epsilon(1e-12));
}

TEST_CASE("An operator keeps alive what its rule names, and nothing else", "[extend]") {
  Tensor x = variable({1., 2.});
  std::int64_t before = memory::stats().storages;
  Tensor y = running_sum(x + 1.0);
  CHECK(memory::stats().storages == before + 1);
  Tensor z = log_cosh(x + 1.0);
  CHECK(memory::stats().storages == before + 3);
}

TEST_CASE("Nothing is recorded where no gradient is wanted", "[extend]") {
  CHECK_FALSE(log_cosh(f64(1.)).requires_grad());
  Tensor x = variable(1.);
  CHECK(is_recording({x}));
  NoGrad no_grad;
  CHECK_FALSE(is_recording({x}));
  CHECK_FALSE(log_cosh(x).requires_grad());
}

TEST_CASE("An undefined input is refused, by its number", "[extend][errors]") {
  Tensor x = variable({1., 2.});
  auto call = [&] { record("linear", SourceLocation::current(), {x, Tensor()}, copy(x.detach()), {}, [](Vjp&) {}); };
  CHECK_THROWS_WITH(call(), Contains("linear: its inputs must be tensors, but input 1 is undefined"));
  CHECK_THROWS_AS(call(), std::logic_error);
  CHECK_FALSE(is_recording({Tensor()}));
}

TEST_CASE("Errors and nodes of an operator of one's own name the caller's line", "[extend]") {
  CHECK_THROWS_WITH(running_sum(f64(1.)), Contains("but it is float64 []") && Contains(place(__LINE__)));
  CHECK_THROWS_WITH(log_cosh(Tensor()), Contains("log_cosh") && Contains(place(__LINE__)));
  Tensor x = variable({1., 2.});
  int line = __LINE__ + 1;
  Tensor y = sum(log_cosh(x));
  x.assign(f64({3., 4.}));
  CHECK_THROWS_WITH(y.backward(), Contains("'log_cosh' saved at " + place(line)));
}

TEST_CASE("The code in docs/extending.md is that of the tests", "[extend][docs]") {
  CHECK(blocks_missing("docs/extending.md", {"tests/engine/extend.cpp", "tests/engine/extend_xtensor.cpp"}).empty());
}

TEST_CASE("a rule that reads a cotangent it gave away, or answers twice, is refused", "[extend][errors]") {
  auto with_rule = [](auto rule) {
    Tensor x = ones({2}).set_requires_grad();
    Tensor y = record("twice", SourceLocation::current(), {x}, copy(x.detach()), {}, rule);
    sum(y).backward();
  };
  CHECK_THROWS_WITH(
      with_rule([](Vjp& vjp) {
        Tensor g = vjp.take_g();
        vjp.give(0, g * vjp.g());
      }),
      Contains("twice: its rule must read the cotangent of an output before take_g(), but it reads that of "
               "output 0 after it."));
  CHECK_THROWS_WITH(with_rule([](Vjp& vjp) {
                      vjp.give(0, vjp.g());
                      vjp.give(0, vjp.g());
                    }),
                    Contains("twice: its rule must give each input one cotangent, but it gave input 0 two."));
}
