// Values and derivatives of the elementwise operators of one operand beside long double, on floats of all sizes: both
// within two units of the last place, in float64 within four.
#include <bit>
#include <cstdint>
#include <numbers>
#include <random>
#include <string>

#include "numbers.hpp"

using namespace xgrad;
using namespace xgrad::testing;

namespace {

using Real = long double;
constexpr Real kPi = std::numbers::pi_v<Real>, kLn2 = std::numbers::ln2_v<Real>, kLn10 = std::numbers::ln10_v<Real>;

constexpr Real kScale = 1.0507009873554804934193349852946L, kAlpha = 1.6732632423543772848170429916717L;

struct Row {
  const char* name;
  Tensor (*function)(const Operand&);
  Real (*value)(Real);
  Real (*slope)(Real);
  double slope_root = 0;  // within 1.5 of it units of 1/4's last place count
};

Real square(Real x) { return x * x; }
Real mish_gate_of(Real x) { return x > 60 ? 1 : std::tanh(std::log1p(std::exp(x))); }
Real mish_slope_of(Real x) {
  if (x > 60) return 1;
  const Real e = std::exp(x), n = e * (e + 2);
  return n / (n + 2) + x * 4 * e * (1 + e) / square(n + 2);
}
Real tanhshrink_of(Real x) {
  const Real z = x * x;
  if (z > 0.01L) return x - std::tanh(x);
  const Real series[] = {1 / 3.0L,         -2 / 15.0L,          17 / 315.0L,           -62 / 2835.0L,
                         1382 / 155925.0L, -21844 / 6081075.0L, 929569 / 638512875.0L, -6404582 / 10854718875.0L};
  Real sum = 0;
  for (int k = 7; k >= 0; --k) sum = sum * z + series[k];
  return x * z * sum;
}

#define OF(expression) []([[maybe_unused]] Real x) -> Real { return expression; }

const Row kRows[] = {
    {"tan", tan, OF(std::tan(x)), OF(1 / square(std::cos(x)))},
    {"asin", asin, OF(std::asin(x)), OF(1 / std::sqrt((1 - x) * (1 + x)))},
    {"acos", acos, OF(std::acos(x)), OF(-1 / std::sqrt((1 - x) * (1 + x)))},
    {"atan", atan, OF(std::atan(x)), OF(1 / (1 + x * x))},
    {"sinh", sinh, OF(std::sinh(x)), OF(std::cosh(x))},
    {"cosh", cosh, OF(std::cosh(x)), OF(std::sinh(x))},
    {"asinh", asinh, OF(std::asinh(x)), OF(1 / std::sqrt(1 + x * x))},
    {"acosh", acosh, OF(std::acosh(x)), OF(1 / std::sqrt((x - 1) * (x + 1)))},
    {"atanh", atanh, OF(std::atanh(x)), OF(1 / ((1 - x) * (1 + x)))},
    {"exp2", exp2, OF(std::exp2(x)), OF(kLn2* std::exp2(x))},
    {"log2", log2, OF(std::log2(x)), OF(1 / (kLn2 * x))},
    {"log10", log10, OF(std::log10(x)), OF(1 / (kLn10 * x))},
    {"rsqrt", rsqrt, OF(1 / std::sqrt(x)), OF(-0.5L / (x * std::sqrt(x)))},
    {"deg2rad", deg2rad, OF(x* kPi / 180), OF(kPi / 180)},
    {"rad2deg", rad2deg, OF(x * 180 / kPi), OF(180 / kPi)},
    {"frac", frac, OF(x - std::trunc(x)), OF(1)},
    {"selu", selu, OF(x > 0 ? kScale * x : kScale * kAlpha * std::expm1(x)),
     OF(x > 0 ? kScale : kScale * kAlpha * std::exp(x))},
    {"mish", mish, OF(x* mish_gate_of(x)), mish_slope_of, -1.1925},
    {"softsign", softsign, OF(x / (1 + std::abs(x))), OF(1 / square(1 + std::abs(x)))},
    {"tanhshrink", tanhshrink, tanhshrink_of, OF(square(std::tanh(x)))},
    {"hardsigmoid", hardsigmoid, OF(std::min(std::max(x + 3, Real(0)), Real(6)) / 6),
     OF(std::abs(x) < 3 ? 1 / Real(6) : 0)},
    {"celu", [](const Operand& x) { return celu(x, 0.7); }, OF(x > 0 ? x : Real(0.7) * std::expm1(x / Real(0.7))),
     OF(x > 0 ? 1 : std::exp(x / Real(0.7)))},
    {"hardswish", hardswish, OF(x* std::min(std::max(x + 3, Real(0)), Real(6)) / 6),
     OF(x<-3 ? 0 : x> 3 ? 1 : (x + 1.5L) / 3)},
};

/// The distance of a number from the exact one in units of that one's last place.
template <class T>
double units(T got, Real exact, Real least = 0) {
  using Limits = std::numeric_limits<T>;
  const Real largest = Limits::max();
  if (std::isnan(exact)) return std::isnan(got) ? 0 : kInf;
  if (std::abs(exact) > largest) exact = std::copysign(largest * (1 + Real(Limits::epsilon()) / 2), exact);
  const Real number =
      std::isinf(got) ? std::copysign(largest * (1 + Real(Limits::epsilon()) / 2), Real(got)) : Real(got);
  const Real size = std::max({std::abs(exact), Real(Limits::min()), least});
  return static_cast<double>(std::abs(number - exact) / std::ldexp(Real(1), std::ilogb(size) + 1 - Limits::digits));
}

/// Numbers of any bits, half of them of moderate size.
template <class T>
std::vector<T> samples(int count) {
  using Word = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  std::mt19937_64 random(17);
  std::vector<T> numbers;
  while (static_cast<int>(numbers.size()) < count) {
    T x = std::bit_cast<T>(static_cast<Word>(random()));
    if (random() % 2 == 0)
      x = std::ldexp(std::frexp(x, std::array<int, 1>().data()), static_cast<int>(random() % 24) - 14);
    if (std::isfinite(x)) numbers.push_back(x);
  }
  return numbers;
}

template <class T>
void check_rows(int count, double bound) {
  const std::vector<T> numbers = samples<T>(count);
  for (const Row& row : kRows) {
    Tensor x = from_vector(numbers, {count}).set_requires_grad();
    Tensor y = row.function(x);
    const std::vector<T> value = y.to_vector<T>(), slope = grad(sum(y), x).template to_vector<T>();
    double worst = 0, worst_slope = 0;
    T at = 0, slope_at = 0;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      const Real exact = row.value(numbers[i]);
      if (double u = units<T>(value[i], exact); u > worst) worst = u, at = numbers[i];
      if (std::isnan(exact)) continue;
      const Real least = row.slope_root != 0 && std::abs(numbers[i] - row.slope_root) < 1.5 ? 0.25L : 0;
      if (double u = units<T>(slope[i], row.slope(numbers[i]), least); u > worst_slope)
        worst_slope = u, slope_at = numbers[i];
    }
    INFO(row.name << " of float" << 8 * sizeof(T));
    INFO("value: " << worst << " at " << at << ", slope: " << worst_slope << " at " << slope_at);
    CHECK(worst <= bound);
    CHECK(worst_slope <= bound);
  }
}

}  // namespace

TEST_CASE("elementwise functions of float32 are within two units, as are their slopes", "[elementwise][accuracy]") {
  check_rows<float>(40000, 2);
}

TEST_CASE("elementwise functions of float64 are within four units, as are their slopes", "[elementwise][accuracy]") {
  check_rows<double>(10000, 4);
}
