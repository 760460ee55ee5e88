#include "series.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "error.hpp"

namespace xgrad {
namespace internal {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kPi = std::numbers::pi;

/// A sum that remembers what rounding takes from it. (Neumaier, Z. Angew. Math. Mech. 54, 1974.)
class Sum {
 public:
  void add(double term) {
    const double total = sum_ + term;
    lost_ += std::abs(sum_) >= std::abs(term) ? (sum_ - total) + term : (term - total) + sum_;
    sum_ = total;
  }
  double value() const { return std::isfinite(sum_) ? sum_ + lost_ : sum_; }

 private:
  double sum_ = 0, lost_ = 0;
};

bool is_odd(double whole) { return std::fmod(whole, 2) != 0; }

/// From here on the terms of the zeta function of s > 1 are summed together: what zeta_tail() leaves out is below
/// 2^-53.
double start_of_zeta_tail(double s) { return std::max(10.0, s + 8); }

/// The sum of (1 + k / a)^-s over k = 0, 1 ..., for a >= start_of_zeta_tail(s), by Euler and Maclaurin's formula.
double zeta_tail(double s, double a) {
  // B_2j / (2j)!
  static constexpr double kCoefficients[] = {
      0x1.5555555555555p-4,  -0x1.6c16c16c16c17p-10, 0x1.1566abc011567p-15, -0x1.bbd779334ef0bp-21,
      0x1.66a8f2bf70ebep-26, -0x1.22805d644267fp-31, 0x1.d6db2c4e09162p-37, -0x1.7da4e1f79955cp-42,
      0x1.355871d652e9ep-47, -0x1.f57d968caacf1p-53, 0x1.967e1f09c376fp-58, -0x1.497d9033a2b5cp-63,
  };
  Sum sum;
  sum.add(a / (s - 1));
  sum.add(0.5);
  double factor = s / a;
  for (int j = 0; j < 12; ++j) {
    const double term = factor * kCoefficients[j];
    sum.add(term);
    if (std::abs(term) < 1e-18 * sum.value()) break;
    factor *= (s + 2 * j + 1) / a * ((s + 2 * j + 2) / a);
  }
  return sum.value();
}

/// For s > 1 and q > 0: terms one by one up to a number that is large beside 1 and s, then the rest together. The terms
/// fall the faster the larger s is: some sixty of them at most count.
double zeta_of_positive(double s, double q) {
  const double least = start_of_zeta_tail(s);
  Sum sum;
  double a = q;
  for (; a < least; a += 1) {
    const double term = std::pow(a, -s);
    sum.add(term);
    // Not less than: of a large s all terms may be 0.
    if (term <= 1e-18 * sum.value() || std::isinf(term)) return sum.value();
  }
  if (std::isinf(a)) return 0;
  if (a > 1e100) return std::pow(a, 1 - s) / (s - 1);  // where a / (s - 1) need not be a number
  sum.add(zeta_tail(s, a) / a * std::pow(a, 1 - s));
  return sum.value();
}

/// For a whole s >= 2 and q < 0: the terms on both sides of q's place between whole numbers, without those beyond it.
double zeta_of_negative(double s, double q) {
  const double r = q - std::nearbyint(q);  // exact
  if (r == 0) return kInfinity;
  const double sign = is_odd(s) ? -1 : 1;
  // Half-way between, odd powers below and above cancel.
  if (std::abs(r) == 0.5 && is_odd(s)) return zeta_of_positive(s, 1 - q);
  const double nearest = std::pow(r, -s);
  // The others are at least half a step away: together they are below 2^(s + 3).
  if (std::isinf(nearest) || std::abs(nearest) > 0x1p63 * std::exp2(s)) return nearest;
  Sum sum;
  auto add_from = [&](double factor, double distance) {
    const double first = 1 + distance, lost = distance - (first - 1);
    sum.add(factor * zeta_of_positive(s, first));
    sum.add(-factor * s * lost * std::pow(first, -s - 1));  // what rounding takes from the first term counts s times
  };
  sum.add(nearest);
  add_from(1, r);
  add_from(sign, -r);
  sum.add(-sign * zeta_of_positive(s, 1 - q));
  return sum.value();
}

/// first n! / x^(n + 1), where no factor need be representable: fractions and exponents apart.
double times_factorial_over_power(double first, std::int64_t n, double x) {
  const double order = static_cast<double>(n);
  int exponent_of_x;
  const double fraction = std::frexp(x, &exponent_of_x);
  double mantissa = 1;
  double exponent = -static_cast<double>(exponent_of_x) * (order + 1);
  auto multiply = [&](double by) {
    int shift;
    mantissa = std::frexp(mantissa * by, &shift);
    exponent += shift;
  };
  multiply(first);
  if (n <= 100000) {
    for (std::int64_t left = n + 1; left > 0; left -= 1000)
      multiply(1 / std::pow(fraction, std::min<double>(left, 1000)));
    for (std::int64_t k = 2; k <= n; ++k) multiply(static_cast<double>(k));
  } else {
    const double bits = std::lgamma(order + 1) / std::numbers::ln2 - (order + 1) * std::log2(fraction);
    const double whole = std::floor(bits);
    exponent += whole;
    multiply(std::exp2(bits - whole));
  }
  return std::ldexp(mantissa, static_cast<int>(std::clamp(exponent, -100000.0, 100000.0)));
}

}  // namespace

double hurwitz_zeta(double s, double q) {
  if (std::isnan(s) || std::isnan(q)) return kNan;
  if (s == 1) return kInfinity;
  if (s < 1) return kNan;
  if (q <= 0) {
    if (q == std::floor(q)) return kInfinity;
    if (s != std::floor(s) || std::isinf(s)) return kNan;
    return zeta_of_negative(s, q);
  }
  if (std::isinf(s)) return q < 1 ? kInfinity : q == 1 ? 1 : 0;
  return zeta_of_positive(s, q);
}

double polygamma_of(std::int64_t n, double x) {
  const double sign = n % 2 == 0 ? -1 : 1;
  const double s = static_cast<double>(n) + 1;
  const double zeta = hurwitz_zeta(s, x);
  if (n > 170 || (x > 0 && zeta < std::numeric_limits<double>::min())) {
    if (std::isnan(zeta) || std::isinf(x)) return sign * zeta;
    if (x <= 0) {
      const double r = x - std::nearbyint(x);
      if (r == 0) return sign * zeta;
      // Half-way between the poles it is that of 1 - x, or as everywhere else more than any number. By n: of a large
      // one s does not tell whether it is odd.
      if (n % 2 == 0 && std::abs(r) == 0.5) return polygamma_of(n, 1 - x);
      return n % 2 == 0 ? std::copysign(kInfinity, -r) : kInfinity;
    }
    double scaled;  // zeta x^s
    if (x >= start_of_zeta_tail(s)) {
      scaled = zeta_tail(s, x);
    } else {
      Sum sum;
      double term = 1;
      for (double k = 1; term > 1e-18; ++k) {
        sum.add(term);
        term = std::pow(x / (x + k), s);
      }
      scaled = sum.value();
    }
    return sign * times_factorial_over_power(scaled, n, x);
  }
  double factorial = 1;  // exact up to 22
  for (std::int64_t k = 2; k <= n; ++k) factorial *= static_cast<double>(k);
  return sign * factorial * zeta;
}

double erfcx_integral_of(int n, double x) {
  using Double = Batch<double>;
  double before = 2 * std::numbers::inv_sqrtpi;  // of order -1
  double value = erfcx(Double(x)).lanes[0];
  if (n == 0 || std::isnan(x)) return value;
  if (n == 1) return erfcx_integral(Double(x)).lanes[0];
  if (x == kInfinity) return 0;
  if (x > 1e10 * n) {
    // The first term of its expansion, all that counts here: 2 / sqrt(pi) / (2 x)^(n + 1).
    for (int k = 0; k < n; ++k) value = value / 2 / x;
    return value;
  }
  if (x * std::sqrt(2.0 * n) < 2) {
    for (int k = 1; k <= n; ++k) {
      const double next = (before - 2 * x * value) / (2 * k);
      before = value;
      value = next;
    }
    return value;
  }
  // Downwards, as the wanted solution of the recurrence is the one that falls: from where the other has e^42 times its
  // growth. (Gautschi, SIAM Review 9, 1967.)
  const double root = std::sqrt(2.0 * n) + 22 / x;
  double above = 0, at = 1e-200, wanted = 0;
  for (int k = static_cast<int>(root * root / 2) + 2; k > 0; --k) {
    const double below = 2 * x * at + 2 * (k + 1) * above;
    above = at;
    at = below;
    if (k - 1 == n) wanted = at;
    if (at > 1e200) {
      at *= 1e-200;
      above *= 1e-200;
      wanted *= 1e-200;
    }
  }
  return wanted / at * value;
}

double sinc_derivative_of(int n, double x) {
  const double turn = kPi * x;
  if (std::abs(turn) <= n + 2) {
    // pi^n times the sum of (-1)^k (pi x)^(2k - n) / ((2k + 1) (2k - n)!)
    double power = 1;  // (pi x)^m / m!
    Sum sum;
    for (int m = 0; m < 200; ++m) {
      if (m > 0) power *= turn / m;
      if ((m + n) % 2 != 0) continue;
      const int k = (m + n) / 2;
      const double term = power / (2 * k + 1);
      sum.add(k % 2 == 0 ? term : -term);
      if (m > std::abs(turn) && std::abs(term) < 1e-20) break;
    }
    return std::pow(kPi, n) * sum.value();
  }
  // x f_k + k f_(k-1) is the k-th derivative of sin(pi x) / pi.
  const double whole = std::nearbyint(x);
  const double r = x - whole;
  const double sign = is_odd(whole) ? -1 : 1;
  const double sine = sign * std::sin(kPi * r), cosine = sign * std::cos(kPi * r);
  const double derivatives[] = {sine, cosine, -sine, -cosine};
  double value = sine / turn;
  for (int k = 1; k <= n; ++k) value = (std::pow(kPi, k - 1) * derivatives[k % 4] - k * value) / x;
  return value;
}

double bessel_ie_of(int n, double x) {
  if (n < 0) n = -n;
  const double size = std::abs(x);
  if (std::isnan(x)) return x;
  double value;
  if (size <= std::max(30.0, static_cast<double>(n) * n)) {
    double term = 1;
    for (int k = 1; k <= n; ++k) term *= size / 2 / k;
    Sum sum;
    for (int k = 1;; ++k) {
      sum.add(term);
      term *= size / 2 / k * (size / 2 / (n + k));
      if (term <= 1e-18 * sum.value()) break;
    }
    value = sum.value() * std::exp(-size);
  } else {
    // Hankel's series.
    double term = 1;
    Sum sum;
    for (int k = 1; k < 100; ++k) {
      sum.add(term);
      term *= -(4.0 * n * n - (2.0 * k - 1) * (2.0 * k - 1)) / (8.0 * k * size);
      if (std::abs(term) <= 1e-18 * std::abs(sum.value())) break;
    }
    value = sum.value() / std::sqrt(2 * kPi * size);
  }
  return x < 0 && n % 2 != 0 ? -value : value;
}

double bessel_i_of(int n, double x) {
  const double size = std::min(std::abs(x), 800.0);
  const double half = std::exp(size / 2);
  return bessel_ie_of(n, std::copysign(size, x)) * half * half + (std::isnan(x) ? x : 0);
}

double bessel_decay_of(int n, double x) {
  if (std::isnan(x)) return x;
  const double size = std::abs(x);
  Sum sum;
  if (size <= 100) {
    // Equal steps around the circle. (Trefethen, Weideman, SIAM Review 56, 2014.)
    constexpr int kHalf = 80;
    for (int k = 0; k <= kHalf; ++k) {
      const double sine = std::sin(kPi / 2 * k / kHalf), c = 2 * sine * sine;
      const double term = std::pow(c, n) * std::exp(-c * size);
      sum.add(k == 0 || k == kHalf ? term / 2 : term);
    }
    return sum.value() / kHalf;
  }
  // 1 / (pi sqrt(2)) times the sum of (1 / 2)_k / (k! 2^k) gamma(n + k + 1 / 2) / x^(n + k + 1 / 2): as dt is
  // dc / sqrt(c (2 - c)), of which (1 - c / 2)^(-1/2) is a series.
  double term = 1;
  for (int k = 1; k < 100 && term > 1e-18 * sum.value(); ++k) {
    sum.add(term);
    term *= (k - 0.5) / (2.0 * k) * ((n + k - 0.5) / size);
  }
  double first = 1 / std::sqrt(2 * kPi) / std::sqrt(size);
  for (int k = 1; k <= n; ++k) first *= (k - 0.5) / size;
  return first * sum.value();
}

double bessel_j_of(int n, double x) {
  if (n < 0) return n % 2 != 0 ? -bessel_j_of(-n, x) : bessel_j_of(-n, x);
  if (std::isinf(x)) return 0;
  return n == 0 ? ::j0(x) : n == 1 ? ::j1(x) : ::jn(n, x);
}

double bessel_y_of(int n, double x) {
  if (n < 0) return n % 2 != 0 ? -bessel_y_of(-n, x) : bessel_y_of(-n, x);
  if (x < 0) return kNan;
  if (x == 0) return -kInfinity;
  if (x == kInfinity) return 0;
  return n == 0 ? ::y0(x) : n == 1 ? ::y1(x) : ::yn(n, x);
}

namespace {

/// For 0 < x <= 1, by the series, whose first term is nearly all.
double bessel_y1_slope_near_zero(double x) {
  const double quarter = x * x / 4, log_half = std::log(x) - std::numbers::ln2;
  double power = 1;                                // (-1)^k (x / 2)^(2 k) / (k! (k + 1)!)
  double digammas = 1 - 2 * std::numbers::egamma;  // digamma(k + 1) + digamma(k + 2)
  double sum = 0;
  for (int k = 0; k < 12; ++k) {
    const double odd = 2 * k + 1;
    sum += power * (1 + odd * (log_half - digammas / 2));
    digammas += 1.0 / (k + 1) + 1.0 / (k + 2);
    power *= -quarter / ((k + 1.0) * (k + 2.0));
  }
  return 2 / kPi / x / x + sum / kPi;
}

}  // namespace

double bessel_j_slope_of(int n, double x) {
  return n == 0 ? -bessel_j_of(1, x) : 0.5 * (bessel_j_of(n - 1, x) - bessel_j_of(n + 1, x));
}

double bessel_y_slope_of(int n, double x) {
  if (x == 0) return kInfinity;
  if (n == 1 && x > 0 && x <= 1) return bessel_y1_slope_near_zero(x);
  return n == 0 ? -bessel_y_of(1, x) : 0.5 * (bessel_y_of(n - 1, x) - bessel_y_of(n + 1, x));
}

}  // namespace internal
}  // namespace xgrad
