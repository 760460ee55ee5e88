// The checker is checked: operators that break one part of the contract each must fail, and be told why.
#include <xgrad/autograd/check/check_operator.hpp>

#include <cmath>

#include <xgrad/autograd/extend.hpp>
#include <xgrad/autograd/threads.hpp>
#include "../support.hpp"

using namespace xgrad;
using namespace xgrad::testing;
using Catch::Matchers::Contains;

namespace {

/// x^2 with a rule that is right.
Tensor good(const Tensor& x) {
  return record("good", SourceLocation::current(), {x}, square(x.detach()), {Uses::input(0)},
                [](Vjp& vjp) { vjp.give(0, 2 * vjp.g() * vjp.input(0)); });
}

double square_of(double x) { return x * x; }

/// x^2 computed from, and differentiated by, what `f` and `rule` make of contiguous elements.
Tensor elementwise(const Tensor& x, double (*f)(double), Rule rule) {
  Tensor contiguous_x = contiguous(x.detach());
  std::vector<double> numbers = contiguous_x.to_vector<double>();
  for (double& number : numbers) number = f(number);
  return record("mine", SourceLocation::current(), {x}, cast(from_data(numbers.data(), x.shape()), x.dtype()),
                {Uses::input(0)}, std::move(rule));
}

/// The report of a row that is right but for its function.
std::string report_of(OperatorFunction function) {
  OperatorRow row{.name = "mine", .function = std::move(function), .reference = square_of};
  return check_operator_report(row).text();
}

}  // namespace

TEST_CASE("An operator that keeps the contract passes", "[check_operator]") {
  OperatorReport report =
      check_operator({.name = "good", .function = good, .reference = square_of, .extremes = {0, 1e200}});
  CHECK(report.passed());
  CHECK(report.kinks == 0);
  CHECK(report.checks > 100);
  CHECK_THAT(report.text(), Contains("checks hold"));
}

TEST_CASE("check_operator throws what it found, with the caller's line", "[check_operator]") {
  OperatorRow row{.name = "cosine", .function = [](const Tensor& x) { return cos(x); }, .reference = square_of};
  int line = __LINE__ + 1;
  auto run = [&] { check_operator(row); };
  std::string message = message_of<operator_error>(run);
  CHECK_THAT(message, Contains("cosine of [2, 3], float64: element [0, 0] must be") && Contains("at " + place(line)));
}

TEST_CASE("A wrong rule is found, at first order and at second", "[check_operator]") {
  CHECK_THAT(report_of([](const Tensor& x) {
               return elementwise(x, square_of, [](Vjp& vjp) { vjp.give(0, 2.002 * vjp.g() * vjp.input(0)); });
             }),
             Contains("gradient: gradcheck") && Contains("0.0999 % apart"));
  CHECK_THAT(report_of([](const Tensor& x) {
               return elementwise(x, square_of, [](Vjp& vjp) { vjp.give(0, 2 * vjp.g() * vjp.input(0).detach()); });
             }),
             Contains("second order"));
}

TEST_CASE("An operator that ignores strides is found", "[check_operator]") {
  // What comes of reading a flipped tensor from its first element on.
  auto ignores_strides = [](const Tensor& x) { return good(x.is_contiguous() ? x : flip(x, 0)); };
  CHECK_THAT(report_of(ignores_strides), Contains("transposed layout"));
}

TEST_CASE("A rule that ignores the cotangent's strides is found", "[check_operator]") {
  auto f = [](const Tensor& x) {
    return elementwise(x, square_of, [](Vjp& vjp) {
      Tensor g = vjp.g().is_contiguous() ? vjp.g() : 2 * vjp.g();
      vjp.give(0, 2 * g * vjp.input(0));
    });
  };
  CHECK_THAT(report_of(f), Contains("gradient, cotangent with transposed layout"));
}

TEST_CASE("Lost digits in float32 are found", "[check_operator]") {
  auto f = [](const Tensor& x) {
    Tensor y = square(x);
    return x.dtype() == DType::float32 ? (y + 1e4) - 1e4 : y;
  };
  CHECK_THAT(report_of(f), Contains("float32: element"));
}

TEST_CASE("A wrong dtype is found", "[check_operator]") {
  auto f = [](const Tensor& x) { return square(cast(x, DType::float64)); };
  CHECK_THAT(report_of(f), Contains("the dtype must be float32, but it is float64"));
}

TEST_CASE("An operator that writes to its input is found", "[check_operator]") {
  auto f = [](const Tensor& x) {
    Tensor y = good(x);
    if (x.is_leaf() && x.numel() > 0) x.detach().assign(x.detach() + 1);
    return y;
  };
  CHECK_THAT(report_of(f), Contains("inputs after the call"));
}

TEST_CASE("An operator that cannot take scalars or empty tensors is found", "[check_operator]") {
  auto no_scalar = [](const Tensor& x) {
    if (x.ndim() == 0) throw std::invalid_argument("mine: no scalars");
    return square(x);
  };
  CHECK_THAT(report_of(no_scalar), Contains("mine of []: it must not throw, but it said: mine: no scalars"));
  auto no_empty = [](const Tensor& x) {
    return x.numel() == 0 ? throw std::invalid_argument("mine: empty") : square(x);
  };
  CHECK_THAT(report_of(no_empty), Contains("mine of [0]: it must not throw"));
}

TEST_CASE("A nan that is swallowed is found, unless the row allows it", "[check_operator]") {
  auto swallows = [](const Tensor& x) { return where(isnan(x), 0.0, square(x)); };
  CHECK_THAT(report_of(swallows), Contains("a nan in input 0 must make a nan in the value"));
  CHECK(check_operator_report({.name = "mine", .function = swallows, .reference = square_of, .propagates_nan = false})
            .passed());
}

TEST_CASE("An overflow at extreme numbers is found, in the value and in the gradient", "[check_operator]") {
  auto softplus_of = [](double x) { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); };
  auto naive = [](const Tensor& x) { return log(1 + exp(x)); };
  OperatorReport report = check_operator_report(
      {.name = "naive softplus", .function = naive, .reference = softplus_of, .extremes = {800, -800}});
  CHECK_THAT(report.text(), Contains("extreme numbers: element [0] must be 800, but it is inf"));
  auto half = [](const Tensor& x) { return where(x > 100, x, log(1 + exp(x))); };
  report = check_operator_report({.name = "half", .function = half, .reference = softplus_of, .extremes = {800}});
  CHECK_THAT(report.text(), Contains("the gradient by input 0 at (800) must not be nan"));
}

TEST_CASE("A rule that answers only when all inputs need it is found", "[check_operator]") {
  auto f = [](const Tensor& a, const Tensor& b) {
    return record("mine", SourceLocation::current(), {a, b}, a.detach() * b.detach(), {Uses::input(1), Uses::input(0)},
                  [](Vjp& vjp) {
                    if (!vjp.needs(0) || !vjp.needs(1)) return;
                    vjp.give(0, sum_to(vjp.g() * vjp.input(1), vjp.shape(0)));
                    vjp.give(1, sum_to(vjp.g() * vjp.input(0), vjp.shape(1)));
                  });
  };
  OperatorReport report = check_operator_report(
      {.name = "mine", .function = f, .inputs = {{}, {}}, .reference = [](double a, double b) { return a * b; }});
  CHECK_THAT(report.text(), Contains("gradient by input 0 alone"));
}

TEST_CASE("Operators of several inputs, integers among them, with shapes of their own", "[check_operator]") {
  CHECK(check_operator({.name = "pick",
                        .function = [](const Tensor& x, const Tensor& i) { return gather(x, 0, i); },
                        .inputs = {{}, {.low = 0, .high = 3, .dtype = DType::int64}},
                        .shapes = {{{3, 2}, {4, 2}}},
                        .unreferenced = "this test is about its inputs",
                        .propagates_nan = false})
            .passed());
  CHECK_THROWS_WITH(check_operator({.name = "pick", .function = good, .inputs = {{}, {}}, .shapes = {{{3}}}}),
                    Contains("must have a shape for each of its 2 inputs, but a set has 1"));
}

TEST_CASE("check_operator refuses a row that makes no sense", "[check_operator][errors]") {
  CHECK_THROWS_WITH(
      check_operator({.name = "one", .function = good, .reference = [](double a, double b) { return a * b; }}),
      Contains("the reference of 'one' must take as many numbers as the operator has inputs, but it takes 2 "
               "and there are 1. Set .inputs. at check_operator.cpp:"));
  CHECK_THROWS_WITH(check_operator({.name = "empty range", .function = good, .inputs = {{.low = 2, .high = 1}}}),
                    Contains("low must be at most high, but an input of 'empty range' has 2 and 1."));
  CHECK_THAT(report_of([](const Tensor&) { return Tensor(); }),
             Contains("the value must be a tensor, but it is undefined"));
}

TEST_CASE("A name of many letters does not make a report that nobody can read", "[check_operator][errors]") {
  const std::string name(20'000, 'n');
  const auto wrong = [](const Tensor& x) { return x.detach() * 2; };
  CHECK(check_operator_report({.name = name, .function = wrong}).text().size() < 8'000);
  CHECK(check_operator_report({.name = name, .function = [](const Tensor&) { return Tensor(); }}).text().size() <
        8'000);
  const auto throwing = [](const Tensor&) -> Tensor { throw std::runtime_error(std::string(20'000, 'e')); };
  CHECK(check_operator_report({.name = name, .function = throwing}).text().size() < 8'000);
  CHECK_THROWS_WITH(check_operator({.name = name, .function = good, .inputs = {{.low = 2, .high = 1}}}),
                    Contains("nnnn [...] nnnn") && Contains("' has 2 and 1. at check_operator.cpp:"));
}

TEST_CASE("A row without a reference for its value fails, unless it says why", "[check_operator]") {
  CHECK_THAT(check_operator_report({.name = "mine", .function = good}).text(),
             Contains("mine: the value must have a reference"));
  CHECK(check_operator_report({.name = "mine", .function = good, .unreferenced = "it is random"}).passed());
}

TEST_CASE("A value that differs in its last digit is shown with it", "[check_operator]") {
  auto f = [](const Tensor& x) { return x.dtype() == DType::float64 ? x * (1 + 0x1p-50) : x * 1; };
  OperatorReport report = check_operator_report({.name = "mine",
                                                 .function = f,
                                                 .inputs = {{.low = 1, .high = 1}},
                                                 .reference = [](double x) { return x; },
                                                 .rtol = 1e-16});
  CHECK_THAT(report.text(), Contains("must be 1, but it is 1.0000000000000009"));
}

TEST_CASE("An output's dtype is what the row says", "[check_operator]") {
  OperatorRow row{.name = "is positive",
                  .function = [](const Tensor& x) { return x > 0; },
                  .reference = [](double x) { return double(x > 0); },
                  .order = 0};
  CHECK_THAT(check_operator_report(row).text(),
             Contains("the dtype must be float64, but it is boolean. Set .output_dtype"));
  row.output_dtype = DType::boolean;
  CHECK(check_operator_report(row).passed());
  row.output_dtype = DType::int64;
  CHECK_THAT(check_operator_report(row).text(), Contains("the dtype must be int64, but it is boolean"));
}

TEST_CASE("Integer operands that give a wrong value, or are refused in other words, are found", "[check_operator]") {
  auto wrong = [](const Tensor& x) { return is_floating(x.dtype()) ? square(x) : square(x) + 1; };
  CHECK_THAT(report_of(wrong), Contains("int64 operands: element"));
  auto refuses = [](const Tensor& x) {
    check(is_floating(x.dtype()), SourceLocation::current(), "mine: x must be floating, but it is ", x.dtype(), ".");
    return square(x);
  };
  CHECK(check_operator_report({.name = "mine", .function = refuses, .reference = square_of}).passed());
  auto curt = [](const Tensor& x) {
    return is_floating(x.dtype()) ? square(x) : throw std::invalid_argument("mine: no integers");
  };
  CHECK_THAT(report_of(curt), Contains("its error must end with a full stop and the place"));
  auto nameless = [](const Tensor& x) {
    check(is_floating(x.dtype()), SourceLocation::current(), "No integers, please.");
    return square(x);
  };
  CHECK_THAT(report_of(nameless), Contains("its error must begin with the operation's name"));
  auto other_type = [](const Tensor& x) {
    return is_floating(x.dtype()) ? square(x) : throw std::runtime_error("mine: no integers. at mine.cpp:1");
  };
  CHECK_THAT(report_of(other_type), Contains("but it threw another type"));
}

TEST_CASE("A wrong rank that is refused in other words is found", "[check_operator]") {
  auto f = [](const Tensor& x) { return x.ndim() == kMaxDims ? throw std::runtime_error("oops") : square(x); };
  CHECK_THAT(report_of(f), Contains("with input 0 of shape [1, 1, 1, 1, 1, 1, 1, 1]"));
}

TEST_CASE("A call that must be refused, and is not, is found", "[check_operator]") {
  OperatorRow row{.name = "total",
                  .function = [](const Tensor& x) { return sum(x, 0); },
                  .shapes = {{{3}}},
                  .expected = [](std::span<const Tensor> x) { return matmul(x[0], ones_like(x[0])); },
                  .refused = {[](const Tensor& x) { return sum(x, 1); }}};
  CHECK(check_operator_report(row).passed());
  row.refused.push_back([](const Tensor& x) { return sum(x, -1); });
  CHECK_THAT(check_operator_report(row).text(), Contains("refused call 1: it must throw, but it did not"));
}

TEST_CASE("A rule whose cotangent is cut off from the graph makes jvp and vjp no transposes", "[check_operator]") {
  auto f = [](const Tensor& x) {
    return elementwise(x, square_of, [](Vjp& vjp) { vjp.give(0, 2 * vjp.g().detach() * vjp.input(0)); });
  };
  CHECK_THAT(report_of(f), Contains("transposes: jvp and vjp must be of one matrix"));
}

TEST_CASE("A rule that captures what it reads, and does not notice that it was overwritten, is found",
          "[check_operator]") {
  auto f = [](const Tensor& x) {
    Tensor captured = x.detach();
    return record("mine", SourceLocation::current(), {x}, square(captured), {},
                  [captured](Vjp& vjp) { vjp.give(0, 2 * vjp.g() * captured); });
  };
  CHECK_THAT(check_operator_report({.name = "mine", .function = f, .reference = square_of, .order = 1}).text(),
             Contains("input 0 overwritten before backward: the gradient must be the same or an error must say so"));
}

TEST_CASE("A value that depends on the number of threads is found", "[check_operator]") {
  auto f = [](const Tensor& x) { return square(x) * (num_threads() > 1 ? 1 + 0x1p-51 : 1.0); };
  CHECK_THAT(report_of(f), Contains("one thread and three must give the same bits"));
}

TEST_CASE("A fault that only large tensors have is found, in the value and in the rule", "[check_operator]") {
  auto value = [](const Tensor& x) { return x.numel() > 3000 ? good(x) * 1.5 : good(x); };
  CHECK_THAT(report_of(value), Contains("beside the rows one by one: element [0, 0] must be"));
  auto one_element = [](const Tensor& x) {
    if (x.numel() <= 3000) return good(x);
    std::vector<double> numbers(static_cast<std::size_t>(x.numel()), 1);
    numbers[70007] += 1e-9;
    return good(x) * cast(from_data(numbers.data(), x.shape()), x.dtype());
  };
  CHECK_THAT(report_of(one_element), Contains("beside the rows one by one: element [99, 410] must be"));
  auto rule = [](const Tensor& x) {
    return elementwise(x, square_of,
                       [](Vjp& vjp) { vjp.give(0, (vjp.g().numel() > 3000 ? 3 : 2) * vjp.g() * vjp.input(0)); });
  };
  CHECK_THAT(report_of(rule),
             Contains("gradient beside the rows one by one") && Contains("gradient along a direction"));
}

TEST_CASE("A fault that only large tensors have is found where the operator has shapes of its own",
          "[check_operator]") {
  OperatorRow row{
      .name = "total",
      .function = [](const Tensor& x) { return sum(x, 1); },
      .shapes = {{{2, 3}}},
      .large = {{{301, 203}}},
      .expected =
          [](std::span<const Tensor> x) { return matmul(x[0], ones({x[0].size(1)}, {.dtype = DType::float64})); }};
  CHECK(check_operator_report(row).passed());
  row.function = [](const Tensor& x) { return x.numel() > 5000 ? sum(x, 1) + 1 : sum(x, 1); };
  CHECK_THAT(check_operator_report(row).text(), Contains("total of [301, 203], float64: element [0] must be"));
  row.function = [](const Tensor& x) {
    Tensor y = sum(x, 1);
    if (!y.requires_grad() || x.numel() <= 5000) return y;
    // One gradient element in 301 * 203.
    return y + record("wrong", SourceLocation::current(), {x}, zeros_like(y), {}, [](Vjp& vjp) {
             std::vector<double> numbers(301 * 203);
             numbers[4321] = 1;
             vjp.give(0, cast(from_data(numbers.data(), {301, 203}), vjp.g().dtype()));
           });
  };
  CHECK_THAT(check_operator_report(row).text(), Contains("total of [301, 203], gradient along a direction"));
}

TEST_CASE("A rule that is not linear in the cotangent is found without a second derivative", "[check_operator]") {
  auto order_one = [](void (*rule)(Vjp&)) {
    auto f = [rule](const Tensor& x) { return elementwise(x, square_of, rule); };
    return check_operator_report({.name = "mine", .function = f, .reference = square_of, .order = 1}).text();
  };
  CHECK_THAT(order_one([](Vjp& vjp) { vjp.give(0, 2 * vjp.g() * vjp.input(0)); }), Contains("checks hold"));
  CHECK_THAT(order_one([](Vjp& vjp) { vjp.give(0, 2 * vjp.g() * where(vjp.g() > 0.2, 1.0, 1.5) * vjp.input(0)); }),
             Contains("gradient by input 0 for -0.3 of a cotangent: element") &&
                 Contains("gradient by input 0 for the sum of two cotangents: element"));
}

TEST_CASE("A refusal that does not say what came is found", "[check_operator]") {
  auto f = [](const Tensor& x) {
    if (x.ndim() > 3) fail<std::invalid_argument>(SourceLocation::current(), "mine: bad rank.");
    return good(x);
  };
  CHECK_THAT(report_of(f),
             Contains("its error must say what must hold, \"but\" what came, but it said: mine: bad rank."));
}

TEST_CASE("A rule that is wrong where one tensor is both operands is found", "[check_operator]") {
  auto f = [](const Tensor& a, const Tensor& b) {
    const bool same = a.is_same(b);
    return record("mine", SourceLocation::current(), {a, b}, a.detach() * b.detach(), {Uses::input(0) | Uses::input(1)},
                  [same](Vjp& vjp) {
                    if (vjp.needs(0)) vjp.give(0, vjp.g() * vjp.input(1));
                    if (vjp.needs(1)) vjp.give(1, same ? 0 * vjp.g() : vjp.g() * vjp.input(0));
                  });
  };
  const OperatorReport report = check_operator_report(
      {.name = "mine", .function = f, .inputs = {{}, {}}, .reference = [](double a, double b) { return a * b; }});
  CHECK_THAT(report.text(), Contains("input 0 as input 1 too"));
}

TEST_CASE("A float32 rule that is cut off from the graph is found", "[check_operator]") {
  CHECK_THAT(report_of([](const Tensor& x) {
               return elementwise(x, square_of, [](Vjp& vjp) {
                 const Tensor g = vjp.g().dtype() == DType::float32 ? vjp.g().detach() : vjp.g();
                 vjp.give(0, 2 * g * vjp.input(0));
               });
             }),
             Contains("transposes: jvp and vjp must be of one matrix"));
}
