#include "op_table.hpp"
#include "references.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace xgrad::testing {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

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
      {.name = "elu",
       .function = [](const Tensor& x) { return elu(x, 1.5); },
       .inputs = {{.avoid = {0}}},
       .reference = [](double x) { return x > 0 ? x : 1.5 * std::expm1(x); },
       .extremes = with_infinity},
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
  };
}

const Family kFamily("activation", rows);

}  // namespace
}  // namespace xgrad::testing

TEST_CASE("Activations keep their contract", "[op_table]") { xgrad::testing::expect_family_holds("activation"); }
