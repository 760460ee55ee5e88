// Second derivatives, and map()'s derivatives, of the elementwise operators of one operand in float32, against long
// double, over samples of all floats: a number in every XGRAD_ACCURACY_STEP. The worst errors, in units of the last
// place, are held below the bounds of the table. Values and first derivatives of the operators are in sweep.cpp.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <limits>
#include <numbers>
#include <string>
#include <vector>

#include <xgrad/xgrad.hpp>
#include "../catch.hpp"

using namespace xgrad;

namespace {

using Real = long double;
constexpr Real kPi = std::numbers::pi_v<Real>;

Real sigmoid_of(Real x) { return 1 / (1 + std::exp(-x)); }
Real sigmoid_slope_of(Real x) {
  Real e = std::exp(-std::abs(x));
  return e / ((1 + e) * (1 + e));
}
Real softplus_of(Real x) { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); }
Real bell_of(Real x) { return std::exp(-x * x); }
Real density_of(Real x) { return std::exp(-x * x / 2) / std::sqrt(2 * kPi); }
Real cdf_of(Real x) { return std::erfc(-x / std::sqrt(Real(2))) / 2; }
/// Twice gelu's u, and its slope.
Real gelu_z(Real x) { return 2 * std::sqrt(2 / kPi) * (x + Real(0.044715) * x * x * x); }
Real gelu_z_slope(Real x) { return 2 * std::sqrt(2 / kPi) * (1 + 3 * Real(0.044715) * x * x); }
/// x times a factor that has vanished where x is infinite.
Real times(Real x, Real factor) { return factor == 0 ? 0 : x * factor; }

/// Of products of x and what may be denormal.
constexpr Real kProduct = 0x1p-119L;

struct Row {
  const char* name;
  Tensor (*function)(const Tensor&);
  Real (*value)(Real);
  Real (*slope)(Real);
  double value_bound, slope_bound;  // units of the last place
  std::vector<double> roots = {};   // of the slope: within 1/2 of them units of 1/4's last place count
  Real least = 0x1p-126L;           // below, its last place counts: from where a factor has fewer digits
};

#define CALL(expression) [](const Tensor& x) -> Tensor { return expression; }
#define OF(expression) [](Real x) -> Real { return expression; }
#define MAP(expression) [](const Tensor& x) -> Tensor { return map([](auto x) { return expression; }, x); }

const std::vector<Row>& operators() {
  static const std::vector<Row> rows = {
      {"exp", CALL(exp(x)), OF(std::exp(x)), OF(std::exp(x)), 1, 1},
      {"expm1", CALL(expm1(x)), OF(std::expm1(x)), OF(std::exp(x)), 1.5, 1},
      {"log", CALL(log(x)), OF(std::log(x)), OF(1 / x), 1, 1},
      {"log1p", CALL(log1p(x)), OF(std::log1p(x)), OF(1 / (1 + x)), 1, 1.5},
      {"sqrt", CALL(sqrt(x)), OF(std::sqrt(x)), OF(1 / (2 * std::sqrt(x))), 1, 1.5},
      {"square", CALL(square(x)), OF(x * x), OF(2 * x), 1, 1},
      {"reciprocal", CALL(reciprocal(x)), OF(1 / x), OF(-1 / (x * x)), 1, 2.5},
      {"sin", CALL(sin(x)), OF(std::sin(x)), OF(std::cos(x)), 2, 2},
      {"cos", CALL(cos(x)), OF(std::cos(x)), OF(-std::sin(x)), 2, 2},
      {"tanh", CALL(tanh(x)), OF(std::tanh(x)), OF(4 * sigmoid_slope_of(2 * x)), 2, 3},
      {"erf", CALL(erf(x)), OF(std::erf(x)), OF(2 / std::sqrt(kPi) * bell_of(x)), 1.5, 2.5},
      {"erfc", CALL(erfc(x)), OF(std::erfc(x)), OF(-2 / std::sqrt(kPi) * bell_of(x)), 6, 2.5},
      {"sigmoid", CALL(sigmoid(x)), OF(sigmoid_of(x)), OF(sigmoid_slope_of(x)), 2, 3},
      {"log_sigmoid", CALL(log_sigmoid(x)), OF(-softplus_of(-x)), OF(sigmoid_of(-x)), 2, 2},
      {"relu", CALL(relu(x)), OF(x > 0 ? x : 0), OF(x > 0 ? 1 : 0), 0, 0},
      {"leaky_relu", CALL(leaky_relu(x)), OF(x > 0 ? x : x * Real(0.01)), OF(x > 0 ? 1 : Real(0.01)), 1.5, 1},
      {"elu", CALL(elu(x)), OF(x > 0 ? x : std::expm1(x)), OF(x > 0 ? 1 : std::exp(x)), 1.5, 1},
      {"silu",
       CALL(silu(x)),
       OF(times(x, sigmoid_of(x))),
       OF(sigmoid_of(x) + times(x, sigmoid_slope_of(x))),
       3,
       5,
       {-1.2785},
       kProduct},
      {"gelu",
       CALL(gelu(x)),
       OF(times(x, cdf_of(x))),
       OF(cdf_of(x) + times(x, density_of(x))),
       6,
       7,
       {-0.7518},
       kProduct},
      {"gelu (tanh)",
       CALL(gelu(x, GeluForm::tanh)),
       OF(times(x, sigmoid_of(gelu_z(x)))),
       OF(sigmoid_of(gelu_z(x)) + times(times(x, gelu_z_slope(x)), sigmoid_slope_of(gelu_z(x)))),
       3,
       8,
       {-0.7525},
       kProduct},
      {"softplus", CALL(softplus(x)), OF(x > 20 ? x : softplus_of(x)), OF(x > 20 ? 1 : sigmoid_of(x)), 2, 2},
  };
  return rows;
}

/// The saturating ones as map() differentiates them.
const std::vector<Row>& mapped() {
  static const std::vector<Row> rows = [] {
    const std::vector<std::pair<const char*, Tensor (*)(const Tensor&)>> functions = {
        {"tanh", MAP(tanh(x))},
        {"expm1", MAP(expm1(x))},
        {"erf", MAP(erf(x))},
        {"erfc", MAP(erfc(x))},
        {"sigmoid", MAP(sigmoid(x))},
        {"log_sigmoid", MAP(log_sigmoid(x))},
        {"elu", MAP(elu(x))},
        {"silu", MAP(silu(x))},
        {"gelu", MAP(gelu(x))},
        {"softplus", MAP(softplus(x))},
        {"gelu (tanh)", MAP(gelu(x, GeluForm::tanh))},
    };
    std::vector<Row> rows;
    for (auto [name, function] : functions)
      for (const Row& row : operators())
        if (std::string(row.name) == name) {
          rows.push_back(row);
          rows.back().function = function;
        }
    return rows;
  }();
  return rows;
}

/// First derivatives as functions of their own, so that what is checked is the second order.
std::vector<Row> second_orders(bool in_map) {
  struct Curvature {
    const char* name;
    Real (*value)(Real);
    double bound;
    std::vector<double> roots;
  };
  static const std::vector<Curvature> curvatures = {
      {"tanh", OF(-8 * sigmoid_slope_of(2 * x) * std::tanh(x)), 6, {}},
      {"expm1", OF(std::exp(x)), 2, {}},
      {"erf", OF(times(x, -4 / std::sqrt(kPi) * bell_of(x))), 4, {}},
      {"erfc", OF(times(x, 4 / std::sqrt(kPi) * bell_of(x))), 4, {}},
      {"sigmoid", OF(-sigmoid_slope_of(x) * std::tanh(x / 2)), 6, {}},
      {"log_sigmoid", OF(-sigmoid_slope_of(x)), 3, {}},
      {"elu", OF(x > 0 ? 0 : std::exp(x)), 2, {}},
      {"silu", OF(sigmoid_slope_of(x) * 2 - times(x, sigmoid_slope_of(x)) * std::tanh(x / 2)), 12, {-2.3994, 2.3994}},
      {"gelu", OF(2 * density_of(x) - times(x * x, density_of(x))), 12, {-1.4142, 1.4142}},
      {"softplus", OF(x > 20 ? 0 : sigmoid_slope_of(x)), 3, {}},
  };
  std::vector<Row> rows;
  for (const Curvature& curvature : curvatures)
    for (const Row& row : in_map ? mapped() : operators())
      if (std::string(row.name) == curvature.name)
        rows.push_back(
            {row.name, row.function, row.slope, curvature.value, 0, curvature.bound, curvature.roots, kProduct});
  return rows;
}

/// Units of the last place between a float and what it should be.
double units(float got, Real exact, Real least) {
  if (std::isnan(exact)) return std::isnan(got) ? 0 : std::numeric_limits<double>::infinity();
  constexpr Real kMost = std::numeric_limits<float>::max();
  if (std::abs(exact) >= kMost)
    return std::abs(Real(got)) >= kMost * Real(0.999999) && std::signbit(got) == std::signbit(exact)
               ? 0
               : std::numeric_limits<double>::infinity();
  Real size = std::max(std::abs(exact), least);
  return static_cast<double>(std::abs(got - exact) / std::ldexp(Real(1), std::ilogb(size) - 23));
}

struct Worst {
  double error = 0;
  float at = 0;
  void see(double units, float x) {
    if (units > error || std::isnan(units)) {
      error = units;
      at = x;
    }
  }
};

std::uint64_t step() {
  const char* given = std::getenv("XGRAD_ACCURACY_STEP");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : 65521;  // a prime: all lengths of last bits are met
}

void sweep(const char* title, const std::vector<Row>& rows, bool second) {
  bool prints = std::getenv("XGRAD_ACCURACY_STEP") != nullptr;
  if (prints) std::printf("%-14s %10s %14s %10s %14s\n", title, "value", "at", "slope", "at");
  for (const Row& row : rows) {
    Worst value, slope;
    constexpr std::uint64_t kAll = std::uint64_t{1} << 32;
    constexpr std::size_t kPart = 1 << 16;
    std::vector<float> part;
    auto check_part = [&] {
      Tensor x = from_vector(part).set_requires_grad();
      Tensor y = row.function(x);
      Tensor g = grad(sum(y), x, {.create_graph = second});
      if (second) {
        y = g;
        g = grad(sum(g), x);
      }
      std::vector<float> values = y.to_vector<float>(), slopes = g.to_vector<float>();
      for (std::size_t i = 0; i < part.size(); ++i) {
        Real exact = row.value(part[i]);
        if (!second) value.see(units(values[i], exact, row.least), part[i]);
        if (std::isnan(exact)) continue;  // no slope to speak of
        // map's second order is computed in float64, and ends where that does.
        if (second && std::abs(exact) > std::numeric_limits<double>::max()) continue;
        bool near_root = std::any_of(row.roots.begin(), row.roots.end(),
                                     [&](double root) { return std::abs(part[i] - root) < 0.5; });
        slope.see(units(slopes[i], row.slope(part[i]), near_root ? Real(0.25) : row.least), part[i]);
      }
      part.clear();
    };
    for (std::uint64_t word = 0; word < kAll; word += step()) {
      float x = std::bit_cast<float>(static_cast<std::uint32_t>(word));
      if (std::isnan(x) || x == 0) continue;  // kinks and poles at 0 have tests of their own
      part.push_back(x);
      if (part.size() == kPart) check_part();
    }
    check_part();
    if (prints)
      std::printf("%-14s %10.3g %14.8g %10.3g %14.8g\n", row.name, value.error, value.at, slope.error, slope.at);
    INFO(row.name << ": value off by " << value.error << " units at " << value.at << ", slope by " << slope.error
                  << " at " << slope.at);
    CHECK(value.error <= row.value_bound);
    CHECK(slope.error <= row.slope_bound);
  }
}

}  // namespace

TEST_CASE("second derivatives of saturating operators are accurate over all of float32", "[accuracy]") {
  sweep("2nd order", second_orders(false), true);
}

TEST_CASE("map's derivatives of saturating functions are accurate over all of float32", "[accuracy]") {
  sweep("map", mapped(), false);
  sweep("map 2nd order", second_orders(true), true);
}

TEST_CASE("derivatives in the tails are not lost", "[accuracy][conventions]") {
  auto slope = [](Tensor (*f)(const Tensor&), float at) {
    Tensor x = from_vector(std::vector<float>{at}).set_requires_grad();
    return grad(sum(f(x)), x).item();
  };
  auto second = [](Tensor (*f)(const Tensor&), float at) {
    Tensor x = from_vector(std::vector<float>{at}).set_requires_grad();
    return grad(sum(grad(sum(f(x)), x, {.create_graph = true})), x).item();
  };
  auto is = [](double got, double exact) { return std::abs(got - exact) <= 4e-3 * std::abs(exact); };
  CHECK(is(slope(CALL(sigmoid(x)), 18), 1.52e-8));
  CHECK(is(slope(CALL(tanh(x)), 9.1f), 4.99e-8));
  CHECK(is(slope(CALL(expm1(x)), -24), 3.775e-11));
  CHECK(is(slope(MAP(elu(x)), -24), 3.775e-11));
  CHECK(is(gelu(tensor({-5.5f, -6.f})).to_vector()[0], -1.0444e-7));
  CHECK(is(gelu(tensor({-5.5f, -6.f})).to_vector()[1], -5.9195e-9));
  CHECK(is(gelu(tensor({-9.0}, {.dtype = DType::float64})).item(), -1.0157e-18));
  CHECK(slope(CALL(gelu(x, GeluForm::tanh)), 1e20f) == 1);
  CHECK(second(CALL(gelu(x, GeluForm::tanh)), 1e14f) == 0);
  for (float infinite : {INFINITY, -INFINITY})
    for (auto f : std::vector<Tensor (*)(const Tensor&)>{CALL(silu(x)), CALL(gelu(x)), CALL(gelu(x, GeluForm::tanh)),
                                                         CALL(tanh(x)), CALL(sigmoid(x)), CALL(erfc(x)), MAP(silu(x)),
                                                         MAP(gelu(x)), MAP(erf(x))}) {
      CHECK((slope(f, infinite) == 0 || slope(f, infinite) == 1));
      CHECK(second(f, infinite) == 0);
    }
}
