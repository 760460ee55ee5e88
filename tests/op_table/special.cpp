#include "op_table.hpp"
#include "references.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace xgrad::testing {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr long double kPi = std::numbers::pi_v<long double>;
using Real = long double;

// References of another kind than the library's: sums and integrals term by term, roots by bisection.

/// The sum of (q + k)^-s, by its terms up to 400 and the midpoint integral of the rest.
double zeta_of(double s, double q) {
  if (s < 1) return kNan;
  if (s == 1 || (q <= 0 && q == std::floor(q))) return kInfinity;
  if (q < 0 && s != std::floor(s)) return kNan;
  Real sum = 0, a = q;
  for (; a < 400; a += 1) sum += std::pow(a, -Real(s));
  const Real b = a - Real(0.5);
  return static_cast<double>(sum + std::pow(b, 1 - Real(s)) / (s - 1) - s * std::pow(b, -1 - Real(s)) / 24 +
                             7 * Real(s) * (s + 1) * (s + 2) * std::pow(b, -3 - Real(s)) / 5760);
}
double polygamma_at(int n, double x) { return (n % 2 == 0 ? -1 : 1) * std::tgamma(n + 1.0) * zeta_of(n + 1, x); }
double digamma_of(double x) {
  if (x == 0) return std::signbit(x) ? kInfinity : -kInfinity;
  if (x < 0 && x == std::floor(x)) return kNan;
  Real sum = 0, a = x;
  for (; a < 400; a += 1) sum -= 1 / a;
  const Real square = a * a;
  return static_cast<double>(sum + std::log(a) - 1 / (2 * a) - 1 / (12 * square) + 1 / (120 * square * square));
}
double multigammaln_of(double x, int p) {
  double sum = p * (p - 1) / 4.0 * std::log(std::numbers::pi);
  for (int j = 0; j < p; ++j) sum += std::lgamma(x - j / 2.0);
  return sum;
}
/// 1 / sqrt(pi) times the continued fraction 1 / (x + (1/2) / (x + 1 / (x + (3/2) / ...))), from 2 on.
double erfcx_of(double x) {
  if (x < 2) return static_cast<double>(std::exp(Real(x) * x) * std::erfc(Real(x)));
  Real fraction = x;
  for (int k = 400; k > 0; --k) fraction = x + Real(k) / 2 / fraction;
  return static_cast<double>(1 / (fraction * std::sqrt(kPi)));
}
/// The x between two bounds at which a rising function has this value.
double inverse_of(double (*rising)(double), double value, double low, double high) {
  for (int i = 0; i < 200; ++i) {
    const double middle = (low + high) / 2;
    (rising(middle) < value ? low : high) = middle;
  }
  return (low + high) / 2;
}
double ndtr_of(double x) { return std::erfc(-x / std::numbers::sqrt2) / 2; }
double erfinv_of(double x) {
  if (x == 0) return x;
  if (std::abs(x) == 1) return x * kInfinity;
  if (!(std::abs(x) < 1)) return kNan;
  const double size = -inverse_of([](double y) { return std::erfc(-y); }, 1 - std::abs(x), -40, 0);
  return std::copysign(std::abs(x) < 0.5 ? inverse_of([](double y) { return std::erf(y); }, std::abs(x), 0, 1) : size,
                       x);
}
double ndtri_of(double p) {
  if (p == 0 || p == 1) return p == 0 ? -kInfinity : kInfinity;
  if (!(p > 0 && p < 1)) return kNan;
  if (p == 0.5) return 0;
  return p < 0.5 ? inverse_of(ndtr_of, p, -40, 0) : -inverse_of(ndtr_of, 1 - p, -40, 0);
}
double log_ndtr_of(double x) {
  return x < -1 ? std::log(erfcx_of(-x / std::numbers::sqrt2) / 2) - x * x / 2 : std::log1p(-ndtr_of(-x));
}
/// The mean of f over the circle.
template <class F>
double mean_over_circle(F f) {
  constexpr int kPoints = 400;
  Real sum = 0;
  for (int i = 0; i < kPoints; ++i) sum += f(2 * kPi * i / kPoints);
  return static_cast<double>(sum / kPoints);
}
double bessel_i_at(int n, double x) {
  return mean_over_circle([&](Real t) { return std::exp(x * std::cos(t)) * std::cos(n * t); });
}
double bessel_ie_at(int n, double x) {
  return mean_over_circle([&](Real t) { return std::exp(x * std::cos(t) - std::abs(x)) * std::cos(n * t); });
}
double bessel_j_at(int n, double x) {
  return mean_over_circle([&](Real t) { return std::cos(n * t - x * std::sin(t)); });
}
double bessel_k_at(int n, double x) {
  if (x == 0) return kInfinity;
  if (x < 0) return kNan;
  Real sum = 0;
  for (int i = 0; i < 4000; ++i) {
    const Real t = Real(i) / 100;
    sum += std::exp(-x * std::cosh(t)) * std::cosh(n * t) * (i == 0 ? Real(0.5) : Real(1));
  }
  return static_cast<double>(sum / 100);
}
double sinc_of(double x) {
  if (x == std::floor(x)) return x == 0 ? 1 : 0;
  return static_cast<double>(std::sin(kPi * std::fmod(Real(x), 2)) / (kPi * x));
}
double entr_of(double x) { return x < 0 ? -kInfinity : x == 0 ? 0 : -x * std::log(x); }

Rows rows() {
  const std::vector<double> ends = {0, 1e-20, -1e-10, 1e-3, 5, -5, 9.5, -9.5, 20, -20, 88, -88, 100, -100, 800, -800};
  std::vector<double> with_infinity = ends;
  with_infinity.insert(with_infinity.end(), {kInfinity, -kInfinity});
  const OperatorInput positive = {.low = 0.1, .high = 6};
  const OperatorInput gamma = {.low = -2.9, .high = 4, .avoid = {-3, -2, -1, 0}};
  return {
      {.name = "erfc",
       .function = [](const Tensor& x) { return erfc(x); },
       .reference = [](double x) { return std::erfc(x); },
       .extremes = with_infinity},
      {.name = "erf",
       .function = [](const Tensor& x) { return erf(x); },
       .reference = [](double x) { return std::erf(x); },
       .extremes = with_infinity},
      {.name = "erfcx",
       .function = [](const Tensor& x) { return erfcx(x); },
       .reference = erfcx_of,
       .extremes = {0, 1e-20, -1e-10, 1e-3, 5, -5, 20, -20, 88, 800, 1e30, 1e200, kInfinity, -30, -kInfinity}},
      {.name = "erfinv",
       .function = [](const Tensor& x) { return erfinv(x); },
       .inputs = {{.low = -0.9, .high = 0.9}},
       .reference = erfinv_of,
       .extremes = {0, 0.4999, 0.5, 0.99, -0.999, 0.99999, -0.9999999, 1, -1, 1.5, -2, kInfinity},
       .order = 3},
      {.name = "ndtr",
       .function = [](const Tensor& x) { return ndtr(x); },
       .reference = ndtr_of,
       .extremes = {0, 1e-20, -1e-10, 1e-3, 5, -5, -20, 20, -37, 800, -800, kInfinity, -kInfinity}},
      {.name = "ndtri",
       .function = [](const Tensor& p) { return ndtri(p); },
       .inputs = {{.low = 0.02, .high = 0.97}},
       .reference = ndtri_of,
       .extremes = {0, 1e-20, 1e-10, 1e-3, 0.5, 0.9, 0.99999, 1, 1.5, -2, kInfinity},
       .order = 3},
      {.name = "log_ndtr",
       .function = [](const Tensor& x) { return log_ndtr(x); },
       .inputs = {{.low = -6, .high = 4}},
       .reference = log_ndtr_of,
       .extremes = {0, 1e-20, -1e-10, 5, -5, -20, 20, -800, 800, -1e10, kInfinity, -kInfinity},
       .order = 3},
      {.name = "lgamma",
       .function = [](const Tensor& x) { return lgamma(x); },
       .inputs = {gamma},
       .reference = [](double x) { return std::lgamma(x); },
       .extremes = {0, -1, -2, 1, 2, 1e-20, -1e-10, -0.5, -0.50001, 0.5, 1.5, 3, 7.99, 8, 170, 1e10, 1e300, kInfinity,
                    -kInfinity},
       .rtol = 1e-11},
      {.name = "digamma",
       .function = [](const Tensor& x) { return digamma(x); },
       .inputs = {gamma},
       .reference = digamma_of,
       .extremes = {0, -0.0, -1, -2, 1, 2, 1e-20, -1e-10, -0.5, 0.5, 1.5, 3, 170, 1e10},
       .rtol = 1e-11},
      {.name = "polygamma(0)",
       .function = [](const Tensor& x) { return polygamma(0, x); },
       .inputs = {positive},
       .reference = digamma_of,
       .refused = {[](const Tensor& x) { return polygamma(-1, x); }},
       .rtol = 1e-11},
      {.name = "polygamma(1)",
       .function = [](const Tensor& x) { return polygamma(1, x); },
       .inputs = {gamma},
       .reference = [](double x) { return polygamma_at(1, x); },
       .extremes = {0, -1, -2, 1, 2, 1e-20, -1e-10, 0.5, 1.5, 3, 170, -170.5}},
      {.name = "polygamma(2)",
       .function = [](const Tensor& x) { return polygamma(2, x); },
       .inputs = {gamma},
       .reference = [](double x) { return polygamma_at(2, x); },
       .extremes = {0, -1, 1, 2, 1e-20, 0.5, 1.5, 3, 170},
       .rtol = 1e-11},
      {.name = "polygamma(5)",
       .function = [](const Tensor& x) { return polygamma(5, x); },
       .inputs = {positive},
       .reference = [](double x) { return polygamma_at(5, x); },
       .extremes = {0, -1, 1, 2, 1e-20, 0.5, 1.5, 3, 170}},
      {.name = "multigammaln",
       .function = [](const Tensor& x) { return multigammaln(x, 3); },
       .inputs = {{.low = 1.1, .high = 6}},
       .reference = [](double x) { return multigammaln_of(x, 3); },
       .extremes = {1.5, 2, 30, 1e5, kInfinity},
       .refused = {[](const Tensor& x) { return multigammaln(x, 0); }},
       .rtol = 1e-11},
      {.name = "zeta(of a number)",
       .function = [](const Tensor& q) { return zeta(3.0, q); },
       .inputs = {gamma},
       .reference = [](double q) { return zeta_of(3, q); },
       .extremes = {0, -1, 1, 2, 0.5, 30},
       .rtol = 1e-11},
      {.name = "zeta",
       .function = [](const Tensor& x, const Tensor& q) { return zeta(x, q); },
       .inputs = {{.low = 2, .high = 6}, {.low = 0.3, .high = 5}},
       .reference = zeta_of,
       .extremes = {0, 1, 2, 3, 0.5, 1.5, 12},
       .order = 0},
      {.name = "i0",
       .function = [](const Tensor& x) { return i0(x); },
       .reference = [](double x) { return bessel_i_at(0, x); },
       .extremes = {0, 1e-20, 1e-3, 7.99, -8.01, 12, 15.99, -16.01, 100, 700}},
      {.name = "i0e",
       .function = [](const Tensor& x) { return i0e(x); },
       .inputs = {{.avoid = {0}}},
       .reference = [](double x) { return bessel_ie_at(0, x); },
       .extremes = {0, 1e-20, 1e-3, 7.99, -8.01, 12, 15.99, -16.01, 100, 700}},
      {.name = "i1",
       .function = [](const Tensor& x) { return i1(x); },
       .reference = [](double x) { return x == 0 ? 0 : bessel_i_at(1, x); },
       .extremes = {0, 1e-3, 7.99, -8.01, 12, 15.99, -16.01, 100, 700},
       .order = 3},
      {.name = "i1e",
       .function = [](const Tensor& x) { return i1e(x); },
       .inputs = {{.avoid = {0}}},
       .reference = [](double x) { return x == 0 ? 0 : bessel_ie_at(1, x); },
       .extremes = {0, 1e-3, 7.99, -8.01, 12, 15.99, -16.01, 100, 700}},
      {.name = "bessel_k0",
       .function = [](const Tensor& x) { return bessel_k0(x); },
       .inputs = {positive},
       .reference = [](double x) { return bessel_k_at(0, x); },
       .extremes = {0, 1e-10, 1e-3, 0.99, 1.01, 30, 600, -1}},
      {.name = "bessel_k1",
       .function = [](const Tensor& x) { return bessel_k1(x); },
       .inputs = {positive},
       .reference = [](double x) { return bessel_k_at(1, x); },
       .extremes = {0, 1e-10, 1e-3, 0.99, 1.01, 30, 600, -1}},
      {.name = "bessel_j0",
       .function = [](const Tensor& x) { return bessel_j0(x); },
       .inputs = {{.low = -9, .high = 9}},
       .reference = [](double x) { return bessel_j_at(0, x); },
       .extremes = {0, 1e-20, 1e-3, 12, 50, -100},
       .rtol = 1e-11,
       .rtol32 = 1e-4},
      {.name = "bessel_j1",
       .function = [](const Tensor& x) { return bessel_j1(x); },
       .inputs = {{.low = -9, .high = 9}},
       .reference = [](double x) { return bessel_j_at(1, x); },
       .extremes = {1e-3, 12, 50, -100},
       .rtol = 1e-11,
       .rtol32 = 1e-4},
      {.name = "bessel_y0",
       .function = [](const Tensor& x) { return bessel_y0(x); },
       .inputs = {{.low = 0.2, .high = 9}},
       .reference = [](double x) { return x == 0  ? -kInfinity
                                          : x < 0 ? kNan
                                                  : std::cyl_neumann(0.0, x); },
       .extremes = {0, 1e-3, 12, 50, -1},
       .rtol = 1e-11,
       .rtol32 = 1e-4},
      {.name = "bessel_y1",
       .function = [](const Tensor& x) { return bessel_y1(x); },
       .inputs = {{.low = 0.2, .high = 9}},
       .reference = [](double x) { return x == 0  ? -kInfinity
                                          : x < 0 ? kNan
                                                  : std::cyl_neumann(1.0, x); },
       .extremes = {0, 1e-3, 12, 50, -1},
       .rtol = 1e-11,
       .rtol32 = 1e-4},
      {.name = "sinc",
       .function = [](const Tensor& x) { return sinc(x); },
       .inputs = {{.low = -4, .high = 4}},
       .reference = sinc_of,
       .extremes = {0, 1e-20, 1e-3, 0.4999, -0.5, 0.5001, 2.5, 1000.25},
       .order = 3},
      {.name = "entr",
       .function = [](const Tensor& x) { return entr(x); },
       .inputs = {positive},
       .reference = entr_of,
       .extremes = {0, 1e-300, 0.5, 1, 1e30, -1, kInfinity, -kInfinity}},
      {.name = "logit",
       .function = [](const Tensor& x) { return logit(x); },
       .inputs = {{.low = 0.05, .high = 0.95}},
       .reference = [](double x) { return std::log(x) - std::log1p(-x); },
       .extremes = {0, 1e-20, 1e-3, 0.25, 0.5, 0.999, 1, -1, 2}},
      {.name = "logit(eps)",
       .function = [](const Tensor& x) { return logit(x, 0.25); },
       .inputs = {{.low = 0, .high = 1, .avoid = {0.25, 0.75}}},
       .reference =
           [](double x) {
             const double z = std::clamp(x, 0.25, 0.75);
             return std::log(z) - std::log1p(-z);
           },
       .extremes = {0, 0.1, 0.5, 0.9, 1, -1, 2, kInfinity, -kInfinity}},
      {.name = "xlogy",
       .function = [](const Tensor& x, const Tensor& y) { return xlogy(x, y); },
       .inputs = {{}, positive},
       .reference = [](double x, double y) { return x == 0 ? 0 : x * std::log(y); },
       .extremes = {0, 1, -1, 2, 1e-300, kInfinity}},
      {.name = "xlog1py",
       .function = [](const Tensor& x, const Tensor& y) { return xlog1py(x, y); },
       .inputs = {{}, {.low = -0.9, .high = 3}},
       .reference = [](double x, double y) { return x == 0 ? 0 : x * std::log1p(y); },
       .extremes = {0, 1, -1, 2, 1e-20, kInfinity}},
  };
}

const Family kFamily("special", rows);

}  // namespace
}  // namespace xgrad::testing

TEST_CASE("Special functions keep their contract", "[op_table]") { xgrad::testing::expect_family_holds("special"); }
