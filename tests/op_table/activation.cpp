#include "op_table.hpp"
#include "references.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace xgrad::testing {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

double tanhshrink_of(double x) {
  // Where the difference would lose digits: the series, whose terms shrink by 0.4 x^2.
  const double z = x * x;
  if (z < 0.01) return x * z * (1.0 / 3 - z * (2.0 / 15 - z * (17.0 / 315 - z * (62.0 / 2835 - z * 1382 / 155925))));
  return static_cast<double>(x - std::tanh(static_cast<long double>(x)));
}

/// The first half along the axis, times the sigmoid of the second.
Tensor glu_of(const Tensor& x, int axis) {
  Elements elements(x);
  Shape shape = x.shape();
  shape[axis] /= 2;
  return by_place(shape, [&](const Place& place) {
    Place second = place;
    second[axis] += shape[axis];
    return elements(place) * sigmoid_of(elements(second));
  });
}

Rows rows() {
  const OperatorInput large = {.low = -20, .high = 20};
  const std::vector<double> ends = {0, 1e-20, -1e-10, 1e-3, 5, -5, 9.5, -9.5, 20, -20, 88, -88, 100, -100, 800, -800};
  std::vector<double> with_infinity = ends;
  with_infinity.insert(with_infinity.end(), {kInfinity, -kInfinity});
  return {
      {.name = "sigmoid",
       .function = [](const Tensor& x) { return sigmoid(x); },
       .inputs = {large},
       .reference = sigmoid_of,
       .extremes = with_infinity},
      {.name = "log_sigmoid",
       .function = [](const Tensor& x) { return log_sigmoid(x); },
       .inputs = {large},
       .reference = [](double x) { return -softplus_of(-x); },
       .extremes = with_infinity},
      {.name = "relu",
       .function = [](const Tensor& x) { return relu(x); },
       .inputs = {{.avoid = {0}}},
       .reference = [](double x) { return std::max(x, 0.0); },
       .extremes = with_infinity},
      {.name = "leaky_relu",
       .function = [](const Tensor& x) { return leaky_relu(x, 0.1); },
       .inputs = {{.avoid = {0}}},
       .reference = [](double x) { return x > 0 ? x : 0.1 * x; },
       .extremes = with_infinity},
      {.name = "leaky_relu(default)",
       .function = [](const Tensor& x) { return leaky_relu(x); },
       .inputs = {{.avoid = {0}}},
       .reference = [](double x) { return x > 0 ? x : 0.01 * x; }},
      {.name = "elu",
       .function = [](const Tensor& x) { return elu(x, 1.5); },
       .inputs = {{.avoid = {0}}},
       .reference = [](double x) { return x > 0 ? x : 1.5 * std::expm1(x); },
       .extremes = with_infinity},
      {.name = "elu(default)",
       .function = [](const Tensor& x) { return elu(x); },
       .inputs = {{.avoid = {0}}},
       .reference = [](double x) { return x > 0 ? x : std::expm1(x); }},
      {.name = "silu",
       .function = [](const Tensor& x) { return silu(x); },
       .reference = [](double x) { return x * sigmoid_of(x); },
       .extremes = ends},
      {.name = "gelu",
       .function = [](const Tensor& x) { return gelu(x); },
       .reference = [](double x) { return x * normal_distribution_of(x); },
       .extremes = {0, 1e-20, -1e-10, 1e-3, 5, 20, 100, -100, 800, -800}},
      {.name = "gelu(tanh)",
       .function = [](const Tensor& x) { return gelu(x, GeluForm::tanh); },
       .reference =
           [](double x) {
             return 0.5 * x * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
           },
       .extremes = {0, 1e-20, -1e-10, 1e-3, 5, 20, 100, -100, 800, -800}},
      {.name = "softplus",
       .function = [](const Tensor& x) { return softplus(x); },
       .inputs = {{.low = -10, .high = 10}},
       .reference = [](double x) { return x > 20 ? x : softplus_of(x); },
       .extremes = with_infinity},
      {.name = "softplus(beta)",
       .function = [](const Tensor& x) { return softplus(x, 3, 10); },
       .reference = [](double x) { return 3 * x > 10 ? x : softplus_of(3 * x) / 3; }},
      {.name = "celu",
       .function = [](const Tensor& x) { return celu(x, 1.5); },
       .inputs = {{.avoid = {0}}},
       .reference = [](double x) { return x > 0 ? x : 1.5 * std::expm1(x / 1.5); },
       .extremes = with_infinity,
       .refused = {[](const Tensor& x) { return celu(x, 0); }}},
      {.name = "celu(default)",
       .function = [](const Tensor& x) { return celu(x); },
       .inputs = {{.avoid = {0}}},
       .reference = [](double x) { return x > 0 ? x : std::expm1(x); }},
      {.name = "selu",
       .function = [](const Tensor& x) { return selu(x); },
       .inputs = {{.avoid = {0}}},
       .reference = [](double x) { return 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * std::expm1(x)); },
       .extremes = with_infinity},
      {.name = "prelu",
       .function = [](const Tensor& x, const Tensor& weight) { return prelu(x, weight); },
       .inputs = {{.avoid = {0}}, {}},
       .shapes = {{{2, 3}, {1}}, {{2, 3}, {3}}, {{}, {}}, {{5}, {1}}, {{2, 0, 3}, {}}, {{4, 3, 5, 2}, {3}}},
       .large = {{{11, 61, 301}, {61}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements elements(x[0]), weights(x[1]);
             const bool is_one = weights.all().size() == 1;
             return by_place(x[0].shape(), [&](const Place& place) {
               double number = elements(place);
               return number > 0 ? number : weights.all()[is_one ? 0 : place[1]] * number;
             });
           },
       .refused = {[](const Tensor& x, const Tensor&) { return prelu(x, zeros({7})); },
                   [](const Tensor& x, const Tensor&) {
                     return prelu(x, zeros({1, 1}));
                   }},
       .propagates_nan = false},
      {.name = "glu",
       .function = [](const Tensor& x) { return glu(x); },
       .shapes = {{{4}}, {{2, 6}}, {{3, 5, 2}}, {{3, 0}}, {{0, 4}}},
       .large = {{{61, 73, 90}}},
       .expected = [](std::span<const Tensor> x) { return glu_of(x[0], x[0].ndim() - 1); },
       .refused = {[](const Tensor&) { return glu(zeros({3})); }, [](const Tensor&) { return glu(zeros({})); },
                   [](const Tensor& x) { return glu(x, 5); }}},
      {.name = "glu(axis)",
       .function = [](const Tensor& x) { return glu(x, 0); },
       .shapes = {{{4}}, {{2, 5}}, {{6, 5, 3}}},
       .expected = [](std::span<const Tensor> x) { return glu_of(x[0], 0); }},
      {.name = "hardtanh",
       .function = [](const Tensor& x) { return hardtanh(x, -0.5, 1); },
       .inputs = {{.avoid = {-0.5, 1}}},
       .reference = [](double x) { return std::clamp(x, -0.5, 1.0); },
       .extremes = with_infinity},
      {.name = "hardtanh(default)",
       .function = [](const Tensor& x) { return hardtanh(x); },
       .inputs = {{.avoid = {-1, 1}}},
       .reference = [](double x) { return std::clamp(x, -1.0, 1.0); }},
      {.name = "relu6",
       .function = [](const Tensor& x) { return relu6(x); },
       .inputs = {{.low = -2, .high = 9, .avoid = {0, 6}}},
       .reference = [](double x) { return std::clamp(x, 0.0, 6.0); },
       .extremes = with_infinity},
      {.name = "hardsigmoid",
       .function = [](const Tensor& x) { return hardsigmoid(x); },
       .inputs = {{.low = -5, .high = 5, .avoid = {-3, 3}}},
       .reference = [](double x) { return std::clamp(x / 6 + 0.5, 0.0, 1.0); },
       .extremes = with_infinity},
      {.name = "hardswish",
       .function = [](const Tensor& x) { return hardswish(x); },
       .inputs = {{.low = -5, .high = 5, .avoid = {-3, 3}}},
       .reference = [](double x) { return x * std::clamp(x / 6 + 0.5, 0.0, 1.0); },
       .extremes = ends},
      {.name = "hardshrink",
       .function = [](const Tensor& x) { return hardshrink(x); },
       .inputs = {{.avoid = {-0.5, 0.5}}},
       .reference = [](double x) { return std::abs(x) > 0.5 ? x : 0; },
       .extremes = with_infinity},
      {.name = "hardshrink(lambda)",
       .function = [](const Tensor& x) { return hardshrink(x, 1.25); },
       .inputs = {{.avoid = {-1.25, 1.25}}},
       .reference = [](double x) { return std::abs(x) > 1.25 ? x : 0; }},
      {.name = "softshrink(lambda)",
       .function = [](const Tensor& x) { return softshrink(x, 1.25); },
       .inputs = {{.avoid = {-1.25, 1.25}}},
       .reference = [](double x) { return std::abs(x) > 1.25 ? x - std::copysign(1.25, x) : 0; }},
      {.name = "softshrink",
       .function = [](const Tensor& x) { return softshrink(x); },
       .inputs = {{.avoid = {-0.5, 0.5}}},
       .reference = [](double x) { return x > 0.5    ? x - 0.5
                                          : x < -0.5 ? x + 0.5
                                                     : 0; },
       .extremes = with_infinity,
       .refused = {[](const Tensor& x) { return softshrink(x, -1); }}},
      {.name = "tanhshrink",
       .function = [](const Tensor& x) { return tanhshrink(x); },
       .inputs = {{.low = -4, .high = 4}},
       .reference = tanhshrink_of,
       .extremes = with_infinity},
      {.name = "softsign",
       .function = [](const Tensor& x) { return softsign(x); },
       .inputs = {{.avoid = {0}}},
       .reference = [](double x) { return x / (1 + std::abs(x)); },
       .extremes = {0, 1e-20, -1e-3, 5, 1e30, -1e300}},
      {.name = "mish",
       .function = [](const Tensor& x) { return mish(x); },
       .inputs = {{.low = -6, .high = 6}},
       .reference = [](double x) { return x * std::tanh(softplus_of(x)); },
       .extremes = ends},
      {.name = "threshold",
       .function = [](const Tensor& x) { return threshold(x, 0.25, -3.5); },
       .inputs = {{.avoid = {0.25}}},
       .reference = [](double x) { return x <= 0.25 ? -3.5 : x; },
       .extremes = with_infinity},
  };
}

const Family kFamily("activation", rows);

}  // namespace
}  // namespace xgrad::testing

TEST_CASE("Activations keep their contract", "[op_table]") { xgrad::testing::expect_family_holds("activation"); }
