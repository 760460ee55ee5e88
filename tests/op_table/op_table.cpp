#include "op_table.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <numbers>
#include <regex>
#include <set>

#include "../support.hpp"

namespace xgrad::testing {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

double sigmoid_of(double x) { return x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x)); }
double softplus_of(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }
double normal_cdf(double x) { return std::erfc(-x / std::numbers::sqrt2) / 2; }

// ---- Elementwise ----

Rows arithmetic() {
  const OperatorInput any = {}, not_zero = {.avoid = {0}}, positive = {.low = 0.2, .high = 3};
  const std::vector<double> signs = {0, 1, -1, 1e30, -kInfinity};
  return {
      {.name = "add",
       .function = [](const Tensor& a, const Tensor& b) { return a + b; },
       .inputs = {any, any},
       .reference = [](double a, double b) { return a + b; },
       .extremes = signs},
      {.name = "sub",
       .function = [](const Tensor& a, const Tensor& b) { return a - b; },
       .inputs = {any, any},
       .reference = [](double a, double b) { return a - b; },
       .extremes = signs},
      {.name = "mul",
       .function = [](const Tensor& a, const Tensor& b) { return a * b; },
       .inputs = {any, any},
       .reference = [](double a, double b) { return a * b; },
       .extremes = signs},
      {.name = "div",
       .function = [](const Tensor& a, const Tensor& b) { return a / b; },
       .inputs = {any, not_zero},
       .reference = [](double a, double b) { return a / b; },
       .extremes = {0, 1, -1, 1e15, kInfinity}},
      {.name = "neg",
       .function = [](const Tensor& x) { return -x; },
       .reference = [](double x) { return -x; },
       .extremes = signs},
      {.name = "pow",
       .function = [](const Tensor& a, const Tensor& b) { return pow(a, b); },
       .inputs = {positive, any},
       .reference = [](double a, double b) { return std::pow(a, b); }},
      {.name = "pow(number)",
       .function = [](const Tensor& x) { return pow(x, 3); },
       .reference = [](double x) { return x * x * x; },
       .extremes = {0, 1, -1, 100, -1e5}},
      {.name = "pow(negative number)",
       .function = [](const Tensor& x) { return pow(x, -1.5); },
       .inputs = {positive},
       .reference = [](double x) { return std::pow(x, -1.5); }},
      {.name = "pow(of a number)",
       .function = [](const Tensor& x) { return pow(2.5, x); },
       .reference = [](double x) { return std::pow(2.5, x); }},
      {.name = "square",
       .function = [](const Tensor& x) { return square(x); },
       .reference = [](double x) { return x * x; },
       .extremes = signs},
      {.name = "reciprocal",
       .function = [](const Tensor& x) { return reciprocal(x); },
       .inputs = {not_zero},
       .reference = [](double x) { return 1 / x; },
       .extremes = {0, 1, -1, 1e15, kInfinity}},
  };
}

/// A row of two operands with a boolean result, on floating numbers and on integers, which often are equal.
Rows comparison(const char* name, Tensor (*function)(const Operand&, const Operand&),
                double (*reference)(double, double)) {
  auto call = [function](const Tensor& a, const Tensor& b) { return function(a, b); };
  const OperatorInput integer = {.low = -1, .high = 2, .dtype = DType::int64};
  return {{.name = name,
           .function = call,
           .inputs = {{}, {}},
           .reference = reference,
           .extremes = {0, 1, -kInfinity},
           .order = 0},
          {.name = concat(name, "(int64)"),
           .function = call,
           .inputs = {integer, integer},
           .reference = reference,
           .order = 0}};
}

Rows comparisons() {
  Rows rows;
  append(rows, comparison("equal", equal, [](double a, double b) { return double(a == b); }));
  append(rows, comparison("not_equal", not_equal, [](double a, double b) { return double(a != b); }));
  append(rows, comparison("less", less, [](double a, double b) { return double(a < b); }));
  append(rows, comparison("less_equal", less_equal, [](double a, double b) { return double(a <= b); }));
  append(rows, comparison("greater", greater, [](double a, double b) { return double(a > b); }));
  append(rows, comparison("greater_equal", greater_equal, [](double a, double b) { return double(a >= b); }));
  append(rows, comparison("logical_and", logical_and, [](double a, double b) { return double(a != 0 && b != 0); }));
  append(rows, comparison("logical_or", logical_or, [](double a, double b) { return double(a != 0 || b != 0); }));
  append(rows, comparison("logical_xor", logical_xor, [](double a, double b) { return double((a != 0) != (b != 0)); }));
  const std::vector<double> special = {0, 1, kInfinity, -kInfinity, std::nan("")};
  append(rows, {{.name = "logical_not",
                 .function = [](const Tensor& x) { return logical_not(x); },
                 .reference = [](double x) { return double(x == 0); },
                 .extremes = special,
                 .order = 0},
                {.name = "isnan",
                 .function = [](const Tensor& x) { return isnan(x); },
                 .reference = [](double x) { return double(std::isnan(x)); },
                 .extremes = special,
                 .order = 0},
                {.name = "isinf",
                 .function = [](const Tensor& x) { return isinf(x); },
                 .reference = [](double x) { return double(std::isinf(x)); },
                 .extremes = special,
                 .order = 0},
                {.name = "isfinite",
                 .function = [](const Tensor& x) { return isfinite(x); },
                 .reference = [](double x) { return double(std::isfinite(x)); },
                 .extremes = special,
                 .order = 0}});
  return rows;
}

Rows choosing() {
  const OperatorInput mask = {.low = 0, .high = 2, .dtype = DType::boolean};
  return {
      {.name = "where",
       .function = [](const Tensor& c, const Tensor& a, const Tensor& b) { return where(c, a, b); },
       .inputs = {mask, {}, {}},
       .reference = [](double c, double a, double b) { return c != 0 ? a : b; },
       .propagates_nan = false},
      {.name = "where_safe",
       .function =
           [](const Tensor& x) {
             return where_safe(
                 x > 0, [](const Tensor& x) { return sqrt(x); }, [](const Tensor& x) { return x * x; }, x);
           },
       .inputs = {{.avoid = {0}}},
       .reference = [](double x) { return x > 0 ? std::sqrt(x) : x * x; },
       .extremes = {0, -1, 4}},
      {.name = "maximum",
       .function = [](const Tensor& a, const Tensor& b) { return maximum(a, b); },
       .inputs = {{}, {}},
       .reference = [](double a, double b) { return std::max(a, b); },
       .extremes = {0, 1, kInfinity, -kInfinity}},
      {.name = "minimum",
       .function = [](const Tensor& a, const Tensor& b) { return minimum(a, b); },
       .inputs = {{}, {}},
       .reference = [](double a, double b) { return std::min(a, b); },
       .extremes = {0, 1, kInfinity, -kInfinity}},
      {.name = "clamp",
       .function = [](const Tensor& x) { return clamp(x, -0.5, 1); },
       .inputs = {{.avoid = {-0.5, 1}}},
       .reference = [](double x) { return std::min(std::max(x, -0.5), 1.0); },
       .extremes = {0, 1, kInfinity, -kInfinity}},
      {.name = "clamp(tensors)",
       .function = [](const Tensor& x, const Tensor& low, const Tensor& high) { return clamp(x, low, high); },
       .inputs = {{}, {.low = -1, .high = -0.5}, {.low = 0.5, .high = 1}},
       .reference = [](double x, double low, double high) { return std::min(std::max(x, low), high); }},
  };
}

Rows functions() {
  const OperatorInput any = {}, positive = {.low = 0.1, .high = 4}, large = {.low = -20, .high = 20};
  const std::vector<double> halves = {-2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2};
  const std::vector<double> ties = {-2.5, -1.5, -0.5, 0, 0.5, 1.5, 2.5, 4.5, 1e18, -kInfinity};
  const std::vector<double> ends = {0, 1e-20, -1e-10, 1e-3, 5, -5, 9.5, -9.5, 20, -20, 88, -88, 100, -100, 800, -800};
  std::vector<double> with_infinity = ends;
  with_infinity.insert(with_infinity.end(), {kInfinity, -kInfinity});
  return {
      {.name = "abs",
       .function = [](const Tensor& x) { return abs(x); },
       .inputs = {{.avoid = {0}}},
       .reference = [](double x) { return std::abs(x); },
       .extremes = {0, -1, kInfinity, -kInfinity}},
      {.name = "sign",
       .function = [](const Tensor& x) { return sign(x); },
       .inputs = {{.avoid = {0}}},
       .reference = [](double x) { return double((x > 0) - (x < 0)); },
       .extremes = {0, 1e-300, -1, kInfinity, -kInfinity}},
      {.name = "floor",
       .function = [](const Tensor& x) { return floor(x); },
       .inputs = {{.avoid = halves}},
       .reference = [](double x) { return std::floor(x); },
       .extremes = ties},
      {.name = "ceil",
       .function = [](const Tensor& x) { return ceil(x); },
       .inputs = {{.avoid = halves}},
       .reference = [](double x) { return std::ceil(x); },
       .extremes = ties},
      {.name = "trunc",
       .function = [](const Tensor& x) { return trunc(x); },
       .inputs = {{.avoid = halves}},
       .reference = [](double x) { return std::trunc(x); },
       .extremes = ties},
      {.name = "round",
       .function = [](const Tensor& x) { return round(x); },
       .inputs = {{.avoid = halves}},
       .reference = [](double x) { return std::nearbyint(x); },
       .extremes = ties},
      {.name = "exp",
       .function = [](const Tensor& x) { return exp(x); },
       .reference = [](double x) { return std::exp(x); },
       .extremes = with_infinity},
      {.name = "expm1",
       .function = [](const Tensor& x) { return expm1(x); },
       .reference = [](double x) { return std::expm1(x); },
       .extremes = with_infinity},
      {.name = "log",
       .function = [](const Tensor& x) { return log(x); },
       .inputs = {positive},
       .reference = [](double x) { return std::log(x); },
       .extremes = {0, 1e-300, 1e-30, 1 + 1e-6, 1, 1e30, 1e300, kInfinity, -1}},
      {.name = "log1p",
       .function = [](const Tensor& x) { return log1p(x); },
       .inputs = {{.low = -0.8, .high = 3}},
       .reference = [](double x) { return std::log1p(x); },
       .extremes = {0, 1e-20, -1e-10, 1e-5, -1, -0.999, 1e30, kInfinity, -2}},
      {.name = "sqrt",
       .function = [](const Tensor& x) { return sqrt(x); },
       .inputs = {positive},
       .reference = [](double x) { return std::sqrt(x); },
       .extremes = {0, 1e-300, 1e-30, 1e30, 1e300, kInfinity, -1}},
      {.name = "sin",
       .function = [](const Tensor& x) { return sin(x); },
       .inputs = {large},
       .reference = [](double x) { return std::sin(x); },
       .extremes = {0, 1e-20, 1e-3, 100, -1000, 1e5, kInfinity}},
      {.name = "cos",
       .function = [](const Tensor& x) { return cos(x); },
       .inputs = {large},
       .reference = [](double x) { return std::cos(x); },
       .extremes = {0, 1e-20, 1e-3, 100, -1000, 1e5, kInfinity}},
      {.name = "tanh",
       .function = [](const Tensor& x) { return tanh(x); },
       .reference = [](double x) { return std::tanh(x); },
       .extremes = with_infinity},
      {.name = "erf",
       .function = [](const Tensor& x) { return erf(x); },
       .reference = [](double x) { return std::erf(x); },
       .extremes = with_infinity},
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
       .reference = [](double x) { return x * normal_cdf(x); },
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
      {.name = "copy", .function = [](const Tensor& x) { return copy(x); }, .reference = [](double x) { return x; }},
      {.name = "contiguous",
       .function = [](const Tensor& x) { return contiguous(x); },
       .reference = [](double x) { return x; }},
  };
}

// ---- Reductions ----

Rows reductions() {
  auto direct_sum = [](std::span<const Tensor> x) {
    double total = 0;
    for (double element : x[0].to_vector<double>()) total += element;
    return f64(total);
  };
  auto sum_of_axes = [](std::span<const Tensor> x) {  // of axes 0 and 2 of three
    Tensor ones_row = ones({1, x[0].size(0) * x[0].size(2)}, kDouble);
    return reshape(matmul(ones_row, reshape(permute(x[0], {0, 2, 1}), {-1, x[0].size(1)})), {1, x[0].size(1), 1});
  };
  auto direct_mean = [direct_sum](std::span<const Tensor> x) { return direct_sum(x) / x[0].numel(); };
  auto direct_var = [direct_mean](std::span<const Tensor> x) {
    double mean = direct_mean(x).item(), total = 0;
    for (double element : x[0].to_vector<double>()) total += (element - mean) * (element - mean);
    return f64(total / static_cast<double>(x[0].numel() - 1));
  };
  const OperatorInput positive = {.low = 0.5, .high = 2};
  const std::vector<std::vector<Shape>> several = {{{2, 3}}, {{67}}, {{3, 5, 7}}};
  return {
      {.name = "sum",
       .function = [](const Tensor& x) { return sum(x); },
       .shapes = kAnyShapeOrEmpty,
       .expected = direct_sum},
      {.name = "sum(axes)",
       .function =
           [](const Tensor& x) {
             return sum(x, {0, -1}, {.keepdims = true});
           },
       .shapes = kThreeAxes,
       .expected = sum_of_axes},
      {.name = "sum(axis)", .function = [](const Tensor& x) { return sum(x, 1); }, .shapes = kThreeAxesOrEmpty},
      {.name = "mean",
       .function = [](const Tensor& x) { return mean(x); },
       .shapes = kAnyShape,
       .expected = direct_mean},
      {.name = "mean(axis)", .function = [](const Tensor& x) { return mean(x, -1); }, .shapes = kThreeAxesOrEmpty},
      {.name = "prod",
       .function = [](const Tensor& x) { return prod(x); },
       .inputs = {positive},
       .shapes = {{{2, 3}}, {{}}, {{0}}, {{19}}},
       .expected =
           [](std::span<const Tensor> x) {
             double product = 1;
             for (double element : x[0].to_vector<double>()) product *= element;
             return f64(product);
           }},
      {.name = "prod(axis)", .function = [](const Tensor& x) { return prod(x, 0); }, .shapes = kThreeAxesOrEmpty},
      {.name = "var", .function = [](const Tensor& x) { return var(x); }, .shapes = several, .expected = direct_var},
      {.name = "var(axis)",
       .function = [](const Tensor& x) { return var(x, 1, {.correction = 0, .keepdims = true}); },
       .shapes = kThreeAxes},
      {.name = "std",
       .function = [](const Tensor& x) { return xgrad::std(x); },
       .shapes = several,
       .expected = [direct_var](std::span<const Tensor> x) { return sqrt(direct_var(x)); }},
      {.name = "std(axis)",
       .function = [](const Tensor& x) { return xgrad::std(x, -1); },
       .shapes = {{{2, 3, 4}}, {{5, 33}}}},
      {.name = "amax",
       .function =
           [](const Tensor& x) {
             return amax(x, {0, 2});
           },
       .shapes = kThreeAxes},
      {.name = "amin",
       .function = [](const Tensor& x) { return amin(x, 1, {.keepdims = true}); },
       .shapes = kThreeAxes},
      {.name = "max",
       .function = [](const Tensor& x) { return max(x); },
       .shapes = kAnyShape,
       .expected =
           [](std::span<const Tensor> x) {
             std::vector<double> elements = x[0].to_vector<double>();
             return f64(*std::max_element(elements.begin(), elements.end()));
           }},
      {.name = "min",
       .function = [](const Tensor& x) { return min(x); },
       .shapes = kAnyShape,
       .expected =
           [](std::span<const Tensor> x) {
             std::vector<double> elements = x[0].to_vector<double>();
             return f64(*std::min_element(elements.begin(), elements.end()));
           }},
      {.name = "max(axis)",
       .function = [](const Tensor& x) { return max(x, 1).values; },
       .shapes = kThreeAxes,
       .expected = [](std::span<const Tensor> x) { return amax(x[0], 1); }},
      {.name = "min(axis)",
       .function = [](const Tensor& x) { return min(x, -1, {.keepdims = true}).values; },
       .shapes = kThreeAxes,
       .expected = [](std::span<const Tensor> x) { return amin(x[0], -1, {.keepdims = true}); }},
      {.name = "max(indices)",
       .function = [](const Tensor& x) { return max(x, 1).indices; },
       .shapes = kThreeAxes,
       .order = 0},
      {.name = "min(indices)",
       .function = [](const Tensor& x) { return min(x, 0).indices; },
       .shapes = kThreeAxes,
       .order = 0},
      {.name = "argmax", .function = [](const Tensor& x) { return argmax(x, 1); }, .shapes = kThreeAxes, .order = 0},
      {.name = "argmax(all)", .function = [](const Tensor& x) { return argmax(x); }, .shapes = kAnyShape, .order = 0},
      {.name = "argmin", .function = [](const Tensor& x) { return argmin(x, 1); }, .shapes = kThreeAxes, .order = 0},
      {.name = "argmin(all)", .function = [](const Tensor& x) { return argmin(x); }, .shapes = kAnyShape, .order = 0},
      {.name = "all",
       .function = [](const Tensor& x) { return all(x, 1); },
       .inputs = {{.low = 0, .high = 2, .dtype = DType::boolean}},
       .shapes = kThreeAxesOrEmpty,
       .order = 0},
      {.name = "any",
       .function = [](const Tensor& x) { return any(x, 1); },
       .inputs = {{.low = 0, .high = 2, .dtype = DType::boolean}},
       .shapes = kThreeAxesOrEmpty,
       .order = 0},
      {.name = "logsumexp",
       .function = [](const Tensor& x) { return logsumexp(x); },
       .shapes = kAnyShape,
       .expected = [](std::span<const Tensor> x) { return log(sum(exp(x[0]))); }},
      {.name = "logsumexp(axes)",
       .function =
           [](const Tensor& x) {
             return logsumexp(x, {0, -1}, {.keepdims = true});
           },
       .inputs = {{.low = -30, .high = 30}},
       .shapes = kThreeAxes,
       .expected =
           [](std::span<const Tensor> x) {
             return log(sum(exp(x[0]), {0, -1}, {.keepdims = true}));
           }},
      {.name = "softmax",
       .function = [](const Tensor& x) { return softmax(x); },
       .shapes = {{{2, 3}}, {{1}}, {{67}}, {{3, 0}}, {{0, 3}}, {{3, 5, 7}}},
       .expected = [](std::span<const Tensor> x) { return exp(x[0]) / sum(exp(x[0]), -1, {.keepdims = true}); }},
      {.name = "softmax(axis)",
       .function = [](const Tensor& x) { return softmax(x, 1); },
       .inputs = {{.low = -30, .high = 30}},
       .shapes = kThreeAxesOrEmpty,
       .expected = [](std::span<const Tensor> x) { return exp(x[0]) / sum(exp(x[0]), 1, {.keepdims = true}); }},
      {.name = "log_softmax",
       .function = [](const Tensor& x) { return log_softmax(x); },
       .shapes = {{{2, 3}}, {{1}}, {{67}}, {{0, 3}}, {{3, 5, 7}}},
       .expected = [](std::span<const Tensor> x) { return x[0] - log(sum(exp(x[0]), -1, {.keepdims = true})); }},
      {.name = "log_softmax(axis)",
       .function = [](const Tensor& x) { return log_softmax(x, 1); },
       .shapes = kThreeAxesOrEmpty},
      {.name = "norm",
       .function = [](const Tensor& x) { return norm(x); },
       .shapes = kAnyShape,
       .expected =
           [direct_sum](std::span<const Tensor> x) { return sqrt(direct_sum(std::vector<Tensor>{x[0] * x[0]})); }},
      {.name = "norm(axis)",
       .function = [](const Tensor& x) { return norm(x, 1, {.keepdims = true}); },
       .shapes = kThreeAxes},
      {.name = "norm(1)",
       .function =
           [](const Tensor& x) {
             return norm(x, {0, 1}, {.p = 1});
           },
       .inputs = {{.avoid = {0}}},
       .shapes = kThreeAxes,
       .expected =
           [](std::span<const Tensor> x) {
             return sum(abs(x[0]), {0, 1});
           }},
      {.name = "norm(3)",
       .function = [](const Tensor& x) { return norm(x, -1, {.p = 3}); },
       .inputs = {{.avoid = {0}}},
       .shapes = kThreeAxes,
       .expected = [](std::span<const Tensor> x) { return pow(sum(pow(abs(x[0]), 3), -1), 1.0 / 3); }},
      {.name = "norm(infinity)",
       .function = [](const Tensor& x) { return norm(x, -1, {.p = kInfinity}); },
       .inputs = {{.avoid = {0}}},
       .shapes = kThreeAxes,
       .expected = [](std::span<const Tensor> x) { return amax(abs(x[0]), -1); }},
      {.name = "sum_to",
       .function =
           [](const Tensor& x) {
             return sum_to(x, {1, x.size(-1)});
           },
       .shapes = kThreeAxesOrEmpty,
       .expected =
           [](std::span<const Tensor> x) {
             return sum(x[0], {0, 1}, {.keepdims = true})[0];
           }},
  };
}

// ---- The test that every operator has a row ----

/// Declared in autograd/ops, but no operators on tensors' elements, or checked in another way.
const std::set<std::string> kWithoutRow = {
    // They make tensors from nothing: no input, no gradient (tests/ops/create.cpp, tests/ops/random.cpp).
    "zeros", "ones", "full", "zeros_like", "ones_like", "full_like", "arange", "linspace", "eye", "tensor", "from_data",
    "from_vector", "uniform", "normal", "randint", "bernoulli", "permutation",
    // Its result's dtype is not its input's, which check_operator expects (tests/ops/elementwise.cpp).
    "cast"};

std::set<std::string> declared_operators() {
  std::set<std::string> names;
  const std::regex declaration(R"(^(?:XGRAD_API )?(?:Tensor|Extreme|std::vector<Tensor>) ([a-z0-9_]+)\()");
  for (const auto& file : std::filesystem::directory_iterator(std::string(XGRAD_SOURCE_DIR) + "/autograd/ops")) {
    if (file.path().extension() != ".hpp") continue;
    std::ifstream header(file.path());
    std::smatch match;
    for (std::string line; std::getline(header, line);)
      if (std::regex_search(line, match, declaration)) names.insert(match[1]);
  }
  return names;
}

std::string operator_of(const OperatorRow& row) { return row.name.substr(0, row.name.find('(')); }

}  // namespace

Rows element_rows() {
  Rows rows;
  for (Rows (*family)() : {arithmetic, comparisons, choosing, functions, reductions}) append(rows, family());
  return rows;
}

void append(Rows& rows, Rows more) {
  for (OperatorRow& row : more) rows.push_back(std::move(row));
}

void expect_holds(const OperatorRow& row) {
  OperatorReport report = check_operator_report(row);
  INFO(report.text());
  CHECK(report.passed());
  CHECK(report.checks > 10);
}

Rows op_table() {
  Rows rows = element_rows();
  append(rows, shape_rows());
  return rows;
}

}  // namespace xgrad::testing

using namespace xgrad;
using namespace xgrad::testing;

TEST_CASE("Elementwise operators and reductions keep their contract", "[op_table]") {
  for (const OperatorRow& row : element_rows()) expect_holds(row);
}

TEST_CASE("Every declared operator has a row", "[op_table]") {
  std::set<std::string> rows;
  for (const OperatorRow& row : op_table()) rows.insert(operator_of(row));
  std::set<std::string> declared = declared_operators();
  CHECK(declared.size() > 80);
  for (const std::string& name : declared) {
    INFO("operator " << name << ": add a row to tests/op_table.cpp");
    CHECK((rows.contains(name) || kWithoutRow.contains(name)));
  }
  for (const std::string& name : kWithoutRow) {
    INFO("exception " << name << " is no longer declared, or has a row");
    CHECK((declared.contains(name) && !rows.contains(name)));
  }
}
